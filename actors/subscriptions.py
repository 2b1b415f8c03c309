"""Who watches what. It outlives a crash of the broadcaster, as the subscribers do: they notice nothing but a pause.

topic            what is pushed
trades:MKT       Trade
odds:MKT         Odds
book:MKT         Book
ticker:MKT       Ticker
account:ID       PrivateMessage
"""

from collections.abc import Iterable
from typing import Any

from actors.outbox import Outbox
from actors.pushes import Post
from actors.recent_posts import RecentPosts
from engine.messages import Fact


class Watch(Fact, frozen=True):
    """Fill these topics of an outbox from now on; they are open there already."""

    outbox: Any  # an Outbox; msgspec need not know the class
    topics: tuple[str, ...]


class Unwatch(Fact, frozen=True):
    """Don't any more."""

    outbox: Any
    topics: tuple[str, ...]


class Subscriptions:
    """The outboxes of each topic, up to which journal row they know everything, and what they were told last."""

    def __init__(self) -> None:
        self.position: int | None = None  # None before the first broadcaster has recovered
        self.recent = RecentPosts()  # of streams
        self._watchers: dict[str, dict[Outbox, None]] = {}

    def add(self, topic: str, outbox: Outbox) -> None:
        self._watchers.setdefault(topic, {})[outbox] = None

    def remove(self, topic: str, outbox: Outbox) -> None:
        watchers = self._watchers.get(topic, {})
        watchers.pop(outbox, None)
        if not watchers:
            self._watchers.pop(topic, None)

    def watchers(self, topic: str) -> Iterable[Outbox]:
        return self._watchers.get(topic, ())

    def push(self, topic: str, post: Post) -> None:
        """Leave a message with everybody who watches."""
        for outbox in self._watchers.get(topic, ()):
            outbox.push(topic, post)
