"""A question among the other actors: time moves it, payouts go out part by part, a crash takes nothing back."""

import pytest
import trio
from trio.testing import MockClock

from actors.directory import MarketEntry
from actors.exchange import Exchange, open_exchange
from actors.timekeeper import TimeHasCome
from engine.ledger.journal import JournalCodec
from engine.ledger.records import MarketState
from engine.matching.terms import Outcome
from engine.prediction.commands import (
    CloseQuestion,
    DisputeOutcome,
    GetHolder,
    GetPayouts,
    HolderView,
    PayoutPlan,
    ProposeOutcome,
    QuestionStands,
    ResolveQuestion,
    RollBackQuestion,
    VoidQuestion,
)
from engine.prediction.lifecycle import Rules
from engine.prediction.market import PredictionMarket
from engine.prediction.question import VoidPolicy
from engine.products import PREDICTION, PRODUCTS
from engine.refusals import Refusal, Refused
from engine.trading.commands import CancelAllOrders, Cancelled, HaltMarket, MarketChanged, ResumeMarket
from engine.trading.events import OrderClosed
from storage.memory import MemoryStorage
from storage.verify import verify
from tests.actors.exchanges import ALICE, BOB, CAROL, balances, deposit, small_exchange
from tests.actors.questions import DAY_MS, ask_question, question, shares, trade
from tests.actors.test_timekeeper import TrioClock
from tests.invariants import audit

ADMIN, SECOND_ADMIN = 90, 91
HOUR_MS = 3_600_000


async def code_of(exchange: Exchange, command: object) -> Refusal:
    answer: object = await exchange.accounts.ask(command)  # type: ignore[arg-type]  # any command of accounts
    assert isinstance(answer, Refused), answer
    return answer.code


async def state_of(exchange: Exchange, market: MarketEntry) -> MarketState:
    """Where the market stands in the tables, once it has nothing left to do."""
    await trio.sleep(0.05)
    record = await exchange.storage.reader.market(market.market_id)
    assert record is not None
    return record.state


async def hold_a_pair(exchange: Exchange, market: MarketEntry) -> None:
    """Alice has ten YES, bought at 60; Bob, who took the other side, ten NO."""
    for account in (ALICE, BOB):
        await deposit(exchange, account, USD="100")
    await trade(exchange, market, ALICE, "buy 10 YES at 60")
    await trade(exchange, market, BOB, "buy 10 NO at 40")


@pytest.mark.trio
async def test_from_a_pair_to_its_payout(autojump_clock: MockClock) -> None:
    """Close at the date, propose, nobody disputes, pay, free: only the first needs anybody to ask."""
    storage = MemoryStorage()
    async with open_exchange(storage, TrioClock(), Rules(challenge_ms=5_000, payout_window_ms=9_000)) as exchange:
        market = await ask_question(exchange)
        await hold_a_pair(exchange, market)
        await trade(exchange, market, ALICE, "buy 5 YES at 20")
        assert await balances(exchange, ALICE) == {"USD": ("92.99", "1.01")}
        await trio.sleep(DAY_MS / 1_000 + 1)
        assert await state_of(exchange, market) is MarketState.CLOSED
        assert await balances(exchange, ALICE) == {"USD": ("94", "0")}
        assert await code_of(exchange, shares(market, ALICE, "buy 1 YES at 20")) is Refusal.MARKET_CLOSED

        stands = await exchange.accounts.ask(ProposeOutcome(market.name, ADMIN, outcome=Outcome.YES))
        assert isinstance(stands, QuestionStands)
        assert stands.state is MarketState.PROPOSED
        await trio.sleep(5.1)
        assert await state_of(exchange, market) is MarketState.RESOLVED
        assert await balances(exchange, ALICE) == {"USD": ("94", "10")}
        assert await balances(exchange, BOB) == {"USD": ("95.96", "0")}
        await trio.sleep(9.1)
        assert await state_of(exchange, market) is MarketState.FINAL
        assert await balances(exchange, ALICE) == {"USD": ("104", "0")}
        assert await code_of(exchange, RollBackQuestion(market.name, ADMIN)) is Refusal.CONFLICT
    await audit(storage.reader)
    assert (await verify(storage.reader)).differences == ()


@pytest.mark.trio
async def test_halt_and_resume_take_cancels_only_meanwhile() -> None:
    async with small_exchange() as exchange:
        market = await ask_question(exchange)
        await deposit(exchange, ALICE, USD="100")
        await trade(exchange, market, ALICE, "buy 10 YES at 60")
        halted = await exchange.accounts.ask(HaltMarket(PREDICTION, market.name, ADMIN))
        assert halted == MarketChanged(market.name, MarketState.HALTED)
        assert await code_of(exchange, shares(market, ALICE, "buy 1 YES at 1")) is Refusal.MARKET_HALTED
        (cancelled,) = await exchange.accounts.ask(CancelAllOrders(ALICE, PREDICTION, market.name))
        assert isinstance(cancelled, Cancelled)
        resumed = await exchange.accounts.ask(ResumeMarket(PREDICTION, market.name, ADMIN))
        assert resumed == MarketChanged(market.name, MarketState.OPEN)
        await trade(exchange, market, ALICE, "buy 1 YES at 1")


