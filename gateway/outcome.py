"""Where 503 would be a lie: it says "certainly not done", and here that is not certain any more."""

from collections.abc import Iterator
from contextlib import contextmanager

from actors.core import Unavailable
from gateway.answers import LOOK_IT_UP, Rejected
from gateway.statuses import Problem
from storage.interface import DatabaseAway


@contextmanager
def outcome_unknown() -> Iterator[None]:
    """Turn what stops the work inside into UNKNOWN: a write of a user's row, or what follows when something is done."""
    try:
        yield
    except (DatabaseAway, Unavailable):
        raise Rejected(Problem.UNKNOWN, f"done or not done: {LOOK_IT_UP}") from None
