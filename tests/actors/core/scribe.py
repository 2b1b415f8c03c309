"""An actor for tests: it does as it is told and writes down what happens to it."""

from collections.abc import Awaitable, Callable
from typing import Any

import msgspec

from actors.core import Actor, Address
from actors.core.mailbox import Letter
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


def trip(_: Scribe) -> object:
    """Crash in the handler."""
    raise Tripped


def text_of(letter: Letter) -> str:
    """What a letter is called in the diary."""
    message = letter.message
    return message.text if isinstance(message, Say | Hear) else type(message).__name__.lower()
