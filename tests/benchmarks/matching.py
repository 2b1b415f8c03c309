"""The matching core beside bourse (Rust) and lightmatchingengine (Python), on one random walk.

Each is driven as its user would have to. All three must come to the same fills, lots and best prices: otherwise the
figures compare nothing.
"""

import gc
import random
import time
from collections.abc import Callable
from typing import NamedTuple

import bourse
from lightmatchingengine import lightmatchingengine

from engine.matching.book import OrderBook
from engine.matching.match import Stop, apply, match
from engine.matching.order import BookOrder, SelfTradePrevention, Side

SEED = 1
CANCELS = 0.4  # of all operations; about a quarter of them come too late
CROSSING = 0.1  # of all operations are priced through the mid; others cross because it has moved
ROUNDS = 3  # of each, in turn, in CPU time; the best counts, as neighbours on the machine only ever slow one down
FILLS_MAX = 1_000


class Operation(NamedTuple):
    """Cancel the order placed as the so-many-th, or (None) place one."""

    cancels: int | None
    buys: bool
    price_ticks: int
    lots: int


class Outcome(NamedTuple):
    """What the flow led to; best prices are 0 where there is none."""

    fills: int
    lots: int
    bid_ticks: int
    ask_ticks: int


class Result(NamedTuple):
    """One engine's figures."""

    engine: str
    operations_per_s: float
    outcome: Outcome


def flow(operations: int, seed: int = SEED) -> list[Operation]:
    """Orders around a mid that walks a tick at a time; mostly young orders are cancelled."""
    chance = random.Random(seed)
    mid = 100_000
    placed = 0
    script = []
    for _ in range(operations):
        kind = chance.random()
        if kind < CANCELS and placed:
            age = int(chance.expovariate(1 / 200))
            script.append(Operation(max(0, placed - 1 - age), False, 0, 0))
            continue
        mid += chance.choice((-1, 0, 1))
        buys = chance.random() < 0.5
        crosses = kind < CANCELS + CROSSING
        away = -1 - int(chance.expovariate(1 / 5)) if crosses else 1 + int(chance.expovariate(1 / 20))
        script.append(Operation(None, buys, mid - away if buys else mid + away, chance.randint(1, 100)))
        placed += 1
    return script


def rialto(script: list[Operation]) -> tuple[float, Outcome]:
    book: OrderBook[BookOrder] = OrderBook()
    buy, sell = Side.BUY, Side.SELL
    no_liquidity, prevention = Stop.NO_LIQUIDITY, SelfTradePrevention.CANCEL_NEWEST
    placed = fills = traded = 0
    started = time.process_time()
    for cancels, buys, price_ticks, lots in script:
        if cancels is not None:
            resting = book.orders.get(cancels)
            if resting is not None:
                book.remove(resting)
            continue
        order = BookOrder(placed, placed, buy if buys else sell, price_ticks, lots, placed)
        placed += 1
        found = match(book, order, lots, prevention=prevention, fills_max=FILLS_MAX)
        if found.fills:
            apply(book, found)
            order.open_lots = found.left
            fills += len(found.fills)
            traded += lots - found.left
        if found.stop is no_liquidity:
            book.rest(order)
    seconds = time.process_time() - started
    book.audit()
    return seconds, Outcome(fills, traded, book.best(buy) or 0, book.best(sell) or 0)


def in_bourse(script: list[Operation]) -> tuple[float, Outcome]:
    """It queues by price and time: under an old time, an order would take the place of another."""
    book = bourse.core.OrderBook(0, 1)  # from time 0, in ticks of 1
    started = time.process_time()
    for now, (cancels, buys, price_ticks, lots) in enumerate(script):
        book.set_time(now)
        if cancels is not None:
            book.cancel_order(cancels)  # does nothing to a closed order
        else:
            book.place_order(buys, lots, 1, price=price_ticks)
    seconds = time.process_time() - started
    trades = book.get_trades()
    bid, ask = book.bid_ask()
    ask %= 2**32 - 1  # that is its price of an empty side
    return seconds, Outcome(len(trades), sum(lots for _, _, _, lots, _, _ in trades), bid, ask)


def in_lightmatchingengine(script: list[Operation]) -> tuple[float, Outcome]:
    """It trips over the cancel of a filled order, and reports a trade of the taker's beside those of the makers."""
    engine = lightmatchingengine.LightMatchingEngine()
    book = engine.order_books["X"] = lightmatchingengine.OrderBook()
    fills = traded = 0
    started = time.process_time()
    for cancels, buys, price_ticks, lots in script:
        if cancels is not None:
            resting = book.order_id_map.get(cancels + 1)
            if resting is not None and resting.leaves_qty:
                engine.cancel_order(resting.order_id, "X")
            continue
        order, trades = engine.add_order("X", price_ticks, lots, 1 if buys else 2)
        if trades:
            fills += sum(trade.trade_side != order.side for trade in trades)
            traded += order.cum_qty
    seconds = time.process_time() - started
    return seconds, Outcome(fills, traded, max(book.bids, default=0), min(book.asks, default=0))


ENGINES: dict[str, Callable[[list[Operation]], tuple[float, Outcome]]] = {
    "rialto": rialto,
    "bourse": in_bourse,
    "lightmatchingengine": in_lightmatchingengine,
}


def run(operations: int = 200_000) -> list[Result]:
    """Measures, prints, and returns what was printed; Rialto first."""
    script = flow(operations)
    seconds = dict.fromkeys(ENGINES, float("inf"))
    outcomes = {}
    for _ in range(ROUNDS):
        for name, drive in ENGINES.items():
            gc.collect()
            taken, outcomes[name] = drive(script)
            seconds[name] = min(seconds[name], taken)
    results = [Result(name, operations / seconds[name], outcomes[name]) for name in ENGINES]
    print(f"matching core: {operations:,} operations, {CANCELS:.0%} cancels, best of {ROUNDS}, seed {SEED}")
    for result in results:
        ratio = results[0].operations_per_s / result.operations_per_s
        print(
            f"  {result.engine:20} {result.operations_per_s / 1e6:6.2f} M op/s {result.outcome.fills:9,} fills"
            f"   rialto is {ratio:5.2f} x"
        )
    return results
