"""One market crashes again and again under load: the others serve on, and every hold is where it belongs."""

import random
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import pytest
import trio

from actors.core import Supervisor
from actors.core.supervisor import ChildReport
from actors.exchange import Exchange
from actors.market import SpotMarketActor
from engine.ledger.records import MarketState
from engine.products import SPOT
from engine.trading.commands import MarketChanged, ResumeMarket
from storage.interface import Storage
from storage.memory import MemoryStorage
from storage.postgres import open_postgres
from storage.verify import verify
from tests.actors.exchanges import ROOT, deposit, small_exchange
from tests.faults.crashes import (
    LOSING,
    MARKETS,
    Moment,
    Saboteur,
    Told,
    check_balances,
    check_holds_now,
    check_told,
    place,
    trade,
)

pytestmark = pytest.mark.slow

VICTIM = "BTC_USDT"
CUSTOMERS = 6
LINES = 5  # on which each customer trades at once
CHECK_EVERY_S = 0.005

Open = Callable[[], AbstractAsyncContextManager[Storage]]


@asynccontextmanager
async def open_memory() -> AsyncIterator[Storage]:
    yield MemoryStorage()


@pytest.fixture
def opened(request: pytest.FixtureRequest) -> Open:
    """Open an empty storage of the kind that the test's parameter names, in the test's own task."""
    if request.param == "memory":
        return open_memory
    dsn = request.getfixturevalue("postgres_dsn")
    return lambda: open_postgres(dsn)


def cases(**seeds: int) -> pytest.MarkDecorator:
    """So many seeds on each kind of storage."""
    each = [(kind, seed) for kind, count in seeds.items() for seed in range(count)]
    return pytest.mark.parametrize(("opened", "seed"), each, indirect=["opened"])


@pytest.fixture(autouse=True)
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let some letters wait while others crash, and no time pass between a crash and the restart."""
    monkeypatch.setattr(SpotMarketActor, "BATCH_MAX", 4)
    monkeypatch.setattr(Supervisor, "PAUSE_S", 0.001)


def report_of(exchange: Exchange, symbol: str) -> ChildReport:
    return next(r for r in exchange.supervisor.statistics() if r.name == f"market/spot/{symbol}")


async def rich_customers(exchange: Exchange) -> list[Told]:
    customers = [Told(account_id) for account_id in range(1, CUSTOMERS + 1)]
    for told in customers:
        await deposit(exchange, told.account_id, BTC="1000", ETH="1000", USDT="100000")
    return customers


async def under_load(exchange: Exchange, customers: list[Told], chance: random.Random, orders: int) -> None:
    """Have customers trade on all markets, and look at the holds all the time."""
    waiting_max = 0

    async def watch() -> None:
        nonlocal waiting_max
        while True:
            waiting_max = max(waiting_max, check_holds_now(exchange))
            await trio.sleep(CHECK_EVERY_S)

    with trio.fail_after(60):
        async with trio.open_nursery() as watching:
            watching.start_soon(watch)
            async with trio.open_nursery() as trading:
                for told in customers:
                    for _ in range(LINES):
                        name = f"{chance.getrandbits(64)}"
                        trading.start_soon(trade, exchange, told, random.Random(name), name, orders)
            watching.cancel_scope.cancel()
    assert waiting_max, "no order ever waited: this load shows nothing"


async def repeat_unknown(exchange: Exchange, customers: list[Told]) -> None:
    """Send again under its id what is unknown: then all is known, and done once."""
    await check_balances(exchange, [told.account_id for told in customers])
    for told in customers:
        for order in told.unknown.values():
            await place(exchange, told, order)
    await check_told(exchange.storage.reader, customers)
    await check_balances(exchange, [told.account_id for told in customers])


@cases(memory=4, postgres=2)
@pytest.mark.trio
async def test_a_market_that_crashes_under_load_loses_its_batches_and_nothing_else(
    opened: Open, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    chance = random.Random(seed)
    saboteur = Saboteur(VICTIM, chance, each=6, most=30)
    monkeypatch.setattr(Supervisor, "CRASHES_MAX", 1_000)
    async with opened() as storage:
        async with small_exchange(storage) as exchange:
            saboteur.exchange = exchange
            saboteur.install(monkeypatch)
            customers = await rich_customers(exchange)
            await under_load(exchange, customers, chance, orders=30)

            saboteur.rest()
            assert (+saboteur.happened).keys() == set(Moment), saboteur.happened
            report = report_of(exchange, VICTIM)
            assert (report.state, report.restarts) == ("running", saboteur.crashes)
            assert report.last_failure in {f"Defect: {moment.value}" for moment in Moment}
            assert not any(report_of(exchange, other).restarts for other in MARKETS if other != VICTIM)

            unknown = [order.symbol for told in customers for order in told.unknown.values()]
            assert set(unknown) == {VICTIM}
            await repeat_unknown(exchange, customers)
        assert (await verify(storage.reader)).differences == ()


@cases(memory=2, postgres=1)
@pytest.mark.trio
async def test_a_market_that_crashes_too_often_is_parked_and_the_others_serve_on(
    opened: Open, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    chance = random.Random(seed)
    saboteur = Saboteur(VICTIM, chance, each=99, most=Supervisor.CRASHES_MAX + 1, moments=LOSING)
    async with opened() as storage:
        async with small_exchange(storage) as exchange:
            saboteur.exchange = exchange
            saboteur.install(monkeypatch)
            customers = await rich_customers(exchange)
            await under_load(exchange, customers, chance, orders=20)

            report = report_of(exchange, VICTIM)
            assert (report.state, report.restarts) == ("parked", Supervisor.CRASHES_MAX)
            assert all(report_of(exchange, other).state == "running" for other in MARKETS if other != VICTIM)
            assert any(told.halted for told in customers)
            await check_balances(exchange, [told.account_id for told in customers])

            resumed = await exchange.accounts.ask(ResumeMarket(SPOT, VICTIM, ROOT))
            assert resumed == MarketChanged(VICTIM, MarketState.OPEN)
            assert report_of(exchange, VICTIM).state == "running"
            heard = sum(told.halted for told in customers)
            await under_load(exchange, customers, chance, orders=5)
            assert sum(told.halted for told in customers) == heard
            await repeat_unknown(exchange, customers)
        assert (await verify(storage.reader)).differences == ()
