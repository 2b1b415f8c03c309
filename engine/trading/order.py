"""An order while it is open: the book's order with its money."""

from engine.ledger.records import OrderRecord
from engine.matching.lifecycle import TRANSITIONS, OrderEvent
from engine.matching.order import BookOrder, Side
from engine.matching.terms import OrderState
from engine.trading.commands import EnterOrder, OrderTerms
from engine.trading.events import Standing


class TradingOrder(BookOrder):
    """Owned by one market. `open_lots` is what the book may still trade of it; for orders by amount it stays 0."""

    __slots__ = (
        "cancelled_lots",
        "client_order_id",
        "created_ms",
        "fee",
        "fee_parts",
        "filled_lots",
        "filled_value",
        "held",
        "state",
        "terms",
        "updated_ms",
    )

    def __init__(self, entered: EnterOrder, side: Side, price_ticks: int, priority: int, now_ms: int) -> None:
        terms = entered.terms
        super().__init__(entered.order_id, entered.account_id, side, price_ticks, terms.quantity_lots or 0, priority)
        self.client_order_id = entered.client_order_id
        self.terms = terms
        self.state = OrderState.NEW
        self.filled_lots = 0
        self.filled_value = 0
        self.cancelled_lots = 0
        self.fee = 0
        self.fee_parts = 0
        self.held = entered.hold
        self.created_ms = now_ms
        self.updated_ms = now_ms

    def take_standing(self, record: OrderRecord) -> None:
        """Stand as the order's row says."""
        assert record.quantity_lots is not None
        self.open_lots = record.quantity_lots - record.filled_lots - record.cancelled_lots
        self.state = record.state
        self.filled_lots = record.filled_lots
        self.filled_value = record.filled_value
        self.cancelled_lots = record.cancelled_lots
        self.fee = record.fee
        self.fee_parts = record.fee_parts
        self.updated_ms = record.updated_ms

    def advance(self, event: OrderEvent) -> None:
        self.state = TRANSITIONS[self.state, event]

    def standing(self) -> Standing:
        return Standing(
            self.state,
            self.filled_lots,
            self.filled_value,
            self.cancelled_lots,
            self.fee,
            self.fee_parts,
            self.held,
        )

    def record(self, market_id: int) -> OrderRecord:
        terms = self.terms
        return OrderRecord(
            self.order_id,
            self.account_id,
            market_id,
            self.client_order_id,
            terms.side,
            terms.type,
            terms.time_in_force,
            terms.post_only,
            terms.self_trade_prevention,
            terms.price_ticks,
            terms.quantity_lots,
            terms.amount,
            self.priority,
            self.created_ms,
            self.state,
            self.filled_lots,
            self.filled_value,
            self.cancelled_lots,
            self.fee,
            self.fee_parts,
            self.held,
            self.updated_ms,
            terms.outcome,
        )


def terms_of(record: OrderRecord) -> OrderTerms:
    """What was asked for, from the row."""
    return OrderTerms(
        record.side,
        record.type,
        record.time_in_force,
        record.post_only,
        record.self_trade_prevention,
        record.price_ticks,
        record.quantity_lots,
        record.amount,
        record.outcome,
    )


def entered_as(record: OrderRecord) -> EnterOrder:
    """The command that brought the order in, but for what of its hold is gone by now."""
    return EnterOrder(record.order_id, record.account_id, record.client_order_id, terms_of(record), record.held)
