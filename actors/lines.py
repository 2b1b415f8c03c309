"""What waits for one subscriber of one topic, and what becomes of it when the subscriber is slow.

StreamLine    in order; above STREAM_MAX what waits becomes a gap with its numbers
StateLine     a snapshot, and one change into which all later ones are joined
PrivateLine   an account's stream, filtered; above PRIVATE_MAX a gap and a new snapshot

Every line ignores what it has seen: a broadcaster that crashed half-way sends some messages twice.
"""

from typing import Protocol

import msgspec

from actors.pushes import Book, Gap, Post, Private, PrivateSnapshot, Ticker, Trade
from engine.ledger.page import FillMessage, PrivateMessage
from engine.ledger.records import BalanceRecord, OrderRecord
from storage.interface import AccountSnapshot

STREAM_MAX = 1_000  # messages of one stream that wait: half a minute of a lively market; above it they become a gap
PRIVATE_MAX = 1_000  # messages of an account that wait, or are held until its snapshot is there: the same
JOINED_MAX = 1_000  # levels of a joined change: above it a new snapshot is the shorter message

ORDERS, FILLS, BALANCES = "orders", "fills", "balances"
PRIVATE_CHANNELS = (ORDERS, FILLS, BALANCES)
_CHANNEL_OF = {OrderRecord: ORDERS, FillMessage: FILLS, BalanceRecord: BALANCES}


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
        return Book(self._first.symbol, self._last.seq, self._first.prev_seq, bids, asks)


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


class PrivateLine:
    """An account's stream. A channel begins with a snapshot; what comes before that is there is held back.

    needs_snapshot  ->  begin_snapshot()  ->  whoever drains reads the account from storage  ->  release()
    """

    def __init__(self) -> None:
        self.needs_snapshot = False
        self._sent: dict[str, int | None] = {}  # channel: the last number sent on it; None before its first snapshot
        self._awaiting: dict[str, None] = {}  # channels that wait for a snapshot
        self._held: list[Post] = []  # their messages
        self._waiting: list[Post] = []
        self._last: int | None = None  # the stream's last number
        self._begun = 0  # snapshots asked for: only the newest is new enough
        self._complete = False  # every message comes here: a snapshot makes sense only from then on

    def add(self, channel: str) -> None:
        """Let a channel through; its snapshot is to come."""
        self._sent[channel] = None
        self._awaiting[channel] = None
        self.needs_snapshot = self._complete
        self._begun += 1

    def remove(self, channel: str) -> None:
        self._sent.pop(channel, None)
        self._awaiting.pop(channel, None)

    def start(self) -> None:
        """From here on every message comes; before this, some may have been missed."""
        self._complete = True
        self._waiting.clear()
        self._held.clear()
        self._last = None
        self._awaiting = dict.fromkeys(self._sent)
        self.needs_snapshot = bool(self._awaiting)
        self._begun += 1

    def push(self, post: Post) -> None:
        message = post.content
        assert isinstance(message, PrivateMessage)
        if self._last is not None:
            if message.seq <= self._last:
                return
            if message.seq > self._last + 1 or len(self._waiting) + len(self._held) == PRIVATE_MAX:
                self.start()
        self._last = message.seq
        channel = _CHANNEL_OF[type(message.content)]
        if channel in self._awaiting:
            self._held.append(post)
        elif channel in self._sent:
            self._waiting.append(post)

    def begin_snapshot(self) -> int:
        """Return what `release` wants to know of a snapshot that is read from now on."""
        return self._begun

    def release(self, begun: int, snapshot: AccountSnapshot) -> None:
        """Put the snapshot, then what came after it, on the channels that waited for it; an outdated one is ignored."""
        if begun != self._begun:
            return
        self._waiting += [Post(PrivateSnapshot(channel, snapshot)) for channel in self._awaiting]
        self._waiting += self._held
        self._awaiting.clear()
        self._held.clear()

    def drain(self) -> list[Post]:
        waiting, self._waiting = self._waiting, []
        posts: list[Post] = []
        for post in waiting:
            message = post.content
            if isinstance(message, PrivateSnapshot):
                self._drain_snapshot(post, message, posts)
            elif isinstance(message, PrivateMessage):
                channel = _CHANNEL_OF[type(message.content)]
                sent = self._sent.get(channel)
                if sent is not None and message.seq > sent:
                    posts.append(Post(Private(channel, message.seq, sent, message.now_ms, message.content)))
                    self._sent[channel] = message.seq
        return posts

    def _drain_snapshot(self, post: Post, snapshot: PrivateSnapshot, posts: list[Post]) -> None:
        """Say what is missing before a second snapshot; where nothing is, leave it out."""
        channel = snapshot.channel
        if channel not in self._sent:
            return
        sent = self._sent[channel]
        if sent is None:
            posts.append(post)
        elif snapshot.seq > sent:
            posts += [Post(Gap(channel, sent + 1, snapshot.seq)), post]
        self._sent[channel] = snapshot.seq
