"""The connections for all that isn't the commit: reads, and the transactions of users."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TypeVar, TypeVarTuple

import asyncpg
import msgspec
import trio

from storage.bridge import Bridge
from storage.connection import SETTINGS, connect, database_away, passes, records
from storage.interface import DatabaseAway

R = TypeVar("R", bound=msgspec.Struct)
T = TypeVar("T")
Ts = TypeVarTuple("Ts")

CONNECTIONS_MIN = 2
CONNECTIONS_MAX = 6  # more would only queue for the same two cores, and PostgreSQL has 100 for all its clients
CALL_S_MAX = 5.0  # below a request's deadline of 10 s, so that its client hears of it
WHOLE_TABLE_S_MAX = 60.0  # recovery and audits
CLOSE_S_MAX = 0.5  # a good-bye is one round trip, and no more than good manners


class Pool:
    """Runs work on a free connection, within a deadline; `open_pool` opens and closes one."""

    def __init__(self, bridge: Bridge, connections: asyncpg.Pool) -> None:
        self._bridge = bridge
        self._connections = connections

    async def fetch(self, kind: type[R], statement: str, *values: object, seconds: float = CALL_S_MAX) -> list[R]:
        """Run a statement and return its rows as records. Raises DatabaseAway."""
        return await self.run(_fetch, kind, statement, values, seconds=seconds)

    async def execute(self, statement: str, *values: object) -> int:
        """Run a statement and return how many rows it changed. Raises DatabaseAway: then that is unknown."""
        return await self.run(_execute, statement, values)

    async def run(
        self, work: Callable[[asyncpg.Connection, *Ts], Awaitable[T]], *args: *Ts, seconds: float = CALL_S_MAX
    ) -> T:
        """Await `work(connection, *args)` on the asyncio side. Raises DatabaseAway."""
        return await self._bridge.run(self._run, work, args, seconds)

    async def _run(
        self, work: Callable[[asyncpg.Connection, *Ts], Awaitable[T]], args: tuple[*Ts], seconds: float
    ) -> T:
        try:
            async with asyncio.timeout(seconds):
                connection = await self._connections.acquire()
                try:
                    return await work(connection, *args)
                except asyncio.CancelledError:
                    # By the deadline or by the caller. Nothing is left to wait for: asyncpg would ask the server to
                    # cancel, and wait as long as a frozen server doesn't answer.
                    connection.terminate()
                    raise
                finally:
                    await self._connections.release(connection)
        except Exception as error:
            if passes(error) and not isinstance(error, DatabaseAway):
                raise database_away("PostgreSQL is away", error) from error
            raise


async def _fetch(connection: asyncpg.Connection, kind: type[R], statement: str, values: tuple[object, ...]) -> list[R]:
    return records(await connection.fetch(statement, *values), kind)


async def _execute(connection: asyncpg.Connection, statement: str, values: tuple[object, ...]) -> int:
    done: str = await connection.execute(statement, *values)  # "UPDATE 1"
    return int(done.rpartition(" ")[2])


@asynccontextmanager
async def open_pool(bridge: Bridge, dsn: str) -> AsyncIterator[Pool]:
    """Open the connections for the length of the block. Raises DatabaseAway."""
    connections = await bridge.run(_open, dsn)
    try:
        yield Pool(bridge, connections)
    finally:
        with trio.CancelScope(shield=True):
            await bridge.run(_close, connections)


async def _open(dsn: str) -> asyncpg.Pool:
    # A statement that nobody waits for any more ends by itself.
    settings = SETTINGS | {"application_name": "rialto", "statement_timeout": f"{WHOLE_TABLE_S_MAX:.0f}s"}
    return await asyncpg.create_pool(
        dsn,
        connect=connect,
        min_size=CONNECTIONS_MIN,
        max_size=CONNECTIONS_MAX,
        server_settings=settings,
        reset=_leave_as_it_is,
    )


async def _leave_as_it_is(connection: asyncpg.Connection) -> None:
    """Skip the usual reset after each use, a round trip: nothing here listens, locks or changes settings."""


async def _close(connections: asyncpg.Pool) -> None:
    try:
        async with asyncio.timeout(CLOSE_S_MAX):
            await connections.close()
    except Exception as error:
        connections.terminate()
        if not passes(error):
            raise
