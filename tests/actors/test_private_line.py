"""The private stream on its way to one subscriber, step by step."""

import pytest

from actors import private_line
from actors.backlog import Pages
from actors.private_line import BALANCES, FILLS, ORDERS, PrivateLine
from actors.pushes import Gap, Post, Private, PrivateSnapshot
from actors.recent_posts import RecentPosts
from engine.ledger.page import FillMessage, PrivateMessage
from engine.ledger.records import BalanceRecord, OrderRecord
from engine.matching.order import SelfTradePrevention, Side
from engine.matching.terms import OrderState, OrderType, TimeInForce
from storage.interface import AccountSnapshot
from tests.actors.journals import NO_MEMORY, Journal
from tests.actors.test_lines import needs_snapshot, record

TOPIC = "account:1"


def message(seq: int, channel: str) -> Post:
    """A message of account 1 that goes to this channel; the order's id or the balance's total is its number."""
    contents: dict[str, OrderRecord | FillMessage | BalanceRecord] = {
        ORDERS: OrderRecord(
            seq,
            1,
            1,
            None,
            Side.BUY,
            OrderType.LIMIT,
            TimeInForce.GTC,
            False,
            SelfTradePrevention.CANCEL_NEWEST,
            100,
            1,
            None,
            1,
            0,
            OrderState.NEW,
            0,
            0,
            0,
            0,
            0,
            1,
            0,
        ),
        FILLS: FillMessage(seq, Side.BUY, True, 0, record(seq)),
        BALANCES: BalanceRecord(1, "BTC", seq, 0),
    }
    return Post(PrivateMessage(1, seq, 0, contents[channel]))


def snapshot(last_seq: int) -> AccountSnapshot:
    return AccountSnapshot([], [], last_seq)


def private(posts: list[Post]) -> list[object]:
    """(channel, seq, prevSeq), ("snapshot", channel, seq) or ("gap", channel, first, last)."""
    shown: list[object] = []
    for post in posts:
        content = post.content
        if isinstance(content, Private):
            shown.append((content.channel, content.seq, content.prev_seq))
        elif isinstance(content, PrivateSnapshot):
            shown.append(("snapshot", content.channel, content.seq))
        elif isinstance(content, Gap):
            shown.append(("gap", content.channel, content.first, content.last))
    return shown


def opened(*channels: str, at: int = 0, pages: Pages | None = None) -> PrivateLine:
    """A line whose channels have had their snapshot."""
    line = PrivateLine(TOPIC)
    for channel in channels:
        line.add(channel)
    line.begin(NO_MEMORY, pages or written()[1])
    line.release(line.begin_snapshot(), snapshot(at))
    line.drain()
    return line


def test_a_private_channel_begins_with_a_snapshot_and_goes_on_behind_it() -> None:
    line = PrivateLine(TOPIC)
    line.add(ORDERS)
    assert not needs_snapshot(line)  # not before every message comes here
    line.begin(NO_MEMORY, written()[1])
    assert needs_snapshot(line)
    begun = line.begin_snapshot()
    for seq in (7, 8, 9):
        line.push(message(seq, ORDERS))
    assert line.drain() == []
    line.release(begun, snapshot(8))
    assert private(line.drain()) == [("snapshot", ORDERS, 8), (ORDERS, 9, 8)]


def test_channels_are_filters_of_one_stream() -> None:
    line = opened(ORDERS, BALANCES)
    for seq, channel in enumerate((ORDERS, FILLS, BALANCES, ORDERS), start=1):
        line.push(message(seq, channel))
    assert private(line.drain()) == [(ORDERS, 1, 0), (BALANCES, 3, 0), (ORDERS, 4, 1)]


def test_another_channel_gets_its_snapshot_while_the_first_goes_on() -> None:
    line = opened(ORDERS)
    line.push(message(1, ORDERS))
    line.add(FILLS)
    assert line.needs_snapshot
    begun = line.begin_snapshot()
    line.push(message(2, FILLS))
    line.push(message(3, ORDERS))
    assert private(line.drain()) == [(ORDERS, 1, 0), (ORDERS, 3, 1)]
    line.push(message(4, FILLS))
    line.release(begun, snapshot(3))
    assert private(line.drain()) == [("snapshot", FILLS, 3), (FILLS, 4, 3)]


