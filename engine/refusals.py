"""Why a well-formed command can be turned down: one value for each reason, a sentence beside it.

Accounts checks first what it can judge without a book, then the market checks the rest; each runs its checks in the
order of this list, so the same command is always refused for the same reason. A refusal is an answer, not an exception:
the command is certainly not done and left no trace. HTTP statuses are the gateway's.
"""

import enum
from collections.abc import Iterable, Mapping

import msgspec


class Refusal(enum.Enum):
    """The code a client sees; `contract.md` names them."""

    MALFORMED = "MALFORMED"
    NOT_FOUND = "NOT_FOUND"
    FORBIDDEN = "FORBIDDEN"
    ACCOUNT_SUSPENDED = "ACCOUNT_SUSPENDED"
    CONFLICT = "CONFLICT"
    MARKET_HALTED = "MARKET_HALTED"
    MARKET_CLOSED = "MARKET_CLOSED"
    OFF_TICK = "OFF_TICK"
    OFF_LOT = "OFF_LOT"
    BELOW_MINIMUM = "BELOW_MINIMUM"
    OUTSIDE_BAND = "OUTSIDE_BAND"
    TOO_MANY_ORDERS = "TOO_MANY_ORDERS"
    INSUFFICIENT_FUNDS = "INSUFFICIENT_FUNDS"
    INSUFFICIENT_SHARES = "INSUFFICIENT_SHARES"
    ISSUE_EXCEEDED = "ISSUE_EXCEEDED"
    WOULD_CROSS = "WOULD_CROSS"
    CANNOT_FILL = "CANNOT_FILL"
    ALREADY_FILLED = "ALREADY_FILLED"
    ALREADY_RUNNING = "ALREADY_RUNNING"
    ODDS_CHANGED = "ODDS_CHANGED"
    LIABILITY_LIMIT = "LIABILITY_LIMIT"
    NOT_SETTLED = "NOT_SETTLED"
    ALREADY_SETTLED = "ALREADY_SETTLED"
    ALREADY_CLAIMED = "ALREADY_CLAIMED"
    NOTHING_TO_CLAIM = "NOTHING_TO_CLAIM"


class Refused(msgspec.Struct, frozen=True):
    """The answer to a command that was not done; `message` is for people, `details` for their programs."""

    code: Refusal
    message: str
    details: Mapping[str, object] | None = None  # by the name that a client sees


_ORDER = {code: place for place, code in enumerate(Refusal)}


def first_of(refusals: Iterable[Refused | None]) -> Refused | None:
    """The one to tell: whose code stands first in the list above, and of those the first; None if there is none."""
    return min((refused for refused in refusals if refused is not None), key=lambda r: _ORDER[r.code], default=None)
