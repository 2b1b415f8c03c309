"""Which WebSockets are open: for /metrics and /api/v1/ws/health."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from prometheus_client import CollectorRegistry, Gauge


class Socket(Protocol):
    """A connection of any kind."""

    @property
    def subscriptions(self) -> int:
        """To how many channels it listens now."""


class Sockets:
    """Whoever serves a socket has it counted; its subscriptions are asked for, so they can't be counted wrong."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._open: dict[Socket, None] = {}
        gauge = Gauge("rialto_sockets", "Open WebSockets", registry=registry)
        gauge.set_function(lambda: self.connections)
        gauge = Gauge("rialto_subscriptions", "Channels that they are subscribed to", registry=registry)
        gauge.set_function(lambda: self.subscriptions)

    @contextmanager
    def counted(self, socket: Socket) -> Iterator[None]:
        """Count a socket as long as the block lasts."""
        self._open[socket] = None
        try:
            yield
        finally:
            del self._open[socket]

    @property
    def connections(self) -> int:
        return len(self._open)

    @property
    def subscriptions(self) -> int:
        """Of all sockets together: each channel as often as somebody listens to it."""
        return sum(socket.subscriptions for socket in self._open)
