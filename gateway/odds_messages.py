"""What clients see of odds: groups with odds as JSON numbers, and the messages of a match's stream.

The socket and REST make them here, so a message has the same content wherever it is read.
"""

import enum

import msgspec
from msgspec import UNSET, UnsetType

from actors.odds_quotes import OddsQuote
from engine.amounts import format_decimal
from engine.betting.bookkeeping import odds_channel
from engine.betting.lifecycle import MatchStanding
from engine.betting.match import Board, Moneyline, Spread, Total
from engine.ledger.bets import LINE_ONE, ODDS_ONE
from engine.ledger.records import MarketState, channel_key
from engine.products import BETTING
from gateway.rest.numbers import Number, shown_number
from gateway.shapes import Shape

DECIMALS = 2  # of odds, and of lines
QUARTER: int = 10**DECIMALS // LINE_ONE


class MatchStatus(enum.Enum):
    """Where a match stands; bets are taken in `active` and `in_play`."""

    SCHEDULED = "scheduled"
    ACTIVE = "active"
    SUSPENDED = "suspended"
    IN_PLAY = "in_play"
    CLOSED = "closed"
    SETTLED = "settled"
    VOID = "void"

    @property
    def state(self) -> MarketState:
        return MarketState.OPEN if self is MatchStatus.ACTIVE else MarketState[self.name]


STATUSES = {status.state: status for status in MatchStatus}


def shown_odds(odds: int) -> msgspec.Raw:
    """Show hundredths: 210 is 2.10."""
    return msgspec.Raw(f"{odds // ODDS_ONE}.{odds % ODDS_ONE:02}".encode())


def shown_line(quarters: int) -> msgspec.Raw:
    """Show a line: -9 is -2.25, 12 is 3.0."""
    return shown_number(format_decimal(quarters * QUARTER, DECIMALS))


class MoneylineView(Shape, frozen=True):
    """Who wins; without `draw`, a draw gives the stakes back."""

    home: Number
    away: Number
    draw: Number | UnsetType = UNSET


class SpreadView(Shape, frozen=True):
    """Who wins once the line is added to the home side's goals."""

    line: Number
    home: Number
    away: Number


class TotalView(Shape, frozen=True):
    """Whether more goals fall than the line, or fewer."""

    line: Number
    over: Number
    under: Number


class OddsGroups(Shape, frozen=True):
    """The board: null is not on it, or has its results. A match that takes no bets otherwise keeps its last one."""

    moneyline: MoneylineView | None
    spread: SpreadView | None
    total: TotalView | None


def odds_groups(board: Board) -> OddsGroups:
    """Show a board."""
    return OddsGroups(_moneyline_view(board.moneyline), _spread_view(board.spread), _total_view(board.total))


def _moneyline_view(offered: Moneyline | None) -> MoneylineView | None:
    if offered is None:
        return None
    draw = UNSET if offered.draw is None else shown_odds(offered.draw)
    return MoneylineView(shown_odds(offered.home), shown_odds(offered.away), draw)


def _spread_view(offered: Spread | None) -> SpreadView | None:
    if offered is None:
        return None
    return SpreadView(shown_line(offered.line), shown_odds(offered.home), shown_odds(offered.away))


def _total_view(offered: Total | None) -> TotalView | None:
    if offered is None:
        return None
    return TotalView(shown_line(offered.line), shown_odds(offered.over), shown_odds(offered.under))


class ScoreView(Shape, frozen=True):
    """The score that a match was settled by."""

    home: int
    away: int


def score_view(standing: MatchStanding) -> ScoreView | None:
    """Show the score, if there is one."""
    if standing.home_goals is None or standing.away_goals is None:
        return None
    return ScoreView(standing.home_goals, standing.away_goals)


class OddsPayload(Shape, frozen=True):
    """All that a message of the stream says: who has the newest has everything."""

    market_id: int
    status: MatchStatus
    moneyline: MoneylineView | None
    spread: SpreadView | None
    total: TotalView | None
    score: ScoreView | None


class OddsUpdate(Shape, frozen=True, tag_field="type", tag="odds_update"):
    """A message of a match's stream, numbered 1, 2, 3 by `seq`: other odds, or another status.

    It is the same on `/ws/odds`, where matches have their ids, and on `/ws`, where channels have names.
    """

    payload: OddsPayload
    seq: int
    ts: int
    market_id: int
    channel: str
    prev_seq: int


def odds_update(quote: OddsQuote) -> OddsUpdate:
    """Show what a stream told."""
    seq = quote.standing.number
    channel = odds_channel(channel_key(BETTING, str(quote.market_id)))
    return OddsUpdate(odds_payload(quote), seq, quote.now_ms, quote.market_id, channel, max(seq - 1, 0))


def odds_payload(quote: OddsQuote) -> OddsPayload:
    """Show how a match stood after a message."""
    standing = quote.standing
    groups = odds_groups(standing.offered)
    return OddsPayload(
        market_id=quote.market_id,
        status=STATUSES[quote.state],
        moneyline=groups.moneyline,
        spread=groups.spread,
        total=groups.total,
        score=score_view(standing),
    )
