"""The commit in memory: all of an entry, or nothing."""

from collections.abc import Container, Hashable, Iterable

import trio
from msgspec.structs import replace

from engine.ledger.bets import BetRecord, OptionRecord
from engine.ledger.records import Entry, MarketRecord, OrderChange, OrderRecord
from storage.interface import CommitImpossible
from storage.memory.tables import Tables


class MemoryWriter:
    """Writer on dicts."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables
        self._closed = False

    @property
    def away(self) -> bool:
        return self._closed

    async def commit(self, entry: Entry) -> None:
        await trio.lowlevel.checkpoint()
        if self._closed:
            raise CommitImpossible("the storage is closed")
        self._check(entry)
        # From here on it must succeed.
        tables = self._tables
        tables.journal.append(entry.journal)
        for order in entry.new_orders:
            tables.orders[order.order_id] = order
            if order.client_order_id is not None:
                tables.orders_by_client_id[order.account_id, order.client_order_id] = order.order_id
        for change in entry.changed_orders:
            tables.orders[change.order_id] = _changed(tables.orders[change.order_id], change)
        tables.trades.update((trade.trade_id, trade) for trade in entry.trades)
        tables.asset_logs.update((row.log_id, row) for row in entry.asset_logs)
        for freeze in entry.freezes:
            before = tables.freezes.get(freeze.freeze_id, freeze)
            tables.freezes[freeze.freeze_id] = replace(before, amount=freeze.amount, updated_ms=freeze.updated_ms)
        tables.balances.update(((balance.account_id, balance.asset), balance) for balance in entry.balances)
        for market in entry.markets:
            tables.markets[market.market_id] = _moved(tables.markets.get(market.market_id, market), market)
        tables.transactions.update(((row.account_id, row.trans_id), row) for row in entry.transactions)
        tables.positions.update(((row.market_id, row.account_id), row) for row in entry.positions)
        tables.maker_audit.update(((row.market_id, row.sequence), row) for row in entry.maker_audit)
        for bet in entry.bets:
            if bet.bet_id not in tables.bets and bet.client_bet_id is not None:
                tables.bets_by_client_id[bet.account_id, bet.client_bet_id] = bet.bet_id
            tables.bets[bet.bet_id] = _claimed(tables.bets.get(bet.bet_id, bet), bet)
        for option in entry.options:
            key = (option.market_id, option.number)
            tables.options[key] = _repriced(tables.options.get(key, option), option)
        for action in entry.admin_actions:
            tables.note(action)
        for channel in entry.channels:
            tables.channel_index[channel.channel, channel.last_seq] = entry.journal.sequence

    async def close(self) -> None:
        await trio.lowlevel.checkpoint()
        self._closed = True

    def _check(self, entry: Entry) -> None:
        tables = self._tables
        if entry.journal.sequence != len(tables.journal) + 1:
            raise CommitImpossible(f"entry {entry.journal.sequence} does not follow {len(tables.journal)}")
        _refuse_repeated("orders", (order.order_id for order in entry.new_orders), tables.orders)
        client_ids = [(o.account_id, o.client_order_id) for o in entry.new_orders if o.client_order_id is not None]
        _refuse_repeated("client order ids", client_ids, tables.orders_by_client_id)
        _refuse_repeated("trades", (trade.trade_id for trade in entry.trades), tables.trades)
        _refuse_repeated("asset logs", (row.log_id for row in entry.asset_logs), tables.asset_logs)
        _refuse_repeated(
            "transactions", ((row.account_id, row.trans_id) for row in entry.transactions), tables.transactions
        )
        _refuse_repeated("channels", ((row.channel, row.last_seq) for row in entry.channels), tables.channel_index)
        _refuse_repeated(
            "maker audit", ((row.market_id, row.sequence) for row in entry.maker_audit), tables.maker_audit
        )
        _refuse_repeated("bets", (bet.bet_id for bet in entry.bets))
        client_bet_ids = [
            (bet.account_id, bet.client_bet_id)
            for bet in entry.bets
            if bet.bet_id not in tables.bets and bet.client_bet_id is not None  # one that is there keeps its own
        ]
        _refuse_repeated("client bet ids", client_bet_ids, tables.bets_by_client_id)
        _refuse_repeated("options", ((option.market_id, option.number) for option in entry.options))
        _refuse_repeated("changed orders", (change.order_id for change in entry.changed_orders))
        _refuse_repeated("freezes", (freeze.freeze_id for freeze in entry.freezes))
        _refuse_repeated("balances", ((balance.account_id, balance.asset) for balance in entry.balances))
        _refuse_repeated("markets", (market.market_id for market in entry.markets))
        _refuse_repeated("positions", ((row.market_id, row.account_id) for row in entry.positions))
        if unknown := [c.order_id for c in entry.changed_orders if c.order_id not in tables.orders]:
            raise CommitImpossible(f"no order {unknown} that could change")


def _refuse_repeated(what: str, keys: Iterable[Hashable], present: Container[Hashable] = ()) -> None:
    seen = set()
    for key in keys:
        if key in seen or key in present:
            raise CommitImpossible(f"{what}: {key} is there already")
        seen.add(key)


def _changed(order: OrderRecord, change: OrderChange) -> OrderRecord:
    return replace(
        order,
        state=change.state,
        filled_lots=change.filled_lots,
        filled_value=change.filled_value,
        cancelled_lots=change.cancelled_lots,
        fee=change.fee,
        fee_parts=change.fee_parts,
        updated_ms=change.updated_ms,
    )


def _claimed(bet: BetRecord, to: BetRecord) -> BetRecord:
    return replace(bet, payout=to.payout, claim_tx_hash=to.claim_tx_hash, claimed_ms=to.claimed_ms)


def _repriced(option: OptionRecord, to: OptionRecord) -> OptionRecord:
    return replace(option, odds=to.odds, offered=to.offered, result=to.result)


def _moved(market: MarketRecord, to: MarketRecord) -> MarketRecord:
    return replace(
        market,
        state=to.state,
        sequence=to.sequence,
        trades=to.trades,
        last_price_ticks=to.last_price_ticks,
        standing=to.standing,
    )
