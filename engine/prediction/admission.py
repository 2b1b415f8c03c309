"""Whether an order fits its question, and what must be held for it: what can be decided without the book."""

from engine.amounts import RATE_ONE, MalformedAmount, divide_up, parse_decimal
from engine.matching.order import Side
from engine.matching.terms import OrderType, TimeInForce
from engine.prediction.commands import PlaceShareOrder
from engine.prediction.question import CENT_DECIMALS, PAIR_UNITS, QUANTITY_MAX, Question
from engine.refusals import Refusal, Refused
from engine.trading.commands import OrderTerms


def admit(order: PlaceShareOrder, question: Question) -> OrderTerms | Refused:
    """Turn a price in cents into ticks, or refuse: MALFORMED, OFF_TICK, in this order."""
    if not 0 < order.quantity <= QUANTITY_MAX:
        return Refused(Refusal.MALFORMED, f"quantity must be between 1 and {QUANTITY_MAX}")
    limit = order.type is OrderType.LIMIT
    if order.type is OrderType.MARKET_BY_AMOUNT:
        return Refused(Refusal.MALFORMED, "shares are not ordered by amount")
    if limit != (order.price is not None):
        return Refused(Refusal.MALFORMED, f"a {'limit order needs' if limit else 'market order takes no'} price")
    if not limit and (order.time_in_force is TimeInForce.GTC or order.post_only):
        return Refused(Refusal.MALFORMED, "a market order never rests: it is IOC or FOK, and not postOnly")
    if order.post_only and order.time_in_force not in (None, TimeInForce.GTC):
        return Refused(Refusal.MALFORMED, "a postOnly order must be GTC")
    price_ticks = None
    if order.price is not None:
        try:
            units = parse_decimal(order.price, CENT_DECIMALS)
        except MalformedAmount as malformed:
            return Refused(Refusal.MALFORMED, f"price {malformed}")
        if not 0 < units < PAIR_UNITS:
            return Refused(Refusal.MALFORMED, "price must be above 0 and below 100")
        price_ticks, rest = divmod(units, question.tick)
        if rest:
            return Refused(Refusal.OFF_TICK, f"price must be a multiple of {question.price_text(1)}")
    default = TimeInForce.GTC if limit else TimeInForce.IOC
    return OrderTerms(
        order.side,
        order.type,
        order.time_in_force or default,
        order.post_only,
        order.self_trade_prevention,
        price_ticks,
        order.quantity,
        None,
        order.outcome,
    )


def budget(terms: OrderTerms, question: Question, available: int) -> int | None:
    """What to hold for an order out of `available` units of USD; None if that is not enough.

    A seller pays nothing, and the fee comes out of what is received. A market order to buy may cost up to a whole pair
    for each share: so much is held, or what there is, and the market releases the rest in the same commit.
    """
    assert terms.quantity_lots is not None
    if terms.side is Side.SELL:
        return 0
    if terms.price_ticks is None:
        return min(available, PAIR_UNITS * terms.quantity_lots) or None
    fee = divide_up(question.fee_parts(terms.price_ticks, terms.quantity_lots, question.rate_max), RATE_ONE)
    needed = question.value(terms.price_ticks, terms.quantity_lots) + fee
    return needed if needed <= available else None
