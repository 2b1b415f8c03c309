"""What a stream may tell of a match, and what it must not."""

from typing import Any

import pytest

from tests.season.calculation import Selection
from tests.season.data import Groups
from tests.season.history import History, odds_shown

START_MS = 50
FIRST: Groups = {"moneyline": {"home": 185, "draw": 340, "away": 420}}
SECOND: Groups = {"moneyline": {"home": 190, "draw": 340, "away": 410}}
HOME = Selection("moneyline", "home")


def update(seq: int, status: str, board: Groups) -> dict[str, Any]:
    shown = {kind: {word: odds / 100 for word, odds in group.items()} for kind, group in board.items()}
    return {"seq": seq, "ts": 10 * seq, "payload": {"status": status, "spread": None, "total": None, **shown}}


def history(*steps: tuple[str, Groups]) -> History:
    noted = History()
    for step in steps:
        noted.note(*step)
    return noted


STEPS = (("scheduled", FIRST), ("active", FIRST), ("active", SECOND))
TOLD = [update(number, *step) for number, step in enumerate(STEPS, 1)]


def test_each_step_once_in_order() -> None:
    history(*STEPS).check(TOLD, START_MS)


@pytest.mark.parametrize(
    "told",
    [
        TOLD[:2],
        [*TOLD, update(4, "active", SECOND)],
        [TOLD[0], *TOLD],
        [TOLD[0], TOLD[2]],
        [*TOLD[:2], update(3, "active", FIRST)],
        [*TOLD[:2], update(3, "suspended", SECOND)],
        [*TOLD, update(4, "closed", SECOND)],  # before its start
    ],
)
def test_what_is_missing_twice_or_wrong_is_found(told: list[dict[str, Any]]) -> None:
    with pytest.raises(AssertionError):
        history(*STEPS).check(told, START_MS)


def test_its_start_closes_it_once_at_any_moment() -> None:
    """Whoever moves odds then still believes that it is active."""
    told = [*TOLD[:2], update(5, "closed", FIRST), update(6, "closed", SECOND)]
    told = [{**message, "seq": seq} for seq, message in enumerate(told, 1)]
    history(*STEPS).check(told, START_MS)
    with pytest.raises(AssertionError):
        history(*STEPS).check([*told, {**told[-1], "seq": 5}], START_MS)


def test_its_start_does_not_close_what_is_in_play() -> None:
    steps = (*STEPS, ("in_play", SECOND))
    told = [*TOLD, update(4, "in_play", SECOND)]
    history(*steps).check(told, START_MS)
    with pytest.raises(AssertionError):
        history(*steps).check([*told, update(5, "closed", SECOND)], START_MS)


def test_odds_are_shown_from_their_update_to_the_next() -> None:
    assert odds_shown(TOLD, HOME) == {185, 190}
    assert odds_shown(TOLD, HOME, 19) == set()  # scheduled
    assert odds_shown(TOLD, HOME, 25) == {185}
    assert odds_shown(TOLD, HOME, 30) == {185, 190}  # both in this millisecond
    assert odds_shown(TOLD, HOME, 29) == {185}
    assert odds_shown(TOLD, Selection("spread", "home", -25)) == set()
