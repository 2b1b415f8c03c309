"""A path that is a WebSocket and nothing else, as an ASGI application.

a handshake                         the socket's own
a GET that asks for no upgrade      426, with a word on what would serve
anything else, any other path       the application behind it
"""

from abc import ABC, abstractmethod
from typing import Any, ClassVar

import msgspec

from gateway.answers import failure
from gateway.context import Gateway
from gateway.rest.fast_lane import respond
from gateway.statuses import Problem
from gateway.websocket.wire import Receive, Send

UPGRADE = ((b"upgrade", b"websocket"), (b"connection", b"upgrade"))  # a 426 must have the one, and that the other


class SocketPath(ABC):
    """Serves `path`; everything else is `otherwise`'s."""

    path: ClassVar[bytes]
    client: ClassVar[str]  # who speaks what is spoken here

    def __init__(self, gateway: Gateway, otherwise: Any) -> None:
        self._gateway = gateway
        self._otherwise = otherwise

    async def __call__(self, scope: Any, receive: Receive, send: Send) -> None:
        if scope.get("raw_path") != self.path:  # a lifespan has none
            await self._otherwise(scope, receive, send)
        elif scope["type"] == "websocket":
            if (await receive())["type"] == "websocket.connect":
                await self.connect(scope, receive, send)
        elif scope["method"] in ("GET", "HEAD"):
            words = f"this is a WebSocket: connect to it with a {self.client} client"
            await respond(send, msgspec.structs.replace(failure(Problem.UPGRADE_REQUIRED, words), headers=UPGRADE))
        else:
            await self._otherwise(scope, receive, send)

    @abstractmethod
    async def connect(self, scope: Any, receive: Receive, send: Send) -> None:
        """Accept the handshake and serve the socket to its end, or refuse it."""
