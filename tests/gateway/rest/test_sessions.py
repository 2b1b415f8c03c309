"""Guests, and tokens that open WebSockets."""

from typing import Any

import jwt
import pytest

from gateway.identity.caller import Role
from gateway.rest.route import Access
from gateway.rest.routes import ROUTES
from tests.gateway.houses import House, Reply, error, open_house
from tests.gateway.identity.desks import unreachable
from tests.gateway.rest.test_dispatch import status_for

pytestmark = pytest.mark.trio

SESSION, TOKEN = "/api/v1/session", "/api/v1/ws/token"
HOUR_S = 3_600


async def open_session(house: House, name: str = "guest") -> Reply:
    """Become a guest, and have the token under a name."""
    reply = await house.call("POST", SESSION)
    assert reply.status == 200
    house.tokens[name] = reply.json["token"]
    return reply


def claims_of(token: str) -> Any:
    return jwt.decode(token, options={"verify_signature": False})


async def test_a_guest_s_session() -> None:
    async with open_house() as house:
        reply = await open_session(house)
        claims = claims_of(reply.json["token"])
        assert set(reply.json) == {"token", "expiresIn", "session"}
        assert reply.json["expiresIn"] == HOUR_S == claims["exp"] - claims["iat"]
        assert (claims["sub"], claims["roles"]) == ("0", ["guest"])
        assert reply.json["session"] == {
            "id": claims["jti"],
            "role": "guest",
            "createdAt": 1_000 * claims["iat"],
            "expiresAt": 1_000 * claims["exp"],
            "userId": None,
        }
        me = await house.call("GET", f"{SESSION}/me", by="guest")
        assert (me.status, me.json) == (200, reply.json["session"])
        await house.exchange.cache.remove(f"session:{reply.json['token']}")
        me = await house.call("GET", f"{SESSION}/me", by="guest")
        assert (me.status, me.json) == (200, reply.json["session"]), "what is not in the cache, the token says"
        assert len(house.gateway.sessions) == 0


async def test_a_user_s_session() -> None:
    async with open_house() as house:
        alice = await house.user("alice", Role.MARKET_MAKER)
        me = (await house.call("GET", f"{SESSION}/me", by="alice")).json
        assert (me["id"], me["role"], me["userId"]) == (alice.token_id, "market_maker", alice.user_id)
        assert me["expiresAt"] - me["createdAt"] == 1_000 * 7 * 24 * HOUR_S


async def test_a_guest_only_looks_on() -> None:
    """403 on every route for users; a token that is missing stays 401."""
    async with open_house() as house:
        await open_session(house)
        for route in ROUTES:
            if route.handler.__name__ == "log_out":
                continue
            status = await status_for(house, route, "guest")
            assert (status == 403) == (route.access not in (Access.ANYONE, Access.SESSION)), route.path
        reply = await house.call("GET", "/api/v1/account/balances", by="guest")
        assert error(reply) == (403, "FORBIDDEN")
        assert error(await house.call("GET", "/api/v1/account/balances")) == (401, "UNAUTHORIZED")


async def test_a_guest_logs_out_for_good() -> None:
    async with open_house() as house:
        await open_session(house)
        await open_session(house, "other")
        assert (await house.call("POST", "/api/v1/auth/logout", by="guest")).status == 204
        for path in (f"{SESSION}/me", TOKEN):
            assert error(await house.call("GET", path, by="guest")) == (401, "UNAUTHORIZED")
            assert (await house.call("GET", path, by="other")).status == 200
        assert error(await house.call("POST", "/api/v1/auth/logout", by="guest")) == (401, "UNAUTHORIZED")
        assert list(await house.exchange.storage.identity.revoked_tokens(0)) == [
            claims_of(house.tokens["guest"])["jti"]
        ]


async def test_while_the_cache_is_away_nobody_is_made_a_guest_and_guests_go_on(monkeypatch: pytest.MonkeyPatch) -> None:
    async with open_house() as house:
        session = (await open_session(house)).json["session"]
        for name in ("get", "put", "take", "remove"):
            monkeypatch.setattr(house.exchange.cache, name, unreachable)
        reply = await house.call("POST", SESSION)
        assert (error(reply), reply.headers["retry-after"]) == ((503, "BUSY"), "1")
        me = await house.call("GET", f"{SESSION}/me", by="guest")
        assert (me.status, me.json) == (200, session)
        assert (await house.call("POST", "/api/v1/auth/logout", by="guest")).status == 204
        assert error(await house.call("GET", f"{SESSION}/me", by="guest")) == (401, "UNAUTHORIZED")
        assert list(await house.exchange.storage.identity.revoked_tokens(0)) == [session["id"]], "it is durable"


async def test_nobody_is_made_a_guest() -> None:
    async with open_house() as house:
        await house.user("root", Role.ADMIN)
        alice = await house.user("alice")
        path = f"/api/v1/admin/users/{alice.user_id}/role"
        assert error(await house.call("POST", path, {"role": "guest"}, by="root")) == (400, "MALFORMED")


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("who", ["alice", "guest"])
async def test_a_token_for_sockets(method: str, who: str) -> None:
    async with open_house() as house:
        await house.user("alice")
        await open_session(house)
        parent = claims_of(house.tokens[who])
        reply = await house.call(method, TOKEN, by=who)
        assert reply.status == 200
        assert set(reply.json) == {"token", "expiresIn"}
        assert reply.json["expiresIn"] == 60
        claims = claims_of(reply.json["token"])
        assert claims["exp"] - claims["iat"] == 60
        assert claims["roles"] == [*parent["roles"], "ws"]
        assert (claims["sub"], claims["jti"]) == (parent["sub"], parent["jti"])
        assert claims["session_exp"] == parent["exp"]


async def test_a_token_for_sockets_is_none_here() -> None:
    async with open_house() as house:
        await house.user("alice")
        house.tokens["socket"] = (await house.call("POST", TOKEN, by="alice")).json["token"]
        for method, path in (("GET", "/api/v1/auth/me"), ("GET", TOKEN), ("GET", f"{SESSION}/me")):
            reply = await house.call(method, path, by="socket")
            assert error(reply) == (401, "UNAUTHORIZED")
            assert "opens WebSockets" in reply.json["message"]
        assert error(await house.call("POST", "/api/v1/auth/logout", by="socket")) == (401, "UNAUTHORIZED")
        assert (await house.call("GET", "/api/v1/auth/me", by="alice")).status == 200
        assert error(await house.call("POST", TOKEN)) == (401, "UNAUTHORIZED")


async def test_without_sockets_nothing_is_counted() -> None:
    async with open_house() as house:
        reply = await house.call("GET", "/api/v1/ws/health")
        assert (reply.status, reply.json) == (200, {"status": "ok", "connections": 0, "subscriptions": 0})
