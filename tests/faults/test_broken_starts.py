"""SIGTERM and Ctrl-C while Rialto starts: the start is broken off, and leaves nothing behind."""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.end_to_end.servers import ADMIN_PASSWORD, CHECKOUT, Rialto
from tests.storage.servers import open_folder, until

pytestmark = pytest.mark.slow

STOPPED, BROKEN_OFF = "Rialto has stopped.", "Rialto was stopped before it served."


def test_a_start_that_is_broken_off() -> None:
    """At any moment: one sentence, no PostgreSQL left over, and the next start finds all in order."""
    seed = random.randrange(2**32)
    print(f"seed {seed}")
    chance = random.Random(seed)
    with open_folder() as folder:
        served = 0
        for number in [signal.SIGTERM, signal.SIGINT] * 3:
            code, said = break_off(folder / "data", number, chance.uniform(0, 1.5))
            assert code == 0, said
            served += said[-1] == STOPPED
            assert said[-1] in (STOPPED, BROKEN_OFF), said
            assert not list((folder / "data").rglob("postmaster.pid"))
        assert served < 6, "no start was broken off"
        rialto = Rialto(folder / "data", {})
        assert rialto.stop() == 0


def break_off(data_path: Path, number: signal.Signals, after_s: float) -> tuple[int, list[str]]:
    """Start a Rialto and stop it some time after it has begun to work; what it said, but for the log."""
    (data_path / "lock").unlink(missing_ok=True)  # it stands for: the process is at work
    process = subprocess.Popen(
        [sys.executable, "run.py"],
        cwd=CHECKOUT,
        env={
            **os.environ,
            "DATABASE_URL": "",
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
    try:
        until((data_path / "lock").exists)
        time.sleep(0.01 + after_s)
        os.killpg(process.pid, number)
        said, _ = process.communicate(timeout=30)
    finally:
        process.kill()
        process.wait()
    return process.returncode, [line for line in said.splitlines() if not line.startswith("{")]
