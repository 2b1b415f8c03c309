"""The market maker among the other actors: it quotes, follows the market, keeps its limits, and is audited."""

from functools import partial
from typing import Any

import pytest
import trio
from structlog.testing import capture_logs
from trio.testing import MockClock

from actors.core import Unknown
from actors.directory import MarketEntry
from actors.exchange import Exchange, maker_of, open_exchange
from actors.maker import MarketMaker
from actors.maker_messages import ConfigureMaker, GetMaker, MakerReport, MakerRun, RunMaker
from engine.ledger.chart import HOUSE, MAKER, OUTSIDE
from engine.ledger.commands import MovementKind, MoveMoney
from engine.ledger.records import AdminAction
from engine.prediction.commands import CloseQuestion
from engine.prediction.maker_settings import MakerSettings
from engine.products import PREDICTION
from engine.refusals import Refusal, Refused
from engine.trading.commands import CancelAllOrders, Depth, GetDepth, HaltMarket, ResumeMarket
from storage.interface import DatabaseAway
from storage.memory import MemoryStorage
from tests.actors.exchanges import ALICE, balances, deposit, small_exchange
from tests.actors.questions import ask_question, trade
from tests.actors.test_timekeeper import TrioClock
from tests.invariants import audit

ADMIN = 90
ACTION = AdminAction(0, ADMIN, "configure_market_maker", "prediction/4", "{}", 0)


async def fund_house(exchange: Exchange, units: int = 10_000_000) -> None:
    await exchange.accounts.ask(MoveMoney(MovementKind.HOUSE_FUND, HOUSE, "tests", "USD", units, OUTSIDE))


async def configure(exchange: Exchange, market: MarketEntry, **changes: object) -> MakerSettings:
    settings = await maker_of(exchange, market).ask(ConfigureMaker(changes, ACTION))
    assert isinstance(settings, MakerSettings), settings
    return settings


async def run(exchange: Exchange, market: MarketEntry) -> MakerRun:
    done = await maker_of(exchange, market).ask(RunMaker())
    assert isinstance(done, MakerRun), done
    return done


async def report_of(exchange: Exchange, market: MarketEntry) -> MakerReport:
    report = await maker_of(exchange, market).ask(GetMaker())
    assert isinstance(report, MakerReport), report
    return report


async def book_of(market: MarketEntry) -> tuple[tuple[tuple[int, int], ...], tuple[tuple[int, int], ...]]:
    depth = await market.address.ask(GetDepth(20))
    assert isinstance(depth, Depth)
    return depth.bids, depth.asks


@pytest.mark.trio
async def test_a_run_quotes_both_sides_of_an_empty_book_around_50() -> None:
    async with small_exchange() as exchange:
        await fund_house(exchange)
        market = await ask_question(exchange)
        done = await run(exchange, market)
        assert (done.prices.yes_buy, done.prices.yes_sell) == ((480, 490), (510, 520))
        assert (done.prices.no_buy, done.prices.no_sell) == ((480, 490), (510, 520))
        assert await book_of(market) == (((490, 10), (480, 10)), ((510, 10), (520, 10)))


@pytest.mark.trio
async def test_the_next_run_replaces_only_what_has_changed() -> None:
    async with small_exchange() as exchange:
        await fund_house(exchange)
        market = await ask_question(exchange)
        await run(exchange, market)
        again = await run(exchange, market)
        assert (again.placed, again.cancelled, again.refused) == (0, 0, 0)
        await deposit(exchange, ALICE, USD="100")
        await trade(exchange, market, ALICE, "buy 4 YES at 51")
        assert await book_of(market) == (((490, 10), (480, 10)), ((510, 6), (520, 10)))
        # Four shares of NO are held now, and sold first; the middle is the last price, 51.
        stayed = {order.order_id for order in await exchange.storage.reader.open_orders(market.market_id)}
        after = await run(exchange, market)
        stands = {order.order_id for order in await exchange.storage.reader.open_orders(market.market_id)}
        assert (after.placed, after.cancelled, after.refused) == (len(stands - stayed), len(stayed - stands), 0)
        assert after.prices.yes_buy == (490, 500)
        assert stayed & stands, "what is still wanted keeps its place"


