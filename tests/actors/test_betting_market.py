"""A match among the other actors: bets held and taken, claims paid once, time closes it, a crash takes nothing back."""

import pytest
import trio

from actors.core import Supervisor, Unknown
from actors.exchange import open_exchange
from engine.betting.commands import (
    BetTaken,
    ClaimBet,
    EnterBet,
    FundPool,
    GetPool,
    OpenBetting,
    PlaceBet,
    PoolStands,
    RollBackSettlement,
    SettleOption,
    SettleScore,
    SuspendBetting,
    VoidMatch,
)
from engine.betting.lifecycle import read_standing
from engine.betting.market import BettingMarket
from engine.ledger.bets import Acceptance, Result
from engine.ledger.chart import HOUSE, pool_of
from engine.ledger.records import MarketState
from engine.messages import Known
from engine.products import BETTING
from engine.refusals import Refusal, Refused
from engine.trading.commands import MarketChanged, ResumeMarket
from storage.memory import MemoryStorage
from storage.verify import verify
from tests.actors.exchanges import ALICE, BOB, ask_twice, balances, deposit, small_exchange
from tests.actors.matches import ADMIN, AWAY, HOME, OVER, bet, claim, fund_house, list_match, match, move, open_match
from tests.actors.test_timekeeper import TrioClock
from tests.invariants import audit


@pytest.mark.trio
async def test_a_bet_is_taken_settled_and_claimed() -> None:
    """The stake goes into the pool, the payout out of it, and what is left is the house's."""
    storage = MemoryStorage()
    async with small_exchange(storage) as exchange:
        await deposit(exchange, ALICE, USD="10")
        market = await open_match(exchange, pool=500_000)
        won = await bet(exchange, market, ALICE, HOME, 40_000, 200)
        lost = await bet(exchange, market, ALICE, AWAY, 10_000, 400)
        assert await balances(exchange, ALICE) == {"USD": ("5", "0")}
        await move(exchange, SettleScore(market.name, ADMIN, home=2, away=1))
        paid = await claim(exchange, market, ALICE, won.bet_id)
        assert (paid.payout, paid.result) == (80_000, Result.WIN)
        nothing = await exchange.accounts.ask(ClaimBet(ALICE, market.name, lost.bet_id))
        assert isinstance(nothing, Refused)
        again = await exchange.accounts.ask(ClaimBet(ALICE, market.name, won.bet_id))
        assert isinstance(again, Refused)
        assert again.code is Refusal.ALREADY_CLAIMED
        assert await balances(exchange, ALICE) == {"USD": ("13", "0")}
        row = await storage.reader.bet(won.bet_id)
        assert row == paid
        assert await balances(exchange, pool_of(market.market_id)) == {"USD": ("0", "0")}
        assert await balances(exchange, HOUSE) == {"USD": ("47", "0")}
    assert (await verify(storage.reader)).differences == ()


@pytest.mark.trio
async def test_a_pool_says_what_it_has_and_what_it_may_have_to_pay() -> None:
    async with small_exchange() as exchange:
        await deposit(exchange, ALICE, USD="10")
        market = await open_match(exchange, pool=500_000)
        assert await market.address.ask(GetPool()) == PoolStands(500_000, 0)
        won = await bet(exchange, market, ALICE, HOME, 40_000, 200)
        await bet(exchange, market, ALICE, AWAY, 10_000, 400)
        assert await market.address.ask(GetPool()) == PoolStands(550_000, 80_000)
        await move(exchange, SettleScore(market.name, ADMIN, home=2, away=1))
        settled = await market.address.ask(GetPool())
        assert settled == PoolStands(80_000, 80_000), "the rest is the house's"
        await claim(exchange, market, ALICE, won.bet_id)
        assert await market.address.ask(GetPool()) == PoolStands(0, 0)


