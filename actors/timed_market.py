"""Markets that time moves, and that do by themselves what takes long: a part of it a batch, between other letters."""

from typing import Any, Protocol, TypeVar

from actors.core import Address
from actors.core.mailbox import Letter
from actors.market import Decides, MarketActor
from actors.timekeeper import TimeHasCome, Timekeeper


class DecidesInTime(Decides, Protocol):
    """A market that says when time will move it, and whether it has work of its own."""

    @property
    def due_ms(self) -> int | None: ...
    @property
    def has_work(self) -> bool: ...
    def go_on(self) -> None: ...


Timed = TypeVar("Timed", bound=DecidesInTime)


class TimedMarketActor(MarketActor[Timed]):
    """Has the timekeeper wake it, and sends letters to itself while there is work."""

    def __init__(self, address: Address, *, timekeeper: Timekeeper, **rest: Any) -> None:
        super().__init__(address, **rest)
        self._timekeeper = timekeeper
        self._goes_on = False  # a letter to itself is under way
        self._did_part = False  # in this batch
        self.handlers |= {TimeHasCome: self._go_on}

    async def recover(self, failed: list[Letter]) -> None:
        """Rebuild the market, and go on with what it was doing."""
        await super().recover(failed)
        self._plan()

    def begin(self) -> None:
        super().begin()
        self._did_part = False

    async def flush(self) -> None:
        await super().flush()
        self._plan()

    def _plan(self) -> None:
        """See to it that the next part comes: at once, or in its time. At a stop it is left to the next start."""
        if self._market.has_work:
            if not self._goes_on and not self.address.mailbox.closed:
                self._goes_on = True
                self.address.tell(TimeHasCome())
        else:
            self._timekeeper.wake(self.address, self._market.due_ms)

    def _go_on(self, _: TimeHasCome) -> None:
        """Do a part of what is to be done; `begin` has done what was due.

        One part a batch, however many letters ask for it (its own, the timekeeper's): a commit stays one part long.
        """
        self._goes_on = False
        if not self._did_part:
            self._did_part = True
            self._market.go_on()
