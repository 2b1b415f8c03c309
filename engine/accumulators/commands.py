"""What can be asked of the market of accumulators, and what it answers. Amounts are units of its asset."""

import msgspec

from engine.ledger.accumulators import AccumulatorRecord
from engine.ledger.bets import Acceptance
from engine.ledger.records import MarketState
from engine.messages import Command, Known
from engine.refusals import Refused


class LegAsked(msgspec.Struct, frozen=True):
    """An option of a match, at the odds (hundredths) that the customer saw."""

    market_id: int
    option_number: int
    odds: int


class AccumulatorTaken(msgspec.Struct, frozen=True):
    """The accumulator stands. `repeated`: it had been taken before."""

    accumulator: AccumulatorRecord
    repeated: bool = False


class PlaceAccumulator(Command[AccumulatorTaken | Known | Refused], frozen=True):
    """An accumulator as its customer wrote it; equal ones under one `client_bet_id` are one.

    `accept` says for each leg which other odds will do.
    """

    account_id: int
    market: str
    legs: tuple[LegAsked, ...]
    stake: int
    accept: Acceptance = Acceptance.EXACT
    client_bet_id: str | None = None


class EnterAccumulator(Command[AccumulatorTaken | Refused], frozen=True):
    """An admitted accumulator on its way to its market; the stake is held."""

    bet_id: int
    bet: PlaceAccumulator


class AccumulatorPaid(msgspec.Struct, frozen=True):
    """The accumulator is paid; it says how much."""

    accumulator: AccumulatorRecord


class ClaimAccumulator(Command[AccumulatorPaid | Refused], frozen=True):
    """Pay what an accumulator has won, once."""

    account_id: int
    market: str
    bet_id: int
    command_id: int = 0


class AccumulatorsStand(msgspec.Struct, frozen=True):
    """The market, the money of its pool, what the open accumulators may have to be paid in all, how many there are."""

    name: str
    state: MarketState
    money: int
    liability: int
    open: int


class GetAccumulators(Command[AccumulatorsStand | Refused], frozen=True):
    """Ask how the market stands."""


class MoveFunds(Command[AccumulatorsStand | Refused], frozen=True):
    """Base of what an administrator does with the pool's money; `house_pays` is what the house has to have for it."""

    market: str
    actor_id: int
    amount: int
    command_id: int = 0

    @property
    def house_pays(self) -> int:
        return 0


class FundAccumulators(MoveFunds, frozen=True):
    """Put more of the house's money into the pool."""

    @property
    def house_pays(self) -> int:
        return self.amount


class ReturnFunds(MoveFunds, frozen=True):
    """Give money that covers nothing back to the house."""


FUND_MOVES = (FundAccumulators, ReturnFunds)
