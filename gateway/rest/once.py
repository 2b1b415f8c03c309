"""A command under an id of the client's choice is done once, however often it is sent.

storage      has it: it is answered as it stands, other content is refused
accounts     has it under way: the repeat joins it; had it lately: storage has it by now
"""

from collections.abc import Awaitable, Callable
from typing import TypeVar

from engine.messages import Command, Known
from engine.refusals import Refusal, Refused
from gateway.answers import LOOK_IT_UP, Answer, Rejected, failure
from gateway.context import Gateway
from gateway.outcome import outcome_unknown
from gateway.statuses import Problem

Done = TypeVar("Done")

LOST = f"the id is known, but nothing is found under it: {LOOK_IT_UP}"


async def once(
    gateway: Gateway,
    command: Command[Done | Known | Refused],
    earlier: Callable[[], Awaitable[Done | Refused | None]] | None,
    other_content: Refused,
) -> Done | Refused:
    """Have a command done, or answer it as the first time. Raises Rejected(UNKNOWN).

    `earlier` looks in storage, and is None for a command without an id; `other_content` is said where the id has been
    used for another command, in the same words whether that is in storage or under way.
    """
    if earlier is not None and (found := await earlier()) is not None:
        return found
    done = await gateway.exchange.accounts.ask(command)
    if isinstance(done, Known):  # settled between the look-up and accounts
        assert earlier is not None
        with outcome_unknown():
            found = await earlier()
        if found is None:
            raise Rejected(Problem.UNKNOWN, LOST)
        return found
    if isinstance(done, Refused) and done.code is Refusal.CONFLICT:
        return other_content
    return done


def lost() -> Answer:
    """Say that what accounts settled a moment ago is not in storage, which it should be."""
    return failure(Problem.UNKNOWN, LOST)
