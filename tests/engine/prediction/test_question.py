"""Which terms make a question, what its prices and fees are in units, and what its rules say."""

from typing import Any

import pytest

from engine.matching.order import Side
from engine.matching.terms import Outcome
from engine.prediction.question import PAIR_UNITS, QUANTITY_MAX, Question, VoidPolicy, make_question
from engine.refusals import Refusal, Refused

GOOD: dict[str, Any] = {
    "title": "Will it rain?",
    "description": "In the city, on that day.",
    "category": "weather",
    "resolution_ms": 2_000,
    "now_ms": 1_000,
}


def made(**terms: Any) -> Question:
    question = make_question(**{**GOOD, **terms})
    assert isinstance(question, Question), question
    return question


def test_what_is_not_said_is_chosen() -> None:
    assert made() == Question(
        title="Will it rain?",
        description="In the city, on that day.",
        category="weather",
        resolution_ms=2_000,
        tick=10,
        maker_rate=0,
        taker_rate=10**6,
        void_policy=VoidPolicy.EQUAL,
    )


@pytest.mark.parametrize(
    ("terms", "message"),
    [
        ({"title": ""}, "title must not be empty"),
        ({"title": " \n "}, "title must not be empty"),
        ({"resolution_ms": 1_000}, "resolutionDate must be in the future"),
        ({"resolution_ms": 0}, "resolutionDate must be in the future"),
        ({"tick_units": 100}, "tick must be 0.1 or 0.01"),
        ({"tick_units": 0}, "tick must be 0.1 or 0.01"),
        ({"maker_rate": 10**8}, "a fee must be below 1"),
        ({"taker_rate": 10**8}, "a fee must be below 1"),
        ({"maker_rate": -1}, "a fee must be below 1"),
        ({"taker_rate": -1}, "a fee must be below 1"),
    ],
)
def test_what_makes_no_question(terms: dict[str, Any], message: str) -> None:
    assert make_question(**{**GOOD, **terms}) == Refused(Refusal.MALFORMED, message)


@pytest.mark.parametrize(("tick_units", "pair_ticks"), [(10, 1_000), (1, 10_000)])
def test_a_pair_is_worth_a_dollar_at_every_tick(tick_units: int, pair_ticks: int) -> None:
    question = made(tick_units=tick_units)
    assert question.pair_ticks == pair_ticks
    assert question.value(pair_ticks, 3) == 3 * PAIR_UNITS == 30_000


@pytest.mark.parametrize("price_ticks", [1, 333, 500, 999])
def test_both_shares_of_a_pair_are_worth_a_dollar_together(price_ticks: int) -> None:
    question = made()
    no_ticks = question.yes_ticks(Outcome.NO, price_ticks)
    assert question.value(price_ticks, 7) + question.value(no_ticks, 7) == 7 * PAIR_UNITS
    assert question.yes_ticks(Outcome.NO, no_ticks) == price_ticks
    assert question.yes_ticks(Outcome.YES, price_ticks) == price_ticks


@pytest.mark.parametrize(
    ("side", "outcome", "in_the_book"),
    [
        (Side.BUY, Outcome.YES, (Side.BUY, 300)),
        (Side.SELL, Outcome.YES, (Side.SELL, 300)),
        (Side.BUY, Outcome.NO, (Side.SELL, 700)),
        (Side.SELL, Outcome.NO, (Side.BUY, 700)),
    ],
)
def test_where_an_order_stands_in_the_book_of_yes(side: Side, outcome: Outcome, in_the_book: tuple[Side, int]) -> None:
    assert made().book_terms(side, outcome, 300) == in_the_book


@pytest.mark.parametrize("rate", [0, 1, 333_333, 10**6, 10**8 - 1])
@pytest.mark.parametrize("tick_units", [10, 1])
def test_a_fee_is_the_same_for_both_shares_of_a_pair(rate: int, tick_units: int) -> None:
    """Exact in 10**-8 of a unit: nothing is rounded yet."""
    question = made(tick_units=tick_units)
    for price_ticks in (1, question.pair_ticks // 3, question.pair_ticks // 2, question.pair_ticks - 1):
        fee = question.fee_parts(price_ticks, 11, rate)
        assert fee == question.fee_parts(question.pair_ticks - price_ticks, 11, rate)
        cheaper = min(price_ticks, question.pair_ticks - price_ticks)
        assert fee == rate * cheaper * tick_units * 11
        assert fee <= question.value(cheaper, 11) * 10**8


def test_a_buyer_spends_money_and_a_seller_shares() -> None:
    assert (made().spends(Side.BUY), made().spends(Side.SELL)) == ("USD", None)
    assert (made().receives(Side.BUY), made().receives(Side.SELL)) == ("USD", "USD")


@pytest.mark.parametrize(
    ("tick_units", "price_ticks", "text"),
    [(10, 505, "50.5"), (10, 500, "50"), (10, 1, "0.1"), (10, 999, "99.9"), (1, 1, "0.01"), (1, 5_050, "50.5")],
)
def test_prices_are_shown_in_cents(tick_units: int, price_ticks: int, text: str) -> None:
    assert made(tick_units=tick_units).price_text(price_ticks) == text


def test_the_largest_order_is_exact_in_a_double() -> None:
    assert QUANTITY_MAX * PAIR_UNITS < 2**53


@pytest.mark.parametrize(
    ("terms", "said"),
    [
        ({}, "the taker 1 %, the maker 0 %"),
        ({"maker_rate": 250_000, "taker_rate": 5}, "the taker 0.000005 %, the maker 0.25 %"),
        ({}, "If the question is void, shares pay 50 each, and all fees are given back."),
        ({"void_policy": VoidPolicy.LAST_PRICE}, "shares pay the average price of the last 24 h of trading,"),
    ],
)
def test_the_rules_say_who_pays_what(terms: dict[str, Any], said: str) -> None:
    assert said in made(**terms).rules
