"""Accumulators for tests of actors: the seeded market with money in its pool; bets and claims in one line."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

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
from engine.betting.commands import RollBackSettlement, SettleScore
from engine.betting.lifecycle import read_standing
from engine.ledger.accumulators import AccumulatorRecord
from engine.ledger.bets import Acceptance
from engine.products import ACCUMULATORS
from engine.refusals import Refusal, Refused
from storage.memory import MemoryStorage
from storage.verify import verify
from tests.actors.exchanges import ALICE, BOB, deposit, small_exchange
from tests.actors.matches import ADMIN, fund_house, move, open_match

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


@asynccontextmanager
async def betting_exchange(pool: int = 1_000_000) -> AsyncIterator[tuple[Exchange, MarketEntry, MarketEntry]]:
    """An exchange with two open matches and a funded pool; Alice and Bob have 10 dollars. It is verified at the end."""
    storage = MemoryStorage()
    async with small_exchange(storage) as exchange:
        await deposit(exchange, ALICE, USD="10")
        await deposit(exchange, BOB, USD="10")
        first, second = await open_match(exchange), await open_match(exchange)
        await fund_accumulators(exchange, pool)
        yield exchange, first, second
    assert (await verify(storage.reader)).differences == ()


async def settle(exchange: Exchange, match: MarketEntry, home: int, away: int) -> None:
    await move(exchange, SettleScore(match.name, ADMIN, home=home, away=away))


async def roll_back(exchange: Exchange, match: MarketEntry) -> object:
    row = await exchange.storage.reader.market(match.market_id)
    assert row is not None
    returned = read_standing(row.standing).returned_units
    return await exchange.accounts.ask(RollBackSettlement(match.name, ADMIN, returned=returned))


def code_of(answer: object) -> Refusal:
    assert isinstance(answer, Refused), answer
    return answer.code
