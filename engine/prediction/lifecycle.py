"""How a question goes from trading to its answer; there is no other way.

                       (again)
                        +---+
                        v   |
open <--> halted ---+--> proposed --> resolved --> final
  |          |      |       |    \\        ^  |        ^
  +--> closed <-----|-------|-----\\-------|--+ (rolled back)
          |         |       v      v      |           |
          +---------+    disputed ---> (resolved)     |
          +-------------------+------> void ----------+
"""

import enum

import msgspec

from engine.ledger.records import MarketState
from engine.matching.terms import Outcome


class Step(enum.Enum):
    """What can happen to a question."""

    HALT = "halt"
    RESUME = "resume"
    CLOSE = "close"  # at its date, or by an administrator
    PROPOSE = "propose"
    DISPUTE = "dispute"
    APPROVE = "approve"  # the first of two administrators; the state stays
    RESOLVE = "resolve"
    VOID = "void"
    ROLL_BACK = "roll_back"
    ROLLED_BACK = "rolled_back"  # all payouts have been taken back; the state stays
    FINISH = "finish"  # all payouts are free


S = MarketState
TRANSITIONS = {
    (S.OPEN, Step.HALT): S.HALTED,
    (S.OPEN, Step.CLOSE): S.CLOSED,
    (S.HALTED, Step.RESUME): S.OPEN,
    (S.HALTED, Step.CLOSE): S.CLOSED,
    (S.HALTED, Step.PROPOSE): S.PROPOSED,
    (S.HALTED, Step.VOID): S.VOID,
    (S.HALTED, Step.APPROVE): S.HALTED,
    (S.CLOSED, Step.PROPOSE): S.PROPOSED,
    (S.CLOSED, Step.VOID): S.VOID,
    (S.CLOSED, Step.APPROVE): S.CLOSED,
    (S.CLOSED, Step.ROLLED_BACK): S.CLOSED,
    (S.PROPOSED, Step.PROPOSE): S.PROPOSED,  # a mistake is corrected: another answer, a new challenge window
    (S.PROPOSED, Step.DISPUTE): S.DISPUTED,
    (S.PROPOSED, Step.APPROVE): S.PROPOSED,
    (S.PROPOSED, Step.RESOLVE): S.RESOLVED,
    (S.PROPOSED, Step.VOID): S.VOID,
    (S.DISPUTED, Step.APPROVE): S.DISPUTED,
    (S.DISPUTED, Step.RESOLVE): S.RESOLVED,
    (S.DISPUTED, Step.VOID): S.VOID,
    (S.RESOLVED, Step.ROLL_BACK): S.CLOSED,
    (S.RESOLVED, Step.FINISH): S.FINAL,
    (S.VOID, Step.ROLL_BACK): S.CLOSED,
    (S.VOID, Step.FINISH): S.FINAL,
}

# What is said when a step that somebody asks for is not in the table.
IMPOSSIBLE = {
    Step.HALT: "trading can't be halted now",
    Step.RESUME: "trading can't be resumed now",
    Step.CLOSE: "trading can't be closed now",
    Step.PROPOSE: "no answer can be proposed now",
    Step.DISPUTE: "there is no proposed answer to dispute now",
    Step.RESOLVE: "it can't be resolved now",
    Step.VOID: "it can't be voided now",
    Step.ROLL_BACK: "it can't be rolled back now",
}

TRADING = frozenset({S.OPEN, S.HALTED})  # orders may wait in the book; in all other states it is emptied
PAYING = frozenset({S.RESOLVED, S.VOID})


class Resolution(msgspec.Struct, frozen=True):
    """How a question stands on its way to an answer; people are named by their ids."""

    stopped_ms: int | None = None  # when trading stopped last
    outcome: Outcome | None = None  # proposed, then answered; None if it is void
    proposed_by: int | None = None
    challenge_until_ms: int | None = None
    disputed_by: int | None = None
    dispute_reason: str | None = None
    approved_by: int | None = None  # the first of two administrators, who has approved this:
    approved: str | None = None  # YES, NO or VOID
    resolved_by: int | None = None  # 0: time did, as nobody challenged the proposal
    resolved_ms: int | None = None
    yes_units: int | None = None  # what a share of YES is paid; NO is paid the rest of the pair
    frees_ms: int | None = None  # until when payouts are held and can be taken back
    rolling_back: bool = False


class Rules(msgspec.Struct, frozen=True):
    """What the operator has set for all questions."""

    challenge_ms: int = 24 * 3_600_000
    payout_window_ms: int = 3_600_000
    approvals: int = 1


def read_standing(standing: bytes) -> Resolution:
    """Read a market's standing from its row."""
    return msgspec.json.decode(standing, type=Resolution) if standing else Resolution()


def write_standing(resolution: Resolution) -> bytes:
    """Write it for the row."""
    return msgspec.json.encode(resolution)
