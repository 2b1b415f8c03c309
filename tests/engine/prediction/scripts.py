"""Random scripts: commands of a few people who share two questions, and of those who decide them, as text."""

import random
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any, NamedTuple

from hypothesis import strategies as st

PEOPLE = ("ann", "bob", "cat")
ADMINISTRATORS = ("root", "vera")
MARKETS = ("rain", "snow")
FUNDS = {"ann": "1000", "bob": "70", "cat": "9.5"}  # much, enough, little

# A step is a method of an exchange and its arguments.
Step = tuple[str, tuple[Any, ...], dict[str, Any]]

# What of a hundred steps: mostly what trades, and some of everything else; in the end, questions come to their answers.
TRADING = {"limit": 70, "market_by_qty": 12, "cancel": 8, "deposit": 2, "wait": 2, "halt": 1, "resume": 6, "restart": 2}
ENDING = {
    "limit": 20,
    "market_by_qty": 4,
    "cancel": 4,
    "wait": 14,
    "halt": 4,
    "resume": 3,
    "close": 6,
    "propose": 10,
    "dispute": 6,
    "resolve": 10,
    "void": 5,
    "roll_back": 5,
    "void_and_roll_back": 5,
    "restart": 4,
}
PHASES = [[kind for kind, weight in weights.items() for _ in range(weight)] for weights in (TRADING, ENDING)]

PREVENTIONS = ("cancel_newest", "cancel_oldest", "cancel_both")
LIMIT_TIMES = (None, None, None, None, "GTC", "IOC", "FOK")
MARKET_TIMES = (None, None, None, None, None, "IOC", "FOK", "FOK", "GTC")
RARELY = (*[False] * 19, True)
QUANTITIES = (*(1, 2, 3, 5, 8) * 4, 40, 0)
WAITS = (1, 7, 500, 1_000, 1_000, 2_000, 3_600_000, 50_000_000)

# Prices lie close together, so that orders meet; the last of each is beside the tick.
TERMS: dict[str, dict[str, Any]] = {
    "plain": {},
    "at the last price": {"void": "last_price", "maker_rate": "0.004", "taker_rate": "0.02"},
    "fees that round": {"tick": "0.01", "maker_rate": "0.00033333", "taker_rate": "0.0017", "void": "last_price"},
    "dear": {"tick": "0.1", "maker_rate": "0.99999999", "taker_rate": "0.3"},
    "soon over": {"lasts_ms": 3_000, "taker_rate": "0.01"},
}
PRICES = {
    "plain": ("49", "50", "51", "52", "48", "50", "46", "54", "50.05"),
    "at the last price": ("30", "33.3", "36.7", "63.3", "66.7", "70", "65", "35", "33.33"),
    "fees that round": ("0.3", "0.33", "0.31", "99.7", "99.67", "99.69", "0.01", "99.99", "0.001"),
    "dear": ("50", "40", "60", "45.5", "54.5", "99", "1", "80", "45.55"),
    "soon over": ("49", "50", "51", "52", "48", "50", "100"),
}


class Script(NamedTuple):
    """Which terms the questions have, under which rules, and what happens."""

    terms: str
    rules: dict[str, Any]  # of both implementations
    engine: dict[str, Any]  # of the engine alone: where it stops for breath, and whether it crashes there
    steps: list[Step]


Choose = Callable[[Sequence[Any]], Any]  # takes one of several: by hypothesis, which shrinks, or by dice


