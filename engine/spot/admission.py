"""Whether an order fits its symbol, and what must be held for it: what can be decided without the book."""

from engine.amounts import STEPS_MAX, MalformedAmount, format_decimal, parse_decimal
from engine.matching.order import Side
from engine.matching.terms import OrderType, TimeInForce
from engine.refusals import Refusal, Refused
from engine.spot.commands import PlaceOrder
from engine.spot.symbol import SpotSymbol
from engine.trading.commands import OrderTerms

# Which of price, quantity and amount each type takes: the others must be left out.
FIELDS = {
    OrderType.LIMIT: ("price", "quantity"),
    OrderType.MARKET_BY_QUANTITY: ("quantity",),
    OrderType.MARKET_BY_AMOUNT: ("amount",),
}


def admit(order: PlaceOrder, symbol: SpotSymbol) -> OrderTerms | Refused:
    """Turn text into ticks and lots, or refuse: MALFORMED, OFF_TICK, OFF_LOT, BELOW_MINIMUM, in this order."""
    wrong = _shape(order)
    if wrong is not None:
        return Refused(Refusal.MALFORMED, wrong)
    numbers: dict[str, int] = {}
    for field, decimals, step in (
        ("price", symbol.quote_decimals, symbol.tick),
        ("quantity", symbol.base_decimals, symbol.lot),
        ("amount", symbol.quote_decimals, None),  # money, not steps: nothing but the account bounds it
    ):
        text: str | None = getattr(order, field)
        if text is None:
            continue
        try:
            numbers[field] = parse_decimal(text, decimals)
        except MalformedAmount as malformed:
            return Refused(Refusal.MALFORMED, f"{field} {malformed}")
        if not numbers[field]:
            return Refused(Refusal.MALFORMED, f"{field} must be above zero")
        if step is not None and numbers[field] > STEPS_MAX * step:
            return Refused(Refusal.MALFORMED, f"{field} must be at most {format_decimal(STEPS_MAX * step, decimals)}")
    return _in_steps(order, symbol, numbers)


def _shape(order: PlaceOrder) -> str | None:
    """Say what is wrong with the combination of fields, if anything is."""
    wanted = FIELDS[order.type]
    for field in ("price", "quantity", "amount"):
        if (getattr(order, field) is not None) != (field in wanted):
            verb = "needs" if field in wanted else "takes no"
            return f"an order of type {order.type.value} {verb} {field}"
    if order.type is not OrderType.LIMIT:
        if order.time_in_force is TimeInForce.GTC:
            return "a market order never rests: timeInForce must be IOC or FOK"
        if order.post_only:
            return "a market order never rests: it can't be postOnly"
    elif order.post_only and order.time_in_force not in (None, TimeInForce.GTC):
        return "a postOnly order must be GTC"
    return None


def _in_steps(order: PlaceOrder, symbol: SpotSymbol, numbers: dict[str, int]) -> OrderTerms | Refused:
    price_ticks = quantity_lots = None
    if "price" in numbers:
        price_ticks, rest = divmod(numbers["price"], symbol.tick)
        if rest:
            return Refused(Refusal.OFF_TICK, f"price must be a multiple of {symbol.price_text(1)}")
    if "quantity" in numbers:
        quantity_lots, rest = divmod(numbers["quantity"], symbol.lot)
        if rest:
            return Refused(Refusal.OFF_LOT, f"quantity must be a multiple of {symbol.quantity_text(1)}")
    amount = numbers.get("amount")
    notional = amount if price_ticks is None or quantity_lots is None else symbol.value(price_ticks, quantity_lots)
    if notional is not None and notional < symbol.minimum_notional:
        return Refused(Refusal.BELOW_MINIMUM, "the order's value is below the symbol's minimum")
    default = TimeInForce.GTC if order.type is OrderType.LIMIT else TimeInForce.IOC
    return OrderTerms(
        order.side,
        order.type,
        order.time_in_force or default,
        order.post_only,
        order.self_trade_prevention,
        price_ticks,
        quantity_lots,
        amount,
    )


def budget(terms: OrderTerms, symbol: SpotSymbol, available: int) -> int | None:
    """What to hold for an order out of `available` of the asset it spends; None if that is not enough.

    Where only the book could tell what will be spent, everything available is held, and the market releases the rest
    in the same commit.
    """
    if terms.price_ticks is not None and terms.quantity_lots is not None and terms.side is Side.BUY:
        needed = symbol.value(terms.price_ticks, terms.quantity_lots)
    elif terms.side is Side.BUY:
        needed = terms.amount or available
    elif terms.quantity_lots is not None:
        needed = terms.quantity_lots * symbol.lot
    else:
        needed = available
    return needed if 0 < needed <= available else None
