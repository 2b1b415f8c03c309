"""Accumulators as the ledger keeps them: one stake on options of several matches, all of which have to come in.

payout = stake x the product of the legs' factors, each as a single bet's (engine/ledger/bets.py), rounded down once
"""

from collections.abc import Iterable
from math import prod

import msgspec

from engine.ledger.bets import FACTOR_ONE, Acceptance, Result, factor_parts


class LegRecord(msgspec.Struct, frozen=True):
    """A row of `accumulator_legs`. `result` is its option's (from that row), None before it is settled."""

    bet_id: int
    leg: int  # 1, 2, 3 within the accumulator
    market_id: int  # the match
    option_number: int
    odds: int  # taken, in hundredths
    odds_asked: int
    result: Result | None = None


class AccumulatorRecord(msgspec.Struct, frozen=True):
    """A row of `accumulators`, with its legs in their order."""

    bet_id: int
    account_id: int
    market_id: int  # that of the accumulators
    client_bet_id: str | None
    stake: int
    accept: Acceptance
    max_payout: int  # if all legs win
    created_ms: int
    tx_hash: str  # of the event that placed it
    payout: int | None = None  # what was claimed; 0: it was lost, and closed as such
    claim_tx_hash: str | None = None  # of the event that paid it
    closed_ms: int | None = None
    legs: tuple[LegRecord, ...] = ()

    @property
    def potential_payout(self) -> int | None:
        """What can be, or was, claimed; None before that is certain: a lost leg decides it for all of them."""
        if self.payout is not None:
            return self.payout
        results = [leg.result for leg in self.legs]
        if Result.LOSS in results:
            return 0
        return None if None in results else self.payout_at_most(results)

    def payout_at_most(self, results: Iterable[Result | None]) -> int:
        """What it would be paid with these results of its legs, in their order; where there is None, with a win."""
        parts = (factor_parts(leg.odds, result or Result.WIN) for leg, result in zip(self.legs, results, strict=True))
        return accumulated(self.stake, parts)


def accumulated(stake: int, factors: Iterable[int]) -> int:
    """What a stake becomes by these factors, each in parts of FACTOR_ONE; rounded down, in favour of the house."""
    factors = tuple(factors)
    one: int = FACTOR_ONE ** len(factors)
    return stake * prod(factors) // one
