"""The ledger refuses odds, steps and results of a match that contradict what it knows."""

from typing import Any

import pytest
from msgspec.structs import replace

from engine.betting.events import BetClaimed, MatchMoved, OddsSet, PoolMoved
from engine.betting.lifecycle import TRANSITIONS, Step
from engine.betting.match import Board, Moneyline
from engine.ledger.bets import GroupKind, Result
from engine.ledger.records import MarketState
from tests.engine.betting.stages import ANN, BETS, ODDS, OPENED, ROOT, SETTLED, TWO, UNSAID, staged
from tests.engine.stage import Stage

# Odds


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"options": ()}, UNSAID),
        ({"state": MarketState.OPEN}, "market 1 is scheduled: its odds can't be set as open"),
    ],
)
def test_odds_that_do_something_else(changes: dict[str, Any], said: str) -> None:
    stage = staged(ODDS)
    (event,) = stage.part.events
    assert stage.refusal_of(replace(event, **changes)).endswith(said)


@pytest.mark.parametrize(
    "changes", [{"odds": 186}, {"offered": False}, {"group_number": 2}, {"number": 4}, {"market_id": 2}]
)
def test_options_that_are_not_those_of_the_board(changes: dict[str, Any]) -> None:
    stage = staged(ODDS)
    (event,) = stage.part.events
    first, *rest = event.options
    assert stage.refusal_of(replace(event, options=(replace(first, **changes), *rest))).endswith(UNSAID)


@pytest.mark.parametrize(
    "changes",
    [
        {"number": 3},
        {"number": 1},
        {"in_play": True},
        {"returned": "5"},
        {"home_goals": 1},
        {"description": "new"},
        {"settled": (GroupKind.MONEYLINE,)},
    ],
)
def test_odds_change_nothing_but_the_board(changes: dict[str, Any]) -> None:
    stage = staged(ODDS, "root sets moneyline 1.9 3.4 4.2")
    (event,) = stage.part.events
    changed = replace(event, standing=replace(event.standing, **changes))
    assert stage.refusal_of(changed) == "market 1 changes more than its odds with them"


@pytest.mark.parametrize("end", ["root settles 1:0", "root voids"])
def test_the_odds_of_a_match_that_is_over_stay(end: str) -> None:
    stage = staged(*OPENED, end)
    last = stage.part.events[-1]
    moved = stage.part.events[0]
    standing = replace(moved.standing, number=moved.standing.number + 1)
    late = OddsSet(last.sequence + 1, ROOT, "", moved.state, standing, ())
    said = f"market 1 is {moved.state.value}: its odds can't be set as {moved.state.value}"
    assert stage.refusal_of(*stage.part.events, late) == said


def test_what_is_settled_is_not_offered_again() -> None:
    stage = staged(*TWO, "root settles 1")
    (moved,) = stage.part.events
    board = replace(moved.standing.board, moneyline=Moneyline(186, 420, 340))
    option = replace(moved.options[0], odds=186, offered=True)
    standing = replace(moved.standing, number=moved.standing.number + 1, board=board)
    event = OddsSet(moved.sequence + 1, ROOT, "", MarketState.OPEN, standing, (option,))
    assert stage.refusal_of(moved, event) == "market 1 offers what is settled"


# Steps


@pytest.mark.parametrize(
    ("step", "state"),
    [
        (Step.CLOSE, MarketState.SUSPENDED),
        (Step.OPEN, MarketState.OPEN),
        (Step.REOPEN, MarketState.OPEN),
        (Step.ROLL_BACK, MarketState.CLOSED),
        (Step.SUSPEND, MarketState.HALTED),
    ],
)
def test_a_step_that_is_not_in_the_table(step: Step, state: MarketState) -> None:
    stage = staged(*OPENED, "root suspends")
    (moved,) = stage.part.events
    said = f"{step.value} does not lead from open to {state.value}"
    assert stage.refusal_of(replace(moved, step=step, state=state)) == said


@pytest.mark.parametrize(
    "changes",
    [
        {"board": Board()},
        {"in_play": True},
        {"description": "new"},
        {"home_goals": 1, "away_goals": 0},
        {"returned": "1"},
        {"settled": (GroupKind.MONEYLINE,)},
    ],
)
def test_a_step_changes_nothing_but_what_it_is(changes: dict[str, Any]) -> None:
    stage = staged(*OPENED, "root suspends")
    (moved,) = stage.part.events
    changed = replace(moved, standing=replace(moved.standing, **changes))
    assert stage.refusal_of(changed) == "suspend does not leave market 1 as it says"


