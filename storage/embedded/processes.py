"""A cluster's first process as the operating system sees it: found, told apart from strangers, stopped.

After a kill -9 of Rialto its postmaster lives on; after a crash of the machine its number, kept in postmaster.pid,
may be anybody's. So a process is this cluster's postmaster if its command line says so, and signals go through a
pidfd, which stands for one process and never for a later one of the same number.
"""

import os
import signal
from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import partial
from pathlib import Path

import structlog
import trio

from storage.embedded.account import PostgresUnusable

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

# How long each way of stopping may take before the next one is tried. A fast stop (SIGINT) ends the sessions and
# writes a checkpoint, which takes some 0.2 s; an immediate one (SIGQUIT) writes nothing, and the next start recovers
# from the log. A server that is frozen hears SIGKILL only: so that comes after 4 s, as Rialto first waits some seconds
# for a database that is away, and all of it has to fit into the 10 s that its stop may take.
STOP_S_MAX = ((signal.SIGINT, 3.0), (signal.SIGQUIT, 1.0), (signal.SIGKILL, 2.0))

PROC_IS_THERE = Path("/proc/self/cmdline").exists()  # on Linux; elsewhere orphans are left to PostgreSQL's own rules

STATUS_LINE = 7  # of postmaster.pid, counted from 0; pg_ctl waits for the same word


async def stop_orphan(cluster: Path) -> None:
    """Stop the postmaster that runs on this cluster, if one does; call it with the home's lock held.

    It is stopped, not adopted: what starts next is our child, in the settings of this version. A postmaster.pid
    without its postmaster is removed, since PostgreSQL would take any process of that number and user for it and refuse
    to start. That is safe: PostgreSQL's second check, for shared memory still in use, stands on its own.
    """
    if not PROC_IS_THERE:
        return  # Nothing proves whose a process is; PostgreSQL refuses to start beside one that it takes for its own.
    handle = open_postmaster(cluster)
    if handle is None:
        (cluster / "postmaster.pid").unlink(missing_ok=True)
        return
    log.warning("stopping a PostgreSQL that outlived its Rialto", cluster=str(cluster))
    try:
        await stop_by_signals(
            lambda number: signal.pidfd_send_signal(handle, number),
            # A pidfd is readable from its process's end on, even if a zombie is left.
            partial(trio.lowlevel.wait_readable, handle),
        )
    finally:
        os.close(handle)


def open_postmaster(cluster: Path) -> int | None:
    """Return a pidfd of this cluster's living postmaster, or None; the caller closes it."""
    number, _ = read_pid_file(cluster)
    if number <= 0:
        return None
    try:
        handle = os.pidfd_open(number)
    except ProcessLookupError:
        return None
    # The order matters: the command line is read after the handle was opened, so that it can't be an earlier process's.
    if _is_postmaster(number, cluster):
        return handle
    os.close(handle)
    return None


def read_pid_file(cluster: Path) -> tuple[int, str]:
    """Return the process number and the status ("starting", "ready", ...) that postmaster.pid holds, else (0, "")."""
    try:
        lines = (cluster / "postmaster.pid").read_text(encoding="utf-8", errors="replace").splitlines()
        return int(lines[0]), lines[STATUS_LINE].strip() if len(lines) > STATUS_LINE else ""
    except (FileNotFoundError, ValueError, IndexError):
        return 0, ""  # not there, or being written


def _is_postmaster(number: int, cluster: Path) -> bool:
    """Whether the process is this cluster's postmaster: its children show another command line, a zombie none."""
    try:
        words = Path(f"/proc/{number}/cmdline").read_bytes().split(b"\0")
    except (FileNotFoundError, ProcessLookupError):
        return False
    return words[0].endswith(b"/postgres") and words[1:3] == [b"-D", os.fsencode(cluster)]


async def stop_by_signals(send: Callable[[signal.Signals], None], gone: Callable[[], Awaitable[object]]) -> None:
    """Send one signal after the other until the process is gone; returns then, however the caller was cancelled."""
    with trio.CancelScope(shield=True):
        for number, patience_s in STOP_S_MAX:
            with suppress(ProcessLookupError):  # It may have ended by itself a moment ago.
                send(number)
            with trio.move_on_after(patience_s):
                await gone()
                return
            log.warning("PostgreSQL does not stop", signal=number.name, waited_s=patience_s)
    raise PostgresUnusable("PostgreSQL can't be stopped, not even by SIGKILL: its disk may hang.")
