"""What becomes of messages that wait: in order, joined, or told as a gap. Nothing is dropped in silence."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors import lines
from actors.lines import Line, StateLine, StreamLine
from actors.pushes import Book, Gap, Post, Ticker, Trade
from engine.ledger.records import TradeRecord
from engine.matching.order import Side
from tests.actors.markets import BTC_USDT

CHANNEL = "trades:BTC_USDT"


def record(number: int) -> TradeRecord:
    return TradeRecord(number, 1, number, 100, 1, 1, Side.BUY, 1, 2, 1, 2, 0, 0, 0)


def trade(number: int) -> Post:
    return Post(Trade(BTC_USDT, record(number)))


def needs_snapshot(line: Line) -> bool:
    return line.needs_snapshot


def numbers(posts: list[Post]) -> list[object]:
    """Trades as their numbers, gaps as (first, last)."""
    return [
        post.content.seq if isinstance(post.content, Trade) else (post.content.first, post.content.last)
        for post in posts
        if isinstance(post.content, Trade | Gap)
    ]


# Streams


def test_a_stream_keeps_its_order() -> None:
    line = StreamLine(CHANNEL)
    for number in (5, 6, 7):
        line.push(trade(number))
    assert numbers(line.drain()) == [5, 6, 7]
    assert line.drain() == []


def test_a_message_that_comes_again_is_ignored() -> None:
    line = StreamLine(CHANNEL)
    for number in (5, 6, 5, 6):
        line.push(trade(number))
    assert numbers(line.drain()) == [5, 6]
    line.push(trade(6))
    line.push(trade(7))
    assert numbers(line.drain()) == [7]


def test_a_missing_message_is_told() -> None:
    line = StreamLine(CHANNEL)
    for number in (5, 6, 9):
        line.push(trade(number))
    assert numbers(line.drain()) == [(5, 8), 9]


def test_a_slow_reader_gets_a_gap_with_its_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lines, "STREAM_MAX", 3)
    line = StreamLine(CHANNEL)
    for number in range(1, 12):
        line.push(trade(number))
    posts = line.drain()
    assert posts[0].content == Gap(CHANNEL, 1, 9)
    assert numbers(posts) == [(1, 9), 10, 11]
    line.push(trade(12))
    assert numbers(line.drain()) == [12]


@given(script=st.lists(st.integers(0, 12), max_size=30))
def test_whatever_its_pace_a_reader_hears_of_every_number_once(script: list[int]) -> None:
    """Between two drains so many trades come."""
    line = StreamLine(CHANNEL)
    last, heard = 0, 0
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lines, "STREAM_MAX", 5)
        for count in script:
            for _ in range(count):
                last += 1
                line.push(trade(last))
            for entry in numbers(line.drain()):
                first, until = entry if isinstance(entry, tuple) else (entry, entry)
                assert first == heard + 1
                assert isinstance(until, int)
                heard = until
            assert heard == last


# States


Levels = dict[int, int]


def book(seq: int, prev_seq: int | None, bids: Levels, asks: Levels | None = None) -> Post:
    return Post(Book(BTC_USDT, seq, prev_seq, tuple(bids.items()), tuple((asks or {}).items())))


def applied(posts: list[Post], bids: Levels, asks: Levels, seq: int | None) -> int | None:
    """Do to a client's book what the messages say; they follow each other."""
    for post in posts:
        message = post.content
        assert isinstance(message, Book)
        if message.prev_seq is None:
            bids.clear()
            asks.clear()
        else:
            assert message.prev_seq == seq
        for side, levels in ((bids, message.bids), (asks, message.asks)):
            for price, lots in levels:
                side[price] = lots
                if not lots:
                    del side[price]
        seq = message.seq
    return seq


changes = st.dictionaries(st.integers(90, 110), st.integers(0, 9), max_size=5)


@given(script=st.lists(st.tuples(changes, changes, st.booleans()), max_size=30))
def test_a_joined_book_is_the_same_book(script: list[tuple[Levels, Levels, bool]]) -> None:
    """Whether a reader takes each change or the sum of several, after the last it holds the same."""
    line = StateLine()
    line.push(book(0, None, {100: 1}))
    true_bids, true_asks = {100: 1}, dict[int, int]()
    bids, asks = dict[int, int](), dict[int, int]()
    seq = None
    for number, (bid_changes, ask_changes, drains) in enumerate(script, start=1):
        line.push(book(number, number - 1, bid_changes, ask_changes))
        true_bids.update(bid_changes)
        true_asks.update(ask_changes)
        if drains:
            seq = applied(line.drain(), bids, asks, seq)
            assert seq == number
    applied(line.drain(), bids, asks, seq)
    assert bids == {price: lots for price, lots in true_bids.items() if lots}
    assert asks == {price: lots for price, lots in true_asks.items() if lots}


def test_a_change_that_waits_alone_is_sent_as_it_is() -> None:
    """Its text is shared with everybody else who gets it."""
    line = StateLine()
    line.push(book(0, None, {}))
    line.drain()
    change = book(1, 0, {100: 1})
    line.push(change)
    assert line.drain() == [change]


def test_joining_leaves_the_shared_changes_alone() -> None:
    line = StateLine()
    line.push(book(0, None, {}))
    first, second = book(1, 0, {100: 1}), book(2, 1, {100: 2})
    line.push(first)
    line.push(second)
    joined = line.drain()[-1].content
    assert joined == Book(BTC_USDT, 2, 0, ((100, 2),), ())
    assert first.content == Book(BTC_USDT, 1, 0, ((100, 1),), ())


def test_without_a_snapshot_changes_mean_nothing() -> None:
    line = StateLine()
    line.push(book(1, 0, {100: 1}))
    assert line.drain() == []


def test_what_a_snapshot_reflects_already_is_ignored() -> None:
    line = StateLine()
    line.push(book(5, None, {100: 1}))
    line.push(book(5, 4, {100: 7}))
    assert [post.content for post in line.drain()] == [book(5, None, {100: 1}).content]


def test_a_snapshot_makes_what_waits_obsolete() -> None:
    line = StateLine()
    line.push(book(0, None, {}))
    line.push(book(1, 0, {100: 1}))
    line.push(book(7, None, {101: 2}))
    assert [post.content for post in line.drain()] == [book(7, None, {101: 2}).content]


def test_a_change_that_grows_too_long_is_replaced_by_a_snapshot(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lines, "JOINED_MAX", 10)
    line = StateLine()
    line.push(book(0, None, {}))
    for number in range(1, 30):
        line.push(book(number, number - 1, {number: 1}))
    assert needs_snapshot(line)
    assert line.drain() == []
    line.push(book(29, None, {1: 1}))
    line.push(book(30, 29, {2: 1}))
    assert not needs_snapshot(line)
    assert [post.content for post in line.drain()] == [book(29, None, {1: 1}).content, book(30, 29, {2: 1}).content]


def test_of_several_tickers_the_last_counts() -> None:
    line = StateLine()
    line.push(Post(Ticker(BTC_USDT, 3, None, None, None, None)))
    line.drain()
    for seq in (5, 8, 9):
        line.push(Post(Ticker(BTC_USDT, seq, {5: 3, 8: 5, 9: 8}[seq], seq, None, None)))
    assert [post.content for post in line.drain()] == [Ticker(BTC_USDT, 9, 3, 9, None, None)]
