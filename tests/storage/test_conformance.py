"""One suite for both storages: what is committed is read back, and what must not be is refused."""

from collections.abc import Sequence

import msgspec
import pytest

from engine.ledger.chart import FEES, OUTSIDE
from engine.ledger.records import BalanceRecord, ChannelRecord, MarketState
from engine.matching.order import SelfTradePrevention, Side
from engine.matching.terms import OrderState, OrderType, TimeInForce
from storage.interface import (
    NO_JOURNAL,
    CommitImpossible,
    Counters,
    JournalHead,
    OrderFilter,
    TradeFilter,
)
from tests.storage.conftest import Open
from tests.storage.entries import (
    NOW_MS,
    Entries,
    asset_log,
    change,
    freeze,
    market,
    order,
    trade,
    transaction,
)

HUGE = 10**77


def ids(rows: Sequence[msgspec.Struct], field: str) -> list[int]:
    return [getattr(row, field) for row in rows]


@pytest.mark.trio
async def test_an_empty_storage_answers_every_question(opened: Open) -> None:
    async with opened() as storage:
        reader = storage.reader
        assert not storage.writer.away
        assert await reader.journal_head() == NO_JOURNAL == JournalHead(0, bytes(32), 0)
        assert await reader.counters() == Counters(0, 0, 0, 0)
        assert await reader.stream_numbers() == {}
        assert await reader.order(1) is None
        assert await reader.order_by_client_id(7, "mine") is None
        assert await reader.transaction(7, "t1") is None
        for rows in (
            await reader.journal(0, 10),
            await reader.markets(),
            await reader.balances(),
            await reader.balances(7),
            await reader.open_orders(),
            await reader.orders(OrderFilter()),
            await reader.trades(TradeFilter()),
            await reader.asset_logs(7, None, None, 10),
            await reader.freezes(7, None, 10),
            await reader.trial_balance(),
        ):
            assert rows == []
        snapshot = await reader.account_snapshot(7)
        assert (snapshot.balances, snapshot.open_orders, snapshot.last_seq) == ([], [], 0)
        assert await storage.identity.users() == []


@pytest.mark.trio
async def test_the_journal_is_read_in_order_and_in_pages(opened: Open) -> None:
    entries = Entries()
    written = [entries.next() for _ in range(4)]
    async with opened() as storage:
        for entry in written:
            await storage.writer.commit(entry)
        last = written[3].journal
        assert await storage.reader.journal_head() == JournalHead(4, last.hash, last.now_ms)
        assert await storage.reader.journal(0, 100) == [entry.journal for entry in written]
        assert await storage.reader.journal(1, 2) == [written[1].journal, written[2].journal]
        assert await storage.reader.journal(4, 2) == []


@pytest.mark.trio
async def test_an_order_is_read_back_as_it_was_written_and_held_is_its_freeze(opened: Open) -> None:
    limit = order(1, client_order_id="mine", held=500)
    by_amount = order(
        2,
        account_id=8,
        side=Side.SELL,
        type=OrderType.MARKET_BY_AMOUNT,
        time_in_force=TimeInForce.FOK,
        post_only=True,
        self_trade_prevention=SelfTradePrevention.CANCEL_BOTH,
        price_ticks=None,
        quantity_lots=None,
        amount=HUGE,
        state=OrderState.CANCELLED,
        filled_lots=3,
        filled_value=HUGE - 1,
        cancelled_lots=2,
        fee=HUGE - 2,
        fee_parts=HUGE * 10**8 - 3,
    )
    async with opened() as storage:
        await storage.writer.commit(
            Entries().next(new_orders=[limit, by_amount], freezes=[freeze(1), freeze(2, amount=0)])
        )
        assert await storage.reader.order(1) == limit
        assert await storage.reader.order(2) == by_amount
        assert await storage.reader.order(3) is None


@pytest.mark.trio
async def test_a_changed_order_keeps_what_was_asked_for(opened: Open) -> None:
    entries = Entries()
    placed = order(1, client_order_id="mine", held=500)
    filled = change(1, filled_value=HUGE, fee=HUGE, fee_parts=HUGE * 10**8, updated_ms=NOW_MS + 9)
    async with opened() as storage:
        await storage.writer.commit(entries.next(new_orders=[placed], freezes=[freeze(1)]))
        await storage.writer.commit(
            entries.next(changed_orders=[filled], freezes=[freeze(1, amount=0, updated_ms=NOW_MS + 9)])
        )
        assert await storage.reader.order(1) == msgspec.structs.replace(
            placed, **{name: getattr(filled, name) for name in filled.__struct_fields__}
        )
        [released] = await storage.reader.freezes(7, None, 10)
        assert released == freeze(1, amount=0, updated_ms=NOW_MS + 9)
        assert released.status == "released"


