"""From a stream's number to the journal, in both storages."""

import pytest

from engine.ledger.records import ChannelRecord
from storage.interface import ChannelRow
from tests.storage.conftest import Open
from tests.storage.entries import Entries, freeze, order

TRADES, OTHER = "trades:BTC_USDT", "trades:BTC_USD"


@pytest.mark.trio
async def test_the_commits_of_a_stream_come_in_order_and_in_pages(opened: Open) -> None:
    """Those that wrote on it after a number; the first of them may have begun before that."""
    entries = Entries()
    written = [
        entries.next(channels=[ChannelRecord(TRADES, 3), ChannelRecord(OTHER, 1)]),
        entries.next(channels=[ChannelRecord(OTHER, 2)]),
        entries.next(channels=[ChannelRecord(TRADES, 4)]),
        entries.next(),
        entries.next(channels=[ChannelRecord(OTHER, 9), ChannelRecord(TRADES, 12)]),
    ]
    rows = [ChannelRow(last_seq, written[index].journal) for index, last_seq in ((0, 3), (2, 4), (4, 12))]
    async with opened() as storage:
        for entry in written:
            await storage.writer.commit(entry)
        reader = storage.reader
        assert await reader.channel_rows(TRADES, 0, 10) == rows
        assert await reader.channel_rows(TRADES, 2, 10) == rows
        assert await reader.channel_rows(TRADES, 3, 10) == rows[1:]
        assert await reader.channel_rows(TRADES, 4, 10) == rows[2:]
        assert await reader.channel_rows(TRADES, 0, 2) == rows[:2]
        assert await reader.channel_rows(TRADES, 12, 10) == []
        assert await reader.channel_rows("trades:BTC", 0, 10) == []
        assert await reader.stream_number(TRADES) == 12
        assert await reader.stream_number(OTHER) == 9
        assert await reader.stream_number("trades:BTC") == 0


@pytest.mark.trio
async def test_many_orders_are_read_at_once(opened: Open) -> None:
    orders = [order(1, held=500), order(2, account_id=8), order(3)]
    async with opened() as storage:
        await storage.writer.commit(Entries().next(new_orders=orders, freezes=[freeze(1)]))
        reader = storage.reader
        assert await reader.orders_by_id({1, 3, 7}) == {1: orders[0], 3: orders[2]}
        assert await reader.orders_by_id([2]) == {2: orders[1]}
        assert await reader.orders_by_id([]) == {}
