"""A market's actor: crashes, recovery, parking."""

from collections.abc import Callable

import pytest
import trio

from actors.core import Overtaken, Supervisor, Unknown
from actors.exchange import Exchange
from actors.market import SpotMarketActor
from actors.messages import Commit
from engine.ledger.journal import Part
from engine.ledger.records import MarketState
from engine.products import SPOT
from engine.refusals import Refusal, Refused
from engine.spot.market import SpotMarket
from engine.trading.commands import Cancelled, CancelOrder, EnterOrder, HaltMarket, MarketChanged, Placed, ResumeMarket
from engine.trading.events import MarketHalted
from tests.actors.exchanges import ALICE, BOB, ROOT, balances, deposit, limit, place, small_exchange

pytestmark = pytest.mark.trio

BTC_USDT = "market/spot/BTC_USDT"


def crash_when(monkeypatch: pytest.MonkeyPatch, unlucky: Callable[[EnterOrder], bool]) -> None:
    """Make a defect in every market: it fails on certain orders."""
    healthy = SpotMarketActor._place

    def place(self: SpotMarketActor, command: EnterOrder) -> Placed | Refused:
        answer = healthy(self, command)
        if unlucky(command):
            raise ZeroDivisionError("a defect")
        return answer

    monkeypatch.setattr(SpotMarketActor, "_place", place)


def restarts(exchange: Exchange) -> dict[str, int]:
    return {report.name: report.restarts for report in exchange.supervisor.statistics() if report.restarts}


def state(exchange: Exchange, name: str) -> str:
    return next(report.state for report in exchange.supervisor.statistics() if report.name == name)


async def test_a_halted_market_takes_cancels_only() -> None:
    async with small_exchange() as exchange:
        await deposit(exchange, ALICE, USDT="1000")
        placed = await place(exchange, limit(ALICE, "buy", "100", "1"))
        halted = await exchange.accounts.ask(HaltMarket(SPOT, "BTC_USDT", ROOT))
        assert halted == MarketChanged("BTC_USDT", MarketState.HALTED)
        refused = await exchange.accounts.ask(limit(ALICE, "buy", "100", "1"))
        assert isinstance(refused, Refused)
        assert refused.code is Refusal.MARKET_HALTED
        assert isinstance(await exchange.accounts.ask(CancelOrder(ALICE, placed.order.order_id)), Cancelled)
        resumed = await exchange.accounts.ask(ResumeMarket(SPOT, "BTC_USDT", ROOT))
        assert resumed == MarketChanged("BTC_USDT", MarketState.OPEN)
        await place(exchange, limit(ALICE, "buy", "100", "1"))


async def test_a_crash_loses_its_batch_and_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    """The failed batch is unknown and its holds are released; letters behind it are served, other markets go on."""
    crash_when(monkeypatch, lambda order: order.terms.price_ticks == 66_600)
    monkeypatch.setattr(SpotMarketActor, "BATCH_MAX", 2)
    async with small_exchange() as exchange:
        await deposit(exchange, ALICE, USDT="10000")
        await place(exchange, limit(ALICE, "buy", "1", "1"))
        answers: dict[str, object] = {}

        async def ask(name: str, price: str) -> None:
            try:
                answers[name] = await exchange.accounts.ask(limit(ALICE, "buy", price, "1", name))
            except Unknown as unknown:
                answers[name] = unknown

        async with trio.open_nursery() as nursery:
            for name, price in (("beside", "5"), ("unlucky", "666"), ("behind", "7"), ("far behind", "8")):
                nursery.start_soon(ask, name, price)
                await trio.lowlevel.checkpoint()
        lost = {name for name, answer in answers.items() if isinstance(answer, Unknown)}
        assert "unlucky" in lost
        assert "far behind" not in lost
        served = sum(price for name, price in (("beside", 5), ("behind", 7), ("far behind", 8)) if name not in lost)
        assert await balances(exchange, ALICE) == {"USDT": (str(10000 - 1 - served), str(1 + served))}
        assert restarts(exchange) == {BTC_USDT: 1}
        await place(exchange, limit(ALICE, "buy", "1", "1", "unlucky"))  # its id is free again


