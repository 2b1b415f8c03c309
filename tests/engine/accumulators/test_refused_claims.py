"""The ledger refuses claims, losses and movements of the pool of accumulators that contradict what it knows."""

from typing import Any

import pytest
from msgspec.structs import replace

from engine.accumulators.events import AccumulatorClaimed, AccumulatorLost
from engine.accumulators.terms import Accumulators
from engine.betting import lifecycle
from engine.betting.events import BetClaimed, MatchMoved, PoolMoved
from engine.ledger.chart import pool_of
from engine.ledger.commands import MovementKind
from engine.ledger.events import MoneyMoved
from engine.ledger.journal import Part, PartRefused
from engine.ledger.page import Page
from engine.ledger.records import MarketState
from engine.products import ACCUMULATORS
from tests.engine.accumulators.slips import ANN, BOB, DERBY, FINAL, MARKET, engine
from tests.engine.accumulators.stages import Step, claimed, claiming, listed, placed, placing, settling, staged
from tests.engine.stage import Stage

# Claimed


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"payout": 628}, "accumulator 1 is not to be paid 628"),
        ({"payout": 630}, "accumulator 1 is not to be paid 630"),
        ({"payout": 0}, "accumulator 1 is not to be paid 0"),
        ({"payout": -629}, "accumulator 1 is not to be paid -629"),
        ({"account_id": BOB}, "accumulator 1 is not that of account 2"),
        ({"bet_id": 9}, "there is no open accumulator 9"),
        ({"sequence": 9}, "event 9 of USD does not follow event 2"),
    ],
)
def test_a_claim_that_can_not_be(changes: dict[str, Any], said: str) -> None:
    stage, event = claimed()
    assert stage.refusal_of(replace(event, **changes)) == said


def test_nothing_is_paid_twice() -> None:
    stage, event = claimed()
    again = replace(event, sequence=event.sequence + 1)
    assert stage.refusal_of(event, again) == "there is no open accumulator 1"
    stage = staged(placing, settling, claiming, lambda exchange: exchange.fund_accumulators("root", 5))
    assert stage.refusal_of(again) == "there is no open accumulator 1"


@pytest.mark.parametrize("settled", [(), ("derby",), ("final",)])
def test_nothing_is_paid_before_there_are_all_results(settled: tuple[str, ...]) -> None:
    stage = staged(
        placing,
        *(
            lambda exchange, match=match: exchange.settle_score(match, "root", 0, 0)
            for match in settled
            if match != "derby"
        ),
        *(
            lambda exchange, match=match: exchange.settle_score(match, "root", 1, 0)
            for match in settled
            if match == "derby"
        ),
        lambda exchange: exchange.fund_accumulators("root", 5),
    )
    (moved,) = stage.part.events
    claim = AccumulatorClaimed(moved.sequence + 1, 1, ANN, 629)
    assert stage.refusal_of(moved, claim) == "accumulator 1 is not to be paid 629"


def test_of_a_lost_one_nothing_is_paid() -> None:
    stage = staged(
        placing,
        lambda exchange: exchange.settle_score("final", "root", 1, 0),
        lambda exchange: exchange.fund_accumulators("root", 5),
    )
    (moved,) = stage.part.events
    for payout in (0, 185, 629):
        claim = AccumulatorClaimed(moved.sequence + 1, 1, ANN, payout)
        assert stage.refusal_of(moved, claim) == f"accumulator 1 is not to be paid {payout}"


def test_a_bet_is_not_paid_as_an_accumulator_nor_an_accumulator_as_a_bet() -> None:
    stage, event = claimed()
    claim = BetClaimed(stage.books.markets[DERBY].sequence + 1, 1, ANN, 629)
    assert stage.refusal_of(claim, market_id=DERBY) == "there is no bet 1 to be claimed"
    stage = staged(
        lambda exchange: exchange.bet("ann", "derby", 1, 10, "1.85"),
        settling,
        lambda exchange: exchange.fund_accumulators("root", 5),
    )
    (moved,) = stage.part.events
    wrong = replace(event, sequence=moved.sequence + 1, payout=18)
    assert stage.refusal_of(moved, wrong) == "there is no open accumulator 1"


def test_another_markets_accumulator_is_not_paid() -> None:
    stage, event = claimed()
    for wrong in (replace(event, sequence=1), AccumulatorLost(1, 1)):
        page = Page(stage.books)
        page.write(Part(0, stage.now_ms, (listed(ACCUMULATORS, "BTC", Accumulators("BTC")),)))
        with pytest.raises(PartRefused, match="accumulator 1 is not one of market 4"):
            page.write(Part(FINAL + 1, stage.now_ms, (wrong,)))


