"""The way from trio to asyncpg, which lives on asyncio only: a thread with an event loop of its own.

    trio's thread                          the bridge's thread
    await bridge.run(function, *args)  ->  a task awaits function(*args)
          sleeps                           works
    value, exception or Cancelled      <-  ends, whichever way

Two threads share one interpreter lock: `run.py` sets `sys.setswitchinterval(0.0005)`, without which a busy bridge makes
trio's timers 5 ms late. Measured beside trio-asyncio by `tests/benchmarks/storage_bridge.py`; ARCHITECTURE.md has it.
"""

import asyncio
import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any, Protocol, TypeVar, TypeVarTuple, Unpack

import outcome
import trio
import uvloop

T = TypeVar("T")
Ts = TypeVarTuple("Ts")


class BridgeStopped(Exception):
    """The asyncio side was stopped before it gave an answer."""


class Bridge(Protocol):
    """A way to run asyncio's coroutines from trio."""

    async def run(self, function: Callable[[Unpack[Ts]], Awaitable[T]], *args: *Ts) -> T:
        """Await `function(*args)` on the asyncio side.

        A cancellation is passed on once, and its end waited for: when this raises Cancelled, the asyncio side has
        ended; if that finished all the same, its value is returned.
        """


@asynccontextmanager
async def open_bridge(
    new_loop: Callable[[], asyncio.AbstractEventLoop] = uvloop.new_event_loop,
) -> AsyncIterator[Bridge]:
    """Run an asyncio loop in a thread for the length of the block; what still runs in it at the end is cancelled."""
    bridge = _ThreadBridge(new_loop)
    with trio.CancelScope(shield=True):  # a few milliseconds; a thread can't be left half started
        await bridge.start()
    try:
        yield bridge
    finally:
        with trio.CancelScope(shield=True):
            await bridge.stop()


class _ThreadBridge:
    """The bridge by a thread. `_loop` and `_stop` are made by the thread, and are there once `start` has returned."""

    _loop: asyncio.AbstractEventLoop
    _stop: asyncio.Event

    def __init__(self, new_loop: Callable[[], asyncio.AbstractEventLoop]) -> None:
        self._new_loop = new_loop
        self._trio = trio.lowlevel.current_trio_token()
        self._started = trio.Event()
        self._stopped = trio.Event()
        self._stopping = False
        self._failure: BaseException | None = None
        # A daemon: a program that dies without closing its bridge is not held up by it.
        self._thread = threading.Thread(target=self._serve, name="storage bridge", daemon=True)

    async def run(self, function: Callable[[Unpack[Ts]], Awaitable[T]], *args: *Ts) -> T:
        if self._stopping:
            raise BridgeStopped("the bridge to asyncio is stopped")
        sleeper = trio.lowlevel.current_task()
        raise_cancelled: Callable[[], Any] | None = None
        task: asyncio.Task[T]

        async def work() -> T:
            return await function(*args)  # called here, so that what the call itself raises reaches the sleeper too

        def start() -> None:
            nonlocal task
            task = self._loop.create_task(work())
            task.add_done_callback(lambda ended: self._call_in_trio(wake, ended))

        def cancel() -> None:
            task.cancel()

        def wake(ended: asyncio.Task[T]) -> None:
            trio.lowlevel.reschedule(sleeper, outcome.capture(result, ended))

        def result(ended: asyncio.Task[T]) -> T:
            if not ended.cancelled():
                return ended.result()
            if raise_cancelled is not None:
                raise_cancelled()
            raise BridgeStopped("the bridge to asyncio was stopped during a call")

        def abort(raise_cancel: Callable[[], Any]) -> trio.lowlevel.Abort:
            nonlocal raise_cancelled
            raise_cancelled = raise_cancel
            # Once only: asyncpg leaks connections when it is cancelled again while it cleans up. The call to `start`
            # came before, so there is a task. A loop that is closed already has ended it.
            with suppress(RuntimeError):
                self._loop.call_soon_threadsafe(cancel)
            return trio.lowlevel.Abort.FAILED

        self._loop.call_soon_threadsafe(start)
        answer: T = await trio.lowlevel.wait_task_rescheduled(abort)
        return answer

    async def start(self) -> None:
        """Start the thread; raises what kept its loop from starting."""
        self._thread.start()
        await self._started.wait()
        if self._failure is not None:
            raise self._failure

    async def stop(self) -> None:
        """End the loop and its thread; calls under way raise BridgeStopped."""
        self._stopping = True
        if self._failure is None:
            self._loop.call_soon_threadsafe(self._stop.set)
        await self._stopped.wait()
        self._thread.join()  # it said so as its last act

    def _serve(self) -> None:
        try:
            with asyncio.Runner(loop_factory=self._new_loop) as runner:  # its end cancels what still runs
                runner.run(self._until_stopped())
        except BaseException as error:  # noqa: BLE001 - whatever it is, `start` waits to hear of it
            self._failure = error
            self._call_in_trio(self._started.set)
        self._call_in_trio(self._stopped.set)

    async def _until_stopped(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._stop = asyncio.Event()
        self._call_in_trio(self._started.set)
        await self._stop.wait()

    def _call_in_trio(self, function: Callable[[Unpack[Ts]], object], *args: *Ts) -> None:
        with suppress(trio.RunFinishedError):  # nobody waits any more
            self._trio.run_sync_soon(function, *args)
