"""What clients see of matches, options and bets: stakes and payouts as strings of whole smallest units.

The words are the specification's: `odds` of an option or a bet are hundredths (185), those of a group decimals (1.85).
"""

from collections.abc import Iterable
from typing import Literal

import msgspec
from msgspec import UNSET, UnsetType

from engine.amounts import divide_half_even, format_decimal
from engine.betting.commands import PoolStands
from engine.betting.lifecycle import read_standing
from engine.betting.match import Board, Match
from engine.betting.options import offered_by, overround
from engine.ledger.bets import Acceptance, BetRecord, GroupKind, OptionRecord, Pick, Result
from engine.ledger.records import MarketRecord, MarketState
from engine.products import read_definition
from gateway.odds_messages import (
    STATUSES,
    MatchStatus,
    MoneylineView,
    OddsGroups,
    OddsUpdate,
    ScoreView,
    SpreadView,
    TotalView,
    odds_groups,
    score_view,
    shown_line,
)
from gateway.rest.numbers import NULL, NumberOrNull, shown_number
from gateway.shapes import Shape

OVERROUND_DECIMALS = 4  # 1.0526: as much of it as anybody quotes

Source = Literal["cache", "db"]


class MatchView(msgspec.Struct, frozen=True):
    """A match in a list; `odds` is null while nothing is offered."""

    id: int
    league: str
    title: str
    home_team: str
    away_team: str
    status: MatchStatus
    start_time: int
    odds: OddsGroups | None


def match_view(record: MarketRecord) -> MatchView:
    """Show a match in a list."""
    match, standing = match_of(record), read_standing(record.standing)
    return MatchView(
        id=record.market_id,
        league=match.league,
        title=match.title,
        home_team=match.home_team,
        away_team=match.away_team,
        status=STATUSES[record.state],
        start_time=match.start_ms,
        odds=None if standing.offered == Board() else odds_groups(standing.offered),
    )


def match_of(record: MarketRecord) -> Match:
    """The terms of a match."""
    match: Match = read_definition(record.product, record.definition)
    return match


class ActiveMatchView(msgspec.Struct, frozen=True):
    """A match that takes bets; `category` is its league."""

    market_id: int
    title: str
    category: str
    status: MatchStatus
    start_time: int


def active_match_view(record: MarketRecord) -> ActiveMatchView:
    """Show a match in the list of those that take bets."""
    match = match_of(record)
    return ActiveMatchView(record.market_id, match.title, match.league, STATUSES[record.state], match.start_ms)


class OptionView(Shape, frozen=True):
    """One thing to bet on; of the options of one group one wins, or all give their stakes back in whole or half.

    `odds` are those offered last, in hundredths; one that is not `offered` takes no bets, but those on it stand.
    """

    number: int
    group: int
    kind: GroupKind
    pick: Pick
    line: NumberOrNull
    odds: int
    offered: bool
    result: Result | None


def option_view(option: OptionRecord) -> OptionView:
    """Show an option."""
    line = NULL if option.line_quarters is None else shown_line(option.line_quarters)
    return OptionView(
        option.number,
        option.group_number,
        option.kind,
        option.pick,
        line,
        option.odds,
        option.offered,
        option.result,
    )


class MatchDetail(msgspec.Struct, frozen=True):
    """A match with all that can be, or could be, bet on; `score` is what it was settled by, if by a score.

    `final`: nothing of it can be rolled back any more, whether something is claimed or not.
    For administrators also what its pool has, and what the bets may have to be paid, at worst; null: not to be told
    now, as the match is out of service or starting again.
    """

    id: int
    league: str
    title: str
    home_team: str
    away_team: str
    description: str
    status: MatchStatus
    start_time: int
    score: ScoreView | None
    final: bool
    asset: str
    created_at: int
    options: list[OptionView]
    pool: str | UnsetType | None = UNSET
    liability: str | UnsetType | None = UNSET


