"""Trying again: five times, with pauses that grow to a limit and differ by chance, so that clients don't march in step.

         | before try 2     3        4        5          at most
a pause  | 0.25-0.5 s    0.5-1 s   1-2 s    2-4 s        8 s
"""

from collections.abc import Awaitable, Callable
from typing import TypeVar

import msgspec
import trio

from gateway.client import Refused, Unavailable, UnknownOutcome

Answer = TypeVar("Answer")

DOUBLINGS_MAX = 30  # far above any limit, far below what a float can't hold
NOT_THE_LOOK_UP = (401, 403)  # who asks is judged before what he asks for


class Patience(msgspec.Struct, frozen=True):
    """How often a request is sent, and how long the pauses between are."""

    tries: int = 5  # the specification's number
    first_s: float = 0.5
    most_s: float = 8.0

    def pause_s(self, failed: int, chance: float) -> float:
        """The pause after so many failures in a row: half of it is sure, half is `chance`'s (0 to below 1)."""
        return growing(self.first_s, self.most_s, failed) * (1 + chance) / 2


def growing(first_s: float, most_s: float, failed: int) -> float:
    """Twice as much after each further failure, until it is `most_s`."""
    return min(first_s * 2.0 ** min(failed - 1, DOUBLINGS_MAX), most_s)


async def try_again(
    ask: Callable[[], Awaitable[Answer]], patience: Patience, chance: Callable[[], float], tries: int | None = None
) -> Answer:
    """Ask until there is an answer or a refusal; only for what can be sent twice without harm.

    Raises Refused at once. Otherwise raises the last UnknownOutcome if there was any, although later tries may have
    been certainly not done; else the last Unavailable.
    """
    most = tries or patience.tries
    unknown: UnknownOutcome | None = None
    failed = 0
    while True:
        try:
            return await ask()
        except Refused as refused:
            if unknown is not None and refused.status in NOT_THE_LOOK_UP:
                raise unknown from refused
            raise
        except (Unavailable, UnknownOutcome) as error:
            failed += 1
            if isinstance(error, UnknownOutcome):
                unknown = error
            if failed == most:
                raise unknown or error from None
        await trio.sleep(patience.pause_s(failed, chance()))
