"""What must hold in a prediction market between two commands, read from the whole of it."""

from engine.matching.terms import OPEN_STATES
from engine.prediction.market import PredictionMarket
from engine.prediction.order import ShareOrder


def audit(market: PredictionMarket) -> None:
    """Assert it: quantities add up, holds are what orders can still spend, what is offered is there."""
    market.book.audit()
    market.holdings.audit()
    offered: dict[tuple[int, object], int] = {}
    for order in market.book.orders.values():
        _audit_order(market, order)
        if not order.buys:
            key = (order.account_id, order.outcome)
            offered[key] = offered.get(key, 0) + order.open_lots
    for (account_id, outcome), shares in offered.items():
        holding = market.holdings.of(account_id)
        assert shares == holding.offered(outcome)  # type: ignore[arg-type]  # the key's outcome
    assert sum(offered.values()) == sum(h.offered_yes + h.offered_no for _, h in market.holdings)


def _audit_order(market: PredictionMarket, order: ShareOrder) -> None:
    terms, question = order.terms, market.question
    assert order.state in OPEN_STATES
    assert terms.quantity_lots is not None
    assert terms.price_ticks is not None
    assert order.open_lots > 0
    assert order.filled_lots + order.open_lots + order.cancelled_lots == terms.quantity_lots
    assert order.priority <= market.sequence
    assert (order.side, order.price_ticks) == question.book_terms(terms.side, order.outcome, terms.price_ticks)
    assert order.held == (order.need(question) if order.buys else 0)
