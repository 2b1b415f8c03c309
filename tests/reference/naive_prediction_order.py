"""The pieces of the naive prediction markets: numbers, the terms of a question, one order, and its walk along others.

Money is counted in hundredths of a cent: a pair of shares is worth 10,000 of them. Nothing is told in terms of YES: an
order knows whom it can meet, and at which price of its own share.
"""

import re
from collections.abc import Iterable
from decimal import Decimal
from fractions import Fraction
from math import ceil, floor
from typing import Any

Answer = dict[str, Any]

PAIR = 10_000
QUANTITY_MAX = 10**9


def cents(text: str) -> int | None:
    """A price in cents; None if the text is not a plain number of at most two places."""
    if not re.fullmatch(r"[0-9]{1,70}(\.[0-9]{1,2})?", text, re.ASCII):
        return None
    return int(Decimal(text) * 100)


def dollars(amount: int) -> str:
    """Money as text, without zeros behind the point."""
    return shortened(Decimal(amount).scaleb(-4))


def in_cents(price: int) -> str:
    return shortened(Decimal(price).scaleb(-2))


def shortened(number: Decimal) -> str:
    digits = format(number, "f")
    return digits.rstrip("0").rstrip(".") if "." in digits else digits


class Terms:
    """What is fixed when a question is listed."""

    def __init__(self, *, tick: str, maker_rate: str, taker_rate: str, void: str, ends_ms: int) -> None:
        self.tick = int(Decimal(tick) * 100)
        self.rates = {"maker": Fraction(maker_rate), "taker": Fraction(taker_rate)}
        self.void = void
        self.ends_ms = ends_ms

    def fee(self, price: int, quantity: int, role: str) -> Fraction:
        """Exact: on the price, or on what it lacks to a pair if that is less."""
        return self.rates[role] * min(price, PAIR - price) * quantity

    @property
    def dearer(self) -> str:
        return max(self.rates, key=lambda role: self.rates[role])


class Order:
    """What was asked for, and what has become of it."""

    def __init__(self, account: str, terms: Terms, content: dict[str, Any], price: int | None) -> None:
        self.number = 0  # once it is taken
        self.account = account
        self.terms = terms
        self.content = content
        self.side: str = content["side"]
        self.outcome: str = content["outcome"]
        self.price = price
        self.quantity: int = content["quantity"]
        self.remaining: int = self.quantity
        self.fills: list[tuple[int, int, str]] = []  # price, quantity, maker or taker
        self.ended: str | None = None  # filled or cancelled

    @property
    def state(self) -> str:
        return self.ended or ("partially_filled" if self.fills else "new")

    @property
    def filled(self) -> int:
        return sum(quantity for _, quantity, _ in self.fills)

    @property
    def value(self) -> int:
        return sum(price * quantity for price, quantity, _ in self.fills)

    @property
    def exact_fee(self) -> Fraction:
        return sum((self.terms.fee(*fill) for fill in self.fills), Fraction(0))

    @property
    def fee(self) -> int:
        """On everything that it has traded so far, rounded up once."""
        return ceil(self.exact_fee)

    @property
    def held(self) -> int:
        """What an order that waits can still spend: a buyer's shares at its own price, and the fee on top."""
        if self.side == "sell" or self.ended:
            return 0
        assert self.price is not None
        last = self.terms.fee(self.price, self.remaining, self.terms.dearer)
        return self.price * self.remaining + ceil(self.exact_fee + last) - self.fee

    def fill(self, price: int, quantity: int, role: str) -> tuple[int, int]:
        """Note a fill; what it is worth, and what it adds to the fee."""
        before = self.fee
        self.fills.append((price, quantity, role))
        self.remaining -= quantity
        return price * quantity, self.fee - before

    def price_with(self, maker: "Order") -> int | None:
        """What this order's share trades for with another order; None: the two have nothing to do with each other."""
        assert maker.price is not None
        if self.outcome == maker.outcome and self.side != maker.side:
            return maker.price
        if self.outcome != maker.outcome and self.side == maker.side:
            return PAIR - maker.price  # two buyers pay for a pair together, two sellers are paid for one
        return None

    def line(self, resting: Iterable["Order"]) -> list[tuple[int, "Order"]]:
        """Whom it could meet: the best price for itself first, and at one price the first come."""
        found = [(price, maker) for maker in resting if (price := self.price_with(maker)) is not None]
        return sorted(found, key=lambda met: (met[0] if self.side == "buy" else -met[0], met[1].number))

    def edge(self, best: int) -> int:
        """The worst price that it takes: its own, or what keeps a market order near the best, on the near side."""
        if self.price is not None:
            return self.price
        tick = self.terms.tick
        if self.side == "buy":
            return min(floor(Fraction(best * 11, 10 * tick)) * tick, PAIR - tick)
        return ceil(Fraction(best * 10, 11 * tick)) * tick

    def takes(self, price: int, edge: int) -> bool:
        return price <= edge if self.side == "buy" else price >= edge

    def view(self) -> Answer:
        return {
            "orderId": self.number,
            "account": self.account,
            "outcome": self.outcome,
            "side": self.side,
            "price": None if self.price is None else in_cents(self.price),
            "quantity": self.quantity,
            "state": self.state,
            "filled": self.filled,
            "value": dollars(self.value),
            "remaining": 0 if self.ended else self.remaining,
            "fee": dollars(self.fee),
            "held": dollars(self.held),
        }


class Walk:
    """Whom an order meets, one after the other, and why it goes no further."""

    def __init__(self, order: Order, resting: Iterable[Order], funds: int, fills_max: int) -> None:
        self.order = order
        line = order.line(resting)
        edge = order.edge(line[0][0]) if line else 0
        self.line = [(price, maker) for price, maker in line if order.takes(price, edge)]
        self.funds = funds  # of a market order to buy; all others have what they need
        self.fills_max = fills_max
        self.fills: list[tuple[int, Order, int]] = []
        self.giving_way: list[Order] = []

    def go(self) -> str:
        """Meet them. An order meets the next in line only if it wants a share, and can pay for one, at that price."""
        prevention = self.order.content["self_trade_prevention"]
        for price, maker in self.line:
            wanted = self.order.remaining - sum(quantity for _, _, quantity in self.fills)
            payable = self.payable(price, wanted)
            if not wanted:
                return "filled"
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
            quantity = min(maker.remaining, payable)
            self.fills.append((price, maker, quantity))
            if quantity < maker.remaining:
                return "filled" if wanted <= payable else "unpaid"
        traded = sum(quantity for _, _, quantity in self.fills)
        return "filled" if traded == self.order.remaining else "nobody"

    def payable(self, price: int, wanted: int) -> int:
        """How many of the shares it wants it could still pay for at a price, with the fee."""
        if self.order.side == "sell" or self.order.price is not None:
            return wanted
        terms = self.order.terms
        spent = sum((p * q + terms.fee(p, q, "taker") for p, _, q in self.fills), Fraction(0))
        return min(wanted, floor((self.funds - spent) / (price + terms.fee(price, 1, "taker"))))
