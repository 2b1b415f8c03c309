"""Accumulators: which are taken, at which odds, how much of them, and what is refused."""

from itertools import permutations
from typing import Any

import pytest
from msgspec.structs import replace

from engine.accumulators.commands import AccumulatorTaken
from engine.accumulators.events import AccumulatorPlaced, Leg
from engine.accumulators.market import AccumulatorMarket
from engine.betting.facts import MatchFacts
from engine.ledger.accumulators import AccumulatorRecord, LegRecord
from engine.ledger.bets import Acceptance
from engine.ledger.receipt import tx_hash
from engine.ledger.records import MarketState
from engine.refusals import Refusal, Refused
from tests.engine.accumulators.matches import ANN, LOSS, MARKET, NOW, ODDS, WIN, entered, made, taken, told
from tests.engine.drawings import cells

LEGS = ((2, 1), (3, 2))  # 1.85 x 3.4 = 6.29


def refusal(market: AccumulatorMarket, *legs: tuple[int, ...], **bet: Any) -> Refused:
    before = market.stands()
    answer = market.place(entered(*legs, **bet))
    assert isinstance(answer, Refused)
    assert (market.take_events(), market.stands()) == ((), before)
    return answer


def test_it_is_taken_with_its_legs_in_their_order() -> None:
    market = made()
    answer = market.place(entered((3, 2), (2, 1), stake=101))
    legs = (Leg(3, 2, 340, 340, 2), Leg(2, 1, 185, 185, 2))
    event = AccumulatorPlaced(1, 7, ANN, "c7", legs, 101, Acceptance.EXACT)
    assert market.take_events() == (event,)
    record = AccumulatorRecord(
        7,
        ANN,
        MARKET,
        "c7",
        101,
        Acceptance.EXACT,
        635,  # 635.29
        NOW,
        tx_hash(MARKET, event),
        legs=(LegRecord(7, 1, 3, 2, 340, 340), LegRecord(7, 2, 2, 1, 185, 185)),
    )
    assert answer == AccumulatorTaken(record)
    assert (market.pool.money, market.pool.liability, market.pool.open) == (1_000_101, 635, {7: record})


def test_it_keeps_the_odds_that_it_was_taken_at() -> None:
    market = made()
    taken(market, *LEGS)
    market.learn(told(2, odds={1: 150}, sequence=3, number=3))
    assert [leg.odds for leg in market.pool.open[7].legs] == [185, 340]
    assert market.pool.liability == 629


def test_it_says_what_the_match_showed_when() -> None:
    """The ledger may know of a later number."""
    market = made(told(2, number=9), told(3, number=4))
    market.place(entered(*LEGS))
    (event,) = market.take_events()
    assert [leg.number for leg in event.legs] == [9, 4]


def test_twenty_legs_are_taken() -> None:
    market = made(*(told(market_id) for market_id in range(2, 23)), odds_max=10**6)
    accumulator = taken(market, *((market_id, 5) for market_id in range(2, 22)), stake=1)
    assert (len(accumulator.legs), accumulator.max_payout) == (20, 631_963)
    assert accumulator.max_payout == 195**20 // 100**20
    assert refusal(market, *((market_id, 5) for market_id in range(2, 23))).code is Refusal.MALFORMED


# Odds that have changed: those of the first leg are 1.85, those of the second 3.4

TABLE = """
    asked     | exact         | better    | any
    1.85 3.4  | taken         | taken     | taken
    1.84 3.4  | first         | taken     | taken
    1.86 3.4  | first         | first     | taken
    1.85 3.3  | second        | taken     | taken
    1.85 3.5  | second        | second    | taken
    1.84 3.5  | first, second | second    | taken
    1.86 3.5  | first, second | first, second | taken
    1.01 1.01 | first, second | taken     | taken
"""
HEADER, *ROWS = cells(TABLE)
CHANGED = {
    "first": {"marketId": 2, "option": 1, "odds": 185},
    "second": {"marketId": 3, "option": 2, "odds": 340},
}


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0])
@pytest.mark.parametrize("accept", Acceptance)
def test_the_odds_of_every_leg_must_be_those_that_the_customer_takes(row: list[str], accept: Acceptance) -> None:
    first, second = (round(float(odds) * 100) for odds in row[0].split())
    told_of = row[HEADER.index(accept.value)]
    market = made()
    if told_of == "taken":
        accumulator = taken(market, (2, 1, first), (3, 2, second), accept=accept.value)
        assert [(leg.odds, leg.odds_asked) for leg in accumulator.legs] == [(185, first), (340, second)]
        assert accumulator.max_payout == 629
    else:
        refused = refusal(market, (2, 1, first), (3, 2, second), accept=accept.value)
        assert refused.code is Refusal.ODDS_CHANGED
        assert refused.details == {"legs": [CHANGED[leg] for leg in told_of.split(", ")]}


