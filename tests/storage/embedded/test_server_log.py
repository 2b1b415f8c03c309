"""The server's log: appended to by another process, bounded by us."""

import os
from pathlib import Path

import pytest

from storage.embedded import server_log
from storage.embedded.server_log import ServerLog


def test_what_was_said_since_a_size(tmp_path: Path) -> None:
    log = ServerLog(tmp_path / "postgres.log")
    assert log.size() == 0
    (tmp_path / "postgres.log").write_text("before\n")
    begin = log.size()
    with os.fdopen(log.open(), "w") as stream:
        stream.write("FATAL:  no\n")
    assert log.said_since(begin) == "FATAL:  no"
    assert log.said_since(0) == "before\nFATAL:  no"


def test_only_the_last_words_of_a_long_log_are_read(tmp_path: Path) -> None:
    (tmp_path / "postgres.log").write_text("x" * 100_000 + "\nend\n")
    said = ServerLog(tmp_path / "postgres.log").said_since(0)
    assert said.endswith("\nend")
    assert len(said) <= server_log.LAST_WORDS_BYTES_MAX


def test_a_long_log_begins_anew_while_the_server_holds_it_open(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server_log, "LOG_BYTES_MAX", 10)
    log = ServerLog(tmp_path / "postgres.log")
    with os.fdopen(log.open(), "wb", buffering=0) as server:
        server.write(b"0123456789")
        log.bound()
        assert log.size() == 10
        server.write(b"!")
        log.bound()
        assert log.size() == 0
        server.write(b"new")
    assert (tmp_path / "postgres.log").read_text() == "new"
    assert (tmp_path / "postgres.log.1").read_text() == "0123456789!"
    assert (tmp_path / "postgres.log").stat().st_mode & 0o077 == 0
    assert (tmp_path / "postgres.log.1").stat().st_mode & 0o077 == 0
