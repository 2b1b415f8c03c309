"""What must hold in a spot market between two commands, read from the whole book."""

from engine.matching.order import Side
from engine.matching.terms import OPEN_STATES
from engine.spot.market import SpotMarket


def audit(market: SpotMarket) -> None:
    """Assert it: quantities add up, holds are exactly what the orders can still spend, the book is in order."""
    market.book.audit()
    symbol = market.symbol
    for order in market.book.orders.values():
        terms = order.terms
        assert order.state in OPEN_STATES
        assert terms.quantity_lots is not None
        assert terms.price_ticks is not None
        assert order.open_lots > 0
        assert order.filled_lots + order.open_lots + order.cancelled_lots == terms.quantity_lots
        assert order.priority <= market.sequence
        if order.side is Side.BUY:
            assert order.held == symbol.value(terms.price_ticks, order.open_lots)
        else:
            assert order.held == order.open_lots * symbol.lot
