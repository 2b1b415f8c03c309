"""Fixtures for the fault tests."""

import gc
from collections.abc import Iterator

import pytest


@pytest.fixture
def lost_connections() -> Iterator[None]:
    """Collect here what connections that were cut leave behind, so that no later test is warned of it.

    trio-websocket leaves their sockets open, httpx the iterators of their bodies. A test that uses this ignores
    ResourceWarning: the garbage collector speaks whenever it likes.
    """
    yield
    gc.collect()
