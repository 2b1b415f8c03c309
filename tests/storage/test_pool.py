"""The pool on a bad day: what waits too long, is cancelled or loses its server, and how the next call fares."""

import asyncpg
import pytest
import trio

from storage.bridge import Bridge, open_bridge
from storage.interface import DatabaseAway
from storage.pool import CONNECTIONS_MAX, Pool, open_pool
from tests.storage.wire import open_wire

pytestmark = pytest.mark.slow


async def sleep(connection: asyncpg.Connection, seconds: float) -> None:
    await connection.execute("select pg_sleep($1)", seconds)


async def one(connection: asyncpg.Connection) -> int:
    value: int = await connection.fetchval("select 1")
    return value


async def use_all(pool: Pool) -> None:
    """Show that every connection can be used."""
    with trio.fail_after(10):
        async with trio.open_nursery() as nursery:
            for _ in range(3 * CONNECTIONS_MAX):
                nursery.start_soon(pool.run, one)


@pytest.mark.trio
async def test_a_call_that_takes_too_long_is_away_and_the_pool_lives_on(postgres_dsn: str) -> None:
    async with open_bridge() as bridge, open_pool(bridge, postgres_dsn) as pool:
        for _ in range(2 * CONNECTIONS_MAX):
            with pytest.raises(DatabaseAway):
                await pool.run(sleep, 60.0, seconds=0.02)
        await use_all(pool)


@pytest.mark.trio
async def test_cancelled_calls_leave_a_pool_that_works(postgres_dsn: str) -> None:
    async with open_bridge() as bridge, open_pool(bridge, postgres_dsn) as pool:
        for delay_s in (0, 0.001, 0.005, 0.02):
            with trio.move_on_after(delay_s):
                async with trio.open_nursery() as nursery:
                    for _ in range(2 * CONNECTIONS_MAX):
                        nursery.start_soon(pool.run, sleep, 60.0)
        await use_all(pool)


@pytest.mark.trio
async def test_a_call_that_finds_no_free_connection_is_away(postgres_dsn: str) -> None:
    async with open_bridge() as bridge, open_pool(bridge, postgres_dsn) as pool, trio.open_nursery() as nursery:
        for _ in range(CONNECTIONS_MAX):
            nursery.start_soon(pool.run, sleep, 60.0)
        await trio.sleep(0.1)
        with pytest.raises(DatabaseAway):
            await pool.run(one, seconds=0.1)
        nursery.cancel_scope.cancel()


@pytest.mark.trio
async def test_lost_connections_are_replaced(postgres_dsn: str) -> None:
    async with open_bridge() as bridge, open_wire(postgres_dsn) as wire, open_pool(bridge, wire.dsn) as pool:
        await use_all(pool)
        wire.refusing = True  # first, so that no connection comes in between
        await wire.cut()
        for _ in range(3):
            with pytest.raises(DatabaseAway):
                await pool.run(one)
        wire.refusing = False
        await use_all(pool)


@pytest.mark.trio
async def test_a_server_that_says_nothing_does_not_hold_up_the_end(postgres_dsn: str) -> None:
    async with open_bridge() as bridge, open_wire(postgres_dsn) as wire:
        with trio.fail_after(10):
            async with open_pool(bridge, wire.dsn) as pool:
                wire.shut_answers()
                with pytest.raises(DatabaseAway):
                    await pool.run(one, seconds=0.1)


@pytest.mark.trio
async def test_what_postgresql_refuses_is_no_absence(postgres_dsn: str) -> None:
    async with open_bridge() as bridge, open_pool(bridge, postgres_dsn) as pool:
        with pytest.raises(asyncpg.UndefinedTableError):
            await pool.execute("delete from nowhere")
        with pytest.raises(asyncpg.DataError, match="out of int64 range"):
            await pool.execute("select $1::bigint", 2**63)


@pytest.mark.trio
async def test_no_database_is_told_in_a_sentence() -> None:
    async with open_bridge() as bridge:
        with pytest.raises(DatabaseAway, match="PostgreSQL can't be reached"):
            await expect_no_pool(bridge)


async def expect_no_pool(bridge: Bridge) -> None:
    async with open_pool(bridge, "postgresql://rialto@127.0.0.1:1/rialto"):
        raise AssertionError("the pool was opened")
