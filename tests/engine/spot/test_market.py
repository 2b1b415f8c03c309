"""What becomes of orders in a market: one suite for the engine and the naive exchange."""

from typing import Any

import pytest
from msgspec.structs import replace

from engine.ledger.records import MarketState
from engine.matching.order import SelfTradePrevention, Side
from engine.matching.terms import OrderState, OrderType, TimeInForce
from engine.refusals import Refusal, Refused
from engine.spot.market import SpotMarket
from engine.spot.symbol import SpotSymbol, make_symbol
from engine.trading.commands import Depth, EnterOrder, GetDepth, MarketChanged, OrderTerms, Placed
from engine.trading.events import CloseReason, MarketHalted, MarketResumed, OrderClosed
from tests.engine.spot.harness import Harness
from tests.engine.spot.scenes import SYMBOL, Scene

RICH = """
    person | USD   | BTC
    ann    | 10000 | 100
    bob    | 10000 | 100
    cat    | 10000 | 100
    dan    | 10000 | 100
"""

BOOK = """
    bids         | price | asks
                 |   103 | dan 7
                 |   101 | bob 2, cat 4
    cat 5        |    99 |
    dan 1, bob 2 |    98 |
"""


@pytest.fixture
def scene(scene: Scene) -> Scene:
    return scene.owning(RICH)


# Limit orders and how long they live


def test_what_does_not_trade_rests_behind_those_who_came_first(scene: Scene) -> None:
    scene.market().book(BOOK)
    assert scene.does("ann buys 3 at 99") == "new"
    assert scene.does("ann sells 3 at 101") == "new"
    scene.shows_book("""
        bids         | price | asks
                     |   103 | dan 7
                     |   101 | bob 2, cat 4, ann 3
        cat 5, ann 3 |    99 |
        dan 1, bob 2 |    98 |
    """)


def test_a_crossing_order_trades_at_the_makers_prices_and_rests_with_what_is_left(scene: Scene) -> None:
    scene.market().book(BOOK)
    assert scene.does("ann buys 8 at 102") == "partially_filled, 6 for 606"
    scene.shows_book("""
        bids         | price | asks
                     |   103 | dan 7
        ann 2        |   102 |
        cat 5        |    99 |
        dan 1, bob 2 |    98 |
    """)
    scene.shows_trades("""
        tradeId | price | quantity | takerSide | buyOrderId | sellOrderId
        1       | 101   | 2        | buy       | 7          | 2
        2       | 101   | 4        | buy       | 7          | 3
    """)


def test_a_partly_filled_maker_keeps_its_place(scene: Scene) -> None:
    scene.market().book(BOOK)
    scene.does("ann buys 1 at 101")
    scene.does("bob sells 1 at 101")
    scene.does("ann buys 2 at 101")
    scene.shows_book("""
        bids         | price | asks
                     |   103 | dan 7
                     |   101 | cat 3, bob 1
        cat 5        |    99 |
        dan 1, bob 2 |    98 |
    """)


def test_ioc_cancels_what_does_not_trade_at_once(scene: Scene) -> None:
    scene.market().book(BOOK)
    assert scene.does("ann buys 8 at 102 IOC") == "cancelled, 6 for 606"
    assert (scene.order("ann", 1)["cancelledQuantity"], scene.order("ann", 1)["remainingQuantity"]) == ("2", "0")
    assert scene.does("ann buys 1 at 100 IOC") == "cancelled"


def test_fok_fills_completely_or_is_refused_without_a_trace(scene: Scene) -> None:
    scene.market().book(BOOK)
    assert scene.does("ann buys 7 at 102 FOK") == "CANNOT_FILL"
    scene.shows_book(BOOK)
    scene.shows_trades("tradeId")
    assert scene.does("ann buys 6 at 102 FOK") == "filled, 6 for 606"


def test_post_only_rests_or_is_refused_without_a_trace(scene: Scene) -> None:
    scene.market().book(BOOK)
    assert scene.does("ann buys 1 at 101 postOnly") == "WOULD_CROSS"
    assert scene.does("ann sells 1 at 99 postOnly") == "WOULD_CROSS"
    scene.shows_book(BOOK)
    assert scene.does("ann buys 1 at 100 postOnly") == "new"


def test_post_only_does_not_cross_ones_own_orders_either(scene: Scene) -> None:
    scene.market().book(BOOK)
    assert scene.does("bob buys 1 at 101 postOnly cancel_oldest") == "WOULD_CROSS"
    scene.shows_book(BOOK)


# Cancels


