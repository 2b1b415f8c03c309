"""`/ws/websocket` as an ASGI application: the handshake; who is behind it, CONNECT says.

offered: v12.stomp, v11.stomp      the first of these that is offered is chosen; none is fine
A GET that asks for no upgrade     426
"""

import itertools
from collections.abc import Sequence
from typing import Any

from gateway.address import client_address
from gateway.context import Gateway
from gateway.stomp.connection import Connection
from gateway.stomp.topics import Topics
from gateway.websocket.upgrade import SocketPath
from gateway.websocket.wire import Receive, Send, Wire

PATH = b"/ws/websocket"
SUBPROTOCOLS = ("v12.stomp", "v11.stomp")  # the best first


class StompEndpoint(SocketPath):
    """The socket that speaks STOMP."""

    path = PATH
    client = "STOMP"

    def __init__(self, gateway: Gateway, topics: Topics, otherwise: Any) -> None:
        super().__init__(gateway, otherwise)
        self._topics = topics
        self._numbers = itertools.count(1)

    async def connect(self, scope: Any, receive: Receive, send: Send) -> None:
        await send({"type": "websocket.accept", "subprotocol": choose(scope["subprotocols"]), "headers": []})
        address = client_address(scope, self._gateway.settings.trusted_proxies)
        wire = Wire(scope, receive, send)
        connection = Connection(self._gateway, self._topics, wire, name=str(next(self._numbers)), address=address)
        with self._gateway.metrics.sockets.counted(connection):
            await connection.run()


def choose(offered: Sequence[str]) -> str | None:
    """Choose a subprotocol; None if there is none of ours, which a client may accept or not."""
    return next((subprotocol for subprotocol in SUBPROTOCOLS if subprotocol in offered), None)
