"""What a market of accumulators makes of what it is told: what counts, what is lost for good, what is forgotten."""

from typing import Any

import pytest
from msgspec.structs import replace

from engine.accumulators.audit import audit
from engine.accumulators.events import AccumulatorClaimed, AccumulatorLost
from engine.accumulators.market import AccumulatorMarket
from engine.ledger.records import MarketState
from tests.engine.accumulators.matches import (
    BOTH,
    HALF_LOSS,
    HALF_WIN,
    LOSS,
    PUSH,
    WIN,
    claim,
    made,
    taken,
    told,
)

FIRST, SECOND = frozenset({1}), frozenset({2})
HOME = {1: WIN, 2: LOSS, 3: LOSS}
DRAW = {1: LOSS, 2: WIN, 3: LOSS}
OVER = {4: WIN, 5: LOSS}


def with_open(**engine: Any) -> AccumulatorMarket:
    """7 on home of 2 and home of 3; 8 on over of 2 and home of 4."""
    market = made(**engine)
    taken(market, (2, 1), (3, 1), bet_id=7)
    taken(market, (2, 4), (4, 1), bet_id=8)
    return market


def again(market: AccumulatorMarket) -> AccumulatorMarket:
    """The same, made anew from what is open and what the matches are like."""
    found = made(*market.matches.values(), money=market.pool.money, accumulators=tuple(market.pool.open.values()))
    audit(found)
    return found


# In which order


def test_what_was_told_before_is_passed_over() -> None:
    market = with_open()
    later = told(2, DRAW, sequence=8, number=8)
    market.learn(later)
    for sequence in (7, 1):
        market.learn(told(2, HOME, sequence=sequence, final=BOTH))
        assert market.matches[2] == later
        assert not market.has_work


def test_what_a_claim_makes_final_has_no_event_of_its_own_in_the_match() -> None:
    """An accumulator was paid: the match's last event is still the same."""
    market = with_open()
    market.learn(told(2, DRAW, sequence=3))
    market.learn(told(2, DRAW, sequence=3, final=FIRST))
    assert list(market.doubtful) == [7]


def test_what_is_final_does_not_become_less_so() -> None:
    """What waited in the mailbox while the market was made anew may be older than what it was made from."""
    market = with_open()
    final = told(2, DRAW | OVER, sequence=3, final=BOTH)
    market.learn(final)
    for older in (frozenset[int](), FIRST, SECOND):
        market.learn(replace(final, final_groups=older))
        assert market.matches[2] == final
        audit(market)


# What is lost for good


def test_a_loss_that_can_be_taken_back_closes_nothing() -> None:
    market = with_open()
    market.learn(told(2, DRAW, sequence=3))
    assert not market.has_work
    market.learn(told(2, sequence=4))
    market.learn(told(2, HOME, sequence=5))
    market.learn(told(3, HOME, sequence=3))
    assert market.payout_of(market.pool.open[7]) == 342


def test_a_loss_that_is_final_closes_what_is_on_it() -> None:
    market = with_open()
    market.learn(told(2, DRAW, sequence=3, final=FIRST))
    assert (market.has_work, list(market.doubtful)) == (True, [7])
    assert market.pool.liability == 342 + 351  # nothing is free before it is closed
    market.go_on()
    assert market.take_events() == (AccumulatorLost(3, 7),)
    assert (market.has_work, market.pool.liability, market.pool.money, list(market.pool.open)) == (
        False,
        351,
        1_000_200,
        [8],
    )


def test_the_other_group_is_not_final_with_it() -> None:
    market = with_open()
    market.learn(told(2, DRAW | {4: LOSS, 5: WIN}, sequence=3, final=FIRST))
    assert list(market.doubtful) == [7]
    market.learn(told(2, DRAW | {4: LOSS, 5: WIN}, sequence=9, final=BOTH))
    assert list(market.doubtful) == [7, 8]


@pytest.mark.parametrize("result", [WIN, HALF_WIN, PUSH, HALF_LOSS])
def test_what_is_not_lost_stays_open(result: Any) -> None:
    market = with_open()
    market.learn(told(2, {1: result, 2: LOSS, 3: LOSS}, sequence=3, final=FIRST))
    assert list(market.doubtful) == ([] if result is WIN else [7])
    assert not again(market).has_work
    market.go_on()
    assert (market.take_events(), list(market.pool.open), market.has_work) == ((), [7, 8], False)


SMALL = ((2, HALF_LOSS), (3, PUSH), (4, HALF_LOSS))


@pytest.mark.parametrize("order", [(0, 1), (1, 0), (0, 2), (2, 0)])
def test_what_comes_to_less_than_a_unit_is_lost_whichever_leg_is_told_last(order: tuple[int, int]) -> None:
    """One unit, half of it lost for good: with the other leg won it would be 1.7; with a push it is 0.5."""
    market = made()
    legs = [SMALL[place] for place in order]
    taken(market, *((market_id, 2) for market_id, _ in legs), stake=1)
    for market_id, result in legs:
        market.go_on()
        assert (market.take_events(), market.has_work) == ((), False)
        market.learn(told(market_id, {1: WIN, 2: result, 3: LOSS}, sequence=3, final=FIRST))
        audit(market)
    assert list(market.doubtful) == list(again(market).doubtful) == [7]
    market.go_on()
    assert market.take_events() == (AccumulatorLost(2, 7),)


def test_who_is_doubted_twice_is_closed_once() -> None:
    market = made()
    taken(market, (2, 2), (3, 2), stake=1)
    for market_id, result in SMALL[:2]:
        market.learn(told(market_id, {1: WIN, 2: result, 3: LOSS}, sequence=3, final=FIRST))
    market.go_on()
    assert market.take_events() == (AccumulatorLost(2, 7),)
    assert (market.has_work, market.pool.open) == (False, {})


