"""The writer's line to PostgreSQL: one connection that holds Rialto's lock, is tried often, and replaced when lost.

    connect -> take the lock -> in service -> lost -> connect -> take the lock -> in service -> ..

The lock belongs to the connection. So a second Rialto is kept out; and after a loss the next connection gets it only
when the lost one's process in the server has ended, with all that it was about to do.

Everything here runs on the asyncio side, but `away`, which may be read from anywhere.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any, NamedTuple, TypeVar

import asyncpg
import structlog

from storage.connection import SETTINGS, connect, database_away, describe, passes
from storage.interface import DatabaseAway, StorageError
from storage.migrate import migrate, migrations

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

T = TypeVar("T")

LOCK = int.from_bytes(b"rialto.w", "big")
LOCK_PAUSE_S = 0.05  # between two tries
LOCK_S_MAX = 5.0  # what the process of a Rialto that was just killed may need to end

ANSWER_S_MAX = 5.0  # a commit takes milliseconds, and some seconds on a disk in trouble; then the connection is dropped
SILENT_S_MAX = 1.0  # an answer later than that, and the database counts as away
PING_S = 0.5  # with SILENT_S_MAX: that is known within the 2 s that readyz has
RECONNECT_S_MIN, RECONNECT_S_MAX = 0.05, 1.0  # service is back a second after the cause has gone
CLOSE_S_MAX = 0.5  # a good-bye is one round trip, and no more than good manners

LINE_SETTINGS = SETTINGS | {
    "application_name": "rialto writer",
    "synchronous_commit": "on",  # whatever the database's default: acknowledged means durable
    "statement_timeout": f"{ANSWER_S_MAX:.0f}s",  # what was given up here must not keep the lock over there
    # One plan for good. It is made when the tables may still be empty, where scanning them looks cheap.
    "plan_cache_mode": "force_generic_plan",
    "enable_seqscan": "off",
    "enable_hashjoin": "off",
    "enable_mergejoin": "off",
}


class SecondInstance(StorageError):
    """Another Rialto is at work on the same database."""


class LineLost(StorageError):
    """The connection was lost before the answer came: whether the question did anything is unknown."""


class LineClosed(StorageError):
    """The line was closed by us, and is not coming back."""


class Session(NamedTuple):
    """A connection that holds the lock, and the statement prepared on it."""

    connection: asyncpg.Connection
    statement: Any


class Line:
    """Keeps one session in service between `open` and `close`."""

    def __init__(self, dsn: str, statement: str) -> None:
        self._dsn = dsn
        self._statement = statement
        self._session: Session | None = None
        self._asked_at_s: float | None = None  # when the question that is on its way was sent
        self._turn = asyncio.Lock()  # one question at a time
        self._decided = asyncio.Event()  # there is a session, or never will be again
        self._lost = asyncio.Event()
        self._keeper: asyncio.Task[None] | None = None

    @property
    def away(self) -> bool:
        """Whether there is no session, or one that doesn't answer."""
        asked_at_s = self._asked_at_s
        return self._session is None or (asked_at_s is not None and time.monotonic() - asked_at_s > SILENT_S_MAX)

    async def open(self) -> None:
        """Connect, keep others out, migrate. Raises DatabaseAway, SecondInstance, and what `migrate` raises."""
        self._begin(await self._new_session(first=True))
        self._keeper = asyncio.create_task(self._keep())

    async def ask(self, question: Callable[[Session], Awaitable[T]]) -> T:
        """Wait for a session and put a question to it. Raises LineLost, LineClosed, and what PostgreSQL refuses."""
        async with self._turn:
            await self._decided.wait()
            session = self._session
            if session is None:
                raise LineClosed("the line to the database is closed")
            self._asked_at_s = time.monotonic()
            try:
                return await question(session)
            except Exception as error:
                if not passes(error):
                    raise
                self._end(session, describe(error))
                raise LineLost(describe(error)) from error
            finally:
                self._asked_at_s = None

    async def close(self) -> None:
        """End the session for good: a question that waits for one raises LineClosed, one on its way LineLost."""
        away = self.away  # looked at before the keeper ends: a question of its own may be what gets no answer
        if self._keeper is not None:
            self._keeper.cancel()
            await asyncio.wait([self._keeper])
        session, self._session = self._session, None
        self._decided.set()
        if session is None:
            return
        if not away and not self._turn.locked():
            with suppress(Exception):  # it was asked in vain to say good-bye
                await session.connection.close(timeout=CLOSE_S_MAX)
        session.connection.terminate()

    async def _keep(self) -> None:
        pause_s = 0.0  # before the next try; it grows until a session has lived for a while
        while True:
            if self._session is None:
                await asyncio.sleep(pause_s)
                pause_s = min(max(2 * pause_s, RECONNECT_S_MIN), RECONNECT_S_MAX)
                await self._reconnect()
                continue
            with suppress(TimeoutError):
                async with asyncio.timeout(PING_S):
                    await self._lost.wait()
                    continue
            pause_s = 0.0
            if not self._turn.locked():
                with suppress(StorageError):
                    await self.ask(_ping)

    async def _reconnect(self) -> None:
        try:
            self._begin(await self._new_session())
        except Exception as error:  # noqa: BLE001 - whatever it is, giving up would make Rialto wait for ever
            log.warning("the database is away", reason=describe(error))
        else:
            log.info("the database is back")

    async def _new_session(self, *, first: bool = False) -> Session:
        connection = await connect(self._dsn, command_timeout=ANSWER_S_MAX, server_settings=LINE_SETTINGS)
        try:
            await _take_lock(connection)
            if first:  # behind the lock, so that no tables are changed under a Rialto that is at work
                await migrate(self._dsn, migrations())
            return Session(connection, await connection.prepare(self._statement))
        except BaseException as error:
            connection.terminate()
            if isinstance(error, Exception) and passes(error) and not isinstance(error, DatabaseAway):
                raise database_away("PostgreSQL went away", error) from error
            raise

    def _begin(self, session: Session) -> None:
        self._session = session
        self._lost.clear()
        self._decided.set()
        session.connection.add_termination_listener(lambda _: self._end(session, "the connection was closed"))

    def _end(self, session: Session, reason: str) -> None:
        """Take a session out of service; it is told twice when both a question and the connection notice."""
        if self._session is session:
            log.warning("the database connection is lost", reason=reason)
            self._session = None
            self._decided.clear()
            self._lost.set()
        if not session.connection.is_closed():
            session.connection.terminate()


async def _take_lock(connection: asyncpg.Connection) -> None:
    # Tried, not waited for: a process in the server that waits for a lock doesn't notice that its client has gone.
    for _ in range(round(LOCK_S_MAX / LOCK_PAUSE_S)):
        if await connection.fetchval("select pg_try_advisory_lock($1)", LOCK):
            return
        await asyncio.sleep(LOCK_PAUSE_S)
    raise SecondInstance("Another Rialto is at work on this database: stop it, or use another database.")


async def _ping(session: Session) -> None:
    await session.connection.execute("select 1")
