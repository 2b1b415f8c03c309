"""Accumulators for tests of actors: the seeded market with money in its pool; bets and claims in one line."""

from actors.directory import MarketEntry
from actors.exchange import Exchange
from engine.accumulators.commands import (
    AccumulatorPaid,
    AccumulatorsStand,
    AccumulatorTaken,
    ClaimAccumulator,
    FundAccumulators,
    GetAccumulators,
    LegAsked,
    PlaceAccumulator,
)
from engine.ledger.accumulators import AccumulatorRecord
from engine.ledger.bets import Acceptance
from engine.products import ACCUMULATORS
from tests.actors.matches import ADMIN, fund_house

ASSET = "USD"


def accumulators_of(exchange: Exchange) -> MarketEntry:
    market = exchange.directory.find(ACCUMULATORS, ASSET)
    assert market is not None
    return market


async def fund_accumulators(exchange: Exchange, units: int) -> None:
    """Put new money of the house into the pool."""
    await fund_house(exchange, units)
    answer = await exchange.accounts.ask(FundAccumulators(ASSET, ADMIN, units))
    assert isinstance(answer, AccumulatorsStand), answer


async def stands(exchange: Exchange) -> AccumulatorsStand:
    """How the market stands, once it has heard of everything that is committed."""
    answer = await accumulators_of(exchange).address.ask(GetAccumulators())
    assert isinstance(answer, AccumulatorsStand), answer
    return answer


def accumulator(
    account: int,
    stake: int,
    *legs: tuple[MarketEntry, int, int],
    accept: Acceptance = Acceptance.EXACT,
    client_bet_id: str | None = None,
) -> PlaceAccumulator:
    """A bet on (match, option, odds) each."""
    asked = tuple(LegAsked(match.market_id, option, odds) for match, option, odds in legs)
    return PlaceAccumulator(account, ASSET, asked, stake, accept, client_bet_id)


async def accumulate(
    exchange: Exchange, account: int, stake: int, *legs: tuple[MarketEntry, int, int]
) -> AccumulatorRecord:
    """Place one that is taken."""
    answer = await exchange.accounts.ask(accumulator(account, stake, *legs))
    assert isinstance(answer, AccumulatorTaken), answer
    return answer.accumulator


async def claim_accumulator(exchange: Exchange, account: int, bet_id: int) -> AccumulatorRecord:
    """Claim what there is to claim."""
    answer = await exchange.accounts.ask(ClaimAccumulator(account, ASSET, bet_id))
    assert isinstance(answer, AccumulatorPaid), answer
    return answer.accumulator
