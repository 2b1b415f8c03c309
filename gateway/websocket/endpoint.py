"""`/ws` as an ASGI application: the handshake, and who is behind it.

Authorization: Bearer ..., or ?token=     good -> 101     bad -> 401, 403     none, a guest's -> 101, market data only
A GET that asks for no upgrade            426
"""

from collections.abc import Mapping
from typing import Any

import msgspec

from gateway.address import client_address
from gateway.answers import Answer, Rejected
from gateway.context import Gateway
from gateway.decoding import query_fields
from gateway.identity.caller import Caller
from gateway.rest.dispatch import bearer_token
from gateway.websocket.connection import Connection
from gateway.websocket.upgrade import SocketPath
from gateway.websocket.wire import Receive, Send, Wire

PATH = b"/ws"


class WebSocketEndpoint(SocketPath):
    """The socket for all products."""

    path = PATH
    client = "WebSocket"

    async def connect(self, scope: Any, receive: Receive, send: Send) -> None:
        try:
            caller = who_connects(self._gateway, scope)
        except Rejected as rejected:
            await refuse(send, rejected.answer())
            return
        await send({"type": "websocket.accept", "subprotocol": None, "headers": []})
        connection = Connection(self._gateway, caller, Wire(scope, receive, send))
        with self._gateway.metrics.sockets.counted(connection):
            await connection.run()


def who_connects(gateway: Gateway, scope: Mapping[str, Any]) -> Caller:
    """Say who asks for a socket. Raises Rejected for a token that is not good; without one it is a visitor."""
    address = client_address(scope, gateway.settings.trusted_proxies)
    if any(name == b"authorization" for name, _ in scope["headers"]):
        return gateway.sessions.authenticate_socket(bearer_token(scope["headers"]), address)
    token = query_fields(scope["query_string"]).get("token")
    return Caller(address) if token is None else gateway.sessions.authenticate_socket(str(token), address)


async def refuse(send: Send, answer: Answer) -> None:
    """End a handshake with an answer over HTTP."""
    body = msgspec.json.encode(answer.body)
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode()), *answer.headers]
    await send({"type": "websocket.http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "websocket.http.response.body", "body": body, "more_body": False})