def script(choose: Choose, terms: str, length: int) -> Script:
    rules = {
        "challenge_ms": 1_000,
        "payout_window_ms": 2_000,
        "approvals": choose((1, 1, 2)),
        "fills_max": choose((2, 3, 1_000)),
    }
    engine = {"part_max": choose((1, 2, 1_000)), "crashes": choose((False, True))}
    kinds = (choose(PHASES[number > length * 3 // 5]) for number in range(length))
    steps = [step(choose, terms, kind, number) for number, kind in enumerate(kinds)]
    return Script(terms, rules, engine, steps)


def step(choose: Choose, terms: str, kind: str, number: int) -> Step:
    market, administrator = choose(MARKETS), choose(ADMINISTRATORS)
    if kind in ("limit", "market_by_qty"):
        return (
            "place",
            (choose(PEOPLE), market, choose(("buy", "sell")), choose(("YES", "NO")), kind),
            {
                "quantity": choose(QUANTITIES),
                "price": choose(PRICES[terms]) if kind == "limit" else None,
                "time_in_force": choose(LIMIT_TIMES if kind == "limit" else MARKET_TIMES),
                "post_only": choose(RARELY),
                "self_trade_prevention": choose(PREVENTIONS),
            },
        )
    arguments: dict[str, tuple[Any, ...]] = {
        "cancel": (choose(PEOPLE), choose(range(1, 30))),
        "deposit": (choose(PEOPLE), f"deposit {number}", "USD", choose(("1", "2.5", "100"))),
        "wait": (choose(WAITS),),
        "propose": (market, administrator, choose(("YES", "NO"))),
        "dispute": (market, choose(PEOPLE)),
        "resolve": (market, administrator, choose(("YES", "NO"))),
        "void_and_roll_back": (market, administrator, choose(range(5))),
        "restart": (),
    }
    return kind, arguments.get(kind, (market, administrator)), {}


@st.composite
def scripts(draw: st.DrawFn) -> Script:
    def choose(options: Sequence[Any]) -> Any:
        return draw(st.sampled_from(options))

    return script(choose, choose(sorted(TERMS)), draw(st.integers(20, 60)))


def long_script(seed: int, length: int) -> Script:
    """The same by dice, which reach deeper than what hypothesis likes to draw."""
    return script(random.Random(seed).choice, sorted(TERMS)[seed % len(TERMS)], length)


# Playing them


def opened(exchange: Any, terms: str) -> Any:
    """Two questions, in which Ann and Bob hold some of both."""
    for market in MARKETS:
        exchange.list_question(market, **TERMS[terms])
    for person, amount in FUNDS.items():
        exchange.deposit(person, "at first", "USD", amount)
    for market in MARKETS:
        for buyer, outcome in (("ann", "YES"), ("bob", "NO"), ("bob", "YES"), ("ann", "NO")):
            exchange.place(buyer, market, "buy", outcome, "limit", quantity=15, price="50")
    return exchange


def seen(exchange: Any) -> dict[str, Any]:
    """All that can be seen from outside between two steps."""
    return {
        "balances": {account: exchange.balances(account) for account in (*PEOPLE, "fees")},
        "holdings": {(market, person): exchange.holding(market, person) for market in MARKETS for person in PEOPLE},
        "pools": {market: exchange.pool(market) for market in MARKETS},
        "queues": {(market, side): exchange.queue(market, side) for market in MARKETS for side in ("buy", "sell")},
        "standings": {market: exchange.standing(market) for market in MARKETS},
        "plans": {(market, answer): exchange.plan(market, answer) for market in MARKETS for answer in ("YES", None)},
    }


def movements_of(exchange: Any, account: str) -> list[tuple[str, str, str]]:
    """What trades and deposits did to an account, in order; then what was paid, less what was taken back.

    How much is paid before it is taken back is not the same: the engine may be interrupted.
    """
    rows = [row for row in exchange.logs if row["account"] == account]
    paid: dict[tuple[str, str], Decimal] = {}
    for row in rows:
        if row["changeType"] in ("payout", "refund"):
            key = row["transId"], row["changeType"]
            paid[key] = paid.get(key, Decimal(0)) + Decimal(row["amount"])
    others = [
        (row["transId"], row["changeType"], row["amount"])
        for row in rows
        if (row["transId"], row["changeType"]) not in paid
    ]
    return others + [(*key, str(amount.normalize())) for key, amount in sorted(paid.items()) if amount]


def do(exchange: Any, step: Step) -> Any:
    method, positional, named = step
    return getattr(exchange, method)(*positional, **named)
