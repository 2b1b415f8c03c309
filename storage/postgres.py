"""Storage on PostgreSQL: opens the bridge, the writer's connection and the pool, in that order."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from storage.bridge import open_bridge
from storage.identity import PostgresIdentity
from storage.pool import Pool, open_pool
from storage.preferences import PostgresPreferences
from storage.reader import PostgresReader
from storage.writer import PostgresWriter, open_writer


class PostgresStorage:
    """What `open_postgres` yields."""

    def __init__(self, writer: PostgresWriter, pool: Pool) -> None:
        self.writer = writer
        self.reader = PostgresReader(pool)
        self.identity = PostgresIdentity(pool)
        self.preferences = PostgresPreferences(pool)


@asynccontextmanager
async def open_postgres(dsn: str) -> AsyncIterator[PostgresStorage]:
    """Open the database at `dsn` for this process alone, and bring its tables up to date.

    Raises DatabaseAway, SecondInstance, SchemaTooNew, WrongEncoding, NotAllowed: each with a sentence for the operator.
    """
    async with (
        open_bridge() as bridge,
        open_writer(bridge, dsn) as writer,  # first, as it keeps others out and makes the tables
        open_pool(bridge, dsn) as pool,
    ):
        yield PostgresStorage(writer, pool)
