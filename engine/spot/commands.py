"""What can be asked of a spot market, and what it answers."""

import msgspec

from engine.ledger.records import OrderRecord
from engine.matching.order import SelfTradePrevention, Side
from engine.matching.terms import OrderType, TimeInForce
from engine.messages import Command, Known
from engine.refusals import Refused
from engine.spot.events import CloseReason


class Placed(msgspec.Struct, frozen=True):
    """The order was taken; `order` is how it stood right after matching. `repeated`: it had been taken before."""

    order: OrderRecord
    repeated: bool = False


class Cancelled(msgspec.Struct, frozen=True):
    """The order is closed; `order` is how it ended."""

    order: OrderRecord


class PlaceOrder(Command[Placed | Known | Refused], frozen=True):
    """An order as its customer wrote it: decimal text that fits DECIMAL_PATTERN, not yet checked against the symbol."""

    account_id: int
    symbol: str
    side: Side
    type: OrderType
    price: str | None = None
    quantity: str | None = None
    amount: str | None = None
    time_in_force: TimeInForce | None = None  # None: GTC for limit orders, IOC for market orders
    post_only: bool = False
    self_trade_prevention: SelfTradePrevention = SelfTradePrevention.CANCEL_NEWEST
    client_order_id: str | None = None


class OrderTerms(msgspec.Struct, frozen=True):
    """The same order in the market's own steps: equal terms are the same content."""

    side: Side
    type: OrderType
    time_in_force: TimeInForce
    post_only: bool
    self_trade_prevention: SelfTradePrevention
    price_ticks: int | None
    quantity_lots: int | None
    amount: int | None  # quote units


class EnterOrder(Command[Placed | Refused], frozen=True):
    """An admitted order on its way into the book; `hold` is its budget, which the market never passes.

    The budget is in quote for a buy, in base for a sell.
    """

    order_id: int
    account_id: int
    client_order_id: str | None
    terms: OrderTerms
    hold: int


class CancelOrder(Command[Cancelled | Refused], frozen=True):
    """Cancel one open order, named by its id or its client id. `account_id` None: an administrator's."""

    account_id: int | None
    order_id: int | None = None
    client_order_id: str | None = None


class CancelAllOrders(Command[tuple[Cancelled | Refused, ...]], frozen=True):
    """Cancel all open orders of an account, in one symbol or in all."""

    account_id: int
    symbol: str | None = None


class WithdrawOrder(Command[Cancelled | Refused], frozen=True):
    """A cancel on its way into the book."""

    command_id: int
    order_id: int
    reason: CloseReason


class MarketChanged(msgspec.Struct, frozen=True):
    """Where the market stands now."""

    symbol: str
    state: str


class HaltMarket(Command[MarketChanged | Refused], frozen=True):
    """Take cancels only."""

    symbol: str
    command_id: int = 0


class ResumeMarket(Command[MarketChanged | Refused], frozen=True):
    """Take orders again."""

    symbol: str
    command_id: int = 0


class Depth(msgspec.Struct, frozen=True):
    """Level totals, best first, as (price_ticks, quantity_lots); `sequence` is the market's, which they reflect."""

    sequence: int
    bids: tuple[tuple[int, int], ...]
    asks: tuple[tuple[int, int], ...]


class GetDepth(Command[Depth], frozen=True):
    """Read the best levels of both sides."""

    levels: int
