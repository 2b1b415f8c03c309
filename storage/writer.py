"""Commits the ledger's entries, each once, however often the connection is lost on the way."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

import asyncpg
import trio

from engine.ledger.journal import GENESIS_HASH, chain_hash
from engine.ledger.records import Entry
from storage.bridge import Bridge
from storage.connection import describe
from storage.interface import CommitImpossible
from storage.line import Line, LineClosed, LineLost, Session
from storage.statement import COMMIT, arguments


class PostgresWriter:
    """Writer on PostgreSQL; `open_writer` makes one."""

    def __init__(self, bridge: Bridge, line: Line) -> None:
        self._bridge = bridge
        self._line = line

    @property
    def away(self) -> bool:
        return self._line.away

    async def commit(self, entry: Entry) -> None:
        with trio.CancelScope(shield=True):  # `close` is the way to stop one that waits for the database
            await self._bridge.run(self._commit, entry)

    async def close(self) -> None:
        with trio.CancelScope(shield=True):  # the line takes no more than half a second to say good-bye
            await self._bridge.run(self._line.close)

    async def _commit(self, entry: Entry) -> None:
        try:
            await self._commit_once(entry)
        except CommitImpossible:
            raise
        except LineClosed as error:
            raise CommitImpossible(f"stopped while entry {entry.journal.sequence} may be committed or not") from error
        except asyncpg.DivisionByZeroError as error:
            raise CommitImpossible(
                f"entry {entry.journal.sequence} does not follow the journal, or meets other rows than it should"
            ) from error
        except Exception as error:
            raise CommitImpossible(f"entry {entry.journal.sequence} can't be written: {describe(error)}") from error

    async def _commit_once(self, entry: Entry) -> None:
        values = arguments(entry)
        in_doubt = False
        while True:
            try:
                if in_doubt and await self._line.ask(partial(_is_there, entry)):
                    return
                in_doubt = True
                await self._line.ask(partial(_send, values))
            except LineLost:
                continue
            return


@asynccontextmanager
async def open_writer(bridge: Bridge, dsn: str) -> AsyncIterator[PostgresWriter]:
    """Take the database for this process. Raises DatabaseAway, SecondInstance, and what `migrate` raises."""
    line = Line(dsn, COMMIT)
    await bridge.run(line.open)
    writer = PostgresWriter(bridge, line)
    try:
        yield writer
    finally:
        await writer.close()


async def _send(values: list[object], session: Session) -> None:
    await session.statement.fetchval(*values)


async def _is_there(entry: Entry, session: Session) -> bool:
    """Whether a commit got in whose connection was lost. The lock is ours again: if it did not, it never will."""
    head = await session.connection.fetchrow("select sequence, hash from journal order by sequence desc limit 1")
    sequence, digest = head or (0, GENESIS_HASH)
    journal = entry.journal
    if sequence == journal.sequence and digest == journal.hash:
        return True
    if sequence == journal.sequence - 1 and chain_hash(digest, journal.body) == journal.hash:
        return False
    raise CommitImpossible(f"the journal stands at {sequence}, and entry {journal.sequence} is not what comes next")
