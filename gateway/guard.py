"""Keeps one bad connection from hurting the others: hypercorn's connection, protocol and socket stream, holes closed.

    what a client does                        what happens
    ----------------------------------------  -----------------------------------------------------------------
    anything that raises, known or not        logged without its bytes, this connection closed, the others go on
    stops reading                             cut when a send makes no way for `send_deadline_s`
    leaves while its handler still sends      each send lets the others run; the handler is cancelled in `leave_s`
    vanishes without a word (WebSocket)       pinged, and cut when silent for `pong_deadline_s` after a ping
    opens and sends no whole head             closed after `head_deadline_s`; between requests after `keep_alive_s`
    is one too many                           closed at once and counted
    speaks HTTP/2 or sends garbage            505 or 400; on a WebSocket a close frame that says why
    sends a message without end               closed with 1009, nothing above the limit is kept
    offers permessage-deflate                 not accepted: it costs CPU and 300 KB a connection

A connection has one life, a cancel scope around all its tasks. Whoever finds it dead cancels that; `_watch` then closes
the socket, which frees even a shielded send. So nothing that a client does or omits can hold up a stop of the server.
"""

import resource
import traceback
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from typing import Any

import h11
import hypercorn.protocol.h11
import hypercorn.trio.run
import msgspec
import structlog
import trio
from hypercorn.config import Config
from hypercorn.events import Closed, Event, RawData, Updated
from hypercorn.protocol.events import Event as StreamEvent
from hypercorn.protocol.events import StreamClosed
from hypercorn.protocol.h11 import H11Protocol, H11WSConnection
from hypercorn.trio.task_group import TaskGroup
from hypercorn.trio.tcp_server import MAX_RECV, TCPServer
from hypercorn.typing import (
    AppWrapper,
    ASGIReceiveEvent,
    ASGISendEvent,
    ConnectionState,
    H11SendableEvent,
    Scope,
)

from gateway.guarded_websocket import TEXTS, GuardedWSStream

log = structlog.get_logger()

SEND_DEADLINE_S = 10.0  # the contract's number
SEND_CHUNK_BYTES = 2**16  # the deadline is for each: a slow line may be long over a long answer, a stuck one may not
STOP_DEADLINE_S = 2.0  # what is still open when the server stops is cut after it
LEAVE_S = 2.0  # between "this client is gone" and the end of its handler and socket, whatever they are doing
HEAD_DEADLINE_S = 10.0  # browsers open connections ahead of need; a request that comes later opens another
KEEP_ALIVE_S = 75.0  # proxies and clients usually give up an idle connection after 60 s: let it be them
PING_INTERVAL_S = 15.0  # the odds specification's number, for every socket
PONG_DEADLINE_S = 10.0  # a peer that is there answers in one round trip; 10 s forgive a phone its dead spot
CONNECTIONS_MAX = 4096  # 45 KB each as an idle WebSocket under Quart (measured); one above it is closed at once
FILES_RESERVED = 128  # file descriptors that connections leave to the database, logs and child processes
MESSAGE_LENGTH_MAX = 64 * 1024  # bytes, or characters of text: some hundred orders; one above it closes with 1009

DECODED_HEADERS = frozenset({b"connection", b"sec-websocket-protocol"})  # hypercorn reads these as ASCII
TARGET_FORMS = (b"/", b"http://", b"https://", b"*")


class Limits(msgspec.Struct, frozen=True):
    """How long and how much a server bears with its clients."""

    send_deadline_s: float = SEND_DEADLINE_S
    stop_deadline_s: float = STOP_DEADLINE_S
    leave_s: float = LEAVE_S
    head_deadline_s: float = HEAD_DEADLINE_S
    keep_alive_s: float = KEEP_ALIVE_S
    ping_interval_s: float = PING_INTERVAL_S
    pong_deadline_s: float = PONG_DEADLINE_S
    connections_max: int = CONNECTIONS_MAX
    message_length_max: int = MESSAGE_LENGTH_MAX


class Guard:
    """What the connections of one server share: their limits, and how many of them there are."""

    def __init__(self, limits: Limits | None = None) -> None:
        self.limits = limits or Limits()
        files_max, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
        self.connections_max = min(self.limits.connections_max, files_max - FILES_RESERVED)
        self.connections = 0
        self.refused = 0


class GuardedConfig(Config):
    """Hypercorn's settings, carrying the guard to the connections."""

    def __init__(self, guard: Guard) -> None:
        self.guard = guard


def install_guard() -> None:
    """Make hypercorn build guarded connections from now on, in the whole process."""
    hypercorn.trio.run.TCPServer = GuardedTCPServer  # type: ignore[attr-defined, assignment]  # there is no setting
    hypercorn.protocol.h11.WSStream = GuardedWSStream  # type: ignore[attr-defined, assignment]  # the same


