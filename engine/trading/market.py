"""What any market with an order book does: orders in, events out; no clock, no waiting.

place (the product's)   match ── settle: placed, makers that give way, trades, rest or close ──> events
cancel                  take it out, release its hold
"""

from abc import ABC, abstractmethod
from collections.abc import Iterable
from typing import Any, Generic, TypeVar

from engine.ledger.records import MarketState
from engine.matching.book import OrderBook
from engine.matching.lifecycle import OrderEvent
from engine.matching.match import Fill, Match, Stop, apply
from engine.matching.order import Side
from engine.matching.terms import TimeInForce
from engine.refusals import Refusal, Refused
from engine.trading.commands import Cancelled, Depth, EnterOrder, GetDepth, Placed
from engine.trading.events import CloseReason, OrderClosed, OrderPlaced
from engine.trading.order import TradingOrder

FILLS_MAX = 1_000  # fills an order: what is left is cancelled with FILL_LIMIT, so that one order fits one statement

Order = TypeVar("Order", bound=TradingOrder)


class TradingMarket(ABC, Generic[Order]):
    """Owns one book. `begin` sets the time of all that follows; `take_events` hands over what has been decided.

    Made from its row and its open orders, sorted by priority, it is the same market again.
    """

    def __init__(
        self,
        market_id: int,
        *,
        state: MarketState,
        sequence: int,
        trades: int,
        last_price_ticks: int | None,
        open_orders: Iterable[Order],
        fills_max: int,
    ) -> None:
        self.market_id = market_id
        self.state = state
        self.sequence = sequence
        self.trades = trades
        self.last_price_ticks = last_price_ticks
        self.fills_max = fills_max
        self.book: OrderBook[Order] = OrderBook(open_orders)
        self._events: list[Any] = []
        self._now_ms = 0

    @abstractmethod
    def place(self, entered: EnterOrder) -> Placed | Refused:
        """Match an admitted order, then rest or close what is left of it."""

    @abstractmethod
    def _trade(self, taker: Order, fill: Fill[Order], *, last: bool) -> None:
        """Book one fill on both orders; `last`: it completes the taker."""

    def begin(self, now_ms: int) -> None:
        """Set the time of the commands that follow."""
        self._now_ms = now_ms

    def take_events(self) -> tuple[Any, ...]:
        """Hand over the events since the last call, oldest first."""
        events = tuple(self._events)
        self._events.clear()
        return events

    def cancel(self, order_id: int, reason: CloseReason) -> Cancelled | Refused:
        """Take an order out of the book and release its hold."""
        order = self.book.orders.get(order_id)
        if order is None:
            return Refused(Refusal.NOT_FOUND, "there is no such open order")
        self.book.remove(order)
        self._close(order, reason)
        return Cancelled(order.record(self.market_id))

    def depth(self, query: GetDepth) -> Depth:
        """Read the level totals, as of this moment of the batch."""
        bids, asks = (
            tuple(
                self.book.depth(side, query.levels)
                if query.without is None
                else self.book.depth_without(side, query.levels, query.without)
            )
            for side in (Side.BUY, Side.SELL)
        )
        return Depth(self.sequence, bids, asks)

    # What an order goes through; the events tell it

    def _settle(self, order: Order, found: Match[Order], *, complete: bool) -> None:
        """Do what matching has found: nothing of it can be refused any more. `complete`: nothing of it is left."""
        self._emit_placed(order)
        apply(self.book, found)
        for maker in found.cancelled:
            self._close(maker, CloseReason.SELF_TRADE)
        for fill in found.fills:
            self._trade(order, fill, last=complete and fill is found.fills[-1])
        if not complete:
            self._rest_or_close(order, found.stop)

    def _rest_or_close(self, order: Order, stop: Stop) -> None:
        """Decide what becomes of an order that did not fill completely."""
        if order.terms.time_in_force is TimeInForce.GTC and stop is Stop.NO_LIQUIDITY:
            self.book.rest(order)
        elif stop is Stop.SELF_TRADE:
            self._close(order, CloseReason.SELF_TRADE)
        elif stop is Stop.FILL_LIMIT:
            self._close(order, CloseReason.FILL_LIMIT)
        else:
            self._close(order, CloseReason.REMAINDER)

    def _emit_placed(self, order: Order) -> None:
        terms = order.terms
        self._events.append(
            OrderPlaced(
                self._next_sequence(),
                order.order_id,
                order.account_id,
                order.client_order_id,
                terms.side,
                terms.type,
                terms.time_in_force,
                terms.post_only,
                terms.self_trade_prevention,
                terms.price_ticks,
                terms.quantity_lots,
                terms.amount,
                order.held,
                terms.outcome,
            )
        )

    def _close(self, order: Order, reason: CloseReason) -> None:
        """Cancel what is left of an order that is not in the book (any more)."""
        order.cancelled_lots, order.open_lots = order.open_lots, 0
        unheld, order.held = order.held, 0
        order.updated_ms = self._now_ms
        order.advance(OrderEvent.CANCEL)
        self._events.append(
            OrderClosed(
                self._next_sequence(),
                order.order_id,
                order.account_id,
                order.terms.side,
                order.terms.price_ticks,
                unheld,
                reason,
                order.standing(),
            )
        )

    def _next_sequence(self) -> int:
        self.sequence += 1
        return self.sequence