async def test_a_crash_after_the_commit_keeps_what_was_committed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The ledger has settled the batch already: its holds are not released a second time."""
    healthy = SpotMarketActor.flush
    crashes = iter([True])

    async def flush(self: SpotMarketActor) -> None:
        had_orders = bool(self._done)
        await healthy(self)
        if had_orders and next(crashes, False):
            raise ZeroDivisionError("a defect")

    async with small_exchange() as exchange:
        await deposit(exchange, ALICE, USDT="1000")
        monkeypatch.setattr(SpotMarketActor, "flush", flush)
        with pytest.raises(Unknown):
            await exchange.accounts.ask(limit(ALICE, "buy", "100", "1", "mine"))
        order = await exchange.storage.reader.order_by_client_id(ALICE, "mine")
        assert order is not None
        assert await balances(exchange, ALICE) == {"USDT": ("900", "100")}
        await deposit(exchange, BOB, BTC="1")
        await place(exchange, limit(BOB, "sell", "100", "1"))
        assert await balances(exchange, ALICE) == {"USDT": ("900", "0"), "BTC": ("0.999", "0")}


async def test_a_market_that_crashes_too_often_is_parked_until_resumed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Supervisor, "PAUSE_S", 0.0)
    defect = [True]
    crash_when(monkeypatch, lambda _: defect[0])
    async with small_exchange() as exchange:
        await deposit(exchange, ALICE, USDT="1000")
        for _ in range(Supervisor.CRASHES_MAX + 1):
            with pytest.raises(Unknown):
                await exchange.accounts.ask(limit(ALICE, "buy", "1", "1"))
        refused = await exchange.accounts.ask(limit(ALICE, "buy", "1", "1"))
        assert isinstance(refused, Refused)
        assert refused.code is Refusal.MARKET_HALTED
        assert state(exchange, BTC_USDT) == "parked"
        assert await balances(exchange, ALICE) == {"USDT": ("1000", "0")}
        defect[0] = False
        resumed = await exchange.accounts.ask(ResumeMarket(SPOT, "BTC_USDT", ROOT))
        assert resumed == MarketChanged("BTC_USDT", MarketState.OPEN)
        await place(exchange, limit(ALICE, "buy", "1", "1"))
        assert state(exchange, BTC_USDT) == "running"


async def test_a_part_that_the_ledger_does_not_accept_is_refused_alone() -> None:
    """A market that lost count hears that nothing was done, which makes it rebuild; others are not touched."""
    async with small_exchange() as exchange:
        market_id = next(iter(exchange.directory.by_id))
        with pytest.raises(Overtaken):
            await exchange.ledger.ask(Commit(Part(market_id, 5, (MarketHalted(99),)), ()))
        await deposit(exchange, ALICE, USDT="1000")
        await place(exchange, limit(ALICE, "buy", "100", "1"))


async def test_a_market_whose_part_is_never_accepted_crashes(monkeypatch: pytest.MonkeyPatch) -> None:
    """It has rebuilt itself and decided again; after the last try the defect is its own, and a crash like others."""
    tries: list[int] = []
    halt = SpotMarket.halt

    def miscount(self: SpotMarket) -> MarketChanged:
        tries.append(self.sequence)
        self.sequence += 1
        return halt(self)

    monkeypatch.setattr(SpotMarket, "halt", miscount)
    async with small_exchange() as exchange:
        await deposit(exchange, ALICE, USDT="1000")
        with pytest.raises(Unknown):
            await exchange.accounts.ask(HaltMarket(SPOT, "BTC_USDT", ROOT))
        assert tries == [0, 0, 0]
        monkeypatch.setattr(SpotMarket, "halt", halt)
        await place(exchange, limit(ALICE, "buy", "100", "1"))
        await exchange.accounts.ask(HaltMarket(SPOT, "BTC_USDT", ROOT))
