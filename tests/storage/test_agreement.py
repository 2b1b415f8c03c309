"""Hypothesis writes rows and scripts: whatever the door lets through is stored, and both storages answer alike."""

import enum
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from itertools import product
from types import NoneType
from typing import Any, TypeVar, get_args

import msgspec
import pytest
import trio
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from engine.ledger.bets import BetRecord, OptionRecord, Result
from engine.ledger.records import (
    AssetLogRecord,
    BalanceRecord,
    ChannelRecord,
    Entry,
    FreezeRecord,
    MakerAuditRecord,
    MarketRecord,
    MarketState,
    OrderChange,
    OrderRecord,
    PositionRecord,
    TradeRecord,
    TransactionRecord,
)
from storage.interface import BetFilter, CommitImpossible, OrderFilter, Reader, Storage, TradeFilter
from storage.memory import MemoryStorage
from storage.postgres import open_postgres
from tests.storage.conftest import Open, open_memory
from tests.storage.entries import Entries
from tests.storage.servers import query

R = TypeVar("R", bound=msgspec.Struct)

# The limits at the door, rather wider: storage has to take control characters too.
NUMBERS = st.integers(0, 2**53 - 1)
UNITS = st.integers(-(10**77), 10**77)
TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=128)
BY_TYPE: dict[Any, st.SearchStrategy[Any]] = {
    int: NUMBERS,
    str: TEXTS,
    bool: st.booleans(),
    bytes: st.binary(max_size=300),
}

TABLES = """
    journal, orders, trades, assets_logs, freezes, assets, markets, transactions, channel_index, positions, maker_audit,
    bets, options
"""


def values(kind: Any) -> st.SearchStrategy[Any]:
    """Draw what a field of this type may hold."""
    if arms := get_args(kind):
        return st.one_of(*(st.none() if arm is NoneType else values(arm) for arm in arms))
    return st.sampled_from(kind) if issubclass(kind, enum.Enum) else BY_TYPE[kind]


def rows(kind: type[R], **fields: st.SearchStrategy[Any]) -> st.SearchStrategy[R]:
    """Draw records of a kind, with other strategies for some fields."""
    drawn = {field.name: values(field.type) for field in msgspec.structs.fields(kind)}
    return st.builds(kind, **(drawn | fields))


def lists(drawn: st.SearchStrategy[R], *keys: Callable[[R], Any]) -> st.SearchStrategy[list[R]]:
    """Draw up to four records, no two of them with one key."""
    return st.lists(drawn, max_size=4, unique_by=keys)


def client_key(order: OrderRecord) -> tuple[int, str] | int:
    return order.order_id if order.client_order_id is None else (order.account_id, order.client_order_id)


def client_bet_key(bet: BetRecord) -> tuple[int, str] | int:
    return bet.bet_id if bet.client_bet_id is None else (bet.account_id, bet.client_bet_id)


@pytest.fixture(params=["memory", pytest.param("postgres", marks=pytest.mark.slow)])
def emptied(request: pytest.FixtureRequest) -> Open:
    """Open a storage of either kind, as often as one likes: it is empty each time."""
    if request.param == "memory":
        return open_memory
    dsn = request.getfixturevalue("postgres_dsn")
    return lambda: open_emptied(dsn)


@asynccontextmanager
async def open_emptied(dsn: str) -> AsyncIterator[Storage]:
    async with open_postgres(dsn) as storage:
        await trio.to_thread.run_sync(query, dsn, f"TRUNCATE {TABLES}")
        yield storage


MANY_EXAMPLES = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)

