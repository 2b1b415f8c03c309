"""The rows of the tables, as the ledger writes them and as history is read back.

Money is an integer in the asset's smallest unit and may pass 64 bits; ids, times (ms), ticks and lots stay below 2**53.
"""

import enum

import msgspec

from engine.matching.order import SelfTradePrevention, Side
from engine.matching.terms import OrderState, OrderType, TimeInForce


class MarketState(enum.Enum):
    """What a market takes: everything, or cancels only."""

    OPEN = "open"
    HALTED = "halted"


class OrderRecord(msgspec.Struct, frozen=True):
    """A row of `orders`: what was asked for, then how it stands."""

    order_id: int
    account_id: int
    market_id: int
    client_order_id: str | None
    side: Side
    type: OrderType
    time_in_force: TimeInForce
    post_only: bool
    self_trade_prevention: SelfTradePrevention
    price_ticks: int | None  # None for market orders
    quantity_lots: int | None  # None for orders by amount
    amount: int | None  # quote units, before fees; only for orders by amount
    priority: int  # the market's sequence number with which it took its place
    created_ms: int
    state: OrderState
    filled_lots: int
    filled_value: int  # quote units
    cancelled_lots: int
    fee: int  # charged so far, in the asset that the order receives
    fee_parts: int  # the exact fee so far, in 10**-8 of a unit: what `fee` is rounded up from
    held: int  # what is still held for it, in the asset that the order spends
    updated_ms: int


class OrderChange(msgspec.Struct, frozen=True):
    """How an order that has its row already stands now; absolute values."""

    order_id: int
    state: OrderState
    filled_lots: int
    filled_value: int
    cancelled_lots: int
    fee: int
    fee_parts: int
    held: int
    updated_ms: int


class TradeRecord(msgspec.Struct, frozen=True):
    """A row of `trades`. `number` counts the market's trades 1, 2, 3: it is the `seq` of its trade stream."""

    trade_id: int
    market_id: int
    number: int
    price_ticks: int
    quantity_lots: int
    value: int  # quote units
    taker_side: Side
    buy_order_id: int
    sell_order_id: int
    buyer_id: int
    seller_id: int
    buy_fee: int  # base units
    sell_fee: int  # quote units
    created_ms: int


class AssetLogRecord(msgspec.Struct, frozen=True):
    """A row of `assets_logs`: a movement of an account's total, before + amount = after.

    Customers and the house have rows; `outside` and `fees` mirror theirs and are kept as totals only.
    """

    log_id: int
    account_id: int
    asset: str
    trans_id: str
    change_type: str
    amount: int  # signed
    before: int
    after: int
    created_ms: int


class FreezeRecord(msgspec.Struct, frozen=True):
    """A row of `freezes`: what is still held for one order; `freeze_id` and `trans_id` are the order's id."""

    freeze_id: int
    account_id: int
    asset: str
    amount: int
    trans_id: str
    created_ms: int
    updated_ms: int

    @property
    def status(self) -> str:
        return "active" if self.amount else "released"


class BalanceRecord(msgspec.Struct, frozen=True):
    """A row of `assets`: what an account owns, and how much of that is held. Available is the difference."""

    account_id: int
    asset: str
    total: int
    held: int


class MarketRecord(msgspec.Struct, frozen=True):
    """A row of `markets`. `definition` is the product's own terms as JSON: it never changes."""

    market_id: int
    product: str
    name: str
    definition: bytes
    created_ms: int
    state: MarketState
    sequence: int  # how many events the market has had
    trades: int  # how many trades
    last_price_ticks: int | None


class TransactionRecord(msgspec.Struct, frozen=True):
    """A row of `transactions`: a deposit, withdrawal or transfer under the customer's own id, for ever."""

    account_id: int
    trans_id: str
    kind: str  # deposit, withdraw, transfer, house_fund
    asset: str
    amount: int
    counterparty_id: int
    balance: int  # the account's total after it
    created_ms: int


class JournalRecord(msgspec.Struct, frozen=True):
    """A row of `journal`: one commit. `hash` = SHA-256 of the previous row's hash followed by `body`."""

    sequence: int
    now_ms: int
    body: bytes
    hash: bytes


class ChannelRecord(msgspec.Struct, frozen=True):
    """A row of `channel_index`: after this commit, the stream `channel` stood at `last_seq`."""

    channel: str
    last_seq: int


class Entry(msgspec.Struct, frozen=True):
    """One commit, complete: at most one row per primary key in each list, so the statement cannot conflict."""

    journal: JournalRecord
    new_orders: tuple[OrderRecord, ...] = ()
    changed_orders: tuple[OrderChange, ...] = ()
    trades: tuple[TradeRecord, ...] = ()
    asset_logs: tuple[AssetLogRecord, ...] = ()
    freezes: tuple[FreezeRecord, ...] = ()  # upserted
    balances: tuple[BalanceRecord, ...] = ()  # upserted
    markets: tuple[MarketRecord, ...] = ()  # upserted
    transactions: tuple[TransactionRecord, ...] = ()
    channels: tuple[ChannelRecord, ...] = ()
