"""What stops a handler becomes an answer."""

from typing import Any

import pytest
import trio

from actors.core import Busy, Stopped, Unknown
from engine.refusals import Refusal
from gateway.answers import Answer, Rejected
from gateway.context import Caller, Gateway, answer_for, perform
from gateway.identity.refusals import Suspended, Unauthorized
from gateway.shapes import ErrorBody
from gateway.statuses import Problem
from storage.interface import DatabaseAway
from tests.gateway.houses import open_house


@pytest.mark.parametrize(
    ("error", "status", "code", "retry_after"),
    [
        (Busy("too much"), 503, "BUSY", b"1"),
        (Stopped("going"), 503, "SHUTTING_DOWN", b"5"),
        (Unknown("lost"), 504, "UNKNOWN", None),
        (trio.TooSlowError(), 504, "UNKNOWN", None),
        (DatabaseAway("gone"), 503, "DATABASE_AWAY", b"2"),
        (Unauthorized(), 401, "UNAUTHORIZED", None),
        (Suspended(), 403, "ACCOUNT_SUSPENDED", None),
        (Rejected(Refusal.CONFLICT, "other content"), 409, "CONFLICT", None),
        (Rejected(Problem.TOO_MANY_REQUESTS, "wait", 7), 429, "TOO_MANY_REQUESTS", b"7"),
        (ZeroDivisionError("a defect"), 500, "INTERNAL_ERROR", None),
        (ExceptionGroup("two", [ValueError("a"), KeyError("b")]), 500, "INTERNAL_ERROR", None),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else "",
)
def test_answers(error: Exception, status: int, code: str, retry_after: bytes | None) -> None:
    answer = answer_for(error)
    assert isinstance(answer.body, ErrorBody)
    assert (answer.status, answer.body.code) == (status, code)
    assert dict(answer.headers).get(b"retry-after") == retry_after


@pytest.mark.trio
async def test_a_cancelled_request_is_cancelled() -> None:
    """A server that stops is not told that everything is fine."""
    async with open_house() as house:

        async def endless(_: Gateway, __: Caller, ___: None) -> Any:
            await trio.sleep_forever()

        with trio.move_on_after(0.01) as scope:
            await perform(house.gateway, endless, Caller(), None)
        assert scope.cancelled_caught


@pytest.mark.trio
async def test_a_good_answer_is_passed_on() -> None:
    async with open_house() as house:

        async def fine(_: Gateway, __: Caller, request: int) -> Answer:
            await trio.lowlevel.checkpoint()
            return Answer(200, request)

        assert await perform(house.gateway, fine, Caller(), 7) == Answer(200, 7)
