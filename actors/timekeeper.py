"""Wakes actors when a time that they have named has come: timers send messages, and deciding stays with the actor."""

import heapq
import itertools
import math

import trio

from actors.clock import SteadyClock
from actors.core import Address
from engine.messages import Fact

LOOK_S_MAX = 60.0  # between two looks at the clock: it may be set, and runs apart from the one that sleeps


class TimeHasCome(Fact, frozen=True):
    """Look at the clock."""


class Timekeeper:
    """One alarm an actor: a later call takes the place of the one before."""

    def __init__(self, clock: SteadyClock) -> None:
        self._clock = clock
        self._alarms: list[tuple[int, int, Address]] = []
        self._due: dict[str, int] = {}
        self._numbers = itertools.count()
        self._changed = trio.Event()
        self._closed = False

    def wake(self, address: Address, at_ms: int | None) -> None:
        """Send `address` TimeHasCome at this time; None: don't, after all."""
        if self._due.get(address.name) == at_ms:
            return
        if at_ms is None:
            del self._due[address.name]
            return
        self._due[address.name] = at_ms
        heapq.heappush(self._alarms, (at_ms, next(self._numbers), address))
        self._changed.set()

    async def run(self) -> None:
        """Work until it is closed."""
        while not self._closed:
            self._changed = trio.Event()
            with trio.move_on_after(self._ring()):
                await self._changed.wait()

    def close(self) -> None:
        self._closed = True
        self._changed.set()

    def _ring(self) -> float:
        """Wake those whose time has come; return for how long there is nothing to do."""
        if not self._alarms:
            return math.inf
        now_ms = self._clock.now_ms()
        while self._alarms:
            at_ms, _, address = self._alarms[0]
            if at_ms > now_ms:
                return min(LOOK_S_MAX, (at_ms - now_ms) / 1_000)
            heapq.heappop(self._alarms)
            if self._due.get(address.name) == at_ms:
                del self._due[address.name]
                address.tell(TimeHasCome())
        return math.inf
