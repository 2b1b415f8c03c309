"""An actor for tests: it does as it is told and writes down what happens to it; and what goes with it."""

from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
import pytest
import trio

from actors.core import Actor, Address, Unavailable
from actors.core.failures import ActorFailed
from actors.core.mailbox import Letter
from actors.core.reply import Reply
from engine.messages import Command


class Tripped(Exception):
    """The bug that a test put into an actor."""


class Say(Command[str], frozen=True):
    """Answered with its own text."""

    text: str


class Do(Command[Any], frozen=True):
    """The handler calls `act` with the actor and returns what that returns."""

    act: Callable[["Scribe"], object]


class Hear(msgspec.Struct, frozen=True):
    """A fact, to be written down."""

    text: str


async def nothing(*_: object) -> None:
    """What a scribe does in recover and flush unless a test has something to do there."""


class Scribe(Actor):
    """Its diary outlives it: successors write on."""

    def __init__(
        self,
        address: Address,
        diary: list[str] | None = None,
        *,
        on_recover: Callable[[list[Letter]], Awaitable[None]] = nothing,
        on_flush: Callable[[], Awaitable[None]] = nothing,
    ) -> None:
        super().__init__(address)
        self.diary: list[str] = [] if diary is None else diary
        self._on_recover = on_recover
        self._on_flush = on_flush
        self.handlers = {Say: self.say, Do: self.do, Hear: self.hear}

    async def recover(self, failed: list[Letter]) -> None:
        self.diary.append(" ".join(["recover", *(text_of(letter) for letter in failed)]))
        await self._on_recover(failed)

    async def flush(self) -> None:
        await self._on_flush()
        self.diary.append("flush")

    def say(self, command: Say) -> str:
        self.diary.append(command.text)
        return command.text

    def do(self, command: Do) -> object:
        return command.act(self)

    def hear(self, fact: Hear) -> None:
        self.diary.append(f"heard {fact.text}")


class InThrees(Scribe):
    """Takes three letters at a time."""

    BATCH_MAX = 3


class StandIn(Scribe):
    """Says "no" to everything."""

    def say(self, command: Say) -> str:
        return f"no {super().say(command)}"


def trip(_: Scribe) -> object:
    """Crash in the handler."""
    raise Tripped


TRIP: Do = Do(trip)


def text_of(letter: Letter) -> str:
    """What a letter is called in the diary."""
    message = letter.message
    return message.text if isinstance(message, Say | Hear) else type(message).__name__.lower()


def recoveries(diary: list[str]) -> list[str]:
    """The failed letters that each recover was given."""
    return [line.removeprefix("recover").strip() for line in diary if line.startswith("recover")]


class Gate:
    """A flush that waits until the test lets it go on."""

    def __init__(self) -> None:
        self.reached = trio.Event()
        self.opened = trio.Event()

    async def __call__(self) -> None:
        self.reached.set()
        await self.opened.wait()


def tripping(times: int) -> Callable[..., Awaitable[None]]:
    """Make a recover or flush that crashes so many times, counted over all successors."""
    left = times

    async def crash(*_: object) -> None:
        nonlocal left
        if left:
            left -= 1
            raise Tripped

    return crash


def send(address: Address, command: object) -> Reply:
    """Deliver a command without waiting for its answer."""
    reply = Reply()
    address.deliver(command, reply)
    return reply


async def outcome_of(reply: Reply) -> object:
    """The answer, or the type of the failure."""
    try:
        return await reply.wait()
    except Unavailable as failure:
        return type(failure)


async def collect_outcome(reply: Reply, into: list[object]) -> None:
    """Append the outcome to a list: for a task of its own."""
    into.append(await outcome_of(reply))


def actor_failed() -> pytest.RaisesGroup[ActorFailed]:
    """What leaves the nursery when an actor can't come back."""
    return pytest.RaisesGroup(
        pytest.RaisesExc(ActorFailed, check=lambda failure: isinstance(failure.__cause__, Tripped)),
        flatten_subgroups=True,
    )
