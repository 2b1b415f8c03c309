"""What the exchange asks of its storage; PostgreSQL and the in-memory twin both answer it.

Writer       one batch at a time, durable when it returns
Reader       what recovery, history and log-in look up
Identity     users, revoked tokens, admin actions: transactions of their own, the constraint as judge
Preferences  what an administrator has set: no money, so likewise
"""

from collections.abc import Collection
from typing import Protocol

import msgspec

from engine.ledger.accumulators import AccumulatorRecord, LegRecord
from engine.ledger.bets import BetRecord, OptionRecord
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


class StorageError(Exception):
    """Base of what storage raises."""


class DatabaseAway(StorageError):
    """The database can't be reached now; for a read, certainly nothing happened."""


class CommitImpossible(StorageError):
    """The statement fails for good, or the journal is not where we left it: the process must end and start anew."""


class NameTaken(StorageError):
    """A user of this name exists already, or the user has another one."""


class AddressTaken(StorageError):
    """A user with this wallet exists already, or the user has another one."""


class JournalHead(msgspec.Struct, frozen=True):
    """The last row of the journal; sequence 0 with 32 zero bytes before the first."""

    sequence: int
    hash: bytes
    now_ms: int


NO_JOURNAL = JournalHead(0, bytes(32), 0)


class Counters(msgspec.Struct, frozen=True):
    """The highest ids that the tables hold, 0 where there is none."""

    order_id: int  # of orders, bets and accumulators, which are numbered together
    trade_id: int
    log_id: int
    market_id: int


class UserRecord(msgspec.Struct, frozen=True):
    """A row of `users`; its id is the id of its account. A user has a name with a password, a wallet, or both."""

    user_id: int
    username: str | None
    email: str | None
    password_hash: str | None
    role: str  # user, market_maker, admin
    state: str  # active, suspended
    created_ms: int
    last_login_ms: int | None
    address: str | None  # of the wallet: 0x and 40 hex digits, in lower case


class OrderFilter(msgspec.Struct, frozen=True):
    """Which orders a list shows; None means any. Newest first, ids below `before`."""

    account_id: int | None = None
    market_id: int | None = None
    open: bool | None = None
    before: int | None = None
    limit: int = 100
    product: str | None = None


class TradeFilter(msgspec.Struct, frozen=True):
    """Which trades a list shows; `account_id` is on either side. Newest first, ids below `before`."""

    account_id: int | None = None
    market_id: int | None = None
    before: int | None = None
    limit: int = 100
    product: str | None = None


class BetFilter(msgspec.Struct, frozen=True):
    """Which bets a list shows; None means any. Newest first, without the first `offset`."""

    account_id: int | None = None
    market_id: int | None = None
    settled: bool | None = None  # whether their option has a result
    offset: int = 0
    limit: int = 100


class AccumulatorFilter(msgspec.Struct, frozen=True):
    """Which accumulators a list shows; None means any. Newest first, without the first `offset`."""

    account_id: int | None = None
    settled: bool | None = None  # closed, or decided: all legs have results, or one is lost
    offset: int = 0
    limit: int = 100


class PricePoint(msgspec.Struct, frozen=True):
    """What a trade was made at, and when."""

    time_ms: int
    price_ticks: int


class PriceBar(msgspec.Struct, frozen=True):
    """The trades of one interval; `start_ms` is a multiple of its length."""

    start_ms: int
    open_ticks: int
    high_ticks: int
    low_ticks: int
    close_ticks: int
    quantity_lots: int


class ChannelRow(msgspec.Struct, frozen=True):
    """A commit that wrote on a stream, and the number that the stream had after it."""

    last_seq: int
    record: JournalRecord


class Writer(Protocol):
    """The one connection that writes; it holds the advisory lock for its life."""

    @property
    def away(self) -> bool:
        """True while the database can't be reached."""

    async def commit(self, entry: Entry) -> None:
        """Make the whole entry durable, once.

        Returns when it is on disk, however often the connection is lost on the way: after each loss the lock is taken
        again, then journal row N is there with our hash, or never will be and the entry is sent again.
        Raises CommitImpossible.
        """

    async def close(self) -> None:
        """Stop for good: a commit that waits for the database raises CommitImpossible. It is how to end while away."""