def test_a_snapshot_that_was_read_too_early_is_ignored() -> None:
    line = opened(ORDERS)
    line.add(FILLS)
    too_early = line.begin_snapshot()
    line.add(BALANCES)
    line.release(too_early, snapshot(0))
    assert line.drain() == []
    assert line.needs_snapshot
    line.release(line.begin_snapshot(), snapshot(0))
    assert private(line.drain()) == [("snapshot", FILLS, 0), ("snapshot", BALANCES, 0)]


def test_a_channel_that_was_removed_is_quiet() -> None:
    line = opened(ORDERS, FILLS)
    line.push(message(1, ORDERS))
    line.remove(ORDERS)
    line.push(message(2, ORDERS))
    line.push(message(3, FILLS))
    assert private(line.drain()) == [(FILLS, 3, 0)]


def test_what_the_broadcaster_missed_is_read_from_the_journal() -> None:
    """Whether it says so, or a number does; what waits comes first."""
    stream, journal = written(ORDERS, ORDERS, BALANCES)
    line = opened(ORDERS, BALANCES, at=3, pages=journal)
    stream += [ORDERS, BALANCES, ORDERS, ORDERS]
    line.push(journal.append())
    journal.last = 6
    line.start()
    line.push(journal.append())
    assert private(line.drain()) == [(ORDERS, 4, 3)]
    assert not line.needs_snapshot
    assert read(line, journal) == {}
    assert private(line.drain()) == [(BALANCES, 5, 3), (ORDERS, 6, 4), (ORDERS, 7, 6)]
    stream += [ORDERS, ORDERS]
    journal.last = 8
    line.push(journal.append())
    read(line, journal)
    assert private(line.drain()) == [(ORDERS, 8, 7), (ORDERS, 9, 8)]
    assert not line.is_behind


def test_a_new_start_that_missed_nothing_says_nothing() -> None:
    stream, journal = written(ORDERS)
    line = opened(ORDERS, at=1, pages=journal)
    line.start()
    read(line, journal)
    assert line.drain() == []
    stream.append(ORDERS)
    line.push(journal.append())
    assert private(line.drain()) == [(ORDERS, 2, 1)]


def test_a_snapshot_that_was_read_before_a_miss_is_ignored() -> None:
    _, journal = written(ORDERS)
    line = opened(pages=journal)
    line.add(ORDERS)
    too_early = line.begin_snapshot()
    line.start()
    line.release(too_early, snapshot(1))
    assert line.drain() == []
    assert line.needs_snapshot
    line.release(line.begin_snapshot(), snapshot(3))
    assert private(line.drain()) == [("snapshot", ORDERS, 3)]


