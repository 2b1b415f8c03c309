"""A stream that is read again without a database: what was told so far, a moment later, or not at all."""

from collections.abc import Callable

from actors.backlog import Stretch
from actors.pushes import Gap, Post
from actors.recent_posts import RecentPosts

NO_MEMORY = RecentPosts()


class Journal:
    """Has the messages 1, 2, 3 of a stream, of which some may be lost."""

    def __init__(self, post: Callable[[int], Post], channel: str = "trades:BTC_USDT") -> None:
        self.last = 0
        self.lost: set[int] = set()
        self._post = post
        self._channel = channel

    def append(self) -> Post:
        self.last += 1
        return self._post(self.last)

    def stretch(self, after: int, limit: int) -> Stretch:
        if after >= self.last:
            return Stretch([], self.last, end=True)
        last = min(after + limit, self.last)
        gap = [Post(Gap(self._channel, seq, seq)) if seq in self.lost else None for seq in range(after + 1, last + 1)]
        posts = [told or self._post(seq) for seq, told in enumerate(gap, after + 1)]
        return Stretch(posts, last, end=last == self.last)

    async def read(self, channel: str, after: int, limit: int) -> Stretch:
        assert channel == self._channel
        return self.stretch(after, limit)
