"""A quote seen from both outcomes, what it costs, and what changes from one set of quotes to the next."""

from collections import Counter
from fractions import Fraction
from math import ceil

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.matching.order import Side
from engine.matching.terms import OrderType, Outcome
from engine.prediction.admission import admit, budget
from engine.prediction.commands import PlaceShareOrder
from engine.prediction.question import make_question
from engine.prediction.quote import PriceLists, Quote, RestingQuote, changes, summary
from engine.refusals import Refused

TENTH = 10  # units
ONE_PERCENT = 10**6

few_quotes = st.builds(Quote, st.sampled_from(Outcome), st.sampled_from(Side), st.integers(480, 483), st.integers(1, 3))


def quote(sentence: str) -> Quote:
    """`"BUY YES 10 at 49.0"`"""
    side, outcome, quantity, _, price = sentence.split()
    return Quote(Outcome[outcome], Side[side], int(price.replace(".", "")), int(quantity))


def resting(*sentences: str) -> list[RestingQuote]:
    """Orders 1, 2, 3, the oldest first."""
    return [RestingQuote(order_id, quote(sentence)) for order_id, sentence in enumerate(sentences, 1)]


def changed(wanted: list[str], *there: str) -> tuple[tuple[int, ...], list[Quote]]:
    found = changes([quote(sentence) for sentence in wanted], resting(*there))
    return found.cancels, list(found.places)


@pytest.mark.parametrize(
    ("sentence", "side_of_book", "yes_price"),
    [
        ("BUY YES 1 at 49.0", "bid", 490),
        ("SELL NO 1 at 51.0", "bid", 490),
        ("SELL YES 1 at 51.0", "ask", 510),
        ("BUY NO 1 at 49.0", "ask", 510),
        ("BUY NO 1 at 99.9", "ask", 1),
    ],
)
def test_a_quote_has_a_side_and_a_price_in_yes_terms(sentence: str, side_of_book: str, yes_price: int) -> None:
    assert quote(sentence).is_bid is (side_of_book == "bid")
    assert quote(sentence).yes_price_ticks(TENTH) == yes_price


@pytest.mark.parametrize(
    ("sentence", "units"),
    [
        ("BUY YES 10 at 49.0", 49_000 + 490),
        ("BUY NO 10 at 49.0", 49_000 + 490),
        ("BUY YES 10 at 99.0", 99_000 + 10),  # the fee is of the cheaper outcome
        ("BUY NO 10 at 1.0", 1_000 + 10),
        ("BUY YES 1 at 0.1", 10 + 1),  # 0.1 units of fee are held as one
        ("SELL YES 10 at 49.0", 0),
        ("SELL NO 10 at 49.0", 0),
    ],
)
def test_a_purchase_costs_its_price_and_one_percent_of_the_cheaper_side(sentence: str, units: int) -> None:
    assert quote(sentence).cost(TENTH, ONE_PERCENT) == units


@given(few_quotes, st.integers(0, 10**7), st.integers(0, 10**7))
def test_a_quote_costs_what_is_held_for_its_order(wanted: Quote, maker_rate: int, taker_rate: int) -> None:
    """A market may charge its makers nothing: what is held reckons with the higher of its rates all the same."""
    question = make_question(
        title="Rain?",
        description="",
        category="weather",
        resolution_ms=1,
        now_ms=0,
        maker_rate=maker_rate,
        taker_rate=taker_rate,
    )
    assert not isinstance(question, Refused)
    price = question.price_text(wanted.price_ticks)
    order = PlaceShareOrder(-4, "prediction/7", wanted.outcome, wanted.side, OrderType.LIMIT, wanted.quantity, price)
    terms = admit(order, question)
    assert not isinstance(terms, Refused)
    assert wanted.cost(question.tick, question.rate_max) == budget(terms, question, 10**15)


@given(st.integers(1, 9_999), st.integers(1, 10**6), st.integers(0, 10**8 - 1), st.data())
def test_what_is_held_pays_for_every_way_to_fill(price: int, quantity: int, rate: int, data: st.DataObject) -> None:
    """At its price or a better one; and in slices, as the fee is rounded on the order's sum."""
    held = Quote(Outcome.NO, Side.BUY, price, quantity).cost(1, rate)
    better = data.draw(st.integers(1, price))
    fee = ceil(Fraction(rate, 10**8) * min(better, 10_000 - better) * quantity)
    assert better * quantity + fee <= held
    if better == price:
        assert better * quantity + fee == held


