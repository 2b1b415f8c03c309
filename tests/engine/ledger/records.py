"""Rows for tests, whole and plain: a test names only what it is about."""

from typing import Any

from msgspec.structs import replace

from engine.ledger.records import OrderRecord
from engine.matching.order import SelfTradePrevention, Side
from engine.matching.terms import OrderState, OrderType, TimeInForce


def order_record(order_id: int, **fields: Any) -> OrderRecord:
    """Make an open limit order of account 7 in market 1, to buy 5 lots at 100 ticks, with nothing filled or held."""
    plain = OrderRecord(
        order_id=order_id,
        account_id=7,
        market_id=1,
        client_order_id=None,
        side=Side.BUY,
        type=OrderType.LIMIT,
        time_in_force=TimeInForce.GTC,
        post_only=False,
        self_trade_prevention=SelfTradePrevention.CANCEL_NEWEST,
        price_ticks=100,
        quantity_lots=5,
        amount=None,
        priority=order_id,
        created_ms=0,
        state=OrderState.NEW,
        filled_lots=0,
        filled_value=0,
        cancelled_lots=0,
        fee=0,
        fee_parts=0,
        held=0,
        updated_ms=0,
    )
    return replace(plain, **fields)
