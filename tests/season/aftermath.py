"""What a season leaves behind, looked at when the exchange has stopped: its journal and its tables."""

import os
import subprocess
import sys

import trio

from tests.end_to_end.servers import CHECKOUT, Rialto, open_reader
from tests.invariants import audit
from tests.storage.servers import running_server

VERIFY_S = 300.0  # for a hang


def check_at_rest(rialto: Rialto) -> str:
    """Stop it; have `run.py verify` fold the journal, and audit the tables. Returns what verify said."""
    assert rialto.stop() == 0, "\n".join(rialto.said[-30:])
    verified = subprocess.run(
        [sys.executable, "run.py", "verify"],
        cwd=CHECKOUT,
        env={**os.environ, "DATABASE_URL": "", "RIALTO_DATA": str(rialto.data_path)},
        capture_output=True,
        text=True,
        timeout=VERIFY_S,
        check=False,
    )
    assert verified.returncode == 0, verified.stdout + verified.stderr
    with running_server(rialto.data_path) as server:
        trio.run(_audit, server.dsn)
    return verified.stdout.strip().splitlines()[-1]


async def _audit(dsn: str) -> None:
    async with open_reader(dsn) as reader:
        await audit(reader)
