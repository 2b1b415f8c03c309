"""Alarms, on trio's own clock, which stands still unless everybody waits."""

import pytest
import trio
from trio.testing import MockClock

from actors.clock import SteadyClock
from actors.core import Address
from actors.timekeeper import LOOK_S_MAX, TimeHasCome, Timekeeper


class TrioClock:
    """The time as trio has it, from an arbitrary start."""

    ahead_ms = 1_000_000

    def now_ms(self) -> int:
        return self.ahead_ms + round(trio.current_time() * 1_000)


async def letters(address: Address) -> int:
    """How many letters wait; they are taken."""
    if not len(address.mailbox):
        return 0
    batch = await address.mailbox.drain(100)
    assert all(letter.message == TimeHasCome() and letter.reply is None for letter in batch)
    return len(batch)


@pytest.mark.trio
async def test_an_alarm_rings_once_at_its_time(autojump_clock: MockClock, nursery: trio.Nursery) -> None:
    clock = TrioClock()
    keeper, address = Timekeeper(SteadyClock(clock)), Address("sleeper")
    nursery.start_soon(keeper.run)
    keeper.wake(address, clock.now_ms() + 5_000)
    await trio.sleep(4.9)
    assert await letters(address) == 0
    await trio.sleep(0.2)
    assert await letters(address) == 1
    await trio.sleep(1_000)
    assert await letters(address) == 0
    keeper.close()


@pytest.mark.trio
async def test_a_later_call_takes_the_place_of_the_one_before(autojump_clock: MockClock, nursery: trio.Nursery) -> None:
    clock = TrioClock()
    keeper, address = Timekeeper(SteadyClock(clock)), Address("sleeper")
    nursery.start_soon(keeper.run)
    now_ms = clock.now_ms()
    keeper.wake(address, now_ms + 5_000)
    keeper.wake(address, now_ms + 2_000)
    await trio.sleep(2.1)
    assert await letters(address) == 1
    await trio.sleep(10)
    assert await letters(address) == 0
    keeper.wake(address, now_ms + 20_000)
    keeper.wake(address, None)
    keeper.wake(address, None)
    await trio.sleep(30)
    assert await letters(address) == 0
    keeper.close()


@pytest.mark.trio
async def test_each_is_woken_in_the_order_of_times(autojump_clock: MockClock, nursery: trio.Nursery) -> None:
    clock = TrioClock()
    keeper = Timekeeper(SteadyClock(clock))
    nursery.start_soon(keeper.run)
    sleepers = [Address(f"sleeper {number}") for number in range(3)]
    for number, address in enumerate(sleepers):
        keeper.wake(address, clock.now_ms() + (3 - number) * 1_000)
    for seconds, due in ((1.1, [0, 0, 1]), (1.0, [0, 1, 0]), (1.0, [1, 0, 0])):
        await trio.sleep(seconds)
        assert [await letters(address) for address in sleepers] == due
    keeper.close()


@pytest.mark.trio
async def test_a_clock_that_is_set_forward_is_noticed(autojump_clock: MockClock, nursery: trio.Nursery) -> None:
    """Sleeping goes by trio's clock; the time that counts is the exchange's."""
    clock = TrioClock()
    keeper, address = Timekeeper(SteadyClock(clock)), Address("sleeper")
    nursery.start_soon(keeper.run)
    keeper.wake(address, clock.now_ms() + 3_600_000)
    await trio.sleep(1)
    clock.ahead_ms += 3_600_000
    await trio.sleep(LOOK_S_MAX)
    assert await letters(address) == 1
    keeper.close()


@pytest.mark.trio
async def test_a_time_that_has_passed_rings_at_once(autojump_clock: MockClock, nursery: trio.Nursery) -> None:
    clock = TrioClock()
    keeper, address = Timekeeper(SteadyClock(clock)), Address("sleeper")
    keeper.wake(address, clock.now_ms() - 1)
    nursery.start_soon(keeper.run)
    await trio.sleep(0.01)
    assert await letters(address) == 1
    keeper.close()
