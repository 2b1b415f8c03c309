"""Accumulators among the other actors: odds and results are facts from the ledger, a roll-back meets what was paid."""

from typing import Any

import msgspec
import pytest
import trio
import trio.lowlevel

from actors.core import Supervisor, Unknown
from actors.messages import FindCommand
from engine.accumulators.commands import (
    AccumulatorTaken,
    ClaimAccumulator,
    EnterAccumulator,
    FundAccumulators,
    GetAccumulators,
    ReturnFunds,
)
from engine.accumulators.market import AccumulatorMarket
from engine.betting.commands import (
    CloseBetting,
    FinalizeMatch,
    ReopenBetting,
    RollBackSettlement,
    SetOdds,
    SettleOption,
    SuspendBetting,
    VoidMatch,
)
from engine.betting.match import Moneyline
from engine.ledger.bets import Acceptance, Result
from engine.ledger.chart import HOUSE
from engine.ledger.records import MarketState
from engine.messages import Known
from engine.products import ACCUMULATORS
from engine.refusals import Refusal, Refused
from engine.trading.commands import HaltMarket, MarketChanged, ResumeMarket
from storage.memory import MemoryStorage
from storage.verify import verify
from tests.actors.accumulators import (
    ASSET,
    accumulate,
    accumulator,
    accumulators_of,
    betting_exchange,
    claim_accumulator,
    code_of,
    fund_accumulators,
    roll_back,
    settle,
    stands,
)
from tests.actors.exchanges import ALICE, BOB, ask_twice, balances, deposit, small_exchange
from tests.actors.matches import ADMIN, AWAY, DRAW, HOME, OVER, UNDER, bet, claim, move, open_match


@pytest.mark.trio
async def test_an_accumulator_is_taken_settled_and_claimed() -> None:
    async with betting_exchange() as (exchange, first, second):
        won = await accumulate(exchange, ALICE, 10_001, (first, DRAW, 350), (second, OVER, 180))
        assert won.max_payout == 10_001 * 350 * 180 // 10_000 == 63_006
        assert (await stands(exchange)).liability == 63_006
        assert await balances(exchange, ALICE) == {"USD": ("8.9999", "0")}
        await settle(exchange, first, 1, 1)
        assert code_of(await exchange.accounts.ask(ClaimAccumulator(ALICE, ASSET, won.bet_id))) is Refusal.NOT_SETTLED
        await settle(exchange, second, 3, 0)
        assert code_of(await exchange.accounts.ask(ClaimAccumulator(BOB, ASSET, won.bet_id))) is Refusal.NOT_FOUND
        paid = await claim_accumulator(exchange, ALICE, won.bet_id)
        assert (paid.payout, [leg.result for leg in paid.legs]) == (63_006, [Result.WIN, Result.WIN])
        assert paid.claim_tx_hash != won.tx_hash
        again = await exchange.accounts.ask(ClaimAccumulator(ALICE, ASSET, won.bet_id))
        assert code_of(again) is Refusal.ALREADY_CLAIMED
        assert await balances(exchange, ALICE) == {"USD": ("15.3005", "0")}
        assert await exchange.storage.reader.accumulator(won.bet_id) == paid
        stood = await stands(exchange)
        assert (stood.money, stood.liability, stood.open) == (1_000_000 + 10_001 - 63_006, 0, 0)


