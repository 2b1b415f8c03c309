"""The options of a match: which there are, what a score makes of them, and what their bets may cost.

group        options              result, with v = what is left of the line, in quarters, for the first option
moneyline    home, away, (draw)   who wins; without draw as an option, a draw is a push
spread       home, away           v = 4 x (home - away) + line     v >= 2 win, 1 half-win, 0 push, -1 half-loss
total        over, under          v = 4 x (home + away) - line     the same; for the second option -v

A quarter line is half the stake on each of its two neighbours: that is where v = 1 and v = -1 come from.
"""

from collections.abc import Callable, Container, Iterable, Mapping
from functools import lru_cache

import msgspec
from msgspec.structs import replace

from engine.betting.match import Board
from engine.ledger.bets import (
    FACTOR_ONE,
    LINE_ONE,
    NO_TALLY,
    GroupKind,
    OptionRecord,
    Pick,
    Result,
    Tally,
    factor_parts,
    largest_covered,
    paid_by,
)

GROUPS_MAX = 100  # of one match: a line that moves makes a new group. What a bet costs to check stays bounded

PICKS = {
    GroupKind.MONEYLINE: (Pick.HOME, Pick.DRAW, Pick.AWAY),
    GroupKind.SPREAD: (Pick.HOME, Pick.AWAY),
    GroupKind.TOTAL: (Pick.OVER, Pick.UNDER),
}

TallyOf = Callable[[int], Tally]  # by an option's number
IsFinal = Callable[[int], bool]  # by an option's number: whether its result, if it has one, can't be taken back


class GroupKey(msgspec.Struct, frozen=True):
    """What makes a group: bets on another line, or with another meaning of a draw, are other bets."""

    kind: GroupKind
    has_draw: bool
    line: int | None  # quarters

    @property
    def picks(self) -> tuple[Pick, ...]:
        picks = PICKS[self.kind]
        return picks if self.kind is not GroupKind.MONEYLINE or self.has_draw else (Pick.HOME, Pick.AWAY)


def group_key(option: OptionRecord) -> GroupKey:
    """The group of an option."""
    return GroupKey(option.kind, option.has_draw, option.line_quarters)


def offered_by(board: Board) -> dict[GroupKey, dict[Pick, int]]:
    """The groups of a board, with the odds of each pick."""
    groups: dict[GroupKey, dict[Pick, int]] = {}
    if (moneyline := board.moneyline) is not None:
        odds = {Pick.HOME: moneyline.home, Pick.AWAY: moneyline.away}
        if moneyline.draw is not None:
            odds = {Pick.HOME: moneyline.home, Pick.DRAW: moneyline.draw, Pick.AWAY: moneyline.away}
        groups[GroupKey(GroupKind.MONEYLINE, moneyline.draw is not None, None)] = odds
    if (spread := board.spread) is not None:
        groups[GroupKey(GroupKind.SPREAD, False, spread.line)] = {Pick.HOME: spread.home, Pick.AWAY: spread.away}
    if (total := board.total) is not None:
        groups[GroupKey(GroupKind.TOTAL, False, total.line)] = {Pick.OVER: total.over, Pick.UNDER: total.under}
    return groups


def changed_by(market_id: int, options: Mapping[int, OptionRecord], board: Board) -> tuple[OptionRecord, ...]:
    """The rows that a new board makes or changes; what it does not show is not offered any more.

    What is settled may stay on the board as it was; it is not offered.
    """
    shown = offered_by(board)
    known = {(group_key(option), option.pick): option for option in options.values()}
    changed = [
        replace(option, offered=False)
        for option in options.values()
        if option.offered and group_key(option) not in shown
    ]
    groups = {group_key(option): option.group_number for option in options.values()}
    number = len(options)
    for key, odds_of in shown.items():
        group_number = groups.setdefault(key, len(groups) + 1)
        for pick, odds in odds_of.items():
            option = known.get((key, pick))
            if option is None:
                number += 1
                draw, line = key.has_draw, key.line
                changed.append(
                    OptionRecord(market_id, number, group_number, key.kind, pick, draw, line, odds, offered=True)
                )
            elif option.odds != odds or not (option.offered or option.result is not None):
                changed.append(replace(option, odds=odds, offered=True))
    return tuple(sorted(changed, key=lambda option: option.number))


def settled_on(board: Board, options: Iterable[OptionRecord]) -> tuple[GroupKind, ...]:
    """What a board shows that has its results already."""
    settled = {group_key(option) for option in options if option.result is not None}
    return tuple(key.kind for key in offered_by(board) if key in settled)


# Results


def result_of(key: GroupKey, pick: Pick, home: int, away: int) -> Result:
    """What a score makes of a pick."""
    if key.kind is GroupKind.MONEYLINE:
        return _moneyline_result(key, pick, home - away)
    assert key.line is not None
    left = LINE_ONE * (home - away) + key.line if key.kind is GroupKind.SPREAD else LINE_ONE * (home + away) - key.line
    if pick in (Pick.AWAY, Pick.UNDER):
        left = -left
    if left >= 2:
        return Result.WIN
    return {1: Result.HALF_WIN, 0: Result.PUSH, -1: Result.HALF_LOSS}.get(left, Result.LOSS)


