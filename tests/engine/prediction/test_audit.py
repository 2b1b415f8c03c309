"""The audit of a question finds what must not be: a check that can't fail is none."""

from collections.abc import Callable

import pytest

from engine.matching.terms import OrderState, Outcome
from engine.prediction.audit import audit
from engine.prediction.market import PredictionMarket
from engine.prediction.order import ShareOrder
from tests.engine.prediction.harness import Harness
from tests.engine.prediction.scenes import RAIN, Scene

ANN, BOB, STRANGER = 1, 2, 99


@pytest.fixture
def market() -> PredictionMarket:
    """Ann has 10 YES and Bob 10 NO, of which they offer 4 and 3; both also buy, and Ann's order is half filled."""
    exchange = Harness()
    Scene(exchange).owning("""
        person | USD
        ann    | 100
        bob    | 100
    """).market(taker_rate="0.01").told("""
        ann buys 8 YES at 60
        bob buys 8 NO at 40
        ann sells 4 YES at 80
        bob sells 3 NO at 70
        ann buys 4 NO at 10
        ann buys 4 YES at 50
        bob buys 2 NO at 50
    """)
    return exchange.markets[RAIN]


def test_a_sound_market_passes(market: PredictionMarket) -> None:
    assert len(market.book.orders) == 4
    audit(market)


def closed(order: ShareOrder) -> None:
    order.state = OrderState.FILLED


def holds_more(order: ShareOrder) -> None:
    order.held += 1


def filled_more(order: ShareOrder) -> None:
    order.filled_lots += 1


def open_no_more(order: ShareOrder) -> None:
    order.open_lots = 0


def from_the_future(order: ShareOrder) -> None:
    order.priority = 1_000


def at_another_price(order: ShareOrder) -> None:
    order.price_ticks += 1


def on_the_other_side(order: ShareOrder) -> None:
    order.side = order.side.opposite


@pytest.mark.parametrize(
    "damage",
    [closed, holds_more, filled_more, open_no_more, from_the_future, at_another_price, on_the_other_side],
)
@pytest.mark.parametrize("number", range(4))
def test_a_damaged_order_is_found(market: PredictionMarket, number: int, damage: Callable[[ShareOrder], None]) -> None:
    damage(list(market.book.orders.values())[number])
    with pytest.raises(AssertionError):
        audit(market)


def test_an_order_missing_from_the_book_is_found(market: PredictionMarket) -> None:
    market.book.orders.popitem()
    with pytest.raises(AssertionError):
        audit(market)


def shares_out_of_nothing(market: PredictionMarket) -> None:
    market.holdings.of(ANN).receive(Outcome.YES, 1)


def shares_lost(market: PredictionMarket) -> None:
    market.holdings.of(BOB).receive(Outcome.NO, -1)


def more_offered_than_held(market: PredictionMarket) -> None:
    for account_id, outcome in ((ANN, Outcome.YES), (BOB, Outcome.NO)):
        market.holdings.of(account_id).receive(outcome, -8)


def offered_without_an_order(market: PredictionMarket) -> None:
    market.holdings.of(ANN).offer(Outcome.YES, 1)


def an_order_without_its_offer(market: PredictionMarket) -> None:
    market.holdings.of(ANN).offer(Outcome.YES, -1)


def offered_by_somebody_else(market: PredictionMarket) -> None:
    """With shares of both, so that only the owner is wrong."""
    for outcome in Outcome:
        market.holdings.of(STRANGER).receive(outcome, 4)
    market.holdings.of(ANN).offer(Outcome.YES, -1)
    market.holdings.of(STRANGER).offer(Outcome.YES, 1)


def half_a_payout_held(market: PredictionMarket) -> None:
    market.holdings.of(ANN).payout = 10
    market.holdings.of(ANN).held = 5


@pytest.mark.parametrize(
    "damage",
    [
        shares_out_of_nothing,
        shares_lost,
        more_offered_than_held,
        offered_without_an_order,
        an_order_without_its_offer,
        offered_by_somebody_else,
        half_a_payout_held,
    ],
)
def test_damaged_holdings_are_found(market: PredictionMarket, damage: Callable[[PredictionMarket], None]) -> None:
    damage(market)
    with pytest.raises(AssertionError):
        audit(market)
