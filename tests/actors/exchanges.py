"""A small exchange for tests: storage in memory, a clock that ticks once a look, customers with money."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import trio

from actors.exchange import Exchange, open_exchange
from actors.messages import GetBalances
from actors.seed import seed
from engine.amounts import format_decimal, parse_decimal
from engine.ledger.assets import ASSETS
from engine.ledger.chart import OUTSIDE
from engine.ledger.commands import Moved, MovementKind, MoveMoney
from engine.matching.order import Side
from engine.matching.terms import OrderType
from engine.messages import Command
from engine.spot.commands import PlaceOrder
from engine.trading.commands import Placed
from storage.interface import Storage
from storage.memory import MemoryStorage
from tests.invariants import audit

ALICE, BOB, CAROL = 1, 2, 3
ROOT = 9  # an administrator


class TickingClock:
    """One millisecond later at every look: the same run shows the same times."""

    def __init__(self) -> None:
        self._now_ms = 1_700_000_000_000

    def now_ms(self) -> int:
        self._now_ms += 1
        return self._now_ms


@asynccontextmanager
async def small_exchange(storage: Storage | None = None) -> AsyncIterator[Exchange]:
    """Run a seeded exchange; when the block has ended and all is drained, its tables are audited."""
    storage = storage or MemoryStorage()
    async with open_exchange(storage, TickingClock()) as exchange:
        await seed(exchange, 0)
        yield exchange
    await audit(storage.reader)


def deposit_of(account: int, asset: str, amount: str, trans_id: str | None = None) -> MoveMoney:
    units = parse_decimal(amount, ASSETS[asset].decimals)
    return MoveMoney(MovementKind.DEPOSIT, account, trans_id or f"first {asset}", asset, units, OUTSIDE)


async def deposit(exchange: Exchange, account: int, **amounts: str) -> None:
    """Give a customer money: deposit(exchange, ALICE, USDT="1000")."""
    for asset, amount in amounts.items():
        assert isinstance(await exchange.accounts.ask(deposit_of(account, asset, amount)), Moved)


def limit(account: int, side: str, price: str, quantity: str, client_order_id: str | None = None) -> PlaceOrder:
    return PlaceOrder(
        account,
        "BTC_USDT",
        Side(side),
        OrderType.LIMIT,
        price=price,
        quantity=quantity,
        client_order_id=client_order_id,
    )


async def place(exchange: Exchange, order: PlaceOrder) -> Placed:
    """Place an order that is taken."""
    answer = await exchange.accounts.ask(order)
    assert isinstance(answer, Placed), answer
    return answer


async def balances(exchange: Exchange, account: int) -> dict[str, tuple[str, str]]:
    """What accounts says an account has: {asset: (available, frozen)}."""
    return {
        view.asset: (
            format_decimal(view.available, ASSETS[view.asset].decimals),
            format_decimal(view.frozen, ASSETS[view.asset].decimals),
        )
        for view in await exchange.accounts.ask(GetBalances(account))
    }


async def ask_twice(exchange: Exchange, command: Command[Any]) -> list[Any]:
    """Send the same at the same time; both answers."""
    answers: list[Any] = []

    async def ask() -> None:
        answers.append(await exchange.accounts.ask(command))

    async with trio.open_nursery() as nursery:
        nursery.start_soon(ask)
        nursery.start_soon(ask)
    return answers
