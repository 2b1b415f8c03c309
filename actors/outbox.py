"""The bounded queue between the broadcaster and the one task that writes to a subscriber.

push, start   broadcaster, never waits      ->  lines, one a topic  ->  take   the writer, all at once
"""

import trio

from actors.lines import Line
from actors.private_line import PrivateLine
from actors.pushes import Post


class Outbox:
    """One subscriber's lines. What waits is bounded by the lines; how many there are is the subscriber's business."""

    def __init__(self) -> None:
        self._lines: dict[str, Line] = {}
        self._ready: dict[str, Line] = {}  # in the order in which they became so
        self._writer: trio.lowlevel.Task | None = None

    # The subscriber

    def open(self, topic: str, line: Line) -> None:
        """Have a line before the broadcaster is asked to fill it."""
        self._lines[topic] = line

    def close(self, topic: str) -> None:
        """Take nothing more of a topic; what waits is dropped."""
        self._lines.pop(topic, None)
        self._ready.pop(topic, None)

    def __contains__(self, topic: str) -> bool:
        return topic in self._lines

    @property
    def topics(self) -> tuple[str, ...]:
        return tuple(self._lines)

    async def wait(self) -> None:
        """Wait until there is something to take, or somebody wakes the writer."""
        if self._ready:
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

    # The broadcaster

    def push(self, topic: str, post: Post) -> None:
        """Leave a message; ignored unless the topic is open."""
        line = self._lines.get(topic)
        if line is not None:
            line.push(post)
            if topic not in self._ready:
                self._ready[topic] = line
                self.wake()

    def start(self, topic: str) -> None:
        """Say of an account's topic: from here on all messages come, before this some may have been missed."""
        line = self._lines.get(topic)
        if isinstance(line, PrivateLine):
            line.start()
            self.ready(topic)

    def _leave(self, _: object) -> trio.lowlevel.Abort:
        self._writer = None
        return trio.lowlevel.Abort.SUCCEEDED
