"""A client that follows streams: what becomes of cuts, gaps, holes and refusals."""

import random
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial
from typing import Any
from urllib.parse import urlsplit

import msgspec
import pytest
import trio
from trio_websocket import ConnectionClosed, WebSocketConnection, WebSocketRequest, serve_websocket

from gateway.client import Refused, stream
from gateway.client import follower as module
from gateway.client.follower import Follower

pytestmark = [pytest.mark.trio, pytest.mark.filterwarnings("ignore::ResourceWarning")]  # cut sockets, see the client

Send = Callable[[Any], Awaitable[None]]
Serve = Callable[[Send, dict[str, int]], Awaitable[None]]
PATIENCE_S = 10.0  # what takes longer hangs


def trade(seq: int, channel: str = "a", before: int | None = None) -> dict[str, object]:
    return {"type": "trade", "channel": channel, "seq": seq, "prevSeq": seq - 1 if before is None else before}


@asynccontextmanager
async def server(serve: Serve) -> AsyncIterator[str]:
    """A server that answers each resume as told; its socket closes when that returns."""

    async def handle(request: WebSocketRequest) -> None:
        socket: WebSocketConnection = await request.accept()

        async def send(message: object) -> None:
            await socket.send_message(msgspec.json.encode(message).decode())

        try:
            while True:
                frame = msgspec.json.decode(await socket.get_message())
                await serve(send, frame["resume"])
        except ConnectionClosed:
            pass

    async with trio.open_nursery() as nursery:
        listening = await nursery.start(serve_websocket, handle, "127.0.0.1", 0, None)
        yield f"ws://127.0.0.1:{listening.port}/ws"
        nursery.cancel_scope.cancel()


async def follow(serve: Serve, numbers: dict[str, int], until: dict[str, int]) -> tuple[Follower, list[Any]]:
    """Follow until these numbers have been received; return what was."""
    heard: list[Any] = []
    done = trio.Event()

    def receive(message: Any) -> None:
        heard.append(message)
        if follower.numbers == until:
            done.set()

    async with server(serve) as url, trio.open_nursery() as nursery:
        follower = Follower(url, None, numbers, receive)
        nursery.start_soon(follower.run)
        with trio.fail_after(PATIENCE_S):
            await done.wait()
        nursery.cancel_scope.cancel()
    return follower, heard


def seqs(heard: list[Any], channel: str = "a") -> list[int]:
    return [message["seq"] for message in heard if message["channel"] == channel]


async def test_it_asks_for_what_comes_after_its_numbers() -> None:
    asked: list[dict[str, int]] = []

    async def serve(send: Send, numbers: dict[str, int]) -> None:
        asked.append(numbers)
        await send({"type": "subscribed", "channels": list(numbers)})
        await send(trade(6))
        await send(trade(9, "b", 7))

    follower, heard = await follow(serve, {"a": 5, "b": 7}, {"a": 6, "b": 9})
    assert asked == [{"a": 5, "b": 7}]
    assert heard == [trade(6), trade(9, "b", 7)]
    assert (follower.connections, follower.gaps, follower.holes) == (1, 0, 0)


async def test_however_often_it_is_cut_it_hears_each_message_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PAUSE_S", 0.001)
    seed = random.randrange(2**32)
    print(f"seed {seed}")
    dice = random.Random(seed)

    async def serve(send: Send, numbers: dict[str, int]) -> None:
        for seq in range(numbers["a"] + 1, min(numbers["a"] + dice.randint(1, 9), 100) + 1):
            await send(trade(seq))
        await trio.aclose_forcefully(follower_stream())

    heard: list[Any] = []
    done = trio.Event()

    def receive(message: Any) -> None:
        heard.append(message)
        if message["seq"] == 100:
            done.set()

    def follower_stream() -> Any:
        assert follower.stream is not None
        return follower.stream._socket._stream

    async with server(serve) as url, trio.open_nursery() as nursery:
        follower = Follower(url, None, {"a": 0}, receive)
        nursery.start_soon(follower.run)
        with trio.fail_after(PATIENCE_S):
            await done.wait()
        nursery.cancel_scope.cancel()
    assert seqs(heard) == list(range(1, 101))
    assert follower.connections > 10
    assert follower.holes == 0


