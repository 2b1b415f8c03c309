"""What scores make of options, by hand for every kind of line; which options a board makes."""

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from engine.betting.match import Board, Moneyline, Spread, Total
from engine.betting.options import (
    GroupKey,
    changed_by,
    group_key,
    offered_by,
    outcomes,
    overround,
    result_of,
    rolled_back,
    settled_by_option,
    settled_by_score,
    voided,
)
from engine.ledger.bets import GroupKind, OptionRecord, Pick, Result
from tests.engine.betting.options import MARKET, key, options_of
from tests.engine.drawings import cells

# For each score, what becomes of the first option and of the last: W in, half w in, P ush, half l oss, L oss.
RESULTS = """
    group          | 0:0 | 1:0 | 0:1 | 2:0 | 3:1
    moneyline      | P P | W L | L W | W L | W L
    moneyline draw | L L | W L | L W | W L | W L
    spread 0       | P P | W L | L W | W L | W L
    spread -0.25   | l w | W L | L W | W L | W L
    spread -0.5    | L W | W L | L W | W L | W L
    spread -0.75   | L W | w l | L W | W L | W L
    spread -1      | L W | P P | L W | W L | W L
    spread -1.25   | L W | l w | L W | W L | W L
    spread -1.5    | L W | L W | L W | W L | W L
    spread -1.75   | L W | L W | L W | w l | w l
    spread -2      | L W | L W | L W | P P | P P
    spread -2.25   | L W | L W | L W | l w | l w
    spread 0.25    | w l | W L | L W | W L | W L
    spread 0.5     | W L | W L | L W | W L | W L
    spread 0.75    | W L | W L | l w | W L | W L
    spread 1       | W L | W L | P P | W L | W L
    spread 1.25    | W L | W L | w l | W L | W L
    spread 1.5     | W L | W L | W L | W L | W L
    total 0.25     | l w | W L | W L | W L | W L
    total 0.5      | L W | W L | W L | W L | W L
    total 0.75     | L W | w l | w l | W L | W L
    total 1        | L W | P P | P P | W L | W L
    total 1.25     | L W | l w | l w | W L | W L
    total 1.5      | L W | L W | L W | W L | W L
    total 2        | L W | L W | L W | P P | W L
    total 3.75     | L W | L W | L W | L W | w l
    total 4        | L W | L W | L W | L W | P P
    total 4.25     | L W | L W | L W | L W | l w
    total 219.5    | L W | L W | L W | L W | L W
"""
HEADER, *ROWS = cells(RESULTS)
LETTERS = {
    Result.WIN: "W",
    Result.HALF_WIN: "w",
    Result.PUSH: "P",
    Result.HALF_LOSS: "l",
    Result.LOSS: "L",
}

GROUPS = st.one_of(
    st.sampled_from(["moneyline", "moneyline draw"]),
    st.integers(-60, 60).map(lambda quarters: f"spread {quarters / 4}"),
    st.integers(1, 120).map(lambda quarters: f"total {quarters / 4}"),
)
GOALS = st.integers(0, 12)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0])
def test_results_by_hand(row: list[str]) -> None:
    group = key(row[0])
    first, last = group.picks[0], group.picks[-1]
    for score, said in zip(HEADER[1:], row[1:], strict=True):
        home, away = map(int, score.split(":"))
        assert [LETTERS[result_of(group, pick, home, away)] for pick in (first, last)] == said.split(), score


@pytest.mark.parametrize(("home", "away", "result"), [(0, 0, "win"), (3, 3, "win"), (1, 0, "loss"), (0, 2, "loss")])
def test_the_draw_is_an_option_of_its_own(home: int, away: int, result: str) -> None:
    assert result_of(key("moneyline draw"), Pick.DRAW, home, away) is Result(result)


