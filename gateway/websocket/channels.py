"""The channels of one socket: which exist, who may watch them, and which topics of the broadcaster each of them takes.

channel                     topics
trades:MKT                  trades:MKT
book:MKT                    book:MKT
ticker:MKT                  ticker:MKT, trades:MKT     one line each, so a trade comes once
orders, fills, balances     account:ID                 one line, filtered
"""

from actors.core import Address
from actors.directory import Directory
from actors.lines import StateLine, StreamLine
from actors.outbox import Outbox
from actors.private_line import PRIVATE_CHANNELS, PrivateLine
from actors.subscriptions import Unwatch, Watch
from engine.ledger.page import account_channel
from engine.refusals import Refusal
from gateway.answers import Rejected
from gateway.identity.caller import Caller
from gateway.identity.sessions import Unauthorized
from gateway.statuses import Problem
from gateway.websocket.frames import SUBSCRIPTIONS_MAX

MARKET_KINDS = ("trades", "book", "ticker")


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
        self.private = PrivateLine()

    def subscribe(self, channel: str) -> None:
        """Open a channel, for `watch`; who has it already gets a new snapshot. Raises Rejected."""
        topics = self._topics(channel)
        if channel not in self._open and len(self._open) >= SUBSCRIPTIONS_MAX:
            raise Rejected(Problem.TOO_MANY_REQUESTS, f"a connection has at most {SUBSCRIPTIONS_MAX} channels")
        self._open[channel] = topics
        if channel in PRIVATE_CHANNELS:
            self._subscribe_private(channel)
            return
        for topic in topics:
            if topic not in self._outbox:
                self._outbox.open(topic, StreamLine(topic) if topic.startswith("trades:") else StateLine())
        self._to_watch += topics

    def _subscribe_private(self, channel: str) -> None:
        """Open a private channel; the account's stream is watched once for all of them."""
        if self.account_topic in self._outbox:
            self.private.add(channel)
            self._outbox.ready(self.account_topic)
        else:
            self.private = PrivateLine()
            self.private.add(channel)
            self._outbox.open(self.account_topic, self.private)
            self._to_watch.append(self.account_topic)

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
                raise Unauthorized(f"{channel} is private: connect with a token")
            return (self.account_topic,)
        kind, _, name = channel.partition(":")
        if kind not in MARKET_KINDS or name not in self._directory.by_channel:
            raise Rejected(Refusal.NOT_FOUND, "there is no such channel")
        return (channel, f"trades:{name}") if kind == "ticker" else (channel,)
