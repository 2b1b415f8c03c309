"""What is refused before a book is asked, in which order, and what an order's budget is."""

from typing import Any

import pytest
from msgspec.structs import replace

from engine.amounts import STEPS_MAX
from engine.matching.order import SelfTradePrevention, Side
from engine.matching.terms import OrderType, TimeInForce
from engine.refusals import Refusal, Refused
from engine.spot.admission import admit, budget
from engine.spot.commands import PlaceOrder
from engine.spot.symbol import SpotSymbol, make_symbol
from engine.trading.commands import OrderTerms

MADE = make_symbol("BTC_USD", tick="0.5", lot="0.01", minimum_notional="10")
assert isinstance(MADE, SpotSymbol)
SYMBOL = MADE

LIMIT = PlaceOrder(7, "BTC_USD", Side.BUY, OrderType.LIMIT, price="100.5", quantity="2")
BY_QUANTITY = PlaceOrder(7, "BTC_USD", Side.BUY, OrderType.MARKET_BY_QUANTITY, quantity="2")
BY_AMOUNT = PlaceOrder(7, "BTC_USD", Side.BUY, OrderType.MARKET_BY_AMOUNT, amount="250")


def terms_of(order: PlaceOrder, **changes: Any) -> OrderTerms:
    terms = admit(replace(order, **changes), SYMBOL)
    assert isinstance(terms, OrderTerms), terms
    return terms


def refusal_of(order: PlaceOrder, **changes: Any) -> tuple[Refusal, str]:
    refused = admit(replace(order, **changes), SYMBOL)
    assert isinstance(refused, Refused), refused
    return refused.code, refused.message


# What is admitted


def test_a_limit_order_is_counted_in_ticks_and_lots_and_is_gtc() -> None:
    assert terms_of(LIMIT) == OrderTerms(
        side=Side.BUY,
        type=OrderType.LIMIT,
        time_in_force=TimeInForce.GTC,
        post_only=False,
        self_trade_prevention=SelfTradePrevention.CANCEL_NEWEST,
        price_ticks=201,
        quantity_lots=200,
        amount=None,
    )


def test_market_orders_are_ioc() -> None:
    assert terms_of(BY_QUANTITY).time_in_force is TimeInForce.IOC
    assert terms_of(BY_AMOUNT).time_in_force is TimeInForce.IOC
    assert terms_of(BY_AMOUNT).amount == 2_500_000


def test_the_same_number_written_otherwise_is_the_same_content() -> None:
    assert terms_of(LIMIT, price="0100.50", quantity="2.0000", time_in_force=TimeInForce.GTC) == terms_of(LIMIT)


@pytest.mark.parametrize("time_in_force", [TimeInForce.GTC, TimeInForce.IOC, TimeInForce.FOK])
def test_a_limit_order_lives_as_long_as_it_says(time_in_force: TimeInForce) -> None:
    assert terms_of(LIMIT, time_in_force=time_in_force).time_in_force is time_in_force


# What is refused


NO_NUMBERS = (
    *("", " ", "1 ", "1\n", "+1", "-1", ".5", "5.", "1,5", "1_0", "1e3", "0x10", "NaN", "Infinity", "\uff11"),
    *("0", "0.0", "1.00000000001", "0." + "1" * 78, "9" * 79, "9" * 5_000),
)


@pytest.mark.parametrize("field", ["price", "quantity"])
@pytest.mark.parametrize("text", NO_NUMBERS, ids=lambda text: ascii(text[:12]))
def test_what_is_no_positive_decimal_number_is_malformed(field: str, text: str) -> None:
    code, message = refusal_of(LIMIT, **{field: text})
    assert code is Refusal.MALFORMED
    assert message.startswith(field)


def test_more_decimals_than_the_asset_has_are_malformed_even_zeros() -> None:
    assert refusal_of(LIMIT, price="100.50000") == (Refusal.MALFORMED, "price has more than 4 decimal places")
    assert refusal_of(BY_AMOUNT, amount="250.00001") == (Refusal.MALFORMED, "amount has more than 4 decimal places")


@pytest.mark.parametrize("field", ["price", "quantity"])
def test_numbers_beyond_what_the_tables_take_are_malformed(field: str) -> None:
    step = {"price": SYMBOL.price_text, "quantity": SYMBOL.quantity_text}[field]
    terms_of(LIMIT, **{field: step(STEPS_MAX)})
    code, message = refusal_of(LIMIT, **{field: step(STEPS_MAX + 1)})
    assert (code, message) == (Refusal.MALFORMED, f"{field} must be at most {step(STEPS_MAX)}")


def test_an_amount_is_bounded_by_its_digits_only() -> None:
    assert terms_of(BY_AMOUNT, amount="9" * 70).amount == int("9" * 70 + "0000")
    assert refusal_of(BY_AMOUNT, amount="9" * 80)[0] is Refusal.MALFORMED


