"""What a match offers at one time, in the API's words and in hundredths: {"total": {"line": 250, "over": 140, ...}}."""

import random
from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from tests.season.calculation import Selection
from tests.season.data import Groups

KINDS = ("moneyline", "spread", "total")
ODDS_MIN = 101


def groups_of(shown: Mapping[str, Any]) -> Groups:
    """Read the board in an answer or a message; what is not offered is left out."""
    return {
        kind: {word: round(value * 100) for word, value in shown[kind].items()}
        for kind in KINDS
        if shown[kind] is not None
    }


def payload_of(groups: Groups) -> dict[str, dict[str, float]]:
    """Write it for a request: hundredths are floats' shortest form, such as 1.96."""
    return {kind: {word: value / 100 for word, value in group.items()} for kind, group in groups.items()}


def selections(board: Groups) -> list[Selection]:
    """What can be bet on."""
    return [
        Selection(kind, word, group.get("line")) for kind, group in board.items() for word in group if word != "line"
    ]


def odds_of(board: Groups, selection: Selection) -> int | None:
    """The odds of a selection; None if it is not offered."""
    group = board.get(selection.kind)
    return group[selection.pick] if group is not None and group.get("line") == selection.line else None


def overround(group: Mapping[str, int]) -> Fraction:
    """The sum of 1 / odds: what is above 1 is the house's margin."""
    return sum((Fraction(100, odds) for word, odds in group.items() if word != "line"), Fraction(0))


def moved(board: Groups, chance: random.Random, *, line_moves: bool) -> Groups:
    """Move the odds of one group, or of all, by about a twentieth; another line of the spread is another group."""
    groups = {kind: dict(group) for kind, group in board.items()}
    for kind in chance.choice((("moneyline",), ("spread",), ("total",), KINDS)):
        for word, value in groups[kind].items():
            if word != "line":
                groups[kind][word] = max(ODDS_MIN, value + chance.choice((-1, 1)) * (1 + value // 20))
    if line_moves:
        groups["spread"]["line"] += chance.choice((-25, 25))
    return groups