class Reader(Protocol):
    """Every call raises DatabaseAway when the database can't be reached."""

    async def journal_head(self) -> JournalHead: ...
    async def journal(self, after: int, limit: int) -> list[JournalRecord]: ...
    async def counters(self) -> Counters: ...
    async def markets(self) -> list[MarketRecord]: ...
    async def market(self, market_id: int) -> MarketRecord | None: ...

    async def market_page(
        self, product: str, state: MarketState | None, offset: int, limit: int, league: str | None = None
    ) -> tuple[list[MarketRecord], int]:
        """A product's markets, newest first, without the first `offset`; and how many there are in all.

        `league` is a match's, as its definition says; a market without one is in none.
        """

    async def balances(self, account_id: int | None = None) -> list[BalanceRecord]: ...

    async def open_orders(self, market_id: int | None = None) -> list[OrderRecord]:
        """All open orders with what is held for them, by market and priority."""

    async def positions(self, market_id: int | None = None) -> list[PositionRecord]:
        """Of one market, whatever its state; or of all that are not final. By market and account."""

    async def positions_of(self, account_id: int) -> list[PositionRecord]:
        """An account's, in markets of every state, newest market first."""

    async def stream_numbers(self) -> dict[str, int]:
        """The last number of every stream."""

    async def stream_number(self, channel: str) -> int:
        """The last number of one stream, 0 before its first message."""

    async def channel_rows(self, channel: str, after_seq: int, limit: int) -> list[ChannelRow]:
        """The first commits that wrote on a stream after this number, oldest first.

        What the first of them wrote may begin before it.
        """

    async def order(self, order_id: int) -> OrderRecord | None: ...

    async def orders_by_id(self, order_ids: Collection[int]) -> dict[int, OrderRecord]:
        """Those that there are."""

    async def order_by_client_id(self, account_id: int, client_order_id: str) -> OrderRecord | None: ...
    async def orders(self, which: OrderFilter) -> list[OrderRecord]: ...
    async def trades(self, which: TradeFilter) -> list[TradeRecord]: ...
    async def transaction(self, account_id: int, trans_id: str) -> TransactionRecord | None: ...

    async def bet(self, bet_id: int) -> BetRecord | None: ...
    async def bet_by_client_id(self, account_id: int, client_bet_id: str) -> BetRecord | None: ...

    async def bets(self, which: BetFilter) -> tuple[list[BetRecord], int]:
        """A page of the bets, and how many there are in all."""

    async def bets_after(self, bet_id: int, limit: int) -> list[BetRecord]:
        """The first bets with higher ids, by id."""

    async def unclaimed_bets(self, market_id: int | None = None) -> list[BetRecord]:
        """Of one market or of all, by id.

        Left out is what nothing can come of any more: lost bets on groups whose results stand, as a bet on them is
        claimed, or an accumulator paid, or their match is settled and finalized.
        """

    async def claimed_bets(self, market_id: int) -> list[BetRecord]:
        """By id."""

    async def claim_counts(self) -> dict[tuple[int, int], int]:
        """How many bets are claimed of each option, by market and number, and accumulators paid that are on it.

        Options without any are not there.
        """

    async def options(self, market_id: int | None = None) -> list[OptionRecord]:
        """Of one market or of all, by market and number."""

    async def accumulator(self, bet_id: int) -> AccumulatorRecord | None:
        """This one and all others come with their legs in order, and those with their options' results."""

    async def accumulator_by_client_id(self, account_id: int, client_bet_id: str) -> AccumulatorRecord | None:
        """The id is its account's own, and no bet's."""

    async def accumulators(self, which: AccumulatorFilter) -> tuple[list[AccumulatorRecord], int]:
        """A page of the accumulators, and how many there are in all."""

    async def accumulators_after(self, bet_id: int, limit: int) -> list[AccumulatorRecord]:
        """The first accumulators with higher ids, by id."""

    async def open_accumulators(self, market_id: int | None = None) -> list[AccumulatorRecord]:
        """Of one market of accumulators or of all, by id: neither paid nor closed as lost."""

    async def paid_legs(self, market_id: int) -> list[LegRecord]:
        """The legs on one match of the accumulators that were paid, by accumulator and leg."""

    async def prices_since(self, market_id: int, since_ms: int) -> list[PricePoint]:
        """Every trade's price from `since_ms` on, oldest first, and before them the last one earlier."""

    async def price_history(self, market_id: int, since_ms: int, interval_ms: int, limit: int) -> list[PriceBar]:
        """One bar for each interval that had trades, from that of `since_ms` on; the newest `limit`, oldest first."""

    async def maker_audit(self, market_id: int, before: int | None, limit: int) -> list[MakerAuditRecord]:
        """What became of the market maker's orders, newest first, sequences below `before`."""

    async def admin_actions_after(self, action_id: int, limit: int) -> list[AdminAction]:
        """The first actions with higher ids, by id: those that commits wrote, and all others."""

    async def asset_logs(
        self, account_id: int, asset: str | None, before: int | None, limit: int
    ) -> list[AssetLogRecord]: ...

    async def freezes(self, account_id: int, before: int | None, limit: int) -> list[FreezeRecord]: ...

    async def account_snapshot(self, account_id: int) -> "AccountSnapshot":
        """Balances, open orders and the number of the private stream, all as of one commit."""

    async def trial_balance(self) -> list[BalanceRecord]:
        """For each asset the sum over all accounts, under account 0: totals must be zero."""


