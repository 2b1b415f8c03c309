"""The queue between the broadcaster and one writer."""

import pytest
import trio

from actors.backlog import Pages, Stretch
from actors.lines import StateLine, StreamLine
from actors.outbox import Outbox
from actors.patience import RETRY_S
from actors.private_line import ORDERS, PrivateLine
from actors.pushes import Post, Ticker
from storage.interface import DatabaseAway
from tests.actors.journals import NO_MEMORY
from tests.actors.markets import BTC_USDT
from tests.actors.test_lines import numbers, trade
from tests.actors.test_resumed_lines import written

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
    line = PrivateLine(ACCOUNT)
    line.add(ORDERS)
    outbox.open(ACCOUNT, line)
    outbox.start(ACCOUNT)
    assert outbox.take() == ([], [ACCOUNT])
    outbox.ready(ACCOUNT)
    assert outbox.take() == ([], [])


# Lines that are behind


def resume(outbox: Outbox, pages: Pages, topic: str = TRADES, after: int = 0) -> None:
    line = StreamLine(topic)
    line.resume(after)
    outbox.open(topic, line)
    outbox.begin(topic, NO_MEMORY, pages)


class Everything:
    """Any stream's messages 1 to `last`."""

    def __init__(self, last: int) -> None:
        self.last = last
        self.asked: list[tuple[str, int]] = []

    async def read(self, channel: str, after: int, limit: int) -> Stretch:
        self.asked.append((channel, after))
        await trio.lowlevel.checkpoint()
        last = min(after + 2, self.last)
        return Stretch([trade(seq) for seq in range(after + 1, last + 1)], last, end=last == self.last)


@pytest.mark.trio
async def test_what_is_read_again_wakes_the_writer() -> None:
    outbox, journal = Outbox(), written(3)
    resume(outbox, journal, after=1)
    await outbox.wait()
    assert outbox.take() == ([], [])
    reading = outbox.next_reading()
    assert reading is not None
    assert outbox.next_reading() is None
    async with trio.open_nursery() as nursery:
        nursery.start_soon(outbox.read, reading)
        await outbox.wait()
    assert numbers(outbox.take()[0]) == [2, 3]
    assert outbox.next_reading() is None


@pytest.mark.trio
async def test_lines_take_turns_and_one_page_is_read_at_a_time() -> None:
    """Each gets the next when what it was given has been taken."""
    outbox, pages = Outbox(), Everything(4)
    for topic in ("trades:A", "trades:B"):
        resume(outbox, pages, topic)
    heard: list[object] = []
    for _ in range(4):
        heard += numbers(outbox.take()[0])
        reading = outbox.next_reading()
        assert reading is not None
        assert outbox.next_reading() is None
        assert await outbox.read(reading) == {}
    heard += numbers(outbox.take()[0])
    assert pages.asked == [("trades:A", 0), ("trades:B", 0), ("trades:A", 2), ("trades:B", 2)]
    assert heard == [1, 2, 1, 2, 3, 4, 3, 4]


@pytest.mark.trio
async def test_a_line_that_is_closed_meanwhile_takes_nothing_and_the_next_has_its_turn() -> None:
    outbox = Outbox()
    resume(outbox, written(3))
    resume(outbox, written(5), "trades:B", after=4)
    outbox.take()
    reading = outbox.next_reading()
    assert reading is not None
    assert reading.backlog.topic == TRADES
    outbox.close(TRADES)
    assert await outbox.read(reading) == {}
    await outbox.wait()  # at once: there is a reading to be begun
    assert outbox.take() == ([], [])
    reading = outbox.next_reading()
    assert reading is not None
    assert reading.backlog.topic == "trades:B"


@pytest.mark.trio
async def test_a_reading_that_is_cancelled_leaves_the_turn_free() -> None:
    outbox, pages = Outbox(), Everything(4)
    resume(outbox, pages)
    outbox.take()
    reading = outbox.next_reading()
    assert reading is not None
    with trio.CancelScope() as scope:
        scope.cancel()
        await outbox.read(reading)
    assert scope.cancelled_caught
    outbox.ready(TRADES)
    outbox.take()
    assert outbox.next_reading() is not None


@pytest.mark.trio
async def test_while_the_database_is_away_it_waits_and_the_others_go_on(autojump_clock: object) -> None:
    outbox, journal = Outbox(), written(3)
    tries = 0

    class Away:
        async def read(self, channel: str, after: int, limit: int) -> Stretch:
            nonlocal tries
            tries += 1
            if tries <= 10:
                raise DatabaseAway
            return journal.stretch(after, limit)

    resume(outbox, Away(), after=1)
    outbox.open(TICKER, StateLine())
    outbox.take()
    reading = outbox.next_reading()
    assert reading is not None
    async with trio.open_nursery() as nursery:
        nursery.start_soon(outbox.read, reading)
        await trio.sleep(5 * RETRY_S)
        outbox.push(TICKER, ticker(1, None))
        outbox.push(TRADES, trade(4))
        posts, _ = outbox.take()
        assert [type(post.content) for post in posts] == [Ticker]
    assert tries == 11
    assert numbers(outbox.take()[0]) == [2, 3, 4]


@pytest.mark.trio
async def test_a_number_that_there_is_not_is_returned() -> None:
    outbox = Outbox()
    resume(outbox, written(3), after=7)
    outbox.take()
    reading = outbox.next_reading()
    assert reading is not None
    assert await outbox.read(reading) == {TRADES: 3}
