"""Trying again: how long the pauses are, what is tried again, and what is known after the last try."""

from collections.abc import Iterator

import pytest
import trio
from trio.testing import MockClock

from gateway.client import ApiError, Refused, Unavailable, UnknownOutcome
from gateway.tools.patience import Patience, growing, try_again

BUSY = Unavailable(503, "BUSY", "later")
LOST = UnknownOutcome(0, "CONNECTION_LOST", "")
TOO_LATE = UnknownOutcome(504, "UNKNOWN", "")
EXPIRED = Refused(401, "UNAUTHORIZED", "")
SUSPENDED = Refused(403, "ACCOUNT_SUSPENDED", "")
CLOSED = Refused(400, "MARKET_CLOSED", "")


@pytest.mark.parametrize(
    ("failed", "least", "most"),
    [(1, 0.25, 0.5), (2, 0.5, 1), (3, 1, 2), (4, 2, 4), (5, 4, 8), (6, 4, 8), (10_000, 4, 8)],
)
def test_a_pause_grows_to_its_limit_and_differs_by_chance(failed: int, least: float, most: float) -> None:
    patience = Patience()
    assert patience.pause_s(failed, 0.0) == least
    assert patience.pause_s(failed, 0.5) == (least + most) / 2
    assert patience.pause_s(failed, 1.0) == most  # chance stays below 1, so a pause below this


def test_what_grows_is_never_more_than_its_limit() -> None:
    assert [growing(5, 60, failed) for failed in range(1, 7)] == [5, 10, 20, 40, 60, 60]


async def outcome(errors: list[ApiError], tries: int | None = None) -> tuple[str | ApiError, float]:
    """What asking ends with when these come first, and the time it takes."""
    coming: Iterator[ApiError] = iter(errors)

    async def ask() -> str:
        await trio.lowlevel.checkpoint()
        if (error := next(coming, None)) is not None:
            raise error
        return "answer"

    start = trio.current_time()
    try:
        result: str | ApiError = await try_again(ask, Patience(), lambda: 0.0, tries)
    except ApiError as error:
        result = error
    return result, round(trio.current_time() - start, 6)


@pytest.mark.trio
@pytest.mark.parametrize(
    ("errors", "ends_with", "after_s"),
    [
        ([], "answer", 0),
        ([BUSY], "answer", 0.25),
        ([LOST, BUSY, LOST, TOO_LATE], "answer", 3.75),
        ([BUSY] * 5, BUSY, 3.75),
        ([BUSY, LOST, BUSY, BUSY, BUSY], LOST, 3.75),
        ([LOST, TOO_LATE, BUSY, BUSY, BUSY], TOO_LATE, 3.75),
        ([CLOSED], CLOSED, 0),
        ([BUSY, EXPIRED], EXPIRED, 0.25),
        ([LOST, CLOSED], CLOSED, 0.25),
        ([LOST, EXPIRED], LOST, 0.25),
        ([LOST, SUSPENDED], LOST, 0.25),
    ],
)
async def test_asking_ends_with(
    errors: list[ApiError], ends_with: str | ApiError, after_s: float, autojump_clock: MockClock
) -> None:
    """A refusal for what the client id stands for settles an unknown try; one for who asks does not."""
    assert await outcome(errors) == (ends_with, after_s)


@pytest.mark.trio
async def test_fewer_tries_can_be_asked_for(autojump_clock: MockClock) -> None:
    assert await outcome([BUSY], tries=1) == (BUSY, 0)
