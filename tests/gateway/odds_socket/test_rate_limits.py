"""What is asked for over `/ws/odds` counts with betting over HTTP; too much of it is an error, and the socket stays.

The application is called as a server does, so that the clock can be moved by hand.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
import trio
from msgspec.structs import replace
from trio.testing import MockClock

from gateway.rate_limits import Rate
from tests.gateway.houses import SETTINGS, House, error, open_house
from tests.gateway.websocket.test_rate_limits import Socket

pytestmark = pytest.mark.trio

LIMITED = replace(SETTINGS, rate_limit_betting=Rate(0.4, 3))
PING, PONG = {"type": "ping"}, {"type": "pong"}
NO_MARKETS = {"type": "subscribe", "markets": []}


@asynccontextmanager
async def connected(house: House, token: str, address: str = "198.51.100.1") -> AsyncIterator[Socket]:
    socket = Socket()
    await socket.to_app.send({"type": "websocket.connect"})
    scope: dict[str, Any] = {
        "type": "websocket",
        "raw_path": b"/ws/odds",
        "path": "/ws/odds",
        "query_string": f"token={token}".encode(),
        "headers": [],
        "client": (address, 50_000),
        "subprotocols": [],
        "extensions": {},
    }
    async with trio.open_nursery() as nursery:
        nursery.start_soon(house.app, scope, socket.incoming.receive, socket.outgoing.send)
        assert (await socket.next())["type"] == "websocket.accept"
        yield socket
        nursery.cancel_scope.cancel()


async def test_a_message_too_many_is_an_error_and_the_socket_stays(mock_clock: MockClock) -> None:
    async with open_house(LIMITED) as house:
        await house.user("alice")
        async with connected(house, house.tokens["alice"]) as socket:
            assert await socket.ask(PING) == PONG
            assert (await socket.ask(NO_MARKETS))["type"] == "ack"
            assert (await socket.ask({"type": "resume", "offsets": {}}))["type"] == "ack"
            for message in (PING, NO_MARKETS, {"type": "unsubscribe", "markets": [1]}):
                refused = await socket.ask(message)
                assert (refused["type"], refused["status"], refused["code"]) == ("error", 429, "TOO_MANY_REQUESTS")
                assert refused["message"].endswith("try again in 3 s")
            mock_clock.jump(3)
            assert await socket.ask(PING) == PONG
            assert (await socket.ask(PING))["code"] == "TOO_MANY_REQUESTS"


async def test_a_user_has_one_share_over_rest_and_all_sockets_and_guests_one_an_address(mock_clock: MockClock) -> None:
    async with open_house(LIMITED) as house:
        await house.user("alice")
        guests = [(await house.gateway.sessions.open_guest()).token for _ in range(2)]
        token = house.tokens["alice"]
        async with connected(house, token) as one, connected(house, token, "198.51.100.2") as other:
            assert await one.ask(PING) == PONG
            assert await other.ask(PING) == PONG
            assert (await house.call("GET", "/api/v1/bets", by="alice")).status == 200
            assert (await one.ask(PING))["status"] == 429
            assert (await other.ask(PING))["status"] == 429
            assert error(await house.call("GET", "/api/v1/bets", by="alice")) == (429, "TOO_MANY_REQUESTS")
        async with (
            connected(house, guests[0], "203.0.113.1") as one,
            connected(house, guests[1], "203.0.113.1") as other,
        ):
            for _ in range(3):
                assert await one.ask(PING) == PONG
            assert (await other.ask(PING))["status"] == 429
        mock_clock.jump(3)


async def test_what_can_not_be_read_is_not_charged(mock_clock: MockClock) -> None:
    """It is counted otherwise: a hundred of them close the socket."""
    async with open_house(LIMITED) as house:
        await house.user("alice")
        async with connected(house, house.tokens["alice"]) as socket:
            for _ in range(10):
                assert (await socket.ask({"type": "nothing"}))["code"] == "MALFORMED"
            assert await socket.ask(PING) == PONG
        mock_clock.jump(1)