def test_the_refusal_names_the_odds_of_now() -> None:
    market = made()
    market.learn(told(2, odds={**ODDS, 1: 190}, sequence=3, number=3))
    market.learn(told(4, odds={**ODDS, 5: 101}, sequence=3, number=3))
    details = [{"marketId": 2, "option": 1, "odds": 190}, {"marketId": 4, "option": 5, "odds": 101}]
    words = "the odds have changed: they are 190 for option 1 of match 2, 101 for option 5 of match 4 now"
    expected = Refused(Refusal.ODDS_CHANGED, words, {"legs": details})
    assert refusal(market, (2, 1), (3, 2), (4, 5)) == expected


def test_odds_that_move_in_between_are_taken_if_the_customer_takes_them() -> None:
    market = made()
    market.learn(told(2, odds={**ODDS, 1: 190}, sequence=3, number=3))
    assert [leg.odds for leg in taken(market, *LEGS, accept="better").legs] == [190, 340]
    market.learn(told(2, odds={**ODDS, 1: 180}, sequence=4, number=4))
    refused = refusal(market, *LEGS, accept="better", bet_id=8)
    assert refused.details == {"legs": [{"marketId": 2, "option": 1, "odds": 180}]}
    assert [leg.odds for leg in taken(market, *LEGS, accept="any", bet_id=8).legs] == [180, 340]


# The odds of all legs together


BOARDS = {
    "as high as it goes": ((10_000, 10_000), True),
    "as high as it goes, with three legs": ((10_000, 2_000, 500), True),
    "a bit more": ((10_001, 10_000), False),
    "the least that is more": ((99_999, 1_001), False),  # 10,009.8999
    "a little less": ((99_999, 1_000), True),  # 9,999.9
    "half a hundredth less and more": ((33_333, 1_000, 300), True),  # 9,999.9
    "with three legs, more": ((33_334, 1_000, 300), False),  # 10,000.2
}


def with_odds(*odds: int, **engine: Any) -> tuple[AccumulatorMarket, list[tuple[int, int, int]]]:
    """A market whose matches offer home at these odds, and legs on all of them."""
    matches = [told(market_id, odds={1: each}) for market_id, each in enumerate(odds, 2)]
    return made(*matches, **{"money": 10**9, **engine}), [
        (facts.market_id, 1, facts.shown.odds[1]) for facts in matches
    ]


@pytest.mark.parametrize("name", BOARDS)
def test_there_is_a_limit_to_the_odds_of_all_legs_together(name: str) -> None:
    odds, is_taken = BOARDS[name]
    market, legs = with_odds(*odds)
    if is_taken:
        taken(market, *legs, stake=1)
    else:
        refused = refusal(market, *legs, stake=1)
        assert (refused.code, refused.details) == (Refusal.LIABILITY_LIMIT, {"maxStake": "0"})


def test_it_says_how_high_they_are() -> None:
    market, legs = with_odds(10_001, 10_000)
    words = "the odds of all legs together are 10001: at most 10000 are taken"
    assert refusal(market, *legs) == Refused(Refusal.LIABILITY_LIMIT, words, {"maxStake": "0"})
    market, legs = with_odds(185, 340, odds_max=6)
    words = "the odds of all legs together are 6.29: at most 6 are taken"
    assert refusal(market, *legs) == Refused(Refusal.LIABILITY_LIMIT, words, {"maxStake": "0"})


def test_it_is_the_operators_and_is_looked_at_before_the_pool() -> None:
    market, legs = with_odds(200, 300, odds_max=6, money=0)
    assert refusal(market, *legs).message == "nothing can be staked on this now"
    market, legs = with_odds(201, 300, odds_max=6, money=0)
    assert refusal(market, *legs).message.startswith("the odds of all legs together are 6.03")


