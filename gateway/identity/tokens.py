"""Tokens: HS256-signed JWTs with iss, aud, exp, jti, sub and roles. What has been verified once is remembered.

of a user     roles: [role]          sub: the user's id
of a guest    roles: ["guest"]       sub: "0"
for sockets   roles: [role, "ws"]    the rest as in its session's token, but for exp; session_exp is the session's
"""

from collections.abc import Iterator
from itertools import islice
from typing import Annotated, Any

import jwt
import msgspec

from gateway.limits import ID_END, Text

ALGORITHM = "HS256"
REQUIRED = ("exp", "iss", "aud", "sub", "jti")
VERIFIED_MAX = 10_000  # tokens; verifying costs 30 us, looking up 0.1. Above it the older half is forgotten
TOKEN_LENGTH_MAX = 2_048  # ours have about 300 characters

GUEST = "guest"
FOR_SOCKETS = "ws"
NOBODY = 0  # a guest's user id

# The clock is ours, so what PyJWT compares with the system's is compared here.
OPTIONS: Any = {"require": list(REQUIRED), "verify_exp": False, "verify_iat": False, "verify_nbf": False}


class Claims(msgspec.Struct, frozen=True):
    """What a token of ours says."""

    user_id: int  # NOBODY for a guest
    token_id: str
    issued_ms: int | None
    expires_ms: int
    for_sockets: bool
    session_expires_ms: int  # the same as `expires_ms`, unless it is for sockets


class InvalidToken(Exception):
    """Not a token that we have signed."""


Seconds = Annotated[int, msgspec.Meta(ge=0, lt=ID_END // 1_000)]


class Payload(msgspec.Struct, frozen=True):
    """The claims that are used; as the secret may be shared with others, they are checked like any input."""

    sub: Annotated[str, msgspec.Meta(pattern=r"^(0|[1-9][0-9]{0,15})\Z")]
    jti: Text
    exp: Seconds
    iat: Seconds | None = None
    roles: tuple[str, ...] = ()
    session_exp: Seconds | None = None


class Tokens:
    """Signs and verifies. Whether a token has expired or was revoked, others decide."""

    def __init__(self, *, secret: str, issuer: str, audience: str, lifetime_s: int) -> None:
        self._secret = secret
        self._issuer = issuer
        self._audience = audience
        self.lifetime_s = lifetime_s  # a user's
        self._verified: dict[str, Claims] = {}

    def issue(self, user_id: int, role: str, token_id: str, now_ms: int, lifetime_s: int | None = None) -> str:
        """Sign a new token; its lifetime, by default a user's, starts now, cut to whole seconds."""
        now_s = now_ms // 1_000
        return self._sign(user_id, token_id, now_s, now_s + (lifetime_s or self.lifetime_s), roles=[role])

    def issue_for_sockets(
        self, user_id: int, role: str, token_id: str, now_ms: int, lifetime_s: int, session_expires_ms: int
    ) -> str:
        """Sign a token that opens sockets into a session; it does not outlive that."""
        now_s, session_exp = now_ms // 1_000, session_expires_ms // 1_000
        exp = min(now_s + lifetime_s, session_exp)
        return self._sign(user_id, token_id, now_s, exp, roles=[role, FOR_SOCKETS], session_exp=session_exp)

    def verify(self, token: str) -> Claims:
        """Check the signature, the issuer and the audience. Raises InvalidToken."""
        claims = self._verified.get(token)
        if claims is None:
            claims = self._read(token)
            if len(self._verified) >= VERIFIED_MAX:
                self._verified = dict(_younger_half(self._verified))
            self._verified[token] = claims
        return claims

    def _sign(self, user_id: int, token_id: str, iat: int, exp: int, **more: object) -> str:
        claims = {
            "iss": self._issuer,
            "aud": self._audience,
            "sub": str(user_id),
            "jti": token_id,
            "iat": iat,
            "exp": exp,
            **more,
        }
        return jwt.encode(claims, self._secret, ALGORITHM)

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
        return _claims(payload)


def _claims(payload: Payload) -> Claims:
    """Read a payload. Raises InvalidToken for a guest with a user's id, or nobody who is no guest."""
    if (int(payload.sub) == NOBODY) != (GUEST in payload.roles):
        raise InvalidToken
    for_sockets = FOR_SOCKETS in payload.roles
    session_exp = payload.session_exp if for_sockets and payload.session_exp is not None else payload.exp
    return Claims(
        user_id=int(payload.sub),
        token_id=payload.jti,
        issued_ms=None if payload.iat is None else payload.iat * 1_000,
        expires_ms=payload.exp * 1_000,
        for_sockets=for_sockets,
        session_expires_ms=session_exp * 1_000,
    )


def _younger_half(verified: dict[str, Claims]) -> Iterator[tuple[str, Claims]]:
    return islice(verified.items(), len(verified) // 2, None)
