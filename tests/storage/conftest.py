"""Fixtures for storage's tests."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import pytest

from storage import line
from storage.interface import Storage
from storage.memory import MemoryStorage
from storage.postgres import open_postgres

Open = Callable[[], AbstractAsyncContextManager[Storage]]


@asynccontextmanager
async def open_memory() -> AsyncIterator[Storage]:
    yield MemoryStorage()


@pytest.fixture(params=["memory", pytest.param("postgres", marks=pytest.mark.slow)])
def opened(request: pytest.FixtureRequest) -> Open:
    """Open an empty storage of either kind, in the test's own task."""
    if request.param == "memory":
        return open_memory
    dsn = request.getfixturevalue("postgres_dsn")
    return lambda: open_postgres(dsn)


@pytest.fixture
def quick_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(line, "ANSWER_S_MAX", 0.5)


@pytest.fixture
def little_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(line, "LOCK_S_MAX", 0.2)