@pytest.mark.trio
async def test_a_dispute_needs_shares_and_an_administrator_decides() -> None:
    async with small_exchange() as exchange:
        market = await ask_question(exchange)
        await hold_a_pair(exchange, market)
        await exchange.accounts.ask(CloseQuestion(market.name, ADMIN))
        await exchange.accounts.ask(ProposeOutcome(market.name, ADMIN, outcome=Outcome.YES))
        assert await code_of(exchange, DisputeOutcome(market.name, CAROL, reason="no")) is Refusal.FORBIDDEN
        disputed = await exchange.accounts.ask(DisputeOutcome(market.name, BOB, reason="it was snow"))
        assert isinstance(disputed, QuestionStands)
        assert disputed.resolution.dispute_reason == "it was snow"
        await exchange.accounts.ask(ResolveQuestion(market.name, ADMIN, outcome=Outcome.NO))
        assert await state_of(exchange, market) is MarketState.RESOLVED
        assert await balances(exchange, BOB) == {"USD": ("95.96", "10")}


@pytest.mark.trio
async def test_two_administrators_where_the_operator_asks_for_two() -> None:
    storage = MemoryStorage()
    async with open_exchange(storage, TrioClock(), Rules(challenge_ms=0, approvals=2)) as exchange:
        market = await ask_question(exchange)
        await hold_a_pair(exchange, market)
        await exchange.accounts.ask(CloseQuestion(market.name, ADMIN))
        await exchange.accounts.ask(ProposeOutcome(market.name, ADMIN, outcome=Outcome.YES))
        assert await state_of(exchange, market) is MarketState.PROPOSED, "time alone does not stand in for the second"
        assert await code_of(exchange, ResolveQuestion(market.name, ADMIN, outcome=Outcome.YES)) is Refusal.CONFLICT
        await exchange.accounts.ask(ResolveQuestion(market.name, SECOND_ADMIN, outcome=Outcome.YES))
        assert await state_of(exchange, market) is MarketState.RESOLVED
    await audit(storage.reader)


@pytest.mark.trio
async def test_a_void_gives_fees_back_and_a_rollback_takes_everything_back() -> None:
    async with small_exchange() as exchange:
        market = await ask_question(exchange, question(exchange.clock.now_ms(), void_policy=VoidPolicy.LAST_PRICE))
        await hold_a_pair(exchange, market)
        before = [await balances(exchange, account) for account in (ALICE, BOB)]
        await exchange.accounts.ask(HaltMarket(PREDICTION, market.name, ADMIN))
        plan = await market.address.ask(GetPayouts(None))
        assert isinstance(plan, PayoutPlan)
        await exchange.accounts.ask(VoidQuestion(market.name, ADMIN))
        assert await state_of(exchange, market) is MarketState.VOID
        paid = [(p.account_id, p.payout, p.refund) for p in await exchange.storage.reader.positions(market.market_id)]
        assert paid == [(planned.account_id, planned.payout, planned.refund) for planned in plan.payouts]
        assert paid == [(ALICE, 60_000, 0), (BOB, 40_000, 400)]
        await exchange.accounts.ask(RollBackQuestion(market.name, ADMIN))
        assert await state_of(exchange, market) is MarketState.CLOSED
        assert [await balances(exchange, account) for account in (ALICE, BOB)] == before
        await exchange.accounts.ask(ProposeOutcome(market.name, ADMIN, outcome=Outcome.NO))
        assert await state_of(exchange, market) is MarketState.PROPOSED


@pytest.mark.trio
async def test_what_became_due_while_the_exchange_was_away_is_done_at_the_next_start() -> None:
    storage = MemoryStorage()
    later = TrioClock()
    later.ahead_ms += 3 * DAY_MS
    async with open_exchange(storage, TrioClock()) as exchange:
        market = await ask_question(exchange)
        await hold_a_pair(exchange, market)
        await exchange.accounts.ask(CloseQuestion(market.name, ADMIN))
        await exchange.accounts.ask(ProposeOutcome(market.name, ADMIN, outcome=Outcome.YES))
    async with open_exchange(storage, later) as exchange:
        market = exchange.directory.by_id[market.market_id]
        assert await state_of(exchange, market) is MarketState.RESOLVED
        assert await balances(exchange, ALICE) == {"USD": ("94", "10")}
    await audit(storage.reader)
    assert (await verify(storage.reader)).differences == ()


# What a void pays by the prices of the last day


