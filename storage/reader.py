"""The reads of recovery, history and log-in, in SQL."""

from collections.abc import Collection
from typing import TypeVar

import asyncpg
import msgspec

from engine.ledger.bets import BetRecord, OptionRecord
from engine.ledger.page import account_channel
from engine.ledger.records import (
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
from storage.connection import records
from storage.interface import (
    NO_JOURNAL,
    AccountSnapshot,
    BetFilter,
    ChannelRow,
    Counters,
    JournalHead,
    OrderFilter,
    PriceBar,
    PricePoint,
    TradeFilter,
)
from storage.pool import WHOLE_TABLE_S_MAX, Pool

R = TypeVar("R", bound=msgspec.Struct)

JOURNAL = "select * from journal"
BALANCES = "select * from assets"
TRADES = "select * from trades"
ASSET_LOGS = "select * from assets_logs"
FREEZES = "select * from freezes"
ORDERS = """
    select orders.*, coalesce((select freezes.amount from freezes where freeze_id = order_id), 0) as held
    from orders
"""
# Asked row by row, newest first. With `in`, a table that was never analyzed is gathered market by market instead.
OF_PRODUCT = "(select product = {{}} from markets where markets.market_id = {}.market_id)"
IS_OPEN = "state in ('new', 'partially_filled')"  # word for word as in the indexes of open orders

COUNTERS = """
    select greatest((select max(order_id) from orders), (select max(bet_id) from bets), 0) as order_id,
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
COUNT = "select count(*) from ({}) as found"
MARKETS = "select * from markets"
LEAGUE = "convert_from(definition, 'UTF8')::json ->> 'league' = {}"  # 10,000 are looked through in 15 ms
POSITIONS = "select * from positions"
POSITIONS_NOT_FINAL = """
    select positions.* from positions join markets using (market_id)
    where state <> 'final'
    order by market_id, account_id
"""
MAKER_AUDIT = "select * from maker_audit"
BETS = """
    select bets.*, options.result
    from bets left join options on options.market_id = bets.market_id and number = option_number
"""
OPTIONS = "select * from options"

# First the groups of which a bet is claimed: a look into the index for each option. Then, option by option, each whose
# bets may still be paid leads to them by the index. One join of all took up to 32 s where the tables were never
# analyzed, this 0.06 s (of 300,000 bets, 45,000 were wanted).
UNCLAIMED_BETS = """
    with final as materialized (
        select distinct market_id, group_number from options
        where {of_market} (
            select true from bets
            where bets.market_id = options.market_id and option_number = number and payout is not null
            limit 1
        )
    )
    select unclaimed.*, options.result
    from options
    cross join lateral (
        select * from bets
        where bets.market_id = options.market_id and option_number = number and payout is null
        offset 0
    ) as unclaimed
    where {of_market} (
        options.result = 'loss'
        and (options.market_id, options.group_number) in (select market_id, group_number from final)
    ) is not true
    order by bet_id
"""
CLAIM_COUNTS = """
    select market_id, option_number, count(*) as claims from bets where payout is not null
    group by market_id, option_number
"""

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


class ClaimCount(msgspec.Struct, frozen=True):
    """How many bets on an option are claimed."""

    market_id: int
    option_number: int
    claims: int


class PostgresReader:
    """Reader on PostgreSQL."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def journal_head(self) -> JournalHead:
        statement = "select sequence, hash, now_ms from journal order by sequence desc limit 1"
        return await self._first(JournalHead, statement) or NO_JOURNAL

    async def journal(self, after: int, limit: int) -> list[JournalRecord]:
        return await self._pool.fetch(
            JournalRecord, f"{JOURNAL} where sequence > $1 order by sequence limit $2", after, limit
        )

    async def counters(self) -> Counters:
        counters = await self._first(Counters, COUNTERS)
        assert counters is not None
        return counters

    async def markets(self) -> list[MarketRecord]:
        return await self._pool.fetch(MarketRecord, f"{MARKETS} order by market_id")

    async def market(self, market_id: int) -> MarketRecord | None:
        return await self._first(MarketRecord, f"{MARKETS} where market_id = $1", market_id)

    async def market_page(
        self, product: str, state: MarketState | None, offset: int, limit: int, league: str | None = None
    ) -> tuple[list[MarketRecord], int]:
        wanted = ("product = {}", product), ("state = {}", state and state.value), (LEAGUE, league)
        where, values = conditions(*wanted)
        newest = "order by market_id desc"
        return await self._pool.run(_page, MarketRecord, f"{MARKETS} {where}", newest, values, offset, limit)

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
        found = await self._first(ChannelRecord, statement, channel)
        return 0 if found is None else found.last_seq

    async def channel_rows(self, channel: str, after_seq: int, limit: int) -> list[ChannelRow]:
        return await self._pool.run(_channel_rows, channel, after_seq, limit)

    async def order(self, order_id: int) -> OrderRecord | None:
        return await self._first(OrderRecord, f"{ORDERS} where order_id = $1", order_id)

    async def orders_by_id(self, order_ids: Collection[int]) -> dict[int, OrderRecord]:
        statement = f"{ORDERS} where order_id = any($1::bigint[])"
        found = await self._pool.fetch(OrderRecord, statement, list(order_ids))
        return {order.order_id: order for order in found}

    async def order_by_client_id(self, account_id: int, client_order_id: str) -> OrderRecord | None:
        statement = f"{ORDERS} where account_id = $1 and client_order_id = $2"
        return await self._first(OrderRecord, statement, account_id, client_order_id)

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

    async def bet(self, bet_id: int) -> BetRecord | None:
        return await self._first(BetRecord, f"{BETS} where bet_id = $1", bet_id)

    async def bet_by_client_id(self, account_id: int, client_bet_id: str) -> BetRecord | None:
        statement = f"{BETS} where account_id = $1 and client_bet_id = $2"
        return await self._first(BetRecord, statement, account_id, client_bet_id)

    async def bets(self, which: BetFilter) -> tuple[list[BetRecord], int]:
        where, values = conditions(
            ("account_id = {}", which.account_id),
            ("bets.market_id = {}", which.market_id),
            also={None: None, True: "result is not null", False: "result is null"}[which.settled],
        )
        newest = "order by bet_id desc"
        return await self._pool.run(_page, BetRecord, f"{BETS} {where}", newest, values, which.offset, which.limit)

    async def unclaimed_bets(self, market_id: int | None = None) -> list[BetRecord]:
        values = () if market_id is None else (market_id,)
        statement = UNCLAIMED_BETS.format(of_market="options.market_id = $1 and" if values else "")
        return await self._pool.fetch(BetRecord, statement, *values, seconds=WHOLE_TABLE_S_MAX)

    async def claimed_bets(self, market_id: int) -> list[BetRecord]:
        statement = f"{BETS} where bets.market_id = $1 and payout is not null order by bet_id"
        return await self._pool.fetch(BetRecord, statement, market_id, seconds=WHOLE_TABLE_S_MAX)

    async def claim_counts(self) -> dict[tuple[int, int], int]:
        counts = await self._pool.fetch(ClaimCount, CLAIM_COUNTS, seconds=WHOLE_TABLE_S_MAX)
        return {(count.market_id, count.option_number): count.claims for count in counts}

    async def options(self, market_id: int | None = None) -> list[OptionRecord]:
        where, values = conditions(("market_id = {}", market_id))
        statement = f"{OPTIONS} {where} order by market_id, number"
        return await self._pool.fetch(OptionRecord, statement, *values, seconds=WHOLE_TABLE_S_MAX)

    async def prices_since(self, market_id: int, since_ms: int) -> list[PricePoint]:
        return await self._pool.fetch(PricePoint, PRICES_SINCE, market_id, since_ms, seconds=WHOLE_TABLE_S_MAX)

    async def price_history(self, market_id: int, since_ms: int, interval_ms: int, limit: int) -> list[PriceBar]:
        since_ms -= since_ms % interval_ms
        return await self._pool.fetch(PriceBar, PRICE_HISTORY, market_id, since_ms, interval_ms, limit)

    async def maker_audit(self, market_id: int, before: int | None, limit: int) -> list[MakerAuditRecord]:
        where, values = conditions(("market_id = {}", market_id), ("sequence < {}", before))
        statement = f"{MAKER_AUDIT} {where} order by sequence desc limit ${len(values) + 1}"
        return await self._pool.fetch(MakerAuditRecord, statement, *values, limit)

    async def transaction(self, account_id: int, trans_id: str) -> TransactionRecord | None:
        statement = "select * from transactions where account_id = $1 and trans_id = $2"
        return await self._first(TransactionRecord, statement, account_id, trans_id)

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

    async def _first(self, kind: type[R], statement: str, *values: object) -> R | None:
        found = await self._pool.fetch(kind, statement, *values)
        return found[0] if found else None


def conditions(*pairs: tuple[str, object], also: str | None = None) -> tuple[str, list[object]]:
    """Make a `where` of the pairs whose value isn't None, and the list of those values.

    conditions(("account_id = {}", 7), ("order_id < {}", None)) is ("where account_id = $1", [7]).
    """
    given = [(text, value) for text, value in pairs if value is not None]
    texts = [text.format(f"${number}") for number, (text, _) in enumerate(given, start=1)]
    if also is not None:
        texts.append(also)
    return f"where {' and '.join(texts)}" if texts else "", [value for _, value in given]


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


async def _page(
    connection: asyncpg.Connection,
    kind: type[R],
    found: str,
    order: str,
    values: list[object],
    offset: int,
    limit: int,
) -> tuple[list[R], int]:
    """Read some of the rows that a statement finds, and count them all."""
    page = f"{order} offset ${len(values) + 1} limit ${len(values) + 2}"
    async with connection.transaction(isolation="repeatable_read", readonly=True):
        rows = await connection.fetch(f"{found} {page}", *values, offset, limit)
        count = await connection.fetchval(COUNT.format(found), *values)
    return records(rows, kind), count