@pytest.mark.trio
async def test_a_refused_bet_gives_its_stake_back() -> None:
    async with small_exchange() as exchange:
        await deposit(exchange, ALICE, USD="10")
        market = await open_match(exchange)
        stale = await exchange.accounts.ask(PlaceBet(ALICE, market.name, HOME, 10_000, 210))
        assert stale == Refused(Refusal.ODDS_CHANGED, "the odds of option 1 are 200 now", {"odds": 200})
        dear = await exchange.accounts.ask(PlaceBet(ALICE, market.name, HOME, 100_001, 200))
        assert dear == Refused(Refusal.INSUFFICIENT_FUNDS, "not enough USD available")
        nowhere = await exchange.accounts.ask(PlaceBet(ALICE, "99", HOME, 1, 200))
        assert nowhere == Refused(Refusal.NOT_FOUND, "there is no market 99")
        assert await balances(exchange, ALICE) == {"USD": ("10", "0")}


@pytest.mark.trio
async def test_one_client_id_is_one_bet() -> None:
    """A repeat while the first is under way joins it; later it is known; other content is refused."""
    async with small_exchange() as exchange:
        await deposit(exchange, ALICE, USD="10")
        market = await open_match(exchange)
        first = PlaceBet(ALICE, market.name, HOME, 10_000, 200, client_bet_id="mine")
        taken = await ask_twice(exchange, first)
        assert all(isinstance(answer, BetTaken) for answer in taken)
        assert sorted(answer.repeated for answer in taken) == [False, True]
        assert len({answer.bet.bet_id for answer in taken}) == 1
        assert await exchange.accounts.ask(first) == Known()
        assert await balances(exchange, ALICE) == {"USD": ("9", "0")}


@pytest.mark.trio
async def test_the_house_pays_for_what_it_covers() -> None:
    """Opening and funding need the house's money; without it nothing moves."""
    async with small_exchange() as exchange:
        market = await list_match(exchange)
        poor = await exchange.accounts.ask(OpenBetting(market.name, ADMIN, funding=1))
        assert poor == Refused(Refusal.INSUFFICIENT_FUNDS, "the house has not enough USD available")
        funded = await open_match(exchange, pool=100)
        await deposit(exchange, ALICE, USD="1")
        limit = await exchange.accounts.ask(PlaceBet(ALICE, funded.name, HOME, 102, 200))
        assert isinstance(limit, Refused)
        assert (limit.code, limit.details) == (Refusal.LIABILITY_LIMIT, {"maxStake": "100"})
        await fund_house(exchange, 50)
        await move(exchange, FundPool(funded.name, ADMIN, amount=50))
        await bet(exchange, funded, ALICE, HOME, 150, 200)


@pytest.mark.trio
async def test_a_settlement_is_rolled_back_until_somebody_has_claimed() -> None:
    storage = MemoryStorage()
    async with small_exchange(storage) as exchange:
        await deposit(exchange, ALICE, USD="10")
        market = await open_match(exchange)
        won = await bet(exchange, market, ALICE, OVER, 10_000, 180)
        before = await balances(exchange, HOUSE)
        await move(exchange, SettleScore(market.name, ADMIN, home=3, away=0))
        row = await storage.reader.market(market.market_id)
        assert row is not None
        returned = read_standing(row.standing).returned_units
        assert returned == 1_000_000 + 10_000 - 18_000
        await move(exchange, RollBackSettlement(market.name, ADMIN, returned=returned))
        assert await balances(exchange, HOUSE) == before
        await move(exchange, SettleOption(market.name, ADMIN, option_number=OVER))
        await claim(exchange, market, ALICE, won.bet_id)
        refused = await exchange.accounts.ask(RollBackSettlement(market.name, ADMIN))
        assert isinstance(refused, Refused)
        assert (refused.code, refused.details) == (Refusal.ALREADY_CLAIMED, {"claims": [won.bet_id]})
    assert (await verify(storage.reader)).differences == ()


@pytest.mark.trio
async def test_a_void_match_gives_every_stake_back_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    """In parts, and also if the exchange is started anew in the middle."""
    monkeypatch.setattr("engine.betting.market.PART_MAX", 2)
    monkeypatch.setattr(BettingMarket.__init__, "__kwdefaults__", {"part_max": 2})
    storage = MemoryStorage()
    async with small_exchange(storage) as exchange:
        await deposit(exchange, ALICE, USD="10")
        await deposit(exchange, BOB, USD="10")
        market = await open_match(exchange)
        for number in range(5):
            await bet(exchange, market, ALICE, HOME, 1_000 + number, 200)
            await bet(exchange, market, BOB, AWAY, 2_000 + number, 400)
        await move(exchange, VoidMatch(market.name, ADMIN))
        await trio.testing.wait_all_tasks_blocked()
        assert await balances(exchange, ALICE) == {"USD": ("10", "0")}
        assert await balances(exchange, BOB) == {"USD": ("10", "0")}
        assert await storage.reader.unclaimed_bets() == []
    assert (await verify(storage.reader)).differences == ()


