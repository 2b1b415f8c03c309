"""The words of an order: its type, how long it lives, where it stands."""

import enum

from engine.matching.order import Side


class OrderType(enum.Enum):
    """What is fixed: a price and a quantity, a quantity alone, or an amount of quote alone."""

    LIMIT = "limit"
    MARKET_BY_QUANTITY = "market_by_qty"
    MARKET_BY_AMOUNT = "market_by_amount"


class TimeInForce(enum.Enum):
    """GTC rests; IOC cancels what does not fill at once; FOK fills whole at once or is refused."""

    GTC = "GTC"
    IOC = "IOC"
    FOK = "FOK"


class OrderState(enum.Enum):
    """Where an order stands; engine/matching/lifecycle.py says how it moves."""

    NEW = "new"
    PARTIALLY_FILLED = "partially_filled"
    FILLED = "filled"
    CANCELLED = "cancelled"


OPEN_STATES = frozenset({OrderState.NEW, OrderState.PARTIALLY_FILLED})


class Outcome(enum.Enum):
    """Which share of a YES/NO question an order is about."""

    YES = "YES"
    NO = "NO"

    @property
    def other(self) -> "Outcome":
        return Outcome.NO if self is Outcome.YES else Outcome.YES


class TradeKind(enum.Enum):
    """What two orders did to the shares of a question; spot trades have none."""

    TRANSFER = "transfer"  # shares of YES went from the one to the other
    TRANSFER_NO = "transfer_no"  # shares of NO
    MINT = "mint"  # two buyers of opposite sides: a new pair
    MERGE = "merge"  # two sellers of opposite sides: a pair less


# What the two orders of a trade were about: first that on the bid side of the book, which is kept in prices of YES.
TRADE_SIDES = {
    TradeKind.TRANSFER: ((Side.BUY, Outcome.YES), (Side.SELL, Outcome.YES)),
    TradeKind.TRANSFER_NO: ((Side.SELL, Outcome.NO), (Side.BUY, Outcome.NO)),
    TradeKind.MINT: ((Side.BUY, Outcome.YES), (Side.BUY, Outcome.NO)),
    TradeKind.MERGE: ((Side.SELL, Outcome.NO), (Side.SELL, Outcome.YES)),
}
