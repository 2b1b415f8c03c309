"""Brings a database's tables to the version that this code was written for.

`migrations/NNN_name.sql` are applied in order, each in a transaction of its own with its row of `schema_version`. Two
processes may do so at once: each transaction takes a lock first, and looks then what is left to do.
"""

from pathlib import Path

import asyncpg
import msgspec

from storage.connection import connect, database_away, passes
from storage.interface import StorageError

FOLDER = Path(__file__).with_name("migrations")
LOCK = int.from_bytes(b"rialto.m", "big")

VERSIONS_TABLE = """
    create table if not exists schema_version (
        version    int         primary key,
        name       text        not null,
        applied_at timestamptz not null default now()
    )
"""


class SchemaTooNew(StorageError):
    """A newer Rialto has changed the tables since."""


class WrongEncoding(StorageError):
    """The database can't hold every character."""


class NotAllowed(StorageError):
    """The database's user may not make the tables."""


class Migration(msgspec.Struct, frozen=True):
    """One file."""

    version: int
    name: str
    statements: str


def migrations(folder: Path = FOLDER) -> list[Migration]:
    """Read the folder; its versions must be 1, 2, 3."""
    found = []
    for path in sorted(folder.glob("*.sql")):
        version, _, name = path.stem.partition("_")
        found.append(Migration(int(version), name, path.read_text(encoding="utf-8")))
    assert [migration.version for migration in found] == list(range(1, len(found) + 1))
    return found


async def migrate(dsn: str, wanted: list[Migration]) -> int:
    """Apply what is missing, on the asyncio side; returns how many that were.

    Raises DatabaseAway, SchemaTooNew, WrongEncoding, NotAllowed.
    """
    connection = await connect(dsn, server_settings={"application_name": "rialto migration"})
    try:
        encoding = await connection.fetchval("show server_encoding")
        if encoding != "UTF8":
            raise WrongEncoding(f"The database is encoded in {encoding}: make one with encoding UTF8 for Rialto.")
        applied = 0
        while await _migrate_once(connection, wanted):
            applied += 1
        return applied
    except asyncpg.InsufficientPrivilegeError as error:  # since PostgreSQL 15 the usual case for a user who isn't owner
        raise NotAllowed(
            f"The database's user may not make Rialto's tables ({error}): grant that, or make it owner."
        ) from error
    except Exception as error:
        if passes(error):
            raise database_away("PostgreSQL went away during a migration", error) from error
        raise
    finally:
        connection.terminate()  # what was to last is committed: there is nothing to wait for


async def _migrate_once(connection: asyncpg.Connection, wanted: list[Migration]) -> bool:
    # Not `connection.transaction()`: left by an error or a cancellation it would wait for its rollback, which a frozen
    # server never does. The connection's end undoes it as well.
    await connection.execute("begin")
    await connection.execute("select pg_advisory_xact_lock($1)", LOCK)
    await connection.execute(VERSIONS_TABLE)
    version = await connection.fetchval("select coalesce(max(version), 0) from schema_version")
    if version > len(wanted):
        raise SchemaTooNew(
            f"The database's tables are of version {version}, this Rialto knows {len(wanted)}: "
            "start the newer Rialto that changed them, or use another database."
        )
    missing: bool = version < len(wanted)
    if missing:
        migration = wanted[version]
        await connection.execute(migration.statements)
        await connection.execute(
            "insert into schema_version (version, name) values ($1, $2)", migration.version, migration.name
        )
    await connection.execute("commit")
    return missing