@pytest.mark.parametrize("number", [1, 2, 4])
def test_messages_of_the_stream_have_no_hole(number: int) -> None:
    stage = staged(*OPENED, "root suspends")
    (moved,) = stage.part.events
    assert moved.standing.number == 3
    said = f"message {number} of odds:betting/derby does not follow the one before"
    assert stage.refusal_of(replace(moved, standing=replace(moved.standing, number=number))) == said


def test_who_goes_in_play_says_so() -> None:
    stage = staged(*OPENED, "root plays")
    (moved,) = stage.part.events
    changed = replace(moved, standing=replace(moved.standing, in_play=False))
    assert stage.refusal_of(changed) == "go_in_play does not leave market 1 as it says"


def test_a_step_that_settles_nothing_changes_no_results() -> None:
    stage = staged(*OPENED, "root suspends")
    (moved,) = stage.part.events
    option = replace(stage.books.betting.options[1][1], result=Result.WIN)
    assert stage.refusal_of(replace(moved, options=(option,))) == "suspend of market 1 changes results"


@pytest.mark.parametrize("step", [Step.REOPEN, Step.GO_IN_PLAY])
def test_betting_is_opened_first(step: Step) -> None:
    stage = staged(ODDS, "root closes")
    (closed,) = stage.part.events
    standing = replace(closed.standing, number=closed.standing.number + 1)
    state = TRANSITIONS[MarketState.CLOSED, step]
    early = replace(closed, sequence=closed.sequence + 1, step=step, state=state, standing=standing)
    assert stage.refusal_of(closed, early) == "betting on market 1 is not opened first"


def test_betting_is_opened_once() -> None:
    stage = staged(*OPENED, "root closes", "root reopens")
    (reopened,) = stage.part.events
    assert stage.refusal_of(replace(reopened, step=Step.OPEN)) == "betting on market 1 is opened twice"


def test_who_is_opened_says_so() -> None:
    stage = staged(*OPENED)
    moved, pool = stage.part.events
    changed = replace(moved, standing=replace(moved.standing, opened=False))
    assert stage.refusal_of(changed, pool) == "open does not leave market 1 as it says"


# Final


@pytest.mark.parametrize("step", [Step.ROLL_BACK, Step.FINALIZE])
def test_what_is_final_takes_no_step(step: Step) -> None:
    """Also without results or money that it would have to change."""
    stage = staged(*SETTLED, "root finalizes")
    (final,) = stage.part.events
    standing = replace(final.standing, number=final.standing.number + 1)
    state = TRANSITIONS[MarketState.SETTLED, step]
    late = replace(final, sequence=final.sequence + 1, step=step, state=state, standing=standing)
    left = PoolMoved(late.sequence, final.standing.returned_units)
    given_back = (left, replace(late, sequence=late.sequence + 1)) if step is Step.ROLL_BACK else (late,)
    assert stage.refusal_of(final, *given_back) == "the settlement of market 1 is final"


@pytest.mark.parametrize(
    ("state", "sentences"),
    [
        (MarketState.OPEN, OPENED),
        (MarketState.CLOSED, (*OPENED, "root closes")),
        (MarketState.VOID, (ODDS, "root voids")),
    ],
)
def test_only_what_is_settled_is_made_final(state: MarketState, sentences: tuple[str, ...]) -> None:
    stage = staged(*sentences)
    moved = next(event for event in stage.part.events if isinstance(event, MatchMoved))
    standing = replace(moved.standing, number=moved.standing.number + 1, final=True)
    for to in (state, MarketState.SETTLED):
        final = MatchMoved(stage.part.events[-1].sequence + 1, Step.FINALIZE, ROOT, to, standing)
        said = f"finalize does not lead from {state.value} to {to.value}"
        assert stage.refusal_of(*stage.part.events, final) == said


@pytest.mark.parametrize(
    "changes",
    [
        {"final": False},
        {"home_goals": 2},
        {"home_goals": None, "away_goals": None},
        {"returned": "0"},
        {"board": Board()},
    ],
)
def test_what_is_made_final_stays_as_it_is(changes: dict[str, Any]) -> None:
    stage = staged(*SETTLED, "root finalizes")
    (final,) = stage.part.events
    changed = replace(final, standing=replace(final.standing, **changes))
    assert stage.refusal_of(changed) == "finalize does not leave market 1 as it says"
    option = replace(stage.books.betting.options[1][1], result=Result.LOSS)
    assert stage.refusal_of(replace(final, options=(option,))) == "finalize of market 1 changes results"


