"""The whole tree, one seed, twice: the same events, byte for byte."""

import random

import pytest
import trio
import trio.testing
from trio._core import _run  # the scheduler's own dice: the first test tells when trio moves them

from actors.exchange import Exchange
from engine.products import SPOT
from engine.refusals import Refused
from engine.trading.commands import CancelAllOrders, Cancelled, Placed
from storage.memory import MemoryStorage
from tests.actors.exchanges import deposit, limit, small_exchange

CUSTOMERS = range(1, 6)
ORDERS = 60  # a customer


async def trade(exchange: Exchange, customer: int, dice: random.Random) -> None:
    """Place random orders at random times; cancel all of them now and then."""
    for _ in range(ORDERS):
        await trio.sleep(dice.random())
        if dice.random() < 0.05:
            for answer in await exchange.accounts.ask(CancelAllOrders(customer, SPOT)):
                assert isinstance(answer, Cancelled | Refused)
        order = limit(customer, dice.choice(("buy", "sell")), str(dice.randint(95, 105)), f"0.{dice.randint(1, 9)}")
        assert isinstance(await exchange.accounts.ask(order), Placed | Refused)


def history(seed: int) -> tuple[bytes, int]:
    """Let random customers trade; return the hash of the journal's last row and how many rows there are."""

    async def play() -> tuple[bytes, int]:
        storage = MemoryStorage()
        async with small_exchange(storage) as exchange:
            for customer in CUSTOMERS:
                await deposit(exchange, customer, BTC="100", USDT="10000")
            async with trio.open_nursery() as nursery:
                for customer in CUSTOMERS:
                    nursery.start_soon(trade, exchange, customer, random.Random(f"{seed} {customer}"))
        head = await storage.reader.journal_head()
        return head.hash, head.sequence

    _run._r.seed(seed)
    return trio.run(play, clock=trio.testing.MockClock(autojump_threshold=0))


@pytest.fixture(autouse=True)
def fixed_order(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have trio wake tasks in an order that its seeded dice decide."""
    assert hasattr(_run, "_r")
    monkeypatch.setattr(_run, "_ALLOW_DETERMINISTIC_SCHEDULING", True)


def test_one_seed_has_one_history() -> None:
    first, again = history(1), history(1)
    assert first == again
    assert first[1] > 100


def test_another_seed_has_another_history() -> None:
    assert history(1) != history(2)
