"""Reads a season of football-data.co.uk: who played, how it ended, and what bookmakers offered before and at the start.

group       opening columns                   closing columns               the same of other bookmakers, in this order
moneyline   B365H    B365D    B365A           B365CH  B365CD   B365CA       BW  IW  PS  WH  VC
spread      AHh      B365AHH  B365AHA         AHCh    B365CAHH B365CAHA     P  Max  Avg
total       (2.5)    B365>2.5 B365<2.5        (2.5)   B365C>2.5 B365C<2.5   P  Max  Avg

A group comes from one bookmaker: the first whose odds are all there, with at most two places. AHh is the home side's.
"""

import csv
import gzip
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import msgspec

TOTAL_LINE = 250  # the only one that these files have, in hundredths

MAIN = "B365"
OF_RESULTS = (MAIN, "BW", "IW", "PS", "WH", "VC")
OF_GOALS = (MAIN, "P", "Max", "Avg")

Groups = dict[str, dict[str, int]]  # moneyline, spread, total, in the API's words; odds and lines in hundredths


class Fixture(msgspec.Struct, frozen=True):
    """A match as it was played. `notes` say where another bookmaker had to help."""

    league: str
    home_team: str
    away_team: str
    home_goals: int
    away_goals: int
    opening: Groups
    closing: Groups
    notes: tuple[str, ...]

    @property
    def title(self) -> str:
        return f"{self.home_team} vs {self.away_team}"


class UnfitRow(Exception):
    """A match can't be played from this row; the text says which, and why."""


def read_season(path: Path) -> Iterator[Fixture]:
    """Read a gzipped file in its order. Raises UnfitRow."""
    with gzip.open(path, "rt", encoding="utf-8-sig", newline="") as lines:
        for row in csv.DictReader(lines):
            yield read_fixture(row)


def read_fixture(row: Mapping[str, str]) -> Fixture:
    """Read one match. Raises UnfitRow."""
    title = f"{row['HomeTeam']} vs {row['AwayTeam']}"
    home_goals, away_goals = int(row["FTHG"]), int(row["FTAG"])
    if row["FTR"] != _winner(home_goals, away_goals):
        raise UnfitRow(f"{title}: {home_goals}:{away_goals} is not {row['FTR']}")
    notes: list[str] = []
    try:
        opening, closing = _groups(row, "", notes), _groups(row, "C", notes)
    except UnfitRow as unfit:
        raise UnfitRow(f"{title}: {unfit}") from None
    return Fixture(row["Div"], row["HomeTeam"], row["AwayTeam"], home_goals, away_goals, opening, closing, tuple(notes))


def _winner(home_goals: int, away_goals: int) -> str:
    return "H" if home_goals > away_goals else "A" if home_goals < away_goals else "D"


def _groups(row: Mapping[str, str], when: str, notes: list[str]) -> Groups:
    """Read the odds of the opening (`when` is nothing), or of the close ("C")."""
    line_column = f"AH{when}h"
    line = hundredths(row.get(line_column, ""))
    if line is None or line % 25:
        raise UnfitRow(f"{line_column} {row.get(line_column)!r} is not a whole, half or quarter line")
    home, draw, away = _first(row, OF_RESULTS, ("{}" + when + "H", "{}" + when + "D", "{}" + when + "A"), notes)
    spread_home, spread_away = _first(row, OF_GOALS, ("{}" + when + "AHH", "{}" + when + "AHA"), notes)
    over, under = _first(row, OF_GOALS, ("{}" + when + ">2.5", "{}" + when + "<2.5"), notes)
    return {
        "moneyline": {"home": home, "draw": draw, "away": away},
        "spread": {"line": line, "home": spread_home, "away": spread_away},
        "total": {"line": TOTAL_LINE, "over": over, "under": under},
    }


def _first(
    row: Mapping[str, str], bookmakers: tuple[str, ...], columns: tuple[str, ...], notes: list[str]
) -> list[int]:
    """The odds of the first bookmaker that has all of them. Raises UnfitRow."""
    for bookmaker in bookmakers:
        names = [column.format(bookmaker) for column in columns]
        odds = [hundredths(row.get(name, "")) for name in names]
        found = [value for value in odds if value is not None and value > 100]
        if len(found) == len(columns):
            if notes_of := [name for name in names if bookmaker != MAIN]:
                notes.append(f"{', '.join(notes_of)} instead of {MAIN}'s")
            return found
    raise UnfitRow(f"no bookmaker has {', '.join(column.format('*') for column in columns)} with at most two places")


def hundredths(text: str) -> int | None:
    """Read a decimal with at most two places: "-2.25" is -225. None for anything else."""
    found = re.fullmatch(r"(-?)([0-9]{1,6})(?:\.([0-9]{1,2}))?", text, re.ASCII)
    if found is None:
        return None
    sign, whole, places = found.groups()
    number = 100 * int(whole) + int((places or "").ljust(2, "0"))
    return -number if sign else number
