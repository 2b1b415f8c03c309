"""What a letter costs: a tell, an ask, and an ask that one actor forwards to another.

`python -m tests.benchmarks.actors` prints microseconds, the best of five rounds. One asker waits for each answer, so
every batch holds one letter; a hundred askers show what batches save.
"""

import time
from collections.abc import Awaitable, Callable
from functools import partial

import msgspec
import trio

from actors.core import Actor, Address, Forward, Restart, Supervisor
from engine.messages import Command

ROUNDS = 5
LETTERS = 20_000
ASKERS = 100


class Square(Command[int], frozen=True):
    """Answered with the square."""

    number: int


class Note(msgspec.Struct, frozen=True):
    """A fact that the actor only takes note of."""

    number: int


class Calculator(Actor):
    """Answers at once, and has nothing to make durable."""

    def __init__(self, address: Address) -> None:
        super().__init__(address)
        self.notes = 0
        self.handlers = {Square: self.square, Note: self.note}

    def square(self, command: Square) -> int:
        return command.number * command.number

    def note(self, _: Note) -> None:
        self.notes += 1


class Desk(Actor):
    """Forwards every command to the calculator."""

    def __init__(self, address: Address, calculator: Address) -> None:
        super().__init__(address)
        self.calculator = calculator
        self.handlers = {Square: self.square}

    def square(self, command: Square) -> Forward[int]:
        return Forward(self.calculator, command)


async def tells(address: Address, letters: int) -> None:
    """Tell in bursts of a whole batch, and end when the actor has read them all."""
    for first in range(0, letters, Calculator.BATCH_MAX):
        for number in range(first, min(first + Calculator.BATCH_MAX, letters)):
            address.tell(Note(number))
        await trio.lowlevel.checkpoint()
    await address.ask(Square(0))


async def asks(address: Address, letters: int, askers: int) -> None:
    """Ask from several tasks at once, each one letter at a time."""

    async def asker(count: int) -> None:
        for number in range(count):
            answer = await address.ask(Square(number))
            assert answer == number * number

    async with trio.open_nursery() as nursery:
        for _ in range(askers):
            nursery.start_soon(asker, letters // askers)


async def measure(letters: int = LETTERS, askers: int = ASKERS, rounds: int = ROUNDS) -> dict[str, float]:
    """Microseconds a letter, by what was done."""
    figures: dict[str, float] = {}

    async def best_of_rounds(name: str, work: Callable[[], Awaitable[None]]) -> None:
        took_s = []
        for _ in range(rounds):
            start_s = time.perf_counter()
            await work()
            took_s.append(time.perf_counter() - start_s)
        figures[name] = min(took_s) / letters * 1e6

    async with trio.open_nursery() as nursery:
        supervisor = Supervisor(nursery)
        calculator, desk = Address("calculator"), Address("desk")
        supervisor.start(calculator, Calculator, Restart.NEVER)
        supervisor.start(desk, partial(Desk, calculator=calculator), Restart.NEVER)
        await best_of_rounds("tell", lambda: tells(calculator, letters))
        await best_of_rounds("ask, one asker", lambda: asks(calculator, letters, 1))
        await best_of_rounds(f"ask, {askers} askers", lambda: asks(calculator, letters, askers))
        await best_of_rounds("forwarded ask, one asker", lambda: asks(desk, letters, 1))
        await best_of_rounds(f"forwarded ask, {askers} askers", lambda: asks(desk, letters, askers))
        await supervisor.close(desk)
        await supervisor.close(calculator)
    return figures


def main() -> None:
    """Print the figures."""
    for name, microseconds in trio.run(measure).items():
        print(f"{name:<28} {microseconds:8.2f} us")


if __name__ == "__main__":
    main()
