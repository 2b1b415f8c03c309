"""What rests in a book: whose it is, its side, its price in ticks, its open lots and its place in the queue."""

import enum
from typing import Self


class Side(enum.Enum):
    """Which way an order trades."""

    BUY = "buy"
    SELL = "sell"

    @property
    def opposite(self) -> "Side":
        return Side.SELL if self is Side.BUY else Side.BUY


class SelfTradePrevention(enum.Enum):
    """Who gives way when an order meets another of its own account."""

    CANCEL_NEWEST = "cancel_newest"  # the order that comes: what it has traded stands, the rest is cancelled
    CANCEL_OLDEST = "cancel_oldest"  # the order that rests, and matching goes on
    CANCEL_BOTH = "cancel_both"


class BookOrder:
    """What a book must know of an order; a product's order is a subclass with slots, and the book holds that object.

    `price_ticks` is the worst price at which it trades. `priority` is the market's sequence number with which it took
    its place: at one price, the lower goes first. `ahead` and `behind` are its neighbours there, and the book's own.
    """

    __slots__ = ("account_id", "ahead", "behind", "open_lots", "order_id", "price_ticks", "priority", "side")

    def __init__(
        self, order_id: int, account_id: int, side: Side, price_ticks: int, open_lots: int, priority: int
    ) -> None:
        self.order_id = order_id
        self.account_id = account_id
        self.side = side
        self.price_ticks = price_ticks
        self.open_lots = open_lots
        self.priority = priority
        self.ahead: Self | None = None
        self.behind: Self | None = None