class AccountSnapshot(msgspec.Struct, frozen=True):
    """One account as of one commit; `last_seq` is the number of its private stream then."""

    balances: list[BalanceRecord]
    open_orders: list[OrderRecord]
    last_seq: int


class Identity(Protocol):
    """Users and what they may do. Reads and writes raise DatabaseAway; a lost write's outcome is unknown."""

    async def create_user(self, username: str, email: str, password_hash: str, role: str, now_ms: int) -> UserRecord:
        """Raises NameTaken; names are compared without case."""

    async def create_wallet_user(self, address: str, role: str, now_ms: int) -> UserRecord:
        """Make a user without a name. Raises AddressTaken."""

    async def user_by_name(self, username: str) -> UserRecord | None: ...
    async def user_by_address(self, address: str) -> UserRecord | None: ...
    async def user(self, user_id: int) -> UserRecord | None: ...
    async def users(self) -> list[UserRecord]: ...
    async def set_password(self, user_id: int, password_hash: str) -> None: ...
    async def record_login(self, user_id: int, now_ms: int) -> None: ...

    async def set_address(self, user_id: int, address: str) -> None:
        """Give a user a wallet, for good; the same one again changes nothing. Raises AddressTaken."""

    async def set_credentials(self, user_id: int, username: str, email: str, password_hash: str) -> None:
        """Give a user who has none a name and a password. Raises NameTaken."""

    async def set_role(self, user_id: int, role: str, action: AdminAction) -> None:
        """Change and audit row in one transaction; the action's id is given by the table."""

    async def set_state(self, user_id: int, state: str, action: AdminAction) -> None:
        """The same for "active" and "suspended"."""

    async def write_admin_action(self, action: AdminAction) -> None: ...
    async def admin_actions(self, before: int | None, limit: int) -> list[AdminAction]: ...
    async def revoke_token(self, jti: str, expires_ms: int) -> None: ...

    async def revoked_tokens(self, now_ms: int) -> dict[str, int]:
        """The ids of revoked tokens that have not expired by themselves, and when they will."""

    async def forget_revoked(self, before_ms: int) -> None:
        """Drop the rows of tokens that expired before then."""


class Preferences(Protocol):
    """How the market maker is to quote. Reads and writes raise DatabaseAway; a lost write's outcome is unknown."""

    async def save_maker(self, market_id: int, settings: str, now_ms: int, action: AdminAction) -> None:
        """Change and audit row in one transaction; the action's id is given by the table. `settings` is JSON."""

    async def makers(self) -> dict[int, str]:
        """The settings of every market that has some."""


class Storage(Protocol):
    """The four together; `PostgresStorage` and `MemoryStorage` are the two that exist."""

    @property
    def writer(self) -> Writer: ...
    @property
    def reader(self) -> Reader: ...
    @property
    def identity(self) -> Identity: ...
    @property
    def preferences(self) -> Preferences: ...
