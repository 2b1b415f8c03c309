"""The market maker among the other actors: it quotes, follows the market, keeps its limits, and is audited."""

import pytest
import trio
from trio.testing import MockClock

from actors.directory import MarketEntry
from actors.exchange import Exchange, maker_of, open_exchange
from actors.maker import ConfigureMaker, GetMaker, MakerRun, RunMaker, WithdrawMaker
from engine.ledger.chart import HOUSE, MAKER, OUTSIDE
from engine.ledger.commands import MovementKind, MoveMoney
from engine.prediction.commands import CloseQuestion
from engine.prediction.maker_settings import MakerSettings
from engine.products import PREDICTION
from engine.refusals import Refusal, Refused
from engine.trading.commands import Depth, GetDepth, HaltMarket, ResumeMarket
from storage.interface import AdminAction
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
        after = await run(exchange, market)
        assert after.placed
        assert after.refused == 0


@pytest.mark.trio
async def test_what_becomes_of_quotes_is_kept_for_the_audit() -> None:
    async with small_exchange() as exchange:
        await fund_house(exchange)
        market = await ask_question(exchange)
        await run(exchange, market)
        await deposit(exchange, ALICE, USD="100")
        await trade(exchange, market, ALICE, "buy 4 YES at 51")
        assert await maker_of(exchange, market).ask(WithdrawMaker()) == 4
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
        report = await exchange.makers[market.market_id].ask(GetMaker())
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
        settings = (await maker_of(exchange, market).ask(GetMaker())).settings
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
