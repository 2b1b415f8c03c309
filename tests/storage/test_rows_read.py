"""How many rows the reads of accumulators look at, as PostgreSQL counts them: what is closed costs them nothing."""

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any, cast

import asyncpg
import pytest
import trio

from engine.ledger.accumulators import AccumulatorRecord
from engine.ledger.bets import Result
from storage.connection import connect, records
from storage.interface import AccumulatorFilter
from storage.pool import Pool
from storage.postgres import open_postgres
from storage.reader import PostgresReader
from tests.storage.entries import Entries, accumulator, closed, option, placed

LOST, PAID, OPEN = 2_000, 3, 5  # accumulators, of two legs each; the open ones are the newest

ROWS_READ = "select seq_tup_read + coalesce(idx_tup_fetch, 0) from pg_stat_user_tables where relname = $1"

pytestmark = [pytest.mark.trio, pytest.mark.slow]


class OneConnection:
    """What a reader asks of its pool, on a connection of the test's own."""

    def __init__(self, connection: asyncpg.Connection) -> None:
        self._connection = connection

    async def fetch(self, kind: Any, statement: str, *values: object, seconds: float = 0) -> list[Any]:
        return records(await self._connection.fetch(statement, *values), kind)

    async def run(self, work: Callable[..., Awaitable[Any]], *args: object, seconds: float = 0) -> Any:
        return await work(self._connection, *args)

    async def rows_read(self, table: str) -> int:
        """So far. What a connection has read is counted when it has nothing to do, or is told to."""
        await self._connection.fetchval("select pg_stat_force_next_flush()")
        read: int = await self._connection.fetchval(ROWS_READ, table)
        return read


async def rows_read(dsn: str, table: str, read: Callable[[PostgresReader], Awaitable[Any]]) -> tuple[Any, int]:
    """Read something; return it, and how many rows of a table were looked at for that."""

    async def run() -> tuple[Any, int]:
        connection = await connect(dsn)
        try:
            pool = OneConnection(connection)
            before = await pool.rows_read(table)
            answer = await read(PostgresReader(cast("Pool", pool)))
            return answer, await pool.rows_read(table) - before
        finally:
            await connection.close()

    return await trio.to_thread.run_sync(asyncio.run, run())


async def play(dsn: str) -> list[AccumulatorRecord]:
    """Home has won both matches; returns the accumulators, by id."""
    lost = [closed(accumulator(bet_id), 0) for bet_id in range(1, LOST + 1)]
    paid = [closed(accumulator(bet_id)) for bet_id in range(LOST + 1, LOST + PAID + 1)]
    still_open = [accumulator(bet_id) for bet_id in range(LOST + PAID + 1, LOST + PAID + OPEN + 1)]
    rows = [*lost, *paid, *still_open]
    async with open_postgres(dsn) as storage:
        await storage.writer.commit(Entries().next(**placed(*rows), options=[option(1, 1, result=Result.WIN)]))
    return rows


async def test_which_groups_are_final_is_read_of_what_was_paid(postgres_dsn: str) -> None:
    await play(postgres_dsn)
    bets, legs = await rows_read(postgres_dsn, "accumulator_legs", lambda reader: reader.unclaimed_bets())
    assert (bets, legs) == ([], 2 * PAID)


async def test_what_is_pending_is_read_of_what_is_open(postgres_dsn: str) -> None:
    """Once for the page, and once for the count."""
    rows = await play(postgres_dsn)
    read = partial(PostgresReader.accumulators, which=AccumulatorFilter(settled=False))
    (page, count), looked_at = await rows_read(postgres_dsn, "accumulators", read)
    assert [row.bet_id for row in page] == [row.bet_id for row in rows[: -OPEN - 1 : -1]]
    assert (count, looked_at) == (OPEN, 2 * OPEN)


async def test_a_page_reads_the_legs_of_what_it_shows(postgres_dsn: str) -> None:
    """Not of what it leaves out, nor of what is closed: only those of what is open are asked for results."""
    await play(postgres_dsn)
    for settled, asked in ((None, 0), (True, 2 * OPEN)):
        read = partial(PostgresReader.accumulators, which=AccumulatorFilter(settled=settled, offset=1_000, limit=10))
        (page, _), legs = await rows_read(postgres_dsn, "accumulator_legs", read)
        assert (len(page), legs) == (10, 2 * (10 + asked))
