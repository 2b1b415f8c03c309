"""Where an actor is reached. It stays the same while the actor behind it crashes and comes back."""

from typing import TypeVar

from actors.core.failures import Stopped
from actors.core.mailbox import Letter, Mailbox
from actors.core.reply import Reply
from engine.messages import Command

Answer = TypeVar("Answer")


class Address:
    """A name and a mailbox."""

    __slots__ = ("mailbox", "name")

    def __init__(self, name: str) -> None:
        self.name = name
        self.mailbox = Mailbox()

    def __repr__(self) -> str:
        return f"<address {self.name}>"

    def tell(self, fact: object) -> None:
        """Leave a message that is not answered. Facts are taken even while the actor drains; after that, dropped."""
        self.mailbox.put(Letter(fact, None))

    async def ask(self, command: Command[Answer]) -> Answer:
        """Send a command and wait for its answer.

        Raises Busy (certainly not done), Unknown (nobody can tell). A deadline is the caller's cancel scope; when it
        passes, the outcome is unknown.
        """
        reply = Reply()
        self.deliver(command, reply)
        answer: Answer = await reply.wait()
        return answer

    def deliver(self, command: object, reply: Reply) -> None:
        """Send a command whose answer goes to `reply`."""
        if self.mailbox.closed:
            reply.fail(Stopped(f"{self.name} is shutting down"))
        else:
            self.mailbox.put(Letter(command, reply))
