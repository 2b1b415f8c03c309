"""What prediction markets keep in storage beside orders and trades: positions, the market maker's audit, standings."""

import msgspec
import pytest

from engine.ledger.records import BalanceRecord, MarketState
from engine.matching.order import Side
from engine.matching.terms import OrderState, Outcome, TradeKind
from storage.interface import CommitImpossible, TradeFilter
from tests.storage.conftest import Open
from tests.storage.entries import NOW_MS, Entries, change, freeze, maker_audit, market, order, position, trade

HUGE = 10**77


@pytest.mark.trio
async def test_an_empty_storage_has_none(opened: Open) -> None:
    async with opened() as storage:
        reader = storage.reader
        assert await reader.positions() == await reader.positions(1) == await reader.positions_of(7) == []
        assert await reader.maker_audit(1, None, 10) == []


@pytest.mark.trio
async def test_a_position_is_read_back_as_it_was_written(opened: Open) -> None:
    row = position(
        1,
        7,
        yes=2**53 - 1,
        no=3,
        yes_cost=HUGE,
        no_cost=HUGE - 1,
        realized=-HUGE,
        fees=HUGE - 2,
        payout=HUGE - 3,
        refund=HUGE - 4,
        payout_held=HUGE - 5,
    )
    unpaid = position(1, 8)
    async with opened() as storage:
        await storage.writer.commit(Entries().next(markets=[market(1)], positions=[unpaid, row]))
        assert await storage.reader.positions(1) == [row, unpaid]
        assert unpaid.payout is None


@pytest.mark.trio
async def test_a_position_is_replaced_whole(opened: Open) -> None:
    entries = Entries()
    paid = position(1, 7, yes=1, no=2, yes_cost=3, no_cost=4, realized=-5, fees=6, payout=7, refund=8, payout_held=9)
    unpaid = position(1, 7, yes=0, yes_cost=0, fees=0)
    async with opened() as storage:
        await storage.writer.commit(entries.next(positions=[position(1, 7), position(1, 8), position(2, 7)]))
        for row in (paid, unpaid):
            await storage.writer.commit(entries.next(positions=[row]))
            assert await storage.reader.positions(1) == [row, position(1, 8)]
        assert await storage.reader.positions(2) == [position(2, 7)]


@pytest.mark.trio
async def test_positions_come_by_market_and_account_and_final_ones_only_when_asked_for(opened: Open) -> None:
    """Whatever else a market is, its positions are still needed."""
    states = [*(state for state in MarketState if state is not MarketState.FINAL), MarketState.FINAL]
    markets = [market(number, state=state) for number, state in enumerate(states, start=1)]
    final = len(states)
    rows = [position(number, account) for number in range(1, final + 1) for account in (-4, 7, 8)]
    async with opened() as storage:
        await storage.writer.commit(Entries().next(markets=markets, positions=rows[::-1]))
        assert await storage.reader.positions() == rows[:-3]
        assert await storage.reader.positions(2) == rows[3:6]
        assert await storage.reader.positions(final) == rows[-3:]
        assert await storage.reader.positions(final + 1) == []


@pytest.mark.trio
async def test_a_market_that_becomes_final_takes_its_positions_along(opened: Open) -> None:
    entries = Entries()
    async with opened() as storage:
        await storage.writer.commit(entries.next(markets=[market(1)], positions=[position(1, 7)]))
        paid = position(1, 7, payout=50_000)
        await storage.writer.commit(entries.next(markets=[market(1, state=MarketState.FINAL)], positions=[paid]))
        assert await storage.reader.positions() == []
        assert await storage.reader.positions(1) == await storage.reader.positions_of(7) == [paid]


@pytest.mark.trio
async def test_an_accounts_positions_come_newest_market_first(opened: Open) -> None:
    rows = [position(1, 7), position(2, 8), position(3, 7), position(10, 7)]
    markets = [market(1, state=MarketState.FINAL), market(2), market(3), market(10)]
    async with opened() as storage:
        await storage.writer.commit(Entries().next(markets=markets, positions=rows))
        assert await storage.reader.positions_of(7) == [rows[3], rows[2], rows[0]]
        assert await storage.reader.positions_of(8) == [rows[1]]
        assert await storage.reader.positions_of(9) == []


