"""Calls from trio into asyncio: their values, their errors, their cancellation, and the bridge's end."""

import asyncio
import threading
from collections.abc import Callable

import pytest
import trio
import uvloop

from storage.bridge import Bridge, BridgeStopped, _ThreadBridge, open_bridge

NewLoop = Callable[[], asyncio.AbstractEventLoop]


@pytest.fixture(params=[asyncio.new_event_loop, uvloop.new_event_loop], ids=["asyncio", "uvloop"])
def new_loop(request: pytest.FixtureRequest) -> NewLoop:
    loop: NewLoop = request.param
    return loop


class Stage:
    """A coroutine for the asyncio side that says how far it came, and can be held up there."""

    def __init__(self) -> None:
        self.reached = threading.Event()
        self.cancellations = 0
        self.cleaned_up = False

    async def wait_for_ever(self) -> None:
        await self.wait()

    async def wait(self, seconds: float = 3600) -> None:
        self.reached.set()
        try:
            await asyncio.sleep(seconds)
        except asyncio.CancelledError:
            self.cancellations += 1
            raise

    async def finish_all_the_same(self) -> str:
        try:
            await self.wait()
        except asyncio.CancelledError:
            await asyncio.sleep(0.01)
        return "done"

    async def clean_up(self) -> None:
        try:
            await self.wait()
        finally:
            await asyncio.sleep(0.01)
            self.cleaned_up = True


async def double(number: int) -> int:
    await asyncio.sleep(0)
    return 2 * number


@pytest.mark.trio
async def test_a_call_returns_its_value_from_another_thread(new_loop: NewLoop) -> None:
    async def thread_name() -> str:
        return threading.current_thread().name

    async with open_bridge(new_loop) as bridge:
        assert await bridge.run(double, 21) == 42
        assert await bridge.run(thread_name) == "storage bridge"


@pytest.mark.trio
async def test_many_calls_run_at_once(new_loop: NewLoop) -> None:
    answers = {}
    all_here = asyncio.Event()

    async def gather(number: int) -> int:
        arrived.append(number)
        if len(arrived) == 100:
            all_here.set()
        await all_here.wait()
        return number

    async def call(bridge: Bridge, number: int) -> None:
        answers[number] = await bridge.run(gather, number)

    arrived: list[int] = []
    async with open_bridge(new_loop) as bridge, trio.open_nursery() as nursery:
        for number in range(100):
            nursery.start_soon(call, bridge, number)
    assert answers == {number: number for number in range(100)}


@pytest.mark.trio
async def test_an_exception_comes_across(new_loop: NewLoop) -> None:
    async def fail() -> None:
        raise KeyError("seven")

    async with open_bridge(new_loop) as bridge:
        with pytest.raises(KeyError, match="seven"):
            await bridge.run(fail)
        assert await bridge.run(double, 1) == 2


@pytest.mark.trio
async def test_what_the_call_itself_raises_comes_across(new_loop: NewLoop) -> None:
    def not_a_coroutine() -> asyncio.Future[None]:
        raise ValueError("no coroutine was made")

    async with open_bridge(new_loop) as bridge:
        with pytest.raises(ValueError, match="no coroutine"):
            await bridge.run(not_a_coroutine)


@pytest.mark.trio
async def test_any_awaitable_will_do(new_loop: NewLoop) -> None:
    """A pool of asyncpg's is an awaitable and no coroutine."""

    def future() -> asyncio.Future[str]:
        made: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        made.set_result("value")
        return made

    async with open_bridge(new_loop) as bridge:
        assert await bridge.run(future) == "value"


@pytest.mark.trio
async def test_a_cancelled_call_is_cancelled_once_and_waited_for(new_loop: NewLoop) -> None:
    stage = Stage()
    async with open_bridge(new_loop) as bridge:
        with trio.CancelScope() as scope:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(bridge.run, stage.clean_up)
                await trio.to_thread.run_sync(stage.reached.wait)
                scope.cancel()
        assert scope.cancelled_caught
        assert stage.cancellations == 1
        assert stage.cleaned_up
        assert await bridge.run(double, 1) == 2


@pytest.mark.trio
async def test_a_call_under_a_scope_that_is_cancelled_already_ends_at_once(new_loop: NewLoop) -> None:
    stage = Stage()
    async with open_bridge(new_loop) as bridge:
        with trio.CancelScope() as scope:
            scope.cancel()
            await bridge.run(stage.wait_for_ever)
        assert scope.cancelled_caught
        assert stage.cancellations == stage.reached.is_set()  # it may have started before the cancellation came


@pytest.mark.trio
async def test_a_call_that_finishes_in_spite_of_its_cancellation_gives_its_value(new_loop: NewLoop) -> None:
    stage = Stage()
    answers = []

    async def call(bridge: Bridge) -> None:
        answers.append(await bridge.run(stage.finish_all_the_same))

    async with open_bridge(new_loop) as bridge:
        with trio.CancelScope() as scope:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(call, bridge)
                await trio.to_thread.run_sync(stage.reached.wait)
                scope.cancel()
    assert answers == ["done"]


@pytest.mark.trio
async def test_a_shielded_call_is_not_cancelled(new_loop: NewLoop) -> None:
    stage = Stage()

    async def call(bridge: Bridge) -> None:
        with trio.CancelScope(shield=True):
            await bridge.run(stage.wait, 0.05)

    async with open_bridge(new_loop) as bridge:
        with trio.CancelScope() as scope:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(call, bridge)
                await trio.to_thread.run_sync(stage.reached.wait)
                scope.cancel()
    assert stage.cancellations == 0


@pytest.mark.trio
async def test_a_loop_that_cannot_be_made_is_told_to_whoever_opens_the_bridge() -> None:
    def broken() -> asyncio.AbstractEventLoop:
        raise OSError("no more files")

    with pytest.raises(OSError, match="no more files"):
        async with open_bridge(broken):
            raise AssertionError("never reached")


@pytest.mark.trio
async def test_the_end_of_the_bridge_ends_calls_under_way_and_refuses_new_ones(new_loop: NewLoop) -> None:
    stage = Stage()
    ended = []

    async def call(bridge: Bridge) -> None:
        with pytest.raises(BridgeStopped):
            await bridge.run(stage.wait_for_ever)
        ended.append(True)

    async with trio.open_nursery() as nursery:
        async with open_bridge(new_loop) as bridge:
            nursery.start_soon(call, bridge)
            await trio.to_thread.run_sync(stage.reached.wait)
        with pytest.raises(BridgeStopped):
            await bridge.run(double, 1)
    assert ended == [True]
    assert "storage bridge" not in [thread.name for thread in threading.enumerate()]


@pytest.mark.trio
async def test_the_thread_ends_when_the_block_is_left_by_an_exception(new_loop: NewLoop) -> None:
    async def use_and_fail() -> None:
        async with open_bridge(new_loop) as bridge:
            await bridge.run(double, 1)
            raise RuntimeError("oops")

    with pytest.raises(RuntimeError, match="oops"):
        await use_and_fail()
    assert "storage bridge" not in [thread.name for thread in threading.enumerate()]


def test_an_answer_after_the_end_of_trio_is_dropped(new_loop: NewLoop) -> None:
    """A program that dies without closing the bridge gets no error from its thread on top."""
    started: list[_ThreadBridge] = []

    async def main() -> None:
        bridge = _ThreadBridge(new_loop)
        await bridge.start()
        started.append(bridge)

    trio.run(main)
    [bridge] = started
    bridge._loop.call_soon_threadsafe(bridge._stop.set)
    bridge._thread.join(timeout=10)
    assert not bridge._thread.is_alive()
