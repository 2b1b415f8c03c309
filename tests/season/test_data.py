"""How a season's file is read."""

import gzip
from pathlib import Path

import pytest

from tests.season.data import Groups, UnfitRow, hundredths, read_fixture, read_season

CELLS = """
Div=E0 HomeTeam=Liverpool AwayTeam=Norwich FTHG=4 FTAG=1 FTR=H
B365H=1.14 B365D=10 B365A=19 BWH=1.14 BWD=8.25 BWA=18.5 B365CH=1.14 B365CD=9.5 B365CA=21
B365>2.5=1.4 B365<2.5=3 B365C>2.5=1.3 B365C<2.5=3.5
AHh=-2.25 B365AHH=1.96 B365AHA=1.94 PAHH=1.97 PAHA=1.95 AHCh=-2 B365CAHH=1.91 B365CAHA=1.99
"""
ROW = dict(cell.split("=") for cell in CELLS.split())
OPENING: Groups = {
    "moneyline": {"home": 114, "draw": 1000, "away": 1900},
    "spread": {"line": -225, "home": 196, "away": 194},
    "total": {"line": 250, "over": 140, "under": 300},
}
CLOSING: Groups = {
    "moneyline": {"home": 114, "draw": 950, "away": 2100},
    "spread": {"line": -200, "home": 191, "away": 199},
    "total": {"line": 250, "over": 130, "under": 350},
}


def test_a_row_is_a_match_with_odds() -> None:
    fixture = read_fixture(ROW)
    assert (fixture.title, fixture.league) == ("Liverpool vs Norwich", "E0")
    assert (fixture.home_goals, fixture.away_goals) == (4, 1)
    assert (fixture.opening, fixture.closing, fixture.notes) == (OPENING, CLOSING, ())


@pytest.mark.parametrize("unfit", ["", "9.555", "1e1", "ten", "1.00"])
def test_another_bookmaker_helps_with_a_whole_group_and_it_is_said(unfit: str) -> None:
    fixture = read_fixture(ROW | {"B365D": unfit, "B365AHA": unfit})
    assert fixture.opening["moneyline"] == {"home": 114, "draw": 825, "away": 1850}
    assert fixture.opening["spread"] == {"line": -225, "home": 197, "away": 195}
    assert fixture.opening["total"] == OPENING["total"]
    assert fixture.notes == ("BWH, BWD, BWA instead of B365's", "PAHH, PAHA instead of B365's")


def test_who_has_odds_from_nobody_is_told_which() -> None:
    expected = r"Liverpool vs Norwich: no bookmaker has \*C>2.5, \*C<2.5 with at most two places"
    with pytest.raises(UnfitRow, match=expected):
        read_fixture(ROW | {"B365C<2.5": ""})


@pytest.mark.parametrize("line", ["", "-2.3", "0.125"])
def test_a_line_is_whole_half_or_quarter(line: str) -> None:
    with pytest.raises(UnfitRow, match=r"AHh '.*' is not a whole, half or quarter line"):
        read_fixture(ROW | {"AHh": line})


def test_goals_and_result_must_agree() -> None:
    with pytest.raises(UnfitRow, match="Liverpool vs Norwich: 4:1 is not D"):
        read_fixture(ROW | {"FTR": "D"})


@pytest.mark.parametrize(
    ("text", "expected"), [("1.96", 196), ("2", 200), ("9.5", 950), ("-0.25", -25), ("0", 0), ("", None), ("1.", None)]
)
def test_hundredths(text: str, expected: int | None) -> None:
    assert hundredths(text) == expected


def test_a_file_is_read_in_its_order(tmp_path: Path) -> None:
    rows = [ROW, ROW | {"HomeTeam": "West Ham", "AwayTeam": "Man City", "FTHG": "0", "FTAG": "5", "FTR": "A"}]
    lines = [",".join(ROW), *(",".join(row.values()) for row in rows)]
    path = tmp_path / "season.csv.gz"
    path.write_bytes(gzip.compress("".join(f"{line}\r\n" for line in lines).encode("utf-8-sig")))
    assert [fixture.title for fixture in read_season(path)] == ["Liverpool vs Norwich", "West Ham vs Man City"]
