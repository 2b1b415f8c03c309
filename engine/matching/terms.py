"""The words of an order: its type, how long it lives, where it stands."""

import enum


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
