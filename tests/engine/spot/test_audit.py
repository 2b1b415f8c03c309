"""The audit of a market finds what must not be: a check that can't fail is none."""

from collections.abc import Callable

import pytest

from engine.matching.terms import OrderState
from engine.spot.audit import audit
from engine.spot.market import SpotMarket
from engine.spot.order import SpotOrder
from tests.engine.spot.harness import Harness
from tests.engine.spot.scenes import SYMBOL, Scene


@pytest.fixture
def market() -> SpotMarket:
    exchange = Harness()
    scene = Scene(exchange).market()
    scene.owning("""
        person | USD  | BTC
        ann    | 5000 | 50
        bob    | 5000 | 50
    """).book("""
        bids         | price | asks
                     |   101 | bob 4
        ann 5, bob 3 |    99 |
    """)
    scene.does("bob sells 2 at 99")
    return exchange.markets[SYMBOL]


def test_a_sound_market_passes(market: SpotMarket) -> None:
    audit(market)


def closed(order: SpotOrder) -> None:
    order.state = OrderState.FILLED


def holds_more(order: SpotOrder) -> None:
    order.held += 1


def holds_less(order: SpotOrder) -> None:
    order.held -= 1


def filled_more(order: SpotOrder) -> None:
    order.filled_lots += 1


def open_no_more(order: SpotOrder) -> None:
    order.open_lots = 0


def from_the_future(order: SpotOrder) -> None:
    order.priority = 1_000


@pytest.mark.parametrize("damage", [closed, holds_more, holds_less, filled_more, open_no_more, from_the_future])
@pytest.mark.parametrize("number", [0, 1, 2])
def test_a_damaged_order_is_found(market: SpotMarket, number: int, damage: Callable[[SpotOrder], None]) -> None:
    damage(list(market.book.orders.values())[number])
    with pytest.raises(AssertionError):
        audit(market)


def test_an_order_missing_from_the_book_is_found(market: SpotMarket) -> None:
    market.book.orders.popitem()
    with pytest.raises(AssertionError):
        audit(market)