@pytest.mark.trio
async def test_what_becomes_of_quotes_is_kept_for_the_audit() -> None:
    async with small_exchange() as exchange:
        await fund_house(exchange)
        market = await ask_question(exchange)
        await run(exchange, market)
        await deposit(exchange, ALICE, USD="100")
        await trade(exchange, market, ALICE, "buy 4 YES at 51")
        assert len(await exchange.accounts.ask(CancelAllOrders(MAKER, PREDICTION, market.name))) == 4
        rows = await exchange.storage.reader.maker_audit(market.market_id, None, 100)
        told = [(row.event_type, row.outcome.value, row.side.value, row.price_ticks, row.quantity_lots) for row in rows]
        assert ("PLACE", "NO", "buy", 490, 10) in told
        assert ("FILL", "NO", "buy", 490, 4) in told
        assert ("CANCEL", "NO", "buy", 490, 6) in told
        assert [row[0] for row in told].count("PLACE") == 4
        assert [row[0] for row in told].count("CANCEL") == 4


@pytest.mark.trio
async def test_it_fetches_what_it_needs_from_the_house_and_no_more() -> None:
    async with small_exchange() as exchange:
        await fund_house(exchange)
        market = await ask_question(exchange)
        await run(exchange, market)
        (available, frozen) = (await balances(exchange, MAKER))["USD"]
        assert available == "0"
        assert frozen == "19.594"  # (49 + 48) cents, with a fee of 1 % on top, for ten of each on both sides


@pytest.mark.trio
async def test_without_top_up_and_money_it_quotes_nothing() -> None:
    async with small_exchange() as exchange:
        await fund_house(exchange)
        market = await ask_question(exchange)
        await configure(exchange, market, auto_top_up=False)
        done = await run(exchange, market)
        assert done.prices.yes_buy == done.prices.yes_sell == ()
        assert await book_of(market) == ((), ())


@pytest.mark.trio
async def test_enabled_it_quotes_by_itself_and_a_run_is_refused(autojump_clock: MockClock) -> None:
    storage = MemoryStorage()
    async with open_exchange(storage, TrioClock()) as exchange:
        await fund_house(exchange)
        market = await ask_question(exchange)
        await configure(exchange, market, enabled=True, refresh_ms=1_000)
        await trio.sleep(0.1)
        assert (await book_of(market))[0] == ((490, 10), (480, 10))
        refused = await maker_of(exchange, market).ask(RunMaker())
        assert isinstance(refused, Refused)
        assert refused.code is Refusal.ALREADY_RUNNING
        await deposit(exchange, ALICE, USD="100")
        await trade(exchange, market, ALICE, "buy 30 YES at 51")
        bids = (await book_of(market))[0]
        await trio.sleep(1.1)
        assert (await book_of(market))[0] != bids, "it has not moved with the market"
        await configure(exchange, market, enabled=False)
        assert all(order.account_id != MAKER for order in await storage.reader.open_orders(market.market_id))
    await audit(storage.reader)


@pytest.mark.trio
async def test_it_is_not_enabled_beside_a_bot(autojump_clock: MockClock) -> None:
    async with open_exchange(MemoryStorage(), TrioClock()) as exchange:
        await fund_house(exchange)
        market = await ask_question(exchange)
        await run(exchange, market)
        await configure(exchange, market, enabled=True)  # once is not a bot
        await configure(exchange, market, enabled=False)
        await run(exchange, market)
        await trio.sleep(5)
        await run(exchange, market)
        refused = await maker_of(exchange, market).ask(ConfigureMaker({"enabled": True}, ACTION))
        assert isinstance(refused, Refused)
        assert refused.code is Refusal.ALREADY_RUNNING
        await trio.sleep(31)
        await configure(exchange, market, enabled=True)
        await configure(exchange, market, enabled=False)


