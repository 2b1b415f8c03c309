"""What a client can hear instead of an answer: three kinds that must not be mixed up."""

from collections.abc import Mapping
from typing import Any

NOTHING_CAME_BACK = 0  # instead of a status


class ApiError(Exception):
    """Base; `status` is HTTP's, or NOTHING_CAME_BACK; `code` is the exchange's, `details` what else it says."""

    def __init__(self, status: int, code: str, message: str, details: Mapping[str, Any] | None = None) -> None:
        super().__init__(f"{status} {code}: {message}")
        self.status = status
        self.code = code
        self.message = message
        self.details = details or {}


class Refused(ApiError):
    """Certainly not done, and asking again is refused again."""


class Unavailable(ApiError):
    """Certainly not done; try again later."""


class UnknownOutcome(ApiError):
    """Done or not done: look it up by the id you gave it, or send the same again under that id."""


def check(status: int, body: Any) -> Any:
    """Return the body of a success; raise what the status says otherwise."""
    if status < 400:
        return body
    said = body if isinstance(body, dict) else {}
    code, message = str(said.get("code", "UNKNOWN")), str(said.get("message", ""))
    if status in (408, 429, 503):
        raise Unavailable(status, code, message)
    if status >= 500:
        raise UnknownOutcome(status, code, message)
    details = {name: value for name, value in said.items() if name not in ("code", "message")}
    raise Refused(status, code, message, details)


def never_connected(error: Exception) -> Unavailable:
    """Nothing was sent, so nothing was done."""
    return Unavailable(NOTHING_CAME_BACK, "NOT_CONNECTED", f"{type(error).__name__} {error}".strip())


def connection_lost(error: Exception) -> UnknownOutcome:
    """It was sent, or may have been."""
    return UnknownOutcome(NOTHING_CAME_BACK, "CONNECTION_LOST", f"{type(error).__name__} {error}".strip())


def unreadable(missing: str) -> UnknownOutcome:
    """A success, and what should be in it is not: whoever answered, and whatever was done."""
    return UnknownOutcome(200, "UNREADABLE", f"the answer has no {missing}")
