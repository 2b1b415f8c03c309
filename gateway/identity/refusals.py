"""Why somebody is not let in.

no token, or one that is not good (any more)     401 UNAUTHORIZED
a good one, of a user who is blocked             403 ACCOUNT_SUSPENDED
a good one, of somebody who may not do this      403 FORBIDDEN
nonces or guests can't be kept just now          503 BUSY
"""

from collections.abc import Iterator
from contextlib import contextmanager

from engine.refusals import Refusal
from gateway.answers import Rejected
from gateway.identity.caller import Caller
from gateway.statuses import Problem


class Unauthorized(Rejected):
    """No token, or one that is not good (any more)."""

    def __init__(self, message: str = "this needs a valid token: log in first") -> None:
        super().__init__(Problem.UNAUTHORIZED, message)


class Suspended(Rejected):
    """The user is known, but blocked."""

    def __init__(self) -> None:
        super().__init__(Refusal.ACCOUNT_SUSPENDED, "the account is suspended")


def not_for_visitors(caller: Caller, why: str) -> Rejected:
    """Say to a visitor on a socket that this takes a user; `why` begins the sentence."""
    if caller.has_session:
        return Rejected(Refusal.FORBIDDEN, f"{why}: guests only look on, so log in and connect anew")
    return Unauthorized(f"{why}: connect with a token")


@contextmanager
def cache_needed() -> Iterator[None]:
    """Turn a cache that is away into BUSY, where nothing can be done without it: nobody has been let in."""
    try:
        yield
    except OSError:
        raise Rejected(Problem.BUSY, "nonces and guests' sessions can't be reached just now: try again soon") from None