NOT_HTTP = "this is not a request that can be read: HTTP/1.1 is spoken here"
ERROR_CODES = {431: "TOO_LARGE", 501: "METHOD_NOT_ALLOWED"}  # the others are MALFORMED


class GuardedTCPServer(TCPServer):
    """One connection, from its accept to its close."""

    protocol: "GuardedH11"  # type: ignore[assignment]  # never wrapped: there is no HTTP/2 to change to

    def __init__(self, app: AppWrapper, config: Config, context: Any, state: Any, stream: trio.SocketStream) -> None:
        super().__init__(app, config, context, state, stream)  # type: ignore[arg-type]  # hypercorn's hint says TLS only
        self.guard = config.guard if isinstance(config, GuardedConfig) else Guard()
        self.limits = self.guard.limits
        self.life = trio.CancelScope()
        self.reading = trio.CancelScope()
        self.quiet_until = trio.current_time() + self.limits.head_deadline_s
        self.idle = True
        self.leaving = False
        self.sends = 0

    async def run(self) -> None:
        if self.guard.connections >= self.guard.connections_max:
            if self.guard.refused == 0:
                log.warning(
                    "connections_full", connections_max=self.guard.connections_max, note="more are only counted"
                )
            self.guard.refused += 1
            return await trio.aclose_forcefully(self.stream)
        self.guard.connections += 1
        try:
            with self.life:
                await self._live()
        except* (OSError, trio.BrokenResourceError, trio.ClosedResourceError):
            pass  # The client went away in the middle of something.
        except* Exception as errors:  # noqa: BLE001  # this is the wall between a connection and all others
            log.error("connection_failed", errors=[describe(error) for error in leaves(errors)])
        finally:
            self.guard.connections -= 1
            await trio.aclose_forcefully(self.stream)

    async def _live(self) -> None:
        socket = self.stream.socket
        client, server = socket.getpeername()[:2], socket.getsockname()[:2]
        async with trio.open_nursery() as watch:
            watch.start_soon(self._watch)
            async with ConnectionTasks(self) as tasks:
                self.protocol = GuardedH11(
                    self.app,
                    self.config,
                    self.context,
                    tasks,
                    ConnectionState(self.state),
                    False,
                    client,
                    server,
                    self.protocol_send,
                )
                await self._read_data()
            watch.cancel_scope.cancel()

    async def _watch(self) -> None:
        """Close an idle connection when the server stops, and any connection whose life is cancelled."""
        try:
            await self.context.terminated.wait()
            if self.idle:
                self.life.cancel()
            await trio.sleep_forever()
        finally:
            await trio.aclose_forcefully(self.stream)

    async def protocol_send(self, event: Event) -> None:
        if isinstance(event, RawData):
            await self._send_data(event.data)
        elif isinstance(event, Closed):
            await self._leave()
        elif isinstance(event, Updated):
            self.idle = event.idle
            self.quiet_until = trio.current_time() + self.limits.keep_alive_s if event.idle else float("inf")
            self.reading.deadline = self.quiet_until

    async def _send_data(self, data: bytes) -> None:
        async with self.send_lock:
            self.sends += 1
            try:
                for start in range(0, len(data), SEND_CHUNK_BYTES):
                    # Shielded, because a handler that is cancelled here would leave half a frame to whoever sends next.
                    with trio.fail_after(self.limits.send_deadline_s, shield=True):
                        await self.stream.send_all(data[start : start + SEND_CHUNK_BYTES])
            except (trio.TooSlowError, trio.BrokenResourceError, trio.ClosedResourceError):
                self.life.cancel()

    async def _leave(self) -> None:
        """Say that nothing more comes and let the client's rest run dry.

        A close with unread bytes resets the connection, and the reset can overtake and destroy our last word.
        """
        self._end_soon()
        with suppress(trio.BrokenResourceError, trio.ClosedResourceError):
            async with self.send_lock:
                await self.stream.send_eof()
        await self.protocol.handle(Closed())

    def _end_soon(self) -> None:
        self.leaving = True
        self.life.deadline = min(self.life.deadline, trio.current_time() + self.limits.leave_s)

    async def _read_data(self) -> None:
        data = b"first"
        while data:
            data = b""  # also what silence and a broken line amount to
            self.reading = trio.CancelScope(deadline=self._patient_until())
            with suppress(trio.BrokenResourceError, trio.ClosedResourceError), self.reading:
                data = bytes(await self.stream.receive_some(MAX_RECV))
            if not self.leaving:
                await self.protocol.handle(RawData(data))
        self._end_soon()
        await self.protocol.handle(Closed())

    def _patient_until(self) -> float:
        """Until when the client may be silent.

        On a WebSocket any byte counts as a pong: a peer that is there answers pings, one that is gone sends nothing.
        """
        if isinstance(self.protocol.connection, H11WSConnection):
            return trio.current_time() + self.limits.ping_interval_s + self.limits.pong_deadline_s
        return self.quiet_until


