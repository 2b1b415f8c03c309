"""Starts actors, starts them again when they crash, parks those that crash too often, ends the process for the rest.

one_for_one   a market, the broadcaster: only it comes back, with the batch in which it crashed
never         accounts, ledger: their state is everybody's, so the start of the process is the recovery
"""

import enum
from collections import deque
from collections.abc import Callable

import msgspec
import structlog
import trio

from actors.core.actor import Actor, BatchFailed, Statistics
from actors.core.address import Address
from actors.core.failures import ActorFailed, Stopped
from actors.core.mailbox import Letter

log = structlog.get_logger()


class Restart(enum.Enum):
    """What follows a crash."""

    ONE_FOR_ONE = "one_for_one"
    NEVER = "never"


class Child(msgspec.Struct):
    """One supervised actor and its history. `make` builds it anew; `park` builds the stand-in of a hopeless one."""

    address: Address
    make: Callable[[Address], Actor]
    restart: Restart
    park: Callable[[Address], Actor] | None
    actor: Actor
    started: trio.Event
    ended: trio.Event
    recovering: bool = True
    restarts: int = 0
    parked: bool = False
    last_failure: str | None = None

    def recovered(self) -> None:
        self.recovering = False
        self.started.set()


class ChildReport(msgspec.Struct, frozen=True):
    """A copy of what the supervisor knows of one actor, for the console."""

    name: str
    state: str  # starting, running, restarting, parked
    waiting: int
    waiting_max: int
    batches: int
    letters: int
    batch_max: int
    restarts: int
    last_failure: str | None


class Supervisor:
    """Owns the nursery of all actors. Nothing cancels an actor from outside: it ends when its mailbox is closed."""

    CRASHES_MAX = 5  # crashes of one actor within CRASH_WINDOW_S: one more parks it
    CRASH_WINDOW_S = 60.0
    PAUSE_S = 0.05  # before a restart, so that an actor that crashes at once does not spin

    def __init__(self, nursery: trio.Nursery) -> None:
        self._nursery = nursery
        self._children: dict[str, Child] = {}

    def start(
        self,
        address: Address,
        make: Callable[[Address], Actor],
        restart: Restart,
        park: Callable[[Address], Actor] | None = None,
    ) -> None:
        """Start the actor behind an address; letters wait until it has recovered.

        `make` and `park` only build: what can fail belongs in `recover`, where failing is a crash like any other.
        """
        assert address.name not in self._children
        child = Child(address, make, restart, park, make(address), trio.Event(), trio.Event())
        self._nursery.start_soon(self._live, child, name=address.name)
        self._children[address.name] = child

    async def started(self, address: Address) -> None:
        """Wait until the actor has recovered and reads its letters. Raises Stopped if it has ended."""
        child = self._children.get(address.name)
        if child is not None:
            await child.started.wait()
        if child is None or child.ended.is_set():
            raise Stopped(f"{address.name} has ended")

    async def close(self, address: Address) -> None:
        """Let the actor read its letters to the end, and wait for that. Does nothing if it has ended already."""
        address.mailbox.close()
        child = self._children.get(address.name)
        if child is not None:
            await child.ended.wait()

    def statistics(self) -> list[ChildReport]:
        """One report an actor, in the order of their starts. Actors that have ended are forgotten."""
        return [_report(child) for child in self._children.values()]

    async def _live(self, child: Child) -> None:
        crashes: deque[float] = deque(maxlen=self.CRASHES_MAX)
        failed: list[Letter] = []
        try:
            while True:
                try:
                    await child.actor.run(failed, child.recovered)
                except BatchFailed as crash:
                    failed = crash.letters
                    await self._after_crash(child, crash, crashes)
                else:
                    if not child.actor.leaving:
                        return
                    failed = []
                    crashes.clear()
                    child.parked = False
                    child.recovering = True
                    child.actor = child.make(child.address)
        finally:
            self._bury(child)

    def _bury(self, child: Child) -> None:
        """Let nobody wait for an actor that has ended, and forget it: markets come and go by the thousand."""
        for letter in child.address.mailbox.end():  # there are some only if it crashed for good or was cancelled
            if letter.reply is not None:
                letter.reply.fail(Stopped(f"{child.address.name} ended before it read this"))
        del self._children[child.address.name]
        child.ended.set()
        child.started.set()

    async def _after_crash(self, child: Child, crash: BatchFailed, crashes: deque[float]) -> None:
        """Note the crash and put the successor in place."""
        child.recovering = True
        cause = crash.__cause__
        child.last_failure = f"{type(cause).__name__}: {cause}"
        log.error("actor crashed", actor=child.address.name, restarts=child.restarts, exc_info=cause)
        if child.restart is Restart.NEVER:
            raise ActorFailed(f"{child.address.name} crashed: {child.last_failure}") from cause
        now = trio.current_time()
        hopeless = len(crashes) == self.CRASHES_MAX and now - crashes[0] < self.CRASH_WINDOW_S
        crashes.append(now)
        if hopeless or child.parked:
            if child.parked or child.park is None:
                raise ActorFailed(f"{child.address.name} crashes again and again: {child.last_failure}") from cause
            child.parked = True
            child.actor = child.park(child.address)
            log.error("actor parked", actor=child.address.name)
            return
        await trio.sleep(self.PAUSE_S)
        child.restarts += 1
        child.actor = child.make(child.address)


def _report(child: Child) -> ChildReport:
    if child.parked:
        state = "parked"
    elif not child.recovering:
        state = "running"
    else:
        state = "restarting" if child.started.is_set() else "starting"
    statistics: Statistics = child.actor.statistics
    return ChildReport(
        name=child.address.name,
        state=state,
        waiting=len(child.address.mailbox),
        waiting_max=child.address.mailbox.depth_max,
        batches=statistics.batches,
        letters=statistics.letters,
        batch_max=statistics.batch_max,
        restarts=child.restarts,
        last_failure=child.last_failure,
    )
