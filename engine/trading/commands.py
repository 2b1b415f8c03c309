"""What can be asked of any market with an order book, and what it answers."""

import msgspec

from engine.ledger.records import MarketState, OrderRecord
from engine.matching.order import SelfTradePrevention, Side
from engine.matching.terms import OrderType, Outcome, TimeInForce
from engine.messages import Command
from engine.refusals import Refused
from engine.trading.events import CloseReason


class Placed(msgspec.Struct, frozen=True):
    """The order was taken; `order` is how it stood right after matching. `repeated`: it had been taken before."""

    order: OrderRecord
    repeated: bool = False


class Cancelled(msgspec.Struct, frozen=True):
    """The order is closed; `order` is how it ended."""

    order: OrderRecord


class OrderTerms(msgspec.Struct, frozen=True):
    """An order in its market's own steps: equal terms are the same content."""

    side: Side
    type: OrderType
    time_in_force: TimeInForce
    post_only: bool
    self_trade_prevention: SelfTradePrevention
    price_ticks: int | None  # of the outcome's share, in a prediction market
    quantity_lots: int | None
    amount: int | None  # quote units
    outcome: Outcome | None = None  # only in prediction markets


class EnterOrder(Command[Placed | Refused], frozen=True):
    """An admitted order on its way into the book; `hold` is its budget, which the market never passes.

    The budget is money in the asset that the order spends. A seller of shares has none.
    """

    order_id: int
    account_id: int
    client_order_id: str | None
    terms: OrderTerms
    hold: int


class CancelOrder(Command[Cancelled | Refused], frozen=True):
    """Cancel one open order of a product, named by its id or its client id. `account_id` None: an administrator's.

    `product` None: whatever it trades.
    """

    account_id: int | None
    order_id: int | None = None
    client_order_id: str | None = None
    product: str | None = None


class CancelAllOrders(Command[tuple[Cancelled | Refused, ...]], frozen=True):
    """Cancel all open orders of an account, in one market of a product or in all of them."""

    account_id: int
    product: str
    market: str | None = None


class WithdrawOrder(Command[Cancelled | Refused], frozen=True):
    """A cancel on its way into the book."""

    command_id: int
    order_id: int
    reason: CloseReason


class MarketChanged(msgspec.Struct, frozen=True):
    """Where the market stands now."""

    name: str
    state: MarketState


class HaltMarket(Command[MarketChanged | Refused], frozen=True):
    """Take cancels only; `actor_id` is who asks for it."""

    product: str
    name: str
    actor_id: int
    command_id: int = 0


class ResumeMarket(Command[MarketChanged | Refused], frozen=True):
    """Take orders again."""

    product: str
    name: str
    actor_id: int
    command_id: int = 0


class Depth(msgspec.Struct, frozen=True):
    """Level totals, best first, as (price_ticks, quantity_lots); `sequence` is the market's, which they reflect."""

    sequence: int
    bids: tuple[tuple[int, int], ...]
    asks: tuple[tuple[int, int], ...]


class GetDepth(Command[Depth], frozen=True):
    """Read the best levels of both sides; `without` leaves out the orders of one account."""

    levels: int
    without: int | None = None