def test_no_other_step_makes_final() -> None:
    stage = staged(*SETTLED)
    moved, pool = stage.part.events
    changed = replace(moved, standing=replace(moved.standing, final=True))
    assert stage.refusal_of(changed, pool) == "settle does not leave market 1 as it says"


# Settling


def settling(*sentences: str) -> tuple[Stage, MatchMoved, list[Any]]:
    stage = staged(*sentences)
    moved, *rest = stage.part.events
    assert isinstance(moved, MatchMoved)
    return stage, moved, rest


def with_result(moved: MatchMoved, place: int, result: Result | None) -> MatchMoved:
    options = list(moved.options)
    options[place] = replace(options[place], result=result)
    return replace(moved, options=tuple(options))


@pytest.mark.parametrize("result", [Result.WIN, Result.PUSH, Result.HALF_LOSS, None])
def test_results_are_what_the_score_makes_of_them(result: Result | None) -> None:
    stage, moved, rest = settling(*SETTLED)
    assert stage.refusal_of(with_result(moved, 1, result), *rest).endswith(UNSAID)


@pytest.mark.parametrize("score", [(0, 0), (0, 1)])
def test_the_score_is_the_one_of_the_results(score: tuple[int, int]) -> None:
    stage, moved, rest = settling(*SETTLED)
    standing = replace(moved.standing, home_goals=score[0], away_goals=score[1])
    assert stage.refusal_of(replace(moved, standing=standing), *rest).endswith(UNSAID)


@pytest.mark.parametrize("changes", [{"home_goals": None}, {"away_goals": None}])
def test_there_is_no_half_of_a_score(changes: dict[str, Any]) -> None:
    """Without it, the results are still possible: home has won. But then nobody says that there was a score."""
    stage, moved, rest = settling(*SETTLED)
    changed = replace(moved, standing=replace(moved.standing, **changes))
    assert stage.refusal_of(changed, *rest) == "settle does not leave market 1 as it says"


@pytest.mark.parametrize("left_out", [0, 1, 2])
def test_no_option_is_left_out(left_out: int) -> None:
    stage, moved, rest = settling(*SETTLED)
    options = moved.options[:left_out] + moved.options[left_out + 1 :]
    assert stage.refusal_of(replace(moved, options=options), *rest).endswith(UNSAID)


def test_one_option_of_a_group_wins() -> None:
    stage, moved, _ = settling(*TWO, "root settles 1")
    said = "market 1 is settled with {} winners of an open group"
    assert stage.refusal_of(with_result(moved, 1, Result.WIN)) == said.format(2)
    assert stage.refusal_of(with_result(moved, 0, Result.LOSS)) == said.format(0)
    assert stage.refusal_of(with_result(moved, 1, Result.PUSH)).endswith(UNSAID)
    unknown = replace(moved, options=(replace(moved.options[0], number=99), *moved.options[1:]))
    assert stage.refusal_of(unknown) == said.format(1)


def test_a_group_is_not_settled_twice() -> None:
    stage, moved, _ = settling(*TWO, "root settles 1")
    standing = replace(moved.standing, number=moved.standing.number + 1)
    again = replace(moved, sequence=moved.sequence + 1, standing=standing)
    assert stage.refusal_of(moved, again) == "market 1 is settled with 1 winners of an open group"


def test_a_match_is_settled_with_its_last_group_and_not_before() -> None:
    stage, moved, _ = settling(*TWO, "root settles 1")
    early = replace(moved, step=Step.SETTLE, state=MarketState.SETTLED)
    assert stage.refusal_of(early) == "settle of market 1 does not fit what is left to settle"
    stage, moved, rest = settling(*TWO, "root settles 1", "root settles 4")
    late = replace(moved, step=Step.SETTLE_OPTION, state=MarketState.OPEN)
    assert stage.refusal_of(late, *rest) == "settle_option of market 1 does not fit what is left to settle"


@pytest.mark.parametrize("returned", ["1015", "1017", "0", "01016"])
def test_what_the_house_gets_is_said_rightly(returned: str) -> None:
    stage, moved, rest = settling(*SETTLED)
    assert moved.standing.returned == "1016"
    changed = replace(moved, standing=replace(moved.standing, returned=returned))
    assert stage.refusal_of(changed, *rest) == "settle does not leave market 1 as it says"


def test_the_house_gets_what_is_left_of_the_pool() -> None:
    stage, moved, (pool,) = settling(*SETTLED)
    assert pool.amount == -1_016
    said = "the pool of market 1 has {} more than it may have to pay"
    assert stage.refusal_of(moved) == said.format(1_016)
    assert stage.refusal_of(moved, replace(pool, amount=-1_017)) == said.format(-1)
    assert stage.refusal_of(moved, replace(pool, amount=-1_015)) == said.format(1)
    assert stage.refusal_of(moved, replace(pool, amount=0)).endswith("moves nothing")


