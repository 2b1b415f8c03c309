"""After a kill -9 of Rialto: its PostgreSQL is found and stopped, its rows are there, strangers are left alone."""

import os
import shutil
import signal
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import trio

from storage.embedded.processes import open_postmaster, stop_orphan
from tests.storage.servers import (
    answers,
    children_of,
    cluster_of,
    commit,
    committed,
    is_alive,
    open_folder,
    postmaster_of,
    query,
    running_server,
    start_server,
    until,
)

pytestmark = pytest.mark.slow


def test_an_orphan_of_a_killed_rialto_is_stopped_and_its_rows_are_there(data_path: Path) -> None:
    server = start_server(data_path)
    commit(server, 1)
    orphan = postmaster_of(data_path)
    server.process.kill()
    server.stop()
    assert is_alive(orphan)
    with running_server(data_path) as server:
        assert not is_alive(orphan)
        assert postmaster_of(data_path) != orphan
        assert committed(server) == [1]
    # It was asked to stop. One whose postmaster.pid has gone would end within a minute by itself, and in disorder.
    log = (data_path / "postgres.log").read_text()
    assert log.count("received fast shutdown request") == 2
    assert "automatic recovery" not in log


def test_both_killed_at_once(data_path: Path) -> None:
    server = start_server(data_path)
    commit(server, 1)
    orphan = postmaster_of(data_path)
    server.process.send_signal(signal.SIGSTOP)
    os.kill(orphan, signal.SIGKILL)
    server.process.kill()
    server.stop()
    with running_server(data_path) as server:
        assert committed(server) == [1]


def test_both_killed_while_a_backend_lingers(data_path: Path) -> None:
    """The start waits for it: PostgreSQL refuses to run beside processes that still work in its cluster."""
    killed = start_server(data_path)
    commit(killed, 1)
    orphan = postmaster_of(data_path)
    backend = children_of(orphan)[0]
    os.kill(backend, signal.SIGSTOP)
    killed.process.send_signal(signal.SIGSTOP)
    os.kill(orphan, signal.SIGKILL)
    killed.process.kill()
    killed.stop()

    def let_it_end() -> None:
        until(lambda: "is still in use" in (data_path / "postgres.log").read_text())
        os.kill(backend, signal.SIGCONT)

    with ThreadPoolExecutor(1) as thread:
        released = thread.submit(let_it_end)
        with running_server(data_path) as server:
            assert committed(server) == [1]
        released.result()


def test_killed_while_the_database_is_being_made(data_path: Path) -> None:
    """A folder under construction is what such a kill leaves."""
    left_over = data_path / "postgres" / "making-12345678"
    (left_over / "cluster").mkdir(parents=True)
    (left_over / "cluster" / "PG_VERSION").write_text("18\n")
    for folder in (data_path, data_path / "postgres"):
        folder.chmod(0o711)
    with running_server(data_path) as server:
        assert answers(server)
    assert not left_over.exists()


def test_a_data_folder_that_is_removed_under_an_orphan_begins_anew(data_path: Path) -> None:
    server = start_server(data_path)
    commit(server, 1)
    orphan = postmaster_of(data_path)
    server.process.kill()
    server.stop()
    shutil.rmtree(data_path)
    try:
        with running_server(data_path) as server:
            assert query(server.dsn, "SELECT FROM pg_tables WHERE tablename = 'kept'") == []
            os.kill(
                orphan, signal.SIGQUIT
            )  # Within a minute it would end like this by itself, taking its socket along.
            until(lambda: not is_alive(orphan))
            assert answers(server)
    finally:
        if is_alive(orphan):
            os.kill(orphan, signal.SIGKILL)


def test_another_clusters_postmaster_is_no_orphan_of_ours(data_path: Path, tmp_path: Path) -> None:
    with running_server(data_path) as server:
        shutil.copy(cluster_of(data_path) / "postmaster.pid", tmp_path)
        assert open_postmaster(tmp_path) is None
        trio.run(stop_orphan, tmp_path)
        handle = open_postmaster(cluster_of(data_path))
        assert handle is not None
        os.close(handle)
        assert answers(server)


def test_a_stranger_with_the_postmasters_number_neither_dies_nor_stops_the_start(data_path: Path) -> None:
    """The number in postmaster.pid is a living process of PostgreSQL's own account: of itself it would not start."""
    with open_folder() as folder, running_server(folder / "data") as stranger:
        with running_server(data_path):
            pid_file = cluster_of(data_path) / "postmaster.pid"
            text = pid_file.read_text()
        number = postmaster_of(folder / "data")
        pid_file.write_text("\n".join([str(number), *text.splitlines()[1:]]) + "\n")
        with running_server(data_path) as server:
            assert answers(server)
        assert answers(stranger)
