"""The commit in memory: all of an entry, or nothing."""

from collections.abc import Container, Hashable, Iterable

import trio
from msgspec.structs import replace

from engine.ledger.accumulators import AccumulatorRecord
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
        self._write_bets(entry)
        for action in entry.admin_actions:
            tables.note(action)
        for channel in entry.channels:
            tables.channel_index[channel.channel, channel.last_seq] = entry.journal.sequence

    async def close(self) -> None:
        await trio.lowlevel.checkpoint()
        self._closed = True

    def _write_bets(self, entry: Entry) -> None:
        tables = self._tables
        tables.bets_by_client_id.update(_new_client_ids(entry.bets, tables.bets))
        for bet in entry.bets:
            tables.bets[bet.bet_id] = _claimed(tables.bets.get(bet.bet_id, bet), bet)
        for option in entry.options:
            key = (option.market_id, option.number)
            tables.options[key] = _repriced(tables.options.get(key, option), option)
        tables.accumulators_by_client_id.update(_new_client_ids(entry.accumulators, tables.accumulators))
        for accumulator in entry.accumulators:
            before = tables.accumulators.get(accumulator.bet_id, accumulator)
            tables.accumulators[accumulator.bet_id] = _closed(before, accumulator)
        for leg in entry.legs:
            tables.legs.setdefault(leg.bet_id, {})[leg.leg] = leg

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
        self._check_bets(entry)
        _refuse_repeated("options", ((option.market_id, option.number) for option in entry.options))
        _refuse_repeated("changed orders", (change.order_id for change in entry.changed_orders))
        _refuse_repeated("freezes", (freeze.freeze_id for freeze in entry.freezes))
        _refuse_repeated("balances", ((balance.account_id, balance.asset) for balance in entry.balances))
        _refuse_repeated("markets", (market.market_id for market in entry.markets))
        _refuse_repeated("positions", ((row.market_id, row.account_id) for row in entry.positions))
        if unknown := [c.order_id for c in entry.changed_orders if c.order_id not in tables.orders]:
            raise CommitImpossible(f"no order {unknown} that could change")

    def _check_bets(self, entry: Entry) -> None:
        tables = self._tables
        rows: Iterable[BetRecord | AccumulatorRecord]
        for what, rows, present, client_ids in (
            ("bets", entry.bets, tables.bets, tables.bets_by_client_id),
            ("accumulators", entry.accumulators, tables.accumulators, tables.accumulators_by_client_id),
        ):
            _refuse_repeated(what, (row.bet_id for row in rows))
            _refuse_repeated(f"client ids of {what}", (key for key, _ in _new_client_ids(rows, present)), client_ids)
        present_legs = {(leg.bet_id, number) for leg in entry.legs for number in tables.legs.get(leg.bet_id, ())}
        _refuse_repeated("legs", ((leg.bet_id, leg.leg) for leg in entry.legs), present_legs)


def _refuse_repeated(what: str, keys: Iterable[Hashable], present: Container[Hashable] = ()) -> None:
    seen = set()
    for key in keys:
        if key in seen or key in present:
            raise CommitImpossible(f"{what}: {key} is there already")
        seen.add(key)


def _new_client_ids(
    rows: Iterable[BetRecord | AccumulatorRecord], present: Container[int]
) -> list[tuple[tuple[int, str], int]]:
    """What new rows are known by to their accounts; a row that is there keeps what it has."""
    return [
        ((row.account_id, row.client_bet_id), row.bet_id)
        for row in rows
        if row.client_bet_id is not None and row.bet_id not in present
    ]


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


def _closed(accumulator: AccumulatorRecord, to: AccumulatorRecord) -> AccumulatorRecord:
    return replace(accumulator, payout=to.payout, claim_tx_hash=to.claim_tx_hash, closed_ms=to.closed_ms, legs=())


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
