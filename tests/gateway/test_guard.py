"""What one client does must not reach the others: how many there may be, and what is said of a fault."""

import pytest
from structlog.testing import capture_logs

from gateway.guard import describe, leaves
from tests.gateway.guard_apps import quart_app, raw_app
from tests.gateway.raw_sockets import GET, connect, receive_until, running, talk, websocket

pytestmark = pytest.mark.trio


class TestNumbers:
    async def test_the_newest_connection_above_the_maximum_is_closed_at_once(self) -> None:
        async with running(quart_app(), connections_max=2) as server:
            with capture_logs() as logs:
                async with websocket(server.port), websocket(server.port):
                    assert await talk(server.port, GET) == b""
                    assert await talk(server.port, GET) == b""
                    assert server.guard.connections == 2
                    assert server.guard.refused == 2
                await server.empty()
            assert await server.is_alive()
            assert [entry["event"] for entry in logs] == ["connections_full"]

    async def test_more_than_a_thousand_requests_on_one_connection(self) -> None:
        async with running(raw_app()) as server, await connect(server.port) as stream:
            for _ in range(1_100):
                await stream.send_all(GET)
                assert b"close" not in await receive_until(stream, b"hello")


async def test_a_description_names_type_and_place_of_each_exception_but_no_message() -> None:
    message = "a token"
    try:
        raise ValueError(message)
    except ValueError as error:
        group = ExceptionGroup(message, [ExceptionGroup(message, [error]), KeyError(message)])
    described = [describe(error) for error in leaves(group)]
    assert [entry["type"] for entry in described] == ["ValueError", "KeyError"]
    assert "test_guard.py" in described[0]["stack"]
    assert message not in repr(described)