# Taking back


def test_only_what_is_there_is_taken_back() -> None:
    stage, moved, _ = settling(*TWO, "root settles 1", "root rolls_back")
    (one, *others) = moved.options
    assert stage.refusal_of(replace(moved, options=())) == "market 1 takes results back that it does not have"
    other = replace(stage.books.betting.options[1][4], offered=True)
    assert stage.refusal_of(replace(moved, options=(other,))) == "market 1 takes results back that it does not have"
    assert stage.refusal_of(replace(moved, options=(one,))).endswith(UNSAID)
    assert stage.refusal_of(replace(moved, options=(one, *others, other))).endswith(UNSAID)
    assert stage.refusal_of(replace(moved, options=(replace(one, offered=False), *others))).endswith(UNSAID)
    assert stage.refusal_of(with_result(moved, 0, Result.LOSS)).endswith(UNSAID)


def test_of_a_match_that_is_over_whole_groups_are_taken_back() -> None:
    stage = staged(*TWO, "root settles 2:1", "root rolls_back")
    pool, moved = stage.part.events
    assert stage.refusal_of(pool, replace(moved, options=moved.options[:4])).endswith(UNSAID)
    standing = replace(moved.standing, settled=(GroupKind.TOTAL,))
    stage.accepts(pool, replace(moved, options=moved.options[:3], standing=standing))
    stage = staged(*TWO, "root settles 2:1", "root rolls_back 4")
    pool, moved = stage.part.events
    stage.accepts(pool, moved)
    assert [option.number for option in moved.options] == [4, 5]


def test_the_house_gives_back_what_it_got() -> None:
    stage = staged(*SETTLED, "root rolls_back")
    pool, moved = stage.part.events
    said = "the house gives {} back for market 1, where it got 1016"
    assert stage.refusal_of(replace(pool, amount=1_015), moved) == said.format(1_015)
    assert stage.refusal_of(replace(pool, amount=1_017), moved) == said.format(1_017)
    alone = replace(moved, sequence=moved.sequence - 1)
    assert stage.refusal_of(alone) == said.format(0)
    late = replace(pool, sequence=moved.sequence)
    assert stage.refusal_of(alone, late) == said.format(0)


@pytest.mark.parametrize("changes", [{"home_goals": 1, "away_goals": 0}, {"returned": "1016"}])
def test_nothing_of_the_settlement_stays(changes: dict[str, Any]) -> None:
    stage = staged(*SETTLED, "root rolls_back")
    pool, moved = stage.part.events
    changed = replace(moved, standing=replace(moved.standing, **changes))
    assert stage.refusal_of(pool, changed) == "roll_back does not leave market 1 as it says"


def test_what_was_paid_for_is_not_taken_back() -> None:
    """The part of a match that had not heard of the claim."""
    stage = staged(*SETTLED, "root rolls_back")
    pool, moved = stage.part.events
    claim = BetClaimed(pool.sequence, 1, ANN, 185)
    rest = [replace(event, sequence=event.sequence + 1) for event in (pool, moved)]
    assert stage.refusal_of(claim, *rest) == "bets on option 1 of market 1 have been claimed"


def test_a_void_pushes_everything_but_what_was_paid_for() -> None:
    stage = staged(*TWO, *BETS, "root voids", works=False)
    moved, pool = stage.part.events
    assert stage.refusal_of(with_result(moved, 0, Result.LOSS), pool).endswith(UNSAID)
    assert stage.refusal_of(replace(moved, options=moved.options[1:]), pool).endswith(UNSAID)
    stage = staged(*TWO, *BETS, "root settles 1", "root voids", works=False)
    moved, pool = stage.part.events
    claim = BetClaimed(moved.sequence, 1, ANN, 185)
    rest = [replace(event, sequence=event.sequence + 1) for event in (moved, pool)]
    assert stage.refusal_of(claim, *rest).endswith(UNSAID)
    stage = staged(*TWO, *BETS, "root settles 1", "ann claims 1", "root voids", works=False)
    moved, pool = stage.part.events
    assert [option.number for option in moved.options] == [4, 5]
    stage.accepts(moved, pool)
    kept = [replace(stage.books.betting.options[1][number], result=Result.PUSH) for number in (1, 2, 3)]
    assert stage.refusal_of(replace(moved, options=(*kept, *moved.options)), pool).endswith(UNSAID)
