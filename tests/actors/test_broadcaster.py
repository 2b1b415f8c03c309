"""The broadcaster over a small exchange: what subscribers hear, also when it crashes or is too slow."""

import random
from collections.abc import Callable

import pytest
import trio
import trio.testing

from actors import broadcaster as module
from actors.broadcaster import Broadcaster, offer
from actors.core import Address
from actors.directory import MarketEntry
from actors.exchange import Exchange
from actors.messages import Committed
from actors.private_line import BALANCES, FILLS, ORDERS
from actors.pushes import Book, Private, PrivateSnapshot, Ticker, Trade
from actors.seen import Seen, from_journal, offered
from actors.subscriptions import Subscriptions
from engine.ledger.commands import ListMarket
from engine.ledger.records import Entry
from engine.products import SPOT, write_definition
from engine.refusals import Refused
from engine.spot.symbol import SpotSymbol, make_symbol
from engine.trading.commands import CancelAllOrders, GetDepth, HaltMarket
from storage.interface import DatabaseAway
from storage.memory import MemoryStorage
from tests.actors.exchanges import ALICE, BOB, CAROL, ROOT, deposit, limit, place, small_exchange
from tests.actors.watchers import Watcher

pytestmark = pytest.mark.trio

BTC_USDT = "BTC_USDT"


async def rich(exchange: Exchange, *accounts: int) -> None:
    for account in accounts:
        await deposit(exchange, account, BTC="1000", USDT="1000000")


def market(exchange: Exchange, symbol: str = BTC_USDT) -> MarketEntry:
    found = exchange.directory.find(SPOT, symbol)
    assert found is not None
    return found


async def trade_at_random(exchange: Exchange, dice: random.Random, count: int) -> None:
    for _ in range(count):
        account = dice.choice((ALICE, BOB))
        if dice.random() < 0.1:
            await exchange.accounts.ask(CancelAllOrders(account, SPOT))
        else:
            order = limit(account, dice.choice(("buy", "sell")), str(dice.randint(95, 105)), f"0.{dice.randint(1, 9)}")
            await exchange.accounts.ask(order)


async def shows_the_truth(watcher: Watcher) -> None:
    """What the watcher has been told adds up to what is so."""
    await watcher.read()
    entry = market(watcher.exchange)
    depth = await entry.address.ask(GetDepth(1_000))
    assert watcher.best_first == (depth.bids, depth.asks)
    record = next(m for m in await watcher.exchange.storage.reader.markets() if m.name == BTC_USDT)
    assert watcher.trades == list(range(1, record.trades + 1))
    ticker = watcher.ticker
    assert ticker is not None
    best_bid = depth.bids[0][0] if depth.bids else None
    best_ask = depth.asks[0][0] if depth.asks else None
    assert (ticker.last, ticker.bid, ticker.ask) == (record.last_price_ticks, best_bid, best_ask)


def restarts(exchange: Exchange) -> int:
    return next(report.restarts for report in exchange.supervisor.statistics() if report.name == "broadcaster")


def crash_when(monkeypatch: pytest.MonkeyPatch, unlucky: Callable[[Seen], bool]) -> None:
    """Make a defect: the broadcaster fails, once, right after it has told half of the subscribers of a commit."""
    healthy = Subscriptions.push
    publish = Broadcaster._publish
    armed = [True]
    pushes = [0]

    def push(self: Subscriptions, topic: str, post: object) -> None:
        healthy(self, topic, post)  # type: ignore[arg-type]  # what it was given
        if pushes[0]:
            pushes[0] -= 1
            if not pushes[0]:
                raise ZeroDivisionError("a defect")

    async def publish_and_fail(self: Broadcaster, seen: Seen) -> None:
        if armed[0] and unlucky(seen):
            armed[0] = False
            pushes[0] = 2
        await publish(self, seen)

    monkeypatch.setattr(Subscriptions, "push", push)
    monkeypatch.setattr(Broadcaster, "_publish", publish_and_fail)


