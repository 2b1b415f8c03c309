"""A start that can't be: one clear sentence on stdout, exit code 1, and no traceback anywhere."""

import os
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import trio

from storage.postgres import open_postgres
from tests.end_to_end.servers import ADMIN_PASSWORD, CHECKOUT, Rialto, running_rialto
from tests.storage.servers import Server, open_folder, query

pytestmark = pytest.mark.slow

TIMEOUT_S = 60.0  # for a hang


@pytest.fixture(scope="module")
def rialto(postgres_server: Server) -> Iterator[Rialto]:
    """Return one that runs."""
    with postgres_server.new_database() as dsn, running_rialto(DATABASE_URL=dsn) as rialto:
        yield rialto


@pytest.fixture
def data_folder() -> Iterator[Path]:
    """Return the path of a data folder that isn't there yet."""
    with open_folder() as folder:
        yield folder / "data"


def sentence_of(data_folder: Path, *arguments: str, **environment: str) -> str:
    """Start a Rialto that refuses to; return what it said."""
    variables = {
        **os.environ,
        "RIALTO_DATA": str(data_folder),
        "BIND_PORT": "0",
        "ADMIN_PASSWORD": ADMIN_PASSWORD,
        **environment,
    }
    ended = subprocess.run(
        [sys.executable, "run.py", *arguments],
        cwd=CHECKOUT,
        env=variables,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
        check=False,
    )
    assert ended.returncode == 1, (ended.stdout, ended.stderr)
    assert "Traceback" not in ended.stdout + ended.stderr, ended.stderr
    [said] = [line for line in ended.stdout.splitlines() if not line.startswith("{")]  # the log is JSON here
    assert " " in said
    return said


def test_a_busy_port(data_folder: Path, postgres_dsn: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as holder:
        port = holder.getsockname()[1]
        said = sentence_of(data_folder, DATABASE_URL=postgres_dsn, BIND_PORT=str(port))
    assert said == f"Port {port} on 127.0.0.1 is in use: stop what serves it, or choose another port."


def test_a_busy_port_under_an_embedded_database(data_folder: Path) -> None:
    """The PostgreSQL that was started for it is stopped again."""
    with socket.create_server(("127.0.0.1", 0)) as holder:
        port = holder.getsockname()[1]
        assert sentence_of(data_folder, BIND_PORT=str(port)).startswith(f"Port {port} on 127.0.0.1 is in use")
    assert not list(data_folder.rglob("postmaster.pid"))


def test_an_address_of_another_machine(data_folder: Path, postgres_dsn: str) -> None:
    said = sentence_of(data_folder, DATABASE_URL=postgres_dsn, BIND_ADDR="192.0.2.1")
    assert said == "192.0.2.1 is not an address of this machine: set BIND_ADDR to one that is."


@pytest.mark.parametrize("arguments", [(), ("verify",)])
def test_a_second_instance_on_the_same_data_folder(rialto: Rialto, arguments: tuple[str, ...]) -> None:
    said = sentence_of(rialto.data_path, *arguments)
    process = rialto.process.pid
    assert said == f"Another Rialto (process {process}) is running on the data folder {rialto.data_path}."


def test_a_second_instance_on_the_same_database(rialto: Rialto, data_folder: Path) -> None:
    said = sentence_of(data_folder, DATABASE_URL=rialto.environment["DATABASE_URL"])
    assert said == "Another Rialto is at work on this database: stop it, or use another database."


def test_a_schema_of_a_newer_version(data_folder: Path, postgres_dsn: str) -> None:
    trio.run(make_tables, postgres_dsn)
    query(postgres_dsn, "insert into schema_version values (999, 'from the future')")
    said = sentence_of(data_folder, DATABASE_URL=postgres_dsn)
    assert re.fullmatch(
        r"The database's tables are of version 999, this Rialto knows \d+: "
        r"start the newer Rialto that changed them, or use another database\.",
        said,
    )


async def make_tables(dsn: str) -> None:
    async with open_postgres(dsn):
        pass


@pytest.mark.parametrize(
    "address",
    [
        "postgresql://rialto@127.0.0.1:1/rialto",
        "postgresql://rialto@name.invalid/rialto",
        "postgresql://rialto@/rialto?host=/nowhere",
        "postgresql://rialto@127.0.0.1:port/rialto",
    ],
)
def test_a_database_that_cannot_be_reached(data_folder: Path, address: str) -> None:
    said = sentence_of(data_folder, DATABASE_URL=address)
    assert re.fullmatch(r"PostgreSQL can't be reached: .*[^.]\.", said)


def test_a_database_that_lets_nobody_in(data_folder: Path, postgres_dsn: str) -> None:
    wrong_password = re.sub(r"//rialto:[^@]*@", "//rialto:wrong@", postgres_dsn)
    said = sentence_of(data_folder, DATABASE_URL=wrong_password)
    assert said == 'PostgreSQL can\'t be reached: password authentication failed for user "rialto".'
    no_such = re.sub(r"@/[^?]*\?", "@/nothing?", postgres_dsn)
    said = sentence_of(data_folder, DATABASE_URL=no_such)
    assert said == 'PostgreSQL can\'t be reached: database "nothing" does not exist.'


def test_a_data_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for path in (tmp_path / "file", tmp_path / "file" / "data", Path("/proc/nowhere/data")):
        said = sentence_of(path)
        assert said.startswith(f"{path} in the data folder can't be used: "), said


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_data_folder_that_cannot_be_written(data_folder: Path) -> None:
    data_folder.mkdir()
    data_folder.chmod(0o500)
    assert sentence_of(data_folder).startswith(f"{data_folder / 'lock'} in the data folder can't be used: ")


@pytest.mark.parametrize(
    ("variable", "value", "said"),
    [
        ("BIND_PORT", "99999", "BIND_PORT must be a whole number from 0 to 65535."),
        ("BIND_ADDR", "rialto", "BIND_ADDR must be an IP address to listen on, such as 127.0.0.1."),
        ("DATABASE_URL", "mysql://x", "DATABASE_URL must begin with postgresql://."),
        ("JWT_SECRET", "short", "JWT_SECRET must have at least 32 bytes."),
        ("LOG_FORMAT", "xml", "LOG_FORMAT must be auto, terminal or json."),
    ],
)
def test_a_wrong_setting(data_folder: Path, variable: str, value: str, said: str) -> None:
    assert sentence_of(data_folder, **{variable: value}) == said
    assert not data_folder.exists()
