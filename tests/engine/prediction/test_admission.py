"""What is refused before a book is asked, in which order, and what an order's budget is."""

from typing import Any

import pytest
from msgspec.structs import replace

from engine.matching.order import SelfTradePrevention, Side
from engine.matching.terms import OrderType, Outcome, TimeInForce
from engine.prediction.admission import admit, budget
from engine.prediction.commands import PlaceShareOrder
from engine.prediction.question import QUANTITY_MAX, Question, make_question
from engine.refusals import Refusal, Refused
from engine.trading.commands import OrderTerms

LIMIT = PlaceShareOrder(7, "7", Outcome.NO, Side.BUY, OrderType.LIMIT, 20, price="40.5")
MARKET = PlaceShareOrder(7, "7", Outcome.YES, Side.BUY, OrderType.MARKET_BY_QUANTITY, 20)


def question(tick_units: int = 10, maker_rate: int = 0, taker_rate: int = 0) -> Question:
    made = make_question(
        title="rain",
        description="",
        category="",
        resolution_ms=1,
        now_ms=0,
        tick_units=tick_units,
        maker_rate=maker_rate,
        taker_rate=taker_rate,
    )
    assert isinstance(made, Question)
    return made


def terms_of(order: PlaceShareOrder, **changes: Any) -> OrderTerms:
    terms = admit(replace(order, **changes), question())
    assert isinstance(terms, OrderTerms), terms
    return terms


def refusal_of(order: PlaceShareOrder, **changes: Any) -> tuple[Refusal, str]:
    refused = admit(replace(order, **changes), question())
    assert isinstance(refused, Refused), refused
    return refused.code, refused.message


# What is admitted


def test_a_limit_order_is_counted_in_ticks_of_its_own_share_and_is_gtc() -> None:
    assert terms_of(LIMIT) == OrderTerms(
        side=Side.BUY,
        type=OrderType.LIMIT,
        time_in_force=TimeInForce.GTC,
        post_only=False,
        self_trade_prevention=SelfTradePrevention.CANCEL_NEWEST,
        price_ticks=405,
        quantity_lots=20,
        amount=None,
        outcome=Outcome.NO,
    )


def test_a_market_order_is_ioc() -> None:
    assert (terms_of(MARKET).time_in_force, terms_of(MARKET).price_ticks) == (TimeInForce.IOC, None)
    assert terms_of(MARKET, time_in_force=TimeInForce.FOK).time_in_force is TimeInForce.FOK


def test_the_same_price_written_otherwise_is_the_same_content() -> None:
    assert terms_of(LIMIT, price="040.50") == terms_of(LIMIT)


# What is refused


@pytest.mark.parametrize("quantity", [0, -1, QUANTITY_MAX + 1, 10**30])
def test_a_quantity_is_a_number_of_shares(quantity: int) -> None:
    for order in (LIMIT, MARKET):
        assert refusal_of(order, quantity=quantity) == (
            Refusal.MALFORMED,
            "quantity must be between 1 and 1000000000",
        )
    assert terms_of(LIMIT, quantity=QUANTITY_MAX).quantity_lots == QUANTITY_MAX


NO_PRICES = ("", " ", "1 ", "1\n", "+1", "-1", ".5", "5.", "1,5", "1e1", "NaN", "0x10", "\uff11", "9" * 5_000)
OUTSIDE = ("0", "0.00", "100", "100.0", "100.1", "5000", "9" * 70)


@pytest.mark.parametrize("price", NO_PRICES, ids=lambda text: ascii(text[:12]))
def test_what_is_no_decimal_number_is_no_price(price: str) -> None:
    assert refusal_of(LIMIT, price=price) == (Refusal.MALFORMED, "price must be a plain decimal number such as 12.5")


@pytest.mark.parametrize("price", OUTSIDE, ids=lambda text: text[:12])
def test_a_price_lies_between_nothing_and_a_pair(price: str) -> None:
    assert refusal_of(LIMIT, price=price) == (Refusal.MALFORMED, "price must be above 0 and below 100")


def test_a_price_is_no_finer_than_a_hundredth_of_a_cent() -> None:
    assert refusal_of(LIMIT, price="40.505") == (Refusal.MALFORMED, "price has more than 2 decimal places")


