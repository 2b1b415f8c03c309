"""The level totals of one book, followed from its market's events.

Events state how an order stands after them, so folding is absolute: events that the orders reflect already may be
folded again, and once all are folded, the totals stand where the last one left them.
"""

from bisect import bisect_left, insort
from collections.abc import Callable, Iterable
from typing import Any

import msgspec

from engine.ledger.records import OrderRecord
from engine.matching.order import Side
from engine.matching.terms import OPEN_STATES, Outcome, TimeInForce
from engine.trading.events import OrderClosed, OrderPlaced, Standing, TradeMade

BookTerms = Callable[[Side, Outcome | None, int], tuple[Side, int]]  # where an order stands in its market's book

Level = tuple[int, int]  # price in ticks, quantity in lots; 0 lots: the level has gone


class Resting(msgspec.Struct, gc=False):
    """What a book must be told of an order that may rest in it."""

    side: "LevelSide"
    price_ticks: int
    quantity_lots: int
    open_lots: int


class LevelSide:
    """The totals of one side, and what they were when its changes were last taken."""

    def __init__(self) -> None:
        self.totals: dict[int, int] = {}
        self.prices: list[int] = []  # those of `totals`, rising
        self._before: dict[int, int] = {}

    def add(self, price_ticks: int, lots: int) -> None:
        """Add lots at a price, or take them away (below zero)."""
        total = self.totals.get(price_ticks, 0)
        self._before.setdefault(price_ticks, total)
        if not total:
            insort(self.prices, price_ticks)
        if total + lots:
            self.totals[price_ticks] = total + lots
        else:
            self.totals.pop(price_ticks, None)
            del self.prices[bisect_left(self.prices, price_ticks)]

    def take_changes(self) -> tuple[Level, ...]:
        """The levels whose total is another than at the last call."""
        before, self._before = self._before, {}
        totals = self.totals
        return tuple((price, totals.get(price, 0)) for price, then in before.items() if totals.get(price, 0) != then)


class Levels:
    """Both sides of a book. Within a commit they may cross for a moment: read them at its end."""

    def __init__(self, book_terms: BookTerms, open_orders: Iterable[OrderRecord] = ()) -> None:
        self._book_terms = book_terms
        self.bids = LevelSide()
        self.asks = LevelSide()
        self._orders: dict[int, Resting] = {}
        for order in open_orders:
            assert order.price_ticks is not None
            assert order.quantity_lots is not None
            self._enter(order, order.price_ticks, order.quantity_lots)
            self._stand(order.order_id, order.quantity_lots - order.filled_lots - order.cancelled_lots)

    def fold(self, event: Any) -> None:
        """Follow one event of the market."""
        if isinstance(event, OrderPlaced):
            # What is not GTC never rests: its fills are its makers', and what is left of it goes in the same commit.
            if event.time_in_force is TimeInForce.GTC:
                assert event.price_ticks is not None
                assert event.quantity_lots is not None
                self._enter(event, event.price_ticks, event.quantity_lots)
        elif isinstance(event, TradeMade):
            self._follow(event.buyer.order_id, event.buyer.standing)
            self._follow(event.seller.order_id, event.seller.standing)
        elif isinstance(event, OrderClosed):
            self._follow(event.order_id, event.standing)

    @property
    def best_bid(self) -> int | None:
        return self.bids.prices[-1] if self.bids.prices else None

    @property
    def best_ask(self) -> int | None:
        return self.asks.prices[0] if self.asks.prices else None

    def all_bids(self) -> tuple[Level, ...]:
        """Every level, best first."""
        return tuple((price, self.bids.totals[price]) for price in reversed(self.bids.prices))

    def all_asks(self) -> tuple[Level, ...]:
        """Every level, best first."""
        return tuple((price, self.asks.totals[price]) for price in self.asks.prices)

    def _enter(self, order: OrderRecord | OrderPlaced, price_ticks: int, quantity_lots: int) -> None:
        if order.order_id not in self._orders:
            side, book_ticks = self._book_terms(order.side, order.outcome, price_ticks)
            level_side = self.bids if side is Side.BUY else self.asks
            self._orders[order.order_id] = Resting(level_side, book_ticks, quantity_lots, 0)
        self._stand(order.order_id, quantity_lots)

    def _follow(self, order_id: int, standing: Standing) -> None:
        order = self._orders.get(order_id)
        if order is None:
            return
        if standing.state in OPEN_STATES:
            self._stand(order_id, order.quantity_lots - standing.filled_lots)
        else:
            self._stand(order_id, 0)
            del self._orders[order_id]

    def _stand(self, order_id: int, open_lots: int) -> None:
        order = self._orders[order_id]
        if open_lots != order.open_lots:
            order.side.add(order.price_ticks, open_lots - order.open_lots)
            order.open_lots = open_lots
