"""Whatever the door lets through is stored, and read back as it was: Hypothesis writes the rows."""

import msgspec
import pytest
import trio
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from engine.ledger.accumulators import AccumulatorRecord, LegRecord
from engine.ledger.bets import BetRecord, OptionRecord
from engine.ledger.records import (
    AssetLogRecord,
    BalanceRecord,
    ChannelRecord,
    FreezeRecord,
    MakerAuditRecord,
    MarketRecord,
    OrderChange,
    OrderRecord,
    PositionRecord,
    TradeRecord,
    TransactionRecord,
)
from storage.interface import AccumulatorFilter, BetFilter, TradeFilter
from tests.storage.conftest import Open, open_memory
from tests.storage.drawn import MANY_EXAMPLES, UNITS, lists, open_emptied, rows
from tests.storage.entries import Entries, placed

POSITION_UNITS = ("yes_cost", "no_cost", "realized", "fees", "refund", "payout_held")
FEE_PARTS = st.integers(0, 10**85)  # 10**-8 of a unit each


def client_key(order: OrderRecord) -> tuple[int, str] | int:
    return order.order_id if order.client_order_id is None else (order.account_id, order.client_order_id)


def client_bet_key(bet: BetRecord | AccumulatorRecord) -> tuple[int, str] | int:
    return bet.bet_id if bet.client_bet_id is None else (bet.account_id, bet.client_bet_id)


@pytest.fixture(params=["memory", pytest.param("postgres", marks=pytest.mark.slow)])
def emptied(request: pytest.FixtureRequest) -> Open:
    """Open a storage of either kind, as often as one likes: it is empty each time."""
    if request.param == "memory":
        return open_memory
    dsn = request.getfixturevalue("postgres_dsn")
    return lambda: open_emptied(dsn)


@MANY_EXAMPLES
@given(data=st.data())
def test_whatever_the_door_lets_through_is_stored_and_read_back(emptied: Open, data: st.DataObject) -> None:
    """The limits at the door: text of bounded length, times and ids below 2**53, money up to 10**77."""
    order_rows = rows(
        OrderRecord,
        amount=st.none() | UNITS,
        filled_value=UNITS,
        fee=UNITS,
        fee_parts=FEE_PARTS,
        held=UNITS,
    )
    orders = data.draw(lists(order_rows, lambda order: order.order_id, client_key))
    change_rows = rows(OrderChange, filled_value=UNITS, fee=UNITS, fee_parts=FEE_PARTS, held=st.just(0))
    changes = {o.order_id: replace(data.draw(change_rows), order_id=o.order_id, held=o.held) for o in orders[::2]}
    freeze_rows = rows(FreezeRecord, amount=UNITS)
    freezes = [
        replace(data.draw(freeze_rows), freeze_id=order.order_id, account_id=order.account_id, amount=order.held)
        for order in orders
    ]
    trades = data.draw(
        lists(rows(TradeRecord, value=UNITS, buy_fee=UNITS, sell_fee=UNITS), lambda trade: trade.trade_id)
    )
    logs = data.draw(lists(rows(AssetLogRecord, amount=UNITS, before=UNITS, after=UNITS), lambda log: log.log_id))
    balances = data.draw(
        lists(rows(BalanceRecord, total=UNITS, held=UNITS), lambda balance: (balance.account_id, balance.asset))
    )
    markets = data.draw(lists(rows(MarketRecord), lambda market: market.market_id))
    transactions = data.draw(
        lists(rows(TransactionRecord, amount=UNITS, balance=UNITS), lambda row: (row.account_id, row.trans_id))
    )
    channels = data.draw(lists(rows(ChannelRecord), lambda stream: stream.channel))
    position_rows = rows(PositionRecord, **dict.fromkeys(POSITION_UNITS, UNITS), payout=st.none() | UNITS)
    positions = data.draw(lists(position_rows, lambda position: (position.market_id, position.account_id)))
    audit = data.draw(lists(rows(MakerAuditRecord), lambda row: (row.market_id, row.sequence)))
    entries = Entries()
    first = entries.next(
        new_orders=orders,
        trades=trades,
        asset_logs=logs,
        freezes=freezes,
        balances=balances,
        markets=markets,
        transactions=transactions,
        channels=channels,
        positions=positions,
        maker_audit=audit,
    )
    second = entries.next(changed_orders=changes.values())

    async def check() -> None:
        async with emptied() as storage:
            await storage.writer.commit(first)
            await storage.writer.commit(second)
            reader = storage.reader
            for order in orders:
                change = changes.get(order.order_id)
                now = order if change is None else replace(order, **msgspec.structs.asdict(change))
                assert await reader.order(order.order_id) == now
                if order.client_order_id is not None:
                    assert await reader.order_by_client_id(order.account_id, order.client_order_id) == now
            for freeze in freezes:
                assert freeze in await reader.freezes(freeze.account_id, None, 10)
            assert await reader.trades(TradeFilter()) == sorted(trades, key=lambda trade: -trade.trade_id)
            for log in logs:
                assert log in await reader.asset_logs(log.account_id, log.asset, None, 10)
            assert await reader.balances() == sorted(balances, key=lambda balance: (balance.account_id, balance.asset))
            assert await reader.markets() == sorted(markets, key=lambda market: market.market_id)
            for row in transactions:
                assert await reader.transaction(row.account_id, row.trans_id) == row
            assert await reader.stream_numbers() == {stream.channel: stream.last_seq for stream in channels}
            for position in positions:
                assert position in await reader.positions(position.market_id)
            for audited in audit:
                assert audited in await reader.maker_audit(audited.market_id, None, 10)
            assert await reader.journal(0, 10) == [first.journal, second.journal]

    trio.run(check)


