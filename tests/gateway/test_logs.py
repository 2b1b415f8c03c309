"""How Rialto logs, in a process of its own: structlog is configured once for all."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

PROGRAM = """
import logging, sys, structlog
from gateway.logs import configure_logs
configure_logs(sys.argv[1])
structlog.get_logger().debug("too quiet")
structlog.get_logger().info("something happened", count=3)
logging.getLogger("a library").warning("beware")
try:
    1 / 0
except ZeroDivisionError as error:
    structlog.get_logger().error("failed", exc_info=error)
"""


def logged(form: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, form], cwd=ROOT, capture_output=True, text=True, check=True, timeout=30
    )
    assert done.stdout == ""
    assert "too quiet" not in done.stderr
    return done.stderr


@pytest.mark.parametrize("form", ["json", "auto"])
def test_one_json_object_a_line_where_nobody_sits(form: str) -> None:
    happened, warned, failed = [json.loads(line) for line in logged(form).splitlines()]
    assert (happened["event"], happened["count"], happened["level"]) == ("something happened", 3, "info")
    assert happened["timestamp"].endswith("Z")
    assert (warned["event"], warned["level"]) == ("beware", "warning")
    assert failed["exception"][0]["exc_type"] == "ZeroDivisionError"


def test_readable_on_a_terminal() -> None:
    text = logged("terminal")
    assert "something happened" in text
    assert not text.startswith("{")
    assert "ZeroDivisionError" in text