def test_the_odds_of_now_count_and_not_those_that_were_asked() -> None:
    market, _ = with_odds(200, 300, odds_max=6)
    taken(market, (2, 1, 900), (3, 1, 900), accept="any")
    market.learn(told(2, odds={1: 201}, sequence=3, number=3))
    assert refusal(market, (2, 1, 200), (3, 1, 300), bet_id=8).code is Refusal.ODDS_CHANGED
    assert refusal(market, (2, 1, 200), (3, 1, 300), bet_id=8, accept="better").details == {"maxStake": "0"}


# Liability


@pytest.mark.parametrize(
    ("money", "legs", "limit"),
    [
        (1_000, LEGS, 189),  # 189 x 6.29 = 1188.81, 190 x 6.29 = 1195.1
        (0, ((2, 1), (3, 1)), 0),
        (2, ((2, 1), (3, 1)), 1),
        (10_000, ((2, 1), (3, 1), (4, 1)), 1_875),  # x 6.331625
    ],
)
def test_the_pool_and_the_stake_cover_all_that_can_be_won(money: int, legs: Any, limit: int) -> None:
    market = made(money=money)
    words = f"at most {limit} can be staked on this now" if limit else "nothing can be staked on this now"
    expected = Refused(Refusal.LIABILITY_LIMIT, words, {"maxStake": str(limit)})
    for stake in (limit + 1, 10 * limit + 1, 10**30):
        assert refusal(market, *legs, stake=stake) == expected
    if limit:
        taken(market, *legs, stake=limit)
        assert market.pool.liability <= market.pool.money


def test_nothing_is_set_off_against_another() -> None:
    """Home and away of one match can't both win; both are covered."""
    market = made(money=1_000)
    taken(market, *LEGS, stake=100)
    taken(market, (2, 3), (3, 2), stake=10, bet_id=8)
    assert (market.pool.money, market.pool.liability) == (1_110, 629 + 142)
    assert refusal(market, *LEGS, stake=65, bet_id=9).details == {"maxStake": "64"}
    taken(market, *LEGS, stake=64, bet_id=9)


# What else is refused


UNKNOWN = "match {} takes no bets in accumulators of USD"


def told_suspended(market_id: int) -> MatchFacts:
    return told(market_id, state=MarketState.SUSPENDED)


@pytest.mark.parametrize(
    ("second", "leg", "code", "words"),
    [
        (told_suspended(3), (3, 2), Refusal.MARKET_HALTED, "betting on match 3 is suspended: try again later"),
        (told(3, state=MarketState.SCHEDULED), (3, 2), Refusal.MARKET_CLOSED, "match 3 takes no bets now"),
        (told(3, state=MarketState.CLOSED), (3, 2), Refusal.MARKET_CLOSED, "match 3 takes no bets now"),
        (told(3, state=MarketState.SETTLED), (3, 2), Refusal.MARKET_CLOSED, UNKNOWN.format(3)),
        (told(3, state=MarketState.VOID), (3, 2), Refusal.MARKET_CLOSED, UNKNOWN.format(3)),
        (told(3), (99, 2), Refusal.MARKET_CLOSED, UNKNOWN.format(99)),
        (told(3), (99, 6), Refusal.MARKET_CLOSED, UNKNOWN.format(99)),
        (told(3), (MARKET, 2), Refusal.MARKET_CLOSED, UNKNOWN.format(1)),
        (told_suspended(3), (3, 6), Refusal.NOT_FOUND, "match 3 has no option 6"),
        (told(3, state=MarketState.CLOSED), (3, 6), Refusal.NOT_FOUND, "match 3 has no option 6"),
        (told(3), (3, 6), Refusal.NOT_FOUND, "match 3 has no option 6"),
        (told(3), (3, 0), Refusal.NOT_FOUND, "match 3 has no option 0"),
        (told(3, odds={1: 185}), (3, 2), Refusal.MARKET_CLOSED, "option 2 of match 3 takes no bets now"),
        (told(3, {4: WIN, 5: LOSS}), (3, 4), Refusal.MARKET_CLOSED, "option 4 of match 3 takes no bets now"),
        (told(3, closes_ms=NOW), (3, 2), Refusal.MARKET_CLOSED, "match 3 takes no bets now"),
        (told(3, closes_ms=NOW - 1), (3, 2), Refusal.MARKET_CLOSED, "match 3 takes no bets now"),
    ],
)
def test_a_leg_on_which_nothing_is_taken(second: MatchFacts, leg: Any, code: Refusal, words: str) -> None:
    market = made(told(2), second)
    for legs in (((2, 1), leg), (leg, (2, 1))):
        bet = entered((2, 1), (3, 1)).bet
        asked = tuple(replace(bet.legs[0], market_id=market_id, option_number=number) for market_id, number in legs)
        answer = market.place(replace(entered((2, 1), (3, 1)), bet=replace(bet, legs=asked, accept=Acceptance.ANY)))
        assert answer == Refused(code, words)
    assert (market.take_events(), market.pool.open) == ((), {})


