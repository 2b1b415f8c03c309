"""How an order moves from state to state; there is no other way.

new ---------------> partially_filled ---> filled
 |                          |
 +----> cancelled <---------+
"""

import enum

from engine.matching.terms import OrderState


class OrderEvent(enum.Enum):
    """What can happen to an order."""

    FILL = "fill"  # something is left
    LAST_FILL = "last_fill"
    CANCEL = "cancel"


TRANSITIONS = {
    (OrderState.NEW, OrderEvent.FILL): OrderState.PARTIALLY_FILLED,
    (OrderState.NEW, OrderEvent.LAST_FILL): OrderState.FILLED,
    (OrderState.NEW, OrderEvent.CANCEL): OrderState.CANCELLED,
    (OrderState.PARTIALLY_FILLED, OrderEvent.FILL): OrderState.PARTIALLY_FILLED,
    (OrderState.PARTIALLY_FILLED, OrderEvent.LAST_FILL): OrderState.FILLED,
    (OrderState.PARTIALLY_FILLED, OrderEvent.CANCEL): OrderState.CANCELLED,
}
