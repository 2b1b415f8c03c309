"""The ledger refuses accumulators that could not be taken: by their legs, by what was shown when, by the pool."""

from typing import Any

import pytest
from msgspec.structs import replace

from engine.accumulators.events import AccumulatorPlaced
from engine.accumulators.terms import Accumulators
from engine.betting.events import BetPlaced, PoolMoved
from engine.ledger.bet_page import LATE_MS
from engine.ledger.bets import Acceptance
from engine.ledger.journal import Part, PartRefused
from engine.ledger.page import Page
from engine.products import ACCUMULATORS, SPOT
from engine.spot.symbol import SpotSymbol, make_symbol
from engine.trading.events import MarketHalted, MarketResumed
from tests.engine.accumulators.slips import BOB, BOTH_HOME, DERBY, FINAL, MARKET, engine
from tests.engine.accumulators.stages import Step, listed, placed, with_leg
from tests.engine.stage import Stage

# Placed


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"stake": 0}, "accumulator 1 has a stake of 0"),
        ({"stake": -5}, "accumulator 1 has a stake of -5"),
        ({"stake": 190}, "the pool of market 1 has 1190 where it may have to pay 1195"),
        ({"stake": 1_000_001}, "the pool of market 1 has 1001001 where it may have to pay 6290006"),
        ({"account_id": 77}, "account 77 would stand at -100 USD, of which 0 held"),
        ({"sequence": 3}, "event 3 of USD does not follow event 1"),
        ({"legs": ()}, "accumulator 1: an accumulator has 2 to 20 legs"),
    ],
)
def test_an_accumulator_that_can_not_be(changes: dict[str, Any], said: str) -> None:
    stage, event = placed()
    assert stage.refusal_of(replace(event, **changes)) == said


def test_the_largest_stake_is_taken_and_one_more_is_not() -> None:
    stage, event = placed()
    stage.accepts(replace(event, stake=189))
    assert stage.refusal_of(replace(event, stake=190)).startswith("the pool of market 1 has")


def test_how_many_legs_it_has_and_where() -> None:
    stage, event = placed()
    derby, final = event.legs
    said = "accumulator 1: an accumulator has 2 to 20 legs"
    assert stage.refusal_of(replace(event, legs=(derby,))) == said
    assert stage.refusal_of(replace(event, legs=(derby, final) * 11)) == said
    said = "accumulator 1: the legs must be on different matches"
    assert stage.refusal_of(replace(event, legs=(derby, derby))) == said
    assert stage.refusal_of(replace(event, legs=(derby, final, replace(derby, option_number=4, odds=200)))) == said


@pytest.mark.parametrize(
    "changes",
    [
        {"odds": 184, "odds_asked": 184},  # never shown
        {"odds": 340, "odds_asked": 340},  # those of another option
        {"option_number": 2},
        {"option_number": 9},
        {"option_number": 0},
        {"odds_asked": 186},  # not what was asked for
        {"number": 1},  # shown, but before betting was opened
        {"number": 3},  # not shown yet
        {"number": -1},
        {"market_id": MARKET},
    ],
)
def test_a_leg_that_was_not_to_be_had(changes: dict[str, Any]) -> None:
    stage, event = placed()
    changed = with_leg(event, **changes)
    assert stage.refusal_of(changed) == f"accumulator 1: {changed.legs[0]} could not be taken"


@pytest.mark.parametrize("market_id", [0, 99])
def test_a_leg_on_no_market(market_id: int) -> None:
    stage, event = placed()
    assert stage.refusal_of(with_leg(event, market_id=market_id)) == f"there is no market {market_id}"


@pytest.mark.parametrize("accept", [Acceptance.EXACT, Acceptance.BETTER])
@pytest.mark.parametrize("asked", [184, 186])
def test_every_leg_is_at_odds_that_its_customer_takes(accept: Acceptance, asked: int) -> None:
    stage, event = placed()
    changed = replace(with_leg(event, odds_asked=asked), accept=accept)
    if accept is Acceptance.BETTER and asked < 185:
        stage.accepts(changed)
    else:
        assert stage.refusal_of(changed).endswith("could not be taken")
    stage.accepts(replace(changed, accept=Acceptance.ANY))


def refusal_on(page: Page, event: AccumulatorPlaced, market_id: int = MARKET) -> str:
    with pytest.raises(PartRefused) as refused:
        page.write(Part(market_id, 1_700_000_000_500, (event,)))
    return str(refused.value)


def test_a_leg_on_a_spot_market() -> None:
    stage, event = placed()
    page = Page(stage.books)
    symbol = make_symbol("BTC_USDT", tick="0.01", lot="0.0001", price_band="0.1")
    assert isinstance(symbol, SpotSymbol)
    page.write(Part(0, stage.now_ms, (listed(SPOT, "BTC_USDT", symbol),)))
    changed = with_leg(event, market_id=FINAL + 1)
    assert refusal_on(page, changed) == f"accumulator 1: {changed.legs[0]} could not be taken"


