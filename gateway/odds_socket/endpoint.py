"""`/ws/odds` as an ASGI application: the handshake, and who is behind it.

Authorization: Bearer ..., or ?token=     good, a guest's too -> 101     none, or a bad one -> 401, 403
A GET that asks for no upgrade            426
"""

from typing import Any

from gateway.answers import Rejected
from gateway.context import Gateway
from gateway.identity.refusals import Unauthorized
from gateway.odds_socket.connection import Connection
from gateway.odds_socket.newest import Newest
from gateway.websocket.endpoint import refuse, who_connects
from gateway.websocket.upgrade import SocketPath
from gateway.websocket.wire import Receive, Send, Wire

PATH = b"/ws/odds"


class OddsEndpoint(SocketPath):
    """The socket for the odds of matches."""

    path = PATH
    client = "WebSocket"

    def __init__(self, gateway: Gateway, otherwise: Any) -> None:
        super().__init__(gateway, otherwise)
        self._newest = Newest(gateway)

    async def connect(self, scope: Any, receive: Receive, send: Send) -> None:
        try:
            caller = who_connects(self._gateway, scope)
            if not caller.has_session:
                raise Unauthorized("this needs a token: log in, or open a session as a guest")
        except Rejected as rejected:
            await refuse(send, rejected.answer())
            return
        await send({"type": "websocket.accept", "subprotocol": None, "headers": []})
        connection = Connection(self._gateway, self._newest, caller, Wire(scope, receive, send))
        with self._gateway.metrics.sockets.counted(connection):
            await connection.run()