@pytest.mark.parametrize("kind", ["moneyline", "spread", "total"])
def test_every_score_is_among_the_outcomes(kind: str) -> None:
    """For every line that a score up to 12 : 12 comes near."""
    lines = {"moneyline": ["", "draw"], "spread": range(-54, 55), "total": range(1, 103)}[kind]
    for line in lines:
        group = key(f"{kind} {line / 4}" if isinstance(line, int) else f"{kind} {line}")
        complete = outcomes(group)
        for home, away in product(range(13), repeat=2):
            assert {pick: result_of(group, pick, home, away) for pick in group.picks} in complete, (line, home, away)


@given(group=GROUPS)
def test_every_pick_can_be_named_the_winner(group: str) -> None:
    for winner in key(group).picks:
        named = {pick: Result.WIN if pick is winner else Result.LOSS for pick in key(group).picks}
        assert named in outcomes(key(group))


@given(group=GROUPS)
def test_no_outcome_is_there_twice_and_there_are_few(group: str) -> None:
    found = outcomes(key(group))
    assert len(found) == len([outcome for number, outcome in enumerate(found) if outcome not in found[:number]])
    assert len(found) <= 4


@given(group=GROUPS, home=GOALS, away=GOALS)
def test_of_two_options_one_gets_what_the_other_does_not(group: str, home: int, away: int) -> None:
    opposite = {
        Result.WIN: Result.LOSS,
        Result.HALF_WIN: Result.HALF_LOSS,
        Result.PUSH: Result.PUSH,
        Result.HALF_LOSS: Result.HALF_WIN,
        Result.LOSS: Result.WIN,
    }
    if len(key(group).picks) == 2:
        first, second = (result_of(key(group), pick, home, away) for pick in key(group).picks)
        assert second is opposite[first]


# What a board makes


BOARD = Board(Moneyline(185, 420, 340), Spread(-1, 190, 195), Total(10, 188, 192))


def written(board: Board, known: dict[int, OptionRecord] | None = None) -> list[tuple[int, int, str, int, bool]]:
    rows = changed_by(MARKET, known or {}, board)
    return [(o.number, o.group_number, o.pick.value, o.odds, o.offered) for o in rows]


def test_a_first_board_makes_options_numbered_in_its_order() -> None:
    assert written(BOARD) == [
        (1, 1, "home", 185, True),
        (2, 1, "draw", 340, True),
        (3, 1, "away", 420, True),
        (4, 2, "home", 190, True),
        (5, 2, "away", 195, True),
        (6, 3, "over", 188, True),
        (7, 3, "under", 192, True),
    ]
    assert [group_key(option) for option in changed_by(MARKET, {}, BOARD)] == [
        *[key("moneyline draw")] * 3,
        *[key("spread -0.25")] * 2,
        *[key("total 2.5")] * 2,
    ]


def known_after(*boards: Board) -> dict[int, OptionRecord]:
    options: dict[int, OptionRecord] = {}
    for board in boards:
        options |= {option.number: option for option in changed_by(MARKET, options, board)}
    return options


def test_the_same_board_again_changes_nothing() -> None:
    assert written(BOARD, known_after(BOARD)) == []


def test_other_odds_change_their_options_alone() -> None:
    other = replace(BOARD, moneyline=Moneyline(185, 420, 350))
    assert written(other, known_after(BOARD)) == [(2, 1, "draw", 350, True)]


def test_another_line_is_another_group_and_the_old_one_is_not_offered_any_more() -> None:
    other = replace(BOARD, spread=Spread(-3, 190, 195))
    assert written(other, known_after(BOARD)) == [
        (4, 2, "home", 190, False),
        (5, 2, "away", 195, False),
        (8, 4, "home", 190, True),
        (9, 4, "away", 195, True),
    ]


def test_a_line_that_comes_back_is_the_group_that_it_was() -> None:
    options = known_after(BOARD, replace(BOARD, spread=Spread(-3, 190, 195)))
    assert written(replace(BOARD, spread=Spread(-1, 191, 195)), options) == [
        (4, 2, "home", 191, True),
        (5, 2, "away", 195, True),
        (8, 4, "home", 190, False),
        (9, 4, "away", 195, False),
    ]


