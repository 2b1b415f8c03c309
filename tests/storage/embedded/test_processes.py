"""Whose process it is: strangers, zombies and other clusters' postmasters are left alone."""

import os
import signal
import subprocess
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
import trio

from storage.embedded import PostgresUnusable, processes
from storage.embedded.processes import open_postmaster, read_pid_file, stop_by_signals, stop_orphan

READY = "{number}\n/cluster\n1700000000\n5432\n/socket\n\n  5432001   1\nready   \n"


@pytest.fixture
def stranger() -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen(["sleep", "60"]) as process:
        yield process
        process.kill()


@pytest.mark.parametrize(
    ("text", "read"),
    [
        (READY.format(number=7), (7, "ready")),
        ("7\n/cluster\n1700000000\n5432\n", (7, "")),
        ("-7\n/cluster\n", (-7, "")),  # a single-user server
        ("", (0, "")),
        ("no number\n", (0, "")),
    ],
)
def test_the_pid_file_is_read_also_while_it_is_being_written(tmp_path: Path, text: str, read: tuple[int, str]) -> None:
    (tmp_path / "postmaster.pid").write_text(text)
    assert read_pid_file(tmp_path) == read


def test_no_pid_file_means_no_postmaster(tmp_path: Path) -> None:
    assert read_pid_file(tmp_path) == (0, "")
    assert open_postmaster(tmp_path) is None
    trio.run(stop_orphan, tmp_path)


@pytest.mark.parametrize("number", ["-1", "0", "4194304", "no number"])  # the last number is above any pid
def test_a_number_of_no_process_is_no_postmaster_and_its_file_is_removed(tmp_path: Path, number: str) -> None:
    (tmp_path / "postmaster.pid").write_text(READY.format(number=number))
    assert open_postmaster(tmp_path) is None
    trio.run(stop_orphan, tmp_path)
    assert not (tmp_path / "postmaster.pid").exists()


def test_a_stranger_who_got_the_number_is_not_killed(tmp_path: Path, stranger: subprocess.Popen[bytes]) -> None:
    (tmp_path / "postmaster.pid").write_text(READY.format(number=stranger.pid))
    trio.run(stop_orphan, tmp_path)
    assert stranger.poll() is None
    assert not (tmp_path / "postmaster.pid").exists()  # PostgreSQL would take the stranger for a postmaster


def test_a_zombie_is_not_alive(tmp_path: Path) -> None:
    with subprocess.Popen(["true"]) as process:
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        (tmp_path / "postmaster.pid").write_text(READY.format(number=process.pid))
        assert open_postmaster(tmp_path) is None


def test_a_process_that_ignores_polite_signals_is_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    in_time = ((signal.SIGINT, 0.05), (signal.SIGQUIT, 0.05), (signal.SIGKILL, 20.0))
    monkeypatch.setattr(processes, "STOP_S_MAX", in_time)

    async def main() -> int:
        deaf = ["sh", "-c", "trap '' INT QUIT; echo; exec sleep 60"]
        process = await trio.lowlevel.open_process(deaf, stdout=subprocess.PIPE)
        assert process.stdout is not None
        await process.stdout.receive_some()
        with trio.CancelScope() as scope:
            scope.cancel()  # the stop goes through however its caller is cancelled
            await stop_by_signals(process.send_signal, process.wait)
        assert process.returncode is not None
        return process.returncode

    assert trio.run(main) == -signal.SIGKILL


@pytest.mark.trio
async def test_a_process_that_nothing_stops_is_told(autojump_clock: trio.testing.MockClock) -> None:
    sent: list[signal.Signals] = []
    with pytest.raises(PostgresUnusable, match="can't be stopped"):
        await stop_by_signals(sent.append, trio.sleep_forever)
    assert sent == [signal.SIGINT, signal.SIGQUIT, signal.SIGKILL]


@pytest.mark.trio
async def test_a_process_that_has_just_ended_is_stopped(autojump_clock: trio.testing.MockClock) -> None:
    await stop_by_signals(partial(os.kill, 4194304), trio.lowlevel.checkpoint)