@pytest.mark.trio
async def test_an_order_is_found_by_its_accounts_own_id_only(opened: Open) -> None:
    odd = "\"quote\" \\back\\ 'single' {brace} ünïcode \N{PILE OF POO} $1"
    mine, theirs = order(1, client_order_id=odd), order(2, account_id=8, client_order_id=odd)
    async with opened() as storage:
        await storage.writer.commit(Entries().next(new_orders=[mine, theirs, order(3)]))
        assert await storage.reader.order_by_client_id(7, odd) == mine
        assert await storage.reader.order_by_client_id(8, odd) == theirs
        assert await storage.reader.order_by_client_id(9, odd) is None
        assert await storage.reader.order_by_client_id(7, odd.upper()) is None


@pytest.mark.trio
async def test_open_orders_come_by_market_and_priority(opened: Open) -> None:
    orders = [
        order(1, market_id=2, priority=1),
        order(2, market_id=1, priority=9),
        order(3, market_id=1, priority=4, state=OrderState.PARTIALLY_FILLED, held=500),
        order(4, market_id=1, priority=5, state=OrderState.FILLED),
        order(5, market_id=1, priority=6, state=OrderState.CANCELLED),
    ]
    async with opened() as storage:
        await storage.writer.commit(Entries().next(new_orders=orders, freezes=[freeze(3)]))
        assert await storage.reader.open_orders() == [orders[2], orders[1], orders[0]]
        assert await storage.reader.open_orders(2) == [orders[0]]
        assert await storage.reader.open_orders(3) == []


@pytest.mark.trio
async def test_a_list_of_orders_is_filtered_and_paged_newest_first(opened: Open) -> None:
    orders = [
        order(1),
        order(2, state=OrderState.FILLED),
        order(3, market_id=2),
        order(4, account_id=8),
        order(5, state=OrderState.PARTIALLY_FILLED),
        order(6, account_id=8, market_id=2, state=OrderState.CANCELLED),
    ]
    cases = {
        OrderFilter(): [6, 5, 4, 3, 2, 1],
        OrderFilter(account_id=7): [5, 3, 2, 1],
        OrderFilter(market_id=2): [6, 3],
        OrderFilter(open=True): [5, 4, 3, 1],
        OrderFilter(open=False): [6, 2],
        OrderFilter(account_id=7, market_id=1, open=True): [5, 1],
        OrderFilter(account_id=7, market_id=1, open=True, before=5): [1],
        OrderFilter(account_id=8, open=False): [6],
        OrderFilter(limit=2): [6, 5],
        OrderFilter(before=5, limit=2): [4, 3],
        OrderFilter(before=1): [],
        OrderFilter(account_id=9): [],
    }
    async with opened() as storage:
        await storage.writer.commit(Entries().next(new_orders=orders))
        found = {which: ids(await storage.reader.orders(which), "order_id") for which in cases}
        assert found == cases
        assert (await storage.reader.orders(OrderFilter(limit=1)))[0] == orders[5]


@pytest.mark.trio
async def test_a_list_of_trades_is_filtered_and_paged_newest_first(opened: Open) -> None:
    trades = [
        trade(1, value=HUGE, buy_fee=HUGE, sell_fee=HUGE),
        trade(2, market_id=2, buyer_id=8, seller_id=7, taker_side=Side.BUY),
        trade(3, buyer_id=8, seller_id=9),
        trade(4, buyer_id=7, seller_id=7),
        trade(5, market_id=2, buyer_id=9, seller_id=7),
    ]
    cases = {
        TradeFilter(): [5, 4, 3, 2, 1],
        TradeFilter(account_id=7): [5, 4, 2, 1],
        TradeFilter(account_id=8): [3, 2, 1],
        TradeFilter(account_id=7, limit=2): [5, 4],
        TradeFilter(account_id=7, before=4, limit=1): [2],
        TradeFilter(account_id=7, market_id=2): [5, 2],
        TradeFilter(market_id=1): [4, 3, 1],
        TradeFilter(market_id=1, before=3): [1],
        TradeFilter(account_id=10): [],
    }
    async with opened() as storage:
        await storage.writer.commit(Entries().next(trades=trades))
        found = {which: ids(await storage.reader.trades(which), "trade_id") for which in cases}
        assert found == cases
        assert await storage.reader.trades(TradeFilter()) == trades[::-1]


@pytest.mark.trio
async def test_asset_logs_are_an_accounts_own_and_paged_newest_first(opened: Open) -> None:
    rows = [
        asset_log(1),
        asset_log(2, asset="BTC", amount=-HUGE, before=HUGE, after=0),
        asset_log(3, account_id=8),
        asset_log(4, change_type="withdraw", amount=-10, before=10, after=0),
    ]
    async with opened() as storage:
        await storage.writer.commit(Entries().next(asset_logs=rows))
        assert await storage.reader.asset_logs(7, None, None, 10) == [rows[3], rows[1], rows[0]]
        assert await storage.reader.asset_logs(7, "BTC", None, 10) == [rows[1]]
        assert await storage.reader.asset_logs(7, "USDT", 4, 10) == [rows[0]]
        assert await storage.reader.asset_logs(7, None, None, 2) == [rows[3], rows[1]]
        assert await storage.reader.asset_logs(7, None, 1, 10) == []


