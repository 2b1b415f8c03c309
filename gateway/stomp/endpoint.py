"""`/ws/websocket` as an ASGI application: the handshake; who is behind it, CONNECT says.

offered: v12.stomp, v11.stomp      the first of these that is offered is chosen; none is fine
A GET that asks for no upgrade     426
"""

import itertools
from collections.abc import Sequence
from typing import Any

import msgspec

from gateway.address import client_address
from gateway.answers import failure
from gateway.context import Gateway
from gateway.rest.fast_lane import respond
from gateway.statuses import Problem
from gateway.stomp.connection import Connection
from gateway.stomp.topics import Topics
from gateway.websocket.endpoint import UPGRADE
from gateway.websocket.wire import Receive, Send, Wire

PATH = b"/ws/websocket"
SUBPROTOCOLS = ("v12.stomp", "v11.stomp")  # the best first


class StompEndpoint:
    """Serves PATH; everything else is `otherwise`'s."""

    def __init__(self, gateway: Gateway, topics: Topics, otherwise: Any) -> None:
        self._gateway = gateway
        self._topics = topics
        self._otherwise = otherwise
        self._numbers = itertools.count(1)

    async def __call__(self, scope: Any, receive: Receive, send: Send) -> None:
        if scope.get("raw_path") != PATH:  # a lifespan has none
            await self._otherwise(scope, receive, send)
        elif scope["type"] == "websocket":
            await self._connect(scope, receive, send)
        elif scope["method"] in ("GET", "HEAD"):
            answer = failure(Problem.UPGRADE_REQUIRED, "this is a WebSocket: connect to it with a STOMP client")
            await respond(send, msgspec.structs.replace(answer, headers=UPGRADE))
        else:
            await self._otherwise(scope, receive, send)

    async def _connect(self, scope: Any, receive: Receive, send: Send) -> None:
        event = await receive()
        if event["type"] != "websocket.connect":
            return
        await send({"type": "websocket.accept", "subprotocol": choose(scope["subprotocols"]), "headers": []})
        address = client_address(scope, self._gateway.settings.trusted_proxies)
        wire = Wire(scope, receive, send)
        with self._gateway.metrics.sockets.track_inprogress():
            name = str(next(self._numbers))
            await Connection(self._gateway, self._topics, wire, name=name, address=address).run()


def choose(offered: Sequence[str]) -> str | None:
    """Choose a subprotocol; None if there is none of ours, which a client may accept or not."""
    return next((subprotocol for subprotocol in SUBPROTOCOLS if subprotocol in offered), None)
