"""What every handler is given: the running exchange with everything around it. There are no globals."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

import msgspec
import structlog
import trio

from actors.core import Busy, Stopped, Unknown
from actors.exchange import Exchange
from gateway.answers import LOOK_IT_UP, Answer, Rejected, failure
from gateway.guard import describe, leaves
from gateway.health import Health
from gateway.identity.caller import Caller
from gateway.identity.sessions import Sessions
from gateway.metrics import Metrics
from gateway.rate_limits import RateLimits
from gateway.settings import Settings
from gateway.statuses import Problem
from gateway.stomp.topics import Topics
from storage.interface import DatabaseAway

__all__ = ["Answer", "Caller", "Gateway", "Handler", "answer_for", "attempt", "no_answer", "perform"]

log = structlog.get_logger()

Request = TypeVar("Request")


class Gateway(msgspec.Struct, frozen=True):
    """The exchange as its handlers see it; `shutdown` is set when the server is to stop."""

    exchange: Exchange
    sessions: Sessions
    settings: Settings
    health: Health
    metrics: Metrics
    shutdown: trio.Event
    stomp_topics: Topics
    rate_limits: RateLimits


Handler = Callable[[Gateway, Caller, Request], Awaitable[Answer]]


async def perform(gateway: Gateway, handler: Handler[Request], caller: Caller, request: Request) -> Answer:
    """Call a handler under a request's one deadline; whatever stops it becomes an answer."""
    with trio.move_on_after(gateway.settings.request_deadline_s):
        return await attempt(gateway, handler, caller, request)
    return no_answer()


async def attempt(gateway: Gateway, handler: Handler[Request], caller: Caller, request: Request) -> Answer:
    """The same for who has set the deadline already; `no_answer` is what its end means."""
    try:
        return await handler(gateway, caller, request)
    except Exception as error:  # noqa: BLE001  # a defect in one request must not end the process
        return answer_for(error)


def no_answer() -> Answer:
    """Say that the deadline has passed."""
    return failure(Problem.UNKNOWN, f"no answer in time: done or not done, {LOOK_IT_UP}")


def answer_for(error: Exception) -> Answer:
    """Say what an exception means to the client; one that should not be is written down, and shows nothing."""
    match error:
        case Rejected():
            return error.answer()
        case Stopped():
            return failure(Problem.SHUTTING_DOWN, str(error))
        case Busy():
            return failure(Problem.BUSY, str(error))
        case Unknown():
            return failure(Problem.UNKNOWN, f"{error}: {LOOK_IT_UP}")
        case trio.TooSlowError():
            return no_answer()
        case DatabaseAway():
            return failure(Problem.DATABASE_AWAY, "the database is away; nothing was done")
    log.error("request_failed", errors=[describe(leaf) for leaf in leaves(error)])
    return failure(Problem.INTERNAL_ERROR, "something went wrong here; it has been written down")
