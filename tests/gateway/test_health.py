"""Ready or not: within two seconds of losing the database."""

import pytest
import trio
from trio.testing import MockClock

from gateway.health import Health
from storage.interface import DatabaseAway, JournalHead
from storage.memory import MemoryStorage

pytestmark = pytest.mark.trio


class Database:
    """A reader that does as it is told."""

    def __init__(self) -> None:
        self.mood = "well"

    async def journal_head(self) -> JournalHead:
        await trio.lowlevel.checkpoint()
        if self.mood == "away":
            raise DatabaseAway("gone")
        if self.mood == "silent":
            await trio.sleep_forever()
        return JournalHead(7, bytes(32), 0)


def make_health() -> tuple[Health, Database, MemoryStorage, trio.Event]:
    storage, database, shutdown = MemoryStorage(), Database(), trio.Event()
    storage.reader = database  # type: ignore[assignment]  # as much of a reader as health asks
    return Health(storage, shutdown), database, storage, shutdown


async def test_not_ready_before_the_first_probe() -> None:
    health, _, _, _ = make_health()
    assert health.not_ready() == "the database is away"
    await health.probe()
    assert health.not_ready() is None
    assert health.commits == 7


@pytest.mark.parametrize("mood", ["away", "silent"])
async def test_two_seconds_after_the_loss_it_is_known(mood: str, autojump_clock: MockClock) -> None:
    health, database, _, _ = make_health()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(health.watch)
        for _ in range(5):
            database.mood = "well"
            await trio.sleep(2.13)  # so that the loss comes at another moment of the probe's round each time
            assert health.not_ready() is None
            database.mood = mood
            await trio.sleep(2)
            assert health.not_ready() == "the database is away"
        nursery.cancel_scope.cancel()


async def test_a_writer_that_is_away_is_known_at_once() -> None:
    health, _, storage, _ = make_health()
    await health.probe()
    storage.writer._closed = True
    assert health.database_away


async def test_where_the_database_has_no_say_its_loss_does_not_matter() -> None:
    _, database, storage, shutdown = make_health()
    health = Health(storage, shutdown, skip_database=True)
    assert health.not_ready() is None  # before the first probe, too
    database.mood = "away"
    await health.probe()
    assert health.database_away  # which the metrics show as ever
    assert health.not_ready() is None
    shutdown.set()
    assert health.not_ready() == "shutting down"


async def test_a_stop_is_told() -> None:
    health, _, _, shutdown = make_health()
    await health.probe()
    shutdown.set()
    assert health.not_ready() == "shutting down"