def test_a_slow_reader_gets_a_gap_and_a_snapshot(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(private_line, "PRIVATE_MAX", 3)
    line = opened(ORDERS)
    for seq in range(1, 6):
        line.push(message(seq, ORDERS))
    assert line.needs_snapshot
    line.release(line.begin_snapshot(), snapshot(5))
    assert private(line.drain()) == [("gap", ORDERS, 1, 5), ("snapshot", ORDERS, 5)]


# Channels that are resumed


def written(*channels: str) -> tuple[list[str], Journal]:
    """A stream whose messages go to these channels, and where it is read again."""
    stream = list(channels)
    journal = Journal(lambda seq: message(seq, stream[seq - 1]), TOPIC)
    journal.last = len(stream)
    return stream, journal


def resumed(journal: Journal, **channels: int) -> PrivateLine:
    line = PrivateLine(TOPIC)
    for channel, after in channels.items():
        line.resume(channel, after)
    line.begin(NO_MEMORY, journal)
    return line


def read(line: PrivateLine, journal: Journal, limit: int = 250) -> dict[str, int]:
    """Have one page read."""
    reading = line.next_reading()
    assert reading is not None
    return line.feed(reading, journal.stretch(reading.after, limit))


def test_a_resumed_channel_goes_on_behind_its_number_without_a_snapshot() -> None:
    _, journal = written(ORDERS, BALANCES, ORDERS, FILLS, ORDERS)
    line = resumed(journal, orders=1)
    assert not line.needs_snapshot
    line.push(message(6, ORDERS))
    assert line.drain() == []
    read(line, journal)
    line.push(message(7, ORDERS))
    assert private(line.drain()) == [(ORDERS, 3, 1), (ORDERS, 5, 3), (ORDERS, 6, 5), (ORDERS, 7, 6)]


def test_channels_may_be_resumed_from_different_numbers() -> None:
    _, journal = written(ORDERS, BALANCES, ORDERS, BALANCES, ORDERS)
    line = resumed(journal, orders=3, balances=1)
    read(line, journal)
    assert private(line.drain()) == [(BALANCES, 2, 1), (BALANCES, 4, 2), (ORDERS, 5, 3)]


def test_the_others_go_on_while_one_is_behind() -> None:
    _, journal = written(FILLS, BALANCES, FILLS)
    line = opened(BALANCES, at=3)
    line.resume(FILLS, 0)
    line.begin(NO_MEMORY, journal)
    line.push(message(4, BALANCES))
    line.push(message(5, FILLS))
    assert private(line.drain()) == [(BALANCES, 4, 3)]
    read(line, journal)
    assert private(line.drain()) == [(FILLS, 1, 0), (FILLS, 3, 1), (FILLS, 5, 3)]


def test_one_is_resumed_while_another_waits_for_its_snapshot() -> None:
    _, journal = written(ORDERS, FILLS)
    line = PrivateLine(TOPIC)
    line.add(ORDERS)
    line.resume(FILLS, 0)
    line.begin(NO_MEMORY, journal)
    assert line.needs_snapshot
    begun = line.begin_snapshot()
    line.push(message(3, FILLS))
    line.push(message(4, ORDERS))
    read(line, journal)
    assert private(line.drain()) == [(FILLS, 2, 0), (FILLS, 3, 2)]
    line.release(begun, snapshot(3))
    assert private(line.drain()) == [("snapshot", ORDERS, 3), (ORDERS, 4, 3)]


def test_what_waited_before_a_resume_comes_in_its_place() -> None:
    stream, journal = written(ORDERS, ORDERS)
    line = opened(ORDERS, at=2)
    for _ in range(2):
        stream.append(ORDERS)
        line.push(journal.append())
    line.resume(ORDERS, 1)
    line.begin(NO_MEMORY, journal)
    assert line.drain() == []
    read(line, journal)
    assert private(line.drain()) == [(ORDERS, seq, seq - 1) for seq in (2, 3, 4)]


def test_what_the_broadcaster_misses_is_read_again_for_who_is_behind() -> None:
    """What was read before the miss does not reach what comes after it."""
    stream, journal = written(ORDERS, ORDERS)
    line = resumed(journal, orders=0)
    reading = line.next_reading()
    assert reading is not None
    early = journal.stretch(reading.after, 250)
    stream += [ORDERS] * 3
    journal.last = 5
    line.start()
    line.feed(reading, early)
    assert private(line.drain()) == [(ORDERS, 1, 0), (ORDERS, 2, 1)]
    assert line.is_behind
    line.push(message(6, ORDERS))
    read(line, journal)
    assert private(line.drain()) == [(ORDERS, seq, seq - 1) for seq in (3, 4, 5, 6)]
    assert not line.is_behind


def test_what_can_not_be_told_again_is_a_gap_and_a_snapshot() -> None:
    _, journal = written(ORDERS, ORDERS, ORDERS, ORDERS)
    journal.lost = {3}
    line = resumed(journal, orders=1)
    read(line, journal)
    assert line.needs_snapshot
    line.push(message(5, ORDERS))
    line.release(line.begin_snapshot(), snapshot(4))
    assert private(line.drain()) == [(ORDERS, 2, 1), ("gap", ORDERS, 3, 4), ("snapshot", ORDERS, 4), (ORDERS, 5, 4)]


def test_numbers_that_the_stream_has_not_come_to_are_named() -> None:
    _, journal = written(ORDERS, FILLS)
    line = resumed(journal, orders=0, fills=3, balances=2)
    assert read(line, journal) == {FILLS: 2}
    line.remove(FILLS)
    line.push(message(3, BALANCES))
    assert private(line.drain()) == [(ORDERS, 1, 0), (BALANCES, 3, 2)]


def test_memory_serves_all_channels_or_none() -> None:
    _, journal = written(ORDERS, FILLS, ORDERS)
    recent = RecentPosts()
    for seq, channel in enumerate((ORDERS, FILLS, ORDERS), start=1):
        recent.keep(TOPIC, seq, message(seq, channel))
    line = PrivateLine(TOPIC)
    line.resume(ORDERS, 0)
    line.resume(FILLS, 1)
    line.begin(recent, journal)
    assert not line.is_behind
    assert private(line.drain()) == [(ORDERS, 1, 0), (FILLS, 2, 1), (ORDERS, 3, 1)]
    line = PrivateLine(TOPIC)
    line.resume(ORDERS, 0)
    line.resume(FILLS, 9)
    line.begin(recent, journal)
    assert read(line, journal) == {FILLS: 3}