def test_matches_of_another_asset() -> None:
    """Accumulators in BTC, with the legs of one in USD."""
    stage, event = placed()
    page = Page(stage.books)
    page.write(Part(0, stage.now_ms, (listed(ACCUMULATORS, "BTC", Accumulators("BTC")),)))
    changed = replace(event, sequence=1)
    assert refusal_on(page, changed, FINAL + 1) == f"accumulator 1: {event.legs[0]} could not be taken"


def test_an_accumulator_in_a_match() -> None:
    stage, event = placed()
    changed = replace(event, sequence=stage.books.markets[DERBY].sequence + 1)
    said = "a AccumulatorPlaced can't happen in betting market derby"
    assert stage.refusal_of(changed, market_id=DERBY) == said


def test_there_is_one_of_an_id() -> None:
    """Bets and accumulators are numbered together."""
    stage, event = placed()
    again = replace(event, sequence=event.sequence + 1)
    assert stage.refusal_of(event, again) == "bet 1 is there already"
    stage, event = placed(lambda exchange: exchange.bet("bob", "derby", 1, 10, "1.85"))
    assert event.bet_id == 2
    assert stage.refusal_of(replace(event, bet_id=1)) == "bet 1 is there already"
    bet = BetPlaced(stage.books.markets[DERBY].sequence + 1, 2, BOB, None, 1, 10, 185, 185, Acceptance.EXACT)
    page = Page(stage.books)
    page.write(stage.part)
    with pytest.raises(PartRefused, match="bet 2 is there already"):
        page.write(Part(DERBY, stage.now_ms, (bet,)))


def test_a_suspended_market_takes_none() -> None:
    stage, event = placed()
    later = replace(event, sequence=event.sequence + 1)
    assert stage.refusal_of(MarketHalted(event.sequence), later) == "market 1 takes no accumulators"
    last = replace(event, sequence=event.sequence + 2)
    stage.accepts(MarketHalted(event.sequence), MarketResumed(event.sequence + 1), last)


def test_what_a_part_comes_to_is_judged_at_its_end() -> None:
    stage, event = placed()
    other = replace(event, sequence=event.sequence + 1, bet_id=2)
    said = "the pool of market 1 has 1200 where it may have to pay 1258"
    assert stage.refusal_of(event, other) == said
    stage.accepts(event, other, PoolMoved(other.sequence + 1, 58))


# What its legs' matches showed, and when


def in_time(stage: Stage, event: AccumulatorPlaced, now_ms: int) -> bool:
    try:
        Page(stage.books).write(Part(MARKET, now_ms, (event,)))
    except PartRefused:
        return False
    return True


@pytest.mark.parametrize(
    "step",
    [
        lambda exchange: exchange.set_odds("derby", "root", moneyline="1.5 3.4 4.2"),
        lambda exchange: exchange.set_odds("derby", "root", moneyline=None),
        lambda exchange: exchange.suspend("derby", "root"),
        lambda exchange: exchange.close("derby", "root"),
        lambda exchange: exchange.settle_option("derby", "root", 1),
        lambda exchange: exchange.settle_score("derby", "root", 1, 0),
        lambda exchange: exchange.void("derby", "root"),
    ],
)
def test_odds_that_are_not_shown_any_more_are_taken_for_a_moment(step: Step) -> None:
    exchange = engine()
    exchange.late = True
    step(exchange)
    replaced_ms = exchange.now_ms
    exchange.accumulate("ann", BOTH_HOME, 100)
    stage = Stage(exchange)
    (event,) = stage.part.events
    assert in_time(stage, event, replaced_ms + LATE_MS)
    assert not in_time(stage, event, replaced_ms + LATE_MS + 1)
    assert not in_time(stage, with_leg(event, number=event.legs[0].number + 1), replaced_ms)


def test_what_was_suspended_then_is_not_taken_though_it_is_open_again() -> None:
    exchange = engine()
    exchange.suspend("derby", "root")
    exchange.reopen("derby", "root")
    exchange.accumulate("ann", BOTH_HOME, 100)
    stage = Stage(exchange)
    (event,) = stage.part.events
    assert [leg.number for leg in event.legs] == [4, 2]
    stage.accepts(with_leg(event, number=2))
    assert stage.refusal_of(with_leg(event, number=3)).endswith("could not be taken")


def test_nothing_is_taken_once_the_match_has_begun() -> None:
    stage, event = placed()
    starts_ms = stage.books.definitions[DERBY].start_ms
    assert in_time(stage, event, starts_ms - 1)
    assert not in_time(stage, event, starts_ms)
    stage, event = placed(lambda exchange: exchange.go_in_play("derby", "root"))
    assert stage.refusal_of(with_leg(event, number=1)).endswith("could not be taken")
    final_starts_ms = stage.books.definitions[FINAL].start_ms
    assert not in_time(stage, event, final_starts_ms)
    stage, event = placed(
        lambda exchange: exchange.go_in_play("derby", "root"), lambda exchange: exchange.go_in_play("final", "root")
    )
    assert in_time(stage, event, final_starts_ms + 1)
