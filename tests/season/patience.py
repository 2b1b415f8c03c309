"""Requests until their outcome is known: what is unknown is looked up, and sent again only if it is not there."""

from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Any

import trio

from gateway.client import Refused, Unavailable, UnknownOutcome

Json = Any
Ask = Callable[[], Awaitable[Json]]

PATIENCE_S = 120.0  # for a hang: a server that was killed is back after a few seconds, on busy cores after more
PAUSE_S = 0.1


class Patience:
    """Shared by all who play a season; counts what they had to put up with."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()

    async def read(self, ask: Ask) -> Json:
        """Ask what changes nothing until it is answered. Raises Refused."""
        with trio.fail_after(PATIENCE_S):
            while True:
                try:
                    return await ask()
                except (Unavailable, UnknownOutcome):
                    await trio.sleep(PAUSE_S)

    async def do(self, send: Ask, look_up: Ask) -> Json:
        """Send until it is certainly done; the answer, or what `look_up` found (None: nothing). Raises Refused."""
        was_unknown = False
        with trio.fail_after(PATIENCE_S):
            while True:
                try:
                    return await send()
                except Unavailable:
                    self.counts["not done at first"] += 1
                except UnknownOutcome:
                    self.counts["unknown"] += 1
                    was_unknown = True
                    if (found := await self.read(look_up)) is not None:
                        self.counts["unknown, and was done"] += 1
                        return found
                    self.counts["unknown, and was not done"] += 1
                except Refused:
                    # The one before may have been on its way still when it was looked up.
                    if not was_unknown or (found := await self.read(look_up)) is None:
                        raise
                    return found
                await trio.sleep(PAUSE_S)
