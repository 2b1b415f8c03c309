"""What subscribers see of one market: its book's level totals, its last price."""

from collections.abc import Iterable
from typing import Any

from actors.directory import MarketEntry
from actors.levels import Levels
from actors.pushes import Book, Post, Ticker
from engine.ledger.records import OrderRecord
from engine.trading.events import TradeMade

Prices = tuple[int | None, int | None, int | None]  # last, best bid, best ask


class MarketData:
    """Follows one market's events; after each commit `take_posts` says what has changed.

    The numbers of a book's messages are those of the events after which it changed: a commit that leaves it as it was
    sends nothing, and the next message follows the one before.
    """

    def __init__(
        self, market: MarketEntry, sequence: int, last_price_ticks: int | None, open_orders: Iterable[OrderRecord] = ()
    ) -> None:
        self.market = market
        self.trades_topic = f"trades:{market.channel}"
        self.book_topic = f"book:{market.channel}"
        self.ticker_topic = f"ticker:{market.channel}"
        self._sequence = sequence
        self._last = last_price_ticks
        self._levels = Levels(market.definition.book_terms, open_orders)
        self._book_seq = self._ticker_seq = sequence
        self._prices: Prices = (None, None, None)
        self._snapshot: Post | None = None
        self.settle()

    def fold(self, event: Any) -> None:
        """Follow one event; events that are known already do no harm, as long as all up to the newest follow."""
        self._sequence = event.sequence
        if isinstance(event, TradeMade):
            self._last = event.price_ticks
        self._levels.fold(event)

    def settle(self) -> None:
        """Take the present state as what everybody will start from."""
        self._levels.bids.take_changes()
        self._levels.asks.take_changes()
        self._book_seq = self._ticker_seq = self._sequence
        self._prices = self._present_prices()
        self._snapshot = None

    def take_posts(self) -> list[tuple[str, Post]]:
        """What the events since the last call have changed, as (topic, message)."""
        posts = []
        bids, asks = self._levels.bids.take_changes(), self._levels.asks.take_changes()
        if bids or asks:
            posts.append((self.book_topic, Post(Book(self.market, self._sequence, self._book_seq, bids, asks))))
            self._book_seq = self._sequence
            self._snapshot = None
        prices = self._present_prices()
        if prices != self._prices:
            self._prices = prices
            posts.append((self.ticker_topic, Post(Ticker(self.market, self._sequence, self._ticker_seq, *prices))))
            self._ticker_seq = self._sequence
        return posts

    def snapshot(self, topic: str) -> Post | None:
        """The state that the topic's next message follows; None for a stream."""
        if topic == self.ticker_topic:
            return Post(Ticker(self.market, self._ticker_seq, None, *self._prices))
        if topic == self.book_topic:
            if self._snapshot is None:
                bids, asks = self._levels.all_bids(), self._levels.all_asks()
                self._snapshot = Post(Book(self.market, self._book_seq, None, bids, asks))
            return self._snapshot
        return None

    def _present_prices(self) -> Prices:
        return self._last, self._levels.best_bid, self._levels.best_ask