@pytest.mark.trio
async def test_the_makers_audit_is_a_markets_own_and_paged_newest_first(opened: Open) -> None:
    entries = Entries()
    rows = [
        maker_audit(1, 3),
        maker_audit(
            1,
            4,
            event_type="CANCEL",
            status=OrderState.CANCELLED,
            order_id=2**53 - 1,
            outcome=Outcome.NO,
            side=Side.SELL,
            price_ticks=9_999,
            quantity_lots=2**53 - 1,
        ),
        maker_audit(1, 9, event_type="FILL", status=OrderState.PARTIALLY_FILLED),
    ]
    async with opened() as storage:
        await storage.writer.commit(entries.next(maker_audit=[rows[1], maker_audit(2, 4), rows[0]]))
        await storage.writer.commit(entries.next(maker_audit=[rows[2]]))
        assert await storage.reader.maker_audit(1, None, 10) == rows[::-1]
        assert await storage.reader.maker_audit(1, 9, 1) == [rows[1]]
        assert await storage.reader.maker_audit(1, 3, 10) == []
        assert await storage.reader.maker_audit(2, None, 10) == [maker_audit(2, 4)]


@pytest.mark.trio
async def test_orders_and_trades_say_which_shares_they_are_about(opened: Open) -> None:
    orders = [order(1, outcome=Outcome.YES), order(2, outcome=Outcome.NO, account_id=8), order(3)]
    trades = [trade(number, kind=kind) for number, kind in enumerate([*TradeKind, None], start=1)]
    entries = Entries()
    filled = change(1)
    async with opened() as storage:
        await storage.writer.commit(entries.next(new_orders=orders, trades=trades))
        assert [await storage.reader.order(number) for number in (1, 2, 3)] == orders
        assert await storage.reader.trades(TradeFilter()) == trades[::-1]
        await storage.writer.commit(entries.next(changed_orders=[filled], freezes=[freeze(1, amount=0)]))
        assert await storage.reader.order(1) == msgspec.structs.replace(orders[0], **msgspec.structs.asdict(filled))


@pytest.mark.trio
async def test_a_markets_standing_moves_on(opened: Open) -> None:
    entries = Entries()
    standing = bytes(range(256))
    async with opened() as storage:
        await storage.writer.commit(entries.next(markets=[market(1), market(2, standing=b"{}")]))
        assert [row.standing for row in await storage.reader.markets()] == [b"", b"{}"]
        await storage.writer.commit(entries.next(markets=[market(1, standing=standing), market(2)]))
        assert [row.standing for row in await storage.reader.markets()] == [standing, b""]


@pytest.mark.trio
async def test_an_audit_row_that_is_there_already_is_refused_with_all_of_its_entry(opened: Open) -> None:
    entries = Entries()
    async with opened() as storage:
        await storage.writer.commit(entries.next(maker_audit=[maker_audit(1, 4)]))
        with pytest.raises(CommitImpossible):
            await storage.writer.commit(
                entries.next(
                    maker_audit=[maker_audit(1, 4)],
                    positions=[position(1, 7)],
                    balances=[BalanceRecord(7, "USD", 1, 0)],
                )
            )
        assert (await storage.reader.journal_head()).sequence == 1
        assert await storage.reader.positions(1) == []
        assert await storage.reader.balances() == []


@pytest.mark.trio
@pytest.mark.parametrize(
    "parts",
    [
        {"maker_audit": [maker_audit(1, 4), maker_audit(1, 4, created_ms=NOW_MS + 1)]},
        {"positions": [position(1, 7), position(1, 7, yes=6)]},
    ],
    ids=lambda parts: str(*parts),
)
async def test_two_rows_of_one_key_in_one_entry_are_refused(
    opened: Open, parts: dict[str, list[msgspec.Struct]]
) -> None:
    async with opened() as storage:
        with pytest.raises(CommitImpossible):
            await storage.writer.commit(Entries().next(**parts))
        assert await storage.reader.positions(1) == []
        assert await storage.reader.maker_audit(1, None, 10) == []
