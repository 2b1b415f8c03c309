"""What clients see of orders, trades, money and symbols: decimal text, ids as text, times in ms since 1970 UTC.

Each shape has the function that makes it from a record, so REST and WebSocket show the same.
"""

from collections.abc import Iterable

import msgspec
from msgspec import UNSET, UnsetType

from actors.directory import MarketEntry
from engine.amounts import RATE_DECIMALS, divide_half_even, format_decimal
from engine.ledger.assets import ASSETS
from engine.ledger.page import FillMessage
from engine.ledger.records import AssetLogRecord, FreezeRecord, MarketRecord, MarketState, OrderRecord, TradeRecord
from engine.matching.order import Side
from engine.matching.terms import OPEN_STATES, TRADE_SIDES, OrderState, OrderType, Outcome, TimeInForce, TradeKind
from engine.spot.symbol import SpotSymbol
from engine.trading.commands import Depth

AVERAGE_DECIMALS = 10  # of averagePrice, rounded half to even


class Shape(msgspec.Struct, frozen=True, rename="camel"):
    """Something that is shown: fields are camelCase outside."""


class OrderView(Shape, frozen=True):
    """An order as it stands. Orders by amount have no quantity: `amount` and `filledAmount` (quote) count for them."""

    order_id: str
    client_order_id: str | None
    symbol: str
    side: Side
    type: OrderType
    time_in_force: TimeInForce
    post_only: bool
    price: str | None
    quantity: str | None
    amount: str | None
    state: OrderState
    filled_quantity: str
    remaining_quantity: str | None
    cancelled_quantity: str | None
    filled_amount: str
    average_price: str | None
    fee: str
    fee_asset: str
    created_at: int
    updated_at: int
    outcome: Outcome | UnsetType = UNSET  # only in prediction markets


def order_view(record: OrderRecord, market: MarketEntry) -> OrderView:
    """Show an order; `market` is its own."""
    symbol = market.definition
    base, quote = symbol.base_decimals, symbol.quote_decimals
    fee_asset = symbol.receives(record.side)
    filled = record.filled_lots * symbol.lot
    price = quantity = remaining = cancelled = amount = average = None
    if record.price_ticks is not None:
        price = symbol.price_text(record.price_ticks)
    if record.quantity_lots is not None:
        left = record.quantity_lots - record.filled_lots - record.cancelled_lots
        quantity = symbol.quantity_text(record.quantity_lots)
        remaining = symbol.quantity_text(left if record.state in OPEN_STATES else 0)
        cancelled = symbol.quantity_text(record.cancelled_lots)
    if record.amount is not None:
        amount = format_decimal(record.amount, quote)
    if filled:
        tenths = divide_half_even(
            record.filled_value * 10 ** (base + AVERAGE_DECIMALS), filled * 10**symbol.price_decimals
        )
        average = format_decimal(tenths, AVERAGE_DECIMALS)
    return OrderView(
        order_id=str(record.order_id),
        client_order_id=record.client_order_id,
        symbol=market.channel,
        side=record.side,
        type=record.type,
        time_in_force=record.time_in_force,
        post_only=record.post_only,
        price=price,
        quantity=quantity,
        amount=amount,
        state=record.state,
        filled_quantity=format_decimal(filled, base),
        remaining_quantity=remaining,
        cancelled_quantity=cancelled,
        filled_amount=format_decimal(record.filled_value, quote),
        average_price=average,
        fee=format_decimal(record.fee, ASSETS[fee_asset].decimals),
        fee_asset=fee_asset,
        created_at=record.created_ms,
        updated_at=record.updated_ms,
        outcome=record.outcome or UNSET,
    )


class TradeView(Shape, frozen=True):
    """A trade as everybody sees it; `side` is the taker's, `seq` counts the symbol's trades 1, 2, 3."""

    trade_id: str
    symbol: str
    price: str
    quantity: str
    side: Side
    created_at: int
    seq: int
    kind: TradeKind | UnsetType = UNSET  # only in prediction markets


def trade_view(record: TradeRecord, market: MarketEntry) -> TradeView:
    """Show a trade to everybody: it names no account and no order."""
    symbol = market.definition
    return TradeView(
        trade_id=str(record.trade_id),
        symbol=market.channel,
        price=symbol.price_text(record.price_ticks),
        quantity=symbol.quantity_text(record.quantity_lots),
        side=record.taker_side,
        created_at=record.created_ms,
        seq=record.number,
        kind=record.kind or UNSET,
    )


class FillView(Shape, frozen=True):
    """One's own side of a trade."""

    trade_id: str
    order_id: str
    symbol: str
    side: Side
    price: str
    quantity: str
    amount: str  # quote, before fees
    fee: str
    fee_asset: str
    is_maker: bool
    created_at: int
    outcome: Outcome | UnsetType = UNSET  # only in prediction markets


def fill_view(fill: FillMessage, market: MarketEntry) -> FillView:
    """Show one side of a trade to the account whose order it is."""
    trade, symbol = fill.trade, market.definition
    fee_asset = symbol.receives(fill.side)
    _, price_ticks = symbol.book_terms(fill.side, fill.outcome, trade.price_ticks)
    return FillView(
        trade_id=str(trade.trade_id),
        order_id=str(fill.order_id),
        symbol=market.channel,
        side=fill.side,
        price=symbol.price_text(price_ticks),
        quantity=symbol.quantity_text(trade.quantity_lots),
        amount=format_decimal(symbol.value(price_ticks, trade.quantity_lots), symbol.quote_decimals),
        fee=format_decimal(fill.fee, ASSETS[fee_asset].decimals),
        fee_asset=fee_asset,
        is_maker=fill.is_maker,
        created_at=trade.created_ms,
        outcome=fill.outcome or UNSET,
    )


