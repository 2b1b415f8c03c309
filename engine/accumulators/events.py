"""What happens to accumulators. Each event states its effect completely: nothing is decided again.

PoolMoved (betting's), MarketHalted and MarketResumed (trading's) happen here, too.
"""

import msgspec

from engine.betting.events import PoolMoved
from engine.ledger.bets import Acceptance
from engine.ledger.units import Units
from engine.trading.events import MarketHalted, MarketResumed


class Leg(msgspec.Struct, frozen=True):
    """An option of a match, taken at `odds` as the match showed them under `number` of its stream."""

    market_id: int
    option_number: int
    odds: int
    odds_asked: int
    number: int


class AccumulatorPlaced(msgspec.Struct, frozen=True):
    """An accumulator was taken; its stake is in the pool."""

    sequence: int
    bet_id: int
    account_id: int
    client_bet_id: str | None
    legs: tuple[Leg, ...]
    stake: Units
    accept: Acceptance


class AccumulatorClaimed(msgspec.Struct, frozen=True):
    """An accumulator was paid out of the pool."""

    sequence: int
    bet_id: int
    account_id: int
    payout: Units


class AccumulatorLost(msgspec.Struct, frozen=True):
    """Nothing can come of an accumulator any more: what was kept for it is free."""

    sequence: int
    bet_id: int


AccumulatorEvent = AccumulatorPlaced | AccumulatorClaimed | AccumulatorLost | PoolMoved | MarketHalted | MarketResumed