@given(st.integers(1, 9_999), st.integers(1, 1_000), st.integers(1, 1_000), st.integers(0, 10**8 - 1))
def test_what_stays_held_for_the_rest_is_not_more_than_the_rest_costs(
    price: int, filled: int, left: int, rate: int
) -> None:
    """So a resting order that stays never takes more of the budget than the same quote made anew."""
    whole, rest = (Quote(Outcome.YES, Side.BUY, price, shares).cost(1, rate) for shares in (filled + left, left))
    spent = price * filled + ceil(Fraction(rate, 10**8) * min(price, 10_000 - price) * filled)
    assert whole - spent <= rest


def test_what_rests_as_wanted_stays() -> None:
    assert changed(["BUY YES 10 at 49.0", "BUY NO 10 at 49.0"], "BUY NO 10 at 49.0", "BUY YES 10 at 49.0") == ((), [])


def test_nothing_wanted_cancels_everything() -> None:
    assert changed([], "BUY NO 10 at 49.0", "BUY YES 10 at 49.0") == ((1, 2), [])


def test_nothing_resting_places_everything_as_it_is_listed() -> None:
    wanted = ["SELL NO 4 at 51.0", "BUY YES 6 at 49.0", "BUY NO 10 at 49.0"]
    assert changed(wanted) == ((), [quote(sentence) for sentence in wanted])


@pytest.mark.parametrize(
    "other",
    ["BUY YES 9 at 49.0", "BUY YES 10 at 49.1", "SELL YES 10 at 49.0", "BUY NO 10 at 49.0", "SELL NO 10 at 51.0"],
)
def test_an_order_that_differs_in_anything_is_replaced(other: str) -> None:
    """The last is the same bid in YES terms, but it is paid for with shares."""
    assert changed(["BUY YES 10 at 49.0"], other) == ((1,), [quote("BUY YES 10 at 49.0")])


def test_of_equal_orders_the_oldest_stay() -> None:
    assert changed(["BUY YES 10 at 49.0"], "BUY YES 10 at 49.0", "BUY YES 10 at 49.0") == ((2,), [])


def test_equal_quotes_are_counted() -> None:
    wanted = ["BUY YES 10 at 49.0"] * 3
    assert changed(wanted, "BUY YES 10 at 49.0") == ((), [quote("BUY YES 10 at 49.0")] * 2)


@given(st.lists(few_quotes, max_size=8), st.lists(few_quotes, max_size=8))
def test_changes_turn_what_rests_into_what_is_wanted_and_touch_nothing_else(
    wanted: list[Quote], there: list[Quote]
) -> None:
    found = changes(wanted, [RestingQuote(order_id, quote) for order_id, quote in enumerate(there)])
    assert len(set(found.cancels)) == len(found.cancels)
    kept = Counter(quote for order_id, quote in enumerate(there) if order_id not in found.cancels)
    assert kept + Counter(found.places) == Counter(wanted)
    assert kept == Counter(there) & Counter(wanted)


def test_the_summary_tells_each_price_from_both_outcomes() -> None:
    """The specification's YES prices."""
    quotes = ["BUY YES 10 at 46.0", "BUY NO 10 at 49.0", "BUY YES 10 at 45.0", "BUY NO 10 at 48.0"]
    assert summary([quote(sentence) for sentence in quotes], TENTH) == PriceLists(
        yes_buy=(450, 460), yes_sell=(510, 520), no_buy=(480, 490), no_sell=(540, 550)
    )


def test_the_summary_is_the_same_for_either_way_to_tell_a_quote() -> None:
    told_in_yes = [quote("BUY YES 10 at 46.0"), quote("SELL YES 10 at 51.0")]
    told_in_no = [quote("SELL NO 10 at 54.0"), quote("BUY NO 10 at 49.0")]
    assert summary(told_in_yes, TENTH) == summary(told_in_no, TENTH) == summary(told_in_yes + told_in_no, TENTH)


def test_a_quote_in_two_orders_is_one_price() -> None:
    assert summary([quote("SELL NO 4 at 51.0"), quote("BUY YES 6 at 49.0")], TENTH) == PriceLists(
        (490,), (), (), (510,)
    )


def test_no_quotes_have_no_prices() -> None:
    assert summary([], TENTH) == PriceLists((), (), (), ())