@pytest.mark.trio
async def test_odds_and_suspensions_reach_the_accumulators_with_the_commit() -> None:
    """Whoever has heard that the odds are others is not taken at the old ones."""
    async with betting_exchange() as (exchange, first, second):
        await move(exchange, SetOdds(first.name, ADMIN, reason="a goal", moneyline=Moneyline(150, 500, 400)))
        legs = (first, HOME, 200), (second, HOME, 200)
        stale = await exchange.accounts.ask(accumulator(ALICE, 100, *legs))
        assert code_of(stale) is Refusal.ODDS_CHANGED
        assert isinstance(stale, Refused)
        assert stale.details == {"legs": [{"marketId": first.market_id, "option": HOME, "odds": 150}]}
        better = await exchange.accounts.ask(accumulator(ALICE, 100, *legs, accept=Acceptance.BETTER))
        assert code_of(better) is Refusal.ODDS_CHANGED
        taken = await exchange.accounts.ask(accumulator(ALICE, 100, *legs, accept=Acceptance.ANY))
        assert isinstance(taken, AccumulatorTaken)
        assert [(leg.odds, leg.odds_asked) for leg in taken.accumulator.legs] == [(150, 200), (200, 200)]
        await move(exchange, SuspendBetting(second.name, ADMIN))
        suspended = await exchange.accounts.ask(accumulator(ALICE, 100, (first, HOME, 150), (second, HOME, 200)))
        assert code_of(suspended) is Refusal.MARKET_HALTED
        await move(exchange, ReopenBetting(second.name, ADMIN))
        await accumulate(exchange, ALICE, 100, (first, HOME, 150), (second, HOME, 200))
        await move(exchange, CloseBetting(second.name, ADMIN))
        closed = await exchange.accounts.ask(accumulator(ALICE, 100, (first, HOME, 150), (second, HOME, 200)))
        assert code_of(closed) is Refusal.MARKET_CLOSED
        assert await balances(exchange, ALICE) == {"USD": ("9.98", "0")}


@pytest.mark.trio
async def test_one_client_id_is_one_accumulator() -> None:
    async with betting_exchange() as (exchange, first, second):
        wish = accumulator(ALICE, 10_000, (first, HOME, 200), (second, AWAY, 400), client_bet_id="mine")
        taken = await ask_twice(exchange, wish)
        assert all(isinstance(answer, AccumulatorTaken) for answer in taken)
        assert sorted(answer.repeated for answer in taken) == [False, True]
        assert len({answer.accumulator.bet_id for answer in taken}) == 1
        assert await exchange.accounts.ask(wish) == Known()
        assert await exchange.accounts.ask(FindCommand("accumulator", ALICE, "mine")) == "known"
        assert await exchange.accounts.ask(FindCommand("bet", ALICE, "mine")) is None, "ids of bets are others"
        assert await balances(exchange, ALICE) == {"USD": ("9", "0")}


@pytest.mark.trio
async def test_the_pool_covers_all_in_full_and_gives_back_only_what_is_free() -> None:
    async with betting_exchange(pool=100_000) as (exchange, first, second):
        legs = (first, HOME, 200), (second, HOME, 200)
        dear = await exchange.accounts.ask(accumulator(ALICE, 33_334, *legs))
        assert isinstance(dear, Refused)
        assert (dear.code, dear.details) == (Refusal.LIABILITY_LIMIT, {"maxStake": "33333"})
        await accumulate(exchange, ALICE, 30_000, *legs)
        too_much = await exchange.accounts.ask(ReturnFunds(ASSET, ADMIN, 10_001))
        assert isinstance(too_much, Refused)
        assert (too_much.code, too_much.details) == (Refusal.CONFLICT, {"available": "10000"})
        before = await balances(exchange, HOUSE)
        returned = await exchange.accounts.ask(ReturnFunds(ASSET, ADMIN, 10_000))
        assert returned == msgspec.structs.replace(await stands(exchange), money=120_000, liability=120_000)
        assert before != await balances(exchange, HOUSE)
        poor = await exchange.accounts.ask(FundAccumulators(ASSET, ADMIN, 10**15))
        assert poor == Refused(Refusal.INSUFFICIENT_FUNDS, "the house has not enough USD available")


@pytest.mark.trio
async def test_a_halted_market_pays_but_takes_nothing() -> None:
    async with betting_exchange() as (exchange, first, second):
        legs = (first, HOME, 200), (second, HOME, 200)
        won = await accumulate(exchange, ALICE, 100, *legs)
        halted = await exchange.accounts.ask(HaltMarket(ACCUMULATORS, ASSET, ADMIN))
        assert halted == MarketChanged(ASSET, MarketState.HALTED)
        assert code_of(await exchange.accounts.ask(accumulator(ALICE, 100, *legs))) is Refusal.MARKET_HALTED
        await settle(exchange, first, 1, 0)
        await settle(exchange, second, 1, 0)
        await claim_accumulator(exchange, ALICE, won.bet_id)
        await exchange.accounts.ask(ResumeMarket(ACCUMULATORS, ASSET, ADMIN))
        assert (await stands(exchange)).state is MarketState.OPEN


