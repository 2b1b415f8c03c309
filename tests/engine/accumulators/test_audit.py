"""The audit of accumulators finds what must not be: a check that can't fail is none."""

import pytest
from msgspec.structs import replace

from engine.accumulators.audit import audit
from engine.accumulators.market import AccumulatorMarket
from engine.ledger.records import MarketState
from tests.engine.accumulators.matches import LOSS, PUSH, WIN, made, taken, told


@pytest.fixture
def market() -> AccumulatorMarket:
    """Three are open, one of them lost for good; the pool has what it may have to pay, and match 9 is not bet on.

    Another is worth something, and is looked at as well.
    """
    market = made(told(2), told(3), told(4), told(9))
    taken(market, (2, 1), (3, 2), bet_id=7)
    taken(market, (2, 1), (4, 4), bet_id=8)
    taken(market, (2, 2), (3, 2), bet_id=9)
    market.learn(told(2, {1: WIN, 2: LOSS, 3: LOSS}, sequence=3, final=frozenset({1})))
    market.learn(told(4, {4: PUSH, 5: PUSH}, sequence=3, final=frozenset({2})))
    market.pool.money = market.pool.liability
    return market


def test_a_sound_market_passes(market: AccumulatorMarket) -> None:
    audit(market)
    assert list(market.doubtful) == [9, 8]
    market.go_on()
    audit(market)
    assert list(market.pool.open) == [7, 8]
    assert market.pool.money > market.pool.liability


def without_money(market: AccumulatorMarket) -> None:
    market.pool.money -= 1


def owes_more(market: AccumulatorMarket) -> None:
    market.pool.money += 1
    market.pool.liability += 1


def owes_less(market: AccumulatorMarket) -> None:
    market.pool.liability -= 1


def another_payout(market: AccumulatorMarket) -> None:
    market.pool.money += 1
    market.pool.open[7] = replace(market.pool.open[7], max_payout=market.pool.open[7].max_payout + 1)


def a_match_unknown(market: AccumulatorMarket) -> None:
    del market.matches[4]


def an_option_unknown(market: AccumulatorMarket) -> None:
    facts = market.matches[4]
    market.matches[4] = replace(facts, options={number: facts.options[number] for number in (1, 2, 3, 5)})


def a_leg_not_indexed(market: AccumulatorMarket) -> None:
    del market.pool._on[4, 4]


def a_leg_indexed_twice(market: AccumulatorMarket) -> None:
    market.pool._on[4, 4][7] = None


def legs_counted_where_there_are_none(market: AccumulatorMarket) -> None:
    market.pool._legs[9] += 1


def legs_not_counted(market: AccumulatorMarket) -> None:
    del market.pool._legs[4]


def over_and_not_forgotten(market: AccumulatorMarket) -> None:
    market.matches[9] = replace(market.matches[9], state=MarketState.SETTLED)


def lost_and_not_noticed(market: AccumulatorMarket) -> None:
    del market.doubtful[9]


def doubted_and_not_there(market: AccumulatorMarket) -> None:
    market.doubtful[99] = None


DAMAGES = {
    "the pool is short": without_money,
    "it owes more than the open ones may be paid": owes_more,
    "it owes less": owes_less,
    "one may be paid more": another_payout,
    "a match is unknown": a_match_unknown,
    "an option is unknown": an_option_unknown,
    "a leg is not found by its option": a_leg_not_indexed,
    "another is found instead": a_leg_indexed_twice,
    "a match seems to be bet on": legs_counted_where_there_are_none,
    "a match seems not to be": legs_not_counted,
    "a match is over and still known": over_and_not_forgotten,
    "one is lost and nobody knows": lost_and_not_noticed,
    "one is to be looked at that is not there": doubted_and_not_there,
}


def test_who_is_not_lost_may_be_looked_at_or_not(market: AccumulatorMarket) -> None:
    market.doubtful[7] = None
    audit(market)
    del market.doubtful[7], market.doubtful[8]
    audit(market)


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damage_is_found(market: AccumulatorMarket, damage: str) -> None:
    DAMAGES[damage](market)
    with pytest.raises((AssertionError, KeyError)):
        audit(market)