def crash_when_watched(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make a defect: the broadcaster fails, once, when somebody wants to watch."""
    healthy = Broadcaster._watch
    armed = [True]

    def watch(self: Broadcaster, message: object) -> None:
        if armed[0]:
            armed[0] = False
            raise ZeroDivisionError("a defect")
        healthy(self, message)  # type: ignore[arg-type]  # what it was given

    monkeypatch.setattr(Broadcaster, "_watch", watch)


class Offers:
    """Loses the ledger's offers, those that the test wants lost."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, loses: Callable[[], bool]) -> None:
        self.loses = loses
        self.lost = 0
        monkeypatch.setattr("actors.exchange.offer", self.offer)

    def offer(self, broadcaster: Address, committed: Committed) -> None:
        if self.loses():
            self.lost += 1
        else:
            offer(broadcaster, committed)


# What is heard


async def test_a_trade_a_book_and_a_ticker() -> None:
    async with small_exchange() as exchange:
        await rich(exchange, ALICE, BOB)
        watcher = Watcher(exchange).watch()
        snapshots = [post.content for post in await watcher.read()]
        btc_usdt = market(exchange)
        assert snapshots == [Book(btc_usdt, 0, None, (), ()), Ticker(btc_usdt, 0, None, None, None, None)]
        await place(exchange, limit(ALICE, "buy", "100", "2"))
        tick, lots = 10_000, 10**8
        assert [post.content for post in await watcher.read()] == [
            Book(btc_usdt, 1, 0, ((tick, 2 * lots),), ()),
            Ticker(btc_usdt, 1, 0, None, tick, None),
        ]
        await place(exchange, limit(BOB, "sell", "100", "0.5"))
        trade, book, ticker = [post.content for post in await watcher.read()]
        assert isinstance(trade, Trade)
        assert (trade.seq, trade.record.price_ticks, trade.record.quantity_lots) == (1, tick, lots // 2)
        assert book == Book(btc_usdt, 3, 1, ((tick, 3 * lots // 2),), ())
        assert ticker == Ticker(btc_usdt, 3, 1, tick, tick, None)


async def test_a_commit_that_changes_nothing_to_be_seen_is_not_sent() -> None:
    """A post-only order that is refused, a halt, an order that finds nobody."""
    async with small_exchange() as exchange:
        await rich(exchange, ALICE)
        watcher = Watcher(exchange).watch()
        await watcher.read()
        await exchange.accounts.ask(HaltMarket(SPOT, BTC_USDT, ROOT))
        assert await watcher.read() == []


async def test_all_that_is_told_adds_up() -> None:
    async with small_exchange() as exchange:
        await rich(exchange, ALICE, BOB)
        eager, lazy = Watcher(exchange).watch(), Watcher(exchange).watch()
        dice = random.Random(1)
        for _ in range(20):
            await trade_at_random(exchange, dice, 10)
            await shows_the_truth(eager)
        await shows_the_truth(lazy)
        assert not eager.gaps
        assert not lazy.gaps


async def test_one_message_is_shared_by_all_who_get_it() -> None:
    async with small_exchange() as exchange:
        await rich(exchange, ALICE)
        one, other = Watcher(exchange).watch(), Watcher(exchange).watch()
        first, second = await one.read(), await other.read()
        assert first[0] is second[0]
        await place(exchange, limit(ALICE, "buy", "100", "2"))
        assert await one.read() == await other.read()


async def test_a_late_subscriber_starts_from_the_present_book() -> None:
    async with small_exchange() as exchange:
        await rich(exchange, ALICE, BOB)
        await trade_at_random(exchange, random.Random(2), 50)
        watcher = Watcher(exchange).watch()
        await watcher.read()
        depth = await market(exchange).address.ask(GetDepth(1_000))
        assert watcher.best_first == (depth.bids, depth.asks)
        await place(exchange, limit(ALICE, "buy", "1", "1"))
        await watcher.read()
        assert watcher.bids[100] == 10**8


async def test_who_has_left_hears_nothing_more() -> None:
    async with small_exchange() as exchange:
        await rich(exchange, ALICE)
        watcher = Watcher(exchange, account_id=ALICE).watch(ORDERS)
        await watcher.read()
        watcher.leave()
        await place(exchange, limit(ALICE, "buy", "100", "2"))
        assert await watcher.read() == []


async def test_a_market_that_is_listed_while_the_exchange_runs() -> None:
    """Watched before it is there, it begins with its empty book."""
    async with small_exchange() as exchange:
        await rich(exchange, ALICE)
        watcher = Watcher(exchange, "BTC_USD").watch()
        assert await watcher.read() == []
        symbol = make_symbol("BTC_USD", tick="0.01", lot="0.01")
        assert isinstance(symbol, SpotSymbol)
        listed = await exchange.accounts.ask(ListMarket(SPOT, "BTC_USD", write_definition(symbol)))
        assert not isinstance(listed, Refused)
        entry = market(exchange, "BTC_USD")
        assert entry.definition == symbol
        assert [post.content for post in await watcher.read()] == [
            Book(entry, 0, None, (), ()),
            Ticker(entry, 0, None, None, None, None),
        ]


async def test_another_start_goes_on_from_the_tables() -> None:
    storage = MemoryStorage()
    async with small_exchange(storage) as exchange:
        await rich(exchange, ALICE, BOB)
        await trade_at_random(exchange, random.Random(3), 50)
    async with small_exchange(storage) as exchange:
        watcher = Watcher(exchange).watch()
        await watcher.read()
        depth = await market(exchange).address.ask(GetDepth(1_000))
        assert watcher.best_first == (depth.bids, depth.asks)


# The private stream


async def test_an_account_hears_of_its_orders_fills_and_balances() -> None:
    async with small_exchange() as exchange:
        await rich(exchange, ALICE, BOB)
        watcher = Watcher(exchange, account_id=ALICE).watch(ORDERS, FILLS, BALANCES)
        snapshots = [p.content for p in await watcher.read() if isinstance(p.content, PrivateSnapshot)]
        assert [(snapshot.channel, snapshot.seq) for snapshot in snapshots] == [(ORDERS, 2), (FILLS, 2), (BALANCES, 2)]
        await place(exchange, limit(ALICE, "buy", "100", "2"))
        await place(exchange, limit(BOB, "sell", "100", "0.5"))
        private = [post.content for post in await watcher.read() if isinstance(post.content, Private)]
        assert [(message.channel, message.seq, message.prev_seq) for message in private] == [
            (ORDERS, 3, 2),  # new
            (BALANCES, 4, 2),  # USDT held
            (FILLS, 5, 2),
            (ORDERS, 6, 3),  # partially filled
            (BALANCES, 7, 4),  # USDT
            (BALANCES, 8, 7),  # BTC
        ]


async def test_an_account_never_hears_of_another() -> None:
    async with small_exchange() as exchange:
        await rich(exchange, ALICE, BOB, CAROL)
        carol = Watcher(exchange, account_id=CAROL).watch(ORDERS, FILLS, BALANCES)
        await carol.read()
        await trade_at_random(exchange, random.Random(4), 50)
        assert not [post for post in await carol.read() if isinstance(post.content, Private)]


# Crashes


@pytest.mark.parametrize("seed", range(3))
async def test_a_crash_is_a_pause_and_nothing_else(monkeypatch: pytest.MonkeyPatch, seed: int) -> None:
    """Half-way through a commit: no trade twice or never, every private message once, a new snapshot of the book."""
    crash_when(monkeypatch, lambda seen: seen.sequence == 40 + seed)
    async with small_exchange() as exchange:
        await rich(exchange, ALICE, BOB)
        watchers = [Watcher(exchange, account_id=ALICE).watch(ORDERS, FILLS, BALANCES) for _ in range(3)]
        for watcher in watchers:
            await watcher.read()
        began = (await exchange.storage.reader.account_snapshot(ALICE)).last_seq
        await trade_at_random(exchange, random.Random(seed), 100)
        for watcher in watchers:
            await shows_the_truth(watcher)
            assert watcher.gaps == []
            assert watcher.snapshots == 2
            last = (await exchange.storage.reader.account_snapshot(ALICE)).last_seq
            assert watcher.private_seqs == list(range(began + 1, last + 1)), seed
        assert restarts(exchange) == 1


async def test_a_subscription_that_was_in_the_failed_batch_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    crash_when_watched(monkeypatch)
    async with small_exchange() as exchange:
        await rich(exchange, ALICE, BOB)
        watcher = Watcher(exchange).watch()
        await trade_at_random(exchange, random.Random(5), 20)
        await watcher.read()
        assert restarts(exchange) == 1
        assert watcher.snapshots == 1


async def test_a_market_is_read_before_the_ledger_has_opened_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its row is committed a moment before the others hear of it: who reads it then waits that long."""
    storage = MemoryStorage()
    healthy = storage.writer.commit
    async with small_exchange(storage) as exchange, trio.open_nursery() as nursery:

        async def commit(entry: Entry) -> None:
            await healthy(entry)
            await trio.sleep(0.1)

        monkeypatch.setattr(storage.writer, "commit", commit)
        symbol = make_symbol("BTC_USD", tick="0.01", lot="0.01")
        assert isinstance(symbol, SpotSymbol)
        nursery.start_soon(exchange.accounts.ask, ListMarket(SPOT, "BTC_USD", write_definition(symbol)))
        await trio.testing.wait_all_tasks_blocked()
        assert exchange.directory.find(SPOT, "BTC_USD") is None
        assert "BTC_USD" in {record.name for record in await storage.reader.markets()}
        crash_when_watched(monkeypatch)
        watcher = Watcher(exchange, "BTC_USD").watch()
        await trio.sleep(0.2)
        entry = market(exchange, "BTC_USD")
        assert [post.content for post in await watcher.read()] == [
            Book(entry, 0, None, (), ()),
            Ticker(entry, 0, None, None, None, None),
        ]
        assert restarts(exchange) == 1


async def test_it_recovers_while_commits_go_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """The tables are read one by one, and each shows a later moment than the one before."""
    crash_when(monkeypatch, lambda seen: seen.sequence == 40)
    async with small_exchange() as exchange:
        await rich(exchange, ALICE, BOB)
        dice = random.Random(6)
        reader = exchange.storage.reader
        for name in ("open_orders", "markets", "journal_head"):
            healthy = getattr(reader, name)

            async def slow(*arguments: object, healthy: Callable[..., object] = healthy) -> object:
                await trade_at_random(exchange, dice, 5)
                found = await healthy(*arguments)  # type: ignore[misc]  # it is one of the reader's
                await trade_at_random(exchange, dice, 5)
                return found

            monkeypatch.setattr(reader, name, slow)
        watcher = Watcher(exchange, account_id=ALICE).watch(ORDERS, FILLS, BALANCES)
        await watcher.read()
        await trade_at_random(exchange, dice, 60)
        await watcher.read()
        monkeypatch.undo()
        await shows_the_truth(watcher)
        assert restarts(exchange) == 1
        assert watcher.gaps == []


# Too slow for the ledger


async def test_what_was_not_offered_is_read_from_the_journal(monkeypatch: pytest.MonkeyPatch) -> None:
    """Trades by the broadcaster, an account's messages by its subscribers: nobody is told a gap."""
    dice = random.Random(7)
    offers = Offers(monkeypatch, lambda: False)
    async with small_exchange() as exchange:
        await rich(exchange, ALICE, BOB)
        watcher = Watcher(exchange, account_id=ALICE).watch(ORDERS, FILLS, BALANCES)
        await watcher.read()
        offers.loses = lambda: dice.random() < 0.5
        await trade_at_random(exchange, dice, 100)
        offers.loses = lambda: False
        await place(exchange, limit(ALICE, "buy", "1", "1"))
        await shows_the_truth(watcher)
        assert offers.lost > 20
        assert watcher.gaps == []
        last = (await exchange.storage.reader.account_snapshot(ALICE)).last_seq
        assert watcher.private_seqs == list(range(3, last + 1))


async def test_a_last_commit_that_was_not_offered_is_not_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing comes behind it that would show it missing, but the mailbox was full."""
    monkeypatch.setattr(module, "OFFERS_MAX", 3)
    monkeypatch.setattr(Broadcaster, "BATCH_MAX", 1)
    follow = Broadcaster._follow
    async with small_exchange() as exchange:
        await rich(exchange, ALICE, BOB)
        watcher = Watcher(exchange).watch()
        await watcher.read()
        dice = random.Random(8)

        async def follow_slowly(self: Broadcaster, committed: Committed) -> None:
            monkeypatch.setattr(Broadcaster, "_follow", follow)
            await trade_at_random(exchange, dice, 30)
            await follow(self, committed)

        monkeypatch.setattr(Broadcaster, "_follow", follow_slowly)
        await trade_at_random(exchange, dice, 1)
        await shows_the_truth(watcher)
        assert not watcher.gaps


async def test_it_waits_for_a_database_that_is_away(monkeypatch: pytest.MonkeyPatch, autojump_clock: object) -> None:
    offers = Offers(monkeypatch, lambda: False)
    async with small_exchange() as exchange:
        await rich(exchange, ALICE, BOB)
        watcher = Watcher(exchange).watch()
        await watcher.read()
        reader = exchange.storage.reader
        healthy = reader.journal
        tries = [3]

        async def journal(after: int, count: int) -> object:
            if tries[0]:
                tries[0] -= 1
                raise DatabaseAway
            return await healthy(after, count)

        monkeypatch.setattr(reader, "journal", journal)
        offers.loses = lambda: True
        await trade_at_random(exchange, random.Random(9), 10)
        offers.loses = lambda: False
        await place(exchange, limit(ALICE, "buy", "1", "1"))
        await shows_the_truth(watcher)
        assert tries == [0]


async def test_a_row_of_the_journal_says_what_its_offer_said() -> None:
    seen: list[Seen] = []
    storage = MemoryStorage()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("actors.exchange.offer", lambda _, committed: seen.append(offered(committed)))
        async with small_exchange(storage) as exchange:
            await rich(exchange, ALICE, BOB)
            await trade_at_random(exchange, random.Random(10), 50)
    rows = [from_journal(row) for row in await storage.reader.journal(0, 1_000)]
    assert len(rows) == len(seen)
    for row, original in zip(rows, seen, strict=True):
        assert (row.sequence, row.parts, row.trades) == (original.sequence, original.parts, original.trades)
        assert {message.account_id for message in original.messages} <= set(row.missed)
    assert any(row.trades for row in rows)
