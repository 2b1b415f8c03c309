"""`/ws` as an ASGI application: the handshake, and who is behind it.

Authorization: Bearer ..., or ?token=     good -> 101     bad -> 401, 403     none -> 101, market data only
A GET that asks for no upgrade            426
"""

from collections.abc import Mapping
from typing import Any

import msgspec

from gateway.address import client_address
from gateway.answers import Answer, Rejected
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
            caller = self._caller(scope)
        except Rejected as rejected:
            await _refuse(send, rejected.answer())
            return
        await send({"type": "websocket.accept", "subprotocol": None, "headers": []})
        with self._gateway.metrics.sockets.track_inprogress():
            await Connection(self._gateway, caller, Wire(scope, receive, send)).run()

    def _caller(self, scope: Mapping[str, Any]) -> Caller:
        """Say who connects. Raises Rejected for a token that is not good."""
        address = client_address(scope, self._gateway.settings.trusted_proxies)
        if any(name == b"authorization" for name, _ in scope["headers"]):
            return self._gateway.sessions.authenticate(bearer_token(scope["headers"]), address)
        token = query_fields(scope["query_string"]).get("token")
        if token is None:
            return Caller(address)
        return self._gateway.sessions.authenticate(str(token), address)


async def _refuse(send: Send, answer: Answer) -> None:
    """End a handshake with an answer over HTTP."""
    body = msgspec.json.encode(answer.body)
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode()), *answer.headers]
    await send({"type": "websocket.http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "websocket.http.response.body", "body": body, "more_body": False})
