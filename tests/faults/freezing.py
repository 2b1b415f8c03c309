"""A PostgreSQL that is stopped as a debugger would, or a machine that swaps: it is there, and says nothing."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tests.storage.servers import children_of, postmaster_of


@contextmanager
def frozen(data_path: Path) -> Iterator[None]:
    """Stop all processes of a data folder's server; those that are left at the end go on."""
    processes = [postmaster_of(data_path)]
    try:
        os.kill(processes[0], signal.SIGSTOP)  # first, so that there are no new children
        for child in children_of(processes[0]):
            os.kill(child, signal.SIGSTOP)
            processes.append(child)
        yield
    finally:
        for process in processes:
            with suppress(ProcessLookupError):
                os.kill(process, signal.SIGCONT)
