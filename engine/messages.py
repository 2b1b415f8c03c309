"""What crosses a mailbox: commands that carry the type of their answer, and facts."""

from typing import Generic, TypeVar

import msgspec

Answer_co = TypeVar("Answer_co", covariant=True)


class Command(msgspec.Struct, Generic[Answer_co], frozen=True):
    """Something to be done; `Command[Placed | Refused]` is answered with one of the two."""


class Fact(msgspec.Struct, frozen=True):
    """Something that is so; it is told, never answered."""


class Known(msgspec.Struct, frozen=True):
    """An answer: a command under this id has been settled within the last minutes; its row is in storage."""
