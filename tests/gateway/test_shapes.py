"""What clients see, field by field."""

import msgspec
import pytest

from engine.ledger.records import TradeRecord
from engine.matching.order import Side
from engine.matching.terms import OrderState, OrderType, TimeInForce
from gateway.shapes import fill_view, fills_of, order_view, trade_view
from tests.actors.markets import spot_market
from tests.engine.ledger.records import order_record

BTC_USDT = spot_market(tick="0.01", lot="0.00000001")

RESTING = order_record(7, price_ticks=10_000, quantity_lots=300_000_000, created_ms=5, updated_ms=6)

ONE = 10**10  # a whole BTC or USDT in units; a whole BTC has 10**8 lots


@pytest.mark.parametrize(
    ("changes", "state", "filled", "remaining", "cancelled", "average"),
    [
        ({}, "new", "0", "3", "0", None),
        (
            {"state": OrderState.PARTIALLY_FILLED, "filled_lots": 10**8, "filled_value": 99 * ONE},
            "partially_filled",
            "1",
            "2",
            "0",
            "99",
        ),
        (
            {"state": OrderState.FILLED, "filled_lots": 3 * 10**8, "filled_value": 299 * ONE},
            "filled",
            "3",
            "0",
            "0",
            "99.6666666667",
        ),
        (
            {
                "state": OrderState.CANCELLED,
                "filled_lots": 10**8,
                "filled_value": 99 * ONE,
                "cancelled_lots": 2 * 10**8,
            },
            "cancelled",
            "1",
            "0",
            "2",
            "99",
        ),
    ],
)
def test_filled_remaining_and_cancelled_are_the_quantity(
    changes: dict[str, object], state: str, filled: str, remaining: str, cancelled: str, average: str | None
) -> None:
    view = order_view(msgspec.structs.replace(RESTING, **changes), BTC_USDT)
    assert (view.state.value, view.filled_quantity, view.remaining_quantity, view.cancelled_quantity) == (
        state,
        filled,
        remaining,
        cancelled,
    )
    assert view.average_price == average
    assert (view.price, view.quantity, view.amount) == ("100", "3", None)


@pytest.mark.parametrize(
    ("value", "lots", "average"),
    [
        (1, 2, "0.005"),  # 0.01 lot-values over 2 lots: exact
        (1, 8 * 10**9, "0.0000000000"[:1]),  # 1.25e-12: to 0
        (1, 2 * 10**8, "0"),  # exactly half of the last place: to the even neighbour below
        (3, 2 * 10**8, "0.0000000002"),  # one and a half: to the even neighbour above
    ],
)
def test_the_average_price_is_rounded_half_to_even(value: int, lots: int, average: str) -> None:
    """A lot is 100 units of 10**-10 BTC, so the price of `value` units for `lots` lots is value / (100 x lots)."""
    filled = msgspec.structs.replace(
        RESTING, quantity_lots=lots, filled_lots=lots, filled_value=value, state=OrderState.FILLED
    )
    assert order_view(filled, BTC_USDT).average_price == average


def test_an_order_by_amount_has_no_quantity() -> None:
    by_amount = msgspec.structs.replace(
        RESTING,
        type=OrderType.MARKET_BY_AMOUNT,
        time_in_force=TimeInForce.IOC,
        price_ticks=None,
        quantity_lots=None,
        amount=150 * ONE,
        state=OrderState.CANCELLED,
        filled_lots=10**8,
        filled_value=100 * ONE,
        fee=10**7,
    )
    view = order_view(by_amount, BTC_USDT)
    assert (view.price, view.quantity, view.remaining_quantity, view.cancelled_quantity) == (None, None, None, None)
    assert (view.amount, view.filled_amount, view.filled_quantity, view.average_price) == ("150", "100", "1", "100")
    assert (view.fee, view.fee_asset) == ("0.001", "BTC")


def test_a_seller_s_fee_is_in_quote() -> None:
    sold = msgspec.structs.replace(RESTING, side=Side.SELL, fee=25 * 10**8)
    view = order_view(sold, BTC_USDT)
    assert (view.fee, view.fee_asset) == ("0.25", "USDT")


def test_names_are_camel_case_outside() -> None:
    shown = msgspec.json.decode(msgspec.json.encode(order_view(RESTING, BTC_USDT)))
    assert {"orderId", "clientOrderId", "remainingQuantity", "averagePrice", "feeAsset", "createdAt"} <= set(shown)
    assert (shown["orderId"], shown["side"], shown["type"]) == ("7", "buy", "limit")


TRADE = TradeRecord(
    trade_id=3,
    market_id=1,
    number=2,
    price_ticks=10_000,
    quantity_lots=10**8,
    value=100 * ONE,
    taker_side=Side.SELL,
    buy_order_id=7,
    sell_order_id=8,
    buyer_id=1,
    seller_id=2,
    buy_fee=10**7,
    sell_fee=10**9,
    created_ms=5,
)


def test_a_trade_names_nobody_to_others() -> None:
    shown = msgspec.to_builtins(trade_view(TRADE, BTC_USDT))
    assert shown == {
        "tradeId": "3",
        "symbol": "BTC_USDT",
        "price": "100",
        "quantity": "1",
        "side": "sell",
        "createdAt": 5,
        "seq": 2,
    }


def test_each_side_sees_its_own_fill() -> None:
    (bought,) = (fill_view(fill, BTC_USDT) for fill in fills_of(TRADE, 1))
    assert (bought.order_id, bought.side, bought.is_maker, bought.fee, bought.fee_asset) == (
        "7",
        Side.BUY,
        True,
        "0.001",
        "BTC",
    )
    (sold,) = (fill_view(fill, BTC_USDT) for fill in fills_of(TRADE, 2))
    assert (sold.order_id, sold.side, sold.is_maker, sold.fee, sold.amount) == ("8", Side.SELL, False, "0.1", "100")
    assert fills_of(TRADE, 3) == []
