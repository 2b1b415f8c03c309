"""Every code a client can be told, and its HTTP status: under /api/v1, and on /api/* (prediction's own paths).

503 is always "certainly not done"; unknown is always 504.
"""

import enum

import msgspec

from engine.refusals import Refusal


class Problem(enum.Enum):
    """What the gateway turns down itself, or can't do; the engine's codes are `Refusal`."""

    UNAUTHORIZED = "UNAUTHORIZED"
    METHOD_NOT_ALLOWED = "METHOD_NOT_ALLOWED"
    TOO_SLOW = "TOO_SLOW"
    TOO_LARGE = "TOO_LARGE"
    UPGRADE_REQUIRED = "UPGRADE_REQUIRED"
    TOO_MANY_REQUESTS = "TOO_MANY_REQUESTS"
    INTERNAL_ERROR = "INTERNAL_ERROR"
    BUSY = "BUSY"
    SHUTTING_DOWN = "SHUTTING_DOWN"
    DATABASE_AWAY = "DATABASE_AWAY"
    UNKNOWN = "UNKNOWN"


Code = Refusal | Problem


class Status(msgspec.Struct, frozen=True):
    """The two faces of one code."""

    on_v1: int
    on_prediction: int

    def on(self, path: str) -> int:
        """The one that a path shows; those outside of /api are v1's."""
        return self.on_prediction if path.startswith("/api/") and not path.startswith("/api/v1/") else self.on_v1


STATUSES: dict[Code, Status] = {
    Refusal.MALFORMED: Status(400, 400),
    Refusal.NOT_FOUND: Status(404, 404),
    Refusal.FORBIDDEN: Status(403, 403),
    Refusal.ACCOUNT_SUSPENDED: Status(403, 403),
    Refusal.CONFLICT: Status(409, 400),
    Refusal.MARKET_HALTED: Status(409, 400),
    Refusal.MARKET_CLOSED: Status(409, 400),
    Refusal.ALREADY_FILLED: Status(409, 400),
    Refusal.ALREADY_RUNNING: Status(409, 409),  # programs meet it, and have to tell it from their own mistakes
    Refusal.ODDS_CHANGED: Status(409, 400),
    Refusal.NOT_SETTLED: Status(409, 400),
    Refusal.ALREADY_SETTLED: Status(409, 400),
    Refusal.ALREADY_CLAIMED: Status(409, 400),
    Refusal.NOTHING_TO_CLAIM: Status(409, 400),
    Refusal.OFF_TICK: Status(422, 400),
    Refusal.OFF_LOT: Status(422, 400),
    Refusal.BELOW_MINIMUM: Status(422, 400),
    Refusal.OUTSIDE_BAND: Status(422, 400),
    Refusal.TOO_MANY_ORDERS: Status(422, 400),
    Refusal.INSUFFICIENT_FUNDS: Status(422, 400),
    Refusal.INSUFFICIENT_SHARES: Status(422, 400),
    Refusal.ISSUE_EXCEEDED: Status(422, 400),
    Refusal.LIABILITY_LIMIT: Status(422, 400),
    Refusal.WOULD_CROSS: Status(422, 400),
    Refusal.CANNOT_FILL: Status(422, 400),
    Problem.UNAUTHORIZED: Status(401, 401),
    Problem.METHOD_NOT_ALLOWED: Status(405, 405),
    Problem.TOO_SLOW: Status(408, 408),
    Problem.TOO_LARGE: Status(413, 413),
    Problem.UPGRADE_REQUIRED: Status(426, 426),
    Problem.TOO_MANY_REQUESTS: Status(429, 429),
    Problem.INTERNAL_ERROR: Status(500, 500),
    Problem.BUSY: Status(503, 503),
    Problem.SHUTTING_DOWN: Status(503, 503),
    Problem.DATABASE_AWAY: Status(503, 503),
    Problem.UNKNOWN: Status(504, 504),
}
