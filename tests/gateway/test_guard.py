"""What one client does must not reach the others: raw bytes against a real server."""

import hashlib
import random
import resource
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any, ClassVar

import pytest
import trio
from quart import Quart
from quart import websocket as quart_websocket
from quart_trio import QuartTrio
from structlog.testing import capture_logs

from gateway.guard import describe, leaves
from tests.gateway.raw_sockets import (
    BINARY,
    CLOSE,
    GET,
    PATIENCE_S,
    PING,
    PONG,
    TEXT,
    UPGRADE,
    connect,
    drain,
    flood,
    frame,
    frame_head,
    receive_until,
    reset,
    running,
    talk,
    websocket,
)

pytestmark = pytest.mark.trio

Handler = Callable[[Any, Any, Any], Awaitable[None]]
SMALL_BUFFER = 4096
SENDS_MAX = 200_000  # "for ever", but bounded: a frozen loop shall fail a test, not hang it
EXPECT_100 = b"POST /none HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\nhello"
HTTP2_PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
HTTP2_SETTINGS = bytes.fromhex("000000040000000000")
HTTP2_POST = bytes.fromhex("00000c010400000001") + b"\x83\x86\x44\x05/none\x41\x01x"  # HEADERS: POST http x /none
HTTP2_DATA = bytes.fromhex("000004000000000001") + b"late"
HTTP2_CONNECT = bytes.fromhex("00000c010400000001") + b"\x42\x07CONNECT\x41\x01x"  # HEADERS without a :path


