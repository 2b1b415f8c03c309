"""A writer behind a wire that can be cut, for the tests of commits on bad days."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import asyncpg
import trio

from engine.ledger.records import Entry
from storage.bridge import Bridge, open_bridge
from storage.writer import PostgresWriter, open_writer
from tests.storage.entries import (
    Entries,
)
from tests.storage.servers import query
from tests.storage.wire import Wire, open_wire


class Scene:
    """A writer behind a wire, and an operator who looks straight into the database."""

    def __init__(self, bridge: Bridge, dsn: str, wire: Wire, writer: PostgresWriter) -> None:
        self.bridge = bridge
        self.dsn = dsn
        self.wire = wire
        self.writer = writer
        self.entries = Entries()

    async def query(self, statement: str, *arguments: object) -> list[Any]:
        return await trio.to_thread.run_sync(query, self.dsn, statement, *arguments)

    async def journal(self) -> list[int]:
        return [row["sequence"] for row in await self.query("select sequence from journal order by sequence")]

    async def terminate_writer(self) -> None:
        writer = "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'rialto writer'"
        await self.query(f"{writer} and datname = current_database()")

    async def is_away(self) -> bool:
        return self.writer.away

    async def is_back(self) -> bool:
        return not self.writer.away

    async def writer_waits_for_a_table(self) -> bool:
        waiting = "select 1 from pg_stat_activity where application_name = 'rialto writer' and wait_event = 'relation'"
        return bool(await self.query(f"{waiting} and datname = current_database()"))

    async def commit_and_lose_answer(self, entry: Entry) -> None:
        """Commit the first entry; the connection is lost when it is on disk, and before anybody has heard so."""
        self.wire.shut_answers()

        async def is_there() -> bool:
            return await self.journal() == [1]

        async with trio.open_nursery() as nursery:
            nursery.start_soon(self.writer.commit, entry)
            await until(is_there)
            await self.wire.cut()

    @asynccontextmanager
    async def tables_locked(self) -> AsyncIterator[None]:
        """Let a commit get to the server and no further."""
        operator = await self.bridge.run(asyncpg.connect, self.dsn)
        try:
            await self.bridge.run(operator.execute, "begin; lock table orders in exclusive mode")
            yield
        finally:
            with trio.CancelScope(shield=True):
                await self.bridge.run(operator.close)


@asynccontextmanager
async def open_scene(dsn: str) -> AsyncIterator[Scene]:
    async with open_bridge() as bridge, open_wire(dsn) as wire, open_writer(bridge, wire.dsn) as writer:
        with trio.fail_after(60):
            yield Scene(bridge, dsn, wire, writer)


async def until(condition: Callable[[], Awaitable[bool]]) -> None:
    while not await condition():  # noqa: ASYNC110 - the database has no event to wait for
        await trio.sleep(0.01)


def postmaster(data_path: Path) -> int:
    """Return the process of the server on this folder, 0 if there is none now."""
    try:
        [pid_file] = data_path.rglob("postmaster.pid")
        return int(pid_file.read_text().split()[0])
    except (ValueError, FileNotFoundError, IndexError):
        return 0
