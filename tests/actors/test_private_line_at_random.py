"""The private stream on its way: no hole and no repeat on any channel, whatever comes in whatever order."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actors import backlog, private_line, recent_posts
from actors.backlog import Reading, Stretch
from actors.private_line import PRIVATE_CHANNELS, PrivateLine
from actors.pushes import Post
from actors.recent_posts import RecentPosts
from tests.actors.journals import Journal
from tests.actors.test_private_line import TOPIC, message, private, snapshot

# What may happen, and how often.
ACTIONS = (
    *("push",) * 6,
    *("drain", "read", "feed") * 2,
    *("add", "resume", "leave", "start", "again", "begin_snapshot", "release", "lose"),
)


class Play:
    """A line, the stream that it is of, and a reader who believes its numbers."""

    def __init__(self, dice: random.Random) -> None:
        self.dice = dice
        self.stream: list[str] = []  # the channel of message 1, 2, 3
        self.journal = Journal(lambda seq: message(seq, self.stream[seq - 1]), TOPIC)
        self.recent = RecentPosts()
        self.line = PrivateLine(TOPIC)
        self.told: dict[str, int] = {}  # channel: up to which number its reader knows everything
        self._snapshots: list[tuple[int, int]] = []
        self._pages: list[tuple[Reading, Stretch]] = []
        self.line.begin(self.recent, self.journal)

    def act(self, action: str) -> None:
        self.journal.last = len(self.stream)
        getattr(self, action)()

    # The broadcaster

    def push(self) -> None:
        self.stream.append(self.dice.choice(PRIVATE_CHANNELS))
        self._tell(len(self.stream))

    def again(self) -> None:
        """A broadcaster that crashed sends its last commits again."""
        for seq in range(max(1, len(self.stream) - 2), len(self.stream) + 1):
            self._tell(seq)

    def _tell(self, seq: int) -> None:
        post = message(seq, self.stream[seq - 1])
        self.recent.keep(TOPIC, seq, post)
        self.line.push(post)

    def start(self) -> None:
        """It has missed something, or nothing."""
        self.stream.extend(self.dice.choices(PRIVATE_CHANNELS, k=self.dice.randint(0, 2)))
        self.recent.forget(TOPIC)
        self.line.start()

    # The subscriber

    def add(self) -> None:
        channel = self.dice.choice(PRIVATE_CHANNELS)
        if channel not in self.told:
            self.line.add(channel)

    def resume(self) -> None:
        channel, after = self.dice.choice(PRIVATE_CHANNELS), self.dice.randint(0, len(self.stream))
        self.line.resume(channel, after)
        self.told[channel] = after
        if self.dice.random() < 0.5:
            self.push()
        self.line.begin(self.recent, self.journal)

    def leave(self) -> None:
        channel = self.dice.choice(PRIVATE_CHANNELS)
        self.line.remove(channel)
        self.told.pop(channel, None)

    def drain(self) -> None:
        follow(self.line.drain(), self.stream, self.told)

    # What is read

    def begin_snapshot(self) -> None:
        if self.line.needs_snapshot:
            self.line.needs_snapshot = False
            self._snapshots.append((self.line.begin_snapshot(), len(self.stream)))

    def release(self) -> None:
        if self._snapshots:
            begun, last_seq = self._snapshots.pop(self.dice.randrange(len(self._snapshots)))
            self.line.release(begun, snapshot(last_seq))

    def read(self) -> None:
        reading = self.line.next_reading()
        if reading is not None:
            self._pages.append((reading, self.journal.stretch(reading.after, self.dice.randint(1, 8))))

    def feed(self) -> None:
        if self._pages:
            assert self.line.feed(*self._pages.pop(0)) == {}

    def lose(self) -> None:
        if self.stream:
            self.journal.lost.add(self.dice.randint(1, len(self.stream)))

    def end(self) -> None:
        """Let the reader hear everything."""
        self.line.start()
        while (reading := self.line.next_reading()) is not None:
            self.line.feed(reading, self.journal.stretch(reading.after, 250))
            self.drain()
        self.line.release(self.line.begin_snapshot(), snapshot(len(self.stream)))
        self.drain()
        for channel, seq in self.told.items():
            assert missing(self.stream, channel, seq, len(self.stream)) == []


@settings(max_examples=400)  # some of what it would find takes 250
@given(seed=st.integers(0, 1_000_000))
def test_on_every_channel_there_is_no_hole_and_no_repeat(seed: int) -> None:
    """After a snapshot, or the number that was named, each message, or a gap and another snapshot."""
    dice = random.Random(seed)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(private_line, "PRIVATE_MAX", 6)
        patch.setattr(backlog, "HELD_MAX", 4)
        patch.setattr(recent_posts, "POSTS_MAX", 8)
        play = Play(dice)
        for _ in range(160):
            play.act(dice.choice(ACTIONS))
        play.act("end")


def follow(posts: list[Post], stream: list[str], told: dict[str, int]) -> None:
    """Read messages as a client does that believes their numbers."""
    for entry in private(posts):
        assert isinstance(entry, tuple)
        if entry[0] == "snapshot":
            _, channel, seq = entry
            assert channel not in told or told[channel] == seq  # only behind a gap, or first of all
        elif entry[0] == "gap":
            _, channel, first, seq = entry
            assert first == told[channel] + 1
            assert seq >= first
        else:
            channel, seq, prev_seq = entry
            assert prev_seq == told[channel]
            assert missing(stream, channel, prev_seq, seq - 1) == []
            assert stream[seq - 1] == channel
        told[channel] = seq


def missing(stream: list[str], channel: str, after: int, until: int) -> list[int]:
    """The numbers of a channel's messages in (after, until]."""
    return [seq for seq in range(after + 1, until + 1) if stream[seq - 1] == channel]
