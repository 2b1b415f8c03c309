"""Scenes: people trade in one market, told in sentences, and seen as tables of text.

ann buys 3 YES at 60                    a limit order; then in any order GTC, IOC or FOK, postOnly, cancel_oldest ..
ann sells 3 NO at market                a market order
ann cancels 2                           her second order
root proposes YES                       a step of the question; also: halts, resumes, closes, disputes, resolves NO ..

bids      | price | asks                who waits, in prices of YES: dan asks for 4 NO at 38,
          |    62 | dan NO 4            cat offers 1 NO at 45
cat NO 1, |    55 |
ann YES 5

person | USD     | YES | NO             available + held; then shares. `pool` and `fees` have money alone
ann    | 67 + 30 | 5   |
"""

from typing import Any, Self

from tests.engine.drawings import cells

RAIN = "rain"
STEPS = {
    "halts": "halt",
    "resumes": "resume",
    "closes": "close",
    "proposes": "propose",
    "disputes": "dispute",
    "resolves": "resolve",
    "voids": "void",
    "rolls_back": "roll_back",
}


class Scene:
    """An exchange, the market `rain` in it, and people with money."""

    def __init__(self, exchange: Any) -> None:
        self.exchange = exchange
        self.deposits = 0
        self.orders: dict[str, list[int]] = {}  # whose orders are which

    def market(self, **terms: Any) -> Self:
        """A market without fees, unless `terms` say otherwise."""
        self.exchange.list_question(RAIN, **terms)
        return self

    def owning(self, table: str) -> Self:
        """Deposits for everybody; shares are bought by pairs: YES and NO are the same number."""
        (_, *columns), *rows = cells(table)
        for person, *amounts in rows:
            given = dict(zip(columns, amounts, strict=True))
            self.deposits += 1
            self.exchange.deposit(person, f"deposit {self.deposits}", "USD", given["USD"])
        return self

    def told(self, sentences: str) -> Self:
        """A list of sentences, each of which must succeed."""
        for sentence in filter(None, map(str.strip, sentences.splitlines())):
            answer = self.does(sentence)
            assert not answer.isupper(), f"{sentence}: {answer}"
        return self

    def book(self, table: str) -> Self:
        """Resting orders, entered in reading order by people who can pay for them."""
        for bids, price, asks in cells(table)[1:]:
            for cell, verbs in ((bids, {"YES": "buys", "NO": "sells"}), (asks, {"YES": "sells", "NO": "buys"})):
                for entry in filter(None, cell.split(", ")):
                    person, outcome, quantity = entry.split()
                    own_price = price if outcome == "YES" else other_price(price)
                    sentence = f"{person} {verbs[outcome]} {quantity} {outcome} at {own_price}"
                    assert self.does(sentence) == "new", sentence
        return self

    def does(self, sentence: str) -> str:
        """Make it happen; answers with what became of the order or the question, or with the code of the refusal."""
        person, verb, *words = sentence.split()
        if verb == "cancels":
            return told(self.exchange.cancel(person, self.orders[person][int(words[0]) - 1]))
        if verb in STEPS:
            return stood(getattr(self.exchange, STEPS[verb])(RAIN, person, *words))
        answer = self.exchange.place(*arguments(person, verb, words), **options(words))
        if "code" not in answer:
            self.orders.setdefault(person, []).append(answer["orderId"])
        return told(answer)

    def order(self, person: str, number: int) -> dict[str, Any]:
        found = self.exchange.order(self.orders[person][number - 1])
        assert isinstance(found, dict)
        return found

    def stands(self) -> str:
        return stood(self.exchange.standing(RAIN))

    def shows_book(self, table: str) -> None:
        lines: dict[str, list[list[str]]] = {}
        for column, side in enumerate(("buy", "sell")):
            for order in self.exchange.queue(RAIN, side):
                price = order["price"] if order["outcome"] == "YES" else other_price(order["price"])
                line = lines.setdefault(price, [[], []])
                line[column].append(f"{order['account']} {order['outcome']} {order['remaining']}")
        drawn = [[", ".join(bids), price, ", ".join(asks)] for price, (bids, asks) in lines.items()]
        assert sorted(drawn, key=lambda line: -float(line[1])) == cells(table)[1:]

    def shows(self, table: str) -> None:
        """Who has what."""
        header, *rows = cells(table)
        assert [[person, *self._has(person, header[1:])] for person, *_ in rows] == rows

    def shows_logs(self, person: str, table: str) -> None:
        """What moved the person's money since the deposits."""
        header, *rows = cells(table)
        logs = [row for row in self.exchange.logs if row["account"] == person and row["changeType"] != "deposit"]
        assert [[row[column] for column in header] for row in logs] == rows

    def shows_trades(self, table: str) -> None:
        header, *rows = cells(table)
        assert [[str(trade[column]) for column in header] for trade in self.exchange.trades] == rows

    def _has(self, person: str, columns: list[str]) -> list[str]:
        if person == "pool":
            return [self.exchange.pool(RAIN), *("" for _ in columns[1:])]
        holding = self.exchange.holding(RAIN, person)
        available, held = self.exchange.balances(person).get("USD", ("0", "0"))
        holding["USD"] = available if held == "0" else f"{available} + {held}"
        return [
            "" if holding[column] in (0, "0", None) and column != "USD" else str(holding[column]) for column in columns
        ]


def arguments(person: str, verb: str, words: list[str]) -> tuple[str, str, str, str, str]:
    quantity, outcome, at, price, *_ = words
    assert at == "at", words
    assert quantity.isdigit()
    return person, RAIN, verb.removesuffix("s"), outcome, "market_by_qty" if price == "market" else "limit"


def options(words: list[str]) -> dict[str, Any]:
    quantity, _, _, price, *others = words
    found: dict[str, Any] = {"quantity": int(quantity), "price": None if price == "market" else price}
    for word in others:
        if word in ("GTC", "IOC", "FOK"):
            found["time_in_force"] = word
        elif word == "postOnly":
            found["post_only"] = True
        else:
            found["self_trade_prevention"] = word
    return found


def told(answer: dict[str, Any]) -> str:
    """`"partially_filled, 2 for 1.2, fee 0.01"`"""
    if "code" in answer:
        return str(answer["code"])
    filled = f", {answer['filled']} for {answer['value']}" if answer["filled"] else ""
    fee = f", fee {answer['fee']}" if answer["fee"] != "0" else ""
    return f"{answer['state']}{filled}{fee}"


def stood(answer: dict[str, Any]) -> str:
    """`"proposed YES"`; if something else is approved: `"proposed YES, approved VOID"`."""
    if "code" in answer:
        return str(answer["code"])
    outcome = f" {answer['outcome']}" if answer["outcome"] else ""
    other = answer["approved"] not in (None, answer["outcome"], answer["state"].upper())
    return f"{answer['state']}{outcome}" + (f", approved {answer['approved']}" if other else "")


def other_price(price: str) -> str:
    """What is left of a pair of 100 cents: "38.5" is the other side of "61.5"."""
    hundredths = 10_000 - round(float(price) * 100)
    return f"{hundredths / 100:.2f}".rstrip("0").rstrip(".")
