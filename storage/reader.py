"""The reads of recovery, history and log-in, in SQL."""

from collections.abc import Collection

import asyncpg

from engine.ledger.page import account_channel
from engine.ledger.records import (
    AdminAction,
    AssetLogRecord,
    BalanceRecord,
    ChannelRecord,
    FreezeRecord,
    JournalRecord,
    MakerAuditRecord,
    MarketRecord,
    MarketState,
    OrderRecord,
    PositionRecord,
    TradeRecord,
    TransactionRecord,
)
from storage.accumulator_reader import AccumulatorReader
from storage.betting_reader import BettingReader
from storage.connection import records
from storage.interface import (
    NO_JOURNAL,
    AccountSnapshot,
    ChannelRow,
    Counters,
    JournalHead,
    OrderFilter,
    PriceBar,
    PricePoint,
    TradeFilter,
)
from storage.pool import WHOLE_TABLE_S_MAX
from storage.query import conditions, read_page

JOURNAL = "select * from journal"
BALANCES = "select * from assets"
TRADES = "select * from trades"
ASSET_LOGS = "select * from assets_logs"
FREEZES = "select * from freezes"
ADMIN_ACTIONS = "select * from admin_actions"
ORDERS = """
    select orders.*, coalesce((select freezes.amount from freezes where freeze_id = order_id), 0) as held
    from orders
"""
# Asked row by row, newest first. With `in`, a table that was never analyzed is gathered market by market instead.
OF_PRODUCT = "(select product = {{}} from markets where markets.market_id = {}.market_id)"
IS_OPEN = "state in ('new', 'partially_filled')"  # word for word as in the indexes of open orders

COUNTERS = """
    select greatest(
               (select max(order_id) from orders),
               (select max(bet_id) from bets),
               (select max(bet_id) from accumulators),
               0
           ) as order_id,
           (select coalesce(max(trade_id), 0) from trades) as trade_id,
           (select coalesce(max(log_id), 0) from assets_logs) as log_id,
           (select coalesce(max(market_id), 0) from markets) as market_id
"""

# From the last row of one stream the index leads straight to the last row of the stream before it: one step a stream,
# where `group by` would read the whole history.
STREAM_NUMBERS = """
    with recursive last as (
        (select channel, last_seq from channel_index order by channel desc, last_seq desc limit 1)
        union all
        select earlier.channel, earlier.last_seq
        from last
        cross join lateral (
            select channel, last_seq from channel_index
            where channel_index.channel < last.channel
            order by channel desc, last_seq desc
            limit 1
        ) as earlier
    )
    select channel, last_seq from last
"""
MARKETS = "select * from markets"
LEAGUE = "convert_from(definition, 'UTF8')::json ->> 'league' = {}"  # 10,000 are looked through in 15 ms
POSITIONS = "select * from positions"
POSITIONS_NOT_FINAL = """
    select positions.* from positions join markets using (market_id)
    where state <> 'final'
    order by market_id, account_id
"""
MAKER_AUDIT = "select * from maker_audit"
PRICES_SINCE = """
    (select created_ms as time_ms, price_ticks, trade_id from trades
     where market_id = $1 and created_ms < $2
     order by created_ms desc, trade_id desc
     limit 1)
    union all
    select created_ms, price_ticks, trade_id from trades where market_id = $1 and created_ms >= $2
    order by time_ms, trade_id
"""

# The same step from bar to bar, newest first: no more is read than the trades of the bars that are asked for. Arrays
# compare by their first elements: the least one is the first trade's, and has its price.
PRICE_HISTORY = """
    with recursive bar as (
        (select created_ms - created_ms % $3 as start_ms, 1 as number from trades
         where market_id = $1 and created_ms >= $2
         order by created_ms desc
         limit 1)
        union all
        select earlier.created_ms - earlier.created_ms % $3, number + 1
        from bar
        cross join lateral (
            select created_ms from trades
            where market_id = $1 and created_ms >= $2 and created_ms < bar.start_ms
            order by created_ms desc
            limit 1
        ) as earlier
        where number < $4
    )
    select bar.start_ms, traded.* from bar
    cross join lateral (
        select (min(array[created_ms, trade_id, price_ticks]))[3] as open_ticks,
               max(price_ticks) as high_ticks,
               min(price_ticks) as low_ticks,
               (max(array[created_ms, trade_id, price_ticks]))[3] as close_ticks,
               sum(quantity_lots) as quantity_lots
        from trades
        where market_id = $1 and created_ms >= bar.start_ms and created_ms < bar.start_ms + $3
    ) as traded
    order by bar.start_ms
"""
LAST_SEQ = "select coalesce(max(last_seq), 0) from channel_index where channel = $1"

