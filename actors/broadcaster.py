"""The broadcaster: tells subscribers what has become durable. It only watches, and nothing waits for it.

offered commit ─┬─> odds ─> cache
                ├─> trades, odds, private messages ────┬─> recent posts
                │                                      ├─> outboxes of those who watch
                └─> level totals, prices, if changed ──┘
missed commits: the same, read from the journal
"""

from collections import defaultdict
from collections.abc import Iterable
from functools import partial
from typing import Any

import structlog
import trio

from actors.core import Actor, Address
from actors.core.mailbox import Letter
from actors.directory import Directory
from actors.market_data import MarketData
from actors.messages import Committed
from actors.odds_quotes import quote_of, remember
from actors.outbox import Outbox
from actors.patience import patiently
from actors.pushes import Odds, Post, Trade
from actors.replay import Replay
from actors.seen import Seen, from_journal, odds_in, offered
from actors.subscriptions import Subscriptions, Unwatch, Watch
from engine.ledger.events import MarketListed
from engine.ledger.page import account_channel
from engine.ledger.records import JournalRecord, OrderRecord
from engine.products import WITH_BOOK
from storage.cache import Cache
from storage.interface import Storage

log = structlog.get_logger()

OFFERS_MAX = 1_000  # commits that wait for the broadcaster; what it is not offered, it reads from the journal
ROWS_MAX = 100  # journal rows read at a time: some hold a thousand events

STREAMS = frozenset({"trades", "odds", "account"})  # the topics that are no states, by their first word


def offer(broadcaster: Address, committed: Committed) -> None:
    """Leave a commit with the broadcaster, unless it is too far behind already."""
    if len(broadcaster.mailbox) < OFFERS_MAX:
        broadcaster.tell(committed)


