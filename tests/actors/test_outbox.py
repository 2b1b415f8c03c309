"""The queue between the broadcaster and one writer."""

import pytest
import trio

from actors.lines import StateLine, StreamLine
from actors.outbox import Outbox
from actors.private_line import ORDERS, PrivateLine
from actors.pushes import Post, Ticker
from tests.actors.markets import BTC_USDT
from tests.actors.test_lines import numbers, trade

TRADES, TICKER, ACCOUNT = "trades:BTC_USDT", "ticker:BTC_USDT", "account:1"


def ticker(seq: int, prev_seq: int | None) -> Post:
    return Post(Ticker(BTC_USDT, seq, prev_seq, seq, None, None))


@pytest.mark.trio
async def test_a_push_wakes_the_writer() -> None:
    outbox = Outbox()
    outbox.open(TRADES, StreamLine(TRADES))
    woken = trio.Event()

    async def write() -> None:
        await outbox.wait()
        woken.set()

    async with trio.open_nursery() as nursery:
        nursery.start_soon(write)
        await trio.testing.wait_all_tasks_blocked()
        assert not woken.is_set()
        outbox.push(TRADES, trade(1))
        await woken.wait()
    assert numbers(outbox.take()[0]) == [1]


@pytest.mark.trio
async def test_what_came_before_the_wait_is_there_at_once() -> None:
    outbox = Outbox()
    outbox.open(TRADES, StreamLine(TRADES))
    outbox.push(TRADES, trade(1))
    await outbox.wait()
    assert numbers(outbox.take()[0]) == [1]


@pytest.mark.trio
async def test_a_writer_that_is_cancelled_can_be_followed_by_another() -> None:
    outbox = Outbox()
    with trio.move_on_after(0):
        await outbox.wait()
    outbox.wake()
    with trio.move_on_after(0) as scope:
        await outbox.wait()
    assert scope.cancelled_caught


def test_lines_are_taken_in_the_order_in_which_they_had_something() -> None:
    outbox = Outbox()
    outbox.open(TRADES, StreamLine(TRADES))
    outbox.open(TICKER, StateLine())
    outbox.push(TICKER, ticker(1, None))
    outbox.push(TRADES, trade(1))
    outbox.push(TICKER, ticker(2, 1))
    posts, needy = outbox.take()
    assert [type(post.content).__name__ for post in posts] == ["Ticker", "Ticker", "Trade"]
    assert needy == []
    assert outbox.take() == ([], [])


def test_a_topic_that_is_not_open_takes_nothing() -> None:
    outbox = Outbox()
    outbox.push(TRADES, trade(1))
    outbox.start(ACCOUNT)
    outbox.ready(ACCOUNT)
    assert outbox.take() == ([], [])


def test_closing_a_topic_drops_what_waits() -> None:
    outbox = Outbox()
    outbox.open(TRADES, StreamLine(TRADES))
    outbox.push(TRADES, trade(1))
    outbox.close(TRADES)
    outbox.push(TRADES, trade(2))
    assert outbox.take() == ([], [])
    assert outbox.topics == ()


def test_a_line_that_needs_a_snapshot_is_named_once() -> None:
    outbox = Outbox()
    line = PrivateLine()
    line.add(ORDERS)
    outbox.open(ACCOUNT, line)
    outbox.start(ACCOUNT)
    assert outbox.take() == ([], [ACCOUNT])
    outbox.ready(ACCOUNT)
    assert outbox.take() == ([], [])