POSITION_UNITS = ("yes_cost", "no_cost", "realized", "fees", "refund", "payout_held")
FEE_PARTS = st.integers(0, 10**85)  # 10**-8 of a unit each


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
    bet_rows = rows(BetRecord, stake=UNITS, payout=st.none() | UNITS, result=st.none())
    bets = data.draw(lists(bet_rows, lambda bet: bet.bet_id, client_bet_key))
    options = data.draw(lists(rows(OptionRecord), lambda option: (option.market_id, option.number)))
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
        bets=bets,
        options=options,
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
            results = {(option.market_id, option.number): option.result for option in options}
            for bet in bets:
                stored = replace(bet, result=results.get((bet.market_id, bet.option_number)))
                assert await reader.bet(bet.bet_id) == stored
                assert stored in (await reader.bets(BetFilter(bet.account_id, bet.market_id)))[0]
                if bet.client_bet_id is not None:
                    assert await reader.bet_by_client_id(bet.account_id, bet.client_bet_id) == stored
            assert await reader.options() == sorted(options, key=lambda option: (option.market_id, option.number))
            assert await reader.journal(0, 10) == [first.journal, second.journal]

    trio.run(check)


# Few ids, so that rows meet: filters find some and leave some, and entries are refused.

IDS = st.integers(1, 5)
ACCOUNTS = st.sampled_from([-1, 7, 8])
ASSETS = st.sampled_from(["BTC", "USDT"])
MONEY = st.integers(0, 9)
MARKETS = st.integers(1, 2)
OPTIONS = st.integers(1, 2)
STATES = st.sampled_from([MarketState.OPEN, MarketState.FINAL, MarketState.SETTLED])
PRODUCTS = st.sampled_from(["spot", "prediction"])
TIMES = st.integers(0, 9)

SMALL_PARTS = st.fixed_dictionaries(
    {},
    optional={
        "new_orders": st.lists(
            rows(
                OrderRecord,
                order_id=IDS,
                account_id=ACCOUNTS,
                market_id=MARKETS,
                client_order_id=st.none() | st.sampled_from(["a", "A"]),
                held=st.just(0),
            ),
            max_size=2,
        ),
        "changed_orders": st.lists(rows(OrderChange, order_id=IDS, held=st.just(0)), max_size=1),
        "trades": st.lists(
            rows(
                TradeRecord,
                trade_id=IDS,
                market_id=MARKETS,
                buyer_id=ACCOUNTS,
                seller_id=ACCOUNTS,
                created_ms=TIMES,
            ),
            max_size=3,
        ),
        "asset_logs": st.lists(rows(AssetLogRecord, log_id=IDS, account_id=ACCOUNTS, asset=ASSETS), max_size=2),
        "freezes": st.lists(rows(FreezeRecord, freeze_id=IDS, account_id=ACCOUNTS, amount=MONEY), max_size=2),
        "balances": st.lists(
            rows(BalanceRecord, account_id=ACCOUNTS, asset=ASSETS, total=UNITS, held=MONEY), max_size=3
        ),
        "markets": st.lists(rows(MarketRecord, market_id=MARKETS, product=PRODUCTS, state=STATES), max_size=2),
        "transactions": st.lists(
            rows(TransactionRecord, account_id=ACCOUNTS, trans_id=st.sampled_from(["x", "y"])), max_size=1
        ),
        "channels": st.lists(
            rows(ChannelRecord, channel=st.sampled_from(["account:7", "account:8", "trades:A"]), last_seq=IDS),
            max_size=2,
        ),
        "positions": st.lists(rows(PositionRecord, market_id=MARKETS, account_id=ACCOUNTS), max_size=2),
        "maker_audit": st.lists(rows(MakerAuditRecord, market_id=MARKETS, sequence=IDS), max_size=2),
        "bets": st.lists(
            rows(
                BetRecord,
                bet_id=IDS,
                account_id=ACCOUNTS,
                market_id=MARKETS,
                client_bet_id=st.none() | st.sampled_from(["a", "A"]),
                option_number=OPTIONS,
                payout=st.none() | MONEY,
            ),
            max_size=3,
        ),
        "options": st.lists(
            rows(
                OptionRecord, market_id=MARKETS, number=OPTIONS, result=st.sampled_from([None, Result.LOSS, Result.WIN])
            ),
            max_size=3,
        ),
    },
)


