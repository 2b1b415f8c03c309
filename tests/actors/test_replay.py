"""Streams read again from the journal, page by page: what was told live, number by number."""

from collections.abc import Callable

import msgspec
import pytest
import trio

from actors import replay as module
from actors.backlog import Stretch
from actors.core import Address
from actors.directory import Directory
from actors.pushes import Gap, Odds, Trade
from actors.replay import KEPT_ROWS_MAX, Replay
from actors.seen import CODEC
from engine.betting.events import MatchMoved, OddsSet
from engine.betting.lifecycle import MatchStanding, Step
from engine.betting.match import Match
from engine.ledger.journal import GENESIS_HASH, Part, Row, chain_hash
from engine.ledger.page import PrivateMessage
from engine.ledger.records import ChannelRecord, Entry, JournalRecord, MarketRecord, MarketState, channel_key
from engine.products import BETTING, read_definition, write_definition
from engine.trading.events import TradeMade
from storage.interface import DatabaseAway
from storage.memory import MemoryStorage
from tests.actors.histories import History, history_of, prediction_exchange, spot_exchange
from tests.engine.prediction import scripts as prediction_scripts
from tests.engine.spot import scripts as spot_scripts
from tests.storage.entries import NOW_MS

pytestmark = pytest.mark.trio

HISTORIES: dict[str, Callable[[int], History]] = {
    "spot": lambda seed: history_of(spot_exchange(spot_scripts.long_script(seed, 150)), seed, 6),
    "prediction": lambda seed: history_of(prediction_exchange(prediction_scripts.long_script(seed, 120)), seed, 6),
}


async def stored(history: History) -> tuple[MemoryStorage, Replay]:
    """The history in a storage of its own, with its markets open."""
    storage = MemoryStorage()
    for entry in history.entries:
        await storage.writer.commit(entry)
    directory = Directory()
    for market in history.markets:
        directory.open(market, read_definition(market.product, market.definition), Address("nobody"))
    return storage, Replay(storage.reader, directory)


async def read_all(replay: Replay, channel: str, after: int, limit: int) -> list[object]:
    """Turn all pages; each but the last goes on."""
    contents: list[object] = []
    while True:
        stretch = await replay.read(channel, after, limit)
        page = [post.content for post in stretch.posts]
        assert sum(not isinstance(content, Gap) for content in page) <= limit
        contents += page
        if stretch.end:
            return contents
        assert stretch.last > after
        after = stretch.last