@pytest.mark.trio
async def test_a_crash_takes_no_bet_back(monkeypatch: pytest.MonkeyPatch) -> None:
    """The match rebuilds its pool from the tables; the bet that crashed it is unknown, its stake is free again."""
    place = BettingMarket.place

    def crash(self: BettingMarket, entered: EnterBet) -> object:
        assert entered.bet.stake != 666
        return place(self, entered)

    async with small_exchange() as exchange:
        await deposit(exchange, ALICE, USD="10")
        market = await open_match(exchange)
        await bet(exchange, market, ALICE, HOME, 10_000, 200)
        monkeypatch.setattr(BettingMarket, "place", crash)
        with pytest.raises(Unknown):
            await exchange.accounts.ask(PlaceBet(ALICE, market.name, HOME, 666, 200))
        await bet(exchange, market, ALICE, HOME, 10_000, 200)
        assert await balances(exchange, ALICE) == {"USD": ("8", "0")}


@pytest.mark.trio
async def test_a_match_that_crashes_too_often_is_parked_until_resumed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is taken meanwhile, and no stake stays held."""
    monkeypatch.setattr(Supervisor, "PAUSE_S", 0.0)
    place = BettingMarket.place

    def crash(self: BettingMarket, entered: EnterBet) -> object:
        raise ZeroDivisionError("a defect")

    async with small_exchange() as exchange:
        await deposit(exchange, ALICE, USD="10")
        market = await open_match(exchange)
        monkeypatch.setattr(BettingMarket, "place", crash)
        for _ in range(Supervisor.CRASHES_MAX + 1):
            with pytest.raises(Unknown):
                await exchange.accounts.ask(PlaceBet(ALICE, market.name, HOME, 10_000, 200))
        for command in (
            PlaceBet(ALICE, market.name, HOME, 10_000, 200),
            ClaimBet(ALICE, market.name, 1),
            SettleScore(market.name, ADMIN, home=1, away=0),
        ):
            refused = await exchange.accounts.ask(command)
            assert isinstance(refused, Refused)
            assert refused.code is Refusal.MARKET_HALTED
        asked = await market.address.ask(GetPool())
        assert isinstance(asked, Refused)
        assert asked.code is Refusal.MARKET_HALTED
        assert await balances(exchange, ALICE) == {"USD": ("10", "0")}
        monkeypatch.setattr(BettingMarket, "place", place)
        resumed = await exchange.accounts.ask(ResumeMarket(BETTING, market.name, ADMIN))
        assert resumed == MarketChanged(market.name, MarketState.OPEN)
        await bet(exchange, market, ALICE, HOME, 10_000, 200)


@pytest.mark.trio
async def test_betting_closes_at_the_start_and_a_new_exchange_goes_on(autojump_clock: object) -> None:
    storage = MemoryStorage()
    async with open_exchange(storage, TrioClock()) as exchange:
        await deposit(exchange, ALICE, USD="10")
        market = await open_match(exchange, listed=match(exchange.clock.now_ms(), days=1))
        kept = await bet(exchange, market, ALICE, HOME, 10_000, 210, Acceptance.ANY)
        await trio.sleep(24 * 3_600 + 1)
        late = await exchange.accounts.ask(PlaceBet(ALICE, market.name, HOME, 10_000, 200))
        assert isinstance(late, Refused)
        assert late.code is Refusal.MARKET_CLOSED
        row = await storage.reader.market(market.market_id)
        assert row is not None
        assert row.state is MarketState.CLOSED
        suspended = await exchange.accounts.ask(SuspendBetting(market.name, ADMIN))
        assert isinstance(suspended, Refused)
    async with open_exchange(storage, TrioClock()) as exchange:
        market = exchange.directory.by_id[market.market_id]
        await move(exchange, SettleOption(market.name, ADMIN, option_number=HOME))
        assert (await claim(exchange, market, ALICE, kept.bet_id)).payout == 20_000
    await audit(storage.reader)