@pytest.mark.slow
@MANY_EXAMPLES
@given(script=st.lists(SMALL_PARTS, min_size=1, max_size=5))
def test_both_storages_answer_alike_after_every_script(postgres_dsn: str, script: list[dict[str, Any]]) -> None:
    """Refusals too: an entry that one of them refuses, the other refuses."""

    async def check() -> None:
        memory = MemoryStorage()
        entries = Entries()
        async with open_emptied(postgres_dsn) as postgres:
            for parts in script:
                before = (entries.sequence, entries.hash)
                entry = entries.next(**parts)
                done = [await is_committed(storage, entry) for storage in (memory, postgres)]
                assert done[0] == done[1]
                if not done[0]:
                    entries.sequence, entries.hash = before
                assert await everything(memory.reader) == await everything(postgres.reader)

    trio.run(check)


async def is_committed(storage: Storage, entry: Entry) -> bool:
    try:
        await storage.writer.commit(entry)
    except CommitImpossible:
        return False
    return True


async def everything(reader: Reader) -> list[object]:
    """Ask all there is to ask about the few ids."""
    markets = (None, 1)
    pages = ((None, 100), (4, 2))
    answers: list[object] = [
        await reader.journal_head(),
        await reader.journal(1, 2),
        await reader.counters(),
        await reader.markets(),
        await reader.stream_numbers(),
        await reader.trial_balance(),
    ]
    answers += [await reader.open_orders(market) for market in markets]
    answers += [await reader.order(order_id) for order_id in (1, 2)]
    answers += [await reader.order_by_client_id(7, client_id) for client_id in ("a", "A")]
    answers += [await reader.transaction(7, trans_id) for trans_id in ("x", "y")]
    answers += [
        await reader.orders(OrderFilter(account, market, is_open, before, limit))
        for account, market, is_open, (before, limit) in product((None, -1, 7), markets, (None, True, False), pages)
    ]
    answers += [
        await reader.trades(TradeFilter(account, market, before, limit))
        for account, market, (before, limit) in product((None, -1, 7), markets, pages)
    ]
    answers += [await reader.orders(OrderFilter(account, product="spot", limit=2)) for account in (None, 7)]
    answers += [await reader.trades(TradeFilter(account, product="spot", limit=2)) for account in (None, 7)]
    answers += [await reader.market(market_id) for market_id in (1, 2)]
    answers += [
        await reader.market_page("spot", state, offset, 1)
        for state, offset in product((None, MarketState.OPEN, MarketState.FINAL), (0, 1))
    ]
    answers += [await reader.positions(market) for market in markets]
    answers += [await reader.positions_of(account) for account in (-1, 7)]
    answers += [await reader.maker_audit(1, before, limit) for before, limit in pages]
    answers += [await reader.bet(bet_id) for bet_id in (1, 2)]
    answers += [await reader.bet_by_client_id(7, client_id) for client_id in ("a", "A")]
    answers += [
        await reader.bets(BetFilter(account, market, settled, offset, limit))
        for account, market, settled, (offset, limit) in product(
            (None, 7), markets, (None, True, False), ((0, 100), (1, 2))
        )
    ]
    answers += [await reader.unclaimed_bets(market) for market in markets]
    answers += [await reader.options(market) for market in markets]
    answers += [await reader.claimed_bets(1), await reader.claim_counts()]
    answers += [await reader.prices_since(1, since_ms) for since_ms in (0, 5)]
    answers += [await reader.price_history(1, since_ms, 3, limit) for since_ms, limit in product((0, 5), (1, 9))]
    answers += [await reader.balances(account) for account in (None, -1, 7)]
    answers += [await reader.account_snapshot(account) for account in (-1, 7)]
    for account, (before, limit) in product((-1, 7), pages):
        answers += [await reader.asset_logs(account, asset, before, limit) for asset in (None, "BTC")]
        answers += [await reader.freezes(account, before, limit)]
    return answers
