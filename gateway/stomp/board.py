"""The newest state of every market, for all sockets: who follows the markets shows it here, sessions watch.

show(state) ──> the newest of each destination ──> the news of each feed ──> take(count), bodies encoded once for all
"""

from collections.abc import Callable
from itertools import islice

from engine.refusals import Refusal
from gateway.answers import Rejected
from gateway.stomp.topics import ALL_PRICES, OrderBook, Price, encode_body, market_destination, read_market_id


class Shown:
    """A state, and its body once somebody has wanted it."""

    __slots__ = ("_body", "state")

    def __init__(self, state: Price | OrderBook) -> None:
        self.state = state
        self._body: bytes | None = None

    @property
    def body(self) -> bytes:
        if self._body is None:
            self._body = encode_body(self.state)
        return self._body


class Board:
    """Topics of which the newest state is kept and no other. A market exists once a state of it has been shown."""

    def __init__(self) -> None:
        self.newest: dict[str, Shown] = {}
        self._markets: set[int] = set()
        self._all_prices: bytes | None = None  # None until somebody wants them again
        self._feeds: dict[str, dict[Feed, None]] = {}  # in the order in which they came

    def show(self, state: Price | OrderBook) -> None:
        """Replace what was there; whoever watches is told."""
        is_price = isinstance(state, Price)
        destination = market_destination(state.market_id, "price" if is_price else "orderbook")
        self._markets.add(state.market_id)
        self.newest[destination] = Shown(state)
        if is_price:
            self._all_prices = None
        for watched in (destination, ALL_PRICES) if is_price else (destination,):
            for feed in self._feeds.get(watched, ()):
                feed.note(destination)

    def open(self, destination: str, wake: Callable[[], None]) -> "Feed":
        market_id = read_market_id(destination)
        if market_id is not None and market_id not in self._markets:
            raise Rejected(Refusal.NOT_FOUND, f"there is no market {market_id}")
        feed = Feed(self, destination, wake)
        self._feeds.setdefault(destination, {})[feed] = None
        return feed

    def remove(self, destination: str, feed: "Feed") -> None:
        feeds = self._feeds[destination]
        feeds.pop(feed, None)
        if not feeds:
            del self._feeds[destination]

    def forget_book(self, market_id: int) -> None:
        """Have no book of this market until one is shown again; nobody may be watching it."""
        destination = market_destination(market_id, "orderbook")
        assert destination not in self._feeds
        self.newest.pop(destination, None)

    def all_prices(self) -> bytes:
        """List the price messages of all markets, in the order in which the markets came."""
        if self._all_prices is None:
            bodies = [shown.body for shown in self.newest.values() if isinstance(shown.state, Price)]
            self._all_prices = b"[" + b",".join(bodies) + b"]"
        return self._all_prices


class Feed:
    """What one subscription has not been given yet: only the names of what has changed, so a slow one costs nothing."""

    def __init__(self, board: Board, destination: str, wake: Callable[[], None]) -> None:
        self._board = board
        self._destination = destination
        self._wake = wake
        self._owes_list = destination == ALL_PRICES
        self._news = dict.fromkeys([destination]) if destination in board.newest else {}

    def note(self, destination: str) -> None:
        """Remember that there is something new."""
        was_empty = not self._news
        self._news[destination] = None
        if was_empty:
            self._wake()

    def take(self, count: int) -> list[bytes]:
        if self._owes_list:
            self._owes_list = False
            self._news.clear()
            return [self._board.all_prices()]
        destinations = list(islice(self._news, count))
        for destination in destinations:
            del self._news[destination]
        return [self._board.newest[destination].body for destination in destinations]

    def close(self) -> None:
        self._board.remove(self._destination, self)
