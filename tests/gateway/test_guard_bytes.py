"""Bytes that are no request of ours, those included that end an unguarded hypercorn."""

import resource
from typing import Any, ClassVar

import pytest
import trio
from structlog.testing import capture_logs

from tests.gateway.guard_apps import (
    EXPECT_100,
    HTTP2_CONNECT,
    HTTP2_DATA,
    HTTP2_POST,
    HTTP2_PREFACE,
    HTTP2_SETTINGS,
    SMALL_BUFFER,
    Handler,
    echo,
    quart_app,
    raw_app,
    reject,
)
from tests.gateway.raw_sockets import (
    GET,
    TEXT,
    UPGRADE,
    connect,
    drain,
    flood,
    receive_until,
    reset,
    running,
    talk,
    websocket,
)

pytestmark = pytest.mark.trio


class TestCrashes:
    """Each of these bytes ends the whole process of an unguarded hypercorn 0.18."""

    CRASHES: ClassVar = {
        "websocket upgrade with bytes behind it": ([UPGRADE + b"\r\nbytes"], b"400"),
        "websocket upgrade with a body": ([UPGRADE + b"Content-Length: 5\r\n\r\nbytes"], b"400"),
        "websocket protocol outside ASCII": ([UPGRADE + b"Sec-WebSocket-Protocol: \xe9\r\n\r\n"], b"400"),
        "http2 data after an early answer": ([HTTP2_PREFACE + HTTP2_SETTINGS + HTTP2_POST, HTTP2_DATA], b"505"),
        "http2 connect without a path": ([HTTP2_PREFACE + HTTP2_SETTINGS + HTTP2_CONNECT], b"505"),
        "upgrade to http2": (
            [GET[:-2] + b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAAA\r\n\r\n" + GET],
            b"200",
        ),
    }

    @pytest.mark.parametrize(("parts", "status"), CRASHES.values(), ids=CRASHES.keys())
    async def test_is_answered_and_hurts_nobody(self, parts: list[bytes], status: bytes) -> None:
        keep_alive_s = 0.3  # ends the one connection that is in order
        async with running(quart_app(), keep_alive_s=keep_alive_s) as server, websocket(server.port) as bystander:
            with capture_logs() as logs:
                said = await talk(server.port, *parts)
            assert said.startswith(b"HTTP/1.1 " + status)
            assert await server.is_alive()
            await bystander.send(TEXT, b"still here?")
            assert await bystander.receive_message() == (TEXT, b"still here?")
            assert logs == []

    @pytest.mark.parametrize("on_socket", [echo, reject])
    async def test_bytes_behind_an_upgrade_may_race_with_the_handlers_answer(self, on_socket: Handler) -> None:
        """Which of the two is first is up to trio, which draws lots: a dozen times brings both."""
        async with running(raw_app(on_socket), leave_s=0.2) as server:
            with capture_logs() as logs:
                for _ in range(12):
                    said = await talk(server.port, UPGRADE + b"\r\nbytes")
                    assert said[:12] in {b"HTTP/1.1 101", b"HTTP/1.1 400", b"HTTP/1.1 401"}
            await server.empty()
            assert await server.is_alive()
            assert logs == []

    async def test_bytes_that_come_while_the_handler_refuses(self) -> None:
        async def refuse_at_length(scope: Any, receive: Any, send: Any) -> None:
            headers = [(b"x", b"a" * 1_000_000)]  # too much for the client's buffer: the answer is half way
            await send({"type": "websocket.http.response.start", "status": 401, "headers": headers})
            await send({"type": "websocket.http.response.body", "body": b"no"})

        async with running(raw_app(refuse_at_length), leave_s=1) as server:
            with capture_logs() as logs:
                async with await connect(server.port, SMALL_BUFFER) as stream:
                    await stream.send_all(UPGRADE + b"\r\n")
                    await trio.sleep(0.1)
                    await stream.send_all(b"bytes")
                    assert (await drain(stream)).startswith(b"HTTP/1.1 401")
                await server.empty()
            assert await server.is_alive()
            assert logs == []

    async def test_what_nobody_foresaw_is_logged_without_the_clients_words(self) -> None:
        async def accept_nonsense(scope: Any, receive: Any, send: Any) -> None:
            await send({"type": "websocket.accept", "subprotocol": "never offered"})  # hypercorn's clean-up raises too

        async with running(raw_app(accept_nonsense)) as server:
            with capture_logs() as logs:
                assert await talk(server.port, UPGRADE.replace(b"/socket", b"/socket?token=secret") + b"\r\n") == b""
                await server.empty()
            assert [entry["event"] for entry in logs] == ["server", "connection_failed"]
            assert "AttributeError" in repr(logs[1])
            assert "secret" not in repr(logs)
            assert await server.is_alive()


class TestHeads:
    """Bytes that are no request of ours get a clear status."""

    HEADS: ClassVar = {
        "TLS": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", b"400"),
        "no host": (b"GET / HTTP/1.1\r\n\r\n", b"400"),
        "a head without end": (b"GET / HTTP/1.1\r\nX: " + b"a" * 200_000, b"431"),
        "NUL in a header": (b"GET / HTTP/1.1\r\nHost: x\r\nX: a\0b\r\n\r\n", b"400"),
        "an empty path": (b"GET ?x HTTP/1.1\r\nHost: x\r\n\r\n", b"400"),
        "a tunnel": (b"CONNECT x:80 HTTP/1.1\r\nHost: x\r\n\r\n", b"400"),
        "version 3.7": (b"GET / HTTP/3.7\r\nHost: x\r\n\r\n", b"505"),
        "two lengths": (b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", b"400"),
        "a negative length": (b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n", b"400"),
        "a bad chunk": (b"POST /none HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", b"400"),
        "a websocket without a key": (UPGRADE.replace(b"Sec-WebSocket-Key", b"X-Key") + b"\r\n", b"400"),
        "a websocket of version 99": (UPGRADE.replace(b"Version: 13", b"Version: 99") + b"\r\n", b"400"),
        "a websocket over HTTP/1.0": (UPGRADE.replace(b"HTTP/1.1", b"HTTP/1.0") + b"\r\n", b"400"),
        "a websocket to an empty path": (UPGRADE.replace(b"/socket", b"?x") + b"\r\n", b"400"),
        "a websocket to nowhere": (UPGRADE.replace(b"/socket", b"/nowhere") + b"\r\n", b"404"),
    }

    @pytest.mark.parametrize(("head", "status"), HEADS.values(), ids=HEADS.keys())
    async def test_gets_a_status_and_a_close(self, head: bytes, status: bytes) -> None:
        async with running(quart_app()) as server:
            with capture_logs() as logs:
                assert (await talk(server.port, head)).startswith(b"HTTP/1.1 " + status)
            await server.empty()
            assert await server.is_alive()
            assert logs == []

    async def test_a_reset_before_the_promised_100_is_no_news(self) -> None:
        """The handler's clean-up runs on a dead line then; about every second of these made it raise."""
        async with running(quart_app()) as server:
            with capture_logs() as logs:
                for _ in range(20):
                    stream = await connect(server.port)
                    await stream.send_all(EXPECT_100)
                    reset(stream)
                await server.empty()
            assert logs == []

    async def test_what_follows_garbage_is_dropped(self) -> None:
        async with running(quart_app(), leave_s=0.3) as server, await connect(server.port) as stream:
            await stream.send_all(b"garbage\r\n\r\n")
            await receive_until(stream, b'spoken here"}')
            before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
            await flood(stream, bytes(2**20))
            assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 32 * 1024  # KiB

    async def test_a_reset_in_the_middle_of_a_head(self) -> None:
        async with running(quart_app()) as server:
            stream = await connect(server.port)
            await stream.send_all(GET[:20])
            reset(stream)
            await server.empty()
            assert await server.is_alive()
