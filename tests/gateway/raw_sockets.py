"""A server for a test, and clients that can misbehave: plain sockets and a WebSocket of a few lines."""

import socket
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

import trio

from gateway.guard import Guard, Limits
from gateway.serving import serve

PATIENCE_S = 5.0  # far above every limit that the tests set: what takes longer hangs
UPGRADE = (
    b"GET /socket HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: MDAwMDAwMDAwMDAwMDAwMA==\r\nSec-WebSocket-Version: 13\r\n"
)
GET = b"GET /hello HTTP/1.1\r\nHost: x\r\n\r\n"
NO_LINGER = struct.pack("ii", 1, 0)
TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10


class Server:
    """Where it listens, how it is doing, and the switch that stops it."""

    def __init__(self, port: int, guard: Guard, shutdown: trio.Event) -> None:
        self.port = port
        self.guard = guard
        self.shutdown = shutdown
        self.stopped = trio.Event()

    async def empty(self) -> None:
        """Wait until no connection is left."""
        with trio.fail_after(PATIENCE_S):
            while self.guard.connections:  # noqa: ASYNC110  # the guard counts, it does not call
                await trio.sleep(0.01)

    async def is_alive(self) -> bool:
        return (await talk(self.port, GET.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))).endswith(b"hello")


@asynccontextmanager
async def running(app: Any, **limits: Any) -> AsyncIterator[Server]:
    """A server on a free port; leaving the block stops it, and fails if that takes too long."""
    guard = Guard(Limits(**limits))
    shutdown = trio.Event()

    async def run(task_status: trio.TaskStatus[int] = trio.TASK_STATUS_IGNORED) -> None:
        await serve(app, host="127.0.0.1", port=0, shutdown=shutdown, guard=guard, task_status=task_status)
        server.stopped.set()

    async with trio.open_nursery() as nursery:
        server = Server(await nursery.start(run), guard, shutdown)
        try:
            yield server
            shutdown.set()
            with trio.fail_after(PATIENCE_S):
                await server.stopped.wait()
        finally:
            nursery.cancel_scope.cancel()


async def connect(port: int, receive_buffer: int | None = None) -> trio.SocketStream:
    """A connection; with a small `receive_buffer` the server's sends block after a few hundred kilobytes."""
    plain = trio.socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    if receive_buffer is not None:
        plain.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
    try:
        await plain.connect(("127.0.0.1", port))
    except OSError:
        plain.close()
        raise
    return trio.SocketStream(plain)


async def talk(port: int, *parts: bytes) -> bytes:
    """Everything the server says to these parts until it closes; its reset counts as a close."""
    async with await connect(port) as stream:
        try:
            for part in parts:
                await stream.send_all(part)
                await trio.sleep(0.02)  # each part arrives alone
        except trio.BrokenResourceError:
            pass
        return await drain(stream)


async def drain(stream: trio.SocketStream) -> bytes:
    """All bytes until the server closes."""
    said = bytearray()
    with trio.fail_after(PATIENCE_S):
        try:
            while data := await stream.receive_some(65536):
                said += data
        except trio.BrokenResourceError:
            pass
    return bytes(said)


async def receive_until(stream: trio.SocketStream, end: bytes) -> bytes:
    """What the server says, up to and with `end`."""
    said = b""
    with trio.fail_after(PATIENCE_S):
        while not said.endswith(end):
            data = await stream.receive_some(65536)
            assert data, said
            said += data
    return said


async def flood(stream: trio.SocketStream, data: bytes, *, pause_s: float = 0) -> None:
    """Send this again and again until the server cuts the connection."""
    with trio.fail_after(PATIENCE_S), suppress(trio.BrokenResourceError):
        while True:
            await stream.send_all(data)
            await trio.sleep(pause_s)


def reset(stream: trio.SocketStream) -> None:
    """Leave without a goodbye: a TCP reset."""
    stream.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, NO_LINGER)
    stream.socket.close()


def frame(opcode: int, payload: bytes = b"", *, final: bool = True, masked: bool = True) -> bytes:
    """One frame as a client sends it; the mask is all zeros, so the payload stays readable."""
    return frame_head(opcode, len(payload), final=final, masked=masked) + payload


def frame_head(opcode: int, length: int, *, final: bool = True, masked: bool = True) -> bytes:
    """The bytes before a payload; the payload may then come in pieces, or never end."""
    mark = 0x80 if masked else 0
    if length < 126:
        size = bytes([mark | length])
    elif length < 2**16:
        size = bytes([mark | 126]) + length.to_bytes(2, "big")
    else:
        size = bytes([mark | 127]) + length.to_bytes(8, "big")
    return bytes([(0x80 if final else 0) | opcode]) + size + (bytes(4) if masked else b"")


class RawWebSocket:
    """A WebSocket client that does nothing by itself: it answers no ping and no close."""

    def __init__(self, stream: trio.SocketStream) -> None:
        self.stream = stream
        self.head = b""
        self._buffer = bytearray()

    async def send(self, opcode: int, payload: bytes = b"") -> None:
        await self.stream.send_all(frame(opcode, payload))

    async def receive(self) -> tuple[int, bytes]:
        """The next frame's opcode and payload; a bare end of the stream is (CLOSE, b"")."""
        first = await self._take(2)
        if len(first) < 2:
            return CLOSE, b""
        length = first[1]
        if length == 126:
            length = int.from_bytes(await self._take(2), "big")
        elif length == 127:
            length = int.from_bytes(await self._take(8), "big")
        return first[0] & 0x0F, await self._take(length)

    async def receive_message(self) -> tuple[int, bytes]:
        """The next frame that is not a ping."""
        while (received := await self.receive())[0] == PING:
            pass
        return received

    async def read_head(self) -> None:
        while not self.head.endswith(b"\r\n\r\n"):
            byte = await self._take(1)
            assert byte, self.head
            self.head += byte

    async def _take(self, count: int) -> bytes:
        with trio.fail_after(PATIENCE_S):
            while len(self._buffer) < count:
                try:
                    data = await self.stream.receive_some(65536)
                except trio.BrokenResourceError:
                    data = b""
                if not data:
                    break
                self._buffer += data
        taken = bytes(self._buffer[:count])
        del self._buffer[:count]
        return taken


@asynccontextmanager
async def websocket(
    port: int, *, path: bytes = b"/socket", headers: bytes = b"", receive_buffer: int | None = None
) -> AsyncIterator[RawWebSocket]:
    """An open WebSocket; `headers` are added to the handshake."""
    async with await connect(port, receive_buffer) as stream:
        await stream.send_all(UPGRADE.replace(b"/socket", path) + headers + b"\r\n")
        client = RawWebSocket(stream)
        await client.read_head()
        assert client.head.startswith(b"HTTP/1.1 101"), client.head
        yield client