@pytest.mark.trio
async def test_what_an_accumulator_was_paid_for_cannot_be_rolled_back() -> None:
    """Its matches hear of it; what it was not about, can."""
    async with betting_exchange() as (exchange, first, second):
        won = await accumulate(exchange, ALICE, 100, (first, HOME, 200), (second, HOME, 200))
        await move(exchange, SettleOption(first.name, ADMIN, option_number=HOME))
        await move(exchange, SettleOption(first.name, ADMIN, option_number=OVER))
        await settle(exchange, second, 1, 0)
        await claim_accumulator(exchange, ALICE, won.bet_id)
        for option in (HOME, DRAW):
            refused = await exchange.accounts.ask(RollBackSettlement(first.name, ADMIN, option_number=option))
            assert isinstance(refused, Refused)
            assert (refused.code, refused.details) == (Refusal.ALREADY_CLAIMED, {"claims": [won.bet_id]})
        await move(exchange, RollBackSettlement(first.name, ADMIN, option_number=OVER))
        assert code_of(await roll_back(exchange, second)) is Refusal.ALREADY_CLAIMED
        await move(exchange, VoidMatch(first.name, ADMIN))
        options = {option.number: option.result for option in await exchange.storage.reader.options(first.market_id)}
        assert (options[HOME], options[AWAY], options[UNDER]) == (Result.WIN, Result.LOSS, Result.PUSH)


@pytest.mark.trio
async def test_a_roll_back_revives_a_lost_accumulator_until_its_loss_is_final() -> None:
    """Its whole liability is kept meanwhile; a claim on the same group ends that, and frees it."""
    async with betting_exchange() as (exchange, first, second):
        single = await bet(exchange, first, BOB, AWAY, 1_000, 400)
        lost = await accumulate(exchange, ALICE, 100, (first, HOME, 200), (second, HOME, 200))
        await settle(exchange, first, 0, 1)
        nothing = await exchange.accounts.ask(ClaimAccumulator(ALICE, ASSET, lost.bet_id))
        assert code_of(nothing) is Refusal.NOTHING_TO_CLAIM
        assert (await stands(exchange)).liability == 400
        await roll_back(exchange, first)
        waits = await exchange.accounts.ask(ClaimAccumulator(ALICE, ASSET, lost.bet_id))
        assert code_of(waits) is Refusal.NOT_SETTLED
        await settle(exchange, first, 0, 2)
        await claim(exchange, first, BOB, single.bet_id)
        await trio.testing.wait_all_tasks_blocked()
        stood = await stands(exchange)
        assert (stood.liability, stood.open) == (0, 0)
        row = await exchange.storage.reader.accumulator(lost.bet_id)
        assert row is not None
        assert (row.payout, row.claim_tx_hash) == (0, None)
        late = await exchange.accounts.ask(ClaimAccumulator(ALICE, ASSET, lost.bet_id))
        assert code_of(late) is Refusal.NOTHING_TO_CLAIM


@pytest.mark.trio
async def test_a_match_made_final_lets_go_of_what_is_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    """In parts; it can't be rolled back any more."""
    monkeypatch.setattr(AccumulatorMarket.__init__, "__kwdefaults__", {"part_max": 2})
    async with betting_exchange() as (exchange, first, second):
        for stake in range(100, 105):
            await accumulate(exchange, ALICE, stake, (first, HOME, 200), (second, HOME, 200))
        kept = await accumulate(exchange, ALICE, 100, (first, AWAY, 400), (second, HOME, 200))
        await settle(exchange, first, 0, 1)
        assert (await stands(exchange)).open == 6
        await move(exchange, FinalizeMatch(first.name, ADMIN))
        await trio.testing.wait_all_tasks_blocked()
        stood = await stands(exchange)
        assert (stood.open, stood.liability) == (1, kept.max_payout)
        assert code_of(await roll_back(exchange, first)) is Refusal.CONFLICT


@pytest.mark.trio
async def test_void_legs_count_one() -> None:
    async with betting_exchange() as (exchange, first, second):
        one = await accumulate(exchange, ALICE, 101, (first, HOME, 200), (second, OVER, 180))
        await move(exchange, VoidMatch(first.name, ADMIN))
        await settle(exchange, second, 3, 0)
        assert (await claim_accumulator(exchange, ALICE, one.bet_id)).payout == 181
        assert code_of(await roll_back(exchange, second)) is Refusal.ALREADY_CLAIMED


# Crashes


