"""What happened in a spot market. Each event states its effect completely: nobody has to decide anything again."""

import enum

import msgspec

from engine.ledger.units import Units
from engine.matching.order import SelfTradePrevention, Side
from engine.matching.terms import OrderState, OrderType, TimeInForce


class Standing(msgspec.Struct, frozen=True):
    """How an order stands after an event."""

    state: OrderState
    filled_lots: int
    filled_value: Units  # quote
    cancelled_lots: int
    fee: Units  # charged so far, in the asset that the order receives
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


class Execution(msgspec.Struct, frozen=True):
    """One side of a trade; `fee` is this trade's, `unheld` what its hold falls by (what it pays, and what it saves)."""

    order_id: int
    account_id: int
    fee: Units
    unheld: Units
    standing: Standing


class TradeMade(msgspec.Struct, frozen=True):
    """Two orders met at the maker's price; `number` counts the market's trades."""

    sequence: int
    number: int
    price_ticks: int
    quantity_lots: int
    value: Units  # quote
    taker_side: Side
    buyer: Execution
    seller: Execution


class CloseReason(enum.Enum):
    """Why an order was cancelled."""

    CUSTOMER = "customer"
    ADMINISTRATOR = "administrator"
    REMAINDER = "remainder"  # of a market, IOC or FOK order
    SELF_TRADE = "self_trade"
    FILL_LIMIT = "fill_limit"


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


SpotEvent = OrderPlaced | TradeMade | OrderClosed | MarketHalted | MarketResumed
