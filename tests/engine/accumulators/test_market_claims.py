"""Claims of accumulators: what is paid for which results, once, and what is refused."""

from typing import Any

import pytest

from engine.accumulators import market as market_module
from engine.accumulators.commands import AccumulatorPaid
from engine.accumulators.events import AccumulatorClaimed, AccumulatorLost
from engine.accumulators.market import AccumulatorMarket
from engine.betting.facts import MatchFacts
from engine.ledger.bets import Result
from engine.ledger.receipt import tx_hash
from engine.ledger.records import MarketState
from engine.refusals import Refusal, Refused
from tests.engine.accumulators.matches import (
    ANN,
    BOB,
    BOTH,
    HALF_LOSS,
    HALF_WIN,
    LOSS,
    MARKET,
    NOW,
    PUSH,
    WIN,
    claim,
    made,
    taken,
    told,
)

LEGS = ((2, 1), (3, 2))  # 1.85 x 3.4 = 6.29


def settled(market_id: int, option: int, result: Result, *, sequence: int = 3, **facts: Any) -> MatchFacts:
    """One option of a match has this result; the others of its group have not won."""
    others = {number: LOSS for number in (1, 2, 3) if number != option}
    return told(market_id, {option: result, **others}, sequence=sequence, number=sequence, **facts)


def won(**engine: Any) -> AccumulatorMarket:
    """Ann's accumulator of 100, number 7."""
    market = made(**engine)
    taken(market, *LEGS)
    market.learn(settled(2, 1, WIN))
    market.learn(settled(3, 2, WIN))
    return market


@pytest.mark.parametrize(
    ("first", "second", "payout"),
    [
        (WIN, WIN, 629),
        (WIN, HALF_WIN, 407),  # 1.85 x 2.2
        (HALF_WIN, HALF_WIN, 313),  # 1.425 x 2.2 = 3.135
        (WIN, PUSH, 185),
        (PUSH, WIN, 340),
        (PUSH, PUSH, 100),
        (WIN, HALF_LOSS, 92),  # 92.5
        (HALF_LOSS, HALF_LOSS, 25),
        (PUSH, HALF_LOSS, 50),
    ],
)
def test_its_factors_are_multiplied(first: Result, second: Result, payout: int) -> None:
    market = made()
    before = taken(market, *LEGS)
    market.learn(settled(2, 1, first))
    market.learn(settled(3, 2, second))
    market.begin(NOW + 5)
    answer = market.claim(claim())
    event = AccumulatorClaimed(2, 7, ANN, payout)
    assert market.take_events() == (event,)
    assert isinstance(answer, AccumulatorPaid)
    paid = answer.accumulator
    assert (paid.payout, paid.claim_tx_hash, paid.closed_ms) == (payout, tx_hash(MARKET, event), NOW + 5)
    assert (paid.tx_hash, paid.created_ms, paid.max_payout) == (before.tx_hash, NOW, 629)
    assert [leg.result for leg in paid.legs] == [first, second]
    assert (market.pool.money, market.pool.liability, market.pool.open) == (1_000_100 - payout, 0, {})


def test_a_leg_on_a_void_match_counts_once() -> None:
    market = made()
    taken(market, *LEGS)
    market.learn(settled(2, 1, WIN))
    pushes = dict.fromkeys((1, 2, 3, 4, 5), PUSH)
    market.learn(told(3, pushes, sequence=3, number=3, state=MarketState.VOID, final=BOTH))
    answer = market.claim(claim())
    assert isinstance(answer, AccumulatorPaid)
    assert answer.accumulator.payout == 185


def refusal(market: AccumulatorMarket, **who: int) -> Refused:
    answer = market.claim(claim(**who))
    assert isinstance(answer, Refused)
    assert market.take_events() == ()
    return answer


NOT_SETTLED = Refused(Refusal.NOT_SETTLED, "not all legs of this accumulator are settled yet")
LOST = Refused(Refusal.NOTHING_TO_CLAIM, "this accumulator is lost: there is nothing to claim")
PAID = Refused(Refusal.ALREADY_CLAIMED, "this accumulator has been paid already")


