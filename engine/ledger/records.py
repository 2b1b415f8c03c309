"""The rows of the tables, as the ledger writes them and as history is read back.

Money is an integer in the asset's smallest unit and may pass 64 bits; ids, times (ms), ticks and lots stay below 2**53.
"""

import enum

import msgspec

from engine.ledger.accumulators import AccumulatorRecord, LegRecord
from engine.ledger.bets import BetRecord, OptionRecord
from engine.matching.order import SelfTradePrevention, Side
from engine.matching.terms import OrderState, OrderType, Outcome, TimeInForce, TradeKind


class MarketState(enum.Enum):
    """What a market takes: everything, or cancels only; from CLOSED on, nothing but what decides it."""

    SCHEDULED = "scheduled"  # a match whose betting is still to be opened
    OPEN = "open"
    HALTED = "halted"
    SUSPENDED = "suspended"  # betting, for a while
    IN_PLAY = "in_play"  # betting while the match goes on
    CLOSED = "closed"
    PROPOSED = "proposed"  # an answer, which may be challenged
    DISPUTED = "disputed"
    RESOLVED = "resolved"  # answered: holders are paid, and what they were paid is held for a while
    VOID = "void"  # the same without an answer
    FINAL = "final"  # nothing can be taken back any more
    SETTLED = "settled"  # all of a match's options have their results


def channel_key(product: str, name: str) -> str:
    """Name a market in the names of channels; spot came first and has short names."""
    return name if product == "spot" else f"{product}/{name}"


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
    outcome: Outcome | None = None  # whose shares it is about, in a prediction market


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
    buy_fee: int  # base units; for shares, both are money
    sell_fee: int  # quote units
    created_ms: int
    kind: TradeKind | None = None  # only in prediction markets


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
    standing: bytes = b""  # how it stands in its product's own words, as JSON; empty for spot

    @property
    def channel(self) -> str:
        """Its part of the names of channels: BTC_USDT, prediction/7."""
        return channel_key(self.product, self.name)


class PositionRecord(msgspec.Struct, frozen=True):
    """A row of `positions`: what an account has in a prediction market. Money is in USD units.

    After the payout the shares stay as they were: `payout` says that they are paid for.
    """

    market_id: int
    account_id: int
    yes: int = 0  # shares, those offered included
    no: int = 0
    yes_cost: int = 0  # what the shares held now have cost, by average cost, fees left out
    no_cost: int = 0
    realized: int = 0  # profit of shares that were sold, fees left out
    fees: int = 0
    payout: int | None = None  # what the shares were paid; None before
    refund: int = 0  # fees that a void gave back
    payout_held: int = 0  # of both, what is still held


class MakerAuditRecord(msgspec.Struct, frozen=True):
    """A row of `maker_audit`: what became of an order of the market maker."""

    market_id: int
    sequence: int  # of the market's event
    event_type: str  # PLACE, FILL, CANCEL
    status: OrderState
    order_id: int
    outcome: Outcome
    side: Side
    price_ticks: int
    quantity_lots: int  # placed, filled now, or cancelled
    created_ms: int


class TransactionRecord(msgspec.Struct, frozen=True):
    """A row of `transactions`: a movement of money under the id of its owner's choice, for ever."""

    account_id: int
    trans_id: str
    kind: str  # deposit, withdraw, transfer, house_fund, maker_fund, maker_return
    asset: str
    amount: int
    counterparty_id: int
    balance: int  # the account's total after it
    created_ms: int


class AdminAction(msgspec.Struct, frozen=True):
    """A row of `admin_actions`: who did what to what, and why. Its id is given by the table."""

    action_id: int
    admin_id: int
    action: str
    target: str
    details: str  # JSON
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
    positions: tuple[PositionRecord, ...] = ()  # upserted
    maker_audit: tuple[MakerAuditRecord, ...] = ()
    bets: tuple[BetRecord, ...] = ()  # upserted
    options: tuple[OptionRecord, ...] = ()  # upserted
    admin_actions: tuple[AdminAction, ...] = ()
    accumulators: tuple[AccumulatorRecord, ...] = ()  # upserted, without their legs
    legs: tuple[LegRecord, ...] = ()  # of new accumulators
