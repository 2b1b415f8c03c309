"""Subscribers who come back with a number: from memory, from the journal, across restarts, whatever else happens."""

import random
from collections.abc import Callable

import pytest

from actors.broadcaster import Broadcaster
from actors.exchange import Exchange
from actors.private_line import BALANCES, FILLS, ORDERS
from actors.pushes import Post, Private, PrivateSnapshot, Trade
from actors.recent_posts import RecentPosts
from actors.replay import Replay
from actors.subscriptions import Subscriptions
from engine.ledger.page import account_channel
from engine.ledger.records import TradeRecord
from storage.interface import DatabaseAway
from storage.memory import MemoryStorage
from tests.actors.exchanges import ALICE, BOB, limit, place, small_exchange
from tests.actors.test_broadcaster import (
    Offers,
    crash_when,
    crash_when_watched,
    restarts,
    rich,
    shows_the_truth,
    trade_at_random,
)
from tests.actors.watchers import Watcher

pytestmark = pytest.mark.trio

TRADES = "trades:BTC_USDT"


def private_of(after: int) -> dict[str, int]:
    return {ORDERS: after, FILLS: after, BALANCES: after}


async def last_of(exchange: Exchange, channel: str = account_channel(ALICE)) -> int:
    return await exchange.storage.reader.stream_number(channel)


async def hears_everything(watcher: Watcher, trades_after: int = 0, private_after: int = 0) -> None:
    """Every trade and every private message behind these numbers, once, in order; no gap, no snapshot."""
    posts = await watcher.read()
    assert not [post for post in posts if isinstance(post.content, PrivateSnapshot)]
    last_trade, last_message = await last_of(watcher.exchange, TRADES), await last_of(watcher.exchange)
    assert watcher.trades == list(range(trades_after + 1, last_trade + 1))
    assert watcher.private_seqs == list(range(private_after + 1, last_message + 1))
    assert watcher.gaps == []
    assert watcher.refused == {}


def forget_everything(exchange: Exchange) -> None:
    """Have nothing in memory, as after a restart."""
    broadcaster = exchange.supervisor._children["broadcaster"].actor
    assert isinstance(broadcaster, Broadcaster)
    broadcaster._subscriptions.recent = RecentPosts()


async def no_read(*_: object) -> object:
    raise AssertionError("the database was asked")


async def test_a_short_absence_is_served_from_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    async with small_exchange() as exchange:
        await rich(exchange, ALICE, BOB)
        await trade_at_random(exchange, random.Random(1), 30)
        trades, messages = await last_of(exchange, TRADES), await last_of(exchange)
        assert trades
        await trade_at_random(exchange, random.Random(2), 30)
        monkeypatch.setattr(exchange.storage.reader, "channel_rows", no_read)
        watcher = Watcher(exchange, account_id=ALICE).resume(trades, **private_of(messages))
        await hears_everything(watcher, trades, messages)
        await trade_at_random(exchange, random.Random(3), 30)
        await hears_everything(watcher, trades, messages)


@pytest.mark.parametrize("seed", range(3))
async def test_across_a_restart_it_is_read_from_the_journal(seed: int) -> None:
    storage, dice = MemoryStorage(), random.Random(seed)
    async with small_exchange(storage) as exchange:
        await rich(exchange, ALICE, BOB)
        await trade_at_random(exchange, dice, 200)
    async with small_exchange(storage) as exchange:
        trades = dice.randint(0, await last_of(exchange, TRADES))
        messages = dice.randint(0, await last_of(exchange))
        watcher = Watcher(exchange, account_id=ALICE).resume(trades, **private_of(messages))
        await trade_at_random(exchange, dice, 50)
        await hears_everything(watcher, trades, messages)
        await trade_at_random(exchange, dice, 50)
        await hears_everything(watcher, trades, messages)


async def test_what_is_told_again_is_what_was_told_the_first_time() -> None:
    storage, dice = MemoryStorage(), random.Random(4)
    async with small_exchange(storage) as exchange:
        watcher = Watcher(exchange, account_id=ALICE).resume(0, **private_of(0))
        await rich(exchange, ALICE, BOB)
        await trade_at_random(exchange, dice, 200)
        told = contents(await watcher.read())
    async with small_exchange(storage) as exchange:
        watcher = Watcher(exchange, account_id=ALICE).resume(0, **private_of(0))
        told_again = contents(await watcher.read())
    for kind in (TradeRecord, Private):
        assert [x for x in told_again if isinstance(x, kind)] == [x for x in told if isinstance(x, kind)] != []


