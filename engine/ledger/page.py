"""One commit in the making: the events of several markets, written down as double entry and as rows.

    write(part) for each part -> the rows of every table, what changed for accounts, the messages of private streams
    close()                   -> the Entry for storage; the books have moved on

A part that does not balance raises PartRefused; the page is then spoilt, and the rest is written on a new one.
"""

from collections import defaultdict
from typing import Any

import msgspec

from engine.ledger.bet_page import BetPage
from engine.ledger.books import (
    NO_SHARES,
    Balance,
    BalanceChange,
    BalanceKey,
    Books,
    PartCheck,
    PositionKey,
    Shares,
    held_asset,
)
from engine.ledger.chart import OUTSIDE, has_log
from engine.ledger.journal import Part, PartRefused, Row, chain_hash
from engine.ledger.records import (
    AdminAction,
    AssetLogRecord,
    BalanceRecord,
    ChannelRecord,
    Entry,
    FreezeRecord,
    JournalRecord,
    MakerAuditRecord,
    MarketRecord,
    MarketState,
    OrderChange,
    OrderRecord,
    PositionRecord,
    TradeRecord,
    TransactionRecord,
)
from engine.matching.order import Side
from engine.matching.terms import OPEN_STATES, Outcome


class FillMessage(msgspec.Struct, frozen=True):
    """One side of a trade, for the account whose order it is."""

    order_id: int
    side: Side
    is_maker: bool
    fee: int
    trade: TradeRecord
    outcome: Outcome | None = None  # whose shares the order is about, in a prediction market


class PrivateMessage(msgspec.Struct, frozen=True):
    """One message of an account's private stream; `seq` counts 1, 2, 3 for ever."""

    account_id: int
    seq: int
    now_ms: int
    content: OrderRecord | FillMessage | BalanceRecord


