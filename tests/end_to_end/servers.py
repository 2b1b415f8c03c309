"""A whole Rialto in a process of its own, on a data folder of its own: what an operator runs.

with running_rialto() as rialto:
    trio.run(partial(scenario, rialto))
"""

import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import trio

from storage.bridge import open_bridge
from storage.embedded.processes import stop_orphan
from storage.pool import open_pool
from storage.reader import PostgresReader
from tests.storage.servers import open_folder

CHECKOUT = Path(__file__).parents[2]
START_S = 60.0  # a first start makes a database cluster; two cores may be busy
ADMIN_PASSWORD = "an administrator's password"


class Rialto:
    """One process; once it has ended, `start` starts the next on the same data folder and the same port.

    `environment` goes before what is set here, from the next start on; an empty variable counts as not set.
    """

    def __init__(self, data_path: Path, environment: Mapping[str, str]) -> None:
        self.data_path = data_path
        self.port = 0
        self.environment = dict(environment)
        self.process: subprocess.Popen[str]
        self.said: list[str] = []
        self.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def websocket_url(self) -> str:
        return f"ws://127.0.0.1:{self.port}/ws"

    def start(self) -> None:
        """Start the process and wait until it says where it serves."""
        environment = {
            **os.environ,
            "DATABASE_URL": "",
            "RIALTO_DATA": str(self.data_path),
            "BIND_PORT": str(self.port),
            "ADMIN_PASSWORD": ADMIN_PASSWORD,
            "LOG_FORMAT": "json",
            **self.environment,
        }
        self.process = subprocess.Popen(
            [sys.executable, "run.py"],
            cwd=CHECKOUT,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        serving = threading.Event()
        reader = threading.Thread(target=self._read, args=(self.process, serving), daemon=True)
        reader.start()
        started = time.monotonic()
        while not serving.wait(0.1):
            if self.process.poll() is not None or time.monotonic() - started > START_S:
                self.kill()
                raise AssertionError("Rialto did not start:\n" + "\n".join(self.said))

    def _read(self, process: "subprocess.Popen[str]", serving: threading.Event) -> None:
        assert process.stdout is not None
        with process.stdout as lines:
            for line in lines:
                self.said.append(line.rstrip())
                found = re.search(r"http://[\d.]+:(\d+)", line)
                if found and not serving.is_set():
                    self.port = int(found[1])
                    serving.set()

    def stop(self, timeout_s: float = 15.0) -> int:
        """SIGTERM; returns the exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout_s)

    def kill(self) -> None:
        """SIGKILL, as the kernel would."""
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()

    def postmaster(self) -> int | None:
        """The process number of its PostgreSQL, as that wrote it down; None if there is none."""
        for file in [*self.data_path.rglob("postmaster.pid")]:
            return int(file.read_text().split()[0])
        return None


@contextmanager
def running_rialto(**environment: str) -> Iterator[Rialto]:
    """Run one for the length of the block; what is left of it is ended."""
    with open_folder() as folder:
        rialto = Rialto(folder / "data", environment)
        try:
            yield rialto
            if rialto.process.poll() is None:
                assert rialto.stop() == 0, "\n".join(rialto.said[-30:])
        finally:
            rialto.kill()
            for pid_file in folder.rglob("postmaster.pid"):
                trio.run(stop_orphan, pid_file.parent)


@asynccontextmanager
async def open_reader(dsn: str) -> AsyncIterator[PostgresReader]:
    """Read a database beside the Rialto that writes it: `open_postgres` would be a second instance."""
    async with open_bridge() as bridge, open_pool(bridge, dsn) as pool:
        yield PostgresReader(pool)
