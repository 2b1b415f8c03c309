"""The channels of one socket: which exist, who may watch them, and which topics of the broadcaster each of them takes.

channel                     topics
trades:MKT, odds:MKT        the same
book:MKT                    book:MKT
ticker:MKT                  ticker:MKT, trades:MKT     one line each, so a trade comes once
orders, fills, balances     account:ID                 one line, filtered

Trades, odds and one's own channels are streams: they can be resumed from a number.
"""

from actors.core import Address
from actors.directory import Directory
from actors.lines import StateLine, StreamLine
from actors.outbox import Outbox
from actors.private_line import PRIVATE_CHANNELS, PrivateLine
from actors.subscriptions import Unwatch, Watch
from engine.ledger.page import account_channel
from engine.products import BETTING, WITH_BOOK
from engine.refusals import Refusal
from gateway.answers import Rejected
from gateway.identity.caller import Caller
from gateway.identity.refusals import not_for_visitors
from gateway.statuses import Problem
from gateway.websocket.frames import SUBSCRIPTIONS_MAX

KINDS = {**dict.fromkeys(WITH_BOOK, ("trades", "book", "ticker")), BETTING: ("odds",)}  # of channels, by product


class Channels:
    """What one client has subscribed to; the lines are in its outbox."""

    def __init__(self, outbox: Outbox, broadcaster: Address, directory: Directory, caller: Caller) -> None:
        self._outbox = outbox
        self._broadcaster = broadcaster
        self._directory = directory
        self._caller = caller
        self._open: dict[str, tuple[str, ...]] = {}  # channel: its topics
        self._to_watch: list[str] = []
        self.account_topic = account_channel(caller.user_id)
        self.private = PrivateLine(self.account_topic)

    def __len__(self) -> int:
        return len(self._open)

    def __contains__(self, channel: str) -> bool:
        return channel in self._open

    def wants(self, channel: str) -> bool:
        """Whether messages of this channel are still to be sent: it is open, or another one brings them too."""
        return channel in self._open or any(channel in topics for topics in self._open.values())

    def subscribe(self, channel: str, after: int | None = None) -> None:
        """Open a channel, for `watch`: with what comes now, or with all that came after a number. Raises Rejected.

        Who has it already gets a new snapshot, or what came after the number.
        """
        topics = self._topics(channel)
        if after is not None and not _is_stream(channel):
            raise Rejected(Refusal.MALFORMED, f"{channel[:64]} is no stream: subscribe to it, and it begins anew")
        if channel not in self._open and len(self._open) >= SUBSCRIPTIONS_MAX:
            raise Rejected(Problem.TOO_MANY_REQUESTS, f"a connection has at most {SUBSCRIPTIONS_MAX} channels")
        self._open[channel] = topics
        if channel in PRIVATE_CHANNELS:
            self._subscribe_private(channel, after)
            return
        for topic in topics:
            if topic not in self._outbox:
                self._outbox.open(topic, StreamLine(topic) if _is_stream(topic) else StateLine())
        if after is not None:
            line = self._outbox.line(channel)
            assert isinstance(line, StreamLine)
            line.resume(after)
        self._to_watch += topics

    def _subscribe_private(self, channel: str, after: int | None) -> None:
        """Open a private channel; the account's stream is watched once for all of them."""
        is_new = self.account_topic not in self._outbox
        if is_new:
            self.private = PrivateLine(self.account_topic)
            self._outbox.open(self.account_topic, self.private)
        if after is None:
            self.private.add(channel)
        else:
            self.private.resume(channel, after)
        if is_new or after is not None:
            self._to_watch.append(self.account_topic)
        else:
            self._outbox.ready(self.account_topic)

    def watch(self) -> None:
        """Have what was subscribed filled: one letter for all, so that many channels do not crowd out commits."""
        if self._to_watch:
            self._broadcaster.tell(Watch(self._outbox, tuple(dict.fromkeys(self._to_watch))))
            self._to_watch.clear()

    def unsubscribe(self, channel: str) -> None:
        """Close a channel; from here on nothing comes of it. Raises Rejected if it is not open."""
        topics = self._open.pop(channel, None)
        if topics is None:
            raise Rejected(Refusal.NOT_FOUND, "this channel is not subscribed")
        if channel in PRIVATE_CHANNELS:
            self.private.remove(channel)
        still = {topic for others in self._open.values() for topic in others}
        gone = tuple(topic for topic in topics if topic not in still)
        for topic in gone:
            self._outbox.close(topic)
        if gone:
            self._broadcaster.tell(Unwatch(self._outbox, gone))

    def leave(self) -> None:
        """Close all of them."""
        if self._outbox.topics:
            self._broadcaster.tell(Unwatch(self._outbox, self._outbox.topics))

    def _topics(self, channel: str) -> tuple[str, ...]:
        if channel in PRIVATE_CHANNELS:
            if self._caller.is_visitor:
                raise not_for_visitors(self._caller, f"{channel} is private")
            return (self.account_topic,)
        kind, _, name = channel.partition(":")
        market = self._directory.by_channel.get(name)
        if market is None or kind not in KINDS.get(market.product, ()):
            raise Rejected(Refusal.NOT_FOUND, "there is no such channel")
        return (channel, f"trades:{name}") if kind == "ticker" else (channel,)


def _is_stream(name: str) -> bool:
    """Whether a channel or a topic has each message once, rather than the last state."""
    return name in PRIVATE_CHANNELS or name.startswith(("trades:", "odds:"))
