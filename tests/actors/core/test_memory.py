"""Memory: replies go away with their last user, without waiting for the cycle collector."""

import gc
from collections.abc import Awaitable, Callable, Iterator

import pytest
import structlog
import trio
import trio.testing

from actors.core import Address, Forward, Gather, Join, Restart, Supervisor, Unavailable, Unknown
from actors.core.reply import Reply
from tests.actors.core.scribe import TRIP, Do, Say, Scribe, send

ASKS = 2_000


@pytest.fixture(autouse=True)
def no_collector() -> Iterator[None]:
    gc.collect()
    gc.disable()
    yield
    gc.enable()


def replies_alive() -> int:
    return sum(isinstance(thing, Reply) for thing in gc.get_objects())


async def ask_plainly(desk: Address, _: Address) -> None:
    await desk.ask(Say("a"))


async def ask_through(desk: Address, office: Address) -> None:
    await desk.ask(Do(lambda _: Forward(office, Say("a"))))


async def gather(desk: Address, office: Address) -> None:
    await desk.ask(Do(lambda _: Gather((Forward(office, Say("a")), 2, Gather((Forward(office, Say("b")), 3))))))


async def join(desk: Address, office: Address) -> None:
    first = send(desk, Do(lambda _: Forward(office, Say("a"))))
    await desk.ask(Do(lambda _: Join(first)))
    await first.wait()


async def hear_a_failure(desk: Address, _: Address) -> None:
    with pytest.raises(Unavailable):
        await desk.ask(Do(lambda _: Unknown("lost")))


async def hear_a_failure_late(desk: Address, _: Address) -> None:
    reply = send(desk, Do(lambda _: Unknown("lost")))
    await trio.sleep(1)
    with pytest.raises(Unavailable):
        await reply.wait()


async def leave_early(desk: Address, _: Address) -> None:
    with trio.move_on_after(0):
        await desk.ask(Say("a"))


@pytest.mark.parametrize(
    "work", [ask_plainly, ask_through, gather, join, hear_a_failure, hear_a_failure_late, leave_early]
)
@pytest.mark.trio
async def test_no_reply_outlives_its_letter(
    nursery: trio.Nursery,
    autojump_clock: trio.testing.MockClock,
    work: Callable[[Address, Address], Awaitable[None]],
) -> None:
    supervisor = Supervisor(nursery)
    desk, office = Address("desk"), Address("office")
    for address in (desk, office):
        supervisor.start(address, Scribe, Restart.NEVER)
    before = replies_alive()
    async with trio.open_nursery() as askers:
        for _ in range(ASKS):
            askers.start_soon(work, desk, office)
    await trio.testing.wait_all_tasks_blocked()
    assert replies_alive() == before


@pytest.mark.trio
async def test_a_first_that_is_kept_lets_go_of_its_repeats_once_they_are_answered() -> None:
    before = replies_alive()
    first = Reply()
    for _ in range(100):
        Reply().follow(first)
    assert replies_alive() == before + 101
    first.answer("a")
    assert replies_alive() == before + 1


@pytest.mark.trio
async def test_a_crash_keeps_only_its_own_batch_alive(
    nursery: trio.Nursery, autojump_clock: trio.testing.MockClock
) -> None:
    """The supervisor holds the failed batch for the successor, and nothing of the crashes before.

    A crashed actor itself is a cycle, as its handlers are its methods: that much is left to the collector.
    """

    async def ask() -> None:
        with pytest.raises(Unknown):
            await address.ask(TRIP)

    address = Address("market")
    supervisor = Supervisor(nursery)
    supervisor.CRASHES_MAX = 1_000
    supervisor.start(address, Scribe, Restart.ONE_FOR_ONE)
    with structlog.testing.capture_logs() as entries:
        for _ in range(100):
            await ask()
        assert await address.ask(Say("a")) == "a"
        entries.clear()  # each holds its exception with all its frames
    await trio.testing.wait_all_tasks_blocked()
    gc.collect()
    assert replies_alive() == 1
