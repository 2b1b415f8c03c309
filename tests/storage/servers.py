"""Real PostgreSQL servers for tests: fixtures, and the small process that runs one embedded server.

    @pytest.mark.slow
    def test_something(postgres_dsn: str) -> None: ...         a fresh, empty database of one server for the whole run

    with running_server(data_path) as server:                  a server of one's own, on a data folder of one's own
        query(server.dsn, "CREATE TABLE ...")

The server runs in a process of its own (this file as a program), so that a test can kill that with SIGKILL, and so
that the server is stopped when pytest is killed: the process ends with its stdin.
"""

import asyncio
import itertools
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import asyncpg
import pytest
import structlog
import trio

from storage.data_folder import CannotStart, DataFolder
from storage.embedded import EmbeddedPostgres
from storage.embedded.processes import read_pid_file, stop_orphan

CHECKOUT = Path(__file__).parents[2]


class Server:
    """A process with an embedded server in it; `where_it_went` is the server's own sentence, if it has one."""

    def __init__(self, process: subprocess.Popen[str], dsn: str, where_it_went: str) -> None:
        self.process = process
        self.dsn = dsn
        self.where_it_went = where_it_went
        self._numbers = itertools.count(1)

    @contextmanager
    def new_database(self) -> Iterator[str]:
        """Lend an empty database: its dsn. It is dropped at the end, under whoever is still connected."""
        name = f"test_{next(self._numbers)}"
        query(self.dsn, f"CREATE DATABASE {name}")
        try:
            yield self.dsn.replace("/rialto?", f"/{name}?")
        finally:
            query(self.dsn, f"DROP DATABASE {name} WITH (FORCE)")

    def stop(self) -> int:
        """Stop in good order, PostgreSQL first; returns the process's exit code."""
        with suppress(BrokenPipeError):
            assert self.process.stdin is not None
            self.process.stdin.close()
        return self.process.wait(timeout=30)


class DidNotStart(Exception):
    """The process ended instead; the text is what it said for the operator."""


def start_server(data_path: Path, *, elsewhere: Path | None = None, user: str | None = None) -> Server:
    """Start a process with an embedded server; raises DidNotStart. Prefer `running_server`, which stops it too."""
    elsewhere = elsewhere or data_path.parent / "elsewhere"
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.storage.servers", str(data_path), str(elsewhere), user or ""],
        cwd=CHECKOUT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    dsn = process.stdout.readline().strip()
    said = process.stdout.readline().strip()
    process.stdout.close()
    if not dsn:
        assert process.stdin is not None
        process.stdin.close()
        process.wait(timeout=30)
        raise DidNotStart(said)
    return Server(process, dsn, said)


@contextmanager
def running_server(data_path: Path, *, elsewhere: Path | None = None, user: str | None = None) -> Iterator[Server]:
    """Run an embedded server on a data folder for the length of the block; `user` is who runs it, if not we."""
    server = start_server(data_path, elsewhere=elsewhere, user=user)
    try:
        yield server
    finally:
        server.stop()


def query(dsn: str, statement: str, *arguments: object) -> list[Any]:
    """Run one statement on a connection of its own and return its rows; for sync code, in a trio test or not."""

    async def run() -> list[Any]:
        connection = await asyncpg.connect(dsn, timeout=30)
        try:
            return list(await connection.fetch(statement, *arguments))
        finally:
            await connection.close()

    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, run()).result()


def until(holds: Callable[[], bool]) -> None:
    """Wait for something that other processes bring about; the limit is for a hang, not for a speed."""
    deadline = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < deadline, "waited for 60 s"
        time.sleep(0.05)


def cluster_of(data_path: Path) -> Path:
    """Return PostgreSQL's data directory of a data folder, wherever it went."""
    return (data_path / "postgres").resolve() / "cluster"


def postmaster_of(data_path: Path) -> int:
    """Return the number of the server's first process, 0 if none runs."""
    return read_pid_file(cluster_of(data_path))[0]


def is_alive(number: int) -> bool:
    """Whether a process runs; a zombie doesn't."""
    try:
        return Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def children_of(number: int) -> list[int]:
    """Return the numbers of the processes that a process started, zombies too."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            parent = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
        except (FileNotFoundError, ProcessLookupError):
            continue
        if parent == number:
            found.append(int(folder.name))
    return found


def answers(server: Server) -> bool:
    """Whether the server takes a connection and a query just now."""
    try:
        return bool(query(server.dsn, "SELECT 1"))
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
        return False


def commit(server: Server, number: int) -> None:
    """Commit one row, to be found again by `committed`."""
    query(server.dsn, "CREATE TABLE IF NOT EXISTS kept (number bigint PRIMARY KEY)")
    query(server.dsn, "INSERT INTO kept VALUES ($1)", number)


def committed(server: Server) -> list[int]:
    """Return the numbers of all rows that were committed, in order."""
    return [row[0] for row in query(server.dsn, "SELECT number FROM kept ORDER BY number")]


@contextmanager
def open_folder() -> Iterator[Path]:
    """Lend a temporary folder that PostgreSQL's account can enter; servers left over in it are stopped.

    pytest's tmp_path is closed to that account when the tests run as root.
    """
    folder = Path(tempfile.mkdtemp(prefix="rialto-test-"))
    folder.chmod(0o711)
    try:
        yield folder
    finally:
        for pid_file in folder.rglob("postmaster.pid"):
            trio.run(stop_orphan, pid_file.parent)
        shutil.rmtree(folder)


@pytest.fixture
def data_path() -> Iterator[Path]:
    """Return the path of a data folder that isn't there yet, for a server of the test's own."""
    with open_folder() as folder:
        yield folder / "data"


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Server]:
    """Return the one server that all tests share: take databases of it, and leave it running."""
    with open_folder() as folder, running_server(folder / "data") as server:
        yield server


@pytest.fixture
def postgres_dsn(postgres_server: Server) -> Iterator[str]:
    """Return the address of a fresh, empty database on the shared server."""
    with postgres_server.new_database() as dsn:
        yield dsn


async def serve(data_path: Path, elsewhere: Path) -> None:
    """Run an embedded server until stdin ends; says the dsn and where it went on two lines of stdout."""
    data = DataFolder(data_path)
    postgres = EmbeddedPostgres(data, lambda: "a:password/with?signs", elsewhere)
    with data.locked():
        async with trio.open_nursery() as nursery:
            print(await nursery.start(postgres.run))
            print(postgres.where_it_went or "", flush=True)
            await trio.lowlevel.wait_readable(sys.stdin)
            await postgres.stop()


def become(user: str) -> None:
    """Become another user, after all imports: this Python's files may be closed to him."""
    import pwd

    entry = pwd.getpwnam(user)
    os.setgroups([])
    os.setgid(entry.pw_gid)
    os.setuid(entry.pw_uid)


if __name__ == "__main__":
    structlog.configure(
        logger_factory=structlog.PrintLoggerFactory(sys.stderr)
    )  # stdout is for what start_server reads
    if sys.argv[3]:
        become(sys.argv[3])
    try:
        trio.run(serve, Path(sys.argv[1]), Path(sys.argv[2]))
    except* CannotStart as errors:
        print()
        print(errors.exceptions[0], flush=True)
        sys.exit(1)
