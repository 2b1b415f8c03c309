"""Starting, stopping and what stands in the log; and, slowly, that memory stays bounded."""

import multiprocessing
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import pytest
import structlog
import trio
from quart import websocket as quart_websocket
from quart_trio import QuartTrio
from structlog.testing import capture_logs

from gateway import serving
from gateway.serving import CannotListen, PortBusy, serve
from tests.gateway.raw_sockets import (
    CLOSE,
    GET,
    PATIENCE_S,
    TEXT,
    connect,
    drain,
    receive_until,
    running,
    talk,
    websocket,
)

SLOW_GET = b"GET /slow HTTP/1.1\r\nHost: x\r\n\r\n"
MEBIBYTE = 2**20


class SlowApp(QuartTrio):
    """Answers /hello at once, /slow when it is told to, and notes what became of /slow."""

    def __init__(self) -> None:
        super().__init__("tests")
        self.asked = trio.Event()
        self.told = trio.Event()
        self.outcome = ""
        self.add_url_rule("/hello", view_func=self.hello)
        self.add_url_rule("/slow", view_func=self.slow)

    async def hello(self) -> str:
        return "hello"

    async def slow(self) -> str:
        self.asked.set()
        try:
            await self.told.wait()
            self.outcome = "answered"
        except trio.Cancelled:
            self.outcome = "cancelled"
            raise
        return "at last"


