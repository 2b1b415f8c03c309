"""The way of an order or a bet without a socket: accounts -> market -> ledger -> PostgreSQL, on eight markets."""

import random
import time
from typing import Any, Protocol

import trio

from actors.directory import MarketEntry
from actors.exchange import Exchange, open_exchange
from actors.seed import seed
from engine.accumulators.commands import AccumulatorTaken
from engine.betting.commands import BetTaken, PlaceBet
from engine.ledger.chart import OUTSIDE
from engine.ledger.commands import ListMarket, MovementKind, MoveMoney
from engine.matching.order import Side
from engine.matching.terms import OrderType, Outcome
from engine.messages import Command
from engine.prediction.commands import PlaceShareOrder
from engine.products import BETTING, SPOT, write_definition
from engine.refusals import Refused
from engine.spot.commands import PlaceOrder
from engine.spot.symbol import SpotSymbol, make_symbol
from engine.trading.commands import Placed
from run import tune_collector
from storage.interface import Storage
from storage.postgres import open_postgres
from tests.actors.accumulators import accumulator, fund_accumulators
from tests.actors.matches import AWAY, DRAW, HOME, MONEYLINE, OVER, TOTAL, UNDER, open_match
from tests.actors.questions import ask_question
from tests.benchmarks.clocks import SystemClock
from tests.invariants import audit
from tests.storage.servers import open_folder, running_server

SYMBOLS = ("BTC_USDT", "ETH_USDT", "ETH_BTC", "BTC_USD", "ETH_USD", "USDT_USD", "BTC_ETH", "USDT_BTC")
OPEN_ORDERS = 2_000  # in each book; of a match, bets
CLIENTS = 1_600  # tasks that each wait for their answer before the next order: 200 a market, nearly its full batch

LEGS = 4  # of an accumulator

DONE = (Placed, BetTaken, AccumulatorTaken)
ODDS = (
    (HOME, MONEYLINE.home),
    (DRAW, MONEYLINE.draw or 0),
    (AWAY, MONEYLINE.away),
    (OVER, TOTAL.over),
    (UNDER, TOTAL.under),
)


class Flow(Protocol):
    """What is traded: both flows are alike, so that their figures can be compared."""

    name: str
    assets: tuple[str, ...]

    async def prepare(self, exchange: Exchange) -> None:
        """List eight markets."""

    def near(self, account: int, market: int, dice: random.Random) -> Command[Any]:
        """An order at the price; every second one trades."""

    def far(self, account: int, market: int, dice: random.Random) -> Command[Any]:
        """An order that will wait in the book."""


class SpotFlow:
    """Limit orders at 99, 100 and 101; far from it at 1 to 80 and 120 to 200."""

    name = "spot"
    assets: tuple[str, ...] = ("BTC", "ETH", "USDT", "USD")

    async def prepare(self, exchange: Exchange) -> None:
        for name in SYMBOLS:
            symbol = make_symbol(name, tick="0.01", lot="0.1")
            assert isinstance(symbol, SpotSymbol), symbol
            await exchange.accounts.ask(ListMarket(SPOT, name, write_definition(symbol)))

    def near(self, account: int, market: int, dice: random.Random) -> Command[Any]:
        side = dice.choice((Side.BUY, Side.SELL))
        return self._order(account, market, side, dice.randint(99, 101), dice)

    def far(self, account: int, market: int, dice: random.Random) -> Command[Any]:
        side = dice.choice((Side.BUY, Side.SELL))
        return self._order(account, market, side, dice.randint(*((1, 80) if side is Side.BUY else (120, 200))), dice)

    def _order(self, account: int, market: int, side: Side, price: int, dice: random.Random) -> Command[Any]:
        quantity = f"0.{dice.randint(1, 9)}"
        return PlaceOrder(account, SYMBOLS[market], side, OrderType.LIMIT, price=f"{price}", quantity=quantity)


class PredictionFlow:
    """Buyers of both outcomes at 49, 50 and 51: they mint, and nobody runs out of shares to sell."""

    name = "prediction"
    assets: tuple[str, ...] = ("USD",)

    def __init__(self) -> None:
        self._markets: list[str] = []

    async def prepare(self, exchange: Exchange) -> None:
        self._markets = [(await ask_question(exchange)).name for _ in SYMBOLS]

    def near(self, account: int, market: int, dice: random.Random) -> Command[Any]:
        return self._order(account, market, dice.randint(49, 51), dice)

    def far(self, account: int, market: int, dice: random.Random) -> Command[Any]:
        return self._order(account, market, dice.randint(1, 40), dice)

    def _order(self, account: int, market: int, price: int, dice: random.Random) -> Command[Any]:
        outcome = dice.choice((Outcome.YES, Outcome.NO))
        return PlaceShareOrder(
            account, self._markets[market], outcome, Side.BUY, OrderType.LIMIT, dice.randint(1, 9), f"{price}"
        )


