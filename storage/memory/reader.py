"""The reads of recovery, history and log-in, in memory."""

from collections.abc import Collection

import msgspec
import trio
from msgspec.structs import replace

from engine.ledger.page import account_channel
from engine.ledger.records import (
    AdminAction,
    AssetLogRecord,
    BalanceRecord,
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
from engine.matching.terms import OPEN_STATES
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
from storage.memory.accumulator_reader import MemoryAccumulatorReader
from storage.memory.betting_reader import MemoryBettingReader


class MemoryReader(MemoryBettingReader, MemoryAccumulatorReader):
    """Reader on dicts."""

    async def journal_head(self) -> JournalHead:
        await trio.lowlevel.checkpoint()
        if not self._tables.journal:
            return NO_JOURNAL
        last = self._tables.journal[-1]
        return JournalHead(last.sequence, last.hash, last.now_ms)

    async def journal(self, after: int, limit: int) -> list[JournalRecord]:
        await trio.lowlevel.checkpoint()
        return self._tables.journal[after : after + limit]

    async def counters(self) -> Counters:
        await trio.lowlevel.checkpoint()
        tables = self._tables
        return Counters(
            order_id=max([*tables.orders, *tables.bets, *tables.accumulators], default=0),
            trade_id=max(tables.trades, default=0),
            log_id=max(tables.asset_logs, default=0),
            market_id=max(tables.markets, default=0),
        )

    async def markets(self) -> list[MarketRecord]:
        await trio.lowlevel.checkpoint()
        return [market for _, market in sorted(self._tables.markets.items())]

    async def market(self, market_id: int) -> MarketRecord | None:
        await trio.lowlevel.checkpoint()
        return self._tables.markets.get(market_id)

    async def market_page(
        self, product: str, state: MarketState | None, offset: int, limit: int, league: str | None = None
    ) -> tuple[list[MarketRecord], int]:
        await trio.lowlevel.checkpoint()
        found = [
            market
            for _, market in sorted(self._tables.markets.items(), reverse=True)
            if market.product == product
            and state in (None, market.state)
            and (league is None or _league_of(market) == league)
        ]
        return found[offset : offset + limit], len(found)

    async def balances(self, account_id: int | None = None) -> list[BalanceRecord]:
        await trio.lowlevel.checkpoint()
        return self._balances(account_id)

    async def open_orders(self, market_id: int | None = None) -> list[OrderRecord]:
        await trio.lowlevel.checkpoint()
        return self._open_orders(market_id=market_id)

    async def positions(self, market_id: int | None = None) -> list[PositionRecord]:
        await trio.lowlevel.checkpoint()
        wanted = [market_id]
        if market_id is None:
            markets = self._tables.markets.values()
            wanted = [market.market_id for market in markets if market.state is not MarketState.FINAL]
        return [position for key, position in sorted(self._tables.positions.items()) if key[0] in wanted]

    async def positions_of(self, account_id: int) -> list[PositionRecord]:
        await trio.lowlevel.checkpoint()
        newest_first = sorted(self._tables.positions.items(), reverse=True)
        return [position for key, position in newest_first if key[1] == account_id]

    async def stream_numbers(self) -> dict[str, int]:
        await trio.lowlevel.checkpoint()
        return dict(sorted(self._tables.channel_index))

    async def stream_number(self, channel: str) -> int:
        await trio.lowlevel.checkpoint()
        return self._stream_number(channel)

    async def channel_rows(self, channel: str, after_seq: int, limit: int) -> list[ChannelRow]:
        await trio.lowlevel.checkpoint()
        found = [
            (last_seq, sequence)
            for (name, last_seq), sequence in self._tables.channel_index.items()
            if name == channel and last_seq > after_seq
        ]
        return [
            ChannelRow(last_seq, self._tables.journal[sequence - 1]) for last_seq, sequence in sorted(found)[:limit]
        ]

    async def order(self, order_id: int) -> OrderRecord | None:
        await trio.lowlevel.checkpoint()
        order = self._tables.orders.get(order_id)
        return order and self._with_held(order)

    async def orders_by_id(self, order_ids: Collection[int]) -> dict[int, OrderRecord]:
        await trio.lowlevel.checkpoint()
        found = [self._tables.orders[order_id] for order_id in order_ids if order_id in self._tables.orders]
        return {order.order_id: self._with_held(order) for order in found}

    async def order_by_client_id(self, account_id: int, client_order_id: str) -> OrderRecord | None:
        await trio.lowlevel.checkpoint()
        order_id = self._tables.orders_by_client_id.get((account_id, client_order_id))
        return None if order_id is None else self._with_held(self._tables.orders[order_id])

    async def orders(self, which: OrderFilter) -> list[OrderRecord]:
        await trio.lowlevel.checkpoint()
        found = [
            self._with_held(order)
            for order_id, order in self._tables.orders.items()
            if which.account_id in (None, order.account_id)
            and which.market_id in (None, order.market_id)
            and which.open in (None, order.state in OPEN_STATES)
            and (which.before is None or order_id < which.before)
            and which.product in (None, self._product(order.market_id))
        ]
        return sorted(found, key=lambda order: -order.order_id)[: which.limit]

    async def trades(self, which: TradeFilter) -> list[TradeRecord]:
        await trio.lowlevel.checkpoint()
        found = [
            trade
            for trade_id, trade in self._tables.trades.items()
            if which.account_id in (None, trade.buyer_id, trade.seller_id)
            and which.market_id in (None, trade.market_id)
            and (which.before is None or trade_id < which.before)
            and which.product in (None, self._product(trade.market_id))
        ]
        return sorted(found, key=lambda trade: -trade.trade_id)[: which.limit]

    async def prices_since(self, market_id: int, since_ms: int) -> list[PricePoint]:
        await trio.lowlevel.checkpoint()
        points = [PricePoint(trade.created_ms, trade.price_ticks) for trade in self._trades_of(market_id)]
        earlier = [point for point in points if point.time_ms < since_ms]
        return points[max(len(earlier) - 1, 0) :]

    async def price_history(self, market_id: int, since_ms: int, interval_ms: int, limit: int) -> list[PriceBar]:
        await trio.lowlevel.checkpoint()
        bars: dict[int, PriceBar] = {}
        for trade in self._trades_of(market_id):
            start_ms, price = trade.created_ms - trade.created_ms % interval_ms, trade.price_ticks
            bar = bars.get(start_ms) or PriceBar(start_ms, price, price, price, price, 0)
            bars[start_ms] = PriceBar(
                start_ms,
                bar.open_ticks,
                max(bar.high_ticks, price),
                min(bar.low_ticks, price),
                price,
                bar.quantity_lots + trade.quantity_lots,
            )
        return [bar for bar in bars.values() if bar.start_ms + interval_ms > since_ms][-limit:]

    async def maker_audit(self, market_id: int, before: int | None, limit: int) -> list[MakerAuditRecord]:
        await trio.lowlevel.checkpoint()
        newest_first = sorted(self._tables.maker_audit.items(), reverse=True)
        found = [row for key, row in newest_first if key[0] == market_id and (before is None or key[1] < before)]
        return found[:limit]

    async def admin_actions_after(self, action_id: int, limit: int) -> list[AdminAction]:
        await trio.lowlevel.checkpoint()
        found = [action for action in self._tables.admin_actions.values() if action.action_id > action_id]
        return sorted(found, key=lambda action: action.action_id)[:limit]

    async def transaction(self, account_id: int, trans_id: str) -> TransactionRecord | None:
        await trio.lowlevel.checkpoint()
        return self._tables.transactions.get((account_id, trans_id))

    async def asset_logs(
        self, account_id: int, asset: str | None, before: int | None, limit: int
    ) -> list[AssetLogRecord]:
        await trio.lowlevel.checkpoint()
        found = [
            row
            for log_id, row in self._tables.asset_logs.items()
            if row.account_id == account_id and asset in (None, row.asset) and (before is None or log_id < before)
        ]
        return sorted(found, key=lambda row: -row.log_id)[:limit]

    async def freezes(self, account_id: int, before: int | None, limit: int) -> list[FreezeRecord]:
        await trio.lowlevel.checkpoint()
        found = [
            freeze
            for freeze_id, freeze in self._tables.freezes.items()
            if freeze.account_id == account_id and (before is None or freeze_id < before)
        ]
        return sorted(found, key=lambda freeze: -freeze.freeze_id)[:limit]

    async def account_snapshot(self, account_id: int) -> AccountSnapshot:
        await trio.lowlevel.checkpoint()
        last_seq = self._stream_number(account_channel(account_id))
        return AccountSnapshot(self._balances(account_id), self._open_orders(account_id=account_id), last_seq)

    async def trial_balance(self) -> list[BalanceRecord]:
        await trio.lowlevel.checkpoint()
        sums: dict[str, BalanceRecord] = {}
        for balance in self._balances(None):
            before = sums.get(balance.asset, BalanceRecord(0, balance.asset, 0, 0))
            sums[balance.asset] = replace(before, total=before.total + balance.total, held=before.held + balance.held)
        return [balance for _, balance in sorted(sums.items())]

    def _stream_number(self, channel: str) -> int:
        return max((last_seq for name, last_seq in self._tables.channel_index if name == channel), default=0)

    def _balances(self, account_id: int | None) -> list[BalanceRecord]:
        return [row for key, row in sorted(self._tables.balances.items()) if account_id in (None, key[0])]

    def _open_orders(self, *, account_id: int | None = None, market_id: int | None = None) -> list[OrderRecord]:
        found = [
            self._with_held(order)
            for order in self._tables.orders.values()
            if order.state in OPEN_STATES
            and account_id in (None, order.account_id)
            and market_id in (None, order.market_id)
        ]
        return sorted(found, key=lambda order: (order.market_id, order.priority))

    def _with_held(self, order: OrderRecord) -> OrderRecord:
        freeze = self._tables.freezes.get(order.order_id)
        return replace(order, held=0 if freeze is None else freeze.amount)

    def _product(self, market_id: int) -> str | None:
        market = self._tables.markets.get(market_id)
        return None if market is None else market.product

    def _trades_of(self, market_id: int) -> list[TradeRecord]:
        found = [trade for trade in self._tables.trades.values() if trade.market_id == market_id]
        return sorted(found, key=lambda trade: (trade.created_ms, trade.trade_id))


def _league_of(market: MarketRecord) -> object:
    terms: dict[str, object] = msgspec.json.decode(market.definition)
    return terms.get("league")
