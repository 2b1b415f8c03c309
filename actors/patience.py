"""Reading the tables when nothing can go on without them: again and again while the database is away."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

import trio

from storage.interface import DatabaseAway

Found = TypeVar("Found")

RETRY_S = 0.2  # between two tries


async def patiently(read: Callable[[], Awaitable[Found]]) -> Found:
    """Read until it succeeds."""
    while True:
        try:
            return await read()
        except DatabaseAway:
            await trio.sleep(RETRY_S)
