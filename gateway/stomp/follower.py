"""Follows the exchange's prediction markets for STOMP: every market's price, and the books that are watched.

broadcaster ── ticker:prediction/7, book:prediction/7 ──> outbox ──> run ──> board ──> sessions
"""

import heapq
from collections import Counter
from collections.abc import Callable
from decimal import Decimal

from actors.core import Address
from actors.directory import Directory, MarketEntry
from actors.levels import Level as TickLevel
from actors.lines import StateLine
from actors.outbox import Outbox
from actors.pushes import Book, Content, Ticker
from actors.subscriptions import Unwatch, Watch
from engine.amounts import format_decimal
from engine.prediction.question import CENT_DECIMALS
from engine.products import PREDICTION
from gateway.rest.prediction.marks import MARK_DECIMALS, PAIR_MARKS, mark_at
from gateway.stomp.board import Board
from gateway.stomp.topics import BOOK_LEVELS_MAX, Level, OrderBook, Price, Source, is_book, read_market_id


class Follower:
    """Topics of a running exchange. A book is followed from its first watcher to its last."""

    def __init__(self, directory: Directory, broadcaster: Address, now_ms: Callable[[], int]) -> None:
        self._directory = directory
        self._broadcaster = broadcaster
        self._now_ms = now_ms
        self._board = Board()
        self._outbox = Outbox()
        self._marks: dict[int, int] = {}
        self._books: dict[int, Levels] = {}
        self._watchers: Counter[int] = Counter()
        directory.watch(self._enter)

    def open(self, destination: str, wake: Callable[[], None]) -> Source:
        """Begin with the present state; that of a book which nobody has watched yet comes in a moment."""
        feed = self._board.open(destination, wake)
        market_id = read_market_id(destination)
        if market_id is None or not is_book(destination):
            return feed
        self._watchers[market_id] += 1
        if self._watchers[market_id] == 1:
            self._follow(book_topic(self._directory.by_id[market_id]))
        return WatchedBook(self, feed, market_id)

    async def run(self) -> None:
        """Work until it is cancelled."""
        while True:
            await self._outbox.wait()
            posts, needy = self._outbox.take()
            if needy:
                self._broadcaster.tell(Watch(self._outbox, tuple(needy)))
            for post in posts:
                self._show(post.content)

    def release(self, market_id: int) -> None:
        """One watcher of a book less; after the last one it is forgotten."""
        self._watchers[market_id] -= 1
        if self._watchers[market_id]:
            return
        topic = book_topic(self._directory.by_id[market_id])
        self._outbox.close(topic)
        self._broadcaster.tell(Unwatch(self._outbox, (topic,)))
        self._books.pop(market_id, None)
        self._board.forget_book(market_id)

    def _enter(self, market: MarketEntry) -> None:
        """Take in a market that exists from now on: it is there for whoever asks next."""
        if market.product == PREDICTION:
            self._show_price(market, None, None, None)
            self._follow(f"ticker:{market.channel}")

    def _follow(self, topic: str) -> None:
        self._outbox.open(topic, StateLine())
        self._broadcaster.tell(Watch(self._outbox, (topic,)))

    def _show(self, content: Content) -> None:
        if isinstance(content, Ticker):
            self._show_price(content.market, content.last, content.bid, content.ask)
        elif isinstance(content, Book) and self._watchers[content.market.market_id]:
            self._show_book(content)

    def _show_price(self, market: MarketEntry, last: int | None, bid: int | None, ask: int | None) -> None:
        mark = mark_at(market.definition.tick, last, bid, ask)
        if self._marks.get(market.market_id) == mark:
            return
        self._marks[market.market_id] = mark
        yes, no = (_cents(amount, MARK_DECIMALS) for amount in (mark, PAIR_MARKS - mark))
        self._board.show(Price(market.market_id, yes, no, self._now_ms()))

    def _show_book(self, book: Book) -> None:
        market_id, tick = book.market.market_id, book.market.definition.tick
        if book.prev_seq is None:
            self._books[market_id] = Levels()
        levels = self._books[market_id]
        levels.change(book)
        bids, asks = (
            tuple(Level(lots, _cents(price_ticks * tick, CENT_DECIMALS)) for price_ticks, lots in side)
            for side in levels.best(BOOK_LEVELS_MAX)
        )
        self._board.show(OrderBook(market_id, bids, asks, self._now_ms()))


class Levels:
    """One book's level totals, in ticks."""

    def __init__(self) -> None:
        self._bids: dict[int, int] = {}
        self._asks: dict[int, int] = {}

    def change(self, book: Book) -> None:
        """Take levels over; 0 shares: the level has gone."""
        for totals, levels in ((self._bids, book.bids), (self._asks, book.asks)):
            for price_ticks, lots in levels:
                if lots:
                    totals[price_ticks] = lots
                else:
                    totals.pop(price_ticks, None)

    def best(self, count: int) -> tuple[list[TickLevel], list[TickLevel]]:
        """The best levels of both sides, best first."""
        return heapq.nlargest(count, self._bids.items()), heapq.nsmallest(count, self._asks.items())


class WatchedBook:
    """A subscription to a book: its end is noted."""

    def __init__(self, follower: Follower, feed: Source, market_id: int) -> None:
        self._follower = follower
        self._feed = feed
        self._market_id = market_id

    def take(self, count: int) -> list[bytes]:
        return self._feed.take(count)

    def close(self) -> None:
        self._feed.close()
        self._follower.release(self._market_id)


def book_topic(market: MarketEntry) -> str:
    """Name a market's book as the broadcaster does."""
    return f"book:{market.channel}"


def _cents(amount: int, decimals: int) -> Decimal:
    """A price as a number with at least one place: 50.0."""
    text = format_decimal(amount, decimals)
    return Decimal(text if "." in text else f"{text}.0")
