"""Where the database lives, and what root's account can reach."""

import os
import shutil
import stat
from pathlib import Path

import pytest
import trio

from storage.data_folder import DataFolder
from storage.embedded import PostgresUnusable
from storage.embedded.account import Account, account_for, reaches
from storage.embedded.home import SOCKET_FILE, SOCKET_PATH_BYTES_MAX, settle, socket_folder

OURSELVES = Account("this user")

only_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root needs another account")


@pytest.fixture
def open_data(data_path: Path) -> Path:
    """A data folder that root's account can enter."""
    return DataFolder(data_path).path


@pytest.fixture
def closed_data(open_data: Path) -> Path:
    """A data folder that root's account can't enter."""
    open_data.chmod(0o700)
    return open_data


def test_the_home_is_in_the_data_folder_and_is_found_again(open_data: Path) -> None:
    home, account = trio.run(settle, open_data, open_data.parent / "elsewhere")
    assert home == open_data / "postgres"
    assert trio.run(settle, open_data, open_data.parent / "elsewhere") == (home, account)
    assert not (open_data.parent / "elsewhere").exists()


@only_root
def test_a_home_that_cannot_be_reached_is_made_elsewhere_and_found_again(closed_data: Path) -> None:
    elsewhere = closed_data.parent / "var" / "rialto"
    home, account = trio.run(settle, closed_data, elsewhere)
    assert home.parent == elsewhere
    assert (closed_data / "postgres").resolve() == home
    assert trio.run(reaches, account, home)
    closed_data.chmod(0o711)  # also when the cause has gone: the database is where it is
    assert trio.run(settle, closed_data, elsewhere) == (home, account)


@only_root
def test_a_home_that_a_kill_left_half_made_goes_elsewhere_too(closed_data: Path) -> None:
    (closed_data / "postgres").mkdir()
    home, _ = trio.run(settle, closed_data, closed_data.parent / "elsewhere")
    assert home.parent == closed_data.parent / "elsewhere"


@only_root
def test_a_data_folder_made_anew_gets_a_new_home(closed_data: Path) -> None:
    home, _ = trio.run(settle, closed_data, closed_data.parent / "elsewhere")
    shutil.rmtree(closed_data)
    closed_data.mkdir(mode=0o700)
    assert trio.run(settle, closed_data, closed_data.parent / "elsewhere")[0] != home


@only_root
def test_no_folder_above_is_opened(closed_data: Path) -> None:
    trio.run(settle, closed_data, closed_data.parent / "elsewhere")
    assert stat.S_IMODE(closed_data.stat().st_mode) == 0o700


@only_root
def test_neither_place_reachable_is_told(closed_data: Path) -> None:
    with pytest.raises(PostgresUnusable, match=r"can enter neither \S+/data nor \S+/data/elsewhere\.$"):
        trio.run(settle, closed_data, closed_data / "elsewhere")


@only_root
def test_a_home_that_was_closed_later_is_told_not_replaced(open_data: Path) -> None:
    home, account = trio.run(settle, open_data, open_data.parent / "elsewhere")
    (home / "cluster").mkdir()
    account.take(home / "cluster")
    open_data.chmod(0o700)
    with pytest.raises(PostgresUnusable, match=r"can't enter \S+/postgres: a folder on the way lacks mode o\+x"):
        trio.run(settle, open_data, open_data.parent / "elsewhere")


def test_a_link_to_nowhere_is_told_not_replaced(open_data: Path) -> None:
    (open_data / "postgres").symlink_to(open_data / "gone")
    with pytest.raises(PostgresUnusable, match=r"/postgres leads to \S+/gone, which is gone: bring it back"):
        trio.run(settle, open_data, open_data.parent / "elsewhere")


@only_root
def test_a_cluster_that_is_there_is_run_as_its_owner(tmp_path: Path) -> None:
    os.chown(tmp_path, 65534, 65534)
    assert account_for(tmp_path).user == 65534
    os.chown(tmp_path, 0, 0)
    with pytest.raises(PostgresUnusable, match="belongs to root, as whom PostgreSQL refuses to run: give"):
        account_for(tmp_path)
    os.chown(tmp_path, 4_000_000, 0)
    with pytest.raises(PostgresUnusable, match="belongs to user 4000000, whom this machine doesn't know"):
        account_for(tmp_path)


def test_the_socket_folder_is_new_each_time_and_left_overs_go(tmp_path: Path) -> None:
    (tmp_path / "socket-left").mkdir()
    with socket_folder(tmp_path, OURSELVES) as first:
        assert first.parent == tmp_path
        assert stat.S_IMODE(first.stat().st_mode) == 0o700
    with socket_folder(tmp_path, OURSELVES) as second:
        assert second != first
        assert [path.name for path in tmp_path.iterdir()] == [second.name]
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["long" * 25, "with,comma"])
def test_a_path_that_a_socket_cannot_have_puts_it_into_the_temporary_folder(tmp_path: Path, name: str) -> None:
    (tmp_path / name).mkdir()
    with socket_folder(tmp_path / name, OURSELVES) as folder:
        assert not folder.is_relative_to(tmp_path)
        assert len(os.fsencode(folder / SOCKET_FILE)) <= SOCKET_PATH_BYTES_MAX
    assert not folder.exists()