@MANY_EXAMPLES
@given(data=st.data())
def test_whatever_bets_the_door_lets_through_are_stored_and_read_back(emptied: Open, data: st.DataObject) -> None:
    """The same limits."""
    bet_rows = rows(BetRecord, stake=UNITS, payout=st.none() | UNITS, result=st.none())
    bets = data.draw(lists(bet_rows, lambda bet: bet.bet_id, client_bet_key))
    options = data.draw(lists(rows(OptionRecord), lambda option: (option.market_id, option.number)))
    accumulator_rows = rows(
        AccumulatorRecord, stake=UNITS, max_payout=UNITS, payout=st.none() | UNITS, legs=st.just(())
    )
    legs = lists(rows(LegRecord, result=st.none()), lambda leg: leg.leg)
    accumulators = [
        replace(accumulator, legs=tuple(replace(leg, bet_id=accumulator.bet_id) for leg in data.draw(legs)))
        for accumulator in data.draw(lists(accumulator_rows, lambda row: row.bet_id, client_bet_key))
    ]
    entry = Entries().next(bets=bets, options=options, **placed(*accumulators))

    async def check() -> None:
        async with emptied() as storage:
            await storage.writer.commit(entry)
            reader = storage.reader
            results = {(option.market_id, option.number): option.result for option in options}
            for bet in bets:
                stored = replace(bet, result=results.get((bet.market_id, bet.option_number)))
                assert await reader.bet(bet.bet_id) == stored
                assert stored in (await reader.bets(BetFilter(bet.account_id, bet.market_id)))[0]
                if bet.client_bet_id is not None:
                    assert await reader.bet_by_client_id(bet.account_id, bet.client_bet_id) == stored
            for accumulator in accumulators:
                its_legs = sorted(accumulator.legs, key=lambda leg: leg.leg)
                its_results = [results.get((leg.market_id, leg.option_number)) for leg in its_legs]
                told = tuple(map(lambda leg, result: replace(leg, result=result), its_legs, its_results))
                whole = replace(accumulator, legs=told)
                assert await reader.accumulator(accumulator.bet_id) == whole
                assert whole in (await reader.accumulators(AccumulatorFilter(accumulator.account_id)))[0]
                if accumulator.client_bet_id is not None:
                    client_id = accumulator.client_bet_id
                    assert await reader.accumulator_by_client_id(accumulator.account_id, client_id) == whole
            assert await reader.options() == sorted(options, key=lambda option: (option.market_id, option.number))

    trio.run(check)
