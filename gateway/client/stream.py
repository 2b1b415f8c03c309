"""The exchange over one WebSocket: subscriptions come as a stream of messages, orders are answered by their id.

async with open_stream("ws://127.0.0.1:8080/ws", token) as stream:
    await stream.subscribe("trades:BTC_USDT", "orders")
    placed = await stream.place({"symbol": "BTC_USDT", ...})
    async for message in stream.messages(): ...
"""

import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from typing import Any
from urllib.parse import SplitResult, urlsplit

import msgspec
import trio
from trio_websocket import ConnectionClosed, ConnectionRejected, WebSocketConnection, wrap_client_stream

from gateway.client.errors import check, connection_lost, never_connected

HANDSHAKE_S_MAX = 30.0
REFUSAL_S = 0.1  # for a refusal that came with the stream's end to be read
CLOSE_S_MAX = 2.0  # for the other side's good-bye
PING_S = 15.0  # from a pong to the next ping
PONG_S_MAX = 15.0  # after that the server is taken for gone: it may have vanished without a word
WAITING_MAX = 10_000  # messages that nobody has read yet; with more, the reader of the socket waits

Json = Any
Tcp = trio.SocketStream | trio.SSLStream[trio.SocketStream]


class StreamClient:
    """Owns a socket. Answers find their asker by id; everything else comes out of `messages`."""

    def __init__(self, socket: WebSocketConnection) -> None:
        self._socket = socket
        self._last_id = 0
        self._answers: dict[str, trio.MemorySendChannel[tuple[int, Json]]] = {}
        self._sent, self._messages = trio.open_memory_channel[dict[str, Json]](WAITING_MAX)

    async def subscribe(self, *channels: str) -> None:
        """Ask for channels; what comes of it is a message of type "subscribed" or "error"."""
        await self.send({"subscribe": list(channels)})

    async def unsubscribe(self, *channels: str) -> None:
        await self.send({"unsubscribe": list(channels)})

    async def place(self, order: Mapping[str, Json]) -> Json:
        """Place an order and wait for its answer; raises the errors of `gateway.client`."""
        return await self.operate({"op": "place", "order": order})

    async def cancel(self, **which: str) -> Json:
        """Cancel by orderId or by clientOrderId."""
        return await self.operate({"op": "cancel", **which})

    async def cancel_all(self, **which: str) -> Json:
        """Cancel all open orders, or those in one `symbol`."""
        return await self.operate({"op": "cancel_all", **which})

    async def operate(self, command: Mapping[str, Json]) -> Json:
        """Send a command under an id of its own and wait for the answer to it."""
        self._last_id += 1
        key = str(self._last_id)
        arrived, answer = trio.open_memory_channel[tuple[int, Json]](1)
        self._answers[key] = arrived
        try:
            await self.send({**command, "id": key})
            status, body = await answer.receive()
        except (ConnectionClosed, trio.EndOfChannel) as error:
            raise connection_lost(error) from error
        finally:
            del self._answers[key]
        return check(status, body)

    async def send(self, message: Json) -> None:
        await self._socket.send_message(msgspec.json.encode(message).decode())

    async def messages(self) -> AsyncIterator[dict[str, Json]]:
        """What is pushed, in its order, until the socket closes."""
        async for message in self._messages:
            yield message

    async def next_message(self) -> dict[str, Json]:
        """The next push; raises trio.EndOfChannel when the socket has closed."""
        return await self._messages.receive()

    async def read(self) -> None:
        """Sort what comes in, until the socket closes."""
        try:
            while True:
                message = msgspec.json.decode(await self._socket.get_message())
                answered = self._answers.get(str(message.get("id"))) if "status" in message else None
                if answered is not None:
                    answered.send_nowait((message["status"], message.get("body")))
                else:
                    await self._sent.send(message)
        except ConnectionClosed:
            pass
        finally:
            self._sent.close()
            for waiting in self._answers.values():
                waiting.close()