def contents(posts: list[Post]) -> list[object]:
    """What was told; a market is another object after a restart, so a trade is its record."""
    return [post.content.record if isinstance(post.content, Trade) else post.content for post in posts]


async def test_commits_go_on_while_somebody_catches_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """More than is held meanwhile, so that it is read again too."""
    monkeypatch.setattr("actors.backlog.HELD_MAX", 20)
    monkeypatch.setattr("actors.outbox.PAGE_MAX", 40)
    storage, dice = MemoryStorage(), random.Random(5)
    async with small_exchange(storage) as exchange:
        await rich(exchange, ALICE, BOB)
        await trade_at_random(exchange, dice, 150)
    async with small_exchange(storage) as exchange:
        healthy = exchange.storage.reader.channel_rows
        slow = 8

        async def slowly(*arguments: object) -> object:
            nonlocal slow
            rows = await healthy(*arguments)  # type: ignore[arg-type]  # what the reader was asked
            if slow:
                slow -= 1
                await trade_at_random(exchange, dice, 20)
            return rows

        monkeypatch.setattr(exchange.storage.reader, "channel_rows", slowly)
        watcher = Watcher(exchange, account_id=ALICE).resume(0, **private_of(0))
        await hears_everything(watcher)
        assert not slow


@pytest.mark.parametrize("seed", range(3))
async def test_the_broadcaster_crashes_while_somebody_catches_up(monkeypatch: pytest.MonkeyPatch, seed: int) -> None:
    storage, dice = MemoryStorage(), random.Random(seed)
    async with small_exchange(storage) as exchange:
        await rich(exchange, ALICE, BOB)
        await trade_at_random(exchange, dice, 100)
        last = (await storage.reader.journal_head()).sequence
    crash_when(monkeypatch, lambda seen: seen.sequence == last + 10 + seed)
    async with small_exchange(storage) as exchange:
        healthy = Replay.read
        busy = True

        async def read(self: Replay, *arguments: object) -> object:
            nonlocal busy
            stretch = await healthy(self, *arguments)  # type: ignore[arg-type]  # what it was asked
            if busy:
                busy = False
                await trade_at_random(exchange, dice, 30)
            return stretch

        monkeypatch.setattr(Replay, "read", read)
        watcher = Watcher(exchange, account_id=ALICE).resume(0, **private_of(0))
        await hears_everything(watcher)
        assert restarts(exchange) == 1


async def test_the_broadcaster_crashes_with_the_subscription_in_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    crash_when_watched(monkeypatch)
    async with small_exchange() as exchange:
        await rich(exchange, ALICE, BOB)
        await trade_at_random(exchange, random.Random(6), 20)
        watcher = Watcher(exchange, account_id=ALICE).resume(0, **private_of(0))
        await trade_at_random(exchange, random.Random(7), 20)
        await hears_everything(watcher)
        assert restarts(exchange) == 1


async def test_the_broadcaster_crashes_after_it_has_begun_to_watch(monkeypatch: pytest.MonkeyPatch) -> None:
    """The subscription is there already when the letter is read again."""
    healthy = Subscriptions.add
    armed = [True]

    def add(self: Subscriptions, topic: str, outbox: object) -> None:
        healthy(self, topic, outbox)  # type: ignore[arg-type]  # what it was given
        if armed[0] and topic.startswith("account:"):
            armed[0] = False
            raise ZeroDivisionError("a defect")

    monkeypatch.setattr(Subscriptions, "add", add)
    async with small_exchange() as exchange:
        await rich(exchange, ALICE, BOB)
        await trade_at_random(exchange, random.Random(6), 20)
        watcher = Watcher(exchange, account_id=ALICE).resume(0, **private_of(0))
        await trade_at_random(exchange, random.Random(7), 20)
        await hears_everything(watcher)
        assert restarts(exchange) == 1


