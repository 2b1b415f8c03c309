"""How an order moves from state to state, and that an order read back from its row is the same order."""

from typing import Any

import pytest
from msgspec.structs import replace

from engine.matching.lifecycle import TRANSITIONS, OrderEvent
from engine.matching.order import SelfTradePrevention, Side
from engine.matching.terms import OPEN_STATES, OrderState, OrderType, TimeInForce
from engine.spot.order import SpotOrder
from engine.trading.commands import EnterOrder, OrderTerms
from tests.engine.ledger.records import order_record
from tests.engine.spot.harness import Harness
from tests.engine.spot.scripts import do, long_script, opened, seen

TERMS = OrderTerms(Side.BUY, OrderType.LIMIT, TimeInForce.GTC, True, SelfTradePrevention.CANCEL_OLDEST, 100, 9, None)
ENTERED = EnterOrder(order_id=5, account_id=7, client_order_id="mine", terms=TERMS, hold=900)

RECORD = order_record(
    5,
    account_id=7,
    market_id=3,
    client_order_id="mine",
    post_only=True,
    self_trade_prevention=SelfTradePrevention.CANCEL_OLDEST,
    price_ticks=100,
    quantity_lots=9,
    priority=11,
    created_ms=1_000,
    state=OrderState.PARTIALLY_FILLED,
    filled_lots=2,
    filled_value=10**30,
    cancelled_lots=3,
    fee=10**20 + 1,
    fee_parts=10**28 + 1,
    held=10**25,
    updated_ms=2_000,
)

# The whole table, as drawn in engine/matching/lifecycle.py: None is what can't happen.
EXPECTED = {
    OrderState.NEW: ("partially_filled", "filled", "cancelled"),
    OrderState.PARTIALLY_FILLED: ("partially_filled", "filled", "cancelled"),
    OrderState.FILLED: (None, None, None),
    OrderState.CANCELLED: (None, None, None),
}


@pytest.mark.parametrize("state", OrderState)
@pytest.mark.parametrize(("column", "event"), list(enumerate(OrderEvent)))
def test_every_event_in_every_state(state: OrderState, column: int, event: OrderEvent) -> None:
    order = SpotOrder(ENTERED, Side.BUY, 100, 1, 0)
    order.state = state
    expected = EXPECTED[state][column]
    if expected is None:
        with pytest.raises(KeyError):
            order.advance(event)
        assert order.state is state
    else:
        order.advance(event)
        assert order.state is OrderState(expected)


def test_nothing_happens_to_an_order_that_is_closed() -> None:
    assert {state for state, _ in TRANSITIONS} == OPEN_STATES


def test_a_new_order_has_its_terms_and_nothing_else() -> None:
    order = SpotOrder(ENTERED, Side.BUY, 100, 11, 1_000)
    assert order.record(3) == replace(
        RECORD,
        state=OrderState.NEW,
        filled_lots=0,
        filled_value=0,
        cancelled_lots=0,
        fee=0,
        fee_parts=0,
        held=900,
        updated_ms=1_000,
    )


def test_an_order_read_back_is_written_as_it_was() -> None:
    order = SpotOrder.restored(RECORD)
    assert order.record(3) == RECORD
    assert order.open_lots == 4
    assert order.price_ticks == 100


@pytest.mark.parametrize(
    "terms",
    [
        {"type": OrderType.MARKET_BY_QUANTITY, "price_ticks": None},
        {"type": OrderType.MARKET_BY_AMOUNT, "price_ticks": None, "quantity_lots": None, "amount": 5},
    ],
)
def test_only_limit_orders_are_ever_open(terms: dict[str, Any]) -> None:
    with pytest.raises(AssertionError):
        SpotOrder.restored(replace(RECORD, **terms))


@pytest.mark.parametrize("seed", range(4))
def test_a_market_built_again_behaves_like_the_one_before(seed: int) -> None:
    """One is restarted before every step, one never: all that they say is the same."""
    terms, fills_max, steps = long_script(seed, 150)
    steady, restarted = opened(Harness(fills_max), terms), opened(Harness(fills_max), terms)
    for step in steps:
        restarted.restart()
        assert do(steady, step) == do(restarted, step), step
        assert seen(steady) == seen(restarted), step
    restarted.restart()
    assert restarted.tables.journal == steady.tables.journal
    assert restarted.messages == steady.messages
    restarted.check_history()
