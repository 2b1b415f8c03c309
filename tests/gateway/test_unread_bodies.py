"""A body that no route reads is read all the same: the next request of the connection stands behind it."""

import pytest
import trio

from gateway.app import make_app
from tests.gateway.houses import open_house
from tests.gateway.raw_sockets import PATIENCE_S, receive_until, running

BODY = b'{"nobody": "asks for this"}'
HEAD = b"POST /api/v1/session HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"


@pytest.mark.trio
async def test_a_connection_is_good_for_another_request() -> None:
    """Head and body come in two pieces, twice on one connection."""
    async with open_house() as house, running(make_app(house.gateway)) as server:
        with trio.fail_after(PATIENCE_S):
            stream = await trio.open_tcp_stream("127.0.0.1", server.port)
            async with stream:
                for _ in range(2):
                    await stream.send_all(HEAD % len(BODY))
                    await trio.sleep(0.05)  # the pieces are to arrive apart
                    await stream.send_all(BODY)
                    answer = await receive_until(stream, b"}")
                    assert answer.startswith(b"HTTP/1.1 200")