class BettingFlow:
    """Bets on five options of each match, whose odds stand still; pools that never run short."""

    name = "betting"
    assets: tuple[str, ...] = ("USD",)

    def __init__(self) -> None:
        self._markets: list[str] = []

    async def prepare(self, exchange: Exchange) -> None:
        self._markets = [(await open_match(exchange, pool=10**15)).name for _ in SYMBOLS]

    def near(self, account: int, market: int, dice: random.Random) -> Command[Any]:
        option, odds = dice.choice(ODDS)
        return PlaceBet(account, self._markets[market], option, dice.randint(1, 9_999), odds)

    far = near  # a bet always waits: for its match


class AccumulatorFlow(BettingFlow):
    """Accumulators of four legs on these matches: all of them in one market."""

    name = "accumulator"

    def __init__(self) -> None:
        super().__init__()
        self._matches: list[MarketEntry] = []

    async def prepare(self, exchange: Exchange) -> None:
        await super().prepare(exchange)
        by_name = {market.name: market for market in exchange.directory.by_id.values() if market.product == BETTING}
        self._matches = [by_name[name] for name in self._markets]
        await seed(exchange, 0)
        await fund_accumulators(exchange, 10**15)

    def near(self, account: int, market: int, dice: random.Random) -> Command[Any]:
        matches = [self._matches[market], *dice.sample(self._matches[:market] + self._matches[market + 1 :], LEGS - 1)]
        return accumulator(account, dice.randint(1, 9_999), *((match, *dice.choice(ODDS)) for match in matches))

    far = near


async def measure(storage: Storage, seconds: float, flow: Flow) -> dict[str, float]:
    """Place orders for so long, in books that are full already. Returns figures by name."""
    async with open_exchange(storage, SystemClock()) as exchange:
        await flow.prepare(exchange)
        await _fund(exchange, flow.assets)
        await _fill_books(exchange, flow)
        tune_collector()
        latencies: list[float] = []
        started = time.perf_counter()
        async with trio.open_nursery() as nursery:
            for client in range(CLIENTS):
                nursery.start_soon(_trade, exchange, flow, client + 1, started + seconds, latencies)
        elapsed = time.perf_counter() - started
    await audit(storage.reader)
    latencies.sort()
    return {
        "orders/s": len(latencies) / elapsed,
        "p50 ms": latencies[len(latencies) // 2] * 1e3,
        "p99 ms": latencies[len(latencies) * 99 // 100] * 1e3,
    }


async def _fund(exchange: Exchange, assets: tuple[str, ...]) -> None:
    for account in range(1, CLIENTS + 1):
        for asset in assets:
            movement = MoveMoney(MovementKind.DEPOSIT, account, f"{asset}-seed", asset, 10**17, OUTSIDE)
            assert not isinstance(await exchange.accounts.ask(movement), Refused)


async def _fill_books(exchange: Exchange, flow: Flow) -> None:
    dice = random.Random(0)

    async def place(account: int, market: int) -> None:
        assert isinstance(await exchange.accounts.ask(flow.far(account, market, dice)), DONE)

    for market in range(len(SYMBOLS)):  # one after the other: all at once would be more than accounts lets in
        async with trio.open_nursery() as nursery:
            for number in range(OPEN_ORDERS):
                nursery.start_soon(place, number % CLIENTS + 1, market)


async def _trade(exchange: Exchange, flow: Flow, account: int, until: float, latencies: list[float]) -> None:
    dice = random.Random(account)
    while (sent := time.perf_counter()) < until:
        answer = await exchange.accounts.ask(flow.near(account, dice.randrange(len(SYMBOLS)), dice))
        assert isinstance(answer, (*DONE, Refused))
        latencies.append(time.perf_counter() - sent)


async def run(seconds: float) -> None:
    """Print the figures of one run, each product on a fresh PostgreSQL."""
    print(f"accounts -> market -> ledger -> PostgreSQL, 8 markets with {OPEN_ORDERS:,} open orders (bets) each:")
    rates = []
    flows: tuple[Flow, ...] = (SpotFlow(), PredictionFlow(), BettingFlow(), AccumulatorFlow())
    for flow in flows:
        with open_folder() as folder, running_server(folder / "data") as server:
            async with open_postgres(server.dsn) as storage:
                figures = await measure(storage, seconds, flow)
        rates.append(figures["orders/s"])
        told = "   ".join(f"{name} {value:8.1f}" for name, value in figures.items())
        print(f"  {flow.name:12} {told}   {rates[-1] / rates[0]:.2f} x spot")


if __name__ == "__main__":
    trio.run(run, 10.0)
