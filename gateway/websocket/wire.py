"""A socket that has been accepted, in ASGI's words: bytes in, texts out.

Sending one text costs 50 us, of which the text's own share is a tenth. A server that names TEXTS in the scope takes
many at once: {"type": "websocket.send", "texts": [...]}.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from gateway.guarded_websocket import TEXTS

Receive = Callable[[], Awaitable[Any]]
Send = Callable[[Any], Awaitable[None]]


class Wire:
    """One task receives, one sends."""

    def __init__(self, scope: Mapping[str, Any], receive: Receive, send: Send) -> None:
        self._receive = receive
        self._send = send
        self._takes_many = TEXTS in (scope.get("extensions") or {})

    async def receive(self) -> bytes | None:
        """Wait for a message, text or binary; None when the client has gone."""
        event = await self._receive()
        if event["type"] == "websocket.disconnect":
            return None
        text: str | None = event.get("text")
        data: bytes | None = event.get("bytes")
        return text.encode() if text is not None else data or b""

    async def send(self, texts: list[str]) -> None:
        """Send messages in this order."""
        if self._takes_many:
            await self._send({"type": "websocket.send", "texts": texts})
        else:
            for text in texts:
                await self._send({"type": "websocket.send", "bytes": None, "text": text})

    async def close(self, code: int, reason: str) -> None:
        await self._send({"type": "websocket.close", "code": code, "reason": reason})
