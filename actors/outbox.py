"""The bounded queue between the broadcaster and the one task that writes to a subscriber.

push, begin, start   broadcaster, never waits      ->  lines, one a topic  ->  take   the writer, all at once

Lines that are behind are fed with what is read again, one page at a time: next_reading, then read in another task.
"""

from functools import partial

import trio

from actors.backlog import PAGE_MAX, Pages, Reading
from actors.lines import Line, ResumableLine, StreamLine
from actors.patience import patiently
from actors.private_line import PrivateLine
from actors.pushes import Post
from actors.recent_posts import RecentPosts


class Outbox:
    """One subscriber's lines. What waits is bounded by the lines; how many there are is the subscriber's business."""

    def __init__(self) -> None:
        self._lines: dict[str, Line] = {}
        self._ready: dict[str, Line] = {}  # in the order in which they became so
        self._behind: dict[str, None] = {}  # drained, and have more to be read; who was read for last stands last
        self._reading = False
        self._writer: trio.lowlevel.Task | None = None

    # The subscriber

    def open(self, topic: str, line: Line) -> None:
        """Have a line before the broadcaster is asked to fill it."""
        self._lines[topic] = line

    def close(self, topic: str) -> None:
        """Take nothing more of a topic; what waits is dropped."""
        self._lines.pop(topic, None)
        self._ready.pop(topic, None)
        self._behind.pop(topic, None)

    def __contains__(self, topic: str) -> bool:
        return topic in self._lines

    def line(self, topic: str) -> Line | None:
        return self._lines.get(topic)

    @property
    def topics(self) -> tuple[str, ...]:
        return tuple(self._lines)

    async def wait(self) -> None:
        """Wait until there is something to take, or somebody wakes the writer."""
        if self._ready or (self._behind and not self._reading):
            await trio.lowlevel.checkpoint()
        else:
            assert self._writer is None
            self._writer = trio.lowlevel.current_task()
            await trio.lowlevel.wait_task_rescheduled(self._leave)

    def take(self) -> tuple[list[Post], list[str]]:
        """Take all that waits, and the topics that need a snapshot: each is named once, the caller sees to it."""
        ready, self._ready = self._ready, {}
        posts = [post for line in ready.values() for post in line.drain()]
        needy = [topic for topic, line in ready.items() if line.needs_snapshot]
        for topic in needy:
            ready[topic].needs_snapshot = False
        for topic, line in ready.items():
            if line.is_behind:
                self._behind[topic] = None
        return posts, needy

    def wake(self) -> None:
        """Let the writer look."""
        if self._writer is not None:
            trio.lowlevel.reschedule(self._writer)
            self._writer = None

    def ready(self, topic: str) -> None:
        """Have a line looked at that was changed from outside."""
        line = self._lines.get(topic)
        if line is not None:
            self._ready[topic] = line
            self.wake()

    # What is read again

    def next_reading(self) -> Reading | None:
        """What is to be read now for one of the lines that are behind: ask after each `take`.

        There is one at a time: who resumes many streams at once takes turns with himself, not with others. Hand it to
        `read`, in a task of its own.
        """
        if self._reading:
            return None
        while self._behind:
            topic = next(iter(self._behind))
            del self._behind[topic]
            line = self._stream(topic)
            reading = None if line is None else line.next_reading()
            if reading is not None:
                self._reading = True
                return reading
        return None

    async def read(self, reading: Reading) -> dict[str, int]:
        """Read a page for a line, however long the database is away; the writer is woken to take it.

        Returns the channels that have named a number above their stream's last one, and what that is. They are still
        open, in the present: the caller says so to the client, or closes them.
        """
        backlog = reading.backlog
        try:
            stretch = await patiently(partial(reading.pages.read, backlog.topic, reading.after, PAGE_MAX))
        finally:
            self._reading = False
        line = self._stream(backlog.topic)
        refused = {} if line is None else line.feed(reading, stretch)
        self.ready(backlog.topic)
        self.wake()
        return refused

    # The broadcaster

    def push(self, topic: str, post: Post) -> None:
        """Leave a message; ignored unless the topic is open."""
        line = self._lines.get(topic)
        if line is not None:
            line.push(post)
            if topic not in self._ready:
                self._ready[topic] = line
                self.wake()

    def begin(self, topic: str, recent: RecentPosts, pages: Pages) -> None:
        """Say of a stream: from here on all messages come; what came before is in memory, or can be read."""
        line = self._stream(topic)
        if line is not None:
            line.begin(recent, pages)
            self.ready(topic)

    def start(self, topic: str) -> None:
        """Say of an account's topic: from here on all messages come, before this some may have been missed."""
        line = self._lines.get(topic)
        if isinstance(line, PrivateLine):
            line.start()
            self.ready(topic)

    def _stream(self, topic: str) -> ResumableLine | None:
        line = self._lines.get(topic)
        return line if isinstance(line, StreamLine | PrivateLine) else None

    def _leave(self, _: object) -> trio.lowlevel.Abort:
        self._writer = None
        return trio.lowlevel.Abort.SUCCEEDED
