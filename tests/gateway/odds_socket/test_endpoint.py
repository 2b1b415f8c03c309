"""The handshake of `/ws/odds`: who may come in, how long, and that he is counted."""

from typing import Any

import msgspec
import pytest
import trio

from engine.ledger.records import AdminAction
from gateway.client import open_rest
from gateway.identity.caller import Role
from tests.gateway.odds_socket.houses import all_told, following, match_with_odds
from tests.gateway.websocket.houses import PATIENCE_S, open_house

pytestmark = pytest.mark.trio

FORGED = "eyJhbGciOiJub25lIn0.eyJzdWIiOiIxIn0."


@pytest.mark.parametrize("in_query", [False, True])
async def test_tokens_of_users_of_guests_and_for_sockets_are_good(in_query: bool) -> None:
    async with open_house() as house:
        sessions = house.gateway.sessions
        alice, guest = await house.user("alice"), await sessions.open_guest()
        good = [alice, guest.token]
        good += [sessions.socket_token(caller)[0] for caller in (sessions.authenticate(alice), guest)]
        for token in good:
            async with following(house, token, in_query=in_query) as client:
                await client.quiet()


async def test_without_a_token_nobody_comes_in() -> None:
    async with open_house() as house:
        status, body = await house.handshake("/ws/odds")
        assert (status, msgspec.json.decode(body)["code"]) == (401, "UNAUTHORIZED")


@pytest.mark.parametrize("token", ["", "nonsense", FORGED, "x" * 5_000, "a.b.c", "%00"])
async def test_a_bad_token_is_401(token: str) -> None:
    async with open_house() as house:
        status, body = await house.handshake(f"/ws/odds?token={token}")
        assert (status, msgspec.json.decode(body)["code"]) == (401, "UNAUTHORIZED")


@pytest.mark.parametrize("header", ["Bearer nonsense", "Bearer", "Basic YTpi", f"Bearer {FORGED}", "Bearer \xe4"])
async def test_a_bad_authorization_header_is_401_even_beside_a_good_token(header: str) -> None:
    async with open_house() as house:
        token = await house.user("alice")
        assert (await house.handshake(f"/ws/odds?token={token}"))[0] == 101
        assert (await house.handshake(f"/ws/odds?token={token}", f"Authorization: {header}"))[0] == 401


async def test_a_query_that_can_not_be_read_is_400() -> None:
    async with open_house() as house:
        for query in ("token=%ff", "token=a&token=b"):
            assert (await house.handshake(f"/ws/odds?{query}"))[0] == 400


async def test_who_has_logged_out_is_401_and_who_is_suspended_403() -> None:
    async with open_house() as house:
        sessions = house.gateway.sessions
        gone, blocked = await house.user("alice"), await house.user("bob")
        await sessions.log_out(sessions.authenticate(gone))
        await sessions.suspend(2, AdminAction(0, 1, "suspend", "2", "{}", 0))
        assert (await house.handshake(f"/ws/odds?token={gone}"))[0] == 401
        assert (await house.handshake(f"/ws/odds?token={blocked}"))[0] == 403


@pytest.mark.parametrize("method", ["GET", "HEAD"])
async def test_a_request_without_an_upgrade_is_426(method: str) -> None:
    async with open_house() as house, await trio.open_tcp_stream("127.0.0.1", house.port) as stream:
        await stream.send_all(f"{method} /ws/odds?token=x HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        head, _, body = (await stream.receive_some(65536)).lower().partition(b"\r\n\r\n")
        assert head.startswith(b"http/1.1 426")
        assert b"upgrade: websocket" in head.split(b"\r\n")
        assert (b'"code":"upgrade_required"' in body) is (method == "GET")


async def test_other_paths_and_methods_are_not_this_ones() -> None:
    async with open_house() as house:
        for path in ("/ws/odds/", "/ws/oddities", "/ws/odd"):
            assert (await house.handshake(path))[0] == 404
        async with await trio.open_tcp_stream("127.0.0.1", house.port) as stream:
            await stream.send_all(b"POST /ws/odds HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n")
            assert (await stream.receive_some(65536)).startswith(b"HTTP/1.1 404")


# The end


async def test_log_out_closes_that_session_and_no_other() -> None:
    async with open_house() as house:
        sessions = house.gateway.sessions
        first, second, guest = await house.user("alice"), await house.log_in("alice"), await sessions.open_guest()
        token, _ = sessions.socket_token(sessions.authenticate(first))
        async with (
            following(house, first) as leaver,
            following(house, token) as opened_by_it,
            following(house, second) as stayer,
            following(house, guest.token) as visitor,
        ):
            for client in (leaver, opened_by_it, visitor):
                await client.quiet()
            await sessions.log_out(sessions.authenticate(first))
            assert await leaver.closed() == (4401, "logged out")
            assert await opened_by_it.closed() == (4401, "logged out")
            await stayer.quiet()
            await visitor.quiet()
            await sessions.log_out(guest)
            assert await visitor.closed() == (4401, "logged out")


async def test_suspension_another_role_and_expiry_close() -> None:
    async with open_house() as house:
        sessions = house.gateway.sessions
        alice, bob, _ = [await house.user(name) for name in ("alice", "bob", "carol")]
        sessions._tokens.lifetime_s = 1
        async with (
            following(house, alice) as suspended,
            following(house, bob) as promoted,
            following(house, await house.log_in("carol")) as late,
        ):
            await suspended.quiet()
            await promoted.quiet()
            await sessions.suspend(1, AdminAction(0, 2, "suspend", "1", "{}", 0))
            await sessions.set_role(2, Role.ADMIN, AdminAction(0, 2, "set_role", "2", "{}", 0))
            assert await suspended.closed() == (4401, "the account is suspended")
            assert await promoted.closed() == (4401, "the role has changed")
            assert await late.closed() == (4401, "the token has expired")


async def test_a_stop_closes_with_a_reason() -> None:
    async with open_house() as house, following(house) as client:
        house.gateway.shutdown.set()
        assert await client.closed() == (1001, "the server is shutting down")


async def test_connections_and_what_they_follow_are_counted() -> None:
    async with open_house() as house, open_rest(f"http://127.0.0.1:{house.port}") as rest:
        one, two = [(await match_with_odds(house.exchange)).market_id for _ in range(2)]
        async with following(house) as first, following(house) as second, house.connect() as other:
            await first.follow(one, two)
            await second.follow(two)
            await other.subscribe("trades:BTC_USDT")
            assert await rest.call("GET", "/api/v1/ws/health") == {
                "status": "ok",
                "connections": 3,
                "subscriptions": 4,
            }
            await first.ack({"type": "unsubscribe", "markets": [one]})
            assert (await rest.call("GET", "/api/v1/ws/health"))["subscriptions"] == 3
        with trio.fail_after(PATIENCE_S):
            while house.gateway.metrics.sockets.connections:  # noqa: ASYNC110  # they are counted, and do not call
                await trio.sleep(0.01)
        await all_told(house)
        broadcaster: Any = house.exchange.supervisor._children["broadcaster"].actor
        assert not broadcaster._subscriptions._watchers, "nobody is told any more"