def match_detail(
    record: MarketRecord, options: Iterable[OptionRecord], pool: PoolStands | UnsetType | None
) -> MatchDetail:
    """Show a match with its options; with its pool, unless that is left out."""
    match, standing = match_of(record), read_standing(record.standing)
    return MatchDetail(
        id=record.market_id,
        league=match.league,
        title=match.title,
        home_team=match.home_team,
        away_team=match.away_team,
        description=standing.description,
        status=STATUSES[record.state],
        start_time=match.start_ms,
        score=score_view(standing),
        final=standing.final or record.state is MarketState.VOID,
        asset=match.asset,
        created_at=record.created_ms,
        options=[option_view(option) for option in options],
        pool=str(pool.money) if isinstance(pool, PoolStands) else pool,
        liability=str(pool.liability) if isinstance(pool, PoolStands) else pool,
    )


class OverroundView(Shape, frozen=True):
    """The sum of 1 / odds over each group that is offered: what is above 1 is the house's margin."""

    moneyline: NumberOrNull
    spread: NumberOrNull
    total: NumberOrNull


def overround_view(board: Board) -> OverroundView:
    """Show what the house's margins are."""
    shown = dict.fromkeys(GroupKind, NULL)
    for key, odds_of in offered_by(board).items():
        numerator, denominator = overround(odds_of.values())
        rounded = divide_half_even(numerator * 10**OVERROUND_DECIMALS, denominator)
        shown[key.kind] = shown_number(format_decimal(rounded, OVERROUND_DECIMALS))
    return OverroundView(shown[GroupKind.MONEYLINE], shown[GroupKind.SPREAD], shown[GroupKind.TOTAL])


class OddsDetail(Shape, frozen=True):
    """The odds of a match as of message `seq` of its stream, which was told at `timestamp`."""

    moneyline: MoneylineView | None
    spread: SpreadView | None
    total: TotalView | None
    overround: OverroundView
    seq: int
    timestamp: int
    source: Source


class MatchDetailView(Shape, frozen=True):
    """A match with its odds; the options are never older than the odds."""

    market: MatchDetail
    odds: OddsDetail


class OddsView(Shape, frozen=True):
    """The odds of a match; `odds_a`, `odds_b`, `odds_draw` are the moneyline's home, away and draw in hundredths."""

    market_id: int
    odds_a: int | None = msgspec.field(name="odds_a")
    odds_b: int | None = msgspec.field(name="odds_b")
    moneyline: MoneylineView | None
    spread: SpreadView | None
    total: TotalView | None
    seq: int
    timestamp: int
    source: Source
    odds_draw: int | UnsetType = msgspec.field(name="odds_draw", default=UNSET)


class OddsSnapshotView(OddsUpdate, frozen=True, tag="odds_update"):
    """The last message of a match's stream; `seq` is 0 before the first."""

    source: Source


class Owner(msgspec.Struct, frozen=True):
    """Whose a bet is, as far as its reader is told."""

    user_address: str | None  # null for who has no wallet
    user_id: int | UnsetType = UNSET  # for administrators, whose lists have bets of users without a wallet


class BetView(Shape, frozen=True):
    """A bet. `odds` are those it was taken at, `oddsAsked` those its customer saw.

    `potentialPayout` is null before the settlement, and from then on what can be, or was, claimed.
    """

    order_id: int
    user_address: str | None
    market_id: int
    amount: str
    odds: int
    option: int
    potential_payout: str | None
    settled: bool
    claimed: bool
    tx_hash: str
    claim_tx_hash: str | None
    client_bet_id: str | None
    odds_asked: int
    accept_odds: Acceptance
    result: Result | None
    created_at: int
    claimed_at: int | None
    user_id: int | UnsetType = UNSET


def bet_view(bet: BetRecord, owner: Owner) -> BetView:
    """Show a bet, and whose it is."""
    payout = bet.potential_payout
    return BetView(
        order_id=bet.bet_id,
        user_address=owner.user_address,
        market_id=bet.market_id,
        amount=str(bet.stake),
        odds=bet.odds,
        option=bet.option_number,
        potential_payout=None if payout is None else str(payout),
        settled=bet.result is not None,
        claimed=bet.payout is not None,
        tx_hash=bet.tx_hash,
        claim_tx_hash=bet.claim_tx_hash,
        client_bet_id=bet.client_bet_id,
        odds_asked=bet.odds_asked,
        accept_odds=bet.accept,
        result=bet.result,
        created_at=bet.created_ms,
        claimed_at=bet.claimed_ms,
        user_id=owner.user_id,
    )
