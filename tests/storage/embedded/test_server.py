"""The embedded server as a whole: real processes, killed in every way that the operator's machine may think of."""

import os
import shutil
import signal
import stat
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg
import pytest
import trio

from storage.data_folder import CannotStart, DataFolder
from storage.embedded import EmbeddedPostgres, account
from tests.storage.servers import (
    DidNotStart,
    Server,
    answers,
    children_of,
    cluster_of,
    commit,
    committed,
    is_alive,
    postmaster_of,
    query,
    running_server,
    start_server,
    until,
)

pytestmark = pytest.mark.slow

only_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root needs another account")


def is_back(server: Server, data_path: Path, before: int) -> bool:
    return postmaster_of(data_path) not in (0, before) and answers(server)


def setting(dsn: str, name: str) -> str:
    [row] = query(dsn, "SELECT current_setting($1)", name)
    return str(row[0])


def test_the_shared_server_lends_an_empty_database_with_the_settings_that_matter(postgres_dsn: str) -> None:
    assert query(postgres_dsn, "SELECT FROM pg_tables WHERE schemaname = 'public'") == []
    expected = {
        "fsync": "on",
        "synchronous_commit": "on",
        "full_page_writes": "on",
        "data_checksums": "on",
        "listen_addresses": "",
        "server_encoding": "UTF8",
        "TimeZone": "UTC",
    }
    assert {name: setting(postgres_dsn, name) for name in expected} == expected
    assert setting(postgres_dsn, "server_version").startswith("18.")


def test_two_borrowers_have_databases_of_their_own(postgres_server: Server) -> None:
    with postgres_server.new_database() as first, postgres_server.new_database() as second:
        query(first, "CREATE TABLE mine ()")
        assert query(second, "SELECT FROM pg_tables WHERE tablename = 'mine'") == []


def test_a_wrong_password_is_refused(postgres_dsn: str) -> None:
    password = urlsplit(postgres_dsn).password
    assert password
    with pytest.raises(asyncpg.InvalidPasswordError):
        query(postgres_dsn.replace(password, "wrong"), "SELECT 1")


def test_a_start_stop_and_start_keeps_rows_and_leaves_no_process(data_path: Path) -> None:
    with running_server(data_path) as server:
        commit(server, 1)
        postmaster = postmaster_of(data_path)
        processes = [postmaster, *children_of(postmaster)]
        assert len(processes) > 3
        assert server.stop() == 0
    assert not any(is_alive(number) for number in processes)
    assert sorted(path.name for path in (data_path / "postgres").iterdir()) == ["cluster", "lock"]
    with running_server(data_path) as server:
        assert committed(server) == [1]
        # No recovery was needed: the stop was a stop in good order.
        assert "automatic recovery" not in (data_path / "postgres.log").read_text()


def test_nobody_but_its_account_can_look_into_the_database(data_path: Path) -> None:
    with running_server(data_path):
        cluster = cluster_of(data_path)
        assert stat.S_IMODE(cluster.stat().st_mode) == 0o700
        [socket] = cluster.parent.glob("socket-*")
        assert stat.S_IMODE(socket.stat().st_mode) == 0o700
        assert stat.S_IMODE((data_path / "postgres_password").stat().st_mode) == 0o600
        assert stat.S_IMODE((data_path / "postgres.log").stat().st_mode) == 0o600
        assert "password" not in (data_path / "postgres.log").read_text()


def test_ctrl_c_does_not_reach_the_server_first(data_path: Path) -> None:
    with running_server(data_path) as server:
        assert os.getsid(postmaster_of(data_path)) != os.getsid(server.process.pid)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGQUIT, signal.SIGINT])
def test_a_server_that_ends_by_itself_is_started_again_and_committed_rows_are_there(
    data_path: Path, number: signal.Signals
) -> None:
    with running_server(data_path) as server:
        for round_number in range(3):
            commit(server, round_number)
            before = postmaster_of(data_path)
            os.kill(before, number)
            until(partial(is_back, server, data_path, before))
        assert committed(server) == [0, 1, 2]


