"""The data folder: private, one Rialto at a time, secrets made once."""

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from storage.data_folder import DataFolder, DataFolderBusy, DataFolderUnusable

FOLDER_MODE = 0o711 if os.geteuid() == 0 else 0o700


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def make_none() -> str:
    raise AssertionError("the secret was there already")


def test_folders_that_are_missing_are_made_closed_to_others_looks(tmp_path: Path) -> None:
    data = DataFolder(tmp_path / "deep" / "data")
    assert mode(data.path) == FOLDER_MODE
    assert mode(tmp_path / "deep") == FOLDER_MODE


def test_a_folder_that_is_there_keeps_its_mode(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    DataFolder(tmp_path)
    assert mode(tmp_path) == 0o755


def test_a_secret_is_made_once_and_stays(tmp_path: Path) -> None:
    assert not DataFolder(tmp_path).holds("key")
    assert DataFolder(tmp_path).secret("key", lambda: "first") == "first"
    assert DataFolder(tmp_path).secret("key", make_none) == "first"
    assert DataFolder(tmp_path).holds("key")


def test_a_secret_is_for_its_owner_alone_whatever_the_umask(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        DataFolder(tmp_path).secret("key", lambda: "first")
    finally:
        os.umask(before)
    assert mode(tmp_path / "key") == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["key"]


def test_an_operators_own_secret_is_taken_without_its_line_end_and_closed_to_others(tmp_path: Path) -> None:
    (tmp_path / "key").write_text(" chosen\n")
    (tmp_path / "key").chmod(0o644)
    assert DataFolder(tmp_path).secret("key", make_none) == "chosen"
    assert mode(tmp_path / "key") == 0o600


def test_a_secret_that_cannot_be_made_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(AssertionError):
        DataFolder(tmp_path).secret("key", make_none)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("text", ["", " \n", "two\nlines"])
def test_a_secret_that_is_not_one_line_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "key").write_text(text)
    with pytest.raises(DataFolderUnusable, match="key must hold one line"):
        DataFolder(tmp_path).secret("key", make_none)


def test_bytes_that_are_no_text_are_refused(tmp_path: Path) -> None:
    (tmp_path / "key").write_bytes(b"\xff\xfe")
    with pytest.raises(DataFolderUnusable, match="key in the data folder can't be used"):
        DataFolder(tmp_path).secret("key", make_none)


def test_a_file_in_the_place_of_the_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "data").touch()
    for path in (tmp_path / "data", tmp_path / "data" / "below"):
        with pytest.raises(DataFolderUnusable, match=r"can't be used: [Nn]ot a (folder|directory)\.$"):
            DataFolder(path)


def test_a_second_holder_is_refused_in_one_sentence_that_names_the_first(tmp_path: Path) -> None:
    first, second = DataFolder(tmp_path), DataFolder(tmp_path)
    with first.locked():
        with pytest.raises(DataFolderBusy) as refusal, second.locked():
            pass
        assert str(refusal.value) == f"Another Rialto (process {os.getpid()}) is running on the data folder {tmp_path}."
    with second.locked():
        pass


def test_a_lock_file_that_leads_elsewhere_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "precious").write_text("text")
    (tmp_path / "lock").symlink_to(tmp_path / "precious")
    with pytest.raises(DataFolderUnusable), DataFolder(tmp_path).locked():
        pass
    assert (tmp_path / "precious").read_text() == "text"


@pytest.mark.slow
def test_kill_9_frees_the_lock(tmp_path: Path) -> None:
    program = (
        "import sys, pathlib, storage.data_folder as d\n"
        "with d.DataFolder(pathlib.Path(sys.argv[1])).locked(): print('held', flush=True); sys.stdin.read()"
    )
    holder = subprocess.Popen(
        [sys.executable, "-c", program, tmp_path], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    with holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(DataFolderBusy, match=f"process {holder.pid}"), DataFolder(tmp_path).locked():
            pass
        holder.kill()
    with DataFolder(tmp_path).locked():
        pass