def raw_app(on_socket: Handler | None = None, on_http: Handler | None = None) -> Any:
    """An ASGI app as bare as can be: no framework that would catch a fault before the guard."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            for word in ("startup", "shutdown"):
                await receive()
                await send({"type": f"lifespan.{word}.complete"})
        elif scope["type"] == "websocket":
            await receive()
            await (on_socket or echo)(scope, receive, send)
        elif scope["path"] == "/hello":
            await answer(send, b"hello")
        else:
            assert on_http is not None
            await on_http(scope, receive, send)

    return app


async def answer(send: Any, body: bytes, headers: tuple[tuple[bytes, bytes], ...] = ()) -> None:
    length = (b"content-length", str(len(body)).encode())
    await send({"type": "http.response.start", "status": 200, "headers": [length, *headers]})
    await send({"type": "http.response.body", "body": body, "more_body": False})


async def echo(scope: Any, receive: Any, send: Any) -> None:
    await send({"type": "websocket.accept"})
    while (event := await receive())["type"] == "websocket.receive":
        await send({"type": "websocket.send", "text": event["text"], "bytes": event["bytes"]})


async def reject(scope: Any, receive: Any, send: Any) -> None:
    await send({"type": "websocket.http.response.start", "status": 401, "headers": []})
    await send({"type": "websocket.http.response.body", "body": b"no"})


async def accept_and_sleep(scope: Any, receive: Any, send: Any) -> None:
    await send({"type": "websocket.accept"})
    await trio.sleep_forever()


async def pump(scope: Any, receive: Any, send: Any) -> None:
    await send({"type": "websocket.accept"})
    for _ in range(SENDS_MAX):
        await send({"type": "websocket.send", "bytes": bytes(65536)})


def quart_app() -> Quart:
    app = QuartTrio("tests")

    @app.get("/hello")
    async def hello() -> str:
        return "hello"

    @app.get("/slow")
    async def slow() -> str:
        await trio.sleep(0.5)
        return "at last"

    @app.post("/none")
    async def none() -> tuple[str, int]:
        return "", 403

    @app.websocket("/socket")
    async def echo_socket() -> None:
        while True:
            await quart_websocket.send(await quart_websocket.receive())

    @app.websocket("/pump")
    async def pump_socket() -> None:
        for _ in range(SENDS_MAX):
            await quart_websocket.send("x" * 1000)

    return app


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


class TestDeadPeers:
    LIMITS: ClassVar = {"ping_interval_s": 0.15, "pong_deadline_s": 0.35}

    async def test_who_answers_no_ping_is_closed(self) -> None:
        async with running(raw_app(), **self.LIMITS) as server, websocket(server.port) as client:
            received = [
                await client.receive() for _ in range(6)
            ]  # it is cut after the second ping and before the sixth
            assert received[:2] == [(PING, b"")] * 2
            assert received[-1] == (CLOSE, b"")
            await server.empty()

    async def test_who_answers_pings_stays(self) -> None:
        async with running(raw_app(), **self.LIMITS) as server, websocket(server.port) as client:
            for _ in range(5):
                assert await client.receive() == (PING, b"")
                await client.send(PONG)
            await client.send(TEXT, b"still here")
            assert await client.receive_message() == (TEXT, b"still here")

    async def test_the_handler_of_a_dead_peer_is_told(self) -> None:
        told: list[str] = []

        async def listen(scope: Any, receive: Any, send: Any) -> None:
            await send({"type": "websocket.accept"})
            told.append((await receive())["type"])

        async with running(raw_app(listen), **self.LIMITS) as server, websocket(server.port):
            await server.empty()
        assert told == ["websocket.disconnect"]

    async def test_a_slow_handler_does_not_make_its_client_dead(self) -> None:
        """While the queue is full nothing is read; what the peer said meanwhile counts once there is room again."""

        async def slow_echo(scope: Any, receive: Any, send: Any) -> None:
            await send({"type": "websocket.accept"})
            await trio.sleep(0.8)
            while (event := await receive())["type"] == "websocket.receive":
                await send({"type": "websocket.send", "text": event["text"]})

        async with running(raw_app(slow_echo), **self.LIMITS) as server, websocket(server.port) as client:
            for number in range(40):
                await client.send(TEXT, str(number).encode())
            for number in range(40):
                assert await client.receive_message() == (TEXT, str(number).encode())


class TestMessages:
    async def test_an_offer_of_deflate_is_not_accepted(self) -> None:
        offer = b"Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n"
        async with running(quart_app()) as server, websocket(server.port, headers=offer) as client:
            assert b"extensions" not in client.head.lower()
            await client.send(TEXT, b"a" * 1000)
            assert await client.receive_message() == (TEXT, b"a" * 1000)

    @pytest.mark.parametrize("opcode", [TEXT, BINARY])
    async def test_the_longest_message_passes_and_one_more_byte_closes_with_1009(self, opcode: int) -> None:
        async with running(quart_app(), message_length_max=1000) as server, websocket(server.port) as client:
            await client.send(opcode, b"a" * 1000)
            assert await client.receive_message() == (opcode, b"a" * 1000)
            await client.send(opcode, b"a" * 1001)
            assert await client.receive_message() == (
                CLOSE,
                (1009).to_bytes(2, "big") + b"a message has at most 1000 characters",
            )
            await client.send(CLOSE, (1009).to_bytes(2, "big"))
            assert await client.receive() == (CLOSE, b"")
            await client.stream.aclose()
            await server.empty()

    async def test_1009_arrives_however_much_is_still_on_its_way(self) -> None:
        async with running(quart_app()) as server, websocket(server.port) as client:
            await client.send(BINARY, bytes(1_000_000))
            opcode, payload = await client.receive_message()
            assert (opcode, payload[:2]) == (CLOSE, (1009).to_bytes(2, "big"))

    async def test_a_message_without_end_is_cut(self) -> None:
        async with running(quart_app(), leave_s=0.3) as server, websocket(server.port) as client:
            await client.stream.send_all(frame_head(BINARY, 2**40))
            await flood(client.stream, bytes(65536))
            await server.empty()

    async def test_a_message_in_endless_fragments_is_cut(self) -> None:
        async with running(quart_app(), leave_s=0.3) as server, websocket(server.port) as client:
            await client.stream.send_all(frame(TEXT, b"a", final=False))
            await flood(client.stream, frame(0, b"a" * 100, final=False) * 100)
            await server.empty()

    BAD_FRAMES: ClassVar = {
        "bad UTF-8": (frame(TEXT, b"\xff\xff"), 1007),
        "no mask": (frame(TEXT, b"hello", masked=False), 1002),
        "an unknown opcode": (frame(5, b"hello"), 1002),
        "a fragmented ping": (frame(PING, b"", final=False), 1002),
        "a continuation of nothing": (frame(0, b"hello"), 1002),
        "reserved bits": (b"\xf1\x80\0\0\0\0", 1002),
        "a close of one byte": (frame(CLOSE, b"x"), 1002),
    }

    @pytest.mark.parametrize(("sent", "code"), BAD_FRAMES.values(), ids=BAD_FRAMES.keys())
    async def test_bytes_that_are_no_frame_are_closed_with_a_reason(self, sent: bytes, code: int) -> None:
        async with running(quart_app(), leave_s=0.3) as server, websocket(server.port) as client:
            await client.stream.send_all(sent)
            opcode, payload = await client.receive_message()
            assert opcode == CLOSE
            assert int.from_bytes(payload[:2], "big") == code
            assert len(payload) > 2
            assert await server.is_alive()

    async def test_a_close_is_answered(self) -> None:
        async with running(quart_app()) as server, websocket(server.port) as client:
            await client.send(CLOSE, (1000).to_bytes(2, "big") + b"bye")
            assert await client.receive_message() == (CLOSE, (1000).to_bytes(2, "big") + b"bye")
            assert await client.receive() == (CLOSE, b"")


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


REQUESTS = (
    GET,
    GET * 3,
    UPGRADE + b"\r\n",
    UPGRADE + b"\r\n" + frame(TEXT, b"hello") * 5,
    b"POST /none HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello" + GET,
    EXPECT_100,
    b"POST /none HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
    HTTP2_PREFACE + HTTP2_SETTINGS + HTTP2_POST + HTTP2_DATA,
)


def damaged(request: bytes, luck: random.Random) -> bytes:
    damage = bytearray(request)
    for _ in range(luck.choice((0, 1, 1, 2, 5))):
        place = luck.randrange(len(damage) + 1)
        kind = luck.randrange(3)
        if kind == 0:
            damage[place : place + 1] = luck.randbytes(1)
        elif kind == 1:
            del damage[place : place + luck.randrange(1, 8)]
        else:
            damage[place:place] = request[: luck.randrange(len(request))]
    return bytes(damage)


async def talk_nonsense(port: int, luck: random.Random) -> None:
    """One damaged request in two pieces; a few of its answer's bytes; then a close, or a reset."""
    data = damaged(luck.choice(REQUESTS), luck)
    cut = luck.randrange(len(data) + 1)
    async with await connect(port) as stream:
        with suppress(trio.BrokenResourceError), trio.move_on_after(luck.random() * 0.02):
            await stream.send_all(data[:cut])
            await trio.sleep(luck.choice((0, 0.003)))
            await stream.send_all(data[cut:])
            while await stream.receive_some(65536):
                pass
        if luck.random() < 0.3:
            reset(stream)


async def answer_or_fail(scope: Any, receive: Any, send: Any) -> None:
    assert scope["method"] != "POST"
    await answer(send, b"")


@pytest.mark.slow
@pytest.mark.parametrize("app", [quart_app(), raw_app(on_http=answer_or_fail)], ids=["quart", "raw"])
async def test_no_nonsense_gets_past_what_was_foreseen(app: Any) -> None:
    seed = random.randrange(2**32)
    print(f"seed {seed}")
    luck = random.Random(seed)
    async with running(app, leave_s=0.2, keep_alive_s=0.3, head_deadline_s=0.3) as server:
        with capture_logs() as logs:
            for _ in range(200):
                async with trio.open_nursery() as nursery:
                    for _ in range(10):
                        nursery.start_soon(talk_nonsense, server.port, luck)
            await server.empty()
        assert [entry for entry in logs if entry["event"] != "server"] == []
        assert await server.is_alive()


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