@pytest.mark.trio
async def test_freezes_are_an_accounts_own_and_paged_newest_first(opened: Open) -> None:
    rows = [freeze(1), freeze(2, amount=HUGE), freeze(3, account_id=8), freeze(4, amount=0)]
    async with opened() as storage:
        await storage.writer.commit(Entries().next(freezes=rows))
        assert await storage.reader.freezes(7, None, 10) == [rows[3], rows[1], rows[0]]
        assert await storage.reader.freezes(7, 4, 1) == [rows[1]]
        assert await storage.reader.freezes(9, None, 10) == []


@pytest.mark.trio
async def test_a_freeze_that_is_there_only_changes_its_amount(opened: Open) -> None:
    entries = Entries()
    async with opened() as storage:
        await storage.writer.commit(entries.next(freezes=[freeze(1)]))
        await storage.writer.commit(
            entries.next(freezes=[freeze(1, asset="BTC", amount=0, created_ms=NOW_MS + 5, updated_ms=NOW_MS + 5)])
        )
        assert await storage.reader.freezes(7, None, 10) == [freeze(1, amount=0, updated_ms=NOW_MS + 5)]


@pytest.mark.trio
async def test_balances_are_replaced_and_the_trial_balance_sums_them(opened: Open) -> None:
    entries = Entries()
    async with opened() as storage:
        await storage.writer.commit(
            entries.next(balances=[BalanceRecord(7, "USDT", HUGE, 0), BalanceRecord(OUTSIDE, "USDT", -HUGE, 0)])
        )
        await storage.writer.commit(
            entries.next(
                balances=[
                    BalanceRecord(7, "USDT", HUGE - 5, 3),
                    BalanceRecord(FEES, "USDT", 5, 0),
                    BalanceRecord(7, "BTC", 0, 0),
                ]
            )
        )
        mine = [BalanceRecord(7, "BTC", 0, 0), BalanceRecord(7, "USDT", HUGE - 5, 3)]
        assert await storage.reader.balances(7) == mine
        assert await storage.reader.balances() == [
            BalanceRecord(FEES, "USDT", 5, 0),
            BalanceRecord(OUTSIDE, "USDT", -HUGE, 0),
            *mine,
        ]
        assert await storage.reader.trial_balance() == [BalanceRecord(0, "BTC", 0, 0), BalanceRecord(0, "USDT", 0, 3)]


@pytest.mark.trio
async def test_a_market_moves_on_and_its_terms_stay(opened: Open) -> None:
    entries = Entries()
    first, second = market(1, definition=bytes(range(256))), market(2)
    moved = market(1, definition=b"{}", state=MarketState.HALTED, sequence=9, trades=4, last_price_ticks=100)
    async with opened() as storage:
        await storage.writer.commit(entries.next(markets=[second, first]))
        await storage.writer.commit(entries.next(markets=[moved]))
        assert await storage.reader.markets() == [
            msgspec.structs.replace(moved, definition=first.definition),
            second,
        ]


@pytest.mark.trio
async def test_a_transaction_is_found_by_its_accounts_own_id_only(opened: Open) -> None:
    mine, theirs = transaction(7, "t1", amount=HUGE, balance=HUGE), transaction(8, "t1", kind="withdraw")
    async with opened() as storage:
        await storage.writer.commit(Entries().next(transactions=[mine, theirs]))
        assert await storage.reader.transaction(7, "t1") == mine
        assert await storage.reader.transaction(8, "t1") == theirs
        assert await storage.reader.transaction(7, "T1") is None


@pytest.mark.trio
async def test_streams_are_at_their_last_numbers(opened: Open) -> None:
    entries = Entries()
    async with opened() as storage:
        await storage.writer.commit(
            entries.next(channels=[ChannelRecord("trades:B", 2), ChannelRecord("account:7", 9), ChannelRecord("Z", 1)])
        )
        await storage.writer.commit(
            entries.next(channels=[ChannelRecord("account:7", 10), ChannelRecord("trades:A", 1)])
        )
        await storage.writer.commit(entries.next(channels=[ChannelRecord("trades:B", 3)]))
        assert await storage.reader.stream_numbers() == {"trades:A": 1, "trades:B": 3, "account:7": 10, "Z": 1}


