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
    assert (claims.issued_ms, claims.for_sockets) == (1_700_000_000_000, False)
    assert claims.session_expires_ms == claims.expires_ms
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


def test_a_guest_is_nobody() -> None:
    claims = make().verify(make().issue(0, "guest", "j1", NOW_MS, lifetime_s=10))
    assert (claims.user_id, claims.for_sockets, claims.expires_ms) == (0, False, 1_700_000_010_000)


@pytest.mark.parametrize("role", ["user", "admin", "guest"])
def test_a_token_for_sockets_knows_when_its_session_ends(role: str) -> None:
    user_id = 0 if role == "guest" else 7
    token = make().issue_for_sockets(user_id, role, "j1", NOW_MS, 60, 1_700_000_900_000)
    claims = make().verify(token)
    assert (claims.user_id, claims.token_id, claims.for_sockets) == (user_id, "j1", True)
    assert (claims.expires_ms, claims.session_expires_ms) == (1_700_000_060_000, 1_700_000_900_000)
    inside = jwt.decode(token, options={"verify_signature": False})
    assert (inside["roles"], inside["session_exp"]) == ([role, "ws"], 1_700_000_900)


def test_a_token_for_sockets_does_not_outlive_its_session() -> None:
    token = make().issue_for_sockets(7, "user", "j1", NOW_MS, 60, 1_700_000_005_000)
    claims = make().verify(token)
    assert claims.expires_ms == claims.session_expires_ms == 1_700_000_005_000


def test_what_others_who_share_the_secret_may_leave_out() -> None:
    claims = make().verify(signed(roles=None))
    assert (claims.user_id, claims.issued_ms, claims.for_sockets) == (7, None, False)
    assert claims.session_expires_ms == claims.expires_ms == 2_000_000_000_000
    claims = make().verify(signed(roles=["ws"]))
    assert claims.for_sockets
    assert claims.session_expires_ms == claims.expires_ms
    claims = make().verify(signed(session_exp=2_100_000_000))  # means something in tokens for sockets only
    assert claims.session_expires_ms == claims.expires_ms


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
    "a guest with a user's id": signed(roles=["guest"]),
    "nobody, but no guest": signed(sub="0"),
    "nobody with a role": signed(sub="0", roles=["admin"]),
    "roles that are one word": signed(roles="guest"),
    "roles that are numbers": signed(roles=[1]),
    "a time of issue that is no number": signed(iat="now"),
    "a session that never ends": signed(roles=["user", "ws"], session_exp=1e308),
    "a session that ended before all times": signed(roles=["user", "ws"], session_exp=-1),
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
