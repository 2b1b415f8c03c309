"""An account's stream on its way to one subscriber: three channels, each a filter of it.

add      the channel begins with a snapshot     needs_snapshot -> begin_snapshot -> storage is read -> release
resume   it begins behind a number              next_reading -> the journal is read -> feed; until there is no more
start    the broadcaster has missed something   the same, behind the last message

A slow subscriber is told a gap and gets a new snapshot.
"""

from actors.backlog import Backlog, Pages, Reading, Stretch
from actors.pushes import Gap, Post, Private, PrivateSnapshot
from actors.recent_posts import RecentPosts
from engine.ledger.page import FillMessage, PrivateMessage
from engine.ledger.records import BalanceRecord, OrderRecord
from storage.interface import AccountSnapshot

PRIVATE_MAX = 1_000  # messages that wait, or are held until a snapshot is there: above it a gap and a new snapshot

ORDERS, FILLS, BALANCES = "orders", "fills", "balances"
PRIVATE_CHANNELS = (ORDERS, FILLS, BALANCES)
_CHANNEL_OF = {OrderRecord: ORDERS, FillMessage: FILLS, BalanceRecord: BALANCES}


class PrivateLine:
    """Each of its channels is in one of three states: it waits for a snapshot, it is behind, or it is in the present.

    What comes for one that waits is held back; what comes for one that is behind is its backlog's affair.
    """

    def __init__(self, topic: str) -> None:
        self.needs_snapshot = False
        self._topic = topic
        self._sent: dict[str, int | None] = {}  # channel: the last number sent on it; None before its first snapshot
        self._awaiting: dict[str, None] = {}  # channels that wait for a snapshot
        self._held: list[Post] = []  # their messages
        self._behind: dict[str, None] = {}  # channels of which something is to be read again
        self._backlog: Backlog | None = None  # of all of these together
        self._pages: Pages | None = None
        self._again: list[Post] = []  # what was read of it: before all that waits
        self._waiting: list[Post] = []
        self._last: int | None = None  # the stream's last number
        self._begun = 0  # snapshots asked for: only the newest is new enough
        self._complete = False  # every message comes here: a snapshot makes sense only from then on

    # Channels

    def add(self, channel: str) -> None:
        """Let a channel through; its snapshot is to come."""
        self.remove(channel)
        self._sent[channel] = None
        self._await([channel])

    def resume(self, channel: str, after: int) -> None:
        """Let a channel through from behind a number; the broadcaster is then to be told to `begin`."""
        self.remove(channel)
        self._sent[channel] = after
        self._fall_behind([channel], after)

    def remove(self, channel: str) -> None:
        self._sent.pop(channel, None)
        self._awaiting.pop(channel, None)
        self._behind.pop(channel, None)
        if not self._behind:
            self._backlog = None
        for posts in (self._again, self._waiting, self._held):
            posts[:] = [post for post in posts if _channel_of(post) != channel]

    def _await(self, channels: list[str]) -> None:
        self._awaiting |= dict.fromkeys(channels)
        self.needs_snapshot = self._complete and bool(self._awaiting)
        self._begun += 1

    def _fall_behind(self, channels: list[str], after: int) -> None:
        """Read again what came after a number, for these channels and those that are behind already."""
        self._behind |= dict.fromkeys(channels)
        if self._backlog is not None:
            after = min(after, self._backlog.after)
        named = max(self._sent[channel] or 0 for channel in self._behind)
        self._backlog = Backlog(self._topic, after, named, self._pages)

    # The broadcaster

    def begin(self, recent: RecentPosts, pages: Pages) -> None:
        self._pages = pages
        if not self._complete:
            self.start()
        if self._backlog is not None:
            self._catch_up(self._backlog, self._backlog.begin(recent, pages))

    def start(self) -> None:
        """From here on every message comes; before this, some may have been missed: that is read again."""
        self._complete = True
        present = {
            channel: sent
            for channel, sent in self._sent.items()
            if sent is not None and channel not in self._awaiting and channel not in self._behind
        }
        self._again += [post for post in self._waiting if _channel_of(post) in present]
        if self._backlog is not None:
            self._backlog.lose()
        if present:
            self._fall_behind(list(present), min(present.values()) if self._last is None else self._last)
        self._last = None
        self._cut()

    def _cut(self) -> None:
        """Drop what waits; who is not behind begins anew."""
        self._waiting.clear()
        self._held.clear()
        self._await([channel for channel in self._sent if channel not in self._behind])

    def push(self, post: Post) -> None:
        message = post.content
        assert isinstance(message, PrivateMessage)
        if self._last is not None:
            if message.seq <= self._last:
                return
            if message.seq > self._last + 1:
                self.start()
            elif len(self._waiting) + len(self._held) >= PRIVATE_MAX:
                self._cut()
        self._last = message.seq
        channel = _CHANNEL_OF[type(message.content)]
        is_behind = channel in self._behind
        if self._backlog is not None:
            self._backlog.hold(message.seq, post if is_behind else None)
        if channel in self._awaiting:
            self._held.append(post)
        elif channel in self._sent and not is_behind:
            self._waiting.append(post)

    # Snapshots

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

    # What was missed

    @property
    def is_behind(self) -> bool:
        return self._backlog is not None

    def next_reading(self) -> Reading | None:
        return None if self._backlog is None else self._backlog.next_reading()

    def feed(self, reading: Reading, stretch: Stretch) -> dict[str, int]:
        backlog = self._backlog
        if backlog is None or not backlog.wants(reading):
            return {}
        named = {channel: self._sent[channel] or 0 for channel in self._behind}
        self._catch_up(backlog, backlog.feed(reading, stretch))
        if not backlog.met:
            return {}
        return {channel: backlog.present for channel, number in named.items() if number > backlog.present}

    def _catch_up(self, backlog: Backlog, posts: list[Post]) -> None:
        """Send again what the channels that are behind have missed; where it can't be told again, a snapshot is."""
        gap = next((place for place, post in enumerate(posts) if isinstance(post.content, Gap)), None)
        self._again += [post for post in posts[:gap] if _channel_of(post) in self._behind]
        if gap is not None or backlog.met:
            channels = list(self._behind)
            self._behind.clear()
            self._backlog = None
            if gap is not None:
                self._await(channels)

    # The subscriber

    def drain(self) -> list[Post]:
        waiting = self._again + self._waiting
        self._again, self._waiting = [], []
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


def _channel_of(post: Post) -> str | None:
    message = post.content
    if isinstance(message, PrivateSnapshot):
        return message.channel
    return _CHANNEL_OF[type(message.content)] if isinstance(message, PrivateMessage) else None