def test_a_killed_server_whose_backend_lingers_is_started_again_when_that_has_gone(data_path: Path) -> None:
    async def main() -> None:
        async with trio.open_nursery() as nursery:
            numbers: list[int] = []

            def work() -> None:
                """Keep a backend at work, which a postmaster's death doesn't interrupt until it looks up."""
                with pytest.raises((OSError, asyncpg.PostgresError, asyncpg.InterfaceError)):
                    query(server.dsn, "SELECT pg_sleep(600)")

            nursery.start_soon(trio.to_thread.run_sync, work)
            while not numbers:
                rows = await trio.to_thread.run_sync(
                    query, server.dsn, "SELECT pid FROM pg_stat_activity WHERE query LIKE '%pg_sleep(600)'"
                )
                numbers.extend(row[0] for row in rows)
            os.kill(numbers[0], signal.SIGSTOP)
            try:
                os.kill(postmaster_of(data_path), signal.SIGKILL)
                log = data_path / "postgres.log"
                await trio.to_thread.run_sync(until, lambda: "is still in use" in log.read_text())
                assert not await trio.to_thread.run_sync(answers, server)
            finally:
                os.kill(numbers[0], signal.SIGCONT)
            await trio.to_thread.run_sync(until, lambda: answers(server))

    with running_server(data_path) as server:
        commit(server, 1)
        trio.run(main)
        assert committed(server) == [1]


def test_a_server_that_cannot_be_started_again_is_tried_until_it_can(data_path: Path) -> None:
    with running_server(data_path) as server:
        commit(server, 1)
        settings = cluster_of(data_path) / "postgresql.conf"
        text = settings.read_text()
        settings.write_text("nonsense\n")
        os.kill(postmaster_of(data_path), signal.SIGKILL)
        log = data_path / "postgres.log"
        until(lambda: log.read_text().count("contains errors") >= 3)
        settings.write_text(text)
        until(lambda: answers(server))
        assert committed(server) == [1]


def test_a_second_rialto_on_the_same_folder_is_refused_in_one_sentence(data_path: Path) -> None:
    with running_server(data_path) as server:
        with pytest.raises(DidNotStart) as refusal:
            start_server(data_path)
        assert str(refusal.value) == (
            f"Another Rialto (process {server.process.pid}) is running on the data folder {data_path}."
        )
        assert answers(server)


@only_root
def test_under_a_closed_folder_root_s_database_goes_elsewhere_and_says_so(data_path: Path) -> None:
    closed = data_path.parent / "closed"
    closed.mkdir(mode=0o700)
    elsewhere = data_path.parent / "elsewhere"
    with running_server(closed / "data", elsewhere=elsewhere) as server:
        home = (closed / "data" / "postgres").resolve()
        assert home.parent == elsewhere
        assert server.where_it_went == (
            f"The database is in {home}: under root PostgreSQL runs as user postgres, "
            f"who can't enter {closed / 'data'}."
        )
        commit(server, 1)
        assert stat.S_IMODE(closed.stat().st_mode) == 0o700
        # A copy of the data folder leads to the same database, so its Rialto is a second one.
        shutil.copytree(closed / "data", closed / "copy", symlinks=True)
        with pytest.raises(DidNotStart, match=rf"is running on the database in {home}\.$"):
            start_server(closed / "copy", elsewhere=elsewhere)
    with running_server(closed / "data", elsewhere=elsewhere) as server:
        assert committed(server) == [1]


@only_root
def test_an_ordinary_user_runs_it_as_himself(data_path: Path) -> None:
    shutil.chown(data_path.parent, "nobody")
    with running_server(data_path, user="nobody") as server:
        assert server.where_it_went == ""
        commit(server, 1)
        assert cluster_of(data_path).owner() == "nobody"
        assert Path(f"/proc/{postmaster_of(data_path)}").owner() == "nobody"
    orphan_maker = start_server(data_path, user="nobody")
    orphan = postmaster_of(data_path)
    orphan_maker.process.kill()
    orphan_maker.stop()
    with running_server(data_path, user="nobody") as server:
        assert not is_alive(orphan)
        assert committed(server) == [1]
    with running_server(data_path) as server:  # root runs another's database as that other
        assert committed(server) == [1]
        assert Path(f"/proc/{postmaster_of(data_path)}").owner() == "nobody"