@pytest.mark.trio
async def test_settings_and_quotes_are_there_after_a_restart(autojump_clock: MockClock) -> None:
    storage = MemoryStorage()
    async with open_exchange(storage, TrioClock()) as exchange:
        await fund_house(exchange)
        market = await ask_question(exchange)
        await configure(exchange, market, enabled=True, order_size=3, spread_units=400)
        await trio.sleep(0.1)
    async with open_exchange(storage, TrioClock()) as exchange:
        market = exchange.directory.by_id[market.market_id]
        report = await report_of(exchange, market)
        assert (report.settings.enabled, report.settings.order_size, report.settings.spread_units) == (True, 3, 400)
        await trio.sleep(0.1)
        assert (await book_of(market))[0] == ((480, 3), (470, 3))
        await configure(exchange, market, enabled=False)
    await audit(storage.reader)


@pytest.mark.trio
async def test_a_bad_setting_changes_nothing() -> None:
    async with small_exchange() as exchange:
        market = await ask_question(exchange)
        await configure(exchange, market, order_size=7)
        refused = await maker_of(exchange, market).ask(ConfigureMaker({"order_size": 0, "levels": 5}, ACTION))
        assert isinstance(refused, Refused)
        assert refused.code is Refusal.MALFORMED
        settings = (await report_of(exchange, market)).settings
        assert (settings.order_size, settings.levels) == (7, 2)


@pytest.mark.trio
async def test_it_stays_away_while_halted_and_goes_for_good_when_closed(autojump_clock: MockClock) -> None:
    storage = MemoryStorage()
    async with open_exchange(storage, TrioClock()) as exchange:
        await fund_house(exchange)
        market = await ask_question(exchange)
        await exchange.accounts.ask(HaltMarket(PREDICTION, market.name, ADMIN))
        await configure(exchange, market, enabled=True, refresh_ms=1_000)
        await trio.sleep(1.5)
        assert await book_of(market) == ((), ())
        await exchange.accounts.ask(ResumeMarket(PREDICTION, market.name, ADMIN))
        await trio.sleep(1.5)
        assert await book_of(market) != ((), ())
        await exchange.accounts.ask(CloseQuestion(market.name, ADMIN))
        await trio.sleep(5)
        assert await book_of(market) == ((), ())
        assert (await balances(exchange, MAKER))["USD"][1] == "0"
    await audit(storage.reader)


@pytest.mark.trio
@pytest.mark.parametrize("turns", range(4))
async def test_disabled_it_does_not_quote_again(turns: int, autojump_clock: MockClock) -> None:
    """Its own letter to refresh may wait already when it is disabled: that must not bring the quotes back."""
    async with open_exchange(MemoryStorage(), TrioClock()) as exchange:
        await fund_house(exchange)
        market = await ask_question(exchange)
        await configure(exchange, market, enabled=True)
        await trio.sleep(0.1)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(partial(configure, exchange, market, spread_units=300))
            for _ in range(turns):
                await trio.lowlevel.checkpoint()
            nursery.start_soon(partial(configure, exchange, market, enabled=False))
        await trio.sleep(3_600)
        assert not (await report_of(exchange, market)).settings.enabled
        assert await book_of(market) == ((), ())


class SaveLost(MemoryStorage):
    """Loses the answers of saves, if it is told to: they are done all the same."""

    def __init__(self) -> None:
        super().__init__()
        self.lose = False
        save = self.preferences.save_maker

        async def save_maker(*arguments: Any) -> None:
            await save(*arguments)
            if self.lose:
                raise DatabaseAway("the answer was lost")

        self.preferences.save_maker = save_maker  # type: ignore[assignment]  # a storage that fails on the way back


