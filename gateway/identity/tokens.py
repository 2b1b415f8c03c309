"""Tokens: HS256-signed JWTs with iss, aud, exp, jti, sub and roles. What has been verified once is remembered."""

from collections.abc import Iterator
from itertools import islice
from typing import Annotated, Any

import jwt
import msgspec

from gateway.limits import ID_END, ID_PATTERN, Text

ALGORITHM = "HS256"
REQUIRED = ("exp", "iss", "aud", "sub", "jti")
VERIFIED_MAX = 10_000  # tokens; verifying costs 30 us, looking up 0.1. Above it the older half is forgotten
TOKEN_LENGTH_MAX = 2_048  # ours have about 300 characters

# The clock is ours, so what PyJWT compares with the system's is compared here.
OPTIONS: Any = {"require": list(REQUIRED), "verify_exp": False, "verify_iat": False, "verify_nbf": False}


class Claims(msgspec.Struct, frozen=True):
    """What a token of ours says."""

    user_id: int
    token_id: str
    expires_ms: int


class InvalidToken(Exception):
    """Not a token that we have signed."""


class Payload(msgspec.Struct, frozen=True):
    """The claims that are used; as the secret may be shared with others, they are checked like any input."""

    sub: Annotated[str, msgspec.Meta(pattern=ID_PATTERN)]
    jti: Text
    exp: Annotated[int, msgspec.Meta(ge=0, lt=ID_END // 1_000)]  # seconds


class Tokens:
    """Signs and verifies. Whether a token has expired or was revoked, others decide."""

    def __init__(self, *, secret: str, issuer: str, audience: str, lifetime_s: int) -> None:
        self._secret = secret
        self._issuer = issuer
        self._audience = audience
        self.lifetime_s = lifetime_s
        self._verified: dict[str, Claims] = {}

    def issue(self, user_id: int, role: str, token_id: str, now_ms: int) -> str:
        """Sign a new token; its lifetime starts now, cut to whole seconds."""
        now_s = now_ms // 1_000
        claims = {
            "iss": self._issuer,
            "aud": self._audience,
            "sub": str(user_id),
            "jti": token_id,
            "roles": [role],
            "iat": now_s,
            "exp": now_s + self.lifetime_s,
        }
        return jwt.encode(claims, self._secret, ALGORITHM)

    def verify(self, token: str) -> Claims:
        """Check the signature, the issuer and the audience. Raises InvalidToken."""
        claims = self._verified.get(token)
        if claims is None:
            claims = self._read(token)
            if len(self._verified) >= VERIFIED_MAX:
                self._verified = dict(_younger_half(self._verified))
            self._verified[token] = claims
        return claims

    def _read(self, token: str) -> Claims:
        if len(token) > TOKEN_LENGTH_MAX:
            raise InvalidToken
        try:
            claims = jwt.decode(
                token,
                self._secret,
                algorithms=[ALGORITHM],
                issuer=self._issuer,
                audience=self._audience,
                options=OPTIONS,
            )
            payload = msgspec.convert(claims, Payload)
        except (jwt.PyJWTError, msgspec.ValidationError, ValueError, TypeError, RecursionError) as error:
            raise InvalidToken from error
        return Claims(int(payload.sub), payload.jti, payload.exp * 1_000)


def _younger_half(verified: dict[str, Claims]) -> Iterator[tuple[str, Claims]]:
    return islice(verified.items(), len(verified) // 2, None)
