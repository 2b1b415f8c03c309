"""The twin of engine.matching: a plain list of orders, sorted at every use. Slow, and obviously right.

It shares the words (orders, fills, reasons to stop) and nothing of the book or the walk.
"""

from collections.abc import Iterable, Iterator
from typing import Generic

from engine.matching.book import Order
from engine.matching.match import Fill, Match, Stop
from engine.matching.order import BookOrder, SelfTradePrevention, Side


class NaiveBook(Generic[Order]):
    """Resting orders in no order at all."""

    def __init__(self, orders: Iterable[Order] = ()) -> None:
        self.resting: list[Order] = []
        for order in orders:
            self.rest(order)

    @property
    def orders(self) -> dict[int, Order]:
        return {order.order_id: order for order in self.resting}

    def queue(self, side: Side) -> Iterator[Order]:
        mine = [order for order in self.resting if order.side is side]
        if side is Side.BUY:
            return iter(sorted(mine, key=lambda order: (-order.price_ticks, order.priority)))
        return iter(sorted(mine, key=lambda order: (order.price_ticks, order.priority)))

    def rest(self, order: Order) -> None:
        assert order.open_lots > 0
        assert order.order_id not in self.orders
        assert not self.would_cross(order.side, order.price_ticks)
        for other in self.resting:
            if other.side is order.side and other.price_ticks == order.price_ticks:
                assert other.priority < order.priority
        self.resting.append(order)

    def remove(self, order: Order) -> None:
        assert order in self.resting
        self.resting.remove(order)

    def reduce(self, order: Order, lots: int) -> None:
        assert order in self.resting
        assert 0 < lots <= order.open_lots
        order.open_lots -= lots
        if order.open_lots == 0:
            self.resting.remove(order)

    def best(self, side: Side) -> int | None:
        return next((order.price_ticks for order in self.queue(side)), None)

    def would_cross(self, side: Side, price_ticks: int) -> bool:
        return any(reaches(side, price_ticks, other.price_ticks) for other in self.queue(side.opposite))

    def lots_at(self, side: Side, price_ticks: int) -> int:
        return sum(order.open_lots for order in self.queue(side) if order.price_ticks == price_ticks)

    def depth(self, side: Side, levels: int) -> list[tuple[int, int]]:
        prices = dict.fromkeys(order.price_ticks for order in self.queue(side))  # each once, the best first
        return [(price_ticks, self.lots_at(side, price_ticks)) for price_ticks in prices][:levels]

    def depth_without(self, side: Side, levels: int, account_id: int) -> list[tuple[int, int]]:
        others = NaiveBook(order for order in self.resting if order.account_id != account_id)
        return others.depth(side, levels)

    def audit(self) -> None:
        assert len(self.orders) == len(self.resting)
        assert all(order.open_lots > 0 for order in self.resting)
        assert not any(self.would_cross(order.side, order.price_ticks) for order in self.resting)


def reaches(side: Side, limit_ticks: int, price_ticks: int) -> bool:
    """Whether one who trades up (or down) to the limit would trade at the price."""
    return price_ticks <= limit_ticks if side is Side.BUY else price_ticks >= limit_ticks


def match(
    book: NaiveBook[Order],
    taker: BookOrder,
    wanted: int,
    *,
    unit_value: int = 0,
    prevention: SelfTradePrevention,
    fills_max: int,
) -> Match[Order]:
    """One maker after the other, every question asked anew at each."""
    assert wanted > 0
    fills: list[Fill[Order]] = []
    cancelled: list[Order] = []

    def cost(price_ticks: int) -> int:
        return price_ticks * unit_value if unit_value else 1

    def left() -> int:
        return wanted - sum(fill.lots * cost(fill.price_ticks) for fill in fills)

    def stopped(stop: Stop) -> Match[Order]:
        return Match(fills, cancelled, left(), stop)

    last_cost = 1
    for maker in book.queue(taker.side.opposite):
        if not reaches(taker.side, taker.price_ticks, maker.price_ticks):
            break
        last_cost = cost(maker.price_ticks)
        if left() < last_cost:
            return stopped(Stop.FILLED if fills else Stop.TOO_SMALL)
        if len(fills) == fills_max:
            return stopped(Stop.FILL_LIMIT)
        if maker.account_id == taker.account_id:
            if prevention in (SelfTradePrevention.CANCEL_OLDEST, SelfTradePrevention.CANCEL_BOTH):
                cancelled.append(maker)
            if prevention in (SelfTradePrevention.CANCEL_NEWEST, SelfTradePrevention.CANCEL_BOTH):
                return stopped(Stop.SELF_TRADE)
            continue
        fills.append(Fill(maker, min(maker.open_lots, left() // last_cost), maker.price_ticks))
        if fills[-1].lots < maker.open_lots:
            return stopped(Stop.FILLED)  # the maker still stands before all others
    return stopped(Stop.FILLED if left() < last_cost else Stop.NO_LIQUIDITY)


def apply(book: NaiveBook[Order], found: Match[Order]) -> None:
    for order in found.cancelled:
        book.remove(order)
    for fill in found.fills:
        book.reduce(fill.maker, fill.lots)
