"""Clients that leave while their handler still works: it ends, and the loop lives."""

from typing import Any

import pytest
import trio

from tests.gateway.guard_apps import SENDS_MAX, accept_and_sleep, quart_app, raw_app
from tests.gateway.raw_sockets import CLOSE, TEXT, connect, reset, running, websocket

pytestmark = pytest.mark.trio


async def leave_by_close_frame(client: Any) -> None:
    await client.send(CLOSE, (1000).to_bytes(2, "big"))


async def leave_by_end_of_stream(client: Any) -> None:
    await client.stream.send_eof()


async def leave_by_reset(client: Any) -> None:
    reset(client.stream)


async def leave_with_a_full_queue(client: Any) -> None:
    for _ in range(50):
        await client.send(TEXT, b"unread")
    await client.send(CLOSE, (1000).to_bytes(2, "big"))


LEAVES = [leave_by_close_frame, leave_by_end_of_stream, leave_by_reset, leave_with_a_full_queue]


class TestGoneClients:
    @pytest.mark.parametrize("leave", LEAVES)
    async def test_a_handler_that_only_sends_is_cancelled_and_the_loop_lives(
        self, leave: Any, nursery: trio.Nursery
    ) -> None:
        ended: list[str] = []
        beats = 0

        async def send_a_lot(scope: Any, receive: Any, send: Any) -> None:
            await send({"type": "websocket.accept"})
            try:
                for _ in range(SENDS_MAX):
                    await send({"type": "websocket.send", "bytes": bytes(1000)})
                ended.append("finished")
            except trio.Cancelled:
                ended.append("cancelled")
                raise

        async def heartbeat() -> None:
            nonlocal beats
            while True:
                await trio.lowlevel.checkpoint()
                beats += 1

        async with running(raw_app(send_a_lot), leave_s=0.2, send_deadline_s=0.5) as server:
            async with websocket(server.port) as client:
                await leave(client)
                beats = 0
                nursery.start_soon(heartbeat)
                await server.empty()
                nursery.cancel_scope.cancel()
            assert ended == ["cancelled"]
            assert beats > 10

    @pytest.mark.parametrize("leave", LEAVES)
    async def test_a_quart_handler_that_only_sends_ends_too(self, leave: Any) -> None:
        async with running(quart_app(), leave_s=0.2, send_deadline_s=0.5) as server:
            async with websocket(server.port, path=b"/pump") as client:
                await leave(client)
                await server.empty()
            assert await server.is_alive()

    @pytest.mark.parametrize("leave", LEAVES)
    async def test_a_handler_that_does_nothing_is_cancelled(self, leave: Any) -> None:
        async with (
            running(raw_app(accept_and_sleep), leave_s=0.2, ping_interval_s=0.1, pong_deadline_s=60) as server,
            websocket(server.port) as client,
        ):
            await leave(client)
            if leave is leave_with_a_full_queue:
                reset(client.stream)  # nobody reads what it says: only a ping finds out
            await server.empty()

    async def test_a_streamed_answer_ends_with_its_client(self) -> None:
        async def stream_for_ever(scope: Any, receive: Any, send: Any) -> None:
            await send({"type": "http.response.start", "status": 200, "headers": []})
            for _ in range(SENDS_MAX):
                await send({"type": "http.response.body", "body": b"x", "more_body": True})

        async with running(raw_app(on_http=stream_for_ever), leave_s=0.2) as server:
            for goodbye in (b"", b"garbage"):
                async with await connect(server.port) as stream:
                    await stream.send_all(b"GET /stream HTTP/1.1\r\nHost: x\r\n\r\n" + goodbye)
                    await stream.receive_some(100)
                await server.empty()
            assert await server.is_alive()
