"""Clients that read, write or do nothing for too long: they are cut, and hold up nobody."""

import hashlib
from typing import Any

import pytest
import trio

from tests.gateway.guard_apps import SMALL_BUFFER, answer, pump, quart_app, raw_app
from tests.gateway.raw_sockets import (
    GET,
    PATIENCE_S,
    PING,
    TEXT,
    connect,
    drain,
    flood,
    receive_until,
    running,
    talk,
    websocket,
)

pytestmark = pytest.mark.trio


class TestSlowClients:
    async def test_who_stops_reading_is_cut(self) -> None:
        async with (
            running(raw_app(pump), send_deadline_s=0.3) as server,
            websocket(server.port, receive_buffer=SMALL_BUFFER),
        ):
            assert server.guard.connections == 1
            await server.empty()
            assert await server.is_alive()

    async def test_who_stops_reading_is_cut_although_its_own_messages_wait_unread(self) -> None:
        async with (
            running(raw_app(pump), send_deadline_s=0.3) as server,
            websocket(server.port, receive_buffer=SMALL_BUFFER) as client,
        ):
            for _ in range(50):
                await client.send(TEXT, b"a queue of ten takes no more")
            await server.empty()

    async def test_a_long_answer_may_take_longer_than_the_deadline_while_it_moves(self) -> None:
        body = bytes(range(256)) * 4 * 12_000

        async def long_answer(scope: Any, receive: Any, send: Any) -> None:
            await answer(send, body, headers=((b"connection", b"close"),))

        async with (
            running(raw_app(on_http=long_answer), send_deadline_s=0.5) as server,
            await connect(server.port, SMALL_BUFFER) as stream,
        ):
            await stream.send_all(b"GET /long HTTP/1.1\r\nHost: x\r\n\r\n")
            start = trio.current_time()
            said = bytearray()
            while data := await stream.receive_some(65536):
                said += data
                if len(said) % 10 == 0:
                    await trio.sleep(0.001)
                if trio.current_time() - start < 1:
                    await trio.sleep(0.01)  # the first second brings little
            assert hashlib.sha256(said[-len(body) :]).digest() == hashlib.sha256(body).digest()

    async def test_stuck_readers_do_not_hold_up_a_stop(self) -> None:
        async with running(raw_app(pump), send_deadline_s=60, stop_deadline_s=0.3) as server, trio.open_nursery() as n:

            async def stuck(task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
                async with websocket(server.port, receive_buffer=SMALL_BUFFER):
                    task_status.started()
                    await trio.sleep_forever()

            for _ in range(20):
                await n.start(stuck)
            await trio.sleep(0.2)
            server.shutdown.set()
            with trio.fail_after(PATIENCE_S):
                await server.stopped.wait()
            assert server.guard.connections == 0
            n.cancel_scope.cancel()

    async def test_a_handler_may_answer_without_reading_the_body(self) -> None:
        """Unguarded, the handler waits for room in the queue that it alone could empty."""

        async def answer_at_once(scope: Any, receive: Any, send: Any) -> None:
            await trio.sleep(0.1)  # the queue is full by then
            await answer(send, b"no")

        async with running(raw_app(on_http=answer_at_once), leave_s=0.2) as server:
            async with await connect(server.port) as stream:
                await stream.send_all(b"POST /full HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000000\r\n\r\n")
                await flood(stream, bytes(65536))
            await server.empty()

    async def test_a_head_that_comes_byte_by_byte_is_not_waited_for(self) -> None:
        async with running(quart_app(), head_deadline_s=0.3) as server, await connect(server.port) as stream:
            await flood(stream, b"G", pause_s=0.05)
            await server.empty()

    async def test_a_connection_that_says_nothing_is_closed(self) -> None:
        async with running(quart_app(), head_deadline_s=0.2) as server, await connect(server.port) as stream:
            assert await drain(stream) == b""

    async def test_an_idle_connection_is_kept_for_a_while_and_then_closed(self) -> None:
        async with running(quart_app(), keep_alive_s=0.5) as server, await connect(server.port) as stream:
            for _ in range(3):
                await stream.send_all(GET)
                await receive_until(stream, b"hello")
                await trio.sleep(0.2)
            assert await drain(stream) == b""
            await server.empty()

    async def test_a_request_under_way_is_not_idle(self) -> None:
        async with running(quart_app(), keep_alive_s=0.1, head_deadline_s=0.1) as server:
            assert (await talk(server.port, b"GET /slow HTTP/1.1\r\nHost: x\r\n\r\n")).endswith(b"at last")

    async def test_a_client_that_has_gone_leaves_nothing_behind(self) -> None:
        """Unguarded, an idle timer keeps its socket open for the whole keep-alive time."""
        async with running(quart_app(), keep_alive_s=60, head_deadline_s=60, leave_s=60) as server:
            async with await connect(server.port):
                pass
            await server.empty()
            async with await connect(server.port) as stream:
                await stream.send_all(GET)
                await receive_until(stream, b"hello")
            await server.empty()
            async with websocket(server.port) as client:
                assert await client.receive() == (PING, b"")
            await server.empty()
            assert await server.is_alive()  # a last answer, after which the server hangs up first
            await server.empty()