def test_cancelling_twice_is_once_and_what_is_filled_stays_so(scene: Scene) -> None:
    scene.market().book(BOOK)
    assert scene.does("cat cancels 1") == "cancelled"
    assert scene.does("cat cancels 1") == "cancelled"
    scene.does("ann buys 2 at 101")
    assert scene.does("bob cancels 1") == "ALREADY_FILLED"


def test_the_filled_part_of_a_cancelled_order_stands(scene: Scene) -> None:
    scene.market().book(BOOK)
    scene.does("ann buys 3 at 101")
    assert scene.does("cat cancels 1") == "cancelled, 1 for 101"
    assert scene.order("cat", 1)["cancelledQuantity"] == "3"


def test_nobody_cancels_anothers_order_but_an_administrator(scene: Scene, exchange: Any) -> None:
    scene.market().book(BOOK)
    order_id = scene.orders["cat"][0]
    assert exchange.cancel("ann", order_id) == {"code": "NOT_FOUND"}
    assert exchange.cancel(None, order_id)["state"] == "cancelled"
    assert exchange.cancel("cat", 99) == {"code": "NOT_FOUND"}


# Halts


def test_a_halted_market_takes_cancels_only(scene: Scene, exchange: Any) -> None:
    scene.market().book(BOOK)
    exchange.halt(SYMBOL)
    for sentence in ("ann buys 1 at 90", "ann buys 1 at market", "ann buys for 500", "ann sells 1 at 99 FOK"):
        assert scene.does(sentence) == "MARKET_HALTED"
    assert scene.does("dan cancels 1") == "cancelled"
    exchange.halt(SYMBOL)
    exchange.resume(SYMBOL)
    exchange.resume(SYMBOL)
    assert scene.does("ann buys 1 at market") == "filled, 1 for 101"


def test_halting_twice_is_one_event() -> None:
    exchange = Harness()
    Scene(exchange).market()
    market = exchange.markets[SYMBOL]
    assert market.halt() == market.halt() == MarketChanged(SYMBOL, MarketState.HALTED)
    assert market.resume() == market.resume() == MarketChanged(SYMBOL, MarketState.OPEN)
    assert market.take_events() == (MarketHalted(1), MarketResumed(2))
    assert market.take_events() == ()


# What the events and queries tell


@pytest.mark.parametrize(
    ("sentence", "reasons"),
    [
        ("cat cancels 1", ["customer"]),
        ("ann buys 9 at 101 IOC", ["remainder"]),
        ("ann buys for 99", ["remainder"]),
        ("bob buys 1 at 101", ["self_trade"]),  # his own is first in line
        ("bob buys 4 at 101 cancel_oldest", ["self_trade"]),  # his older one; the new one is filled
        ("bob buys 5 at 101 cancel_both", ["self_trade", "self_trade"]),
        ("ann buys 13 at 103", ["fill_limit"]),
    ],
)
def test_every_close_says_why(sentence: str, reasons: list[str]) -> None:
    exchange = Harness(fills_max=2)
    Scene(exchange).owning(RICH).market().book(BOOK).does(sentence)
    (part,) = exchange.books.codec.unpack(exchange.tables.journal[-1].body).parts
    assert [event.reason.value for event in part.events if isinstance(event, OrderClosed)] == reasons


def test_an_administrators_cancel_is_told_apart() -> None:
    exchange = Harness()
    Scene(exchange).owning(RICH).market().book(BOOK)
    exchange.cancel(None, 1)
    (part,) = exchange.books.codec.unpack(exchange.tables.journal[-1].body).parts
    assert part.events[0].reason is CloseReason.ADMINISTRATOR


def test_depth_shows_so_many_levels_and_the_sequence_that_they_reflect() -> None:
    exchange = Harness()
    Scene(exchange).owning(RICH).market().book(BOOK)
    market = exchange.markets[SYMBOL]
    assert market.depth(GetDepth(9)) == Depth(6, bids=((99, 5), (98, 3)), asks=((101, 6), (103, 7)))
    assert market.depth(GetDepth(1)) == Depth(6, bids=((99, 5),), asks=((101, 6),))
    assert market.depth(GetDepth(0)) == Depth(6, bids=(), asks=())


# Self-trade prevention

OWN = """
    bids | price | asks
         |   103 | dan 7
         |   102 | ann 2
         |   101 | cat 2, ann 4, bob 4
"""


def test_cancel_newest_is_the_default_and_earlier_fills_stand(scene: Scene) -> None:
    scene.market().book(OWN)
    assert scene.does("ann buys 5 at 110") == "cancelled, 2 for 202"
    scene.shows_book("""
        bids | price | asks
             |   103 | dan 7
             |   102 | ann 2
             |   101 | ann 4, bob 4
    """)