def test_all_legs_must_be_settled() -> None:
    market = made()
    taken(market, *LEGS)
    assert refusal(market) == NOT_SETTLED
    market.learn(settled(2, 1, WIN))
    assert refusal(market) == NOT_SETTLED
    market.learn(settled(3, 2, WIN))
    assert isinstance(market.claim(claim()), AccumulatorPaid)


def test_one_leg_that_is_lost_decides_it() -> None:
    market = made()
    taken(market, *LEGS)
    market.learn(settled(3, 2, LOSS))
    assert refusal(market) == LOST


def test_less_than_a_unit_is_nothing_to_claim() -> None:
    market = made()
    taken(market, *LEGS, stake=1)
    market.learn(settled(2, 1, HALF_LOSS))
    assert refusal(market) == NOT_SETTLED
    market.learn(settled(3, 2, PUSH))
    assert refusal(market) == LOST


def test_what_was_taken_back_is_not_paid() -> None:
    market = won()
    market.learn(told(3, sequence=4, number=4, state=MarketState.CLOSED))
    assert refusal(market) == NOT_SETTLED
    market.learn(settled(3, 2, LOSS, sequence=5))
    assert refusal(market) == LOST
    market.learn(settled(3, 2, WIN, sequence=7))
    assert isinstance(market.claim(claim()), AccumulatorPaid)


def test_it_is_paid_once() -> None:
    market = won()
    assert isinstance(market.claim(claim()), AccumulatorPaid)
    market.take_events()
    assert refusal(market) == PAID
    market.learn(told(3, sequence=4, number=4))
    assert refusal(market) == PAID


def test_what_was_lost_and_closed_has_nothing_to_claim() -> None:
    market = made()
    taken(market, *LEGS)
    market.learn(settled(2, 1, LOSS, final=frozenset({1})))
    assert refusal(market) == LOST
    market.go_on()
    assert market.take_events() == (AccumulatorLost(2, 7),)
    assert refusal(market) == LOST


def test_another_persons_accumulator_is_not_there() -> None:
    unknown = Refused(Refusal.NOT_FOUND, "there is no accumulator 7")
    market = won()
    assert refusal(market, account_id=BOB) == unknown
    assert refusal(market, bet_id=8).code is Refusal.NOT_FOUND
    market.claim(claim())
    market.take_events()
    assert refusal(market, account_id=BOB) == unknown


def test_a_suspended_market_pays() -> None:
    market = won()
    market.halt()
    market.take_events()
    assert isinstance(market.claim(claim()), AccumulatorPaid)


def test_a_match_that_is_over_is_forgotten_with_the_last_that_was_on_it() -> None:
    market = won()
    taken(market, (2, 4), (4, 1), bet_id=8)
    market.learn(settled(2, 1, WIN, sequence=9, state=MarketState.SETTLED))
    market.learn(settled(3, 2, WIN, sequence=9, state=MarketState.SETTLED))
    market.claim(claim())
    assert set(market.matches) == {2, 4}


def test_the_last_that_were_closed_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    """The second of two claims at once hears what became of the first; much later its row says it."""
    monkeypatch.setattr(market_module, "CLOSED_MAX", 2)
    market = won()
    for bet_id in (8, 9):
        market.learn(told(2, sequence=10 * bet_id))
        market.learn(told(3, sequence=10 * bet_id))
        taken(market, *LEGS, bet_id=bet_id)
        market.learn(settled(2, 1, WIN, sequence=10 * bet_id + 1))
        market.learn(settled(3, 2, WIN, sequence=10 * bet_id + 1))
    for bet_id in (7, 8, 9):
        assert isinstance(market.claim(claim(bet_id)), AccumulatorPaid)
    market.take_events()
    codes = [refusal(market, bet_id=bet_id).code for bet_id in (7, 8, 9)]
    assert codes == [Refusal.NOT_FOUND, Refusal.ALREADY_CLAIMED, Refusal.ALREADY_CLAIMED]