# First the few rows of the index, then each row's commit by its key: whatever the planner believes of the journal.
CHANNEL_ROWS = """
    select last_seq, written.* from (
        select last_seq, journal_sequence from channel_index
        where channel = $1 and last_seq > $2
        order by last_seq
        limit $3
    ) as found
    cross join lateral (select * from journal where sequence = journal_sequence offset 0) as written
    order by last_seq
"""


class PostgresReader(BettingReader, AccumulatorReader):
    """Reader on PostgreSQL."""

    async def journal_head(self) -> JournalHead:
        statement = "select sequence, hash, now_ms from journal order by sequence desc limit 1"
        return await self.first(JournalHead, statement) or NO_JOURNAL

    async def journal(self, after: int, limit: int) -> list[JournalRecord]:
        return await self._pool.fetch(
            JournalRecord, f"{JOURNAL} where sequence > $1 order by sequence limit $2", after, limit
        )

    async def counters(self) -> Counters:
        counters = await self.first(Counters, COUNTERS)
        assert counters is not None
        return counters

    async def markets(self) -> list[MarketRecord]:
        return await self._pool.fetch(MarketRecord, f"{MARKETS} order by market_id")

    async def market(self, market_id: int) -> MarketRecord | None:
        return await self.first(MarketRecord, f"{MARKETS} where market_id = $1", market_id)

    async def market_page(
        self, product: str, state: MarketState | None, offset: int, limit: int, league: str | None = None
    ) -> tuple[list[MarketRecord], int]:
        wanted = ("product = {}", product), ("state = {}", state and state.value), (LEAGUE, league)
        where, values = conditions(*wanted)
        newest = "order by market_id desc"
        return await self._pool.run(read_page, MarketRecord, f"{MARKETS} {where}", newest, values, offset, limit)

    async def balances(self, account_id: int | None = None) -> list[BalanceRecord]:
        where, values = conditions(("account_id = {}", account_id))
        statement = f"{BALANCES} {where} order by account_id, asset"
        return await self._pool.fetch(BalanceRecord, statement, *values, seconds=WHOLE_TABLE_S_MAX)

    async def open_orders(self, market_id: int | None = None) -> list[OrderRecord]:
        where, values = conditions(("market_id = {}", market_id), also=IS_OPEN)
        statement = f"{ORDERS} {where} order by market_id, priority"
        return await self._pool.fetch(OrderRecord, statement, *values, seconds=WHOLE_TABLE_S_MAX)

    async def positions(self, market_id: int | None = None) -> list[PositionRecord]:
        if market_id is None:
            return await self._pool.fetch(PositionRecord, POSITIONS_NOT_FINAL, seconds=WHOLE_TABLE_S_MAX)
        statement = f"{POSITIONS} where market_id = $1 order by account_id"
        return await self._pool.fetch(PositionRecord, statement, market_id, seconds=WHOLE_TABLE_S_MAX)

    async def positions_of(self, account_id: int) -> list[PositionRecord]:
        statement = f"{POSITIONS} where account_id = $1 order by market_id desc"
        return await self._pool.fetch(PositionRecord, statement, account_id)

    async def stream_numbers(self) -> dict[str, int]:
        streams = await self._pool.fetch(ChannelRecord, STREAM_NUMBERS, seconds=WHOLE_TABLE_S_MAX)
        return {stream.channel: stream.last_seq for stream in streams}

    async def stream_number(self, channel: str) -> int:
        statement = "select * from channel_index where channel = $1 order by last_seq desc limit 1"
        found = await self.first(ChannelRecord, statement, channel)
        return 0 if found is None else found.last_seq

    async def channel_rows(self, channel: str, after_seq: int, limit: int) -> list[ChannelRow]:
        return await self._pool.run(_channel_rows, channel, after_seq, limit)

    async def order(self, order_id: int) -> OrderRecord | None:
        return await self.first(OrderRecord, f"{ORDERS} where order_id = $1", order_id)

    async def orders_by_id(self, order_ids: Collection[int]) -> dict[int, OrderRecord]:
        statement = f"{ORDERS} where order_id = any($1::bigint[])"
        found = await self._pool.fetch(OrderRecord, statement, list(order_ids))
        return {order.order_id: order for order in found}

    async def order_by_client_id(self, account_id: int, client_order_id: str) -> OrderRecord | None:
        statement = f"{ORDERS} where account_id = $1 and client_order_id = $2"
        return await self.first(OrderRecord, statement, account_id, client_order_id)

    async def orders(self, which: OrderFilter) -> list[OrderRecord]:
        where, values = conditions(
            ("account_id = {}", which.account_id),
            ("market_id = {}", which.market_id),
            ("order_id < {}", which.before),
            (OF_PRODUCT.format("orders"), which.product),
            also={None: None, True: IS_OPEN, False: f"not {IS_OPEN}"}[which.open],
        )
        statement = f"{ORDERS} {where} order by order_id desc limit ${len(values) + 1}"
        return await self._pool.fetch(OrderRecord, statement, *values, which.limit)

    async def trades(self, which: TradeFilter) -> list[TradeRecord]:
        where, values = conditions(
            ("account_id = {}", which.account_id),
            ("market_id = {}", which.market_id),
            ("trade_id < {}", which.before),
            (OF_PRODUCT.format("trades"), which.product),
        )
        newest = f"order by trade_id desc limit ${len(values) + 1}"
        statement = f"{TRADES} {where} {newest}"
        if which.account_id is not None:  # the newest of either side: each has an index
            bought, sold = (statement.replace("account_id", side) for side in ("buyer_id", "seller_id"))
            statement = f"({bought}) union ({sold}) {newest}"
        return await self._pool.fetch(TradeRecord, statement, *values, which.limit)

    async def prices_since(self, market_id: int, since_ms: int) -> list[PricePoint]:
        return await self._pool.fetch(PricePoint, PRICES_SINCE, market_id, since_ms, seconds=WHOLE_TABLE_S_MAX)

    async def price_history(self, market_id: int, since_ms: int, interval_ms: int, limit: int) -> list[PriceBar]:
        since_ms -= since_ms % interval_ms
        return await self._pool.fetch(PriceBar, PRICE_HISTORY, market_id, since_ms, interval_ms, limit)

    async def maker_audit(self, market_id: int, before: int | None, limit: int) -> list[MakerAuditRecord]:
        where, values = conditions(("market_id = {}", market_id), ("sequence < {}", before))
        statement = f"{MAKER_AUDIT} {where} order by sequence desc limit ${len(values) + 1}"
        return await self._pool.fetch(MakerAuditRecord, statement, *values, limit)

    async def admin_actions_after(self, action_id: int, limit: int) -> list[AdminAction]:
        statement = f"{ADMIN_ACTIONS} where action_id > $1 order by action_id limit $2"
        return await self._pool.fetch(AdminAction, statement, action_id, limit)

    async def transaction(self, account_id: int, trans_id: str) -> TransactionRecord | None:
        statement = "select * from transactions where account_id = $1 and trans_id = $2"
        return await self.first(TransactionRecord, statement, account_id, trans_id)

    async def asset_logs(
        self, account_id: int, asset: str | None, before: int | None, limit: int
    ) -> list[AssetLogRecord]:
        where, values = conditions(("account_id = {}", account_id), ("asset = {}", asset), ("log_id < {}", before))
        statement = f"{ASSET_LOGS} {where} order by log_id desc limit ${len(values) + 1}"
        return await self._pool.fetch(AssetLogRecord, statement, *values, limit)

    async def freezes(self, account_id: int, before: int | None, limit: int) -> list[FreezeRecord]:
        where, values = conditions(("account_id = {}", account_id), ("freeze_id < {}", before))
        statement = f"{FREEZES} {where} order by freeze_id desc limit ${len(values) + 1}"
        return await self._pool.fetch(FreezeRecord, statement, *values, limit)

    async def account_snapshot(self, account_id: int) -> AccountSnapshot:
        return await self._pool.run(_account_snapshot, account_id)

    async def trial_balance(self) -> list[BalanceRecord]:
        statement = "select 0 as account_id, asset, total, held from trial_balance order by asset"
        return await self._pool.fetch(BalanceRecord, statement, seconds=WHOLE_TABLE_S_MAX)


async def _channel_rows(connection: asyncpg.Connection, channel: str, after_seq: int, limit: int) -> list[ChannelRow]:
    rows = await connection.fetch(CHANNEL_ROWS, channel, after_seq, limit)
    return [ChannelRow(row["last_seq"], record) for row, record in zip(rows, records(rows, JournalRecord), strict=True)]


async def _account_snapshot(connection: asyncpg.Connection, account_id: int) -> AccountSnapshot:
    async with connection.transaction(isolation="repeatable_read", readonly=True):
        balances = await connection.fetch(f"{BALANCES} where account_id = $1 order by asset", account_id)
        orders = await connection.fetch(
            f"{ORDERS} where account_id = $1 and {IS_OPEN} order by market_id, priority", account_id
        )
        last_seq = await connection.fetchval(LAST_SEQ, account_channel(account_id))
    return AccountSnapshot(records(balances, BalanceRecord), records(orders, OrderRecord), last_seq)
