"""What a subscriber lacks who resumes a stream from a number: the messages between that number and the present.

    number named ── read again, page by page ──> meets ──> what came meanwhile ──> the present
                    (memory, else the journal)             (held here)

Whoever drains the line has the pages read; what comes meanwhile waits, or is read again with the rest.
"""

from typing import Protocol

import msgspec

from actors.pushes import Gap, Post
from actors.recent_posts import RecentPosts

# Messages of one stream: a page that is read again, and what is held meanwhile. Together they are less than what may
# wait in a line, so that who has just caught up is not told a gap for it.
PAGE_MAX = 250
HELD_MAX = 500


class Stretch(msgspec.Struct, frozen=True):
    """Messages of a stream, read again: all after the number that was asked for, up to `last`.

    A Gap among them names what can't be told again. `end`: there was nothing more; a `last` below the number that was
    asked for says that the stream has no such number.
    """

    posts: list[Post]
    last: int
    end: bool


class Pages(Protocol):
    """Where streams are read again."""

    async def read(self, channel: str, after: int, limit: int) -> Stretch:
        """The messages after a number, at most `limit` of them. Raises DatabaseAway."""


class Reading(msgspec.Struct, frozen=True):
    """A page that is to be read, and how things stood when that was decided."""

    backlog: "Backlog"
    pages: Pages
    after: int
    held_after: int | None
    losses: int


class Backlog:
    """One line's; `named` is the number that its subscriber has, the highest one if several channels share it."""

    def __init__(self, topic: str, after: int, named: int, pages: Pages | None = None) -> None:
        self.topic = topic
        self.after = after  # all up to here has been read
        self.named = named
        self.met = False  # what was read has reached what came meanwhile: there is no backlog any more
        self._pages = pages
        self._held: list[Post] = []
        self._held_after: int | None = None  # all after this number that came is held; None: nothing has come
        self._came: int | None = None  # the last number that did
        self._losses = 0

    def begin(self, recent: RecentPosts, pages: Pages) -> list[Post]:
        """From here on all that comes is offered to `hold`. Return what is lacking, if memory has it."""
        self._pages = pages
        posts = recent.after(self.topic, self.after, HELD_MAX)
        if posts is None or self.after + len(posts) < self.named:
            return []
        self.after += len(posts)
        self.met = True
        return posts

    def hold(self, seq: int, post: Post | None) -> None:
        """Keep what comes meanwhile; None: it is for others, but its number counts.

        What is too much is dropped: it will be read again.
        """
        if self._came is not None and seq <= self._came:
            return
        if self._came is None or seq > self._came + 1 or len(self._held) == HELD_MAX:
            self._held.clear()
            self._held_after = seq - 1
        self._came = seq
        if post is not None:
            self._held.append(post)

    @property
    def present(self) -> int:
        """The stream's last number, once the backlog has met it."""
        return max(self.after, self._came or 0)

    def lose(self) -> None:
        """Something may not have come: what is held now leads nowhere."""
        self._held.clear()
        self._held_after = self._came = None
        self._losses += 1

    def next_reading(self) -> Reading | None:
        """What to read next; None before the pages are known."""
        if self._pages is None:
            return None
        return Reading(self, self._pages, self.after, self._held_after, self._losses)

    def wants(self, reading: Reading) -> bool:
        """Whether what was read is the next page of this backlog, and not of one before it."""
        return reading.backlog is self and reading.after == self.after

    def feed(self, reading: Reading, stretch: Stretch) -> list[Post]:
        """Take in what was read; return what is to be sent, in order."""
        posts = list(stretch.posts)
        self.after = stretch.last
        at_end = stretch.end and reading.losses == self._losses
        held_after = self._held_after
        if held_after is None:
            self.met = at_end
        else:
            if at_end and self.after < held_after == reading.held_after:
                # All up to what is held was durable before the journal was read to its end, and it is not there.
                posts.append(Post(Gap(self.topic, self.after + 1, held_after)))
                self.after = held_after
            self.met = self.after >= held_after and (at_end or self.after >= self.named)
        if self.met:
            posts += [post for post in self._held if post.content.seq > self.after]
        return posts
