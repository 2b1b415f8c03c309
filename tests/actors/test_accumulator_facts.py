"""What accumulators and matches hear of each other through the ledger, and what becomes of it where they have not."""

import random
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

import pytest
import trio
import trio.lowlevel

from actors.accumulators import AccumulatorsActor
from actors.core import Address, Supervisor, Unknown
from actors.match_facts import MatchNews
from engine.accumulators.commands import (
    AccumulatorPaid,
    AccumulatorTaken,
    ClaimAccumulator,
)
from engine.betting.commands import (
    BetPaid,
    ClaimBet,
    EnterBet,
    FinalizeMatch,
    MatchStands,
    PlaceBet,
    RollBackSettlement,
    SetOdds,
    SettleOption,
    SettleScore,
    VoidMatch,
)
from engine.betting.facts import LegPaid
from engine.betting.market import BettingMarket
from engine.betting.match import Moneyline
from engine.ledger.bets import Result
from engine.ledger.records import Entry, MarketState
from engine.products import BETTING
from engine.refusals import Refusal, Refused
from engine.trading.commands import ResumeMarket
from storage.memory.writer import MemoryWriter
from tests.actors.accumulators import (
    ASSET,
    accumulate,
    accumulator,
    accumulators_of,
    betting_exchange,
    claim_accumulator,
    code_of,
    roll_back,
    settle,
    stands,
)
from tests.actors.exchanges import ALICE, BOB, balances
from tests.actors.matches import ADMIN, AWAY, HOME, OVER, UNDER, bet, move, open_match


def hold_back(monkeypatch: pytest.MonkeyPatch, owner: type, method: str, nothing: object) -> Callable[[], None]:
    """Have a way of facts carry nothing until the function that is returned is called."""
    usual = getattr(owner, method)
    held: list[tuple[Any, ...]] = []

    def keep(*arguments: Any) -> object:
        if method == "take" or isinstance(arguments[1], LegPaid):
            held.append(arguments)
            return nothing
        return usual(*arguments)

    monkeypatch.setattr(owner, method, keep)

    def deliver() -> None:
        monkeypatch.setattr(owner, method, usual)
        for arguments in held if method == "tell" else ():
            usual(*arguments)

    return deliver


@pytest.mark.trio
async def test_odds_that_changed_a_moment_ago_are_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    """The ledger knows what was shown; what changed long before, it does not take: the market looks again."""
    async with betting_exchange() as (exchange, first, second):
        deliver = hold_back(monkeypatch, MatchNews, "take", ())
        await move(exchange, SetOdds(first.name, ADMIN, reason="a goal", moneyline=Moneyline(150, 500, 400)))
        wish = accumulator(ALICE, 100, (first, HOME, 200), (second, HOME, 200))
        taken = await exchange.accounts.ask(wish)
        assert isinstance(taken, AccumulatorTaken)
        assert taken.accumulator.legs[0].odds == 200
        for _ in range(5_000):
            exchange.clock.now_ms()
        assert code_of(await exchange.accounts.ask(wish)) is Refusal.ODDS_CHANGED
        deliver()
        assert await balances(exchange, ALICE) == {"USD": ("9.99", "0")}


@pytest.mark.trio
async def test_however_many_bets_wait_they_are_decided_by_the_newest_odds(monkeypatch: pytest.MonkeyPatch) -> None:
    """The facts do not queue up behind them."""
    monkeypatch.setattr(AccumulatorsActor, "BATCH_MAX", 2)
    async with betting_exchange() as (exchange, first, second):
        wish = accumulator(ALICE, 100, (first, HOME, 200), (second, HOME, 200))
        answers: list[object] = []

        async def ask() -> None:
            answers.append(await exchange.accounts.ask(wish))

        async with trio.open_nursery() as nursery:
            for _ in range(20):
                nursery.start_soon(ask)
            await trio.lowlevel.checkpoint()
            await move(exchange, SetOdds(first.name, ADMIN, reason="a goal", moneyline=Moneyline(150, 500, 400)))
            behind = accumulators_of(exchange).address.mailbox
            assert len(behind) > 2, "many wait still"
        taken = [answer for answer in answers if isinstance(answer, AccumulatorTaken)]
        refused = [answer for answer in answers if isinstance(answer, Refused)]
        assert len(taken) + len(refused) == 20
        assert len(refused) > 10
        assert {refusal.code for refusal in refused} == {Refusal.ODDS_CHANGED}


@pytest.mark.trio
async def test_who_is_overtaken_by_a_roll_back_decides_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """A claim of what was taken back a moment ago is not unknown: it is not settled. Others in its batch are taken."""
    async with betting_exchange() as (exchange, first, second):
        won = await accumulate(exchange, ALICE, 100, (first, HOME, 200), (second, HOME, 200))
        third, fourth = await open_match(exchange), await open_match(exchange)
        await settle(exchange, first, 1, 0)
        await settle(exchange, second, 1, 0)
        deliver = hold_back(monkeypatch, MatchNews, "take", ())
        await roll_back(exchange, first)
        answers: dict[str, object] = {}

        async def ask(name: str, command: Any) -> None:
            answers[name] = await exchange.accounts.ask(command)

        async with trio.open_nursery() as nursery:
            nursery.start_soon(ask, "claim", ClaimAccumulator(ALICE, ASSET, won.bet_id))
            nursery.start_soon(ask, "bet", accumulator(BOB, 100, (third, HOME, 200), (fourth, HOME, 200)))
        deliver()
        assert code_of(answers["claim"]) is Refusal.NOT_SETTLED
        assert isinstance(answers["bet"], AccumulatorTaken)
        assert await balances(exchange, BOB) == {"USD": ("9.99", "0")}
        await settle(exchange, first, 1, 0)
        assert (await claim_accumulator(exchange, ALICE, won.bet_id)).payout == 400