async def test_what_the_broadcaster_is_not_offered_is_no_gap_for_who_catches_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    dice = random.Random(8)
    offers = Offers(monkeypatch, lambda: False)
    async with small_exchange() as exchange:
        await rich(exchange, ALICE, BOB)
        await trade_at_random(exchange, dice, 50)
        forget_everything(exchange)
        healthy = exchange.storage.reader.channel_rows
        misses = 5

        async def slowly(*arguments: object) -> object:
            nonlocal misses
            rows = await healthy(*arguments)  # type: ignore[arg-type]  # what the reader was asked
            if misses:
                misses -= 1
                offers.loses = lambda: True
                await trade_at_random(exchange, dice, 5)
                offers.loses = lambda: False
                await place(exchange, limit(ALICE, "buy", "1", "0.1"))
            return rows

        monkeypatch.setattr(exchange.storage.reader, "channel_rows", slowly)
        watcher = Watcher(exchange, account_id=ALICE).resume(0, **private_of(0))
        await hears_everything(watcher)
        assert not misses
        assert offers.lost


async def test_who_was_told_a_gap_resumes_from_before_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("actors.lines.STREAM_MAX", 10)
    monkeypatch.setattr("actors.private_line.PRIVATE_MAX", 10)
    dice = random.Random(9)
    async with small_exchange() as exchange:
        await rich(exchange, ALICE, BOB)
        watcher = Watcher(exchange, account_id=ALICE).resume(0, **private_of(0))
        await watcher.read()
        await trade_at_random(exchange, dice, 60)
        await watcher.read()
        assert {gap.channel for gap in watcher.gaps} == {TRADES, ORDERS, FILLS, BALANCES}
        monkeypatch.undo()
        watcher.gaps.clear()
        watcher.trades.clear()
        watcher.private_seqs.clear()
        watcher.resume(0, **private_of(0))
        await hears_everything(watcher)
        await trade_at_random(exchange, dice, 20)
        await hears_everything(watcher)
        await shows_the_truth(watcher)


async def test_a_database_that_is_away_is_waited_for(monkeypatch: pytest.MonkeyPatch, autojump_clock: object) -> None:
    async with small_exchange() as exchange:
        await rich(exchange, ALICE, BOB)
        await trade_at_random(exchange, random.Random(10), 30)
        forget_everything(exchange)
        tries = 5
        for name in ("channel_rows", "orders_by_id"):
            healthy = getattr(exchange.storage.reader, name)

            async def away(*arguments: object, healthy: Callable[..., object] = healthy) -> object:
                nonlocal tries
                tries -= 1
                if tries > 0:
                    raise DatabaseAway
                return await healthy(*arguments)  # type: ignore[misc]  # it is one of the reader's

            monkeypatch.setattr(exchange.storage.reader, name, away)
        watcher = Watcher(exchange, account_id=ALICE).resume(0, **private_of(0))
        await hears_everything(watcher)
        assert tries <= 0


async def test_a_number_that_is_still_to_come_is_refused_by_its_stream_alone() -> None:
    async with small_exchange() as exchange:
        await rich(exchange, ALICE, BOB)
        await trade_at_random(exchange, random.Random(11), 30)
        trades, messages = await last_of(exchange, TRADES), await last_of(exchange)
        watcher = Watcher(exchange, account_id=ALICE).resume(trades + 1, orders=messages + 7, fills=0)
        await watcher.read()
        assert watcher.refused == {TRADES: trades, ORDERS: messages}
        assert watcher.private_seqs


async def test_an_empty_stream_is_resumed_from_nought() -> None:
    async with small_exchange() as exchange:
        watcher = Watcher(exchange, account_id=ALICE).resume(0, **private_of(0))
        await watcher.read()
        await rich(exchange, ALICE, BOB)
        await trade_at_random(exchange, random.Random(12), 30)
        await hears_everything(watcher)


async def test_what_was_half_told_before_a_crash_is_in_memory_once(monkeypatch: pytest.MonkeyPatch) -> None:
    crash_when(monkeypatch, lambda seen: bool(seen.trades) and len(seen.messages) > 3)
    async with small_exchange() as exchange:
        await rich(exchange, ALICE, BOB)
        await trade_at_random(exchange, random.Random(13), 40)
        await Watcher(exchange).watch().read()
        assert restarts(exchange) == 1
        monkeypatch.setattr(exchange.storage.reader, "channel_rows", no_read)
        await hears_everything(Watcher(exchange, account_id=ALICE).resume(0, **private_of(0)))
