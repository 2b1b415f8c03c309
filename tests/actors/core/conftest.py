"""What all tests of the actor library share."""

from collections.abc import Iterator
from typing import Any

import pytest
import structlog

Logged = list[Any]


@pytest.fixture(autouse=True)
def logged() -> Iterator[Logged]:
    """What was logged; crashes are expected here and need no page of traceback each."""
    with structlog.testing.capture_logs() as entries:
        yield entries
