"""A spot order while it is open."""

from engine.ledger.records import OrderRecord
from engine.matching.order import Side
from engine.matching.terms import OrderType
from engine.trading.order import TradingOrder, entered_as


class SpotOrder(TradingOrder):
    """For orders by amount `open_lots` stays 0."""

    __slots__ = ()

    @classmethod
    def restored(cls, record: OrderRecord) -> "SpotOrder":
        """The order as its row says; only limit orders are ever open."""
        assert record.type is OrderType.LIMIT
        assert record.price_ticks is not None
        order = cls(entered_as(record), record.side, record.price_ticks, record.priority, record.created_ms)
        order.take_standing(record)
        return order

    @property
    def spends_quote(self) -> bool:
        return self.side is Side.BUY

    @property
    def holds_all(self) -> bool:
        """Whether its budget is all that was available, and so may reach less far than what it asks for."""
        return self.terms.type is (OrderType.MARKET_BY_QUANTITY if self.spends_quote else OrderType.MARKET_BY_AMOUNT)
