"""The handshake: who may come in, and as whom."""

from typing import Any

import pytest
import trio

from engine.ledger.records import AdminAction
from engine.matching.terms import OrderState
from gateway.client import open_rest
from gateway.identity.caller import Role
from tests.gateway.websocket.houses import House, open_house

pytestmark = pytest.mark.trio

ORDER = {"symbol": "BTC_USDT", "side": "buy", "type": "limit", "price": "100", "quantity": "1"}
FORGED = "eyJhbGciOiJub25lIn0.eyJzdWIiOiIxIn0."


async def test_a_token_in_the_header_or_in_the_query_is_good() -> None:
    async with open_house() as house:
        token = await house.user("alice")
        for in_query in (False, True):
            async with house.connect(token, in_query=in_query) as client:
                assert (await client.subscribe("orders"))[0]["orders"] == []


async def test_without_a_token_there_is_market_data() -> None:
    async with open_house() as house, house.connect() as client:
        (snapshot,) = await client.subscribe("book:BTC_USDT")
        assert snapshot["type"] == "snapshot"


@pytest.mark.parametrize("token", ["", "nonsense", FORGED, "x" * 5_000, "a.b.c", "%00"])
async def test_a_bad_token_is_401_at_the_handshake(token: str) -> None:
    async with open_house() as house:
        status, body = await house.handshake(f"/ws?token={token}")
        assert status == 401
        assert b'"code":"UNAUTHORIZED"' in body


async def test_a_query_that_can_not_be_read_is_400() -> None:
    async with open_house() as house:
        for query in ("token=%ff", "token=a&token=b"):
            assert (await house.handshake(f"/ws?{query}"))[0] == 400


@pytest.mark.parametrize("header", ["Bearer nonsense", "Bearer", "Basic YTpi", f"Bearer {FORGED}", "Bearer \xe4"])
async def test_a_bad_authorization_header_is_401_even_beside_a_good_token(header: str) -> None:
    async with open_house() as house:
        token = await house.user("alice")
        assert (await house.handshake(f"/ws?token={token}"))[0] == 101
        assert (await house.handshake(f"/ws?token={token}", f"Authorization: {header}"))[0] == 401


async def test_who_has_logged_out_is_401_and_who_is_suspended_403() -> None:
    async with open_house() as house:
        sessions = house.gateway.sessions
        gone, blocked = await house.user("alice"), await house.user("bob")
        await sessions.log_out(sessions.authenticate(gone))
        await sessions.suspend(2, AdminAction(0, 1, "suspend", "2", "{}", 0))
        assert (await house.handshake("/ws", f"Authorization: Bearer {gone}"))[0] == 401
        assert (await house.handshake("/ws", f"Authorization: Bearer {blocked}"))[0] == 403


# Guests, and tokens that are for sockets only


async def test_a_guest_sees_what_visitors_see_and_no_more() -> None:
    async with open_house() as house:
        guest = (await house.gateway.sessions.open_guest()).token
        for in_query in (False, True):
            async with house.connect(guest, in_query=in_query) as client:
                (snapshot,) = await client.subscribe("book:BTC_USDT")
                assert snapshot["type"] == "snapshot"
                await client.send({"subscribe": ["orders", "fills", "balances"]})
                refusals = await client.receive_many(3)
                assert [refusal["code"] for refusal in refusals] == ["FORBIDDEN"] * 3
                assert await client.receive() == {"type": "subscribed", "channels": []}
                refusal = await client.ask({"op": "place", "id": 1, "order": ORDER})
                assert (refusal["type"], refusal["id"], refusal["status"]) == ("error", 1, 403)
                assert refusal["code"] == "FORBIDDEN"


async def test_a_guest_s_log_out_closes_the_socket() -> None:
    async with open_house() as house:
        sessions = house.gateway.sessions
        leaver, stayer = await sessions.open_guest(), await sessions.open_guest()
        async with house.connect(leaver.token) as one, house.connect(stayer.token) as other:
            await one.quiet()
            await sessions.log_out(leaver)
            assert await one.closed() == (4401, "logged out")
            await other.quiet()
        assert (await house.handshake("/ws", f"Authorization: Bearer {leaver.token}"))[0] == 401


async def test_a_socket_token_opens_the_session_it_was_made_in() -> None:
    async with open_house() as house:
        sessions = house.gateway.sessions
        caller = sessions.authenticate(await house.user("alice"))
        token, _ = sessions.socket_token(caller)
        for in_query in (False, True):
            async with house.connect(token, in_query=in_query) as client:
                assert (await client.subscribe("orders"))[0]["orders"] == []
        async with house.connect(token) as client:
            await client.quiet()
            await sessions.log_out(caller)
            assert await client.closed() == (4401, "logged out")
        assert (await house.handshake(f"/ws?token={token}"))[0] == 401


async def test_a_socket_outlives_the_token_that_opened_it() -> None:
    """It ends with the session."""
    async with open_house() as house:
        sessions = house.gateway.sessions
        await house.user("alice")
        sessions._tokens.lifetime_s = 3
        caller = sessions.authenticate(await house.log_in("alice"))
        token = sessions._tokens.issue_for_sockets(
            caller.user_id, "user", caller.token_id, house.exchange.clock.now_ms(), 1, caller.expires_ms
        )
        async with house.connect(token) as client:
            await trio.sleep(1.5)
            await client.quiet()
            assert await client.closed() == (4401, "the token has expired")


async def test_other_paths_are_not_this_ones() -> None:
    async with open_house() as house:
        for path in ("/ws/other", "/ws/", "/w", "/"):
            assert (await house.handshake(path))[0] == 404


