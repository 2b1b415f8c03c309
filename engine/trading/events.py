"""What happened in a market with an order book. Each event states its effect completely: nothing is decided again."""

import enum

import msgspec

from engine.ledger.units import Units
from engine.matching.order import SelfTradePrevention, Side
from engine.matching.terms import OrderState, OrderType, Outcome, TimeInForce, TradeKind


class Standing(msgspec.Struct, frozen=True):
    """How an order stands after an event."""

    state: OrderState
    filled_lots: int
    filled_value: Units  # quote
    cancelled_lots: int
    fee: Units  # charged so far, in the asset that a spot order receives, in money for shares
    fee_parts: Units  # exact, in 10**-8 of a unit
    held: Units  # in the asset that the order spends


class OrderPlaced(msgspec.Struct, frozen=True):
    """An order took its place; `sequence` is its priority, and `held` is moved from available to held."""

    sequence: int
    order_id: int
    account_id: int
    client_order_id: str | None
    side: Side
    type: OrderType
    time_in_force: TimeInForce
    post_only: bool
    self_trade_prevention: SelfTradePrevention
    price_ticks: int | None
    quantity_lots: int | None
    amount: Units | None
    held: Units
    outcome: Outcome | None = None  # only in prediction markets; the price is that of its share


class Execution(msgspec.Struct, frozen=True):
    """One side of a trade; `fee` is this trade's, `unheld` what its hold falls by (what it pays, and what it saves)."""

    order_id: int
    account_id: int
    fee: Units
    unheld: Units
    standing: Standing


class TradeMade(msgspec.Struct, frozen=True):
    """Two orders met at the maker's price; `number` counts the market's trades.

    In a prediction market all of it is told in terms of YES: the buyer is who bid for YES or sold NO.
    """

    sequence: int
    number: int
    price_ticks: int
    quantity_lots: int
    value: Units  # quote
    taker_side: Side
    buyer: Execution
    seller: Execution
    kind: TradeKind | None = None  # only in prediction markets


class CloseReason(enum.Enum):
    """Why an order was cancelled."""

    CUSTOMER = "customer"
    ADMINISTRATOR = "administrator"
    REMAINDER = "remainder"  # of a market, IOC or FOK order
    SELF_TRADE = "self_trade"
    FILL_LIMIT = "fill_limit"
    MARKET_CLOSED = "market_closed"


class OrderClosed(msgspec.Struct, frozen=True):
    """What was left of an order was cancelled and its hold released."""

    sequence: int
    order_id: int
    account_id: int
    side: Side
    price_ticks: int | None
    unheld: Units
    reason: CloseReason
    standing: Standing


class MarketHalted(msgspec.Struct, frozen=True):
    """Only cancels are taken from here on."""

    sequence: int


class MarketResumed(msgspec.Struct, frozen=True):
    """Orders are taken again."""

    sequence: int


TradingEvent = OrderPlaced | TradeMade | OrderClosed | MarketHalted | MarketResumed
