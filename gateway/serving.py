"""Serves the app over HTTP/1.1 and WebSocket on one port, until it is told to stop."""

import errno
import socket
import sys
from typing import Any

import structlog
import trio
from hypercorn.config import Config, Sockets
from hypercorn.logging import Logger
from hypercorn.trio.run import worker_serve
from hypercorn.typing import Framework
from hypercorn.utils import wrap_app

from gateway.guard import Guard, GuardedConfig, describe, install_guard, leaves

log = structlog.get_logger()

BACKLOG = 1024  # connections that wait for their accept: a fleet of bots that reconnects at once
STOP_S = 4.5  # the whole stop, handlers that hide from cancellation excepted; the guard's own deadlines are shorter
HEAD_BYTES_MAX = 16 * 1024  # request line and headers; above it 431
FOR_EVER = 2**62  # hypercorn has no word for "keep the connection whatever the number of requests"


class CannotListen(Exception):
    """The address can't be served; the text is a sentence for the operator."""


class PortBusy(CannotListen):
    """Another process serves this port."""


async def serve(
    app: Framework,
    *,
    host: str,
    port: int,
    shutdown: trio.Event,
    guard: Guard | None = None,
    task_status: trio.TaskStatus[int] = trio.TASK_STATUS_IGNORED,
) -> None:
    """Serve until `shutdown` is set, then return within STOP_S.

    Reports the port it listens on (port 0 takes a free one). Raises `CannotListen` before the app has started.
    Cancel it only in an emergency: `shutdown` lets requests under way finish. A WebSocket handler should watch
    `shutdown` itself and close with 1001: what is open after the guard's `stop_deadline_s` is cut without a word.
    """
    install_guard()
    guard = guard or Guard()
    listener = listen(host, port)
    bound = _Bound(listener.getsockname()[1], task_status)
    whole = trio.CancelScope()

    async def stop() -> None:
        await shutdown.wait()
        whole.deadline = trio.current_time() + STOP_S

    with listener, whole:
        config = server_config(guard)
        wrapped = wrap_app(app, config.wsgi_max_body_size, "asgi")
        sockets = Sockets([], [listener], [])
        await worker_serve(wrapped, config, sockets=sockets, shutdown_trigger=stop, task_status=bound)
    if whole.cancelled_caught:
        log.warning("server_cut", seconds=STOP_S, note="something in the app did not end by itself")


def listen(host: str, port: int) -> socket.socket:
    """Take the port, or say in a sentence why not; child processes do not inherit it."""
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        listener = socket.create_server((host, port), family=family, backlog=BACKLOG)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise PortBusy(f"Port {port} on {host} is in use: stop what serves it, or choose another port.") from None
        if error.errno == errno.EADDRNOTAVAIL:
            raise CannotListen(f"{host} is not an address of this machine: set BIND_ADDR to one that is.") from None
        if error.errno == errno.EACCES:
            raise CannotListen(f"Port {port} is not for this user: set BIND_PORT to 1024 or above.") from None
        raise CannotListen(f"The system does not let Rialto listen on {host} port {port}: {error.strerror}.") from None
    listener.setblocking(False)
    return listener


def server_config(guard: Guard) -> Config:
    """Hypercorn's settings for HTTP/1.1 on a socket that we have opened ourselves."""
    config = GuardedConfig(guard)
    config.logger_class = ServerLogger
    config.errorlog = None
    config.include_server_header = False
    config.h11_max_incomplete_size = HEAD_BYTES_MAX
    config.keep_alive_max_requests = FOR_EVER
    config.graceful_timeout = guard.limits.stop_deadline_s
    config.websocket_max_message_size = guard.limits.message_length_max
    config.websocket_ping_interval = guard.limits.ping_interval_s
    return config


class _Bound:
    """Hypercorn reports a list of addresses when it is ready; ours is the port."""

    def __init__(self, port: int, task_status: trio.TaskStatus[int]) -> None:
        self.port = port
        self.task_status = task_status

    def started(self, value: list[str] | None = None) -> None:  # noqa: ARG002  # what hypercorn calls
        self.task_status.started(self.port)


class ServerLogger(Logger):
    """Hypercorn's words in our log; no line for a request, and no exception's message (it may quote a client)."""

    async def access(self, *arguments: Any) -> None:
        """Requests are counted, not logged: a line would cost more than many of them and show their query."""

    async def info(self, *arguments: Any) -> None:
        """Its only one says "Running on ...": whoever called `serve` knows, and says it better."""

    async def warning(self, message: str, *arguments: Any, **_: Any) -> None:
        log.warning("server", message=message % arguments)

    async def error(self, message: str, *arguments: Any, **_: Any) -> None:
        log.error("server", message=message % arguments)

    async def exception(self, message: str, *arguments: Any, **_: Any) -> None:
        error = sys.exception()
        errors = [describe(leaf) for leaf in leaves(error)] if error else []
        log.error("server", message=message % arguments, errors=errors)
