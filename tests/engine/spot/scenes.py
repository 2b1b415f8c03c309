"""Scenes: people trade in one market, told in sentences, and seen as tables of text.

ann buys 3 at 101                       a limit order; then in any order GTC, IOC or FOK, postOnly, cancel_oldest ..
ann sells 3 at market                   a market order by quantity
ann buys for 250                        a market order by amount
ann cancels 2                           her second order

bids  | price | asks                    person | USD      | BTC
      |   103 | eve 7                   ann    | 697 + 99 | 3           available + frozen
ann 5 |    99 |
"""

import re
from typing import Any, Self

from tests.engine.drawings import cells

SYMBOL = "BTC_USD"
PEOPLE = ("ann", "bob", "cat", "dan", "eve")

ORDER = re.compile(r"(\w+) (buy|sell)s (\S+) at (\S+)|(\w+) (buy|sell)s for (\S+)")


class Scene:
    """An exchange, the market BTC_USD in it, and people with money."""

    def __init__(self, exchange: Any) -> None:
        self.exchange = exchange
        self.deposits = 0
        self.orders: dict[str, list[int]] = {}  # whose orders are which

    def market(self, symbol: str = SYMBOL, *, tick: str = "1", lot: str = "1", **terms: str) -> Self:
        """A market without fees, unless `terms` say otherwise."""
        self.exchange.list_symbol(symbol, **{"tick": tick, "lot": lot, "maker_rate": "0", "taker_rate": "0", **terms})
        return self

    def owning(self, table: str) -> Self:
        """Deposits for everybody."""
        (_, *assets), *rows = cells(table)
        for person, *amounts in rows:
            for asset, amount in zip(assets, amounts, strict=True):
                if amount:
                    self.deposits += 1
                    self.exchange.deposit(person, f"deposit {self.deposits}", asset, amount)
        return self

    def book(self, table: str) -> Self:
        """Resting orders, entered in reading order by people who can pay for them."""
        for bids, price, asks in cells(table)[1:]:
            for side, cell in (("buys", bids), ("sells", asks)):
                for entry in filter(None, cell.split(", ")):
                    person, quantity = entry.split()
                    assert self.does(f"{person} {side} {quantity} at {price}").startswith("new")
        return self

    def does(self, sentence: str) -> str:
        """Make it happen; answers with what became of the order, or with the code of the refusal."""
        person, verb, rest = sentence.split(" ", 2)
        if verb == "cancels":
            return told(self.exchange.cancel(person, self.orders[person][int(rest) - 1]))
        answer = self.exchange.place(*arguments(sentence), **options(sentence))
        if "code" not in answer:
            self.orders.setdefault(person, []).append(answer["orderId"])
        return told(answer)

    def order(self, person: str, number: int) -> dict[str, Any]:
        found = self.exchange.order(self.orders[person][number - 1])
        assert isinstance(found, dict)
        return found

    def shows_book(self, table: str) -> None:
        bids, asks = (self.exchange.queue(SYMBOL, side) for side in ("buy", "sell"))
        prices = sorted({order["price"] for order in bids + asks}, key=float, reverse=True)
        assert [[waiting(bids, price), price, waiting(asks, price)] for price in prices] == cells(table)[1:]

    def shows_balances(self, table: str) -> None:
        header, *rows = cells(table)
        assert [[person, *self._balances(person, header[1:])] for person, *_ in rows] == rows

    def shows_logs(self, person: str, table: str) -> None:
        """What moved the person's totals since the deposits."""
        header, *rows = cells(table)
        logs = [row for row in self.exchange.logs if row["account"] == person and row["changeType"] != "deposit"]
        assert [[row[column] for column in header] for row in logs] == rows

    def shows_trades(self, table: str) -> None:
        header, *rows = cells(table)
        assert [[str(trade[column]) for column in header] for trade in self.exchange.trades] == rows

    def _balances(self, person: str, assets: list[str]) -> list[str]:
        found = self.exchange.balances(person)
        pairs = [found.get(asset, ("0", "0")) for asset in assets]
        return [available if frozen == "0" else f"{available} + {frozen}" for available, frozen in pairs]


def arguments(sentence: str) -> tuple[str, str, str, str]:
    words = ORDER.match(sentence)
    assert words is not None, sentence
    person, side, _, price, other, other_side, _ = words.groups()
    if other is not None:
        return other, SYMBOL, other_side, "market_by_amount"
    return person, SYMBOL, side, "market_by_qty" if price == "market" else "limit"


def options(sentence: str) -> dict[str, Any]:
    words = ORDER.match(sentence)
    assert words is not None, sentence
    _, _, quantity, price, _, _, amount = words.groups()
    found: dict[str, Any] = {"quantity": quantity, "amount": amount, "price": None if price == "market" else price}
    for word in sentence[words.end() :].split():
        if word in ("GTC", "IOC", "FOK"):
            found["time_in_force"] = word
        elif word == "postOnly":
            found["post_only"] = True
        else:
            found["self_trade_prevention"] = word
    return found


def told(answer: dict[str, Any]) -> str:
    """`"partially_filled, 2 for 202"`"""
    if "code" in answer:
        return str(answer["code"])
    filled = f", {answer['filledQuantity']} for {answer['filledAmount']}" if answer["filledQuantity"] != "0" else ""
    fee = f", fee {answer['fee']} {answer['feeAsset']}" if answer["fee"] != "0" else ""
    return f"{answer['state']}{filled}{fee}"


def waiting(orders: list[dict[str, Any]], price: str) -> str:
    return ", ".join(f"{order['account']} {order['remainingQuantity']}" for order in orders if order["price"] == price)
