"""The terms of a match, and which odds can be shown."""

from typing import Any

import pytest

from engine.betting.match import LINE_MAX, ODDS_MAX, Board, Match, Moneyline, Spread, Total, make_match, refuse_board
from engine.refusals import Refusal, Refused

TERMS: dict[str, Any] = {
    "league": "EPL",
    "home_team": "Köln",
    "away_team": "Ajax ☂",
    "start_ms": 1_001,
    "asset": "USD",
    "now_ms": 1_000,
}


def test_a_match_is_made_of_its_terms() -> None:
    match = make_match(**TERMS)
    assert match == Match("EPL", "Köln", "Ajax ☂", 1_001, "USD")
    assert match.title == "Köln vs Ajax ☂"


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"league": ""}, "league must not be empty"),
        ({"league": " \t"}, "league must not be empty"),
        ({"home_team": ""}, "home_team must not be empty"),
        ({"away_team": "\n"}, "away_team must not be empty"),
        ({"away_team": "Köln"}, "home_team and away_team must be two"),
        ({"start_ms": 1_000}, "start_time must be in the future"),
        ({"start_ms": -5}, "start_time must be in the future"),
        ({"asset": "TULIP"}, "there is no asset TULIP"),
    ],
)
def test_terms_that_do_not_fit(changes: dict[str, Any], said: str) -> None:
    assert make_match(**{**TERMS, **changes}) == Refused(Refusal.MALFORMED, said)


@pytest.mark.parametrize(
    "board",
    [
        Board(),
        Board(Moneyline(101, ODDS_MAX)),
        Board(Moneyline(101, 101, 101), Spread(-LINE_MAX, 101, 101), Total(1, 101, ODDS_MAX)),
        Board(spread=Spread(LINE_MAX, 190, 190), total=Total(LINE_MAX, 190, 190)),
        Board(spread=Spread(0, 190, 190)),
    ],
)
def test_odds_that_can_be_shown(board: Board) -> None:
    assert refuse_board(board) is None


ODDS = "must be from 1.01 to 1000"


@pytest.mark.parametrize(
    ("board", "said"),
    [
        (Board(Moneyline(100, 200)), f"moneyline.home {ODDS}"),
        (Board(Moneyline(200, ODDS_MAX + 1)), f"moneyline.away {ODDS}"),
        (Board(Moneyline(200, 200, 0)), f"moneyline.draw {ODDS}"),
        (Board(spread=Spread(0, -185, 200)), f"spread.home {ODDS}"),
        (Board(spread=Spread(0, 200, 100)), f"spread.away {ODDS}"),
        (Board(spread=Spread(LINE_MAX + 1, 200, 200)), "spread.line must be from -1000 to 1000"),
        (Board(spread=Spread(-LINE_MAX - 1, 200, 200)), "spread.line must be from -1000 to 1000"),
        (Board(total=Total(10, 100, 200)), f"total.over {ODDS}"),
        (Board(total=Total(10, 200, ODDS_MAX + 1)), f"total.under {ODDS}"),
        (Board(total=Total(0, 200, 200)), "total.line must be above 0"),
        (Board(total=Total(-1, 200, 200)), "total.line must be above 0"),
        (Board(total=Total(LINE_MAX + 1, 200, 200)), "total.line must be from -1000 to 1000"),
    ],
)
def test_odds_that_can_not(board: Board, said: str) -> None:
    assert refuse_board(board) == Refused(Refusal.MALFORMED, said)
