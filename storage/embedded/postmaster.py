"""One server process, PostgreSQL's postmaster, as a child of Rialto: its settings, its start, its end."""

import os
import subprocess
from pathlib import Path

import structlog
import trio

from storage.embedded.account import ENVIRONMENT, Account, PostgresUnusable
from storage.embedded.processes import read_pid_file, stop_by_signals, stop_orphan
from storage.embedded.server_log import ServerLog

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

READY_S_MAX = 600.0  # a crash recovery replays up to max_wal_size; 36 s were seen in the field
READY_POLL_S = 0.02  # a start on a clean cluster takes about 0.1 s
STILL_STARTING_S = 5.0  # after so long, and again each time as long, the log says what the wait is for

# Processes of a killed postmaster end when they next look up from their work, and a whole server whose folder was
# moved ends within 60 s, when it next looks for its postmaster.pid.
STILL_IN_USE_S_MAX = 90.0
STILL_IN_USE_POLL_S = 0.2

LOG_CHECK_S = 600.0

SETTINGS = {
    # Acknowledged means durable: these three are the defaults, and said here no file can say otherwise.
    "fsync": "on",
    "synchronous_commit": "on",
    "full_page_writes": "on",
    "listen_addresses": "",  # the unix socket only
    "port": "5432",
    "unix_socket_permissions": "0700",
    "max_connections": "50",  # ours are 7; the rest is for an operator's psql, tools, and what lingers after a cut
    "shared_buffers": "128MB",
    "max_wal_size": "512MB",  # bounds the disk used, and how much a crash recovery has to replay
    "jit": "off",  # statements here are short: compiling one takes longer than running it
    "timezone": "UTC",
    "log_timezone": "UTC",
    "logging_collector": "off",  # stderr is a file of ours, whose size we bound
    "log_min_messages": "log",  # errors of statements go to Rialto, who asked; here they could flood the file
    "log_checkpoints": "off",
}


class PostmasterFailed(PostgresUnusable):
    """The server ended before it was ready."""


class StillInUse(PostmasterFailed):
    """Processes of a killed postmaster are at work in this cluster; they end by themselves, so trying again helps."""


class Postmaster:
    """The server on one cluster; start it, wait for its end, start it again, but stop it in the end."""

    def __init__(self, account: Account, programs: Path, cluster: Path, socket: Path, log_file: Path) -> None:
        self._account = account
        self._command = command_line(programs, cluster, socket)
        self._cluster = cluster
        self._log = ServerLog(log_file)
        self._process: trio.Process | None = None

    async def start(self) -> None:
        """Return when the server takes connections; raises PostmasterFailed with the server's own words."""
        deadline = trio.current_time() + STILL_IN_USE_S_MAX
        waiting = False
        while True:
            await stop_orphan(self._cluster)
            try:
                return await self._start_once()
            except StillInUse as failure:
                if trio.current_time() > deadline:
                    raise
                if not waiting:
                    log.info("waiting for the processes of a killed PostgreSQL", why=str(failure))
                waiting = True
            await trio.sleep(STILL_IN_USE_POLL_S)

    async def wait(self) -> int:
        """Return the server's exit code when it has ended, by whatever cause; meanwhile keep its log short."""
        assert self._process is not None
        while True:
            with trio.move_on_after(LOG_CHECK_S):
                return await self._process.wait()
            self._log.bound()

    async def stop(self) -> None:
        """Stop the server, if it runs; returns when it is gone."""
        if self._process is None or self._process.poll() is not None:
            return
        await stop_by_signals(self._process.send_signal, self._process.wait)
        if self._process.returncode != 0:
            log.warning(
                "PostgreSQL ended in disorder and will recover at its next start", code=self._process.returncode
            )

    async def _start_once(self) -> None:
        log_stream = self._log.open()
        log_begin = self._log.size()
        try:
            self._process = await trio.lowlevel.open_process(
                self._command,
                stdin=subprocess.DEVNULL,
                stdout=log_stream,
                stderr=log_stream,
                cwd="/",  # ours may be closed to the account
                env=ENVIRONMENT,
                user=self._account.user,
                group=self._account.group,
                extra_groups=None if self._account.user is None else [],
                start_new_session=True,  # Ctrl-C is for Rialto, which stops PostgreSQL last.
            )
        finally:
            os.close(log_stream)
        with trio.move_on_after(READY_S_MAX):
            if await self._is_ready(self._process):
                return
            said = self._log.said_since(log_begin)
            reason = said.rpartition("FATAL:")[2].strip().replace("\n", " ")
            kind = StillInUse if "is still in use" in said else PostmasterFailed
            raise kind(f"PostgreSQL did not start: {reason} (Its log: {self._log.file})")
        await self.stop()
        raise PostmasterFailed(f"PostgreSQL was not ready after {READY_S_MAX:.0f} s: its log is {self._log.file}.")

    async def _is_ready(self, process: trio.Process) -> bool:
        """Return True when the server takes connections, False when it has ended."""
        began = said = trio.current_time()
        while process.poll() is None:
            if read_pid_file(self._cluster) == (process.pid, "ready"):
                return True
            await trio.sleep(READY_POLL_S)
            now = trio.current_time()
            if now - said >= STILL_STARTING_S:
                said = now
                last_line = self._log.said_since(0).rpartition("\n")[2]
                log.info("PostgreSQL is still starting", waited_s=round(now - began), it_says=last_line)
        return False


def command_line(programs: Path, cluster: Path, socket: Path) -> list[str]:
    """Return the server's command; it begins `postgres -D cluster`, by which an orphan is recognized."""
    doubled = str(socket).replace('"', '""')
    settings = {**SETTINGS, "unix_socket_directories": f'"{doubled}"'}
    options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
    return [str(programs / "postgres"), "-D", str(cluster), *options]
