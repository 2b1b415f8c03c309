"""Tokens: ours are read, all others are not."""

import base64
import json
from typing import Any

import jwt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.identity import tokens as module
from gateway.identity.tokens import InvalidToken, Tokens

SECRET = "s" * 32
NOW_MS = 1_700_000_000_999
CLAIMS = {"iss": "rialto", "aud": "rialto", "sub": "7", "jti": "j1", "roles": ["user"], "exp": 2_000_000_000}


def make(**changes: Any) -> Tokens:
    return Tokens(**{"secret": SECRET, "issuer": "rialto", "audience": "rialto", "lifetime_s": 60, **changes})


def signed(secret: str = SECRET, algorithm: str = "HS256", **changes: Any) -> str:
    claims = {name: value for name, value in {**CLAIMS, **changes}.items() if value is not None}
    return jwt.encode(claims, secret, algorithm)


def test_what_we_issue_we_read() -> None:
    token = make().issue(7, "user", "j1", NOW_MS)
    claims = make().verify(token)
    assert (claims.user_id, claims.token_id, claims.expires_ms) == (7, "j1", 1_700_000_060_000)
    inside = jwt.decode(token, options={"verify_signature": False})
    assert inside == {
        "iss": "rialto",
        "aud": "rialto",
        "sub": "7",
        "jti": "j1",
        "roles": ["user"],
        "iat": 1_700_000_000,
        "exp": 1_700_000_060,
    }


def part(content: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(content).encode()).rstrip(b"=").decode()


FORGED = {
    "empty": "",
    "dots": "..",
    "no JSON": "a.b.c",
    "another secret": signed("t" * 32),
    "another algorithm": signed("s" * 64, "HS512"),
    "no algorithm": f"{part({'alg': 'none', 'typ': 'JWT'})}.{part(CLAIMS)}.",
    "a list as header": f"{part([])}.{part(CLAIMS)}.x",
    "a list as claims": f"{part({'alg': 'HS256'})}.{part([])}.x",
    "another issuer": signed(iss="elsewhere"),
    "another audience": signed(aud="elsewhere"),
    "no audience": signed(aud=None),
    "no expiry": signed(exp=None),
    "no id": signed(jti=None),
    "nobody": signed(sub=None),
    "somebody with a name": signed(sub="alice"),
    "an expiry that is no number": signed(exp="soon"),
    "an expiry beyond all numbers": signed(exp=1e308),
    "an id that no table takes": signed(jti="\u0000"),
    "an id without end": signed(jti="j" * 65),
    "not ASCII": "\u0661.\u0662.\u0663",
    "a surrogate": "\ud800.a.b",
    "endless": "a." * 5_000,
}


@pytest.mark.parametrize("token", FORGED.values(), ids=FORGED)
def test_others_we_do_not_read(token: str) -> None:
    with pytest.raises(InvalidToken):
        make().verify(token)


def test_a_changed_letter_is_enough() -> None:
    token = signed()
    for place in (5, token.index(".") + 5, -5):
        changed = list(token)
        changed[place] = "A" if changed[place] != "A" else "B"
        with pytest.raises(InvalidToken):
            make().verify("".join(changed))


@given(st.text() | st.binary().map(lambda raw: raw.decode("latin1")))
def test_rubbish_is_invalid_and_nothing_else(token: str) -> None:
    with pytest.raises(InvalidToken):
        make().verify(token)


def test_what_was_verified_is_remembered_up_to_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "VERIFIED_MAX", 4)
    tokens = make()
    issued = [tokens.issue(number, "user", str(number), NOW_MS) for number in range(1, 20)]
    for token in issued:
        tokens.verify(token)
        assert len(tokens._verified) <= 4
    assert list(tokens._verified)[-1] == issued[-1]
    assert tokens.verify(issued[-1]) is tokens.verify(issued[-1])
