"""A subscriber without a socket, who believes the numbers of what is sent and keeps a book of it."""

import trio
import trio.testing

from actors.broadcaster import Broadcaster
from actors.exchange import Exchange
from actors.ledger import Ledger
from actors.levels import Level
from actors.lines import Line, StateLine, StreamLine
from actors.outbox import Outbox
from actors.private_line import PrivateLine
from actors.pushes import Book, Gap, Post, Private, PrivateSnapshot, Ticker, Trade
from actors.subscriptions import Unwatch, Watch
from engine.ledger.page import account_channel

PATIENCE_S = 5.0  # what takes longer hangs


class Watcher:
    """Watches one symbol and, if told so, one account; fails when a message does not follow the one before."""

    def __init__(self, exchange: Exchange, symbol: str = "BTC_USDT", account_id: int | None = None) -> None:
        self.exchange = exchange
        self.outbox = Outbox()
        self.trade_line = StreamLine(f"trades:{symbol}")
        self.lines: dict[str, Line] = {
            f"trades:{symbol}": self.trade_line,
            f"book:{symbol}": StateLine(),
            f"ticker:{symbol}": StateLine(),
        }
        self.account_id = account_id
        self.private = PrivateLine(account_channel(account_id or 0))
        if account_id is not None:
            self.lines[account_channel(account_id)] = self.private
        self.bids: dict[int, int] = {}
        self.asks: dict[int, int] = {}
        self.ticker: Ticker | None = None
        self.trades: list[int] = []
        self.gaps: list[Gap] = []
        self.private_seqs: list[int] = []
        self.refused: dict[str, int] = {}  # channels that were resumed from a number that their stream does not have
        self.snapshots = 0  # of the book
        self._seqs: dict[str, int] = {}

    def watch(self, *channels: str) -> "Watcher":
        for channel in channels:
            self.private.add(channel)
        return self._tell_broadcaster()

    def resume(self, trades: int | None = None, **channels: int) -> "Watcher":
        """Watch from behind numbers; or go back to them, for who watches already."""
        if trades is not None:
            self.trade_line.resume(trades)
            self._seqs["trades"] = trades
        for channel, after in channels.items():
            self.private.resume(channel, after)
            self._seqs[channel] = after
        return self._tell_broadcaster()

    def _tell_broadcaster(self) -> "Watcher":
        for topic, line in self.lines.items():
            self.outbox.open(topic, line)
        self.exchange.broadcaster.tell(Watch(self.outbox, tuple(self.lines)))
        return self

    def leave(self) -> None:
        self.exchange.broadcaster.tell(Unwatch(self.outbox, tuple(self.lines)))

    async def read(self) -> list[Post]:
        """Take what has come when all is quiet, and fetch the snapshots that are missing."""
        read: list[Post] = []
        while True:
            await self._broadcaster_is_idle()
            posts, needy = self.outbox.take()
            for post in posts:
                self._follow(post)
            read += posts
            reading = self.outbox.next_reading()
            if reading is not None:
                self.refused |= await self.outbox.read(reading)
            elif not posts and not needy:
                return read
            for topic in needy:
                if topic.startswith("account:"):
                    assert self.account_id is not None
                    begun = self.private.begin_snapshot()
                    self.private.release(begun, await self.exchange.storage.reader.account_snapshot(self.account_id))
                    self.outbox.ready(topic)
                else:
                    self.exchange.broadcaster.tell(Watch(self.outbox, (topic,)))

    async def _broadcaster_is_idle(self) -> None:
        """Wait until it has told everybody of the last commit, and done all that was left with it."""
        actors = {name: child.actor for name, child in self.exchange.supervisor._children.items()}
        ledger = actors["ledger"]
        assert isinstance(ledger, Ledger)
        with trio.fail_after(PATIENCE_S):
            while True:
                await trio.testing.wait_all_tasks_blocked()
                broadcaster = self.exchange.supervisor._children["broadcaster"].actor
                assert isinstance(broadcaster, Broadcaster)
                if (
                    broadcaster._subscriptions.position == ledger._books.journal_sequence
                    and not len(broadcaster.address.mailbox)
                    and not broadcaster._agenda
                ):
                    return
                await trio.sleep(0.01)

    def _follow(self, post: Post) -> None:
        message = post.content
        if isinstance(message, Gap):
            self.gaps.append(message)
            self._seqs[message.channel.partition(":")[0]] = message.last
        elif isinstance(message, Trade):
            assert message.seq == self._seqs.get("trades", message.seq - 1) + 1
            self._seqs["trades"] = message.seq
            self.trades.append(message.seq)
        elif isinstance(message, Book):
            self._follow_book(message)
        elif isinstance(message, Ticker):
            assert message.prev_seq in (None, self._seqs.get("ticker"))
            self._seqs["ticker"] = message.seq
            self.ticker = message
        elif isinstance(message, PrivateSnapshot):
            self._seqs[message.channel] = message.seq
        elif isinstance(message, Private):
            assert message.prev_seq == self._seqs[message.channel]
            self._seqs[message.channel] = message.seq
            self.private_seqs.append(message.seq)

    def _follow_book(self, book: Book) -> None:
        if book.prev_seq is None:
            self.snapshots += 1
            self.bids.clear()
            self.asks.clear()
        else:
            assert book.prev_seq == self._seqs["book"]
        self._seqs["book"] = book.seq
        for side, levels in ((self.bids, book.bids), (self.asks, book.asks)):
            for price, lots in levels:
                side[price] = lots
                if not lots:
                    del side[price]

    @property
    def best_first(self) -> tuple[tuple[Level, ...], tuple[Level, ...]]:
        return tuple(sorted(self.bids.items(), reverse=True)), tuple(sorted(self.asks.items()))
