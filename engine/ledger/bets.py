"""Bets as the ledger keeps them: their rows, what a result pays, and what a pool may have to pay in all.

result      win      push      half-win      half-loss      loss
won         1        0         1/2           0              0
refunded    0        1         1/2           1/2            0          payout = stake x (won x odds + refunded)

Odds are whole hundredths (185 is 1.85), so each is an exact fraction. A line is counted in quarters of a goal or point.
"""

import enum

import msgspec

ODDS_ONE = 100  # odds are counted in hundredths
LINE_ONE = 4  # lines in quarters


class GroupKind(enum.Enum):
    """What a group of options is about."""

    MONEYLINE = "moneyline"  # who wins
    SPREAD = "spread"  # who wins, the line added to the home side's goals
    TOTAL = "total"  # how many goals fall, beside the line


class Pick(enum.Enum):
    """What an option says will happen."""

    HOME = "home"
    DRAW = "draw"
    AWAY = "away"
    OVER = "over"
    UNDER = "under"


class Result(enum.Enum):
    """What became of an option."""

    WIN = "win"
    HALF_WIN = "half_win"
    PUSH = "push"
    HALF_LOSS = "half_loss"
    LOSS = "loss"


class Acceptance(enum.Enum):
    """Which odds a bet takes, if they are not those that its customer saw."""

    EXACT = "exact"  # none
    BETTER = "better"
    ANY = "any"


# Halves of the stake that are won at the odds, and halves that come back.
HALVES = {
    Result.WIN: (2, 0),
    Result.HALF_WIN: (1, 1),
    Result.PUSH: (0, 2),
    Result.HALF_LOSS: (0, 1),
    Result.LOSS: (0, 0),
}


def factor_parts(odds: int, result: Result) -> int:
    """What a unit of stake becomes, exact, in parts of FACTOR_ONE."""
    won, refunded = HALVES[result]
    return won * odds + refunded * ODDS_ONE


FACTOR_ONE = 2 * ODDS_ONE


def payout_of(stake: int, odds: int, result: Result) -> int:
    """What a bet is paid, in units: rounded down, in favour of the house. No other sum of betting is ever rounded."""
    return stake * factor_parts(odds, result) // FACTOR_ONE


def largest_covered(slack: int, gain: int, one: int) -> int:
    """The largest stake whose payout, stake x (1 + gain / one) rounded down, is at most `slack` above the stake."""
    return ((slack + 1) * one - 1) // gain


class BetRecord(msgspec.Struct, frozen=True):
    """A row of `bets`. `result` is its option's (from that row), None before it is settled."""

    bet_id: int
    account_id: int
    market_id: int
    client_bet_id: str | None
    option_number: int
    stake: int
    odds: int  # taken, in hundredths
    odds_asked: int
    accept: Acceptance
    created_ms: int
    tx_hash: str  # of the event that placed it
    payout: int | None = None  # what was claimed
    claim_tx_hash: str | None = None  # of the event that paid it
    claimed_ms: int | None = None
    result: Result | None = None

    @property
    def potential_payout(self) -> int | None:
        """What can be, or was, claimed; None before the settlement."""
        return None if self.result is None else payout_of(self.stake, self.odds, self.result)


class OptionRecord(msgspec.Struct, frozen=True):
    """A row of `options`: one thing to bet on. Options of one `group_number` exclude each other."""

    market_id: int
    number: int  # 1, 2, 3 within the market
    group_number: int  # 1, 2, 3 within the market
    kind: GroupKind
    pick: Pick
    has_draw: bool  # of a moneyline: whether the draw is an option of its own; otherwise a draw is a push
    line_quarters: int | None  # what the group is counted from, None for a moneyline
    odds: int  # those offered last
    offered: bool
    result: Result | None = None


Tally = tuple[int, int, int, int, int]  # what an option's bets that are not claimed would be paid, by Result
NO_TALLY: Tally = (0, 0, 0, 0, 0)
RESULTS = tuple(Result)


def add_to_tally(tally: Tally, stake: int, odds: int, sign: int = 1) -> Tally:
    """Count a bet in, or with `sign` -1 out."""
    win, half_win, push, half_loss, loss = tally
    return (
        win + sign * payout_of(stake, odds, Result.WIN),
        half_win + sign * payout_of(stake, odds, Result.HALF_WIN),
        push + sign * payout_of(stake, odds, Result.PUSH),
        half_loss + sign * payout_of(stake, odds, Result.HALF_LOSS),
        loss,
    )


def paid_by(tally: Tally, result: Result) -> int:
    """What an option's bets are paid if this is its result."""
    return tally[RESULTS.index(result)]
