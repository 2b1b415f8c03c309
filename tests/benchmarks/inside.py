"""The way of an order without a socket: accounts -> market -> ledger -> PostgreSQL, on eight symbols."""

import random
import time

import trio

from actors.exchange import Exchange, open_exchange
from engine.ledger.chart import OUTSIDE
from engine.ledger.commands import ListMarket, MovementKind, MoveMoney
from engine.matching.order import Side
from engine.matching.terms import OrderType
from engine.products import SPOT, write_definition
from engine.refusals import Refused
from engine.spot.commands import Placed, PlaceOrder
from engine.spot.symbol import SpotSymbol, make_symbol
from run import tune_collector
from storage.interface import Storage
from storage.postgres import open_postgres
from tests.benchmarks.clocks import SystemClock
from tests.invariants import audit
from tests.storage.servers import open_folder, running_server

SYMBOLS = ("BTC_USDT", "ETH_USDT", "ETH_BTC", "BTC_USD", "ETH_USD", "USDT_USD", "BTC_ETH", "USDT_BTC")
CLIENTS = 1_600  # tasks that each wait for their answer before the next order: 200 a market, nearly its full batch


async def measure(storage: Storage, seconds: float) -> dict[str, float]:
    """Place orders for so long; every second one trades. Returns figures by name."""
    async with open_exchange(storage, SystemClock()) as exchange:
        for name in SYMBOLS:
            symbol = make_symbol(name, tick="0.01", lot="0.1")
            assert isinstance(symbol, SpotSymbol), symbol
            await exchange.accounts.ask(ListMarket(SPOT, name, write_definition(symbol)))
        await _fund(exchange)
        tune_collector()
        latencies: list[float] = []
        started = time.perf_counter()
        async with trio.open_nursery() as nursery:
            for client in range(CLIENTS):
                nursery.start_soon(_trade, exchange, client + 1, started + seconds, latencies)
        elapsed = time.perf_counter() - started
    await audit(storage.reader)
    latencies.sort()
    return {
        "orders/s": len(latencies) / elapsed,
        "p50 ms": latencies[len(latencies) // 2] * 1e3,
        "p99 ms": latencies[len(latencies) * 99 // 100] * 1e3,
    }


async def _fund(exchange: Exchange) -> None:
    for account in range(1, CLIENTS + 1):
        for asset in ("BTC", "ETH", "USDT", "USD"):
            movement = MoveMoney(MovementKind.DEPOSIT, account, f"{asset}-seed", asset, 10**17, OUTSIDE)
            assert not isinstance(await exchange.accounts.ask(movement), Refused)


async def _trade(exchange: Exchange, account: int, until: float, latencies: list[float]) -> None:
    dice = random.Random(account)
    while (sent := time.perf_counter()) < until:
        order = PlaceOrder(
            account,
            dice.choice(SYMBOLS),
            dice.choice((Side.BUY, Side.SELL)),
            OrderType.LIMIT,
            price=f"{dice.randint(99, 101)}",
            quantity=f"0.{dice.randint(1, 9)}",
        )
        answer = await exchange.accounts.ask(order)
        assert isinstance(answer, Placed | Refused)
        latencies.append(time.perf_counter() - sent)


async def run(seconds: float) -> None:
    """Print the figures of one run on a fresh PostgreSQL."""
    with open_folder() as folder, running_server(folder / "data") as server:
        async with open_postgres(server.dsn) as storage:
            figures = await measure(storage, seconds)
    print("accounts -> market -> ledger -> PostgreSQL, 8 symbols:")
    for name, value in figures.items():
        print(f"  {name:10} {value:10.1f}")


if __name__ == "__main__":
    trio.run(run, 10.0)