@pytest.mark.parametrize("price", ["40.55", "0.05", "99.99"])
def test_a_price_stands_on_the_tick(price: str) -> None:
    assert refusal_of(LIMIT, price=price) == (Refusal.OFF_TICK, "price must be a multiple of 0.1")
    assert isinstance(admit(replace(LIMIT, price=price), question(tick_units=1)), OrderTerms)


@pytest.mark.parametrize(
    ("order", "changes", "message"),
    [
        (LIMIT, {"price": None}, "a limit order needs price"),
        (MARKET, {"price": "50"}, "a market order takes no price"),
        (MARKET, {"type": OrderType.MARKET_BY_AMOUNT}, "shares are not ordered by amount"),
        (MARKET, {"time_in_force": TimeInForce.GTC}, "a market order never rests: it is IOC or FOK, and not postOnly"),
        (MARKET, {"post_only": True}, "a market order never rests: it is IOC or FOK, and not postOnly"),
        (LIMIT, {"post_only": True, "time_in_force": TimeInForce.IOC}, "a postOnly order must be GTC"),
        (LIMIT, {"post_only": True, "time_in_force": TimeInForce.FOK}, "a postOnly order must be GTC"),
    ],
)
def test_what_does_not_go_together(order: PlaceShareOrder, changes: dict[str, Any], message: str) -> None:
    assert refusal_of(order, **changes) == (Refusal.MALFORMED, message)


def test_what_is_malformed_is_told_before_a_wrong_tick() -> None:
    assert refusal_of(LIMIT, price="40.55", quantity=0)[0] is Refusal.MALFORMED
    assert refusal_of(LIMIT, price="40.55", post_only=True, time_in_force=TimeInForce.IOC)[0] is Refusal.MALFORMED


# Budgets


def test_a_buyer_holds_price_times_quantity() -> None:
    assert budget(terms_of(LIMIT), question(), 81_000) == 81_000
    assert budget(terms_of(LIMIT), question(), 80_999) is None


@pytest.mark.parametrize(("maker_rate", "taker_rate"), [(0, 10**6), (10**6, 0), (10**6, 5 * 10**5)])
def test_and_the_fee_at_the_higher_rate(maker_rate: int, taker_rate: int) -> None:
    """1 % of 20 x 40.5 cents."""
    terms = question(maker_rate=maker_rate, taker_rate=taker_rate)
    assert budget(terms_of(LIMIT), terms, 81_810) == 81_810
    assert budget(terms_of(LIMIT), terms, 81_809) is None


def test_the_fee_in_a_budget_is_that_of_the_cheaper_share_rounded_up() -> None:
    """20 shares at 99.9: the fee is on 0.1."""
    terms = question(taker_rate=10**6)
    assert budget(terms_of(LIMIT, price="99.9"), terms, 10**9) == 199_800 + 2
    assert budget(terms_of(LIMIT, price="99.9", quantity=1), terms, 10**9) == 9_990 + 1


@pytest.mark.parametrize("order", [LIMIT, MARKET])
def test_a_seller_holds_no_money(order: PlaceShareOrder) -> None:
    assert budget(terms_of(order, side=Side.SELL), question(taker_rate=10**6), 0) == 0


def test_a_market_order_holds_a_pair_for_each_share_or_what_there_is() -> None:
    assert budget(terms_of(MARKET), question(), 10**9) == 200_000
    assert budget(terms_of(MARKET), question(), 3) == 3
    assert budget(terms_of(MARKET), question(), 0) is None


@pytest.mark.parametrize("rate", [0, 1, 10**6, 10**8 - 1])
@pytest.mark.parametrize("price_ticks", [1, 4_999, 5_000, 9_999])
def test_no_share_costs_more_than_a_pair_with_its_fee(rate: int, price_ticks: int) -> None:
    """So the budget of a market order is always enough for its quantity."""
    terms = question(tick_units=1)
    for quantity in (1, 7, QUANTITY_MAX):
        cost = terms.value(price_ticks, quantity) + -(-terms.fee_parts(price_ticks, quantity, rate) // 10**8)
        assert cost <= quantity * 10_000