@only_root
def test_an_ordinary_user_is_refused_root_s_database_in_one_sentence(data_path: Path) -> None:
    with running_server(data_path):
        pass
    with pytest.raises(DidNotStart, match=r"/data/lock in the data folder can't be used: Permission denied\.$"):
        start_server(data_path, user="nobody")


@pytest.mark.parametrize("name", ["long" * 25, 'with a space, a comma, a "quote" and an ü'])
def test_any_path_will_do(data_path: Path, name: str) -> None:
    with running_server(data_path.parent / name) as server:
        commit(server, 1)
        assert committed(server) == [1]


def test_a_newer_postgresqls_cluster_is_refused_in_one_sentence(data_path: Path) -> None:
    with running_server(data_path):
        pass
    (cluster_of(data_path) / "PG_VERSION").write_text("19\n")
    with pytest.raises(DidNotStart, match=r"was written by PostgreSQL 19 and this Rialto brings 18: run the newer"):
        start_server(data_path)


def test_a_lost_password_is_told_not_replaced(data_path: Path) -> None:
    with running_server(data_path):
        pass
    (data_path / "postgres_password").unlink()
    with pytest.raises(DidNotStart, match=r"bring back \S+/postgres_password, or remove \S+/data/postgres to begin"):
        start_server(data_path)


def test_a_server_that_does_not_start_is_told_in_its_own_words(data_path: Path) -> None:
    with running_server(data_path):
        pass
    (cluster_of(data_path) / "postgresql.conf").write_text("nonsense\n")
    with pytest.raises(DidNotStart, match=r"^PostgreSQL did not start: configuration file .* contains errors"):
        start_server(data_path)


@pytest.mark.trio
async def test_cancellation_stops_the_server_too(data_path: Path) -> None:
    data = DataFolder(data_path)
    postgres = EmbeddedPostgres(data, lambda: "password", data_path.parent / "elsewhere")
    async with trio.open_nursery() as nursery:
        assert await nursery.start(postgres.run) == postgres.dsn
        postmaster = postmaster_of(data_path)
        assert is_alive(postmaster)
        nursery.cancel_scope.cancel()
    assert not is_alive(postmaster)
    with pytest.raises(AssertionError, match="not in service"):
        _ = postgres.dsn
    await postgres.stop()  # twice is once


@only_root
@pytest.mark.trio
async def test_where_there_is_no_user_postgres_nobody_runs_it(data_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(account, "CANDIDATES", ("no-such-user", "nobody"))
    postgres = EmbeddedPostgres(DataFolder(data_path), lambda: "password", data_path.parent / "elsewhere")
    async with trio.open_nursery() as nursery:
        await nursery.start(postgres.run)
        assert cluster_of(data_path).owner() == "nobody"
        await postgres.stop()


@pytest.mark.trio
async def test_a_stop_before_the_run_and_in_the_middle_of_the_start(data_path: Path) -> None:
    data = DataFolder(data_path)
    early = EmbeddedPostgres(data, lambda: "password", data_path.parent / "elsewhere")
    await early.stop()
    await early.run()
    halfway = EmbeddedPostgres(data, lambda: "password", data_path.parent / "elsewhere")
    async with trio.open_nursery() as nursery:
        nursery.start_soon(halfway.run)
        while not list((data_path / "postgres").glob("making-*/cluster/PG_VERSION")):  # noqa: ASYNC110 - initdb makes it
            await trio.sleep(0.01)
        await halfway.stop()
    assert list((data_path / "postgres").glob("making-*")) == []
    assert not cluster_of(data_path).exists()


@pytest.mark.trio
async def test_a_refusal_leaves_start_as_itself(data_path: Path) -> None:
    data = DataFolder(data_path)
    (data.path / "postgres").symlink_to("gone")
    async with trio.open_nursery() as nursery:
        with pytest.raises(CannotStart, match="which is gone"):
            await nursery.start(EmbeddedPostgres(data, lambda: "password").run)
