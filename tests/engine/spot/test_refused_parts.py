"""A market with a defect is stopped by the ledger: an event that contradicts what is known spoils its part."""

from collections.abc import Callable
from typing import Any

import pytest
from msgspec.structs import replace

from engine.matching.order import Side
from engine.trading.events import OrderClosed, OrderPlaced, TradeMade
from tests.engine.spot.harness import Harness
from tests.engine.spot.scenes import Scene
from tests.engine.stage import Stage

ANN, BOB = 1, 2


def staged(*sentences: str) -> Stage:
    exchange = Harness()
    scene = Scene(exchange).market().market("ETH_USD")
    scene.owning("""
        person | USD  | BTC
        ann    | 1000 | 10
        bob    | 1000 | 10
    """)
    for sentence in sentences:
        scene.does(sentence)
    return Stage(exchange)


@pytest.fixture
def stage() -> Stage:
    """Ann cancels her order 1 and buys with her order 2; Bob's order 3 sells her 2 of 3, and 1 is cancelled."""
    return staged("ann buys 5 at 99", "ann cancels 1", "ann buys 2 at 98", "bob sells 3 at 98 IOC")


@pytest.fixture
def selling(stage: Stage) -> tuple[OrderPlaced, TradeMade, OrderClosed]:
    """What is about to be written; as it is, it is right."""
    placed, made, closed = stage.part.events
    stage.accepts(placed, made, closed)
    return placed, made, closed


def test_an_order_that_is_there_already(stage: Stage, selling: tuple[OrderPlaced, TradeMade, OrderClosed]) -> None:
    placed, made, closed = selling
    assert stage.refusal_of(replace(placed, order_id=2)) == "order 2 is there already"
    again = replace(placed, sequence=closed.sequence + 1)
    assert stage.refusal_of(placed, made, closed, again) == "order 3 is there already"


def test_an_order_that_is_not_open(stage: Stage, selling: tuple[OrderPlaced, TradeMade, OrderClosed]) -> None:
    placed, made, closed = selling
    after = closed.sequence + 1
    assert stage.refusal_of(replace(made, sequence=placed.sequence)) == "order 3 is not open"
    assert stage.refusal_of(placed, made, closed, replace(closed, sequence=after)) == "order 3 is not open"
    stranger = replace(made.buyer, order_id=1)
    assert stage.refusal_of(placed, replace(made, buyer=stranger)) == "order 1 is not open"


def with_buyer(**changes: Any) -> Callable[[TradeMade], TradeMade]:
    return lambda made: replace(made, buyer=replace(made.buyer, **changes))


def with_seller(**changes: Any) -> Callable[[TradeMade], TradeMade]:
    return lambda made: replace(made, seller=replace(made.seller, **changes))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda made: replace(made, value=made.value + 1), "trade 1 of BTC_USD is not worth 1960001"),
        (lambda made: replace(made, price_ticks=99), "trade 1 of BTC_USD is not worth 1960000"),
        (lambda made: replace(made, number=2), "trade 2 of BTC_USD does not follow the one before it"),
        (lambda made: replace(made, number=0), "trade 0 of BTC_USD does not follow the one before it"),
        (lambda made: replace(made, sequence=made.sequence + 1), "event 6 of BTC_USD does not follow event 4"),
        (with_buyer(account_id=BOB), "order 2 is not that of account 2 in market 1"),
        (with_buyer(order_id=3), "order 3 is not that of account 1 in market 1"),
        (with_buyer(unheld=1), "order 2 holds 1960000, not 1 more than after this event"),
        (with_seller(unheld=0), "order 3 holds 30000000000, not 0 more than after this event"),
        (with_seller(fee=10**8), "account 2 would stand at"),
    ],
)
def test_a_trade_that_can_not_be(
    stage: Stage,
    selling: tuple[OrderPlaced, TradeMade, OrderClosed],
    change: Callable[[TradeMade], TradeMade],
    said: str,
) -> None:
    placed, made, _ = selling
    assert stage.refusal_of(placed, change(made)).startswith(said)


def test_a_close_that_can_not_be(stage: Stage, selling: tuple[OrderPlaced, TradeMade, OrderClosed]) -> None:
    placed, made, closed = selling
    assert stage.refusal_of(placed, made, replace(closed, unheld=0)).startswith("order 3 holds 10000000000, not 0 more")
    assert stage.refusal_of(placed, made, replace(closed, account_id=ANN)).startswith(
        "order 3 is not that of account 1"
    )
    assert stage.refusal_of(placed, made, replace(closed, side=Side.BUY)).startswith("order 3 is not that of account 2")
    keeps = replace(closed.standing, held=1)
    assert stage.refusal_of(placed, made, replace(closed, standing=keeps)).startswith("order 3 holds 10000000000")


def test_another_markets_order() -> None:
    """ETH_USD closes an order that stands in BTC_USD."""
    stage = staged("ann buys 5 at 99", "ann cancels 1")
    (closed,) = stage.part.events
    stage.accepts(closed)
    wrong = replace(closed, sequence=1)
    assert stage.refusal_of(wrong, market_id=2) == "order 1 is not that of account 1 in market 2"


def test_more_than_is_available_can_not_be_held() -> None:
    stage = staged("bob sells 3 at 101")
    (placed,) = stage.part.events
    stage.accepts(replace(placed, held=10 * 10**10))
    assert stage.refusal_of(replace(placed, held=10 * 10**10 + 1)).startswith(
        "account 2 would stand at 100000000000 BTC"
    )
