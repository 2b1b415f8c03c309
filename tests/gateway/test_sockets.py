"""Open sockets are counted as long as they are served, however that ends."""

import pytest
from prometheus_client import CollectorRegistry, generate_latest

from gateway.sockets import Sockets


class Listener:
    def __init__(self, subscriptions: int) -> None:
        self.subscriptions = subscriptions


def counts(sockets: Sockets) -> tuple[int, int]:
    return sockets.connections, sockets.subscriptions


def test_connections_and_subscriptions_are_those_of_now() -> None:
    registry = CollectorRegistry()
    sockets = Sockets(registry)
    assert counts(sockets) == (0, 0)
    one, other = Listener(2), Listener(0)
    with sockets.counted(one):
        with sockets.counted(other):
            assert counts(sockets) == (2, 2)
            other.subscriptions = 5
            assert counts(sockets) == (2, 7)
            assert b"rialto_sockets 2.0" in generate_latest(registry)
            assert b"rialto_subscriptions 7.0" in generate_latest(registry)
        assert counts(sockets) == (1, 2)
    assert counts(sockets) == (0, 0)


def test_a_socket_that_fails_is_no_longer_counted() -> None:
    sockets = Sockets(CollectorRegistry())
    with pytest.raises(RuntimeError), sockets.counted(Listener(1)):
        raise RuntimeError
    assert counts(sockets) == (0, 0)
