"""ASGI's words for a socket, and the one that we add to them."""

from typing import Any

import pytest

from gateway.guarded_websocket import TEXTS
from gateway.websocket.wire import Wire

pytestmark = pytest.mark.trio


class Server:
    """What a wire is given by a server: events to receive, and a place for what is sent."""

    def __init__(self, *events: dict[str, Any]) -> None:
        self.events = list(events)
        self.sent: list[Any] = []

    async def receive(self) -> Any:
        return self.events.pop(0)

    async def send(self, message: Any) -> None:
        self.sent.append(message)

    def wire(self, **scope: Any) -> Wire:
        return Wire(scope, self.receive, self.send)


@pytest.mark.parametrize(
    ("event", "raw"),
    [
        ({"type": "websocket.receive", "text": "ä", "bytes": None}, "ä".encode()),
        ({"type": "websocket.receive", "text": "ä"}, "ä".encode()),
        ({"type": "websocket.receive", "bytes": b"\xff", "text": None}, b"\xff"),
        ({"type": "websocket.receive", "bytes": b""}, b""),
        ({"type": "websocket.receive", "text": ""}, b""),
        ({"type": "websocket.disconnect", "code": 1006}, None),
    ],
)
async def test_text_and_bytes_are_bytes_and_the_end_is_none(event: dict[str, Any], raw: bytes | None) -> None:
    assert await Server(event).wire().receive() == raw


@pytest.mark.parametrize("scope", [{}, {"extensions": None}, {"extensions": {"websocket.http.response": {}}}])
async def test_texts_are_sent_one_by_one(scope: dict[str, Any]) -> None:
    server = Server()
    await server.wire(**scope).send(["a", "b"])
    assert server.sent == [
        {"type": "websocket.send", "bytes": None, "text": "a"},
        {"type": "websocket.send", "bytes": None, "text": "b"},
    ]


async def test_a_server_that_can_gets_them_at_once() -> None:
    server = Server()
    await server.wire(extensions={TEXTS: {}}).send(["a", "b"])
    assert server.sent == [{"type": "websocket.send", "texts": ["a", "b"]}]


async def test_a_close_has_a_code_and_a_reason() -> None:
    server = Server()
    await server.wire().close(4401, "logged out")
    assert server.sent == [{"type": "websocket.close", "code": 4401, "reason": "logged out"}]
