"""What a handler gives back: an HTTP status with a body, the same over REST and WebSocket."""

from collections.abc import Mapping

import msgspec

from engine.refusals import Refused
from gateway.shapes import ErrorBody
from gateway.statuses import STATUSES, Code, Problem

Headers = tuple[tuple[bytes, bytes], ...]

JSON = "application/json"

# Seconds after which it makes sense to come back, for the codes that pass by themselves.
RETRY_AFTER_S = {Problem.BUSY: 1, Problem.DATABASE_AWAY: 2, Problem.SHUTTING_DOWN: 5, Problem.TOO_MANY_REQUESTS: 1}


class Answer(msgspec.Struct, frozen=True):
    """`body` is what msgspec encodes; None for a status without one (204), bytes for what is not JSON."""

    status: int
    body: object
    headers: Headers = ()
    content_type: str = JSON


LOOK_IT_UP = "look it up before you send it again"


class Rejected(Exception):
    """Ends a request with bad news, from wherever it is found out."""

    def __init__(self, code: Code, message: str, retry_after_s: int | None = None) -> None:
        super().__init__(f"{code.value}: {message}")
        self.code = code
        self.message = message
        self.retry_after_s = retry_after_s

    def answer(self) -> Answer:
        return failure(self.code, self.message, self.retry_after_s)


def failure(code: Code, message: str, retry_after_s: int | None = None) -> Answer:
    """Make the answer for a code, with the status that it has under /api/v1."""
    headers: Headers = ()
    if isinstance(code, Problem):
        retry_after_s = retry_after_s or RETRY_AFTER_S.get(code)
        if retry_after_s is not None:
            headers = ((b"retry-after", str(retry_after_s).encode()),)
        elif code is Problem.UNAUTHORIZED:
            headers = ((b"www-authenticate", b"Bearer"),)
    return Answer(STATUSES[code].on_v1, ErrorBody(code.value, message), headers)


def refusal(refused: Refused) -> Answer:
    """Make the answer for what the engine refused."""
    answer = failure(refused.code, refused.message)
    if not refused.details:
        return answer
    return msgspec.structs.replace(answer, body=_with_details(answer.body, refused.details))


DETAILS = {field.encode_name: field for field in msgspec.structs.fields(ErrorBody)}


def _with_details(body: object, details: Mapping[str, object]) -> ErrorBody:
    """Put the engine's details into the body; each has its field there, so that they are described."""
    assert isinstance(body, ErrorBody)
    described = {DETAILS[name].name: msgspec.convert(value, DETAILS[name].type) for name, value in details.items()}
    return msgspec.structs.replace(body, **described)


def as_on(path: str, answer: Answer) -> Answer:
    """Give bad news the status that they have on this path."""
    if not isinstance(answer.body, ErrorBody):
        return answer
    return msgspec.structs.replace(answer, status=STATUS_OF[answer.body.code].on(path))


STATUS_OF = {code.value: status for code, status in STATUSES.items()}
