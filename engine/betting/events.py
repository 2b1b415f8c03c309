"""What happens to a match, its odds and its bets. Each event states its effect completely: nothing is decided again.

OddsSet and MatchMoved are the messages of the stream `odds:`; their number is the standing's.
"""

import msgspec

from engine.betting.lifecycle import MatchStanding, Step
from engine.ledger.bets import Acceptance, OptionRecord
from engine.ledger.records import MarketState
from engine.ledger.units import Units


class OddsSet(msgspec.Struct, frozen=True):
    """An administrator has set the board; `options` are the rows that this makes or changes."""

    sequence: int
    actor_id: int
    reason: str
    state: MarketState
    standing: MatchStanding
    options: tuple[OptionRecord, ...]


class MatchMoved(msgspec.Struct, frozen=True):
    """One step of the lifecycle; `actor_id` is who took it, 0: time did. `options`: whose results it changes."""

    sequence: int
    step: Step
    actor_id: int
    state: MarketState
    standing: MatchStanding
    options: tuple[OptionRecord, ...] = ()


class MatchDescribed(msgspec.Struct, frozen=True):
    """Its description is another."""

    sequence: int
    actor_id: int
    description: str


class PoolMoved(msgspec.Struct, frozen=True):
    """The house has put so much into the pool; below zero: it got so much back."""

    sequence: int
    amount: Units


class BetPlaced(msgspec.Struct, frozen=True):
    """A bet was taken at `odds`; its stake is in the pool."""

    sequence: int
    bet_id: int
    account_id: int
    client_bet_id: str | None
    option_number: int
    stake: Units
    odds: int
    odds_asked: int
    accept: Acceptance


class BetClaimed(msgspec.Struct, frozen=True):
    """A bet was paid out of the pool: because its customer claimed it, or by itself as the match is void."""

    sequence: int
    bet_id: int
    account_id: int
    payout: Units


OddsMessage = OddsSet | MatchMoved
BettingEvent = OddsSet | MatchMoved | MatchDescribed | PoolMoved | BetPlaced | BetClaimed