async def _watch(socket: WebSocketConnection, stream: Tcp) -> None:
    """End the connection when the server does not answer any more; one who does not read for so long looks like it."""
    with suppress(ConnectionClosed):
        while True:
            await trio.sleep(PING_S)
            with trio.move_on_after(PONG_S_MAX) as waited:
                await socket.ping()
            if waited.cancelled_caught:
                await trio.aclose_forcefully(stream)
                return


@asynccontextmanager
async def open_stream(url: str, token: str | None = None) -> AsyncIterator[StreamClient]:
    """Connect; the socket closes with the block. Raises Refused for a token that is not good, or Unavailable."""
    headers = [] if token is None else [(b"Authorization", f"Bearer {token}".encode())]
    place = urlsplit(url)
    async with await _connect(place) as stream:
        try:
            async with trio.open_nursery() as nursery:
                socket = await _shake_hands(nursery, stream, place, headers)
                client = StreamClient(socket)
                nursery.start_soon(client.read)
                nursery.start_soon(_watch, socket, stream)
                yield client
                with trio.move_on_after(CLOSE_S_MAX):
                    await socket.aclose()
                nursery.cancel_scope.cancel()
        except BaseExceptionGroup as group:
            if len(group.exceptions) > 1:
                raise
            raised = group.exceptions[0]
            if isinstance(raised, ConnectionRejected):
                check(raised.status_code, _decoded(raised.body))
            raise raised from raised.__cause__  # the caller's own: he need not know that there is a nursery here


async def _connect(place: SplitResult) -> Tcp:
    """Open the stream here, not in trio-websocket: that leaves it open when the server refuses, or closes first."""
    assert place.hostname is not None
    try:
        if place.scheme == "wss":
            context = ssl.create_default_context()
            port = place.port or 443
            return await trio.open_ssl_over_tcp_stream(place.hostname, port, ssl_context=context, https_compatible=True)
        return await trio.open_tcp_stream(place.hostname, place.port or 80)
    except OSError as error:
        raise never_connected(error) from error


class _Ending(trio.abc.Stream):
    """A stream that says when nothing more comes: trio-websocket would wait for its handshake all the same."""

    def __init__(self, stream: Tcp) -> None:
        self.ended = trio.Event()
        self._stream = stream

    async def receive_some(self, max_bytes: int | None = None) -> bytes | bytearray:
        data: bytes | bytearray = b""
        try:
            data = await self._stream.receive_some(max_bytes)
        finally:
            if not data:
                self.ended.set()
        return data

    async def send_all(self, data: bytes | bytearray | memoryview) -> None:
        await self._stream.send_all(data)

    async def wait_send_all_might_not_block(self) -> None:
        await self._stream.wait_send_all_might_not_block()

    async def aclose(self) -> None:
        await self._stream.aclose()


async def _shake_hands(
    nursery: trio.Nursery, stream: Tcp, place: SplitResult, headers: list[tuple[bytes, bytes]]
) -> WebSocketConnection:
    resource = f"{place.path}?{place.query}" if place.query else place.path
    ending = _Ending(stream)
    shaken: list[WebSocketConnection] = []

    async def shake() -> None:
        socket = await wrap_client_stream(
            nursery,
            ending,  # type: ignore[arg-type]  # it takes any stream, its types say less
            place.netloc,
            resource,
            extra_headers=headers,
        )
        shaken.append(socket)
        either.cancel_scope.cancel()

    with trio.move_on_after(HANDSHAKE_S_MAX):
        async with trio.open_nursery() as either:
            either.start_soon(shake)
            await ending.ended.wait()
            await trio.sleep(REFUSAL_S)
            either.cancel_scope.cancel()
    if not shaken:
        how = "was closed" if ending.ended.is_set() else f"took more than {HANDSHAKE_S_MAX:.0f} s"
        raise never_connected(OSError(f"the connection {how} before the handshake was done"))
    return shaken[0]


def _decoded(content: bytes | None) -> Json:
    try:
        return msgspec.json.decode(content) if content else None
    except msgspec.DecodeError:
        return None