@pytest.mark.trio
class TestStop:
    async def test_a_request_under_way_is_finished(self) -> None:
        app = SlowApp()
        async with running(app, leave_s=0.1) as server, await connect(server.port) as stream:
            await stream.send_all(SLOW_GET)
            await app.asked.wait()
            server.shutdown.set()
            await trio.sleep(0.1)
            app.told.set()
            assert (await drain(stream)).endswith(b"at last")
            with trio.fail_after(PATIENCE_S):
                await server.stopped.wait()

    async def test_a_request_that_takes_too_long_is_cancelled(self) -> None:
        app = SlowApp()
        async with running(app, stop_deadline_s=0.2) as server, await connect(server.port) as stream:
            await stream.send_all(SLOW_GET)
            await app.asked.wait()
            server.shutdown.set()
            with trio.fail_after(2):  # hypercorn's own patience is 3 s: ours counts
                assert await drain(stream) == b""
                await server.stopped.wait()
        assert app.outcome == "cancelled"

    async def test_idle_connections_are_closed_at_once(self) -> None:
        with capture_logs() as logs:
            async with (
                running(SlowApp(), stop_deadline_s=60) as server,
                await connect(server.port) as used,
                await connect(server.port) as fresh,
            ):
                await used.send_all(GET)
                await receive_until(used, b"hello")
                server.shutdown.set()
                assert await drain(used) == b""
                assert await drain(fresh) == b""
                with trio.fail_after(PATIENCE_S):
                    await server.stopped.wait()
        assert logs == []  # nothing had to be cut

    async def test_nobody_is_served_after_the_stop(self) -> None:
        async with running(SlowApp()) as server:
            server.shutdown.set()
            await server.stopped.wait()
            with pytest.raises(OSError, match="refused"):
                await connect(server.port)

    async def test_a_handler_may_close_its_socket_with_a_reason(self) -> None:
        app = QuartTrio("tests")
        stopping = trio.Event()

        @app.websocket("/socket")
        async def wait() -> None:
            await quart_websocket.accept()
            await stopping.wait()
            await quart_websocket.close(1001, "the server stops")

        async with running(app) as server, websocket(server.port) as client:
            server.shutdown.set()
            stopping.set()
            assert await client.receive_message() == (CLOSE, (1001).to_bytes(2, "big") + b"the server stops")

    async def test_an_app_that_does_not_end_is_cut(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(serving, "STOP_S", 0.3)

        async def endless(scope: Any, receive: Any, send: Any) -> None:
            await receive()
            await send({"type": "lifespan.startup.complete"})
            await trio.sleep_forever()

        with capture_logs() as logs:
            async with running(endless):
                pass
        assert [entry["event"] for entry in logs] == ["server_cut"]


@pytest.mark.trio
class TestStart:
    async def test_a_busy_port_is_told_in_a_sentence(self) -> None:
        async with running(SlowApp()) as server:
            with pytest.raises(PortBusy, match=f"Port {server.port} on 127.0.0.1 is in use: .*") as caught:
                await serve(SlowApp(), host="127.0.0.1", port=server.port, shutdown=trio.Event())
            assert caught.value.__cause__ is None
            assert caught.value.__suppress_context__

    async def test_a_foreign_address_is_told_in_a_sentence(self) -> None:
        with pytest.raises(CannotListen, match=r"^192\.0\.2\.1 is not an address of this machine"):
            await serve(SlowApp(), host="192.0.2.1", port=0, shutdown=trio.Event())

    async def test_the_port_is_free_again_at_once(self) -> None:
        async with running(SlowApp()) as first, await connect(first.port) as stream:
            await stream.send_all(GET)
            await receive_until(stream, b"hello")
        shutdown = trio.Event()
        async with trio.open_nursery() as nursery:

            async def again(task_status: trio.TaskStatus[int] = trio.TASK_STATUS_IGNORED) -> None:
                await serve(SlowApp(), host="127.0.0.1", port=first.port, shutdown=shutdown, task_status=task_status)

            assert await nursery.start(again) == first.port
            shutdown.set()

    async def test_an_app_that_cannot_start_frees_the_port(self) -> None:
        app = SlowApp()

        @app.before_serving
        async def fail() -> None:
            raise RuntimeError("no database")

        port = free_port()
        with pytest.RaisesGroup(pytest.RaisesExc(Exception, match="no database"), flatten_subgroups=True):
            await serve(app, host="127.0.0.1", port=port, shutdown=trio.Event())
        serving.listen("127.0.0.1", port).close()

    async def test_over_ipv6(self) -> None:
        if not socket.has_ipv6:
            pytest.skip("this machine has no IPv6")
        with serving.listen("::1", 0) as listener:
            assert listener.getsockname()[1] > 0

    async def test_child_processes_do_not_inherit_the_port(self) -> None:
        with serving.listen("127.0.0.1", 0) as listener:
            assert not listener.get_inheritable()


def free_port() -> int:
    with serving.listen("127.0.0.1", 0) as listener:
        port: int = listener.getsockname()[1]
        return port


@pytest.mark.trio
class TestLog:
    async def test_a_request_leaves_no_line(self, capfd: pytest.CaptureFixture[str]) -> None:
        with capture_logs() as logs:
            async with running(SlowApp()) as server, websocket_of_nobody(server.port):
                assert await server.is_alive()
        assert logs == []
        assert capfd.readouterr() == ("", "")

    async def test_a_failing_app_leaves_a_line_without_the_clients_words(self) -> None:
        async def failing(scope: Any, receive: Any, send: Any) -> None:
            if scope["type"] == "http":
                raise ValueError(scope["query_string"])
            await receive()
            await send({"type": "lifespan.startup.complete"})
            await receive()
            await send({"type": "lifespan.shutdown.complete"})

        with capture_logs() as logs:
            async with running(failing) as server:
                said = await talk(server.port, b"GET /?token=secret HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        assert said.startswith(b"HTTP/1.1 500")
        assert [(entry["event"], entry["errors"][0]["type"]) for entry in logs] == [("server", "ValueError")]
        assert "secret" not in repr(logs)

    async def test_hypercorn_is_not_advertised(self) -> None:
        async with running(SlowApp()) as server:
            assert b"hypercorn" not in (await talk(server.port, b"GET /hello HTTP/1.0\r\n\r\n")).lower()


@asynccontextmanager
async def websocket_of_nobody(port: int) -> AsyncIterator[None]:
    """A connection that comes and goes without a word."""
    async with await connect(port):
        yield


def broadcasting_app() -> QuartTrio:
    """Pushes each message to every socket through an outbox of 100; a full outbox loses what comes."""
    app = QuartTrio("tests")
    outboxes: set[trio.MemorySendChannel[str | bytes]] = set()

    @app.websocket("/socket")
    async def socket_of_one() -> None:
        sender, outbox = trio.open_memory_channel[str | bytes](100)

        async def push() -> None:
            async for message in outbox:
                await quart_websocket.send(message)

        await quart_websocket.accept()
        async with trio.open_nursery() as nursery:
            outboxes.add(sender)
            nursery.start_soon(push)
            try:
                while True:
                    offer_to_all(await quart_websocket.receive())
            finally:
                outboxes.discard(sender)

    def offer_to_all(message: str | bytes) -> None:
        for sender in outboxes:
            with suppress(trio.WouldBlock):
                sender.send_nowait(message)

    return app


def serve_broadcasts(to_parent: Connection) -> None:
    """The child process of the memory test: its memory is the server's alone."""
    structlog.configure(processors=[structlog.processors.KeyValueRenderer()])

    async def main() -> None:
        async with trio.open_nursery() as nursery:
            to_parent.send(await nursery.start(serve_forever))

    async def serve_forever(task_status: trio.TaskStatus[int] = trio.TASK_STATUS_IGNORED) -> None:
        await serve(broadcasting_app(), host="127.0.0.1", port=0, shutdown=trio.Event(), task_status=task_status)

    trio.run(main)


def resident_bytes(pid: int | None) -> int:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1024
    raise AssertionError("no VmRSS in /proc")


async def read_for_ever(stream: trio.SocketStream) -> None:
    while await stream.receive_some(65536):
        pass


@pytest.mark.slow
@pytest.mark.trio
async def test_200_stuck_readers_and_a_flood_of_10_000_messages_stay_below_64_mebibytes() -> None:
    spawn = multiprocessing.get_context("spawn")
    from_child, to_parent = spawn.Pipe()
    child = spawn.Process(target=serve_broadcasts, args=(to_parent,), daemon=True)
    child.start()
    try:
        port = await trio.to_thread.run_sync(from_child.recv)
        assert (await talk(port, b"GET / HTTP/1.0\r\n\r\n")).startswith(b"HTTP/1.1 404")
        before = resident_bytes(child.pid)
        peak = before
        async with trio.open_nursery() as nursery:

            async def stuck(task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
                async with websocket(port, receive_buffer=4096):
                    task_status.started()
                    await trio.sleep_forever()

            for _ in range(200):
                await nursery.start(stuck)

            async def watch_memory() -> None:
                nonlocal peak
                while True:
                    peak = max(peak, resident_bytes(child.pid))
                    await trio.sleep(0.05)

            nursery.start_soon(watch_memory)
            async with websocket(port) as flooder, trio.open_nursery() as reader:
                reader.start_soon(read_for_ever, flooder.stream)
                for number in range(10_000):
                    await flooder.send(TEXT, f"{number:08}".encode() * 125)
                await trio.sleep(1)
                reader.cancel_scope.cancel()
            nursery.cancel_scope.cancel()
        print(f"grew by {(peak - before) / MEBIBYTE:.1f} MiB from {before / MEBIBYTE:.1f} MiB")
        assert peak - before < 64 * MEBIBYTE
        assert (await talk(port, b"GET / HTTP/1.0\r\n\r\n")).startswith(b"HTTP/1.1 404")
    finally:
        child.kill()
        child.join()
        from_child.close()
        to_parent.close()
