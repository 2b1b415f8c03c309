"""What comes too often over the socket: commands are answered under their id; all is counted with that over HTTP.

The application is called as a server does, so that the clock can be moved by hand.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import msgspec
import pytest
import trio
from msgspec.structs import replace
from trio.testing import MockClock

from gateway.rate_limits import Rate
from tests.gateway.houses import SETTINGS, House, error, open_house

pytestmark = pytest.mark.trio

LIMITED = replace(SETTINGS, rate_limit_orders=Rate(0.4, 3))
ORDERS = "/api/v1/orders"
ORDER = {"symbol": "BTC_USDT", "side": "buy", "type": "limit", "price": "1", "quantity": "1"}
PATIENCE_TURNS = 10_000  # of the loop, as the clock stands still


class Socket:
    """One client, without wires."""

    def __init__(self) -> None:
        self.to_app, self.incoming = trio.open_memory_channel[dict[str, Any]](100)
        self.outgoing, self.from_app = trio.open_memory_channel[dict[str, Any]](100)

    async def ask(self, message: object) -> Any:
        await self.to_app.send({"type": "websocket.receive", "text": msgspec.json.encode(message).decode()})
        return msgspec.json.decode((await self.next())["text"])

    async def next(self) -> dict[str, Any]:
        for _ in range(PATIENCE_TURNS):
            try:
                return self.from_app.receive_nowait()
            except trio.WouldBlock:
                await trio.lowlevel.checkpoint()
        raise AssertionError("no answer")


@asynccontextmanager
async def connected(house: House, by: str | None, address: str = "198.51.100.1") -> AsyncIterator[Socket]:
    socket = Socket()
    await socket.to_app.send({"type": "websocket.connect"})
    scope = {
        "type": "websocket",
        "raw_path": b"/ws",
        "path": "/ws",
        "query_string": b"",
        "headers": [] if by is None else [(b"authorization", f"Bearer {house.tokens[by]}".encode())],
        "client": (address, 50_000),
        "subprotocols": [],
        "extensions": {},
    }
    async with trio.open_nursery() as nursery:
        nursery.start_soon(house.app, scope, socket.incoming.receive, socket.outgoing.send)
        assert (await socket.next())["type"] == "websocket.accept"
        yield socket
        nursery.cancel_scope.cancel()


def placing(op_id: int) -> dict[str, object]:
    return {"op": "place", "id": op_id, "order": ORDER}


async def test_a_command_too_many_is_answered_under_its_id_and_the_socket_stays(mock_clock: MockClock) -> None:
    async with open_house(LIMITED) as house:
        await house.user("alice", USDT="100")
        async with connected(house, "alice") as socket:
            assert [(await socket.ask(placing(op_id)))["status"] for op_id in (1, 2, 3)] == [201, 201, 201]
            for op in (placing(4), {"op": "cancel_all", "id": 4}, {"op": "cancel", "id": 4, "orderId": "nonsense"}):
                refused = await socket.ask(op)
                assert (refused["id"], refused["status"]) == (4, 429)
                assert refused["body"]["code"] == "TOO_MANY_REQUESTS"
                assert refused["body"]["message"].endswith("try again in 3 s")
            assert len(await house.exchange.storage.reader.open_orders()) == 3
            mock_clock.jump(3)
            assert (await socket.ask(placing(5)))["status"] == 201
            assert (await socket.ask(placing(6)))["status"] == 429


async def test_a_user_has_one_share_over_rest_and_all_sockets(mock_clock: MockClock) -> None:
    async with open_house(LIMITED) as house:
        await house.user("alice", USDT="100")
        await house.user("bob", USDT="100")
        async with (
            connected(house, "alice") as one,
            connected(house, "alice", "198.51.100.2") as other,
            connected(house, "bob") as bob,
        ):
            assert (await one.ask(placing(1)))["status"] == 201
            assert (await other.ask(placing(1)))["status"] == 201
            assert (await house.call("POST", ORDERS, ORDER, by="alice")).status == 201
            assert (await one.ask(placing(2)))["status"] == 429
            assert (await other.ask(placing(2)))["status"] == 429
            assert error(await house.call("GET", ORDERS, by="alice")) == (429, "TOO_MANY_REQUESTS")
            assert (await bob.ask(placing(1)))["status"] == 201
            mock_clock.jump(3)
            assert (await house.call("POST", ORDERS, ORDER, by="alice")).status == 201
            assert (await one.ask(placing(3)))["status"] == 429


@pytest.mark.parametrize(("too", "expected"), [(False, 201), (True, 429)])
async def test_loopback_is_exempt_unless_told_otherwise(too: bool, expected: int, mock_clock: MockClock) -> None:
    async with open_house(replace(LIMITED, rate_limit_loopback=too)) as house:
        await house.user("alice", USDT="100")
        async with connected(house, "alice", "127.0.0.1") as socket:
            for op_id in range(3):
                assert (await socket.ask(placing(op_id)))["status"] == 201
            assert (await socket.ask(placing(4)))["status"] == expected


async def test_subscribing_is_no_command(mock_clock: MockClock) -> None:
    async with open_house(LIMITED) as house:
        await house.user("alice", USDT="100")
        async with connected(house, "alice") as socket:
            for _ in range(10):
                assert (await socket.ask({"subscribe": ["trades:BTC_USDT"]}))["type"] == "subscribed"
                assert (await socket.ask({"unsubscribe": ["trades:BTC_USDT"]}))["type"] == "unsubscribed"
            assert (await socket.ask(placing(1)))["status"] == 201


SUBSCRIBING = replace(SETTINGS, rate_limit_other=Rate(0.4, 3), rate_limit_anonymous=Rate(0.4, 3))
TRADES = "trades:BTC_USDT"


@pytest.mark.parametrize("who", ["alice", "guest", None])
async def test_subscribing_too_often_is_an_error_and_the_socket_stays(who: str | None, mock_clock: MockClock) -> None:
    async with open_house(SUBSCRIBING) as house:
        await house.user("alice", USDT="100")
        house.tokens["guest"] = (await house.gateway.sessions.open_guest()).token
        async with connected(house, who) as socket:
            for message in ({"subscribe": [TRADES]}, {"resume": {TRADES: 0}}, {"subscribe": ["nothing"]}):
                await socket.to_app.send({"type": "websocket.receive", "text": msgspec.json.encode(message).decode()})
                while msgspec.json.decode((await socket.next())["text"])["type"] != "subscribed":
                    pass  # an error of the channel that there is not
            for message in ({"subscribe": ["book:BTC_USDT"]}, {"resume": {TRADES: 0}}):
                refused = await socket.ask(message)
                assert (refused["type"], refused["status"], refused["code"]) == ("error", 429, "TOO_MANY_REQUESTS")
                assert refused["message"].endswith("try again in 3 s")
            assert await socket.ask({"unsubscribe": [TRADES]}) == {"type": "unsubscribed", "channels": [TRADES]}
            mock_clock.jump(3)
            assert await socket.ask({"subscribe": [TRADES]}) == {"type": "subscribed", "channels": [TRADES]}
            assert (await socket.ask({"subscribe": [TRADES]}))["status"] == 429


async def test_an_order_beside_a_refused_subscription_is_placed(mock_clock: MockClock) -> None:
    async with open_house(SUBSCRIBING) as house:
        await house.user("alice", USDT="100")
        async with connected(house, "alice") as socket:
            for _ in range(3):
                await socket.ask({"subscribe": [TRADES]})
            assert (await socket.ask({"subscribe": [TRADES], **placing(1)}))["type"] == "error"
            assert msgspec.json.decode((await socket.next())["text"])["status"] == 201
        mock_clock.jump(3)


async def test_subscribing_counts_with_requests_of_a_user_and_of_an_address(mock_clock: MockClock) -> None:
    async with open_house(SUBSCRIBING) as house:
        await house.user("alice", USDT="100")
        for who in ("alice", None):  # the address of both is that of the requests of a house
            async with connected(house, who, "192.0.2.1") as socket:
                assert (await house.call("GET", "/api/v1/symbols", by=who)).status == 200
                for _ in range(2):
                    assert (await socket.ask({"subscribe": [TRADES]}))["type"] == "subscribed"
                assert (await socket.ask({"subscribe": [TRADES]}))["status"] == 429
                assert (await house.call("GET", "/api/v1/symbols", by=who)).status == 429
        mock_clock.jump(3)
