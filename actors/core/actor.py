"""An actor: a table of handlers, one flush for each batch, then the answers.

drain a batch  ->  begin  ->  handle each letter (plain functions)  ->  flush (durable)  ->  answer
                     ^------------ DecideAgain: nothing was done -------------|
"""

from collections.abc import Callable
from types import TracebackType
from typing import Any, Generic, TypeVar

import msgspec

from actors.core.address import Address
from actors.core.failures import Unavailable, Unknown
from actors.core.mailbox import Letter
from actors.core.reply import GatheredReply, Reply
from engine.messages import Command

Answer = TypeVar("Answer")


class Forward(msgspec.Struct, Generic[Answer], frozen=True):
    """A handler's way to say: `address` answers this. The letter is the receiver's from here on."""

    address: Address
    command: Command[Answer]


class Gather(msgspec.Struct, frozen=True):
    """Several independent parts in order, each whatever a handler may return; the asker gets a tuple. Not atomic.

    A part without an answer stands in the tuple as the Unavailable that it met.
    """

    parts: tuple[object, ...]


class Join(msgspec.Struct, frozen=True):
    """The same command is under way already: answer both alike. `first` is nobody's follower itself."""

    first: Reply


class DecideAgain(Exception):
    """Raised by flush: nothing of the batch was done, and the state is as it was before, or newer."""


class BatchFailed(Exception):
    """A crash, with the letters that were in hand; the cause is chained."""

    def __init__(self, letters: list[Letter]) -> None:
        super().__init__(f"failed with {len(letters)} letters in hand")
        self.letters = letters


class InHand:
    """Around the work on some letters: whatever ends it early, their askers hear of it."""

    __slots__ = ("_letters", "_name")

    def __init__(self, name: str, letters: list[Letter]) -> None:
        self._name = name
        self._letters = letters

    def __enter__(self) -> None:
        pass

    def __exit__(self, _: type[BaseException] | None, end: BaseException | None, __: TracebackType | None) -> None:
        if end is None:
            return
        for letter in self._letters:
            if letter.reply is not None:
                letter.reply.fail(Unknown(f"{self._name} failed on the way"))
        if isinstance(end, Exception):
            raise BatchFailed(self._letters) from end
        # Anything else is a cancelled nursery or the interpreter's end: no crash, there will be no successor.


class Statistics(msgspec.Struct):
    """What an actor has done since it was started (again)."""

    batches: int = 0
    letters: int = 0
    batch_max: int = 0


class Actor:
    """Owns a state that nobody else touches. Subclasses fill `handlers`; `recover` and `flush` may wait, nothing else.

    A handler takes the message and returns its answer, an Unavailable, a Forward, a Gather or a Join. An exception in
    a handler or in flush is a crash (but for DecideAgain): the letters of the batch are told `Unknown`, and the
    supervisor decides what follows. Only actors that are never started again may forward.
    """

    BATCH_MAX = 256  # letters; at 40 us each that is 10 ms in which no timer and no socket is served
    TRIES_MAX = 3  # to decide a batch; who is overtaken more often has another defect
    skips_abandoned = False  # True in front of admission: a letter whose asker has gone is dropped unseen

    def __init__(self, address: Address) -> None:
        self.address = address
        self.handlers: dict[type, Callable[[Any], object]] = {}
        self.reply: Reply | None = None  # where the answer to the letter in hand will go
        self.leaving = False  # set by a handler: after this batch the supervisor puts a new actor in this one's place
        self.statistics = Statistics()

    async def recover(self, failed: list[Letter]) -> None:
        """Build the state before the first letter; `failed` is the batch in which the predecessor crashed."""

    def begin(self) -> None:
        """Look at the clock, once for the whole batch."""

    async def flush(self) -> None:
        """Make what the batch decided durable; the answers leave afterwards."""

    async def run(self, failed: list[Letter], recovered: Callable[[], None]) -> None:
        """Work until the mailbox is closed and read to its end. Raises BatchFailed on a crash."""
        with InHand(self.address.name, failed):
            await self.recover(failed)
        recovered()
        while not self.leaving and await self._next_batch():
            pass

    async def _next_batch(self) -> bool:
        """Go once through the line at this file's head; False at the mailbox's end.

        A call of its own, so that an actor that waits holds nothing of the batch before.
        """
        batch = await self.address.mailbox.drain(self.BATCH_MAX)
        if not batch:
            return False
        with InHand(self.address.name, batch):
            answers = await self._process(batch)
            self._count(len(batch))
            for reply, answer in answers:
                if isinstance(answer, Unavailable):
                    reply.fail(answer)
                else:
                    reply.answer(answer)
        return True

    async def _process(self, batch: list[Letter]) -> list[tuple[Reply, object]]:
        """Handle a batch and flush it; if that did nothing, as something else came first, once more."""
        for _ in range(self.TRIES_MAX - 1):
            try:
                return await self._process_once(batch)
            except DecideAgain:
                continue
        return await self._process_once(batch)

    async def _process_once(self, batch: list[Letter]) -> list[tuple[Reply, object]]:
        answers: list[tuple[Reply, object]] = []
        self.begin()
        for letter in batch:
            self._handle(letter, answers)
        self.reply = None
        await self.flush()
        return answers

    def _handle(self, letter: Letter, answers: list[tuple[Reply, object]]) -> None:
        reply = letter.reply
        if reply is not None and reply.abandoned and self.skips_abandoned:
            return
        self.reply = reply
        outcome = self.handlers[type(letter.message)](letter.message)
        if reply is not None:
            _route(outcome, reply, answers)
        elif outcome is not None:
            _route(outcome, Reply(), answers)  # a command that was told is forwarded like any other; nobody waits

    def _count(self, letters: int) -> None:
        statistics = self.statistics
        statistics.batches += 1
        statistics.letters += letters
        statistics.batch_max = max(statistics.batch_max, letters)


def _route(outcome: object, reply: Reply, answers: list[tuple[Reply, object]]) -> None:
    """Bring one handler's outcome on its way."""
    match outcome:
        case Forward():
            outcome.address.deliver(outcome.command, reply)
        case Join():
            reply.follow(outcome.first)
        case Gather(parts=parts) if parts:
            for part, part_reply in zip(parts, GatheredReply.each(reply, len(parts)), strict=True):
                _route(part, part_reply, answers)
        case Gather():
            answers.append((reply, ()))
        case _:
            answers.append((reply, outcome))
