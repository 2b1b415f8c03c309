"""Commands of one socket reach accounts in the order in which they were sent.

Each runs in a task of its own and may look something up first, which takes some longer than others. So each has a turn:
it is handed to accounts when all before it have been, or have ended without.
"""

from typing import TypeVar

import trio

from actors.core import Address
from actors.core.reply import Reply
from engine.messages import Command

Answer = TypeVar("Answer")


class Turns:
    """Counts the commands of one socket: 1, 2, 3."""

    def __init__(self) -> None:
        self._next = 1
        self._ended: set[int] = set()  # before their turn came
        self._parked: dict[int, trio.Event] = {}

    async def wait(self, turn: int) -> None:
        """Return when all earlier turns have ended."""
        if turn > self._next:
            parked = self._parked[turn] = trio.Event()
            try:
                await parked.wait()
            finally:
                del self._parked[turn]

    def end(self, turn: int) -> None:
        """Let the next one go; ending twice is once."""
        if turn < self._next:
            return
        self._ended.add(turn)
        while self._next in self._ended:
            self._ended.remove(self._next)
            self._next += 1
        if self._next in self._parked:
            self._parked[self._next].set()


class InTurn(Address):
    """Accounts, as the commands of a socket reach it; `turn` is that of the command in hand."""

    __slots__ = ("_turns", "turn")

    def __init__(self, accounts: Address, turns: Turns) -> None:
        super().__init__(accounts.name)
        self.mailbox = accounts.mailbox
        self.turn = 0
        self._turns = turns

    async def ask(self, command: Command[Answer]) -> Answer:
        await self._turns.wait(self.turn)
        reply = Reply()
        self.deliver(command, reply)
        self._turns.end(self.turn)
        answer: Answer = await reply.wait()
        return answer
