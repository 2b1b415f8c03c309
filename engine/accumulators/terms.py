"""The market of accumulators, and what legs they may have."""

from collections.abc import Sequence
from typing import Protocol

import msgspec

from engine.refusals import Refusal, Refused

LEGS_MIN = 2
LEGS_MAX = 20


class Accumulators(msgspec.Struct, frozen=True):
    """The terms of the market; its legs are on matches of the same `asset`, stakes and payouts are in its units."""

    asset: str


class OnMatch(Protocol):
    """A leg, as far as it matters here."""

    @property
    def market_id(self) -> int: ...


def refuse_legs(legs: Sequence[OnMatch]) -> Refused | None:
    """Say what is wrong with legs whatever is offered; None if nothing is.

    Two legs on one match would not be independent: who wins has much to do with how many goals fall.
    """
    if not LEGS_MIN <= len(legs) <= LEGS_MAX:
        return Refused(Refusal.MALFORMED, f"an accumulator has {LEGS_MIN} to {LEGS_MAX} legs")
    if len({leg.market_id for leg in legs}) < len(legs):
        return Refused(Refusal.MALFORMED, "the legs must be on different matches")
    return None
