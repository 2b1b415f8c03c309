"""One connection to PostgreSQL: how it is opened, which errors pass by themselves, what its rows become."""

from collections.abc import Iterable
from typing import Any, TypeVar

import asyncpg
import msgspec

from storage.interface import DatabaseAway

R = TypeVar("R", bound=msgspec.Struct)

CONNECT_S_MAX = 5.0  # a server on its way down may accept a connection and then say nothing

# A connection whose other end vanished without a word is given up by the server after 5 + 3 x 2 s; until then it
# keeps what the connection holds, such as the writer's lock.
SETTINGS = {"tcp_keepalives_idle": "5", "tcp_keepalives_interval": "2", "tcp_keepalives_count": "3", "jit": "off"}

# What passes by itself or by an operator's hand: the server is gone, going, starting, full, a replica, or had to end a
# deadlock. Whatever else it says is about the statement, and stays true however often that is sent.
_PASSING = (
    OSError,  # TimeoutError is one
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,
    asyncpg.InsufficientResourcesError,
    asyncpg.PostgresSystemError,
    asyncpg.TransactionRollbackError,
    asyncpg.ReadOnlySQLTransactionError,
)


def passes(error: Exception) -> bool:
    """Whether the same statement may succeed on another connection or later."""
    # asyncpg tells wrong settings by an InterfaceError too, which is a ValueError as well.
    return isinstance(error, (DatabaseAway, *_PASSING)) and not isinstance(error, ValueError)


def describe(error: Exception) -> str:
    """Say in words what happened; some errors, such as a TimeoutError, have none of their own."""
    return str(error) or type(error).__name__


def database_away(what: str, error: Exception) -> DatabaseAway:
    """Return the error as a sentence for the operator: what happened, and why."""
    return DatabaseAway(f"{what}: {describe(error).rstrip('.')}.")


async def connect(dsn: str, **options: Any) -> asyncpg.Connection:
    """Open a connection whose `numeric` columns are ints, and whose `json` columns are lists and dicts.

    JSON that is sent is text. Raises DatabaseAway, whatever the reason.
    """
    connection = None
    try:
        connection = await asyncpg.connect(dsn, timeout=CONNECT_S_MAX, **options)
        for name, decoder in (("numeric", int), ("json", msgspec.json.decode)):
            await connection.set_type_codec(name, schema="pg_catalog", encoder=str, decoder=decoder, format="text")
    except (*_PASSING, asyncpg.PostgresError, ValueError) as error:
        if connection is not None:
            connection.terminate()
        raise database_away("PostgreSQL can't be reached", error) from error
    return connection


def records(rows: Iterable[asyncpg.Record], kind: type[R]) -> list[R]:
    """Make records of rows whose columns are named as the fields; other columns are passed over."""
    return msgspec.convert([dict(row) for row in rows], list[kind])  # type: ignore[valid-type]  # a type at run time
