"""What waits for one subscriber of one topic, and what becomes of it when the subscriber is slow.

StreamLine    in order; above STREAM_MAX what waits becomes a gap with its numbers
StateLine     a snapshot, and one change into which all later ones are joined
PrivateLine   in a file of its own

Every line ignores what it has seen: a broadcaster that crashed half-way sends some messages twice.
"""

from typing import Protocol

import msgspec

from actors.backlog import HELD_MAX, PAGE_MAX, Backlog, Pages, Reading, Stretch
from actors.pushes import Book, Gap, Odds, Post, Ticker, Trade
from actors.recent_posts import RecentPosts

STREAM_MAX = 1_000  # messages of one stream that wait: half a minute of a lively market; above it they become a gap
JOINED_MAX = 1_000  # levels of a joined change: above it a new snapshot is the shorter message

assert PAGE_MAX + HELD_MAX < STREAM_MAX


class Line(Protocol):
    """One topic of one subscriber."""

    needs_snapshot: bool  # the line was cut, or has just begun: whoever drains it sees to a snapshot

    @property
    def is_behind(self) -> bool:
        """Whether something is to be read again for it; only streams are."""

    def push(self, post: Post) -> None: ...

    def drain(self) -> list[Post]:
        """Take what waits, in the order in which it is to be sent."""


class ResumableLine(Line, Protocol):
    """One of a stream: its subscriber may name the last number that he has.

    resume  ->  begin  ->  drain, next_reading, feed; again, until there is nothing more to read
    """

    def begin(self, recent: RecentPosts, pages: Pages) -> None:
        """From here on every message is pushed; what came before is in memory, or in the pages."""

    def next_reading(self) -> Reading | None:
        """What is to be read for a line that has just been drained."""

    def feed(self, reading: Reading, stretch: Stretch) -> dict[str, int]:
        """Take in what was read.

        Returns the channels that have named a number above their stream's last one, and what that is: they have not
        been resumed.
        """


class StreamLine:
    """Trades or odds: each once."""

    def __init__(self, channel: str) -> None:
        self.needs_snapshot = False  # never
        self._channel = channel
        self._last: int | None = None
        self._before: int | None = None  # the number before all that waits
        self._gap: Gap | None = None  # before all that waits
        self._waiting: list[Post] = []
        self._backlog: Backlog | None = None

    def resume(self, after: int) -> None:
        """Go back to right behind this number, or begin there; the broadcaster is then to be told to `begin`."""
        self._last = self._before = after
        self._gap = None
        self._waiting.clear()
        self._backlog = Backlog(self._channel, after, after)

    @property
    def is_behind(self) -> bool:
        return self._backlog is not None

    def begin(self, recent: RecentPosts, pages: Pages) -> None:
        if self._backlog is not None:
            self._catch_up(self._backlog.begin(recent, pages))

    def next_reading(self) -> Reading | None:
        return None if self._backlog is None else self._backlog.next_reading()

    def feed(self, reading: Reading, stretch: Stretch) -> dict[str, int]:
        backlog = self._backlog
        if backlog is None or not backlog.wants(reading):
            return {}
        self._catch_up(backlog.feed(reading, stretch))
        if backlog.met and backlog.named > backlog.present:
            return {self._channel: backlog.present}
        return {}

    def _catch_up(self, posts: list[Post]) -> None:
        assert self._backlog is not None
        self._waiting += posts
        self._last = self._backlog.after
        if self._backlog.met:
            self._last = self._backlog.present
            self._backlog = None

    def push(self, post: Post) -> None:
        message = post.content
        assert isinstance(message, Trade | Odds)
        seq = message.seq
        if self._backlog is not None:
            self._backlog.hold(seq, post)
            return
        if self._last is None:
            self._before = seq - 1
        elif seq <= self._last:
            return
        elif seq > self._last + 1 or len(self._waiting) >= STREAM_MAX:
            self._skip_to(seq - 1)
        self._last = seq
        self._waiting.append(post)

    def _skip_to(self, last: int) -> None:
        """Make a gap of all that waits, up to the number `last`."""
        assert self._before is not None
        self._gap = Gap(self._channel, self._before + 1, last)
        self._waiting.clear()

    def drain(self) -> list[Post]:
        posts, self._waiting = self._waiting, []
        if self._gap is not None:
            posts.insert(0, Post(self._gap))
            self._gap = None
        self._before = self._last
        return posts


class StateLine:
    """A book or a ticker: a new snapshot makes all that waits obsolete, changes are joined."""

    is_behind = False

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
