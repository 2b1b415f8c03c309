"""The exchange over one WebSocket: subscriptions come as a stream of messages, orders are answered by their id.

async with open_stream("ws://127.0.0.1:8080/ws", token) as stream:
    await stream.subscribe("trades:BTC_USDT", "orders")
    placed = await stream.place({"symbol": "BTC_USDT", ...})
    async for message in stream.messages(): ...
"""

from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import msgspec
import trio
from trio_websocket import (
    ConnectionClosed,
    ConnectionRejected,
    ConnectionTimeout,
    HandshakeError,
    WebSocketConnection,
    open_websocket_url,
)

from gateway.client.errors import check, connection_lost, never_connected

WAITING_MAX = 10_000  # messages that nobody has read yet; with more, the reader of the socket waits

Json = Any


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


@asynccontextmanager
async def open_stream(url: str, token: str | None = None) -> AsyncIterator[StreamClient]:
    """Connect; the socket closes with the block. Raises Refused for a token that is not good."""
    headers = [] if token is None else [(b"Authorization", f"Bearer {token}".encode())]
    async with AsyncExitStack() as stack:
        try:
            socket = await stack.enter_async_context(open_websocket_url(url, extra_headers=headers))
        except ConnectionRejected as error:
            check(error.status_code, _decoded(error.body))
            raise
        except (ConnectionTimeout, HandshakeError, OSError) as error:
            raise never_connected(error) from error
        client = StreamClient(socket)
        try:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(client.read)
                yield client
                nursery.cancel_scope.cancel()
        except BaseExceptionGroup as group:
            if len(group.exceptions) > 1:
                raise
            raised = group.exceptions[0]  # the caller's own: he need not know that there is a nursery here
            raise raised from raised.__cause__


def _decoded(content: bytes | None) -> Json:
    try:
        return msgspec.json.decode(content) if content else None
    except msgspec.DecodeError:
        return None
