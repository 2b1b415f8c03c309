"""What clients see of accumulators and of what covers them: stakes and payouts as strings of whole smallest units."""

from collections.abc import Callable
from math import prod
from typing import Literal

from msgspec import UNSET, UnsetType

from engine.accumulators.commands import AccumulatorsStand
from engine.amounts import format_decimal
from engine.ledger.accumulators import AccumulatorRecord, LegRecord
from engine.ledger.bets import Acceptance, Result
from engine.ledger.records import MarketState
from gateway.odds_messages import DECIMALS
from gateway.rest.betting.shapes import Owner
from gateway.shapes import Shape


class LegView(Shape, frozen=True):
    """One of the options that all have to come in. `odds` (hundredths) are those it was taken at."""

    market_id: int
    title: str  # of the match
    option: int
    odds: int
    odds_asked: int
    result: Result | None


class AccumulatorView(Shape, frozen=True):
    """A bet on several matches. `odds` is the product of its legs' odds, exact, as text; `maxPayout` what that pays.

    Amounts are smallest units of `asset`, which bets were made in when it was placed.
    `potentialPayout` is null while it is open, and from then on what can be, or was, claimed. It is "0" as soon as a
    leg is lost, or less than a unit can come of it for certain; otherwise it takes the results of all legs.
    """

    order_id: int
    user_address: str | None
    legs: list[LegView]
    asset: str
    amount: str
    odds: str
    max_payout: str
    potential_payout: str | None
    settled: bool
    claimed: bool
    tx_hash: str
    claim_tx_hash: str | None
    client_bet_id: str | None
    accept_odds: Acceptance
    created_at: int
    claimed_at: int | None
    user_id: int | UnsetType = UNSET


def accumulator_view(
    accumulator: AccumulatorRecord, asset: str, owner: Owner, title_of: Callable[[int], str]
) -> AccumulatorView:
    """Show an accumulator, and whose it is; `title_of` knows the matches by their ids."""
    legs = accumulator.legs
    payout = accumulator.potential_payout
    claimed = bool(accumulator.payout)
    return AccumulatorView(
        order_id=accumulator.bet_id,
        user_address=owner.user_address,
        legs=[_leg_view(leg, title_of(leg.market_id)) for leg in legs],
        asset=asset,
        amount=str(accumulator.stake),
        odds=format_decimal(prod(leg.odds for leg in legs), DECIMALS * len(legs)),
        max_payout=str(accumulator.max_payout),
        potential_payout=None if payout is None else str(payout),
        settled=payout is not None,
        claimed=claimed,
        tx_hash=accumulator.tx_hash,
        claim_tx_hash=accumulator.claim_tx_hash,
        client_bet_id=accumulator.client_bet_id,
        accept_odds=accumulator.accept,
        created_at=accumulator.created_ms,
        claimed_at=accumulator.closed_ms if claimed else None,
        user_id=owner.user_id,
    )


def _leg_view(leg: LegRecord, title: str) -> LegView:
    return LegView(leg.market_id, title, leg.option_number, leg.odds, leg.odds_asked, leg.result)


class AccumulatorPoolView(Shape, frozen=True):
    """What covers all accumulators: `available` is what of the pool is not kept for those that are `open`.

    A lost one is among these until its loss is final: a roll-back could bring it back.
    """

    asset: str
    status: Literal["active", "suspended"]
    pool: str
    liability: str
    available: str
    open: int


def accumulator_pool_view(stands: AccumulatorsStand) -> AccumulatorPoolView:
    """Show how the market of accumulators stands."""
    return AccumulatorPoolView(
        asset=stands.name,
        status="active" if stands.state is MarketState.OPEN else "suspended",
        pool=str(stands.money),
        liability=str(stands.liability),
        available=str(stands.money - stands.liability),
        open=stands.open,
    )
