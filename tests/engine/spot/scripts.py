"""Random scripts: commands of a few people who share two markets, as text."""

import random
from collections.abc import Callable, Sequence
from typing import Any

from hypothesis import strategies as st

PEOPLE = ("ann", "bob", "cat")
SYMBOLS = ("BTC_USD", "ETH_USD")
ASSETS = ("BTC", "ETH", "USD")
FUNDS = {"ann": "1000", "bob": "30", "cat": "7.5"}  # of each asset: much, enough, little

# A step is a method of an exchange and its arguments.
Step = tuple[str, tuple[Any, ...], dict[str, Any]]

# What of a hundred steps: mostly what trades, and some of everything else.
WEIGHTS = {
    "limit": 56,
    "market_by_qty": 9,
    "market_by_amount": 9,
    "cancel": 10,
    "deposit": 3,
    "withdraw": 3,
    "transfer": 3,
    "halt": 1,
    "resume": 2,
    "restart": 4,
}
KINDS = [kind for kind, weight in WEIGHTS.items() for _ in range(weight)]

PREVENTIONS = ("cancel_newest", "cancel_oldest", "cancel_both")
LIMIT_TIMES = (None, None, None, None, "GTC", "IOC", "FOK")
MARKET_TIMES = (None, None, None, None, "IOC", "FOK", "FOK", "GTC")
RARELY = (*[False] * 11, True)
FILLS_MAX = (2, 3, 1_000)

# Prices and quantities lie close together, so that orders meet; the last of each is beside the grid or the band.
TERMS = {
    "plain": {"tick": "1", "lot": "1", "maker_rate": "0", "taker_rate": "0"},
    "fees that round": {"tick": "0.01", "lot": "0.01", "maker_rate": "0.00033333", "taker_rate": "0.0017"},
    "dear": {"tick": "0.5", "lot": "0.25", "maker_rate": "0.99999999", "taker_rate": "0.3"},
    "banded": {"tick": "0.03", "lot": "0.5", "price_band": "0.07", "minimum_notional": "100"},
}
PRICES = {
    "plain": ("99", "100", "101", "102", "99", "100", "101", "102", "110", "0.5"),
    "fees that round": ("1", "1.01", "1.02", "1", "1.01", "1.02", "0.99", "1.1", "0.91", "1.005"),
    "dear": ("9.5", "10", "10.5", "11", "9.5", "10", "10.5", "11", "12", "10.25"),
    "banded": ("99.99", "100.02", "102", "99", "99.99", "100.02", "102", "99", "105", "93", "120"),
}
QUANTITIES = {
    "plain": ("1", "2", "3", "5", "8", "1", "2", "3", "5", "0.5"),
    "fees that round": ("0.01", "0.02", "0.33", "1", "2.5", "0.01", "0.33", "1", "2.5", "0.001"),
    "dear": ("0.25", "0.5", "1", "2", "5", "0.5", "1", "2", "5", "0.1"),
    "banded": ("1.5", "2", "5", "1.5", "2", "5", "1.5", "1", "0.5", "0.25"),
}
AMOUNTS = {
    "plain": ("100", "150", "305", "150", "305", "1000", "0.0001", "0.00001"),
    "fees that round": ("0.01", "1.0001", "2.5", "0.5", "1.0001", "2.5", "0.0001", "0"),
    "dear": ("10", "9.75", "31", "2.5", "10", "31", "100", "1"),
    "banded": ("150", "305", "100", "150", "305", "1000", "99.9999", "0.00001"),
}

Choose = Callable[[Sequence[Any]], Any]  # takes one of several: by hypothesis, which shrinks, or by dice


def step(choose: Choose, terms: str, number: int) -> Step:
    """Make one step; each movement has an id of its own, as remembering ids is not the engine's but accounts'."""
    kind = choose(KINDS)
    if kind == "restart":
        return kind, (), {}
    if kind in ("halt", "resume"):
        return kind, (choose(SYMBOLS),), {}
    if kind == "cancel":
        return kind, (choose((*PEOPLE, None)), choose(range(1, 30))), {}
    if kind in ("deposit", "withdraw", "transfer"):
        to = (choose(PEOPLE),) if kind == "transfer" else ()
        return kind, (choose(PEOPLE), f"movement {number}", choose(ASSETS), choose(("1", "2.5", "100", "0")), *to), {}
    order: dict[str, Any] = {"self_trade_prevention": choose(PREVENTIONS), "post_only": choose(RARELY)}
    if kind == "market_by_amount":
        order["amount"] = choose(AMOUNTS[terms])
    else:
        order["quantity"] = choose(QUANTITIES[terms])
    if kind == "limit":
        order["price"] = choose(PRICES[terms])
    order["time_in_force"] = choose(LIMIT_TIMES if kind == "limit" else MARKET_TIMES)
    return "place", (choose(PEOPLE), choose((SYMBOLS[0], *SYMBOLS)), choose(("buy", "sell")), kind), order


@st.composite
def scripts(draw: st.DrawFn) -> tuple[str, int, list[Step]]:
    """Which terms the markets have, how many fills an order may have, and what happens."""

    def choose(options: Sequence[Any]) -> Any:
        return draw(st.sampled_from(options))

    terms, length = choose(sorted(TERMS)), draw(st.integers(20, 60))
    return terms, choose(FILLS_MAX), [step(choose, terms, number) for number in range(length)]


def long_script(seed: int, length: int) -> tuple[str, int, list[Step]]:
    """The same by dice, which reach deeper than what hypothesis likes to draw."""
    dice = random.Random(seed)
    terms = sorted(TERMS)[seed % len(TERMS)]
    return terms, dice.choice(FILLS_MAX), [step(dice.choice, terms, number) for number in range(length)]


# Playing them


def opened(exchange: Any, terms: str) -> Any:
    for symbol in SYMBOLS:
        exchange.list_symbol(symbol, **TERMS[terms])
    for person, amount in FUNDS.items():
        for asset in ASSETS:
            exchange.deposit(person, f"{asset} at first", asset, amount)
    return exchange


def seen(exchange: Any) -> dict[str, Any]:
    """All that can be seen from outside between two steps."""
    return {
        "balances": {account: exchange.balances(account) for account in (*PEOPLE, "fees")},
        "books": {symbol: exchange.book(symbol, 50) for symbol in SYMBOLS},
        "queues": {(symbol, side): exchange.queue(symbol, side) for symbol in SYMBOLS for side in ("buy", "sell")},
        "trades": exchange.trades,
    }


def movements_of(exchange: Any, account: str, asset: str) -> list[dict[str, Any]]:
    return [row for row in exchange.logs if (row["account"], row["asset"]) == (account, asset)]


def do(exchange: Any, step: Step) -> Any:
    method, positional, named = step
    return getattr(exchange, method)(*positional, **named)
