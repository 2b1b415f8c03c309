"""A WebSocket on hypercorn that can't bring the connection, or the process, down; and sends many texts at once.

It knows one extension of ASGI, TEXTS: `{"type": "websocket.send", "texts": [...]}` is a message each, in one write, as
one system call for each of a busy socket's answers is a fifth of their cost.
"""

from typing import Any

import trio
from hypercorn.protocol.events import Body, Data, StreamClosed
from hypercorn.protocol.events import Event as StreamEvent
from hypercorn.protocol.ws_stream import ASGIWebsocketState, WSStream
from wsproto.connection import ConnectionState
from wsproto.events import CloseConnection, Message, Ping, TextMessage
from wsproto.frame_protocol import CloseReason

TEXTS = "rialto.websocket.texts"


class GuardedWSStream(WSStream):
    """One WebSocket: a refusal always ends it, in words; its pings end with it."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.pinging = trio.CancelScope()
        self.refused = False

    async def app_send(self, message: Any) -> None:
        texts = message.get("texts") if message else None
        if message and message["type"] == "websocket.send" and self._is_closing:
            await trio.lowlevel.checkpoint()  # the client has said good-bye; its handler hears of it in a moment
        elif texts is None:
            await super().app_send(message)
        elif not self.closed and self.state is ASGIWebsocketState.CONNECTED:
            data = b"".join([self.connection.send(TextMessage(data=text)) for text in texts])
            await self.send(Data(stream_id=self.stream_id, data=data))

    @property
    def _is_closing(self) -> bool:
        """Whether a close has come or gone, behind which nothing can be sent."""
        return self.state is ASGIWebsocketState.CONNECTED and self.connection.state is not ConnectionState.OPEN

    async def handle(self, event: StreamEvent) -> None:
        if isinstance(event, StreamClosed):
            self.pinging.cancel()
        if not isinstance(event, Body | Data) or self.closed or self.handshake.accepted:
            await super().handle(event)
        elif not self.refused:
            await self._refuse_early_bytes()

    async def _refuse_early_bytes(self) -> None:
        self.closed = True  # first: from here on nothing that the handler says gets between
        await self._put({"type": "websocket.disconnect", "code": CloseReason.PROTOCOL_ERROR.value})
        await self._send_error_response(400)

    async def _send_rejection(self, message: Any) -> None:
        self.refused = True
        await super()._send_rejection(message)

    async def _send_error_response(self, status_code: int) -> None:
        self.refused = True
        await super()._send_error_response(status_code)
        await self.send(StreamClosed(self.stream_id))

    async def _handle_events(self) -> None:
        for event in self.connection.events():
            if isinstance(event, Message):
                if self.buffer.length + len(event.data) > self.buffer.max_length:
                    reason = f"a message has at most {self.buffer.max_length} characters"
                    await self._close(CloseConnection(CloseReason.MESSAGE_TOO_BIG, reason))
                    break
                self.buffer.extend(event)
                if event.message_finished:
                    await self._put(self.buffer.to_message())
                    self.buffer.clear()
            elif isinstance(event, Ping):
                await self._send_wsproto_event(event.response())
            elif isinstance(event, CloseConnection):  # the client's word, or wsproto's on bytes that make no sense
                await self._close(event.response())
                break

    async def _put(self, event: Any) -> None:
        assert self.app_put is not None
        await self.app_put(event)

    async def _close(self, farewell: CloseConnection) -> None:
        await self._send_wsproto_event(farewell)
        await self.send(StreamClosed(self.stream_id))

    async def _send_pings(self) -> None:
        with self.pinging:
            await super()._send_pings()
