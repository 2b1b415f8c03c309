"""The tables as dicts: what storage does with an entry, and what recovery reads back."""

from collections import Counter
from typing import TypeVar

import msgspec

from engine.betting.lifecycle import read_standing
from engine.ledger.accumulators import AccumulatorRecord, LegRecord
from engine.ledger.bets import NO_TALLY, BetRecord, OptionRecord, Result
from engine.ledger.books import Books, Products
from engine.ledger.journal import GENESIS_HASH
from engine.ledger.records import (
    AdminAction,
    AssetLogRecord,
    BalanceRecord,
    Entry,
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
from engine.products import BETTING, PRODUCTS

READ_ONLY = Products({}, PRODUCTS.read_definition)  # of books that are only looked at: their journal's codec costs 6 ms

Key = TypeVar("Key")
Row = TypeVar("Row")


class Tables:
    """Takes entries as strictly as a database: keys are unique, and what changes is there."""

    def __init__(self) -> None:
        self.journal: list[JournalRecord] = []
        self.orders: dict[int, OrderRecord] = {}
        self.trades: dict[int, TradeRecord] = {}
        self.asset_logs: dict[int, AssetLogRecord] = {}
        self.freezes: dict[int, FreezeRecord] = {}
        self.balances: dict[tuple[int, str], BalanceRecord] = {}
        self.markets: dict[int, MarketRecord] = {}
        self.transactions: dict[tuple[int, str], TransactionRecord] = {}
        self.channels: dict[str, int] = {}
        self.positions: dict[tuple[int, int], PositionRecord] = {}
        self.maker_audit: dict[tuple[int, int, int], MakerAuditRecord] = {}
        self.bets: dict[int, BetRecord] = {}
        self.options: dict[tuple[int, int], OptionRecord] = {}
        self.admin_actions: list[AdminAction] = []
        self.accumulators: dict[int, AccumulatorRecord] = {}  # without their legs
        self.legs: dict[tuple[int, int], LegRecord] = {}

    def write(self, entry: Entry) -> None:
        assert entry.journal.sequence == len(self.journal) + 1
        self.journal.append(entry.journal)
        insert(self.orders, {order.order_id: order for order in entry.new_orders}, len(entry.new_orders))
        insert(self.trades, {trade.trade_id: trade for trade in entry.trades}, len(entry.trades))
        insert(self.asset_logs, {row.log_id: row for row in entry.asset_logs}, len(entry.asset_logs))
        insert(
            self.transactions,
            {(row.account_id, row.trans_id): row for row in entry.transactions},
            len(entry.transactions),
        )
        changes = {change.order_id: change for change in entry.changed_orders}
        assert len(changes) == len(entry.changed_orders)
        assert not changes.keys() & {order.order_id for order in entry.new_orders}
        for order_id, change in changes.items():
            self.orders[order_id] = msgspec.structs.replace(self.orders[order_id], **msgspec.structs.asdict(change))
        upsert(self.freezes, {row.freeze_id: row for row in entry.freezes}, len(entry.freezes))
        upsert(self.balances, {(row.account_id, row.asset): row for row in entry.balances}, len(entry.balances))
        upsert(self.markets, {row.market_id: row for row in entry.markets}, len(entry.markets))
        upsert(self.channels, {row.channel: row.last_seq for row in entry.channels}, len(entry.channels))
        upsert(self.positions, {(row.market_id, row.account_id): row for row in entry.positions}, len(entry.positions))
        insert(
            self.maker_audit,
            {(row.market_id, row.sequence, row.order_id): row for row in entry.maker_audit},
            len(entry.maker_audit),
        )
        upsert(self.bets, {row.bet_id: row for row in entry.bets}, len(entry.bets))
        upsert(self.options, {(row.market_id, row.number): row for row in entry.options}, len(entry.options))
        self.admin_actions += entry.admin_actions
        rows = {row.bet_id: msgspec.structs.replace(row, legs=()) for row in entry.accumulators}
        upsert(self.accumulators, rows, len(entry.accumulators))
        insert(self.legs, {(row.bet_id, row.leg): row for row in entry.legs}, len(entry.legs))
        assert all(row.bet_id in rows and row.result is None for row in entry.legs)

    def open_orders(self) -> list[OrderRecord]:
        """By market and priority; what is held for an order stands in its freeze, and sellers of shares have none."""
        found = [
            msgspec.structs.replace(order, held=freeze.amount if (freeze := self.freezes.get(order.order_id)) else 0)
            for order in self.orders.values()
            if order.state in OPEN_STATES
        ]
        return sorted(found, key=lambda order: (order.market_id, order.priority))

    def open_positions(self) -> list[PositionRecord]:
        """Those in markets that are not final."""
        return [row for row in self.positions.values() if self.markets[row.market_id].state is not MarketState.FINAL]

    def bets_in(self, market_id: int | None = None) -> list[BetRecord]:
        """With the results of their options, as they stand now."""
        return [
            msgspec.structs.replace(bet, result=self.options[bet.market_id, bet.option_number].result)
            for bet in self.bets.values()
            if market_id in (None, bet.market_id)
        ]

    def unclaimed_bets(self, market_id: int | None = None) -> list[BetRecord]:
        """Without those that are lost for good: on a group with a claim, or on a match whose settlement is final."""
        paid_for = {self._group_of(claim) for claim in self.claims()}
        return [
            bet
            for bet in self.bets_in(market_id)
            if bet.payout is None
            and not (bet.result is Result.LOSS and (self._group_of(bet) in paid_for or self._is_final(bet.market_id)))
        ]

    def _is_final(self, market_id: int) -> bool:
        """Whether an administrator has said that a match's settlement stands."""
        market = self.markets[market_id]
        return market.product == BETTING and read_standing(market.standing).final

    def _group_of(self, bet: BetRecord | LegRecord) -> tuple[int, int]:
        return bet.market_id, self.options[bet.market_id, bet.option_number].group_number

    def accumulator(self, bet_id: int) -> AccumulatorRecord:
        """With its legs, and the results of their options, as they stand now."""
        legs = (
            msgspec.structs.replace(leg, result=self.options[leg.market_id, leg.option_number].result)
            for leg in sorted(self.legs.values(), key=lambda leg: leg.leg)
            if leg.bet_id == bet_id
        )
        return msgspec.structs.replace(self.accumulators[bet_id], legs=tuple(legs))

    def open_accumulators(self, market_id: int | None = None) -> list[AccumulatorRecord]:
        return [
            self.accumulator(row.bet_id)
            for row in sorted(self.accumulators.values(), key=lambda row: row.bet_id)
            if row.payout is None and market_id in (None, row.market_id)
        ]

    def paid_legs(self, market_id: int | None = None) -> list[LegRecord]:
        """Those of accumulators that were paid, on one match."""
        return [
            leg
            for leg in self.legs.values()
            if self.accumulators[leg.bet_id].payout and market_id in (None, leg.market_id)
        ]

    def claims(self) -> list[BetRecord | LegRecord]:
        """What was paid: it makes the results of its group final."""
        return [*(bet for bet in self.bets.values() if bet.payout is not None), *self.paid_legs()]

    def books(self, products: Products = PRODUCTS) -> Books:
        """The books as recovery loads them."""
        return Books(
            products,
            journal_sequence=len(self.journal),
            journal_hash=self.journal[-1].hash if self.journal else GENESIS_HASH,
            trade_id=max(self.trades, default=0),
            log_id=max(self.asset_logs, default=0),
            market_id=max(self.markets, default=0),
            balances=self.balances.values(),
            open_orders=self.open_orders(),
            markets=self.markets.values(),
            positions=self.open_positions(),
            streams=self.channels,
            bets=self.unclaimed_bets(),
            options=self.options.values(),
            claims=Counter((claim.market_id, claim.option_number) for claim in self.claims()),
            accumulators=self.open_accumulators(),
        )


def insert(table: dict[Key, Row], rows: dict[Key, Row], count: int) -> None:
    assert len(rows) == count
    assert not table.keys() & rows.keys()
    table.update(rows)


def upsert(table: dict[Key, Row], rows: dict[Key, Row], count: int) -> None:
    assert len(rows) == count
    table.update(rows)


def without_results(accumulator: AccumulatorRecord) -> AccumulatorRecord:
    """As it stands in the books: the results are its options'."""
    legs = tuple(msgspec.structs.replace(leg, result=None) for leg in accumulator.legs)
    return msgspec.structs.replace(accumulator, legs=legs)


def contents(books: Books) -> dict[str, object]:
    """All that books know, to be compared. A balance of nothing is none."""
    return {
        "journal": (books.journal_sequence, books.journal_hash.hex()),
        "ids": (books.trade_id, books.log_id, books.market_id),
        "balances": {key: balance for key, balance in books.balances.items() if any(balance)},
        "open orders": books.open_orders,
        "markets": books.markets,
        "definitions": books.definitions,
        "positions": books.positions,
        "shares": {market_id: shares for market_id, shares in books.shares.items() if any(shares)},
        "streams": books.streams,
        "bets": {bet_id: msgspec.structs.replace(bet, result=None) for bet_id, bet in books.betting.bets.items()},
        "tallies": {key: tally for key, tally in books.betting.tallies.items() if tally != NO_TALLY},
        "claims": books.betting.claims,
        "options": books.betting.options,
        "accumulators": {bet_id: without_results(row) for bet_id, row in books.betting.accumulators.items()},
        "liabilities": {market_id: owed for market_id, owed in books.betting.liabilities.items() if owed},
    }
