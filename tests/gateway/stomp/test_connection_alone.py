"""What a connection does by itself, on a clock that jumps: a server's two functions without its sockets."""

from typing import Any

import pytest
import trio
from trio.testing import MockClock

from gateway.app import open_gateway
from gateway.settings import Settings
from gateway.stomp.board import Board
from gateway.stomp.codec import Frame, Parser, encode
from gateway.stomp.connection import FRAMES_MAX, REPLIES_MAX, Connection
from gateway.stomp.heartbeat import CONNECT_DEADLINE_S, EARLY, PATIENCE
from gateway.stomp.topics import ALL_PRICES
from gateway.websocket.wire import Wire
from tests.actors.exchanges import small_exchange
from tests.gateway.websocket.houses import CountingRandomness, PlainHasher

pytestmark = pytest.mark.trio


class Server:
    """Gives a connection what a client says, when it says it, and keeps what it is sent."""

    def __init__(self, said: list[tuple[float, bytes]]) -> None:
        self.said = said  # and not received yet
        self.heard: list[tuple[float, str]] = []  # heart-beats, commands of frames, codes of closes
        self.stuck_from_s = float("inf")

    async def receive(self) -> Any:
        if not self.said:
            await trio.sleep_forever()
        at_s, raw = self.said.pop(0)
        await trio.sleep_until(at_s)
        return {"type": "websocket.receive", "text": raw.decode()}

    async def send(self, message: Any) -> None:
        await trio.lowlevel.checkpoint()
        if trio.current_time() >= self.stuck_from_s:
            await trio.sleep_forever()
        parser = Parser("1.2")
        parser.feed(message.get("text", "").encode())
        frame = parser.next()
        what = frame.command if frame else "beat" if message["type"] == "websocket.send" else str(message["code"])
        self.heard.append((trio.current_time(), what))


async def run(server: Server, until_s: float) -> None:
    """Run one connection for so long."""
    settings = Settings(jwt_secret="only for tests, of thirty-two bytes")
    hasher, randomness = PlainHasher(), CountingRandomness()
    async with (
        small_exchange() as exchange,
        open_gateway(exchange, settings, hasher=hasher, randomness=randomness, shutdown=trio.Event()) as gateway,
    ):
        with trio.move_on_at(until_s):
            wire = Wire({}, server.receive, server.send)
            await Connection(gateway, Board(), wire, name="1", address="").run()


async def hear(*said: tuple[float, bytes], until_s: float) -> list[tuple[float, str]]:
    """Say things at their times; return what comes, and when."""
    server = Server(list(said))
    await run(server, until_s)
    return server.heard


def connect(heart_beat: str) -> bytes:
    return encode(Frame("CONNECT", {"accept-version": "1.2", "heart-beat": heart_beat}))


async def test_who_does_not_connect_is_sent_away(autojump_clock: MockClock) -> None:
    heard = await hear((1, b"\n"), (9, b"CONNECT\n"), until_s=60)
    assert heard == [(CONNECT_DEADLINE_S, "ERROR"), (CONNECT_DEADLINE_S, "1008")]


async def test_who_promises_beats_and_is_silent_is_sent_away(autojump_clock: MockClock) -> None:
    end_s = 8 + 10 * PATIENCE
    heard = await hear((1, connect("10000,0")), (5, b"\n"), (8, b"\n"), until_s=60)
    assert heard == [(1, "CONNECTED"), (end_s, "ERROR"), (end_s, "1008")]


async def test_beats_are_sent_until_the_end(autojump_clock: MockClock) -> None:
    heard = await hear((1, connect("0,10000")), until_s=60)
    assert heard == [(1, "CONNECTED"), *((1 + 10 * EARLY * number, "beat") for number in range(1, 8))]


async def test_whatever_is_sent_takes_the_place_of_a_beat(autojump_clock: MockClock) -> None:
    subscribe = encode(Frame("SUBSCRIBE", {"id": "a", "destination": ALL_PRICES}))
    heard = await hear((1, connect("0,10000")), (5, subscribe), until_s=20)
    assert heard == [(1, "CONNECTED"), (5, "MESSAGE"), (5 + 10 * EARLY, "beat")]


# Who says much


DONE = b"ACK\nid:1-1\nreceipt:r\n\n\0"


async def test_who_does_not_take_its_answers_is_not_read_any_more(autojump_clock: MockClock) -> None:
    subscribe = encode(Frame("SUBSCRIBE", {"id": "a", "destination": ALL_PRICES}))
    server = Server([(1, connect("0,0")), (2, subscribe), *[(3.0, DONE * 10)] * 1_000])
    server.stuck_from_s = 3
    await run(server, until_s=60)
    read = 1_000 - len(server.said)
    assert REPLIES_MAX / 10 < read < REPLIES_MAX / 10 + 5


async def test_a_message_of_many_frames_lets_others_run(autojump_clock: MockClock) -> None:
    subscribe = encode(Frame("SUBSCRIBE", {"id": "a", "destination": ALL_PRICES}))
    frames = 5_000
    server = Server([(1, connect("0,0")), (2, subscribe), (3, DONE.replace(b"receipt:r\n", b"") * frames + DONE)])
    turns = 0

    async def count() -> None:
        nonlocal turns
        await trio.sleep_until(3)
        while server.heard[-1] != (3, "RECEIPT"):
            turns += 1
            await trio.lowlevel.checkpoint()

    async with trio.open_nursery() as nursery:
        nursery.start_soon(count)
        await run(server, until_s=4)
    assert turns > frames / FRAMES_MAX
