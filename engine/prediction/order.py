"""An order for shares while it is open: what its customer asked for, and where that stands in the book of YES."""

from engine.amounts import RATE_ONE, divide_up
from engine.ledger.records import OrderRecord
from engine.matching.order import Side
from engine.matching.terms import OrderType, Outcome
from engine.prediction.question import Question
from engine.trading.commands import EnterOrder, OrderTerms
from engine.trading.order import TradingOrder, entered_as


class ShareOrder(TradingOrder):
    """`side` and `price_ticks` are the book's, in terms of YES; `terms` has what the customer asked for."""

    __slots__ = ()

    @classmethod
    def entered(
        cls, entered: EnterOrder, edge_ticks: int, question: Question, priority: int, now_ms: int
    ) -> "ShareOrder":
        """A new order; `edge_ticks` is the worst price of its own share at which it trades."""
        side, yes_ticks = question.book_terms(entered.terms.side, entered.terms.outcome, edge_ticks)
        return cls(entered, side, yes_ticks, priority, now_ms)

    @classmethod
    def restored(cls, record: OrderRecord, question: Question) -> "ShareOrder":
        """The order as its row says; only limit orders are ever open."""
        assert record.type is OrderType.LIMIT
        assert record.price_ticks is not None
        order = cls.entered(entered_as(record), record.price_ticks, question, record.priority, record.created_ms)
        order.take_standing(record)
        return order

    @property
    def outcome(self) -> Outcome:
        return outcome_of(self.terms)

    @property
    def buys(self) -> bool:
        return self.terms.side is Side.BUY

    def need(self, question: Question) -> int:
        """What a limit order to buy can still spend: its open shares at its own price, with the fee on top.

        That is the most, although a fee is highest at 50: where a share gets cheaper by so much, its fee grows by
        less, as no rate is above 1.
        """
        assert self.terms.price_ticks is not None
        price = self.terms.price_ticks
        parts = self.fee_parts + question.fee_parts(price, self.open_lots, question.rate_max)
        return question.value(price, self.open_lots) + divide_up(parts, RATE_ONE) - self.fee


def outcome_of(terms: OrderTerms) -> Outcome:
    """Whose shares an order is about."""
    assert terms.outcome is not None
    return terms.outcome