@pytest.mark.parametrize(
    ("order", "changes", "message"),
    [
        (LIMIT, {"price": None}, "an order of type limit needs price"),
        (LIMIT, {"quantity": None}, "an order of type limit needs quantity"),
        (LIMIT, {"amount": "1"}, "an order of type limit takes no amount"),
        (BY_QUANTITY, {"price": "1"}, "an order of type market_by_qty takes no price"),
        (BY_QUANTITY, {"quantity": None}, "an order of type market_by_qty needs quantity"),
        (BY_QUANTITY, {"amount": "1"}, "an order of type market_by_qty takes no amount"),
        (BY_AMOUNT, {"price": "1"}, "an order of type market_by_amount takes no price"),
        (BY_AMOUNT, {"quantity": "1"}, "an order of type market_by_amount takes no quantity"),
        (BY_AMOUNT, {"amount": None}, "an order of type market_by_amount needs amount"),
        (BY_QUANTITY, {"time_in_force": TimeInForce.GTC}, "a market order never rests: timeInForce"),
        (BY_AMOUNT, {"time_in_force": TimeInForce.GTC}, "a market order never rests: timeInForce"),
        (BY_QUANTITY, {"post_only": True}, "a market order never rests: it can't be postOnly"),
        (LIMIT, {"post_only": True, "time_in_force": TimeInForce.IOC}, "a postOnly order must be GTC"),
        (LIMIT, {"post_only": True, "time_in_force": TimeInForce.FOK}, "a postOnly order must be GTC"),
    ],
)
def test_what_does_not_go_together_is_malformed(order: PlaceOrder, changes: dict[str, Any], message: str) -> None:
    code, said = refusal_of(order, **changes)
    assert code is Refusal.MALFORMED
    assert said.startswith(message)


def test_prices_lie_on_ticks_and_quantities_on_lots() -> None:
    assert refusal_of(LIMIT, price="100.25") == (Refusal.OFF_TICK, "price must be a multiple of 0.5")
    assert refusal_of(LIMIT, quantity="0.015") == (Refusal.OFF_LOT, "quantity must be a multiple of 0.01")
    assert refusal_of(BY_QUANTITY, quantity="0.001")[0] is Refusal.OFF_LOT


def test_the_minimum_is_enough() -> None:
    terms_of(LIMIT, price="10", quantity="1")
    assert refusal_of(LIMIT, price="10", quantity="0.99")[0] is Refusal.BELOW_MINIMUM
    terms_of(BY_AMOUNT, amount="10")
    assert refusal_of(BY_AMOUNT, amount="9.9999")[0] is Refusal.BELOW_MINIMUM
    terms_of(BY_QUANTITY, quantity="0.01")  # what it is worth, only the book knows


def test_of_several_reasons_the_first_of_the_list_is_given() -> None:
    """MALFORMED, OFF_TICK, OFF_LOT, BELOW_MINIMUM: each order is wrong in all the later ways too."""
    too_many = f"{STEPS_MAX + 1}"
    assert refusal_of(LIMIT, price="0.25", quantity="0.00000000001")[0] is Refusal.MALFORMED
    assert refusal_of(LIMIT, price="0.25", quantity=too_many)[0] is Refusal.MALFORMED
    assert refusal_of(LIMIT, price=too_many, quantity="0.001")[0] is Refusal.MALFORMED
    assert refusal_of(LIMIT, price="0.25", quantity="0.001")[0] is Refusal.OFF_TICK
    assert refusal_of(LIMIT, price="0.5", quantity="0.001")[0] is Refusal.OFF_LOT
    assert refusal_of(LIMIT, price="0.5", quantity="0.01")[0] is Refusal.BELOW_MINIMUM


# Budgets

SELLING = {"side": Side.SELL}


@pytest.mark.parametrize(
    ("order", "changes", "available", "held"),
    [
        (LIMIT, {}, 2_010_000, 2_010_000),
        (LIMIT, {}, 9_999_999, 2_010_000),
        (LIMIT, {}, 2_009_999, None),
        (LIMIT, SELLING, 2 * 10**10, 2 * 10**10),
        (LIMIT, SELLING, 2 * 10**10 - 1, None),
        (BY_QUANTITY, {}, 1, 1),  # all available quote: only the book knows what it will cost
        (BY_QUANTITY, {}, 10**40, 10**40),
        (BY_QUANTITY, {}, 0, None),
        (BY_QUANTITY, SELLING, 3 * 10**10, 2 * 10**10),
        (BY_QUANTITY, SELLING, 2 * 10**10 - 1, None),
        (BY_AMOUNT, {}, 2_500_000, 2_500_000),
        (BY_AMOUNT, {}, 2_499_999, None),
        (BY_AMOUNT, SELLING, 5, 5),  # all available base
        (BY_AMOUNT, SELLING, 0, None),
    ],
)
def test_the_budget_is_what_the_order_can_spend(
    order: PlaceOrder, changes: dict[str, Any], available: int, held: int | None
) -> None:
    assert budget(terms_of(order, **changes), SYMBOL, available) == held


def test_a_buy_spends_quote_and_a_sell_base() -> None:
    assert SYMBOL.spends(Side.BUY) == "USD"
    assert SYMBOL.spends(Side.SELL) == "BTC"
