"""What a client can hear instead of an answer: three kinds that must not be mixed up."""

from typing import Any


class ApiError(Exception):
    """Base; `status` is HTTP's (0 where nothing came back), `code` the exchange's."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(f"{status} {code}: {message}")
        self.status = status
        self.code = code


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
    code, message = "UNKNOWN", ""
    if isinstance(body, dict):
        code, message = str(body.get("code", code)), str(body.get("message", message))
    if status in (429, 503):
        raise Unavailable(status, code, message)
    if status >= 500:
        raise UnknownOutcome(status, code, message)
    raise Refused(status, code, message)