@pytest.mark.parametrize("product", HISTORIES)
@pytest.mark.parametrize(("limit", "rows_max"), [(1, 32), (7, 3), (1_000, 2), (1_000, 1_000)])
async def test_what_is_read_again_is_what_was_told(
    monkeypatch: pytest.MonkeyPatch, product: str, limit: int, rows_max: int
) -> None:
    monkeypatch.setattr(module, "ROWS_MAX", rows_max)
    history = HISTORIES[product](1)
    _, replay = await stored(history)
    for account_id in history.accounts:
        told = history.told(account_id)
        for after in (0, 1, len(told) // 2, len(told) - 1, len(told)):
            assert await read_all(replay, f"account:{account_id}", after, limit) == told[after:]
    for market in history.markets:
        trades = [trade for entry in history.entries for trade in entry.trades if trade.market_id == market.market_id]
        assert trades
        for after in (0, len(trades) // 2, len(trades)):
            contents = await read_all(replay, f"trades:{market.channel}", after, limit)
            assert [content.record for content in contents if isinstance(content, Trade)] == trades[after:]
            assert len(contents) == len(trades[after:])


async def test_a_number_that_a_stream_does_not_have_is_told_by_its_last_one() -> None:
    history = HISTORIES["spot"](2)
    _, replay = await stored(history)
    account_id = history.accounts[0]
    last = len(history.told(account_id))
    assert await replay.read(f"account:{account_id}", last, 10) == Stretch([], last, end=True)
    assert await replay.read(f"account:{account_id}", last + 1, 10) == Stretch([], last, end=True)
    assert await replay.read("account:999", 0, 10) == Stretch([], 0, end=True)
    assert await replay.read("account:999", 5, 10) == Stretch([], 0, end=True)


async def test_what_is_committed_between_two_looks_is_read_at_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    history = HISTORIES["spot"](3)
    storage, replay = await stored(history)
    account_id = history.accounts[0]
    last = len(history.told(account_id))
    healthy = storage.reader.channel_rows

    async def too_early(*arguments: object) -> list[object]:
        monkeypatch.setattr(storage.reader, "channel_rows", healthy)
        return []

    monkeypatch.setattr(storage.reader, "channel_rows", too_early)
    assert await replay.read(f"account:{account_id}", last - 1, 10) == Stretch([], last - 1, end=False)
    assert len((await replay.read(f"account:{account_id}", last - 1, 10)).posts) == 1


# What can't be told again


def without(history: History, place: int, kind: type) -> History:
    """Take events of one kind out of a row, as if this program did not know that they tell something."""
    entries: list[Entry] = []
    previous = GENESIS_HASH
    codec = CODEC
    for number, entry in enumerate(history.entries):
        body = entry.journal.body
        if number == place:
            row = codec.unpack(body)
            parts = tuple(
                msgspec.structs.replace(
                    part, events=tuple(event for event in part.events if not isinstance(event, kind))
                )
                for part in row.parts
            )
            body = codec.pack(msgspec.structs.replace(row, parts=parts))
        previous = chain_hash(previous, body)
        journal = JournalRecord(entry.journal.sequence, entry.journal.now_ms, body, previous)
        entries.append(msgspec.structs.replace(entry, journal=journal))
    return History(entries, history.messages)


def numbers_of(contents: list[object]) -> list[tuple[int, int]]:
    return [
        (content.first, content.last) if isinstance(content, Gap) else (content.seq, content.seq)
        for content in contents
        if isinstance(content, Gap | PrivateMessage | Trade)
    ]


def adds_up(contents: list[object], after: int, last: int) -> bool:
    """Each number once, told or as a gap."""
    for first, until in numbers_of(contents):
        if first != after + 1:
            return False
        after = until
    return after == last


async def test_a_row_that_does_not_tell_what_the_index_says_is_a_gap() -> None:
    """Never a wrong message under a right number."""
    history = HISTORIES["spot"](4)
    place = next(number for number, entry in enumerate(history.entries) if number > 10 and entry.trades)
    damaged = without(history, place, TradeMade)
    _, replay = await stored(damaged)
    gaps = 0
    for account_id in history.accounts:
        told = history.told(account_id)
        contents = await read_all(replay, f"account:{account_id}", 0, 40)
        assert adds_up(contents, 0, len(told))
        for content in contents:
            if isinstance(content, PrivateMessage):
                assert content == told[content.seq - 1]
            else:
                gaps += 1
    for market in history.markets:
        count = sum(trade.market_id == market.market_id for entry in history.entries for trade in entry.trades)
        contents = await read_all(replay, f"trades:{market.channel}", 0, 40)
        assert adds_up(contents, 0, count)
        gaps += sum(isinstance(content, Gap) for content in contents)
    assert gaps >= 3


# Odds


def odds_history() -> tuple[History, list[OddsSet | MatchMoved]]:
    """Two matches whose odds are set and that move on; three commits, in which one of them is told of five times."""
    match = Match("EPL", "Home", "Away", NOW_MS, "USD")
    markets = [
        MarketRecord(
            market_id, BETTING, str(market_id), write_definition(match), NOW_MS, MarketState.SCHEDULED, 0, 0, None
        )
        for market_id in (1, 2)
    ]
    events: list[OddsSet | MatchMoved] = [
        OddsSet(number, 9, "at first", MarketState.SCHEDULED, MatchStanding(number), ()) for number in (1, 2, 3)
    ]
    events += [MatchMoved(4, Step.OPEN, 9, MarketState.OPEN, MatchStanding(4)), events[0]]
    events[4] = msgspec.structs.replace(events[0], sequence=5, standing=MatchStanding(5))
    pages = [
        (Part(1, NOW_MS, (events[0], events[1])), Part(2, NOW_MS, (events[0],))),
        (Part(2, NOW_MS, (events[1],)),),
        (Part(1, NOW_MS + 1, (events[2],)), Part(1, NOW_MS + 2, tuple(events[3:]))),
    ]
    last = [{1: 2, 2: 1}, {2: 2}, {1: 5}]
    entries: list[Entry] = []
    previous = GENESIS_HASH
    for sequence, (parts, numbers) in enumerate(zip(pages, last, strict=True), start=1):
        body = CODEC.pack(Row(NOW_MS, 1, 1, parts, ()))
        previous = chain_hash(previous, body)
        channels = [
            ChannelRecord(f"odds:{channel_key(BETTING, str(market_id))}", seq) for market_id, seq in numbers.items()
        ]
        journal = JournalRecord(sequence, NOW_MS, body, previous)
        listed = tuple(markets) if sequence == 1 else ()
        entries.append(Entry(journal, markets=listed, channels=tuple(channels)))
    return History(entries, []), events


@pytest.mark.parametrize("limit", [1, 2, 100])
async def test_odds_are_a_stream_like_trades(limit: int) -> None:
    history, events = odds_history()
    _, replay = await stored(history)
    for after in range(6):
        contents = await read_all(replay, "odds:betting/1", after, limit)
        assert [content.event for content in contents if isinstance(content, Odds)] == events[after:]
        assert [content.seq for content in contents if isinstance(content, Odds)] == list(range(after + 1, 6))
    contents = await read_all(replay, "odds:betting/2", 0, limit)
    assert [(c.market.market_id, c.seq) for c in contents if isinstance(c, Odds)] == [(2, 1), (2, 2)]


# Many at once


async def test_pages_are_read_two_at_a_time_and_a_row_is_unpacked_once(monkeypatch: pytest.MonkeyPatch) -> None:
    history = HISTORIES["spot"](5)
    storage, replay = await stored(history)
    healthy = storage.reader.channel_rows
    unpack = CODEC.unpack
    at_once, most, unpacked = 0, 0, 0

    async def slow(channel: str, after: int, limit: int) -> object:
        nonlocal at_once, most
        at_once += 1
        most = max(most, at_once)
        await trio.sleep(0.001)
        at_once -= 1
        return await healthy(channel, after, limit)

    class Counting:
        def unpack(self, body: bytes) -> Row:
            nonlocal unpacked
            unpacked += 1
            return unpack(body)

    monkeypatch.setattr(storage.reader, "channel_rows", slow)
    monkeypatch.setattr(module, "CODEC", Counting())
    monkeypatch.setattr(module, "ROWS_MAX", 4)
    account_id = history.accounts[0]
    last = len(history.told(account_id))
    async with trio.open_nursery() as nursery:
        for _ in range(20):
            nursery.start_soon(replay.read, f"account:{account_id}", last // 2, 100)
    assert most == 2
    assert unpacked == 4
    await read_all(replay, f"account:{account_id}", 0, 100)
    assert len(replay._rows) <= KEPT_ROWS_MAX


async def test_a_database_that_is_away_holds_no_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    storage, replay = await stored(HISTORIES["spot"](6))

    async def away(*arguments: object) -> object:
        raise DatabaseAway

    with monkeypatch.context() as patch:
        patch.setattr(storage.reader, "channel_rows", away)
        for _ in range(5):
            with pytest.raises(DatabaseAway):
                await replay.read("account:1", 0, 10)
    assert (await replay.read("account:1", 0, 10)).posts