@pytest.mark.trio
async def test_a_match_that_is_overtaken_by_a_claim_decides_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its roll-back is refused by name, its void keeps what was paid for."""
    async with betting_exchange() as (exchange, first, second):
        won = await accumulate(exchange, ALICE, 100, (first, HOME, 200), (second, HOME, 200))
        await move(exchange, SettleOption(first.name, ADMIN, option_number=HOME))
        await settle(exchange, second, 1, 0)
        deliver = hold_back(monkeypatch, Address, "tell", None)
        await claim_accumulator(exchange, ALICE, won.bet_id)
        refused = await roll_back(exchange, second)
        assert isinstance(refused, Refused)
        assert (refused.code, refused.details) == (Refusal.ALREADY_CLAIMED, {"claims": [won.bet_id]})
        await move(exchange, VoidMatch(first.name, ADMIN))
        deliver()
        options = {option.number: option.result for option in await exchange.storage.reader.options(first.market_id)}
        assert (options[HOME], options[AWAY], options[UNDER]) == (Result.WIN, Result.LOSS, Result.PUSH)


@pytest.mark.trio
async def test_a_parked_match_knows_what_was_paid_when_it_is_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Supervisor, "PAUSE_S", 0.0)
    place = BettingMarket.place

    def crash(self: BettingMarket, entered: EnterBet) -> object:
        raise ZeroDivisionError("a defect")

    async with betting_exchange() as (exchange, first, second):
        won = await accumulate(exchange, ALICE, 100, (first, HOME, 200), (second, HOME, 200))
        await move(exchange, SettleOption(first.name, ADMIN, option_number=HOME))
        await settle(exchange, second, 1, 0)
        monkeypatch.setattr(BettingMarket, "place", crash)
        for _ in range(Supervisor.CRASHES_MAX + 1):
            with pytest.raises(Unknown):
                await exchange.accounts.ask(PlaceBet(BOB, first.name, OVER, 100, 180))
        await claim_accumulator(exchange, ALICE, won.bet_id)
        monkeypatch.setattr(BettingMarket, "place", place)
        await exchange.accounts.ask(ResumeMarket(BETTING, first.name, ADMIN))
        refused = await exchange.accounts.ask(RollBackSettlement(first.name, ADMIN))
        assert isinstance(refused, Refused)
        assert (refused.code, refused.details) == (Refusal.ALREADY_CLAIMED, {"claims": [won.bet_id]})


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.trio
async def test_claims_and_corrections_at_once_have_an_outcome_each(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever comes second is told what is so: nobody's outcome is unknown, and no market is out of service for it."""
    monkeypatch.setattr(Supervisor, "CRASHES_MAX", 0)
    dice, commit = random.Random(seed), MemoryWriter.commit

    async def commit_slowly(self: MemoryWriter, entry: Entry) -> None:
        for _ in range(dice.randrange(20)):
            await trio.lowlevel.checkpoint()
        await commit(self, entry)

    monkeypatch.setattr(MemoryWriter, "commit", commit_slowly)
    async with betting_exchange() as (exchange, first, second):
        single = await bet(exchange, first, BOB, HOME, 1_000, 200)
        bets = [await accumulate(exchange, ALICE, 100 + n, (first, HOME, 200), (second, HOME, 200)) for n in range(5)]
        answers: dict[str, object] = {}

        async def do(name: str, act: Callable[[], Awaitable[object]]) -> None:
            for _ in range(dice.randrange(12)):
                await trio.lowlevel.checkpoint()
            answers[name] = await act()

        def ask(command: Any) -> Callable[[], Awaitable[object]]:
            return partial(exchange.accounts.ask, command)

        for turn in range(6):
            for match in (first, second):
                await exchange.accounts.ask(SettleScore(match.name, ADMIN, home=1, away=0))
            corrections: dict[str, Callable[[], Awaitable[object]]] = {
                "roll back": partial(roll_back, exchange, first),
                "roll back the other": partial(roll_back, exchange, second),
                "void": ask(VoidMatch(second.name, ADMIN)),
                "finalize": ask(FinalizeMatch(first.name, ADMIN)),
            }
            async with trio.open_nursery() as nursery:
                for name in dice.sample(sorted(corrections), 1 + turn // 3):
                    nursery.start_soon(do, f"{turn} {name}", corrections[name])
                nursery.start_soon(do, f"{turn} single", ask(ClaimBet(BOB, first.name, single.bet_id)))
                nursery.start_soon(do, f"{turn}", ask(ClaimAccumulator(ALICE, ASSET, bets[turn % 5].bet_id)))
        assert all(isinstance(each, Refused | AccumulatorPaid | BetPaid | MatchStands) for each in answers.values())
        assert (await stands(exchange)).state is MarketState.OPEN
