"""The house's money in the pool of accumulators, and their market when it is suspended."""

import pytest

from engine.accumulators.commands import AccumulatorsStand, FundAccumulators, ReturnFunds
from engine.accumulators.market import AccumulatorMarket
from engine.betting.events import PoolMoved
from engine.ledger.records import MarketState
from engine.refusals import Refusal, Refused
from engine.trading.commands import MarketChanged
from engine.trading.events import MarketHalted, MarketResumed
from tests.engine.accumulators.matches import ROOT, made, taken

OPEN, HALTED = MarketState.OPEN, MarketState.HALTED


def fund(amount: int) -> FundAccumulators:
    return FundAccumulators("USD", ROOT, amount)


def back(amount: int) -> ReturnFunds:
    return ReturnFunds("USD", ROOT, amount)


@pytest.fixture
def market() -> AccumulatorMarket:
    """One accumulator of 100 is open, which may be paid 629; the pool has 1100."""
    market = made(money=1_000)
    taken(market, (2, 1), (3, 2))
    return market


def test_more_money_makes_room(market: AccumulatorMarket) -> None:
    assert market.fund(fund(5)) == AccumulatorsStand("USD", OPEN, 1_105, 629, 1)
    assert market.take_events() == (PoolMoved(2, 5),)


@pytest.mark.parametrize("amount", [1, 470, 471])
def test_what_covers_nothing_goes_back(market: AccumulatorMarket, amount: int) -> None:
    assert market.give_back(back(amount)) == AccumulatorsStand("USD", OPEN, 1_100 - amount, 629, 1)
    assert market.take_events() == (PoolMoved(2, -amount),)


@pytest.mark.parametrize("amount", [472, 1_100, 10**30])
def test_what_covers_something_stays(market: AccumulatorMarket, amount: int) -> None:
    words = "at most 471 can be returned: the rest covers open accumulators"
    assert market.give_back(back(amount)) == Refused(Refusal.CONFLICT, words, {"available": "471"})
    assert (market.take_events(), market.pool.money) == ((), 1_100)


def test_nothing_is_moved_by_nothing(market: AccumulatorMarket) -> None:
    """The ledger would refuse to write it."""
    before = market.stands()
    assert market.fund(fund(0)) == market.give_back(back(0)) == before
    assert market.take_events() == ()


def test_who_pays_is_the_house() -> None:
    assert (fund(5).house_pays, back(5).house_pays) == (5, 0)


def test_suspending_twice_is_once(market: AccumulatorMarket) -> None:
    assert market.halt() == market.halt() == MarketChanged("USD", HALTED)
    assert market.take_events() == (MarketHalted(2),)
    assert market.stands() == AccumulatorsStand("USD", HALTED, 1_100, 629, 1)
    assert market.resume() == market.resume() == MarketChanged("USD", OPEN)
    assert market.take_events() == (MarketResumed(3),)


def test_money_moves_in_a_suspended_market(market: AccumulatorMarket) -> None:
    market.halt()
    market.fund(fund(5))
    market.give_back(back(5))
    assert market.take_events()[1:] == (PoolMoved(3, 5), PoolMoved(4, -5))


def test_time_alone_moves_nothing(market: AccumulatorMarket) -> None:
    before = market.stands()
    market.begin(10**15)
    assert (market.due_ms, market.has_work, market.take_events(), market.stands()) == (None, False, (), before)