@pytest.mark.trio
async def test_a_snapshot_holds_one_accounts_balances_open_orders_and_number(opened: Open) -> None:
    mine = [order(1, market_id=2, held=500), order(2), order(3, state=OrderState.FILLED)]
    async with opened() as storage:
        await storage.writer.commit(
            Entries().next(
                new_orders=[*mine, order(4, account_id=8)],
                freezes=[freeze(1)],
                balances=[BalanceRecord(7, "USDT", 900, 500), BalanceRecord(8, "USDT", 1, 0)],
                channels=[ChannelRecord("account:7", 4), ChannelRecord("account:77", 6)],
            )
        )
        snapshot = await storage.reader.account_snapshot(7)
        assert snapshot.balances == [BalanceRecord(7, "USDT", 900, 500)]
        assert snapshot.open_orders == [mine[1], mine[0]]
        assert snapshot.last_seq == 4


@pytest.mark.trio
async def test_counters_are_the_highest_ids(opened: Open) -> None:
    async with opened() as storage:
        await storage.writer.commit(
            Entries().next(
                new_orders=[order(5), order(2)],
                trades=[trade(2**53 - 1), trade(1)],
                asset_logs=[asset_log(8)],
                markets=[market(3), market(1)],
            )
        )
        assert await storage.reader.counters() == Counters(5, 2**53 - 1, 8, 3)


@pytest.mark.trio
@pytest.mark.parametrize(
    ("part", "row"),
    [
        ("new_orders", order(1, client_order_id="another", account_id=9)),
        ("new_orders", order(2, client_order_id="mine")),
        ("trades", trade(1)),
        ("asset_logs", asset_log(1)),
        ("transactions", transaction(7, "t1")),
        ("channels", ChannelRecord("account:7", 1)),
        ("changed_orders", change(2)),
    ],
)
async def test_an_entry_that_meets_other_rows_is_refused_whole(opened: Open, part: str, row: msgspec.Struct) -> None:
    entries = Entries()
    async with opened() as storage:
        await storage.writer.commit(
            entries.next(
                new_orders=[order(1, client_order_id="mine")],
                trades=[trade(1)],
                asset_logs=[asset_log(1)],
                transactions=[transaction(7, "t1")],
                channels=[ChannelRecord("account:7", 1)],
            )
        )
        with pytest.raises(CommitImpossible):
            await storage.writer.commit(entries.next(**{part: [row]}, balances=[BalanceRecord(7, "USDT", 1, 0)]))
        assert (await storage.reader.journal_head()).sequence == 1
        assert await storage.reader.balances() == []


@pytest.mark.trio
@pytest.mark.parametrize(
    ("part", "row"),
    [
        ("new_orders", order(1)),
        ("changed_orders", change(1)),
        ("trades", trade(1)),
        ("asset_logs", asset_log(1)),
        ("freezes", freeze(1)),
        ("balances", BalanceRecord(7, "USDT", 1, 0)),
        ("markets", market(1)),
        ("transactions", transaction(7, "t1")),
        ("channels", ChannelRecord("account:7", 1)),
    ],
)
async def test_two_rows_of_one_key_in_one_entry_are_refused(opened: Open, part: str, row: msgspec.Struct) -> None:
    entries = Entries()
    async with opened() as storage:
        first = entries.next(new_orders=[order(1)] if part == "changed_orders" else [])
        await storage.writer.commit(first)
        with pytest.raises(CommitImpossible):
            await storage.writer.commit(entries.next(**{part: [row, row]}))
        assert (await storage.reader.journal_head()).sequence == 1


@pytest.mark.trio
async def test_a_change_of_an_order_that_is_new_in_the_same_entry_is_refused(opened: Open) -> None:
    async with opened() as storage:
        with pytest.raises(CommitImpossible):
            await storage.writer.commit(Entries().next(new_orders=[order(1)], changed_orders=[change(1)]))
        assert await storage.reader.order(1) is None


@pytest.mark.trio
@pytest.mark.parametrize("sequence", [0, 1, 3])
async def test_an_entry_that_does_not_follow_the_journal_is_refused(opened: Open, sequence: int) -> None:
    entries = Entries()
    async with opened() as storage:
        await storage.writer.commit(entries.next())
        entries.sequence = sequence - 1
        with pytest.raises(CommitImpossible):
            await storage.writer.commit(entries.next(new_orders=[order(1)]))
        assert await storage.reader.order(1) is None
        assert len(await storage.reader.journal(0, 10)) == 1


@pytest.mark.trio
async def test_a_closed_writer_refuses_and_the_reader_reads_on(opened: Open) -> None:
    entries = Entries()
    async with opened() as storage:
        await storage.writer.commit(entries.next())
        await storage.writer.close()
        await storage.writer.close()
        with pytest.raises(CommitImpossible):
            await storage.writer.commit(entries.next())
        assert (await storage.reader.journal_head()).sequence == 1
