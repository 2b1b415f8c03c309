"""The matches that one socket follows: which they are, and how each of them begins.

subscribe    waits ── its newest message is looked up ── begin ─┐
resume       ───────────────────────────────────────────────────┴─> a line behind a number ── watch ──> broadcaster

Who subscribes gets the newest message first, and then all that came after its number: there is nothing between the two
that could be missed or come twice, whatever happens while it is looked up.
"""

from actors.directory import MarketEntry
from actors.lines import StreamLine
from actors.odds_quotes import OddsQuote
from actors.outbox import Outbox
from actors.subscriptions import Unwatch, Watch
from engine.betting.bookkeeping import odds_channel
from gateway.answers import Rejected
from gateway.context import Gateway
from gateway.odds_socket.frames import MARKETS_MAX
from gateway.rest.betting.quotes import find_match
from gateway.statuses import Problem

WATCHED_AT_ONCE = 100  # matches in a letter to the broadcaster: many letters would crowd out commits, and none delay


class Markets:
    """Their lines are in the outbox."""

    def __init__(self, gateway: Gateway, outbox: Outbox) -> None:
        self._gateway = gateway
        self._outbox = outbox
        self._broadcaster = gateway.exchange.broadcaster
        self._open: dict[int, MarketEntry] = {}
        self._waiting: dict[int, MarketEntry] = {}  # those that have not begun
        self._to_watch: dict[str, None] = {}  # topics that have begun
        self._watched: set[str] = set()  # those that the broadcaster was told of, and not yet told to forget

    def __len__(self) -> int:
        return len(self._open)

    def __contains__(self, market_id: int) -> bool:
        return market_id in self._open

    @property
    def ids(self) -> list[int]:
        return list(self._open)

    # What the client asks for

    def subscribe(self, market_id: int) -> None:
        """Follow a match from its newest message on; who does already begins anew. Raises Rejected."""
        market = self._add(market_id)
        topic = odds_channel(market.channel)
        self._to_watch.pop(topic, None)  # its line is closed until it begins
        self._outbox.close(topic)
        self._waiting[market_id] = market

    def resume(self, market_id: int, after: int) -> None:
        """Follow a match from behind a number. Raises Rejected."""
        market = self._add(market_id)
        self._waiting.pop(market_id, None)
        self._follow(market, after)

    def unsubscribe(self, market_id: int) -> None:
        """Follow a match no more; nothing comes of it from here on. Raises Rejected if there is no such match."""
        topic = odds_channel(find_match(self._gateway, market_id).channel)
        if self._open.pop(market_id, None) is not None:
            self._waiting.pop(market_id, None)
            self._to_watch.pop(topic, None)  # a Watch that came behind its Unwatch would stand for ever
            self._outbox.close(topic)
            if topic in self._watched:
                self._watched.remove(topic)
                self._broadcaster.tell(Unwatch(self._outbox, (topic,)))

    def leave(self) -> None:
        """Follow none."""
        if self._watched:
            self._broadcaster.tell(Unwatch(self._outbox, tuple(self._watched)))
            self._watched.clear()

    def _add(self, market_id: int) -> MarketEntry:
        market = find_match(self._gateway, market_id)
        if market_id not in self._open and len(self._open) >= MARKETS_MAX:
            raise Rejected(Problem.TOO_MANY_REQUESTS, f"a connection follows at most {MARKETS_MAX} markets")
        self._open[market_id] = market
        return market

    # How they begin

    @property
    def next_waiting(self) -> MarketEntry | None:
        """A match whose newest message is to be looked up, for `begin`."""
        return next(iter(self._waiting.values()), None)

    def begin(self, newest: OddsQuote) -> bool:
        """Go on behind this message, which the client is sent first; False if he does not want it any more."""
        market = self._waiting.pop(newest.market_id, None)
        if market is None:
            return False
        self._follow(market, newest.standing.number)
        return True

    def _follow(self, market: MarketEntry, after: int) -> None:
        topic = odds_channel(market.channel)
        line = StreamLine(topic)
        line.resume(after)
        self._outbox.close(topic)
        self._outbox.open(topic, line)
        self._to_watch[topic] = None

    @property
    def unwatched(self) -> int:
        """How many have begun, and wait for `watch`."""
        return len(self._to_watch)

    def watch(self) -> None:
        """Have what comes put into their lines."""
        if self._to_watch:
            self._broadcaster.tell(Watch(self._outbox, tuple(self._to_watch)))
            self._watched |= self._to_watch.keys()
            self._to_watch.clear()