@pytest.mark.trio
async def test_a_new_exchange_knows_what_is_open_what_is_lost_and_what_was_paid() -> None:
    storage = MemoryStorage()
    async with small_exchange(storage) as exchange:
        await deposit(exchange, ALICE, USD="10")
        first, second, third, fourth = [await open_match(exchange) for _ in range(4)]
        await fund_accumulators(exchange, 1_000_000)
        won = await accumulate(exchange, ALICE, 100, (first, HOME, 200), (second, HOME, 200))
        paid = await accumulate(exchange, ALICE, 100, (first, HOME, 200), (second, OVER, 180))
        lost = await accumulate(exchange, ALICE, 100, (first, AWAY, 400), (second, OVER, 180))
        await settle(exchange, first, 1, 0)
        await settle(exchange, second, 3, 0)
        await claim_accumulator(exchange, ALICE, paid.bet_id)
    async with small_exchange(storage) as exchange:
        await trio.testing.wait_all_tasks_blocked()
        row = await storage.reader.accumulator(lost.bet_id)
        assert row is not None
        assert row.payout == 0
        first = exchange.directory.by_id[first.market_id]
        assert code_of(await roll_back(exchange, first)) is Refusal.ALREADY_CLAIMED
        await accumulate(exchange, ALICE, 100, (third, HOME, 200), (fourth, HOME, 200))
        over = await exchange.accounts.ask(accumulator(ALICE, 100, (third, HOME, 200), (first, HOME, 200)))
        assert code_of(over) is Refusal.MARKET_CLOSED
        assert (await claim_accumulator(exchange, ALICE, won.bet_id)).payout == 400
    assert (await verify(storage.reader)).differences == ()


@pytest.mark.trio
async def test_a_crash_takes_nothing_back(monkeypatch: pytest.MonkeyPatch) -> None:
    """The market rebuilds itself from the tables and the ledger's facts; those that waited meanwhile are no harm."""
    place = AccumulatorMarket.place

    def crash(self: AccumulatorMarket, entered: EnterAccumulator) -> object:
        assert entered.bet.stake != 666
        return place(self, entered)

    async with betting_exchange() as (exchange, first, second):
        legs = (first, HOME, 200), (second, HOME, 200)
        await accumulate(exchange, ALICE, 10_000, *legs)
        monkeypatch.setattr(AccumulatorMarket, "place", crash)
        with pytest.raises(Unknown):
            await exchange.accounts.ask(accumulator(ALICE, 666, *legs))
        await move(exchange, SetOdds(first.name, ADMIN, reason="a goal", moneyline=Moneyline(150, 500, 400)))
        await accumulate(exchange, ALICE, 10_000, (first, HOME, 150), (second, HOME, 200))
        assert await balances(exchange, ALICE) == {"USD": ("8", "0")}


@pytest.mark.trio
async def test_one_that_crashes_too_often_is_parked_until_resumed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Supervisor, "PAUSE_S", 0.0)
    place = AccumulatorMarket.place

    def crash(self: AccumulatorMarket, entered: EnterAccumulator) -> object:
        raise ZeroDivisionError("a defect")

    async with betting_exchange() as (exchange, first, second):
        wish = accumulator(ALICE, 100, (first, HOME, 200), (second, HOME, 200))
        monkeypatch.setattr(AccumulatorMarket, "place", crash)
        for _ in range(Supervisor.CRASHES_MAX + 1):
            with pytest.raises(Unknown):
                await exchange.accounts.ask(wish)
        for command in (wish, ClaimAccumulator(ALICE, ASSET, 1), ReturnFunds(ASSET, ADMIN, 1)):
            asked: Any = await exchange.accounts.ask(command)
            assert code_of(asked) is Refusal.MARKET_HALTED
        assert code_of(await accumulators_of(exchange).address.ask(GetAccumulators())) is Refusal.MARKET_HALTED
        assert await balances(exchange, ALICE) == {"USD": ("10", "0")}
        monkeypatch.setattr(AccumulatorMarket, "place", place)
        await move(exchange, SetOdds(first.name, ADMIN, reason="meanwhile", moneyline=Moneyline(150, 500, 400)))
        await exchange.accounts.ask(ResumeMarket(ACCUMULATORS, ASSET, ADMIN))
        await accumulate(exchange, ALICE, 100, (first, HOME, 150), (second, HOME, 200))
