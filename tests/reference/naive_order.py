"""The pieces of the naive exchange: numbers, the terms of a symbol, one order, and its walk along those who wait."""

import re
from decimal import Decimal
from typing import Any

Answer = dict[str, Any]

DECIMALS = {"BTC": 10, "ETH": 10, "USDT": 10, "USD": 4}
STEPS_MAX = 2**53 - 1  # ticks of a price, lots of a quantity

FIELDS = {
    "limit": {"price", "quantity"},
    "market_by_qty": {"quantity"},
    "market_by_amount": {"amount"},
}


def number(text: str, decimals: int) -> Decimal | None:
    """The number, or None if the text is not a plain one of at most so many places."""
    if len(text) > 79 or not re.fullmatch(r"[0-9]{1,78}(\.[0-9]{1,78})?", text, re.ASCII):
        return None
    return Decimal(text) if len(text.partition(".")[2]) <= decimals else None


def text(value: Decimal) -> str:
    """A number without an exponent, and without zeros behind the point."""
    digits = format(value, "f")
    return digits.rstrip("0").rstrip(".") if "." in digits else digits


def down(value: Decimal, step: Decimal) -> Decimal:
    """The next multiple of a step, downwards."""
    return value // step * step


def up(value: Decimal, step: Decimal) -> Decimal:
    """The next multiple of a step, upwards."""
    return (value // step + (1 if value % step else 0)) * step


class Symbol:
    """The terms of a market, and who waits in it: each side sorted, the best first."""

    def __init__(self, name: str, terms: dict[str, str]) -> None:
        self.name = name
        self.base, self.quote = name.split("_")
        self.tick = Decimal(terms["tick"])
        self.lot = Decimal(terms["lot"])
        self.minimum = Decimal(terms.get("minimum_notional", "0"))
        self.rates = {
            "maker": Decimal(terms.get("maker_rate", "0.001")),
            "taker": Decimal(terms.get("taker_rate", "0.001")),
        }
        self.band = Decimal(terms["price_band"]) if terms.get("price_band") else None
        self.halted = False
        self.last_price: Decimal | None = None
        self.sides: dict[str, list[Order]] = {"buy": [], "sell": []}

    def spends(self, side: str) -> str:
        return self.quote if side == "buy" else self.base

    def receives(self, side: str) -> str:
        return self.base if side == "buy" else self.quote


class Order:
    """What was asked for, and what has become of it."""

    def __init__(self, number: int, account: str, symbol: Symbol, content: dict[str, Any]) -> None:
        self.number = number
        self.account = account
        self.symbol = symbol
        self.content = content
        self.side: str = content["side"]
        self.type: str = content["type"]
        self.price: Decimal | None = content["price"]
        self.quantity: Decimal | None = content["quantity"]
        self.amount: Decimal | None = content["amount"]
        self.remaining = self.quantity or Decimal(0)  # orders by amount have none
        self.cancelled = Decimal(0)
        self.fills: list[tuple[Decimal, Decimal, str]] = []  # price, quantity, maker or taker
        self.ended: str | None = None  # filled or cancelled

    @property
    def state(self) -> str:
        return self.ended or ("partially_filled" if self.fills else "new")

    @property
    def held(self) -> Decimal:
        """An order that waits holds what it can still spend."""
        assert self.price is not None
        return self.price * self.remaining if self.side == "buy" else self.remaining

    @property
    def filled(self) -> Decimal:
        return sum((quantity for _, quantity, _ in self.fills), Decimal(0))

    @property
    def value(self) -> Decimal:
        return sum((price * quantity for price, quantity, _ in self.fills), Decimal(0))

    @property
    def fee(self) -> Decimal:
        """On everything that it has received so far, rounded up once."""
        exact = Decimal(0)
        for price, quantity, role in self.fills:
            exact += (quantity if self.side == "buy" else price * quantity) * self.symbol.rates[role]
        return up(exact, Decimal(10) ** -DECIMALS[self.symbol.receives(self.side)])

    def fill(self, price: Decimal, quantity: Decimal, role: str) -> Decimal:
        """Note a fill; what it adds to the fee."""
        before = self.fee
        self.fills.append((price, quantity, role))
        if self.quantity is not None:
            self.remaining -= quantity
        return self.fee - before

    def place_in_line(self) -> tuple[Decimal, int]:
        """The best price first, and at one price the first come."""
        assert self.price is not None
        return (-self.price if self.side == "buy" else self.price, self.number)

    def view(self) -> Answer:
        return {
            "orderId": self.number,
            "clientOrderId": self.content["client_order_id"],
            "account": self.account,
            "symbol": self.symbol.name,
            "side": self.side,
            "type": self.type,
            "price": None if self.price is None else text(self.price),
            "quantity": None if self.quantity is None else text(self.quantity),
            "amount": None if self.amount is None else text(self.amount),
            "state": self.state,
            "filledQuantity": text(self.filled),
            "filledAmount": text(self.value),
            "remainingQuantity": None if self.quantity is None else text(self.remaining),
            "cancelledQuantity": text(self.cancelled),
            "fee": text(self.fee),
            "feeAsset": self.symbol.receives(self.side),
        }


class Walk:
    """Whom an order meets, one after the other, and why it goes no further."""

    def __init__(self, order: Order, funds: Decimal, makers: list[Order], fills_max: int) -> None:
        self.order = order
        self.funds = funds
        self.makers = makers
        self.fills_max = fills_max
        self.fills: list[tuple[Order, Decimal]] = []
        self.giving_way: list[Order] = []

    def go(self) -> str:
        """Meet them. An order meets the next in line only if it wants a lot, and can pay for one, at that price."""
        prevention = self.order.content["self_trade_prevention"]
        for maker in self.makers:
            wanted, payable = self.wanted(maker.price), self.payable(maker.price)
            if not wanted:
                return "filled" if self.fills else "too small"
            if not payable:
                return "unpaid"
            if len(self.fills) == self.fills_max:
                return "fill limit"
            if maker.account == self.order.account:
                if prevention in ("cancel_oldest", "cancel_both"):
                    self.giving_way.append(maker)
                if prevention in ("cancel_newest", "cancel_both"):
                    return "self trade"
                continue
            quantity = min(maker.remaining, wanted, payable)
            self.fills.append((maker, quantity))
            if quantity < maker.remaining:
                return "filled" if wanted <= payable else "unpaid"
        done = self.fills and not self.wanted(self.makers[-1].price)
        return "filled" if done else "nobody"

    def wanted(self, price: Decimal | None) -> Decimal:
        """How much it would still take at a price, in whole lots."""
        assert price is not None
        if self.order.amount is None:
            return self.order.remaining - self.traded()
        return (self.order.amount - self.spent()) // (price * self.order.symbol.lot) * self.order.symbol.lot

    def payable(self, price: Decimal | None) -> Decimal:
        """How much it could still pay for at a price, in whole lots."""
        assert price is not None
        lot = self.order.symbol.lot
        if self.order.side == "sell":
            return down(self.funds - self.traded(), lot)
        return (self.funds - self.spent()) // (price * lot) * lot

    def traded(self) -> Decimal:
        return sum((quantity for _, quantity in self.fills), Decimal(0))

    def spent(self) -> Decimal:
        return sum((maker.price * quantity for maker, quantity in self.fills if maker.price), Decimal(0))


def malformed(market: Symbol, content: dict[str, Any]) -> str | None:
    """Not a number, zero, too large; or something that can't be asked of an order of this type."""
    steps = {"price": market.tick, "quantity": market.lot}
    for field in FIELDS[content["type"]]:
        if not content[field] or (field in steps and content[field] > steps[field] * STEPS_MAX):
            return "MALFORMED"
    rests = content["type"] == "limit" and content["time_in_force"] == "GTC"
    if content["post_only"] and not rests:
        return "MALFORMED"
    if content["type"] != "limit" and content["time_in_force"] == "GTC":
        return "MALFORMED"
    return None


def off_grid(market: Symbol, content: dict[str, Any]) -> str | None:
    """Between two ticks, between two lots, or too little."""
    price, quantity, amount = content["price"], content["quantity"], content["amount"]
    if price and price % market.tick:
        return "OFF_TICK"
    if quantity and quantity % market.lot:
        return "OFF_LOT"
    worth = price * quantity if price and quantity else amount
    return "BELOW_MINIMUM" if worth and worth < market.minimum else None


def price_band(market: Symbol) -> tuple[Decimal, Decimal] | None:
    """The lowest and the highest price that may be asked for now."""
    if market.band is None or market.last_price is None:
        return None
    low, high = market.last_price * (1 - market.band), market.last_price * (1 + market.band)
    return up(low, market.tick), down(high, market.tick)


def market_edge(market: Symbol, side: str, band: tuple[Decimal, Decimal] | None, best: Decimal | None) -> Decimal:
    """The worst price that a market order takes, on the near side of the exact one."""
    if band:
        return band[1] if side == "buy" else band[0]
    if best is None:
        return Decimal(0)
    if side == "buy":
        return down(best * Decimal("1.1"), market.tick)
    return up(best, market.tick * Decimal("1.1")) / Decimal("1.1")


def reaches(side: str, edge: Decimal, price: Decimal | None) -> bool:
    assert price is not None
    return price <= edge if side == "buy" else price >= edge


def levels(orders: list[Order]) -> list[list[str]]:
    """What waits at each price, in the order of the prices."""
    totals: dict[Decimal, Decimal] = {}
    for order in orders:
        assert order.price is not None
        totals[order.price] = totals.get(order.price, Decimal(0)) + order.remaining
    return [[text(price), text(quantity)] for price, quantity in totals.items()]
