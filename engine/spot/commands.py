"""What can be asked of a spot market alone; engine/trading/commands.py has the rest."""

from engine.matching.order import SelfTradePrevention, Side
from engine.matching.terms import OrderType, TimeInForce
from engine.messages import Command, Known
from engine.refusals import Refused
from engine.trading.commands import Placed


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