async def trade_at(exchange: Exchange, market: MarketEntry, cents: int) -> None:
    await trade(exchange, market, ALICE, f"buy 10 YES at {cents}")
    await trade(exchange, market, BOB, f"buy 10 NO at {100 - cents}")


async def paid_by_a_void(*, away: bool) -> dict[int, int | None]:
    """What is paid 30 h after the date: 23 h at 20 cents, the last hour at 90; `away`: nobody was there at the date."""
    storage, clock = MemoryStorage(), TrioClock()
    async with open_exchange(storage, clock) as exchange:
        asked = question(exchange.clock.now_ms(), days=2, void_policy=VoidPolicy.LAST_PRICE)
        market = await ask_question(exchange, asked)
        for account in (ALICE, BOB):
            await deposit(exchange, account, USD="100")
        clock.ahead_ms += DAY_MS
        await trade_at(exchange, market, 20)
        clock.ahead_ms += DAY_MS - HOUR_MS
        await trade_at(exchange, market, 90)
        if not away:
            clock.ahead_ms += HOUR_MS
            assert isinstance(await market.address.ask(GetPayouts(None)), PayoutPlan)
            clock.ahead_ms += 30 * HOUR_MS
            await exchange.accounts.ask(VoidQuestion(market.name, ADMIN))
            assert await state_of(exchange, market) is MarketState.VOID
    if away:
        clock.ahead_ms += 31 * HOUR_MS
        async with open_exchange(storage, clock) as exchange:
            market = exchange.directory.by_id[market.market_id]
            await exchange.accounts.ask(VoidQuestion(market.name, ADMIN))
            assert await state_of(exchange, market) is MarketState.VOID
    await audit(storage.reader)
    assert (await verify(storage.reader)).differences == ()
    return {row.account_id: row.payout for row in await storage.reader.positions(market.market_id)}


@pytest.mark.trio
async def test_a_void_pays_the_same_whether_or_not_the_exchange_was_there_at_the_date() -> None:
    there = await paid_by_a_void(away=False)
    average = (23 * 2_000 + 9_000) / 24  # of a pair's 10,000 units, for each of 20 shares
    alice = there[ALICE]
    assert alice is not None
    assert alice == pytest.approx(20 * average, abs=20)
    assert there == {ALICE: alice, BOB: 20 * 10_000 - alice}
    assert await paid_by_a_void(away=True) == there


# Parts


@pytest.mark.trio
async def test_a_batch_does_one_part_however_many_letters_ask_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Orders are closed one a commit here."""
    defaults = PredictionMarket.__init__.__kwdefaults__
    assert defaults is not None
    monkeypatch.setitem(defaults, "part_max", 1)
    storage, clock = MemoryStorage(), TrioClock()
    async with open_exchange(storage, clock) as exchange:
        market = await ask_question(exchange)
        await deposit(exchange, ALICE, USD="100")
        for _ in range(5):
            await trade(exchange, market, ALICE, "buy 1 YES at 20")
        clock.ahead_ms += DAY_MS
        for _ in range(4):
            market.address.tell(TimeHasCome())
        assert await state_of(exchange, market) is MarketState.CLOSED
        assert await balances(exchange, ALICE) == {"USD": ("100", "0")}
        codec = JournalCodec(tuple(PRODUCTS.writers))
        rows = [codec.unpack(record.body) for record in await storage.reader.journal(0, 100)]
    closed = [sum(isinstance(event, OrderClosed) for event in part.events) for row in rows for part in row.parts]
    assert [count for count in closed if count] == [1] * 5


@pytest.mark.trio
async def test_a_final_question_is_loaded_without_its_holders(autojump_clock: MockClock) -> None:
    """It does not need them any more; everybody else reads them from the tables."""
    storage, clock = MemoryStorage(), TrioClock()
    async with open_exchange(storage, clock, Rules(payout_window_ms=1_000)) as exchange:
        market = await ask_question(exchange, question(clock.now_ms(), void_policy=VoidPolicy.LAST_PRICE))
        await hold_a_pair(exchange, market)
        await exchange.accounts.ask(CloseQuestion(market.name, ADMIN))
        await exchange.accounts.ask(VoidQuestion(market.name, ADMIN))
        await trio.sleep(1.1)
        assert await state_of(exchange, market) is MarketState.FINAL
        seen = await market.address.ask(GetHolder(ALICE))
        assert isinstance(seen, HolderView)
        assert (seen.state, seen.yes) == (MarketState.FINAL, 0)
    async with open_exchange(storage, clock) as exchange:
        market = exchange.directory.by_id[market.market_id]
        assert await market.address.ask(GetHolder(ALICE)) == seen
        assert [row.yes for row in await storage.reader.positions(market.market_id)] == [10, 0]
        assert await code_of(exchange, RollBackQuestion(market.name, ADMIN)) is Refusal.CONFLICT
    await audit(storage.reader)
