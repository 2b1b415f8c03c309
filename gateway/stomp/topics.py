"""What there is to subscribe to, and how a session gets it.

/topic/prices/all                 first a list of the price messages of all markets, then one for each change
/topic/market/{id}/price          the price message of one market
/topic/market/{id}/orderbook      its order book, whole

All of them are states: who is slow misses what lies between, and has the newest in the end.
"""

import re
from collections.abc import Callable
from decimal import Decimal
from typing import Literal, Protocol

import msgspec

from engine.refusals import Refusal
from gateway.answers import Rejected
from gateway.limits import ID_END
from gateway.shapes import Shape
from gateway.stomp.codec import show

ALL_PRICES = "/topic/prices/all"
MARKET = re.compile(r"/topic/market/([1-9][0-9]{0,15})/(price|orderbook)")
EXISTING = f"there are {ALL_PRICES}, /topic/market/{{id}}/price and /topic/market/{{id}}/orderbook"
BOOK_LEVELS_MAX = 20  # of a side: the default depth of GET /api/orderbook


class Source(Protocol):
    """What one subscription is still to be sent: of each market the newest state, however many there were."""

    def take(self, count: int) -> list[bytes]:
        """Take up to `count` (1 or more) bodies; after fewer, `wake` is called once there is another."""

    def close(self) -> None:
        """Give no more, and call no more."""


class Topics(Protocol):
    """The destinations. A real one follows the exchange."""

    def open(self, destination: str, wake: Callable[[], None]) -> Source:
        """Begin with the present state: it may be taken at once, or `wake` is called. Raises Rejected(NOT_FOUND)."""


class Price(Shape, frozen=True):
    """The price message of one market: cents of a share, a number in JSON; `timestamp` in ms since 1970 UTC."""

    market_id: int
    yes_price: Decimal
    no_price: Decimal
    timestamp: int


class Level(Shape, frozen=True):
    """So many shares at a price in cents."""

    quantity: int
    price: Decimal


class OrderBook(Shape, frozen=True):
    """The best levels of both sides, best first; all of it, not what has changed."""

    market_id: int
    yes_bids: tuple[Level, ...]
    yes_asks: tuple[Level, ...]
    timestamp: int


_encoder = msgspec.json.Encoder(decimal_format="number")


def encode_body(state: Price | OrderBook) -> bytes:
    """Write the body of a message; of a book, as many levels as are shown."""
    if isinstance(state, OrderBook):
        bids, asks = state.yes_bids[:BOOK_LEVELS_MAX], state.yes_asks[:BOOK_LEVELS_MAX]
        state = msgspec.structs.replace(state, yes_bids=bids, yes_asks=asks)
    return _encoder.encode(state)


def market_destination(market_id: int, kind: Literal["price", "orderbook"]) -> str:
    """Name what one market has: `read_market_id` the other way round."""
    return f"/topic/market/{market_id}/{kind}"


def is_book(destination: str) -> bool:
    """Say whether a destination that exists is a market's order book."""
    return destination.endswith("/orderbook")


def read_market_id(destination: str) -> int | None:
    """Say which market a destination is about; None for all. Raises Rejected for one that can't exist."""
    if destination == ALL_PRICES:
        return None
    found = MARKET.fullmatch(destination)
    if found is None or int(found[1]) >= ID_END:
        raise Rejected(Refusal.NOT_FOUND, f"there is no destination {show(destination)}: {EXISTING}")
    return int(found[1])
