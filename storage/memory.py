"""Storage in memory: dicts that are obviously right. What PostgreSQL refuses is refused here too, with nothing done.

Everything is gone with the object: to simulate a restart, build the next exchange on the same `MemoryStorage`.
"""

from collections.abc import Container, Hashable, Iterable

import trio
from msgspec.structs import replace

from engine.ledger.page import account_channel
from engine.ledger.records import (
    AssetLogRecord,
    BalanceRecord,
    Entry,
    FreezeRecord,
    JournalRecord,
    MarketRecord,
    OrderChange,
    OrderRecord,
    TradeRecord,
    TransactionRecord,
)
from engine.matching.terms import OPEN_STATES
from storage.interface import (
    NO_JOURNAL,
    AccountSnapshot,
    AdminAction,
    CommitImpossible,
    Counters,
    JournalHead,
    NameTaken,
    OrderFilter,
    TradeFilter,
    UserRecord,
)


class Tables:
    """The tables, by primary key. An order's `held` is not kept with it: it is its freeze's amount."""

    def __init__(self) -> None:
        self.journal: list[JournalRecord] = []
        self.orders: dict[int, OrderRecord] = {}
        self.orders_by_client_id: dict[tuple[int, str], int] = {}
        self.trades: dict[int, TradeRecord] = {}
        self.asset_logs: dict[int, AssetLogRecord] = {}
        self.freezes: dict[int, FreezeRecord] = {}
        self.balances: dict[tuple[int, str], BalanceRecord] = {}
        self.markets: dict[int, MarketRecord] = {}
        self.transactions: dict[tuple[int, str], TransactionRecord] = {}
        self.channel_index: dict[tuple[str, int], int] = {}  # the journal sequence
        self.users: dict[int, UserRecord] = {}
        self.admin_actions: dict[int, AdminAction] = {}
        self.revoked_tokens: dict[str, int] = {}  # when they expire


class MemoryStorage:
    """Writer, reader and identity over the same tables."""

    def __init__(self) -> None:
        tables = Tables()
        self.writer = MemoryWriter(tables)
        self.reader = MemoryReader(tables)
        self.identity = MemoryIdentity(tables)


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
        _refuse_repeated("changed orders", (change.order_id for change in entry.changed_orders))
        _refuse_repeated("freezes", (freeze.freeze_id for freeze in entry.freezes))
        _refuse_repeated("balances", ((balance.account_id, balance.asset) for balance in entry.balances))
        _refuse_repeated("markets", (market.market_id for market in entry.markets))
        if unknown := [c.order_id for c in entry.changed_orders if c.order_id not in tables.orders]:
            raise CommitImpossible(f"no order {unknown} that could change")


class MemoryReader:
    """Reader on dicts."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables

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
            order_id=max(tables.orders, default=0),
            trade_id=max(tables.trades, default=0),
            log_id=max(tables.asset_logs, default=0),
            market_id=max(tables.markets, default=0),
        )

    async def markets(self) -> list[MarketRecord]:
        await trio.lowlevel.checkpoint()
        return [market for _, market in sorted(self._tables.markets.items())]

    async def balances(self, account_id: int | None = None) -> list[BalanceRecord]:
        await trio.lowlevel.checkpoint()
        return self._balances(account_id)

    async def open_orders(self, market_id: int | None = None) -> list[OrderRecord]:
        await trio.lowlevel.checkpoint()
        return self._open_orders(market_id=market_id)

    async def stream_numbers(self) -> dict[str, int]:
        await trio.lowlevel.checkpoint()
        return dict(sorted(self._tables.channel_index))

    async def order(self, order_id: int) -> OrderRecord | None:
        await trio.lowlevel.checkpoint()
        order = self._tables.orders.get(order_id)
        return order and self._with_held(order)

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
        ]
        return sorted(found, key=lambda trade: -trade.trade_id)[: which.limit]

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
        streams = dict(sorted(self._tables.channel_index))
        last_seq = streams.get(account_channel(account_id), 0)
        return AccountSnapshot(self._balances(account_id), self._open_orders(account_id=account_id), last_seq)

    async def trial_balance(self) -> list[BalanceRecord]:
        await trio.lowlevel.checkpoint()
        sums: dict[str, BalanceRecord] = {}
        for balance in self._balances(None):
            before = sums.get(balance.asset, BalanceRecord(0, balance.asset, 0, 0))
            sums[balance.asset] = replace(before, total=before.total + balance.total, held=before.held + balance.held)
        return [balance for _, balance in sorted(sums.items())]

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


class MemoryIdentity:
    """Identity on dicts."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    async def create_user(self, username: str, email: str, password_hash: str, role: str, now_ms: int) -> UserRecord:
        await trio.lowlevel.checkpoint()
        users = self._tables.users
        if any(_folded(user.username) == _folded(username) for user in users.values()):
            raise NameTaken(username)
        user = UserRecord(len(users) + 1, username, email, password_hash, role, "active", now_ms, None)
        users[user.user_id] = user
        return user

    async def user_by_name(self, username: str) -> UserRecord | None:
        await trio.lowlevel.checkpoint()
        return next((user for user in self._tables.users.values() if _folded(user.username) == _folded(username)), None)

    async def user(self, user_id: int) -> UserRecord | None:
        await trio.lowlevel.checkpoint()
        return self._tables.users.get(user_id)

    async def users(self) -> list[UserRecord]:
        await trio.lowlevel.checkpoint()
        return list(self._tables.users.values())

    async def set_password(self, user_id: int, password_hash: str) -> None:
        await trio.lowlevel.checkpoint()
        self._tables.users[user_id] = replace(self._tables.users[user_id], password_hash=password_hash)

    async def record_login(self, user_id: int, now_ms: int) -> None:
        await trio.lowlevel.checkpoint()
        self._tables.users[user_id] = replace(self._tables.users[user_id], last_login_ms=now_ms)

    async def set_role(self, user_id: int, role: str, action: AdminAction) -> None:
        await trio.lowlevel.checkpoint()
        self._tables.users[user_id] = replace(self._tables.users[user_id], role=role)
        self._note(action)

    async def set_state(self, user_id: int, state: str, action: AdminAction) -> None:
        await trio.lowlevel.checkpoint()
        self._tables.users[user_id] = replace(self._tables.users[user_id], state=state)
        self._note(action)

    async def write_admin_action(self, action: AdminAction) -> None:
        await trio.lowlevel.checkpoint()
        self._note(action)

    async def admin_actions(self, before: int | None, limit: int) -> list[AdminAction]:
        await trio.lowlevel.checkpoint()
        newest_first = reversed(self._tables.admin_actions.values())
        return [action for action in newest_first if before is None or action.action_id < before][:limit]

    async def revoke_token(self, jti: str, expires_ms: int) -> None:
        await trio.lowlevel.checkpoint()
        self._tables.revoked_tokens.setdefault(jti, expires_ms)

    async def revoked_tokens(self, now_ms: int) -> list[str]:
        await trio.lowlevel.checkpoint()
        return sorted(jti for jti, expires_ms in self._tables.revoked_tokens.items() if expires_ms > now_ms)

    def _note(self, action: AdminAction) -> None:
        action_id = len(self._tables.admin_actions) + 1
        self._tables.admin_actions[action_id] = replace(action, action_id=action_id)


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


def _moved(market: MarketRecord, to: MarketRecord) -> MarketRecord:
    return replace(market, state=to.state, sequence=to.sequence, trades=to.trades, last_price_ticks=to.last_price_ticks)


def _folded(username: str) -> bytes:
    """Fold the case of ASCII letters only, as the database does."""
    return username.encode().lower()