def test_who_wins_with_a_draw_and_without_are_two_groups() -> None:
    options = known_after(Board(Moneyline(185, 420, 340)))
    assert written(Board(Moneyline(150, 250)), options) == [
        (1, 1, "home", 185, False),
        (2, 1, "draw", 340, False),
        (3, 1, "away", 420, False),
        (4, 2, "home", 150, True),
        (5, 2, "away", 250, True),
    ]


def test_what_is_settled_stays_as_it_is_while_the_board_shows_it_as_it_was() -> None:
    options = known_after(BOARD)
    for option in settled_by_option(list(options.values()), options[1]):
        options[option.number] = option
    assert written(replace(BOARD, total=None), options) == [(6, 3, "over", 188, False), (7, 3, "under", 192, False)]
    assert written(replace(BOARD, moneyline=None), options) == []
    assert [row[:1] for row in written(replace(BOARD, moneyline=Moneyline(186, 420, 340)), options)] == [(1,)]


def test_an_empty_board_offers_nothing() -> None:
    assert offered_by(Board()) == {}
    assert [row[-1] for row in written(Board(), known_after(BOARD))] == [False] * 7


# Settling


def test_a_score_settles_what_has_no_result_yet() -> None:
    options = options_of("moneyline draw", "spread -0.25", "total 2.5")
    options[4] = replace(options[4], result=Result.PUSH, offered=False)
    settled = settled_by_score(options.values(), 1, 1)
    assert [(o.number, o.result and o.result.value, o.offered) for o in settled] == [
        (1, "loss", False),
        (2, "win", False),
        (3, "loss", False),
        (5, "half_win", False),
        (6, "loss", False),
        (7, "win", False),
    ]


def test_a_winner_settles_its_group_alone() -> None:
    options = options_of("moneyline draw", "total 2.5")
    settled = settled_by_option(options.values(), options[3])
    assert [(o.number, o.result and o.result.value) for o in settled] == [(1, "loss"), (2, "loss"), (3, "win")]
    assert not any(option.offered for option in settled)


def test_a_void_pushes_everything() -> None:
    options = options_of("moneyline draw", "total 2.5")
    options[4] = replace(options[4], result=Result.WIN, offered=False)
    assert {(option.result, option.offered) for option in voided(options.values(), ())} == {(Result.PUSH, False)}


def test_a_void_leaves_final_groups() -> None:
    options = options_of("moneyline draw", "total 2.5", "spread 0")
    assert [option.number for option in voided(options.values(), {2})] == [1, 2, 3, 6, 7]


def test_what_is_rolled_back_is_offered_again_if_the_board_shows_it() -> None:
    options = known_after(BOARD, replace(BOARD, spread=Spread(-3, 190, 195)))
    board = replace(BOARD, spread=Spread(-3, 190, 195))
    settled = settled_by_score(options.values(), 2, 2)
    assert rolled_back(settled, board) == tuple(options.values())


# The house's margin


@pytest.mark.parametrize(
    ("odds", "fraction"),
    [((200, 200), (1, 1)), ((190, 190), (20, 19)), ((300, 300, 300), (1, 1)), ((101, 100_000), (100101, 101_000))],
)
def test_the_overround_is_exact(odds: tuple[int, ...], fraction: tuple[int, int]) -> None:
    numerator, denominator = overround(odds)
    assert numerator * fraction[1] == denominator * fraction[0]


def test_keys_say_what_makes_a_group() -> None:
    assert key("moneyline") == GroupKey(GroupKind.MONEYLINE, False, None)
    assert key("moneyline").picks == (Pick.HOME, Pick.AWAY)
    assert key("moneyline draw").picks == (Pick.HOME, Pick.DRAW, Pick.AWAY)
    assert key("spread -2.25") == GroupKey(GroupKind.SPREAD, False, -9)