@pytest.mark.parametrize("method", ["GET", "HEAD"])
async def test_a_request_without_an_upgrade_is_426_and_leaves_the_connection_open(method: str) -> None:
    async with open_house() as house, await trio.open_tcp_stream("127.0.0.1", house.port) as stream:
        for _ in range(2):
            await stream.send_all(f"{method} /ws?token=x HTTP/1.1\r\nHost: x\r\n\r\n".encode())
            head, _, body = (await stream.receive_some(65536)).partition(b"\r\n\r\n")
            status, *headers = head.lower().split(b"\r\n")
            assert status.startswith(b"http/1.1 426")
            assert {b"upgrade: websocket", b"connection: upgrade", b"content-type: application/json"} <= set(headers)
            assert (b'"code":"UPGRADE_REQUIRED"' in body) is (method == "GET")
            assert (b"this is a WebSocket" in body) is (method == "GET")


async def test_other_methods_find_nothing_here() -> None:
    async with open_house() as house, await trio.open_tcp_stream("127.0.0.1", house.port) as stream:
        await stream.send_all(b"POST /ws HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n")
        assert (await stream.receive_some(65536)).startswith(b"HTTP/1.1 404")


async def test_open_sockets_are_counted() -> None:
    async with open_house() as house:
        async with house.connect() as one, house.connect() as other:
            await one.subscribe("trades:BTC_USDT")
            await other.subscribe("trades:BTC_USDT")
            assert b"rialto_sockets 2.0" in house.gateway.metrics.text()
            await one.subscribe("ticker:BTC_USDT")
            health = {"connections": 2, "subscriptions": 3}
            assert b"rialto_subscriptions 3.0" in house.gateway.metrics.text()
            assert await sockets(house) == {"status": "ok", **health}
            await one.ask({"unsubscribe": ["ticker:BTC_USDT"]})
            assert await sockets(house) == {"status": "ok", **health, "subscriptions": 2}
        await house.empty()
        assert b"rialto_sockets 0.0" in house.gateway.metrics.text()
        assert await sockets(house) == {"status": "ok", "connections": 0, "subscriptions": 0}


async def sockets(house: House) -> Any:
    async with open_rest(f"http://127.0.0.1:{house.port}") as rest:
        return await rest.call("GET", "/api/v1/ws/health")


# Sessions that end


async def test_log_out_closes_that_session_and_no_other() -> None:
    async with open_house() as house:
        sessions = house.gateway.sessions
        first, second = await house.user("alice"), await house.log_in("alice")
        async with house.connect(first) as leaver, house.connect(second) as stayer, house.connect() as visitor:
            await leaver.quiet()
            await sessions.log_out(sessions.authenticate(first))
            assert await leaver.closed() == (4401, "logged out")
            await stayer.quiet()
            await visitor.quiet()


async def test_suspension_closes_all_sockets_of_the_user() -> None:
    async with open_house() as house:
        alice, bob = await house.user("alice"), await house.user("bob")
        async with house.connect(alice) as one, house.connect(alice) as other, house.connect(bob) as stranger:
            await one.quiet()
            await other.quiet()
            await house.gateway.sessions.suspend(1, AdminAction(0, 2, "suspend", "1", "{}", 0))
            assert await one.closed() == (4401, "the account is suspended")
            assert await other.closed() == (4401, "the account is suspended")
            await stranger.quiet()


async def test_another_role_closes_the_socket() -> None:
    async with open_house() as house, house.connect(await house.user("alice")) as client:
        action = AdminAction(0, 1, "set_role", "1", "{}", 0)
        await house.gateway.sessions.set_role(1, Role.MARKET_MAKER, action)
        assert await client.closed() == (4401, "the role has changed")


async def test_expiry_closes_the_socket() -> None:
    async with open_house() as house:
        await house.user("alice")
        house.gateway.sessions._tokens.lifetime_s = 1
        async with house.connect(await house.log_in("alice")) as client:
            assert await client.closed() == (4401, "the token has expired")


# The end of the server


async def test_a_stop_closes_with_a_reason() -> None:
    async with open_house() as house:
        token = await house.user("alice")
        async with house.connect(token) as client, house.connect() as visitor:
            house.gateway.shutdown.set()
            assert await client.closed() == (1001, "the server is shutting down")
            assert await visitor.closed() == (1001, "the server is shutting down")


async def test_at_a_stop_commands_under_way_are_answered_first(monkeypatch: pytest.MonkeyPatch) -> None:
    async with open_house() as house:
        await house.rich("alice")
        async with house.connect(await house.log_in("alice")) as client:
            house.delay_commits(monkeypatch, 0.1)
            await client.send({"op": "place", "id": 1, "order": ORDER})
            await house.commit_begins()
            house.gateway.shutdown.set()
            answer = await client.receive()
            assert (answer["id"], answer["status"]) == (1, 201)
            assert answer["body"]["order"]["state"] == OrderState.NEW.value
            assert await client.closed() == (1001, "the server is shutting down")


async def test_a_command_that_comes_after_the_stop_is_certainly_not_done(monkeypatch: pytest.MonkeyPatch) -> None:
    async with open_house() as house:
        await house.rich("alice")
        async with house.connect(await house.log_in("alice")) as client:
            house.delay_commits(monkeypatch, 0.3)
            await client.send({"op": "place", "id": 1, "order": ORDER})
            await house.commit_begins()
            house.gateway.shutdown.set()
            await client.send({"op": "place", "id": 2, "order": ORDER})
            late, first = await client.receive_many(2)
            assert (late["id"], late["status"], late["body"]["code"]) == (2, 503, "SHUTTING_DOWN")
            assert (first["id"], first["status"]) == (1, 201)