class Broadcaster(Actor):
    """Follows the journal, commit by commit. `subscriptions` outlives it: a successor goes on where it crashed."""

    BATCH_MAX = 32  # letters; a commit of a thousand events goes to many

    def __init__(
        self,
        address: Address,
        *,
        storage: Storage,
        subscriptions: Subscriptions,
        directory: Directory,
        cache: Cache,
        replay: Replay,
    ) -> None:
        super().__init__(address)
        self._directory = directory
        self._storage = storage
        self._cache = cache
        self._subscriptions = subscriptions
        self._replay = replay
        self._markets: dict[int, MarketData] = {}  # those with a book
        self._by_channel: dict[str, MarketData] = {}
        self._books_at = 0  # the journal row that the market data reflect
        self._agenda: list[Any] = []
        self._offers_dropped = False
        self.handlers = {  # all of it waits for flush: reading what was missed takes time
            Committed: self._agenda.append,
            Watch: self._agenda.append,
            Unwatch: self._agenda.append,
        }

    async def recover(self, failed: list[Letter]) -> None:
        """Load the markets; go on with what the predecessor has not told everybody."""
        await patiently(self._load)
        if self._subscriptions.position is None:
            self._subscriptions.position = self._books_at
        for market in self._markets.values():
            self._show(market)
        self._agenda += [letter.message for letter in failed]
        self._offers_dropped = True  # as far as anybody knows
        await self.flush()

    def begin(self) -> None:
        # An offer is dropped only in front of a full mailbox, and only drains take letters out: so it was full when
        # this batch was drained.
        if len(self.address.mailbox) >= OFFERS_MAX - self.BATCH_MAX:
            self._offers_dropped = True

    async def flush(self) -> None:
        """Do what the letters say, in their order."""
        agenda = list(self._agenda)
        self._agenda.clear()
        for message in agenda:
            if isinstance(message, Committed):
                await self._follow(message)
            elif isinstance(message, Watch):
                self._watch(message)
            else:
                for topic in message.topics:
                    self._subscriptions.remove(topic, message.outbox)
        if self._offers_dropped and not len(self.address.mailbox):
            # Nothing comes behind the last dropped offer, so nothing would show that it is missing.
            self._offers_dropped = False
            await self._catch_up(None)

    # Subscribers

    def _watch(self, watch: Watch) -> None:
        """Let somebody watch; states begin with a snapshot, streams where the line says."""
        outbox: Outbox = watch.outbox
        for topic in watch.topics:
            self._subscriptions.add(topic, outbox)
            kind, _, channel = topic.partition(":")
            market = self._by_channel.get(channel)
            if kind in STREAMS:
                outbox.begin(topic, self._subscriptions.recent, self._replay)
            elif market is not None and (snapshot := market.snapshot(topic)) is not None:
                outbox.push(topic, snapshot)

    def _show(self, market: MarketData) -> None:
        """Give those who watch a market that is new here a snapshot."""
        for topic in (market.book_topic, market.ticker_topic):
            if (snapshot := market.snapshot(topic)) is not None:
                self._subscriptions.push(topic, snapshot)

    # Commits

    async def _follow(self, committed: Committed) -> None:
        """Publish a commit, and before it those that were not offered."""
        position = self._subscriptions.position
        assert position is not None
        sequence = committed.entry.journal.sequence
        if sequence > position + 1:
            await self._catch_up(sequence - 1)
        if sequence > position:
            await self._publish(offered(committed))
            await trio.lowlevel.checkpoint()

    async def _catch_up(self, last: int | None) -> None:
        """Publish from the journal up to the row `last`; None: to its head."""
        while True:
            position = self._subscriptions.position
            assert position is not None
            limit = ROWS_MAX if last is None else min(ROWS_MAX, last - position)
            rows = await patiently(partial(self._storage.reader.journal, position, limit)) if limit else []
            if not rows:
                return
            log.info("broadcaster catches up", rows=len(rows), after=position)
            for row in rows:
                await self._publish(await self._understood(row))
                await trio.lowlevel.checkpoint()

    async def _understood(self, row: JournalRecord) -> Seen:
        """What a row of the journal says, once all markets that it tells of are open."""
        seen = from_journal(row)
        for part in seen.parts:
            for event in part.events:
                if isinstance(event, MarketListed):
                    await self._directory.opened(event.market_id)
        return seen

    async def _publish(self, seen: Seen) -> None:
        """Tell everybody. Cut short by a crash, it is done again: outboxes ignore what they have.

        Odds are in the cache before a subscriber hears of them: who then asks gets nothing older.
        """
        board = list(odds_in(seen.parts, self._directory))
        for odds in board:
            await remember(self._cache, quote_of(odds))
        self._tell_all(seen, board)

    def _tell_all(self, seen: Seen, board: list[Odds]) -> None:
        subscriptions = self._subscriptions
        changed = self._fold(seen) if seen.sequence > self._books_at else ()
        for trade in seen.trades:
            market = self._markets[trade.market_id]
            self._tell(market.trades_topic, trade.number, Post(Trade(market.market, trade)))
        for odds in board:
            self._tell(odds.channel, odds.seq, Post(odds))
        for market in changed:
            for topic, post in market.take_posts():
                subscriptions.push(topic, post)
        for message in seen.messages:
            self._tell(account_channel(message.account_id), message.seq, Post(message))
        for account_id in seen.missed:
            topic = account_channel(account_id)
            subscriptions.recent.forget(topic)
            for outbox in subscriptions.watchers(topic):
                outbox.start(topic)
        subscriptions.position = seen.sequence

    def _tell(self, topic: str, seq: int, post: Post) -> None:
        """Keep a message of a stream, and leave it with everybody who watches."""
        self._subscriptions.recent.keep(topic, seq, post)
        self._subscriptions.push(topic, post)

    def _fold(self, seen: Seen) -> Iterable[MarketData]:
        """Bring the market data to this commit; return those that it touched."""
        touched: dict[int, MarketData] = {}
        for part in seen.parts:
            market = self._markets.get(part.market_id)
            for event in part.events:
                if isinstance(event, MarketListed):
                    self._list(event.market_id)
                elif market is not None:
                    market.fold(event)
                    touched[part.market_id] = market
        self._books_at = seen.sequence
        return touched.values()

    def _list(self, market_id: int) -> None:
        """Open a new market, unless it was in the tables already."""
        market = self._directory.by_id[market_id]
        if market_id not in self._markets and market.product in WITH_BOOK:
            self._open(market_id, MarketData(market, 0, None))
            self._show(self._markets[market_id])

    def _open(self, market_id: int, market: MarketData) -> None:
        self._markets[market_id] = market
        self._by_channel[market.market.channel] = market

    async def _load(self) -> None:
        """Read the tables while commits go on, then bring all of it to one row of the journal.

        What was read stands somewhere between two heads. Events state their effect completely, so folding all rows
        between the two over it brings it to the second.
        """
        reader = self._storage.reader
        before = (await reader.journal_head()).sequence
        orders: defaultdict[int, list[OrderRecord]] = defaultdict(list)
        for order in await reader.open_orders():
            orders[order.market_id].append(order)
        markets = await reader.markets()
        head = (await reader.journal_head()).sequence
        for record in markets:
            market = await self._directory.opened(record.market_id)
            if market.product in WITH_BOOK:
                known = (record.sequence, record.last_price_ticks, orders[record.market_id])
                self._open(record.market_id, MarketData(market, *known))
        self._books_at = before
        while self._books_at < head:
            for row in await reader.journal(self._books_at, min(ROWS_MAX, head - self._books_at)):
                self._fold(await self._understood(row))
        for data in self._markets.values():
            data.settle()
