"""The private stream on its way: no hole and no repeat on any channel, whatever happens."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors import private_line
from actors.private_line import BALANCES, FILLS, ORDERS, PRIVATE_CHANNELS, PrivateLine
from actors.pushes import Gap, Post, Private, PrivateSnapshot
from engine.ledger.page import FillMessage, PrivateMessage
from engine.ledger.records import BalanceRecord, OrderRecord
from engine.matching.order import SelfTradePrevention, Side
from engine.matching.terms import OrderState, OrderType, TimeInForce
from storage.interface import AccountSnapshot
from tests.actors.test_lines import needs_snapshot, record


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


def opened(*channels: str, at: int = 0) -> PrivateLine:
    """A line whose channels have had their snapshot."""
    line = PrivateLine()
    for channel in channels:
        line.add(channel)
    line.start()
    line.release(line.begin_snapshot(), snapshot(at))
    line.drain()
    return line


def test_a_private_channel_begins_with_a_snapshot_and_goes_on_behind_it() -> None:
    line = PrivateLine()
    line.add(ORDERS)
    assert not needs_snapshot(line)  # not before every message comes here
    line.start()
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


def test_what_was_missed_is_told_and_followed_by_a_snapshot() -> None:
    line = opened(ORDERS)
    line.push(message(1, ORDERS))
    line.drain()
    line.push(message(5, ORDERS))
    assert line.needs_snapshot
    line.release(line.begin_snapshot(), snapshot(5))
    line.push(message(6, ORDERS))
    assert private(line.drain()) == [("gap", ORDERS, 2, 5), ("snapshot", ORDERS, 5), (ORDERS, 6, 5)]


def test_a_new_start_that_missed_nothing_says_nothing() -> None:
    line = opened(ORDERS)
    line.push(message(1, ORDERS))
    line.drain()
    line.start()
    line.release(line.begin_snapshot(), snapshot(1))
    line.push(message(2, ORDERS))
    assert private(line.drain()) == [(ORDERS, 2, 1)]


def test_a_slow_reader_gets_a_gap_and_a_snapshot(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(private_line, "PRIVATE_MAX", 3)
    line = opened(ORDERS)
    for seq in range(1, 6):
        line.push(message(seq, ORDERS))
    assert line.needs_snapshot
    line.release(line.begin_snapshot(), snapshot(5))
    assert private(line.drain()) == [("gap", ORDERS, 1, 5), ("snapshot", ORDERS, 5)]


@given(seed=st.integers(0, 100_000))
def test_on_every_channel_there_is_no_hole_and_no_repeat(seed: int) -> None:
    """Whatever comes in whatever order: after a snapshot each of its messages, or a gap and another snapshot."""
    dice = random.Random(seed)
    stream: list[str] = []  # the channel of message 1, 2, 3
    line = PrivateLine()
    told: dict[str, int] = {}  # channel: up to which number its reader knows everything
    begun: list[tuple[int, int]] = []
    crashed_at = 0
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(private_line, "PRIVATE_MAX", 6)
        line.start()
        for _ in range(120):
            action = dice.choice(("push", "push", "push", "push", "add", "start", "again", "read", "release", "drain"))
            if action == "push":
                stream.append(dice.choice(PRIVATE_CHANNELS))
                line.push(message(len(stream), stream[-1]))
            elif action == "again" and stream:  # a broadcaster that crashed sends its last commits again
                crashed_at = dice.randint(max(1, len(stream) - 3), len(stream))
                for seq in range(crashed_at, len(stream) + 1):
                    line.push(message(seq, stream[seq - 1]))
            elif action == "add":
                channel = dice.choice(PRIVATE_CHANNELS)
                if channel not in line._sent:
                    line.add(channel)
            elif action == "start":
                stream.extend(dice.choices(PRIVATE_CHANNELS, k=dice.randint(0, 2)))  # missed
                line.start()
            elif action == "read" and line.needs_snapshot:
                line.needs_snapshot = False
                begun.append((line.begin_snapshot(), len(stream)))
            elif action == "release" and begun:
                token, last_seq = begun.pop(dice.randrange(len(begun)))
                line.release(token, snapshot(last_seq))
            elif action == "drain":
                check(line.drain(), stream, told)
        line.start()
        line.release(line.begin_snapshot(), snapshot(len(stream)))
        check(line.drain(), stream, told)
        assert all(missing(stream, channel, seq, len(stream)) == [] for channel, seq in told.items()), seed


def check(posts: list[Post], stream: list[str], told: dict[str, int]) -> None:
    """Read messages as a client does that believes their numbers."""
    for entry in private(posts):
        assert isinstance(entry, tuple)
        if entry[0] == "snapshot":
            _, channel, seq = entry
            assert channel not in told or told[channel] == seq  # only behind a gap, or first of all
        elif entry[0] == "gap":
            _, channel, first, seq = entry
            assert first == told[channel] + 1
            assert seq >= first
        else:
            channel, seq, prev_seq = entry
            assert prev_seq == told[channel]
            assert missing(stream, channel, prev_seq, seq - 1) == []
            assert stream[seq - 1] == channel
        told[channel] = seq


def missing(stream: list[str], channel: str, after: int, until: int) -> list[int]:
    """The numbers of a channel's messages in (after, until]."""
    return [seq for seq in range(after + 1, until + 1) if stream[seq - 1] == channel]