def test_cancel_oldest_removes_ones_own_and_goes_on(scene: Scene) -> None:
    scene.market().book(OWN)
    assert scene.does("ann buys 8 at 110 cancel_oldest") == "filled, 8 for 812"
    scene.shows_book("""
        bids | price | asks
             |   103 | dan 5
    """)
    assert [scene.order("ann", number)["state"] for number in (1, 2)] == ["cancelled", "cancelled"]


def test_cancel_oldest_may_rest_where_ones_own_orders_stood(scene: Scene) -> None:
    scene.market().book(OWN)
    assert scene.does("ann buys 9 at 102 cancel_oldest") == "partially_filled, 6 for 606"
    scene.shows_book("""
        bids  | price | asks
              |   103 | dan 7
        ann 3 |   102 |
    """)


def test_cancel_both_removes_the_first_of_ones_own_and_the_order(scene: Scene) -> None:
    scene.market().book(OWN)
    assert scene.does("ann buys 8 at 110 cancel_both") == "cancelled, 2 for 202"
    scene.shows_book("""
        bids | price | asks
             |   103 | dan 7
             |   102 | ann 2
             |   101 | bob 4
    """)


def test_ones_own_orders_are_released_in_full(scene: Scene) -> None:
    scene.market().book(OWN)
    scene.does("ann buys 8 at 110 cancel_oldest")
    scene.shows_balances("""
        person | USD  | BTC
        ann    | 9188 | 108
    """)


@pytest.mark.parametrize("prevention", ["cancel_newest", "cancel_oldest", "cancel_both"])
def test_ones_own_orders_are_no_liquidity_for_fok(scene: Scene, prevention: str) -> None:
    """Without hers there are 2 before her first order and 13 in all: none of the others is touched either."""
    scene.market().book(OWN)
    assert scene.does(f"ann buys 14 at 110 FOK {prevention}") == "CANNOT_FILL"
    scene.shows_book(OWN)
    assert scene.does(f"ann buys 2 at 110 FOK {prevention}") == "filled, 2 for 202"


def test_fok_with_cancel_oldest_fills_from_the_others(scene: Scene) -> None:
    scene.market().book(OWN)
    assert scene.does("ann buys 13 at 110 FOK cancel_oldest") == "filled, 13 for 1327"


def test_a_market_order_that_meets_only_ones_own_is_cancelled(scene: Scene) -> None:
    scene.market().book("""
        bids | price | asks
             |   101 | ann 4
    """)
    assert scene.does("ann buys 4 at market") == "cancelled"
    assert scene.does("ann buys 4 at market cancel_both") == "cancelled"
    scene.shows_book("bids | price | asks")


# The limit of fills


def test_what_is_left_after_the_last_fill_allowed_is_cancelled(exchange: Any) -> None:
    exchange.fills_max = 2
    scene = Scene(exchange).owning(RICH).market().book(BOOK)
    assert scene.does("ann buys 9 at 103") == "cancelled, 6 for 606"
    assert scene.does("ann buys 7 at 103 FOK") == "filled, 7 for 721"


def test_an_order_has_at_most_a_thousand_fills() -> None:
    symbol = make_symbol(SYMBOL, tick="1", lot="1")
    assert isinstance(symbol, SpotSymbol)
    market = SpotMarket(1, symbol)
    terms = OrderTerms(
        Side.SELL, OrderType.LIMIT, TimeInForce.GTC, False, SelfTradePrevention.CANCEL_NEWEST, 100, 1, None
    )
    for order_id in range(1, 1_003):
        market.place(EnterOrder(order_id, 1, None, terms, symbol.lot))
    taker = replace(terms, side=Side.BUY, quantity_lots=1_001)
    fok = replace(taker, time_in_force=TimeInForce.FOK)
    refused = market.place(EnterOrder(1_003, 2, None, fok, symbol.value(100, 1_001)))
    assert isinstance(refused, Refused)
    assert refused.code is Refusal.CANNOT_FILL
    market.take_events()
    placed = market.place(EnterOrder(1_003, 2, None, taker, symbol.value(100, 1_001)))
    assert isinstance(placed, Placed)
    assert (placed.order.state, placed.order.filled_lots) == (OrderState.CANCELLED, 1_000)
    *_, closed = market.take_events()
    assert isinstance(closed, OrderClosed)
    assert closed.reason is CloseReason.FILL_LIMIT
    assert list(market.book.orders) == [1_001, 1_002]
