"""PostgreSQL's programs come from the wheel, or from a copy where root's account can't run those."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import trio

from storage.embedded import PostgresUnusable, programs
from storage.embedded.account import Account, account_for
from storage.embedded.programs import find_programs


@pytest.mark.slow
def test_the_installed_programs_are_found_without_importing_their_package() -> None:
    code = (
        "import sys, trio, pathlib, storage.embedded.account as a, storage.embedded.programs as p\n"
        "print(trio.run(p.find_programs, a.Account('this user'), pathlib.Path('/nowhere')))\n"
        "sys.exit(p.PACKAGE in sys.modules)"
    )
    result = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert Path(result.stdout.strip(), "postgres").exists()


def test_a_package_that_is_not_installed_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(programs, "PACKAGE", "no_such_package")
    with pytest.raises(PostgresUnusable, match="install no_such_package, or set DATABASE_URL"):
        trio.run(find_programs, Account("this user"), Path("/nowhere"))


def test_programs_that_run_nowhere_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(programs, "_package", lambda: tmp_path)
    with pytest.raises(PostgresUnusable, match="can't be run here: install it and set DATABASE_URL"):
        trio.run(find_programs, Account("this user"), Path("/nowhere"))


@pytest.mark.slow
@pytest.mark.skipif(os.geteuid() != 0, reason="only root needs another account")
def test_programs_that_roots_account_cannot_run_are_copied_and_a_damaged_copy_is_replaced(
    tmp_path: Path, data_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    installed = programs._package()
    closed = tmp_path / "closed" / installed.name  # tmp_path is closed to others when root runs the tests
    shutil.copytree(installed, closed, ignore=shutil.ignore_patterns("pginstall", "include"))
    shutil.copytree(installed.with_name(f"{installed.name}.libs"), closed.with_name(f"{installed.name}.libs"))
    monkeypatch.setattr(programs, "_package", lambda: closed)
    account, elsewhere = account_for(data_path), data_path.parent / "elsewhere"

    copied = trio.run(find_programs, account, elsewhere)
    assert copied.is_relative_to(elsewhere)
    number = (copied / "postgres").stat().st_ino
    assert trio.run(find_programs, account, elsewhere) == copied
    assert (copied / "postgres").stat().st_ino == number

    os.truncate(copied / "postgres", 1000)
    assert trio.run(find_programs, account, elsewhere) == copied
    assert (copied / "postgres").stat().st_ino != number
    assert [path.name for path in elsewhere.iterdir()] == [copied.relative_to(elsewhere).parts[0]]
