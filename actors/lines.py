"""What waits for one subscriber of one topic, and what becomes of it when the subscriber is slow.

StreamLine    in order; above STREAM_MAX what waits becomes a gap with its numbers
StateLine     a snapshot, and one change into which all later ones are joined
PrivateLine   in a file of its own

Every line ignores what it has seen: a broadcaster that crashed half-way sends some messages twice.
"""

from typing import Protocol

import msgspec

from actors.pushes import Book, Gap, Post, Ticker, Trade

STREAM_MAX = 1_000  # messages of one stream that wait: half a minute of a lively market; above it they become a gap
JOINED_MAX = 1_000  # levels of a joined change: above it a new snapshot is the shorter message


class Line(Protocol):
    """One topic of one subscriber."""

    needs_snapshot: bool  # the line was cut, or has just begun: whoever drains it sees to a snapshot

    def push(self, post: Post) -> None: ...

    def drain(self) -> list[Post]:
        """Take what waits, in the order in which it is to be sent."""


class StreamLine:
    """Trades: each once."""

    def __init__(self, channel: str) -> None:
        self.needs_snapshot = False  # never
        self._channel = channel
        self._last: int | None = None
        self._gap: Gap | None = None  # before all that waits
        self._waiting: list[Post] = []

    def push(self, post: Post) -> None:
        trade = post.content
        assert isinstance(trade, Trade)
        if self._last is not None:
            if trade.seq <= self._last:
                return
            if trade.seq > self._last + 1 or len(self._waiting) == STREAM_MAX:
                self._skip_to(trade.seq - 1)
        self._last = trade.seq
        self._waiting.append(post)

    def _skip_to(self, last: int) -> None:
        """Make a gap of all that waits, up to the number `last`."""
        assert self._last is not None
        first = self._last - len(self._waiting) + 1 if self._gap is None else self._gap.first
        self._gap = Gap(self._channel, first, last)
        self._waiting.clear()

    def drain(self) -> list[Post]:
        posts, self._waiting = self._waiting, []
        if self._gap is not None:
            posts.insert(0, Post(self._gap))
            self._gap = None
        return posts


class StateLine:
    """A book or a ticker: a new snapshot makes all that waits obsolete, changes are joined."""

    def __init__(self) -> None:
        self.needs_snapshot = False
        self._seq: int | None = None  # None: nothing makes sense before a snapshot
        self._snapshot: Post | None = None
        self._change: Post | JoinedBook | JoinedTicker | None = None

    def push(self, post: Post) -> None:
        state = post.content
        assert isinstance(state, Book | Ticker)
        if state.prev_seq is None:
            self._snapshot, self._change, self._seq = post, None, state.seq
            self.needs_snapshot = False
        elif self._seq is not None and state.seq > self._seq:
            self._seq = state.seq
            if self._change is None:
                self._change = post
            else:
                self._join(self._change, state)

    def _join(self, waiting: "Post | JoinedBook | JoinedTicker", state: Book | Ticker) -> None:
        if isinstance(waiting, Post):
            first = waiting.content
            assert isinstance(first, Book | Ticker)
            waiting = self._change = JoinedBook(first) if isinstance(first, Book) else JoinedTicker(first)
        waiting.add(state)
        if len(waiting) > JOINED_MAX:
            self._seq = self._snapshot = self._change = None
            self.needs_snapshot = True

    def drain(self) -> list[Post]:
        snapshot, change = self._snapshot, self._change
        self._snapshot = self._change = None
        if change is not None and not isinstance(change, Post):
            change = Post(change.joined())
        return [post for post in (snapshot, change) if post is not None]


class JoinedBook:
    """Several changes of a book in one: quantities are absolute, so the last of each level counts."""

    def __init__(self, first: Book) -> None:
        self._first = self._last = first
        self._bids = dict(first.bids)
        self._asks = dict(first.asks)

    def __len__(self) -> int:
        return len(self._bids) + len(self._asks)

    def add(self, change: Book | Ticker) -> None:
        assert isinstance(change, Book)
        self._last = change
        self._bids.update(change.bids)
        self._asks.update(change.asks)

    def joined(self) -> Book:
        bids, asks = tuple(self._bids.items()), tuple(self._asks.items())
        return Book(self._first.market, self._last.seq, self._first.prev_seq, bids, asks)


class JoinedTicker:
    """Several tickers in one: the last."""

    def __init__(self, first: Ticker) -> None:
        self._first = self._last = first

    def __len__(self) -> int:
        return 1

    def add(self, change: Book | Ticker) -> None:
        assert isinstance(change, Ticker)
        self._last = change

    def joined(self) -> Ticker:
        return msgspec.structs.replace(self._last, prev_seq=self._first.prev_seq)
