"""Order books drawn as text.

     bids        | price | asks
                 |   102 | dan 4
                 |   101 | bob 5, ann2 3        bob came first
     ann 5       |    99 |

An order is named by its account, and a digit where the account has several: `ann2` is an order of ann. Order ids and
priorities count in reading order.
"""

import re
from collections.abc import Callable
from itertools import count
from typing import Any, NamedTuple, Self

from engine.matching.match import Match
from engine.matching.order import BookOrder, SelfTradePrevention, Side

HEADER = "bids | price | asks"
ACCOUNTS = ("ann", "bob", "cat", "dan", "eve")


class Implementation(NamedTuple):
    """One of the twins: the book and the two functions over it."""

    book: Callable[..., Any]
    match: Callable[..., Match[Any]]
    apply: Callable[..., None]


class NamedOrder(BookOrder):
    """A product's order, as far as these tests have a product."""

    __slots__ = ("name",)

    def __init__(self, name: str, order_id: int, side: Side, price_ticks: int, lots: int) -> None:
        account_id = ACCOUNTS.index(name.rstrip("0123456789"))
        super().__init__(order_id, account_id, side, price_ticks, lots, priority=order_id)
        self.name = name


class Desk:
    """A book that is given, traded with and shown as text."""

    def __init__(self, twin: Implementation) -> None:
        self.twin = twin
        self.book: Any = twin.book()
        self.numbers = count(1)

    def given(self, table: str) -> Self:
        for bids, price, asks in rows(table):
            for side, cell in ((Side.BUY, bids), (Side.SELL, asks)):
                for entry in filter(None, cell.split(", ")):
                    name, lots = entry.split()
                    self.book.rest(NamedOrder(name, next(self.numbers), side, int(price), int(lots)))
        return self

    def order(self, sentence: str) -> NamedOrder:
        """`"ann buys 5 at 100"`: an order that is not in the book."""
        words = re.fullmatch(r"(\w+) (buy|sell)s (\d+) at (\d+)", sentence)
        assert words is not None, sentence
        name, side, lots, price = words.groups()
        return NamedOrder(name, next(self.numbers), Side(side), int(price), int(lots))

    def look(
        self, sentence: str, prevention: str = "cancel_newest", *, fills_max: int = 1000, unit_value: int = 0
    ) -> Match[Any]:
        """What would happen; with a `unit_value` the sentence's number is an amount."""
        taker = self.order(sentence)
        return self.twin.match(
            self.book,
            taker,
            taker.open_lots,
            unit_value=unit_value,
            prevention=SelfTradePrevention(prevention),
            fills_max=fills_max,
        )

    def take(
        self, sentence: str, prevention: str = "cancel_newest", *, fills_max: int = 1000, unit_value: int = 0
    ) -> str:
        """Makes it happen and tells it."""
        found = self.look(sentence, prevention, fills_max=fills_max, unit_value=unit_value)
        self.twin.apply(self.book, found)
        self.book.audit()
        return told(found)

    def resting(self, name: str) -> NamedOrder:
        (order,) = (order for order in self.book.orders.values() if order.name == name)
        assert isinstance(order, NamedOrder)
        return order

    def shows(self, table: str) -> None:
        self.book.audit()
        assert drawn(self.book) == [" | ".join(row) for row in rows(table)]


def rows(table: str) -> list[tuple[str, str, str]]:
    """The three cells of each line below the header."""
    first, *lines = (line for line in table.splitlines() if line.strip())
    assert " ".join(first.split()) == HEADER
    cells = [tuple(cell.strip() for cell in line.split("|")) for line in lines]
    return [(bids, price, asks) for bids, price, asks in cells]


def drawn(book: Any) -> list[str]:
    """The book as lines, the dearest first."""
    bids, asks = list(book.queue(Side.BUY)), list(book.queue(Side.SELL))
    prices = sorted({order.price_ticks for order in bids + asks}, reverse=True)
    return [f"{entries(bids, price)} | {price} | {entries(asks, price)}" for price in prices]


def entries(orders: list[NamedOrder], price_ticks: int) -> str:
    return ", ".join(f"{order.name} {order.open_lots}" for order in orders if order.price_ticks == price_ticks)


def told(found: Match[NamedOrder]) -> str:
    """`"ann 3 at 101, bob 1 at 102; cancels cat; 2 left; self_trade"`"""
    parts = [
        ", ".join(f"{fill.maker.name} {fill.lots} at {fill.price_ticks}" for fill in found.fills),
        "cancels " + ", ".join(order.name for order in found.cancelled) if found.cancelled else "",
        f"{found.left} left" if found.left else "",
        found.stop.value,
    ]
    return "; ".join(filter(None, parts))