@pytest.mark.parametrize(
    "second",
    [
        told(3, closes_ms=NOW + 1),
        told(3, closes_ms=None, state=MarketState.IN_PLAY),
        told(3, {4: WIN, 5: LOSS}),  # another group is settled
    ],
)
def test_a_leg_on_which_bets_are_still_taken(second: MatchFacts) -> None:
    taken(made(told(2), second), *LEGS)


def test_betting_ends_at_the_start_though_nobody_has_told_it() -> None:
    market = made()
    market.begin(NOW + 59_999)
    taken(market, *LEGS)
    market.begin(NOW + 60_000)
    assert refusal(market, *LEGS, bet_id=8).code is Refusal.MARKET_CLOSED


@pytest.mark.parametrize("matches", [(2,), (2, 2), (2, 3, 2), ()])
def test_legs_that_are_no_accumulator(matches: tuple[int, ...]) -> None:
    legs = ((market_id, number) for number, market_id in enumerate(matches, 1))
    assert refusal(made(), *legs).code is Refusal.MALFORMED


def test_a_market_that_is_suspended_takes_none() -> None:
    expected = Refused(Refusal.MARKET_HALTED, "accumulators are suspended: try again later")
    assert refusal(made(state=MarketState.HALTED), *LEGS) == expected
    market = made()
    market.halt()
    market.take_events()
    assert refusal(market, *LEGS) == expected
    market.resume()
    market.take_events()
    taken(market, *LEGS)


# What is wrong with the slip, and how it is refused; each row has the reason of those below it, too
REASONS: tuple[tuple[tuple[tuple[int, ...], ...], Refusal], ...] = (
    (((2, 99, 200), (2, 1, 999), (5, 1, 999)), Refusal.MALFORMED),
    (((2, 99, 200), (3, 1, 999), (5, 1, 999)), Refusal.NOT_FOUND),
    (((2, 1, 999), (3, 1, 999), (5, 1, 999)), Refusal.MARKET_HALTED),
    (((2, 1, 999), (5, 1, 999)), Refusal.MARKET_CLOSED),
    (((2, 1, 999), (4, 1)), Refusal.ODDS_CHANGED),
    (((2, 1), (4, 1)), Refusal.LIABILITY_LIMIT),
)


@pytest.mark.parametrize(("legs", "code"), REASONS, ids=lambda value: getattr(value, "value", ""))
def test_the_first_of_several_reasons_is_told_whichever_legs_it_is(legs: tuple[Any, ...], code: Refusal) -> None:
    market = made(told(2), told_suspended(3), told(4), told(5, state=MarketState.CLOSED), money=0)
    for order in permutations(legs):
        assert refusal(market, *order).code is code


@pytest.mark.parametrize(("legs", "code"), REASONS, ids=lambda value: getattr(value, "value", ""))
def test_so_it_is_if_the_market_is_suspended(legs: tuple[Any, ...], code: Refusal) -> None:
    """An option that is not there is not there whether bets are taken or not."""
    matches = (told(2), told_suspended(3), told(4), told(5, state=MarketState.CLOSED))
    refused = refusal(made(*matches, state=MarketState.HALTED), *legs)
    assert refused.code is (code if code in (Refusal.MALFORMED, Refusal.NOT_FOUND) else Refusal.MARKET_HALTED)


def test_of_two_alike_the_first_is_told() -> None:
    """The market's own before its matches', then leg by leg."""
    matches = (told_suspended(2), told_suspended(3))
    words = "betting on match {} is suspended: try again later"
    assert refusal(made(*matches), *LEGS).message == words.format(2)
    assert refusal(made(*matches), *reversed(LEGS)).message == words.format(3)
    assert refusal(made(*matches, state=MarketState.HALTED), *LEGS).message.startswith("accumulators are suspended")