def _moneyline_result(key: GroupKey, pick: Pick, margin: int) -> Result:
    if margin == 0 and not key.has_draw:
        return Result.PUSH
    right = Pick.HOME if margin > 0 else Pick.AWAY if margin < 0 else Pick.DRAW
    return Result.WIN if pick is right else Result.LOSS


def settled_by_score(options: Iterable[OptionRecord], home: int, away: int) -> tuple[OptionRecord, ...]:
    """The rows of all options that had no result yet."""
    return tuple(
        replace(option, result=result_of(group_key(option), option.pick, home, away), offered=False)
        for option in options
        if option.result is None
    )


def settled_by_option(options: Iterable[OptionRecord], winner: OptionRecord) -> tuple[OptionRecord, ...]:
    """The rows of the winner's group: it wins, the others lose."""
    return tuple(
        replace(option, result=Result.WIN if option.number == winner.number else Result.LOSS, offered=False)
        for option in options
        if option.group_number == winner.group_number
    )


def rolled_back(options: Iterable[OptionRecord], board: Board) -> tuple[OptionRecord, ...]:
    """The rows of settled options as if they never had been: what the board shows is offered again."""
    shown = offered_by(board)
    return tuple(replace(option, result=None, offered=group_key(option) in shown) for option in options)


def voided(options: Iterable[OptionRecord], final_groups: Container[int]) -> tuple[OptionRecord, ...]:
    """The rows of all options whose results are not final when there is no match: every stake comes back."""
    return tuple(
        replace(option, result=Result.PUSH, offered=False)
        for option in options
        if option.group_number not in final_groups
    )


# What the bets may cost


@lru_cache(maxsize=10_000)
def outcomes(key: GroupKey) -> tuple[Mapping[Pick, Result], ...]:
    """Everything that can become of a group: by every score that matters, or because one pick is said to win."""
    picks = key.picks
    named = [{pick: Result.WIN if pick is winner else Result.LOSS for pick in picks} for winner in picks]
    by_score = [{pick: result_of(key, pick, *score) for pick in picks} for score in _scores(key)]
    found: list[Mapping[Pick, Result]] = []
    for outcome in named + by_score:
        if outcome not in found:
            found.append(outcome)
    return tuple(found)


def _scores(key: GroupKey) -> list[tuple[int, int]]:
    """Scores around the line: beyond them all is won or lost."""
    line = 0 if key.line is None else key.line
    if key.kind is GroupKind.TOTAL:
        middle = line // LINE_ONE
        return [(goals, 0) for goals in range(max(0, middle - 1), middle + 3)]
    middle = -line // LINE_ONE
    return [(max(margin, 0), max(-margin, 0)) for margin in range(middle - 2, middle + 4)]


def worst(options: Iterable[OptionRecord], tally_of: TallyOf, is_final: IsFinal) -> int:
    """What the bets on all options may have to be paid: the worst of each group, or its result if that is final.

    A result that is not final frees nothing, so that it can be taken back whatever has been staked since.
    """
    groups: dict[int, list[OptionRecord]] = {}
    for option in options:
        groups.setdefault(option.group_number, []).append(option)
    return sum(_worst_of_group(group, tally_of, is_final) for group in groups.values())


def _worst_of_group(group: list[OptionRecord], tally_of: TallyOf, is_final: IsFinal) -> int:
    if all(option.result is not None for option in group) and any(is_final(option.number) for option in group):
        return sum(paid_by(tally_of(option.number), option.result) for option in group if option.result is not None)
    tallies = {option.pick: tally_of(option.number) for option in group}
    if all(tally == NO_TALLY for tally in tallies.values()):
        return 0
    return max(_paid_in(outcome, tallies) for outcome in outcomes(group_key(group[0])))


def _paid_in(outcome: Mapping[Pick, Result], tallies: Mapping[Pick, Tally]) -> int:
    return sum(paid_by(tally, outcome[pick]) for pick, tally in tallies.items())


def largest_stake(
    options: Iterable[OptionRecord], tally_of: TallyOf, is_final: IsFinal, option: OptionRecord, pool: int
) -> int | None:
    """The largest stake on an option that the pool covers, the stake included; None: any.

    For each outcome: others' payouts + floor(stake x f) <= pool + stake, with f the option's factor there. Where f > 1
    that is stake x (f - 1) < slack + 1, where slack is what the outcome leaves of the pool.
    """
    options = tuple(options)
    group = [other for other in options if other.group_number == option.group_number]
    others = worst((other for other in options if other.group_number != option.group_number), tally_of, is_final)
    tallies = {other.pick: tally_of(other.number) for other in group}
    limits = []
    for outcome in outcomes(group_key(option)):
        gain = factor_parts(option.odds, outcome[option.pick]) - FACTOR_ONE
        if gain > 0:
            slack = pool - others - _paid_in(outcome, tallies)
            limits.append(largest_covered(slack, gain, FACTOR_ONE))
    return min(limits, default=None)


def overround(odds: Iterable[int]) -> tuple[int, int]:
    """The sum of 1 / odds over a group, as a fraction: what of each stake is above 1 is the house's margin."""
    odds = tuple(odds)
    numerator, denominator = 0, 1
    for each in odds:
        numerator, denominator = numerator * each + 100 * denominator, denominator * each
    return numerator, denominator