class Page:
    """Collects one commit on top of the books."""

    def __init__(self, books: Books) -> None:
        self.books = books
        self.now_ms = 0
        self.parts: list[Part] = []
        self.balances: dict[BalanceKey, Balance] = {}
        self.before: dict[BalanceKey, Balance] = {}
        self.orders: dict[int, OrderRecord] = {}
        self.new_orders: set[int] = set()
        self.trades: list[TradeRecord] = []
        self.asset_logs: list[AssetLogRecord] = []
        self.markets: dict[int, MarketRecord] = {}
        self.listed: list[MarketRecord] = []
        self.definitions: dict[int, Any] = {}  # of the markets listed
        self.transactions: list[TransactionRecord] = []
        self.positions: dict[PositionKey, PositionRecord] = {}
        self.shares: dict[int, Shares] = {}
        self.maker_audit: list[MakerAuditRecord] = []
        self.betting = BetPage(books.betting)
        self.admin_actions: list[AdminAction] = []
        self.messages: list[PrivateMessage] = []
        self.streams: dict[str, int] = {}
        self._sums: defaultdict[str, int] = defaultdict(int)
        self._touched: set[BalanceKey] = set()

    # What writers call

    def move(self, account_id: int, asset: str, amount: int, change_type: str, trans_id: str, now_ms: int) -> int:
        """Add a signed amount to an account's total and log it; return the total after it."""
        key = (account_id, asset)
        total, held = self._balance(key)
        self.balances[key] = (total + amount, held)
        self._touched.add(key)
        self._sums[asset] += amount
        if has_log(account_id):
            log_id = self.books.log_id + len(self.asset_logs) + 1
            self.asset_logs.append(
                AssetLogRecord(log_id, account_id, asset, trans_id, change_type, amount, total, total + amount, now_ms)
            )
        return total + amount

    def hold(self, account_id: int, asset: str, change: int) -> None:
        """Move so much from available to held (below zero: back)."""
        key = (account_id, asset)
        total, held = self._balance(key)
        self.balances[key] = (total, held + change)
        self._touched.add(key)

    def open_order(self, order: OrderRecord) -> None:
        """Write a new order."""
        if order.order_id in self.orders or order.order_id in self.books.open_orders:
            raise PartRefused(f"order {order.order_id} is there already")
        self.orders[order.order_id] = order
        self.new_orders.add(order.order_id)
        self.tell(order.account_id, order, order.updated_ms)

    def order(self, order_id: int) -> OrderRecord:
        """Read an open order as it stands on this page."""
        found = self.orders.get(order_id) or self.books.open_orders.get(order_id)
        if found is None or found.state not in OPEN_STATES:
            raise PartRefused(f"order {order_id} is not open")
        return found

    def change_order(self, order: OrderRecord) -> None:
        """Write how an open order stands now."""
        self.orders[order.order_id] = order
        self.tell(order.account_id, order, order.updated_ms)

    def next_trade_id(self) -> int:
        return self.books.trade_id + len(self.trades) + 1

    def list_market(self, market: MarketRecord) -> None:
        """Write a new market; its terms are known to every later event."""
        if market.market_id in self.markets or market.market_id in self.books.markets:
            raise PartRefused(f"market {market.market_id} is there already")
        self.markets[market.market_id] = market
        self.listed.append(market)
        terms = self.books.products.read_definition(market.product, market.definition)
        self.definitions[market.market_id] = terms

    def market(self, market_id: int) -> MarketRecord:
        """Read a market as it stands on this page."""
        market = self.markets.get(market_id) or self.books.markets.get(market_id)
        if market is None:
            raise PartRefused(f"there is no market {market_id}")
        return market

    def definition(self, market_id: int) -> Any:
        """Read a market's terms."""
        return self.definitions.get(market_id) or self.books.definitions[market_id]

    def follow(self, market_id: int, sequence: int, **changes: object) -> None:
        """Move a market's row on by the event with this number; its numbers have no hole."""
        market = self.market(market_id)
        if sequence != market.sequence + 1:
            raise PartRefused(f"event {sequence} of {market.name} does not follow event {market.sequence}")
        self.markets[market_id] = msgspec.structs.replace(market, sequence=sequence, **changes)

    def balance(self, account_id: int, asset: str) -> Balance:
        """Read an account's total and held as they stand on this page."""
        return self._balance((account_id, asset))

    def position(self, market_id: int, account_id: int) -> PositionRecord:
        """Read what an account has in a prediction market, as it stands on this page."""
        key = (market_id, account_id)
        return self.positions.get(key) or self.books.positions.get(key) or PositionRecord(market_id, account_id)

    def change_position(self, position: PositionRecord) -> None:
        """Write what an account has there now."""
        market_id = position.market_id
        before = self.position(market_id, position.account_id)
        yes, no, paid, held = self.shares_in(market_id)
        self.shares[market_id] = (
            yes + position.yes - before.yes,
            no + position.no - before.no,
            paid + (position.payout or 0) - (before.payout or 0),
            held + position.payout_held - before.payout_held,
        )
        self.positions[market_id, position.account_id] = position

    def shares_in(self, market_id: int) -> Shares:
        """Read a market's shares as they stand on this page."""
        return self.shares.get(market_id) or self.books.shares.get(market_id, NO_SHARES)

    def note_action(self, admin_id: int, action: str, target: str, details: str, now_ms: int) -> None:
        """Write down what an administrator does with this commit; `details` is JSON."""
        self.admin_actions.append(AdminAction(0, admin_id, action, target, details, now_ms))

    def tell(self, account_id: int, content: OrderRecord | FillMessage | BalanceRecord, now_ms: int) -> None:
        """Put a message on an account's private stream; system accounts have none."""
        if account_id > 0:
            seq = self.count(account_channel(account_id))
            self.messages.append(PrivateMessage(account_id, seq, now_ms, content))

    def count(self, channel: str) -> int:
        """Take the next number of a stream."""
        seq = self.streams.get(channel) or self.books.streams.get(channel, 0)
        self.streams[channel] = seq + 1
        return seq + 1

    # The commit

    def write(self, part: Part) -> None:
        """Write one part down and check it. Raises PartRefused: then this page is spoilt."""
        writers = self.books.products.writers
        for event in part.events:
            writers[type(event)](self, part.market_id, part.now_ms, event)
        check = self._check_of(part.market_id)
        if check is not None:
            check(self, part.market_id)
        for asset, total in self._sums.items():
            if total:
                raise PartRefused(f"{asset} of market {part.market_id} does not sum to zero: {total}")
        for key in self._touched:
            total, held = self.balances[key]
            if key[0] != OUTSIDE and not 0 <= held <= total:
                raise PartRefused(f"account {key[0]} would stand at {total} {key[1]}, of which {held} held")
        self._sums.clear()
        self._touched.clear()
        self.parts.append(part)
        self.now_ms = max(self.now_ms, part.now_ms)

    def close(self) -> Entry:
        """Finish the page: the rows for storage. The books now stand after it."""
        balances = self._changed_balances()
        for balance in balances:
            self.tell(balance.account_id, balance, self.now_ms)
        entry = Entry(
            journal=self._journal(balances),
            new_orders=tuple(self.orders[order_id] for order_id in self.orders if order_id in self.new_orders),
            changed_orders=tuple(_change(o) for o in self.orders.values() if o.order_id not in self.new_orders),
            trades=tuple(self.trades),
            asset_logs=tuple(self.asset_logs),
            freezes=tuple(filter(None, map(self._freeze, self.orders.values()))),
            balances=tuple(balances),
            markets=tuple(self.markets.values()),
            transactions=tuple(self.transactions),
            channels=tuple(ChannelRecord(channel, seq) for channel, seq in self.streams.items()),
            positions=tuple(self.positions.values()),
            maker_audit=tuple(self.maker_audit),
            bets=tuple(self.betting.bets.values()),
            options=self.betting.written_options,
            admin_actions=tuple(self.admin_actions),
            accumulators=tuple(self.betting.accumulators.values()),
            legs=tuple(self.betting.legs),
        )
        self._adopt(entry)
        return entry

    def _check_of(self, market_id: int) -> PartCheck | None:
        """What a product asks of its parts, besides double entry; the ledger's own market 0 has no product."""
        market = self.markets.get(market_id) or self.books.markets.get(market_id)
        return None if market is None else self.books.products.checks.get(market.product)

    def _balance(self, key: BalanceKey) -> Balance:
        balance = self.balances.get(key)
        if balance is None:
            balance = self.before[key] = self.books.balances.get(key, (0, 0))
        return balance

    def changes(self) -> list[BalanceChange]:
        """What the page did to each balance that it touched."""
        return [
            (account_id, asset, total - self.before[account_id, asset][0], held - self.before[account_id, asset][1])
            for (account_id, asset), (total, held) in self.balances.items()
        ]

    def _changed_balances(self) -> list[BalanceRecord]:
        return [
            BalanceRecord(account_id, asset, *balance)
            for (account_id, asset), balance in self.balances.items()
            if balance != self.before[account_id, asset]
        ]

    def _freeze(self, order: OrderRecord) -> FreezeRecord | None:
        asset = held_asset(order, self.definition(order.market_id))
        if asset is None:
            return None
        return FreezeRecord(
            order.order_id, order.account_id, asset, order.held, str(order.order_id), order.created_ms, order.updated_ms
        )

    def _journal(self, balances: list[BalanceRecord]) -> JournalRecord:
        books = self.books
        row = Row(self.now_ms, books.trade_id + 1, books.log_id + 1, tuple(self.parts), tuple(balances))
        body = books.codec.pack(row)
        return JournalRecord(books.journal_sequence + 1, self.now_ms, body, chain_hash(books.journal_hash, body))

    def _adopt(self, entry: Entry) -> None:
        books = self.books
        books.journal_sequence = entry.journal.sequence
        books.journal_hash = entry.journal.hash
        books.trade_id += len(self.trades)
        books.log_id += len(self.asset_logs)
        books.balances.update(self.balances)
        books.markets.update(self.markets)
        books.definitions.update(self.definitions)
        books.market_id = max(books.market_id, *self.definitions, 0)
        books.streams.update(self.streams)
        books.positions.update(self.positions)
        books.shares.update(self.shares)
        self.betting.adopt(self.now_ms)
        for market in self.markets.values():
            if market.state is MarketState.FINAL:
                books.forget_positions(market.market_id)
        for order in self.orders.values():
            if order.state in OPEN_STATES:
                books.open_orders[order.order_id] = order
            else:
                books.open_orders.pop(order.order_id, None)


def account_channel(account_id: int) -> str:
    """Name the private stream of an account."""
    return f"account:{account_id}"


def _change(order: OrderRecord) -> OrderChange:
    return OrderChange(
        order.order_id,
        order.state,
        order.filled_lots,
        order.filled_value,
        order.cancelled_lots,
        order.fee,
        order.fee_parts,
        order.held,
        order.updated_ms,
    )
