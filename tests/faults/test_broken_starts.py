"""SIGTERM and Ctrl-C while Rialto starts: the start is broken off in one sentence, and leaves nothing behind."""

import asyncio
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import asyncpg
import pytest
import trio

from storage.embedded.processes import read_pid_file
from storage.migrate import LOCK as MIGRATION_LOCK
from storage.postgres import open_postgres
from tests.end_to_end.servers import ADMIN_PASSWORD, CHECKOUT, Rialto
from tests.faults.freezing import frozen
from tests.storage.servers import cluster_of, open_folder, query, running_server, until

pytestmark = pytest.mark.slow

BROKEN_OFF, STOPPED = "Rialto was stopped before it served.", "Rialto has stopped."
SIGNALS = (signal.SIGTERM, signal.SIGINT)
STOP_S_MAX = 10.0  # the contract's


@pytest.fixture
def chance() -> random.Random:
    """Return a source of moments whose seed a failure shows."""
    seed = random.randrange(2**32)
    print(f"seed {seed}")
    return random.Random(seed)


@pytest.fixture
def data_path() -> Iterator[Path]:
    """Return the path of a data folder that isn't there yet."""
    with open_folder() as folder:
        yield folder / "data"


class Start:
    """A Rialto on its way; it hears signals from the beginning of `run.py`, before that they are Python's."""

    def __init__(self, data_path: Path, *arguments: str, database_url: str = "") -> None:
        self.process = subprocess.Popen(
            [sys.executable, "run.py", *arguments],
            cwd=CHECKOUT,
            env={
                **os.environ,
                "DATABASE_URL": database_url,
                "RIALTO_DATA": str(data_path),
                "BIND_PORT": "0",
                "ADMIN_PASSWORD": ADMIN_PASSWORD,
                "LOG_FORMAT": "json",
            },
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        until(self._hears)

    def _hears(self) -> bool:
        """Whether it has said to the kernel that SIGTERM is to be told, not to end it."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        caught = int(status.partition("SigCgt:")[2].split()[0], 16)
        return bool(caught >> (signal.SIGTERM - 1) & 1)

    def stop(self, number: signal.Signals, timeout_s: float = 30.0) -> tuple[int, list[str]]:
        """Send a signal as a terminal would; the exit code, and what was said all in all, but for the log."""
        os.killpg(self.process.pid, number)
        said, _ = self.process.communicate(timeout=timeout_s)
        return self.process.returncode, [line for line in said.splitlines() if not line.startswith("{")]


@contextmanager
def starting(data_path: Path, *arguments: str, database_url: str = "") -> Iterator[Start]:
    """Start one; what is left of it at the end of the block is ended."""
    start = Start(data_path, *arguments, database_url=database_url)
    try:
        yield start
    finally:
        start.process.kill()
        start.process.wait()
        if start.process.stdout is not None:
            start.process.stdout.close()


@pytest.mark.parametrize("after_s", [0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7])
@pytest.mark.parametrize("number", SIGNALS)
def test_stopped_during_the_imports(data_path: Path, number: signal.Signals, after_s: float) -> None:
    """Their end falls into these moments, too."""
    with starting(data_path) as start:
        time.sleep(after_s)
        assert start.stop(number) == (0, [BROKEN_OFF])


@pytest.mark.parametrize("after_s", [0.0, 3.0])
def test_stopped_when_nobody_listens(data_path: Path, after_s: float) -> None:
    """As in `make run | tee log`, where Ctrl-C ends `tee` first."""
    with starting(data_path) as start:
        assert start.process.stdout is not None
        time.sleep(after_s)
        start.process.stdout.close()
        start.process.send_signal(signal.SIGINT)
        assert start.process.wait(STOP_S_MAX) == 0


@pytest.mark.parametrize("longest_s", [3.0, 1.5])
def test_stopped_at_any_moment(data_path: Path, chance: random.Random, longest_s: float) -> None:
    """No PostgreSQL is left over, and the next start finds all in order."""
    endings = set()
    for number in SIGNALS * 3:
        with starting(data_path) as start:
            time.sleep(chance.uniform(0.0, longest_s))
            code, said = start.stop(number)
        assert code == 0, said
        assert said[-1] in (STOPPED, BROKEN_OFF), said
        assert not list(data_path.rglob("postmaster.pid"))
        endings.add(said[-1])
    assert BROKEN_OFF in endings
    assert Rialto(data_path, {}).stop() == 0


def test_stopped_while_the_tables_are_made(chance: random.Random) -> None:
    """PostgreSQL ends after those who work on it: they would tell that it is gone, and this be an error."""
    for number in SIGNALS * 2:
        with open_folder() as folder, starting(folder / "data") as start:
            until(partial(is_ready, folder / "data"))
            time.sleep(chance.uniform(0.0, 0.2))
            code, said = start.stop(number)
            assert (code, said[-1]) in ((0, BROKEN_OFF), (0, STOPPED)), said


def is_ready(data_path: Path) -> bool:
    return read_pid_file(cluster_of(data_path))[1] == "ready"


@pytest.mark.parametrize("number", SIGNALS)
def test_stopped_while_the_tables_are_made_and_postgresql_is_frozen(data_path: Path, number: signal.Signals) -> None:
    """It hears no request to cancel, and answers no rollback."""
    with (
        open_folder() as folder,
        running_server(folder / "data") as server,
        something_in_the_way(server.dsn, f"select pg_advisory_xact_lock({MIGRATION_LOCK})") as is_met,
        starting(data_path, database_url=server.dsn) as start,
    ):
        until(is_met)
        with frozen(folder / "data"):
            assert start.stop(number, STOP_S_MAX) == (0, [BROKEN_OFF])


@pytest.mark.parametrize("number", SIGNALS)
def test_stopped_while_the_first_commit_waits_for_the_database(
    data_path: Path, postgres_dsn: str, number: signal.Signals
) -> None:
    """It may be done or not, and the next start looks; a commit is not broken off, and a stop does not wait for it."""
    trio.run(make_tables, postgres_dsn)
    with (
        something_in_the_way(postgres_dsn, "insert into journal values (1, 0, '', '')") as is_met,
        starting(data_path, database_url=postgres_dsn) as start,
    ):
        until(is_met)
        code, said = start.stop(number, STOP_S_MAX)
    assert code == 1
    assert said == ["Rialto had to stop: stopped while entry 1 may be committed or not. Nothing acknowledged is lost."]


async def make_tables(dsn: str) -> None:
    async with open_postgres(dsn):
        pass


@contextmanager
def something_in_the_way(dsn: str, statement: str) -> Iterator[Callable[[], bool]]:
    """Keep a transaction open in which this was done; yields whether another one waits for its end."""
    with asyncio.Runner() as runner:
        connection = runner.run(asyncpg.connect(dsn))
        runner.run(connection.execute(f"begin; {statement}"))
        try:
            yield lambda: bool(query(dsn, "select from pg_locks where not granted"))
        finally:
            runner.run(connection.close())


@pytest.mark.parametrize("after_s", [0.1, 1.0])
def test_verify_is_stopped(data_path: Path, after_s: float) -> None:
    """Nothing was verified, so the exit code says no."""
    with starting(data_path, "verify") as start:
        time.sleep(after_s)
        assert start.stop(signal.SIGINT) == (1, ["Rialto was stopped before it verified."])
    assert not list(data_path.rglob("postmaster.pid"))