# Lost


def lost(*, how: str) -> tuple[Stage, AccumulatorLost]:
    """It is lost by final's result, with Bob's bet beside it, and closed as such."""
    stage = staged(
        placing,
        lambda exchange: exchange.bet("bob", "final", 1, 10, "1.85"),
        lambda exchange: exchange.settle_score("final", "root", 1, 0),
        *([lambda exchange: exchange.claim("bob", 2)] if how == "claim" else []),
        *([lambda exchange: exchange.finalize("final", "root")] if how == "finalize" else []),
    )
    (event,) = stage.part.events
    assert isinstance(event, AccumulatorLost)
    return stage, event


@pytest.mark.parametrize("how", ["claim", "finalize"])
def test_a_loss_is_written_once(how: str) -> None:
    stage, event = lost(how=how)
    again = replace(event, sequence=event.sequence + 1)
    assert stage.refusal_of(event, again) == "there is no open accumulator 1"
    assert stage.refusal_of(replace(event, bet_id=9)) == "there is no open accumulator 9"
    assert stage.refusal_of(replace(event, bet_id=2)) == "there is no open accumulator 2"
    claim = AccumulatorClaimed(event.sequence + 1, 1, ANN, 629)
    assert stage.refusal_of(event, claim) == "there is no open accumulator 1"


@pytest.mark.parametrize(
    "steps",
    [
        (),
        (lambda exchange: exchange.settle_score("final", "root", 1, 0),),  # may be taken back
        (
            lambda exchange: exchange.settle_score("final", "root", 0, 0),
            lambda exchange: exchange.finalize("final", "root"),
        ),
        (lambda exchange: exchange.void("final", "root"),),
    ],
)
def test_what_may_be_won_yet_is_not_lost(steps: tuple[Step, ...]) -> None:
    stage = staged(placing, *steps, lambda exchange: exchange.fund_accumulators("root", 5))
    (moved,) = stage.part.events
    early = AccumulatorLost(moved.sequence + 1, 1)
    assert stage.refusal_of(moved, early) == "accumulator 1 is not lost for good"


# The pool


def test_the_house_gets_back_what_covers_nothing() -> None:
    stage, event = placed()
    stage.accepts(event, PoolMoved(event.sequence + 1, -471))
    said = "the pool of market 1 has 628 where it may have to pay 629"
    assert stage.refusal_of(event, PoolMoved(event.sequence + 1, -472)) == said
    assert stage.refusal_of(event, PoolMoved(event.sequence + 1, 0)) == f"event {event.sequence + 1} moves nothing"


def test_the_house_puts_in_what_it_has() -> None:
    stage, event = placed()
    said = "account -3 would stand at -1 USD, of which 0 held"
    assert stage.refusal_of(PoolMoved(event.sequence, 1_000_000 - 3_000 + 1)) == said
    stage.accepts(PoolMoved(event.sequence, 1_000_000 - 3_000))


def test_money_does_not_leave_the_pool_in_another_way() -> None:
    stage, event = placed()
    taken = MoneyMoved(MovementKind.TRANSFER, ANN, "mine", "USD", 472, pool_of(MARKET), ANN)
    assert stage.refusal_of(event, taken) == "the pool of market 1 has 628 where it may have to pay 629"


# Matches of which an accumulator was paid


def test_what_was_paid_for_is_not_taken_back() -> None:
    """The part of a match that had not heard of it, on the page of the payment and on a later one."""
    exchange = engine()
    placing(exchange)
    settling(exchange)
    exchange.late = True
    claiming(exchange)
    stage = Stage(exchange)
    options = tuple(
        replace(option, result=None, offered=True) for option in stage.books.betting.options[DERBY].values()
    )
    match = exchange.markets["derby"]
    left = PoolMoved(match.sequence + 1, 1_000)
    changes = {
        "number": match.standing.number + 1,
        "home_goals": None,
        "away_goals": None,
        "returned": "0",
        "settled": (),
    }
    back = MatchMoved(
        match.sequence + 2, lifecycle.Step.ROLL_BACK, 4, MarketState.CLOSED, replace(match.standing, **changes), options
    )
    page = Page(stage.books)
    page.write(Part(DERBY, stage.now_ms, (left, back)))  # as long as nothing was paid
    for books, parts in ((stage.books, (stage.part,)), (exchange.books, ())):
        page = Page(books)
        for part in parts:
            page.write(part)
        with pytest.raises(PartRefused, match="bets on option 1 of market 2 have been claimed"):
            page.write(Part(DERBY, stage.now_ms, (left, back)))
