"""What bets come to, from the goals alone: exact fractions, by the specification's words, with no line of the exchange.

A line is whole or half, or a quarter: then half the stake is on each of its two neighbours, each settled on its own.
What a bet is paid is rounded down to whole units once, at the end.
"""

from collections.abc import Iterable
from fractions import Fraction

import msgspec

QUARTER = Fraction(1, 4)
GOALS_MAX = 30  # of one side, when the worst is looked for: far beyond every line and every football match


class Selection(msgspec.Struct, frozen=True):
    """What somebody bets on: a group of options is one kind at one line."""

    kind: str  # moneyline, spread, total
    pick: str  # home, draw, away; over, under
    line: int | None = None  # hundredths; on the home side's goals, or for a total what the goals are compared with

    @property
    def group(self) -> tuple[str, int | None]:
        return self.kind, self.line


class Slip(msgspec.Struct, frozen=True):
    """A bet that was taken; odds in hundredths, stake in smallest units."""

    selection: Selection
    stake: int
    odds: int


def payout(slip: Slip, home: int, away: int) -> int:
    """What a bet is paid at a score, in whole units."""
    paid = slip.stake * _returned(slip.selection, Fraction(slip.odds, 100), home, away)
    return paid.numerator // paid.denominator


def _returned(selection: Selection, odds: Fraction, home: int, away: int) -> Fraction:
    """What comes back for each unit of stake."""
    if selection.kind == "moneyline":
        right = "home" if home > away else "away" if away > home else "draw"
        return odds if selection.pick == right else Fraction(0)
    assert selection.line is not None
    line = Fraction(selection.line, 100)
    if line % Fraction(1, 2) == 0:
        return _at_line(selection, line, odds, home, away)
    lower = _at_line(selection, line - QUARTER, odds, home, away)
    upper = _at_line(selection, line + QUARTER, odds, home, away)
    return (lower + upper) / 2


def _at_line(selection: Selection, line: Fraction, odds: Fraction, home: int, away: int) -> Fraction:
    """The same on a whole or half line: it wins, or comes back, or is lost."""
    ahead = {
        ("spread", "home"): home + line - away,
        ("spread", "away"): away - (home + line),
        ("total", "over"): home + away - line,
        ("total", "under"): line - (home + away),
    }[selection.kind, selection.pick]
    return odds if ahead > 0 else Fraction(1) if ahead == 0 else Fraction(0)


def liability(slips: Iterable[Slip]) -> int:
    """What all these may have to be paid: for each group its worst score, whatever that is in the others."""
    groups: dict[tuple[str, int | None], list[Slip]] = {}
    for slip in slips:
        groups.setdefault(slip.selection.group, []).append(slip)
    return sum(
        max(sum(payout(slip, *score) for slip in group) for score in _scores(group)) for group in groups.values()
    )


def _scores(group: list[Slip]) -> list[tuple[int, int]]:
    """Scores of all margins, or of all totals."""
    if group[0].selection.kind == "total":
        return [(goals, 0) for goals in range(GOALS_MAX)]
    return [(max(margin, 0), max(-margin, 0)) for margin in range(-GOALS_MAX, GOALS_MAX)]


def accumulated(stake: int, legs: Iterable[tuple[Selection, int, tuple[int, int]]]) -> int:
    """What an accumulator is paid, in whole units: each leg is a selection, its odds in hundredths, and the score."""
    paid = Fraction(stake)
    for selection, odds, score in legs:
        paid *= _returned(selection, Fraction(odds, 100), *score)
    return paid.numerator // paid.denominator
