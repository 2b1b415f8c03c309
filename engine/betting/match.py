"""A match as a market, and the odds that it shows. What never changes is its definition; odds come and go."""

import msgspec

from engine.ledger.assets import ASSETS
from engine.ledger.bets import LINE_ONE, ODDS_ONE
from engine.refusals import Refusal, Refused

ODDS_MIN = ODDS_ONE + 1  # 1.01: below it nothing can be won
ODDS_MAX = 1_000 * ODDS_ONE
LINE_MAX = 1_000 * LINE_ONE


class Match(msgspec.Struct, frozen=True):
    """The terms of a market; stakes and payouts are in units of `asset`."""

    league: str
    home_team: str
    away_team: str
    start_ms: int  # betting closes then, unless it goes on in play
    asset: str

    @property
    def title(self) -> str:
        return f"{self.home_team} vs {self.away_team}"


class Moneyline(msgspec.Struct, frozen=True):
    """Odds for who wins; without odds for a draw, a draw is a push."""

    home: int
    away: int
    draw: int | None = None


class Spread(msgspec.Struct, frozen=True):
    """Odds for who wins once the line (quarters) is added to the home side's goals."""

    line: int
    home: int
    away: int


class Total(msgspec.Struct, frozen=True):
    """Odds for how many goals fall, beside the line (quarters)."""

    line: int
    over: int
    under: int


class Board(msgspec.Struct, frozen=True):
    """What is offered at one time: at most one group of each kind."""

    moneyline: Moneyline | None = None
    spread: Spread | None = None
    total: Total | None = None


def make_match(
    *, league: str, home_team: str, away_team: str, start_ms: int, asset: str, now_ms: int
) -> Match | Refused:
    """Make the terms of a market; Refused(MALFORMED) says what does not fit."""
    for name, value in (("league", league), ("home_team", home_team), ("away_team", away_team)):
        if not value.strip():
            return Refused(Refusal.MALFORMED, f"{name} must not be empty")
    if home_team == away_team:
        return Refused(Refusal.MALFORMED, "home_team and away_team must be two")
    if start_ms <= now_ms:
        return Refused(Refusal.MALFORMED, "start_time must be in the future")
    if asset not in ASSETS:
        return Refused(Refusal.MALFORMED, f"there is no asset {asset}")
    return Match(league, home_team, away_team, start_ms, asset)


def refuse_board(board: Board) -> Refused | None:
    """Say what is wrong with odds or lines; None if nothing is."""
    for group in ("moneyline", "spread", "total"):
        offered = getattr(board, group)
        for field, value in () if offered is None else msgspec.structs.asdict(offered).items():
            problem = None if value is None else _problem(group, field, value)
            if problem is not None:
                return Refused(Refusal.MALFORMED, f"{group}.{field} {problem}")
    return None


def _problem(group: str, field: str, value: int) -> str | None:
    if field != "line":
        return None if ODDS_MIN <= value <= ODDS_MAX else "must be from 1.01 to 1000"
    if group == "total" and value <= 0:
        return "must be above 0"
    return None if -LINE_MAX <= value <= LINE_MAX else "must be from -1000 to 1000"