async def test_a_gap_is_asked_for_at_once() -> None:
    """What comes before the answer does not follow, and is heard behind it."""
    asked: list[dict[str, int]] = []

    async def serve(send: Send, numbers: dict[str, int]) -> None:
        asked.append(numbers)
        await send({"type": "subscribed", "channels": list(numbers)})
        if len(asked) == 1:
            await send(trade(1))
            await send({"type": "gap", "channel": "a", "from": 2, "to": 4})
            await send({"type": "snapshot", "channel": "a", "seq": 4})
            await send(trade(5, before=4))
        else:
            for seq in range(2, 7):
                await send(trade(seq))

    follower, heard = await follow(serve, {"a": 0}, {"a": 6})
    assert asked == [{"a": 0}, {"a": 1}]
    assert seqs(heard) == [1, 2, 3, 4, 5, 6]
    assert (follower.gaps, follower.holes) == (1, 0)


async def test_a_hole_of_which_nothing_was_told_is_counted_and_asked_for() -> None:
    asked: list[dict[str, int]] = []

    async def serve(send: Send, numbers: dict[str, int]) -> None:
        asked.append(numbers)
        await send({"type": "subscribed", "channels": list(numbers)})
        for seq in (1, 4, 5) if len(asked) == 1 else (2, 3, 4, 5):
            await send(trade(seq))

    follower, heard = await follow(serve, {"a": 0}, {"a": 5})
    assert asked == [{"a": 0}, {"a": 1}]
    assert seqs(heard) == [1, 2, 3, 4, 5]
    assert follower.holes == 1


async def test_a_number_that_is_refused_ends_it() -> None:
    async def serve(send: Send, numbers: dict[str, int]) -> None:
        await send({"type": "subscribed", "channels": list(numbers)})
        words = "the last number of a is 3: it can't be resumed from a later one"
        await send({"type": "error", "status": 400, "code": "MALFORMED", "message": words, "channel": "a"})

    async with server(serve) as url:
        with pytest.raises(Refused) as refused, trio.fail_after(PATIENCE_S):
            await Follower(url, None, {"a": 9}, print).run()
    assert refused.value.code == "MALFORMED"


async def test_it_waits_for_a_server_that_is_not_there() -> None:
    with trio.socket.socket() as bound:
        await bound.bind(("127.0.0.1", 0))
        follower = Follower(f"ws://127.0.0.1:{bound.getsockname()[1]}/ws", None, {"a": 9}, print)
        with trio.move_on_after(0.3) as scope:
            await follower.run()
        assert scope.cancelled_caught
        assert (follower.connections, follower.stream, follower.numbers) == (0, None, {"a": 9})


async def test_a_server_that_vanishes_without_a_word_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its machine has lost its power, say: nothing comes, and no end of it. The next connection finds another one."""
    monkeypatch.setattr(stream, "PING_S", 0.05)
    monkeypatch.setattr(stream, "PONG_S_MAX", 0.2)
    asked: list[dict[str, int]] = []
    vanished = trio.Event()

    async def serve(send: Send, numbers: dict[str, int]) -> None:
        asked.append(numbers)
        await send({"type": "subscribed", "channels": list(numbers)})
        for seq in (1, 2) if len(asked) == 1 else (3,):
            await send(trade(seq))

    async def carry(source: trio.SocketStream, target: trio.SocketStream, *, first: bool) -> None:
        """Carry bytes from one to the other; those of the first connection until it vanishes."""
        async for data in source:
            if first and vanished.is_set():
                await trio.sleep_forever()
            await target.send_all(data)

    async with server(serve) as url, trio.open_nursery() as nursery:
        connections: list[trio.SocketStream] = []

        async def pass_on(client: trio.SocketStream) -> None:
            connections.append(client)
            first = len(connections) == 1
            behind = await trio.open_tcp_stream("127.0.0.1", urlsplit(url).port or 0)
            async with behind, trio.open_nursery() as both:
                both.start_soon(partial(carry, client, behind, first=first))
                await carry(behind, client, first=first)
                both.cancel_scope.cancel()

        [listener] = await nursery.start(partial(trio.serve_tcp, pass_on, 0, host="127.0.0.1"))
        heard: list[Any] = []

        def receive(message: Any) -> None:
            heard.append(message)
            if message["seq"] == 2:
                vanished.set()
            if message["seq"] == 3:
                nursery.cancel_scope.cancel()

        follower = Follower(f"ws://127.0.0.1:{listener.socket.getsockname()[1]}/ws", None, {"a": 0}, receive)
        with trio.fail_after(PATIENCE_S):
            await follower.run()
    assert seqs(heard) == [1, 2, 3]
    assert asked == [{"a": 0}, {"a": 2}]
