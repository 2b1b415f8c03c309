"""A spot order while it is open: the book's order with its money."""

from engine.ledger.records import OrderRecord
from engine.matching.lifecycle import TRANSITIONS, OrderEvent
from engine.matching.order import BookOrder, Side
from engine.matching.terms import OrderState, OrderType
from engine.spot.commands import EnterOrder, OrderTerms
from engine.spot.events import Standing


class SpotOrder(BookOrder):
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

    def __init__(self, entered: EnterOrder, edge_ticks: int, priority: int, now_ms: int) -> None:
        terms = entered.terms
        super().__init__(
            entered.order_id, entered.account_id, terms.side, edge_ticks, terms.quantity_lots or 0, priority
        )
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

    @classmethod
    def restored(cls, record: OrderRecord) -> "SpotOrder":
        """The order as its row says; only limit orders are ever open."""
        assert record.type is OrderType.LIMIT
        assert record.price_ticks is not None
        assert record.quantity_lots is not None
        entered = EnterOrder(record.order_id, record.account_id, record.client_order_id, terms_of(record), record.held)
        order = cls(entered, record.price_ticks, record.priority, record.created_ms)
        order.open_lots = record.quantity_lots - record.filled_lots - record.cancelled_lots
        order.state = record.state
        order.filled_lots = record.filled_lots
        order.filled_value = record.filled_value
        order.cancelled_lots = record.cancelled_lots
        order.fee = record.fee
        order.fee_parts = record.fee_parts
        order.updated_ms = record.updated_ms
        return order

    @property
    def spends_quote(self) -> bool:
        return self.side is Side.BUY

    @property
    def holds_all(self) -> bool:
        """Whether its budget is all that was available, and so may reach less far than what it asks for."""
        return self.terms.type is (OrderType.MARKET_BY_QUANTITY if self.spends_quote else OrderType.MARKET_BY_AMOUNT)

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
    )
