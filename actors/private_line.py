"""An account's stream on its way to one subscriber: three channels, each a filter of it.

A slow subscriber, or one that has missed something, is told a gap and gets a new snapshot.
"""

from actors.pushes import Gap, Post, Private, PrivateSnapshot
from engine.ledger.page import FillMessage, PrivateMessage
from engine.ledger.records import BalanceRecord, OrderRecord
from storage.interface import AccountSnapshot

PRIVATE_MAX = 1_000  # messages that wait, or are held until a snapshot is there: above it a gap and a new snapshot

ORDERS, FILLS, BALANCES = "orders", "fills", "balances"
PRIVATE_CHANNELS = (ORDERS, FILLS, BALANCES)
_CHANNEL_OF = {OrderRecord: ORDERS, FillMessage: FILLS, BalanceRecord: BALANCES}


class PrivateLine:
    """A channel begins with a snapshot; what comes before that is there is held back.

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