def test_half_a_unit_at_low_odds_is_lost_at_once() -> None:
    market = made()
    taken(market, (2, 1), (3, 1), stake=1)
    market.learn(told(2, {1: HALF_LOSS, 2: LOSS, 3: WIN}, sequence=3, final=FIRST))
    assert list(market.doubtful) == [7]
    market.go_on()
    assert market.take_events() == (AccumulatorLost(2, 7),)  # 0.925 at most


def test_parts_are_of_part_max_oldest_first() -> None:
    market = made(part_max=2)
    for bet_id in range(10, 15):
        taken(market, (2, 1), (3, 1), bet_id=bet_id)
    market.learn(told(2, DRAW, sequence=3, final=FIRST))
    closed = []
    while market.has_work:
        market.go_on()
        closed.append([event.bet_id for event in market.take_events()])
        audit(market)
    assert closed == [[10, 11], [12, 13], [14]]
    market.go_on()
    assert market.take_events() == ()


def test_who_is_only_looked_at_counts_to_a_part() -> None:
    """So no part takes longer than that, however few of them are lost."""
    market = made(part_max=2)
    for bet_id in range(10, 15):
        taken(market, (2, 1), (3, 1), bet_id=bet_id, stake=1 if bet_id % 2 else 100)
    market.learn(told(2, {1: HALF_LOSS, 2: LOSS, 3: WIN}, sequence=3, final=FIRST))  # 0.925, and 92.5
    closed = []
    while market.has_work:
        market.go_on()
        closed.append([event.bet_id for event in market.take_events()])
        audit(market)
    assert closed == [[11], [13], []]
    assert list(market.pool.open) == [10, 12, 14]


def test_who_is_doubted_can_be_claimed_meanwhile() -> None:
    market = with_open()
    market.learn(told(2, {1: HALF_LOSS, 2: LOSS, 3: WIN}, sequence=3, final=FIRST))
    market.learn(told(3, HOME, sequence=3))
    assert list(market.doubtful) == [7]
    market.claim(claim(7))
    assert [type(event) for event in market.take_events()] == [AccumulatorClaimed]
    audit(market)
    market.go_on()
    assert (market.has_work, market.take_events()) == (False, ())


# Who is looked at again


def test_what_is_told_again_doubts_nobody() -> None:
    """Only what has become final with it does: a match tells all of itself with each change of its odds."""
    market = with_open()
    half = {1: HALF_LOSS, 2: LOSS, 3: WIN}
    market.learn(told(2, half, sequence=3, final=FIRST))
    market.go_on()
    for sequence in range(4, 9):
        market.learn(told(2, half, sequence=sequence, number=sequence, odds={4: 150 + sequence}, final=FIRST))
        assert not market.has_work
    market.learn(told(2, half | {4: PUSH, 5: PUSH}, sequence=9, final=FIRST))
    assert not market.has_work
    market.learn(told(2, half | {4: PUSH, 5: PUSH}, sequence=10, final=BOTH))
    assert list(market.doubtful) == [8]  # and not 7, which was looked at
    assert not again(market).has_work


def test_what_is_told_of_elsewhere_doubts_nobody_here() -> None:
    market = with_open()
    market.learn(told(3, {1: HALF_LOSS, 2: LOSS, 3: WIN}, sequence=3, final=FIRST))
    market.go_on()
    for facts in (told(2, HOME | OVER, sequence=3, final=BOTH), told(4, HOME, sequence=3, final=FIRST)):
        market.learn(facts)
        assert not market.has_work


def test_who_was_taken_before_a_result_was_heard_is_looked_at_as_it_is() -> None:
    """The ledger took it at odds of a moment ago."""
    market = with_open()
    taken(market, (2, 1), (4, 2), bet_id=9)
    market.learn(told(2, DRAW, sequence=5, final=FIRST))
    assert list(market.doubtful) == [7, 9]


# Made anew


@pytest.mark.parametrize("which", [2, 3])
def test_what_was_lost_is_found_again_whichever_match_is_told_first(which: int) -> None:
    market = with_open()
    market.learn(told(which, DRAW, sequence=3, final=FIRST))
    assert list(again(market).doubtful) == [7]


def test_what_is_over_is_kept_while_something_is_on_it() -> None:
    market = with_open()
    market.learn(told(3, HOME, sequence=3, state=MarketState.SETTLED))
    assert set(again(market).matches) == set(market.matches) == {2, 3, 4}
    market.learn(told(2, HOME, sequence=3))
    assert again(market).payout_of(market.pool.open[7]) == 342


# What is forgotten


@pytest.mark.parametrize("state", [MarketState.SETTLED, MarketState.VOID])
def test_a_match_that_is_over_with_nothing_on_it_is_forgotten_until_it_is_told_of_again(state: MarketState) -> None:
    market = made()
    market.learn(told(2, HOME, sequence=3, state=state))
    assert set(market.matches) == {3, 4}
    market.learn(told(2, sequence=4, number=4, state=MarketState.CLOSED))
    assert set(market.matches) == {2, 3, 4}


def test_a_match_is_forgotten_with_the_last_that_is_lost_on_it() -> None:
    market = with_open()
    market.learn(told(3, DRAW, sequence=3, state=MarketState.SETTLED, final=BOTH))
    assert set(market.matches) == {2, 3, 4}
    market.go_on()
    assert set(market.matches) == {2, 4}


def test_a_match_of_which_nothing_was_known_is_bet_on_once_it_is_told() -> None:
    market = made(told(2))
    market.learn(told(9))
    taken(market, (2, 1), (9, 1))
