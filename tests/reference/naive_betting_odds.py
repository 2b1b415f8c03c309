"""What a bet is worth, as one would explain it to a customer: exact fractions, and every score up to 15 : 15.

A line that ends in a quarter is two bets, each of half the stake: one on the line below it, one on the line above.
"""

from fractions import Fraction
from functools import cache
from itertools import product
from math import floor
from typing import NamedTuple

Fate = tuple[Fraction, Fraction]  # of a stake: what share of it has won, what share comes back

SCORES = tuple(product(range(16), repeat=2))
PICKS = {"moneyline": ("home", "away"), "spread": ("home", "away"), "total": ("over", "under")}
WON, LOST = (Fraction(1), Fraction(0)), (Fraction(0), Fraction(0))
NAMES = {
    WON: "win",
    (Fraction(1, 2), Fraction(1, 2)): "half_win",
    (Fraction(0), Fraction(1)): "push",
    (Fraction(0), Fraction(1, 2)): "half_loss",
    LOST: "loss",
}


class Terms(NamedTuple):
    """What a group of options is about."""

    kind: str
    line: Fraction | None = None
    has_draw: bool = False

    @property
    def picks(self) -> tuple[str, ...]:
        return ("home", "draw", "away") if self.has_draw else PICKS[self.kind]


@cache
def fate(terms: Terms, pick: str, home: int, away: int) -> Fate:
    """What a score makes of a pick."""
    if terms.line is not None and (2 * terms.line).denominator != 1:
        below, above = (
            fate(terms._replace(line=terms.line + step), pick, home, away) for step in (Fraction(-1, 4), Fraction(1, 4))
        )
        return ((below[0] + above[0]) / 2, (below[1] + above[1]) / 2)
    if pick == "draw":
        return WON if home == away else LOST
    if terms.has_draw and home == away:
        return LOST
    line = terms.line or 0
    ahead = {
        "home": home + line - away,
        "away": away - home - line,
        "over": home + away - line,
        "under": line - home - away,
    }[pick]
    return (Fraction(ahead > 0), Fraction(ahead == 0))


def named(terms: Terms, winner: str) -> dict[str, Fate]:
    """Somebody says who has won."""
    return {pick: WON if pick == winner else LOST for pick in terms.picks}


def scored(terms: Terms, home: int, away: int) -> dict[str, Fate]:
    return {pick: fate(terms, pick, home, away) for pick in terms.picks}


@cache
def outcomes(terms: Terms) -> tuple[dict[str, Fate], ...]:
    """All that can become of a group: every score, and every name; what comes to the same is here once."""
    found = [scored(terms, *score) for score in SCORES] + [named(terms, pick) for pick in terms.picks]
    return tuple(outcome for number, outcome in enumerate(found) if outcome not in found[:number])


def paid(stake: int, odds: Fraction, what: Fate) -> int:
    won, refunded = what
    return floor(stake * (won * odds + refunded))