SPOT_SIDES = ((Side.BUY, None), (Side.SELL, None))


def fills_of(trade: TradeRecord, account_id: int) -> list[FillMessage]:
    """Make the sides of a trade that an account has in it."""
    bid, ask = SPOT_SIDES if trade.kind is None else TRADE_SIDES[trade.kind]
    bid_takes = trade.taker_side is Side.BUY
    parties = (
        (trade.buyer_id, FillMessage(trade.buy_order_id, bid[0], not bid_takes, trade.buy_fee, trade, bid[1])),
        (trade.seller_id, FillMessage(trade.sell_order_id, ask[0], bid_takes, trade.sell_fee, trade, ask[1])),
    )
    return [fill for owner_id, fill in parties if owner_id == account_id]


class BalanceView(Shape, frozen=True):
    """One asset of an account; total = available + frozen."""

    symbol: str
    total: str
    available: str
    frozen: str


def balance_view(asset: str, total: int, frozen: int) -> BalanceView:
    """Show a balance given in the asset's smallest unit."""
    decimals = ASSETS[asset].decimals
    return BalanceView(
        symbol=asset,
        total=format_decimal(total, decimals),
        available=format_decimal(total - frozen, decimals),
        frozen=format_decimal(frozen, decimals),
    )


class AssetLogView(Shape, frozen=True):
    """A movement of an account's total: before + amount = after."""

    id: int
    symbol: str
    trans_id: str
    change_type: str
    amount: str
    before: str
    after: str
    created_at: int


def asset_log_view(record: AssetLogRecord) -> AssetLogView:
    """Show a row of the account's log."""
    decimals = ASSETS[record.asset].decimals
    return AssetLogView(
        id=record.log_id,
        symbol=record.asset,
        trans_id=record.trans_id,
        change_type=record.change_type,
        amount=format_decimal(record.amount, decimals),
        before=format_decimal(record.before, decimals),
        after=format_decimal(record.after, decimals),
        created_at=record.created_ms,
    )


class FreezeView(Shape, frozen=True):
    """What is still held for one order: `transId` is the order's id, `status` active or released."""

    id: int
    symbol: str
    amount: str
    trans_id: str
    status: str
    created_at: int
    updated_at: int


def freeze_view(record: FreezeRecord) -> FreezeView:
    """Show what is held for an order."""
    return FreezeView(
        id=record.freeze_id,
        symbol=record.asset,
        amount=format_decimal(record.amount, ASSETS[record.asset].decimals),
        trans_id=record.trans_id,
        status=record.status,
        created_at=record.created_ms,
        updated_at=record.updated_ms,
    )


class SymbolView(Shape, frozen=True):
    """A market: in what steps it trades, what it charges (0.001 is 0.1 %), where it stands."""

    symbol: str
    base: str
    quote: str
    tick: str
    lot: str
    minimum_notional: str
    maker_fee: str
    taker_fee: str
    price_band: str | None
    state: MarketState
    last_price: str | None
    trades: int
    created_at: int


def symbol_view(record: MarketRecord, symbol: SpotSymbol) -> SymbolView:
    """Show a market and its terms."""
    last = record.last_price_ticks
    band = symbol.price_band
    return SymbolView(
        symbol=symbol.name,
        base=symbol.base,
        quote=symbol.quote,
        tick=symbol.price_text(1),
        lot=symbol.quantity_text(1),
        minimum_notional=format_decimal(symbol.minimum_notional, symbol.quote_decimals),
        maker_fee=format_decimal(symbol.maker_rate, RATE_DECIMALS),
        taker_fee=format_decimal(symbol.taker_rate, RATE_DECIMALS),
        price_band=None if band is None else format_decimal(band, RATE_DECIMALS),
        state=record.state,
        last_price=None if last is None else symbol.price_text(last),
        trades=record.trades,
        created_at=record.created_ms,
    )


Level = tuple[str, str]  # price, quantity


def show_levels(levels: Iterable[tuple[int, int]], symbol: SpotSymbol) -> list[Level]:
    """Show (ticks, lots) of one side of a book."""
    return [(symbol.price_text(price), symbol.quantity_text(lots)) for price, lots in levels]


class BookView(Shape, frozen=True):
    """The best levels of both sides, best first; `sequence` is the number of the market's event that they reflect."""

    symbol: str
    sequence: int
    bids: list[Level]
    asks: list[Level]


def book_view(depth: Depth, symbol: SpotSymbol) -> BookView:
    """Show the level totals of a book."""
    return BookView(
        symbol=symbol.name,
        sequence=depth.sequence,
        bids=show_levels(depth.bids, symbol),
        asks=show_levels(depth.asks, symbol),
    )


class LegOdds(Shape, frozen=True):
    """A leg of an accumulator whose odds have changed: those of now, in hundredths."""

    market_id: int
    option: int
    odds: int


class ErrorBody(Shape, frozen=True):
    """The one body of all bad news: `code` for programs, `message` for people; further fields where a code has some."""

    code: str
    message: str
    odds: int | UnsetType = UNSET  # ODDS_CHANGED: those of now, in hundredths
    legs: list[LegOdds] | UnsetType = UNSET  # ODDS_CHANGED: an accumulator's legs that have other odds now
    max_stake: str | UnsetType = UNSET  # LIABILITY_LIMIT: the largest that would pass, in units
    claims: list[int] | UnsetType = UNSET  # ALREADY_CLAIMED: the first bets and accumulators in the way
    available: str | UnsetType = UNSET  # CONFLICT: the most that can be returned, in units


class StatusView(Shape, frozen=True):
    """A word on how something stands."""

    status: str