class ConnectionTasks(TaskGroup):
    """The tasks of one connection; here the app gets a `send` and a `receive` that it cannot use wrongly."""

    def __init__(self, connection: GuardedTCPServer) -> None:
        super().__init__()
        self.connection = connection

    async def spawn_app(
        self, app: AppWrapper, config: Config, scope: Scope, send: Callable[[ASGISendEvent | None], Awaitable[None]]
    ) -> Callable[[ASGIReceiveEvent], Awaitable[None]]:
        connection = self.connection

        async def send_and_yield(message: ASGISendEvent | None) -> None:
            sends = connection.sends
            if not connection.life.cancel_called:
                await send(message)
            if connection.sends == sends:
                # Nothing left the house, so nothing was waited for: a loop of such sends would stop the whole process.
                await trio.lowlevel.checkpoint()

        if scope["type"] == "websocket":
            scope["extensions"][TEXTS] = {}
        queue = await super().spawn_app(app, config, scope, send_and_yield)

        async def queue_in_time(event: ASGIReceiveEvent) -> None:
            if not event["type"].endswith(".disconnect"):
                await queue(event)
                return
            with trio.move_on_after(connection.limits.leave_s) as farewell:
                await queue(event)
            if farewell.cancelled_caught:
                connection.life.cancel()  # Its queue is full: its handler does not listen, and need not ever.

        return queue_in_time


class GuardedH11(H11Protocol):
    """HTTP/1.1 and nothing else on a connection."""

    _head = b""  # of an answer: it leaves with what follows it, one send an answer instead of two

    async def _send_h11_event(self, event: H11SendableEvent) -> None:
        try:
            data = self._head + (self.connection.send(event) or b"")
        except h11.LocalProtocolError:
            if self.connection.their_state is not h11.ERROR:
                raise
            return
        if isinstance(event, h11.Response):
            self._head = data
        else:
            self._head = b""
            await self.send(RawData(data=data))

    async def stream_send(self, event: StreamEvent) -> None:
        if isinstance(event, StreamClosed):
            # Quart cancels a handler once its answer is out, which is here: cut in half, this would never end.
            with trio.CancelScope(shield=True):
                await super().stream_send(event)
        else:
            await super().stream_send(event)

    async def _check_protocol(self, event: h11.Request) -> None:
        """Never change to HTTP/2: hypercorn's has remote crashes. An offer to upgrade may be ignored, says RFC 9110."""

    async def _send_error_response(self, status_code: int) -> None:
        body = msgspec.json.encode({"code": ERROR_CODES.get(status_code, "MALFORMED"), "message": NOT_HTTP})
        headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
        await self._send_h11_event(h11.Response(status_code=status_code, headers=[*headers, (b"connection", b"close")]))
        await self._send_h11_event(h11.Data(data=body))
        await self._send_h11_event(h11.EndOfMessage())

    async def _create_stream(self, request: h11.Request) -> None:
        status = refusal(request)
        if status is not None:
            await self._send_error_response(status)
            await self.send(Closed())
        else:
            await super()._create_stream(without_extensions(request))


def refusal(request: h11.Request) -> int | None:
    """The status for a request that h11 lets pass, but hypercorn, wsproto or Quart would stumble over."""
    if not request.http_version.startswith(b"1."):
        return 505
    if not request.target.startswith(TARGET_FORMS):
        return 400
    names = {name for name, _ in request.headers}
    if b"content-length" in names and b"transfer-encoding" in names:
        return 400  # two readers could each see another end
    if any(name in DECODED_HEADERS and not value.isascii() for name, value in request.headers):
        return 400
    return None


def without_extensions(request: h11.Request) -> h11.Request:
    """The request without its offer of permessage-deflate; hypercorn would accept it and has no setting for that."""
    headers = [(name, value) for name, value in request.headers if name != b"sec-websocket-extensions"]
    if len(headers) == len(request.headers):
        return request
    return h11.Request(method=request.method, target=request.target, headers=headers, http_version=request.http_version)


def leaves(error: BaseException) -> Iterator[BaseException]:
    """The exceptions in a group, however deep, or the one itself."""
    if isinstance(error, BaseExceptionGroup):
        for inner in error.exceptions:
            yield from leaves(inner)
    else:
        yield error


def describe(error: BaseException) -> dict[str, str]:
    """An exception's type and place, without its message: that may quote what a client sent, a token for instance."""
    return {"type": type(error).__name__, "stack": "".join(traceback.format_tb(error.__traceback__))}