@pytest.mark.trio
async def test_after_a_lost_answer_it_is_as_it_was_saved(autojump_clock: MockClock) -> None:
    storage = SaveLost()
    async with open_exchange(storage, TrioClock()) as exchange:
        await fund_house(exchange)
        market = await ask_question(exchange)
        await configure(exchange, market, enabled=True)
        storage.lose = True
        with pytest.raises(Unknown):
            await configure(exchange, market, order_size=3)
        storage.lose = False
        await trio.sleep(3.1)
        assert (await book_of(market))[0] == ((490, 3), (480, 3)), "a round of its own goes by what was saved"
        assert (await report_of(exchange, market)).settings.order_size == 3
        await configure(exchange, market, enabled=False)


@pytest.mark.trio
async def test_a_run_that_quotes_nothing_says_so() -> None:
    async with small_exchange() as exchange:
        market = await ask_question(exchange)
        done = await run(exchange, market)
        assert done.prices.yes_buy == ()
        assert done.note is not None


@pytest.mark.trio
async def test_it_is_not_enabled_in_a_closed_market() -> None:
    async with small_exchange() as exchange:
        market = await ask_question(exchange)
        await exchange.accounts.ask(CloseQuestion(market.name, ADMIN))
        refused = await maker_of(exchange, market).ask(ConfigureMaker({"enabled": True}, ACTION))
        assert isinstance(refused, Refused)
        assert refused.code is Refusal.MARKET_CLOSED


@pytest.mark.trio
async def test_parked_it_takes_its_quotes_back(monkeypatch: pytest.MonkeyPatch, autojump_clock: MockClock) -> None:
    async with open_exchange(MemoryStorage(), TrioClock()) as exchange:
        await fund_house(exchange)
        market = await ask_question(exchange)
        await run(exchange, market)

        async def crash(*_: object) -> None:
            raise RuntimeError("a defect")

        with monkeypatch.context() as defect:
            defect.setattr(MarketMaker, "_run", crash)
            for _ in range(exchange.supervisor.CRASHES_MAX + 1):
                with pytest.raises(Unknown):
                    await maker_of(exchange, market).ask(RunMaker())
            await trio.sleep(0.1)
        assert await book_of(market) == ((), ())
        refused = await maker_of(exchange, market).ask(RunMaker())
        assert isinstance(refused, Refused)
        await configure(exchange, market, order_size=5)
        assert (await run(exchange, market)).placed == 4


@pytest.mark.trio
async def test_a_refused_quote_is_logged_with_its_code(monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody bids 52 between the maker's look at the market and its ask at 51: it only makes, so that is refused."""
    async with small_exchange() as exchange:
        await fund_house(exchange)
        market = await ask_question(exchange)
        await deposit(exchange, ALICE, USD="100")
        decide = MarketMaker._decide

        async def decide_slowly(maker: MarketMaker, *arguments: Any) -> Any:
            decided = await decide(maker, *arguments)
            await trade(exchange, market, ALICE, "buy 1 YES at 51.5")
            return decided

        monkeypatch.setattr(MarketMaker, "_decide", decide_slowly)
        with capture_logs() as logs:
            done = await run(exchange, market)
        assert (done.placed, done.refused) == (3, 1)
        assert done.prices.yes_sell == (520,), "what was refused is not quoted"
        refusals = [log for log in logs if log["event"] == "quote refused"]
        assert [(log["code"], log["side"], log["action"], log["price"]) for log in refusals] == [
            ("WOULD_CROSS", "NO", "buy", "49")
        ]


@pytest.mark.trio
async def test_a_round_that_finds_no_calm_places_nothing_and_was_refused_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Every look is out of date before its cancels are through: what is not placed is not a refusal."""
    async with small_exchange() as exchange:
        await fund_house(exchange)
        market = await ask_question(exchange)

        async def never_as_seen(*_: object) -> bool:
            await trio.lowlevel.checkpoint()
            return False

        monkeypatch.setattr(MarketMaker, "_cancel", never_as_seen)
        done = await run(exchange, market)
        assert (done.placed, done.refused) == (0, 0)
        assert done.prices.yes_buy == done.prices.yes_sell == ()
        assert await book_of(market) == ((), ())
