"""Supervision: starting, closing, being cancelled, and what the console is told. Crashes have a file of their own."""

from functools import partial

import pytest
import trio
from trio.testing import MockClock, wait_all_tasks_blocked

from actors.core import Actor, Address, Busy, Forward, Restart, Stopped, Supervisor, Unknown
from actors.core.mailbox import Letter
from tests.actors.core.scribe import (
    TRIP,
    Do,
    Gate,
    Hear,
    InThrees,
    Say,
    Scribe,
    StandIn,
    Tripped,
    actor_failed,
    collect_outcome,
    outcome_of,
    recoveries,
    send,
    tripping,
)

# The end


@pytest.mark.trio
async def test_close_reads_to_the_end(nursery: trio.Nursery, autojump_clock: MockClock) -> None:
    diary, address = list[str](), Address("market")
    supervisor = Supervisor(nursery)
    replies = [send(address, Say(text)) for text in "abcdefg"]
    supervisor.start(address, partial(InThrees, diary=diary), Restart.ONE_FOR_ONE)
    await supervisor.close(address)
    assert [await outcome_of(reply) for reply in replies] == list("abcdefg")
    assert diary == ["recover", "a", "b", "c", "flush", "d", "e", "f", "flush", "g", "flush"]


@pytest.mark.trio
async def test_close_waits_for_the_flush_and_the_answers(nursery: trio.Nursery, autojump_clock: MockClock) -> None:
    gate, address, closed = Gate(), Address("market"), trio.Event()
    supervisor = Supervisor(nursery)

    async def close() -> None:
        await supervisor.close(address)
        closed.set()

    supervisor.start(address, partial(Scribe, on_flush=gate), Restart.ONE_FOR_ONE)
    reply = send(address, Say("a"))
    await gate.reached.wait()
    nursery.start_soon(close)
    await wait_all_tasks_blocked()
    assert not closed.is_set()
    gate.opened.set()
    await closed.wait()
    assert reply.done


@pytest.mark.trio
async def test_after_close_asks_are_refused_facts_are_taken_until_the_end_and_dropped_then(
    nursery: trio.Nursery, autojump_clock: MockClock
) -> None:
    gate, diary, address = Gate(), list[str](), Address("accounts")
    supervisor = Supervisor(nursery)
    supervisor.start(address, partial(Scribe, diary=diary, on_flush=gate), Restart.NEVER)
    reply = send(address, Say("a"))
    await gate.reached.wait()
    nursery.start_soon(supervisor.close, address)
    await wait_all_tasks_blocked()
    with pytest.raises(Stopped, match="accounts is shutting down"):
        await address.ask(Say("b"))
    address.tell(Hear("the last"))
    gate.opened.set()
    assert await reply.wait() == "a"
    await supervisor.close(address)
    assert diary == ["recover", "a", "flush", "heard the last", "flush"]
    address.tell(Hear("nothing"))
    assert len(address.mailbox) == 0
    with pytest.raises(Busy):
        await address.ask(Say("c"))


@pytest.mark.trio
async def test_a_crash_of_a_closed_actor_loses_no_waiting_letter(
    nursery: trio.Nursery, autojump_clock: MockClock
) -> None:
    diary, address = list[str](), Address("market")
    supervisor = Supervisor(nursery)
    batch = [send(address, command) for command in (Say("a"), TRIP, Say("b"))]
    waiting = [send(address, Say(text)) for text in "cd"]
    supervisor.start(address, partial(InThrees, diary=diary), Restart.ONE_FOR_ONE)
    await supervisor.close(address)
    assert [await outcome_of(reply) for reply in batch] == [Unknown] * 3
    assert [await outcome_of(reply) for reply in waiting] == ["c", "d"]
    assert recoveries(diary) == ["", "a do b"]


@pytest.mark.trio
async def test_a_crash_in_the_last_batch_is_still_recovered_from(
    nursery: trio.Nursery, autojump_clock: MockClock
) -> None:
    """What was held for its letters has to be released, even if there is nothing left to read."""
    diary, address = list[str](), Address("market")
    supervisor = Supervisor(nursery)
    supervisor.start(address, partial(Scribe, diary=diary), Restart.ONE_FOR_ONE)
    reply = send(address, TRIP)
    await supervisor.close(address)
    assert await outcome_of(reply) is Unknown
    assert recoveries(diary) == ["", "do"]


@pytest.mark.trio
async def test_a_closed_actor_that_crashes_too_often_is_parked_and_read_to_the_end(
    nursery: trio.Nursery, autojump_clock: MockClock
) -> None:
    address = Address("market")
    supervisor = Supervisor(nursery)
    reply = send(address, Say("a"))
    supervisor.start(address, partial(Scribe, on_recover=tripping(100)), Restart.ONE_FOR_ONE, park=StandIn)
    await supervisor.close(address)
    assert await outcome_of(reply) == "no a"


@pytest.mark.trio
async def test_closing_twice_does_no_harm(nursery: trio.Nursery, autojump_clock: MockClock) -> None:
    address = Address("market")
    supervisor = Supervisor(nursery)
    supervisor.start(address, Scribe, Restart.ONE_FOR_ONE)
    async with trio.open_nursery() as closers:
        closers.start_soon(supervisor.close, address)
        closers.start_soon(supervisor.close, address)
    await supervisor.close(address)


@pytest.mark.trio
async def test_an_actor_can_close_itself_with_its_last_letter(nursery: trio.Nursery, autojump_clock: MockClock) -> None:
    address = Address("market")
    supervisor = Supervisor(nursery)
    supervisor.start(address, Scribe, Restart.ONE_FOR_ONE)
    assert await address.ask(Do(lambda actor: actor.address.mailbox.close())) is None
    await supervisor.close(address)
    assert supervisor.statistics() == []


@pytest.mark.trio
async def test_an_actor_that_has_ended_is_forgotten_and_its_name_is_free(
    nursery: trio.Nursery, autojump_clock: MockClock
) -> None:
    supervisor = Supervisor(nursery)
    for _ in range(2):
        address = Address("market")
        supervisor.start(address, Scribe, Restart.ONE_FOR_ONE)
        assert await address.ask(Say("a")) == "a"
        await supervisor.close(address)
        assert supervisor.statistics() == []


@pytest.mark.trio
async def test_a_name_in_use_is_refused(nursery: trio.Nursery, autojump_clock: MockClock) -> None:
    supervisor = Supervisor(nursery)
    supervisor.start(Address("market"), Scribe, Restart.ONE_FOR_ONE)
    with pytest.raises(AssertionError):
        supervisor.start(Address("market"), Scribe, Restart.ONE_FOR_ONE)


@pytest.mark.trio
async def test_an_actor_that_can_t_be_built_leaves_no_trace(nursery: trio.Nursery, autojump_clock: MockClock) -> None:
    def make(_: Address) -> Actor:
        raise Tripped

    supervisor = Supervisor(nursery)
    with pytest.raises(Tripped):
        supervisor.start(Address("market"), make, Restart.ONE_FOR_ONE)
    assert supervisor.statistics() == []


# Starting


@pytest.mark.trio
async def test_started_waits_until_the_actor_has_recovered(nursery: trio.Nursery, autojump_clock: MockClock) -> None:
    recovered = trio.Event()

    async def on_recover(_: list[Letter]) -> None:
        await trio.sleep(7)
        recovered.set()

    address = Address("ledger")
    supervisor = Supervisor(nursery)
    supervisor.start(address, partial(Scribe, on_recover=on_recover), Restart.NEVER)
    assert supervisor.statistics()[0].state == "starting"
    await supervisor.started(address)
    assert recovered.is_set()
    assert supervisor.statistics()[0].state == "running"
    await supervisor.started(address)


@pytest.mark.trio
async def test_started_raises_for_an_actor_that_ended_instead(nursery: trio.Nursery, autojump_clock: MockClock) -> None:
    address, heard = Address("ledger"), list[object]()

    async def wait_for_start() -> None:
        try:
            await supervisor.started(address)
        except Stopped as stopped:
            heard.append(str(stopped))

    with actor_failed():
        async with trio.open_nursery() as actors:
            supervisor = Supervisor(actors)
            supervisor.start(address, partial(Scribe, on_recover=tripping(1)), Restart.NEVER)
            nursery.start_soon(wait_for_start)
    await wait_all_tasks_blocked()
    await wait_for_start()
    assert heard == ["ledger has ended"] * 2


@pytest.mark.trio
async def test_letters_wait_until_the_actor_has_recovered(nursery: trio.Nursery, autojump_clock: MockClock) -> None:
    gate, diary, address = Gate(), list[str](), Address("market")

    async def on_recover(_: list[Letter]) -> None:
        await gate()

    Supervisor(nursery).start(address, partial(Scribe, diary=diary, on_recover=on_recover), Restart.ONE_FOR_ONE)
    reply = send(address, Say("a"))
    await gate.reached.wait()
    assert diary == ["recover"]
    gate.opened.set()
    assert await reply.wait() == "a"


# Cancelled from outside


@pytest.mark.trio
async def test_a_cancelled_supervisor_leaves_no_asker_waiting(nursery: trio.Nursery, autojump_clock: MockClock) -> None:
    """In hand is unknown, unread is certainly not done; who waits for a start or an end goes on."""
    gate, address = Gate(), Address("market")
    in_hand, unread = list[object](), list[object]()
    async with trio.open_nursery() as actors:
        supervisor = Supervisor(actors)
        supervisor.start(address, partial(InThrees, on_flush=gate), Restart.ONE_FOR_ONE)
        for text in "abc":
            nursery.start_soon(collect_outcome, send(address, Say(text)), in_hand)
        for text in "de":
            nursery.start_soon(collect_outcome, send(address, Say(text)), unread)
        nursery.start_soon(supervisor.close, address)
        await gate.reached.wait()
        actors.cancel_scope.cancel()
    await wait_all_tasks_blocked()
    assert (in_hand, unread) == ([Unknown] * 3, [Stopped] * 2)
    assert supervisor.statistics() == []
    with pytest.raises(Stopped):
        await address.ask(Say("f"))


@pytest.mark.trio
async def test_a_cancelled_actor_takes_nothing_back_that_it_has_forwarded(
    nursery: trio.Nursery, autojump_clock: MockClock
) -> None:
    """The letter is the receiver's: the forwarder's end says nothing about it."""
    gate, desk, office = Gate(), Address("desk"), Address("office")
    Supervisor(nursery).start(office, partial(Scribe, on_flush=gate), Restart.NEVER)
    async with trio.open_nursery() as actors:
        Supervisor(actors).start(desk, Scribe, Restart.NEVER)
        reply = send(desk, Do(lambda _: Forward(office, Say("a"))))
        await gate.reached.wait()
        actors.cancel_scope.cancel()
    gate.opened.set()
    assert await reply.wait() == "a"


@pytest.mark.trio
async def test_an_actor_cancelled_in_its_pause_before_a_restart_leaves_no_asker_waiting(
    nursery: trio.Nursery, autojump_clock: MockClock
) -> None:
    address, unread = Address("market"), list[object]()
    async with trio.open_nursery() as actors:
        Supervisor(actors).start(address, Scribe, Restart.ONE_FOR_ONE)
        assert await outcome_of(send(address, TRIP)) is Unknown
        nursery.start_soon(collect_outcome, send(address, Say("a")), unread)
        actors.cancel_scope.cancel()
    await wait_all_tasks_blocked()
    assert unread == [Stopped]


@pytest.mark.trio
async def test_an_interrupt_is_no_crash_it_goes_through_and_leaves_no_asker_waiting(
    nursery: trio.Nursery, autojump_clock: MockClock
) -> None:
    class Interrupted(BaseException):
        pass

    def interrupt(_: Scribe) -> object:
        raise Interrupted

    diary, address = list[str](), Address("market")
    in_hand, unread = list[object](), list[object]()
    for command in (Say("a"), Do(interrupt), Say("b")):
        nursery.start_soon(collect_outcome, send(address, command), in_hand)
    nursery.start_soon(collect_outcome, send(address, Say("c")), unread)
    with pytest.RaisesGroup(Interrupted):
        async with trio.open_nursery() as actors:
            Supervisor(actors).start(address, partial(InThrees, diary=diary), Restart.ONE_FOR_ONE)
    await wait_all_tasks_blocked()
    assert (in_hand, unread) == ([Unknown] * 3, [Stopped])
    assert recoveries(diary) == [""]


# The console


@pytest.mark.trio
async def test_statistics_count_what_was_done_and_what_waits(nursery: trio.Nursery, autojump_clock: MockClock) -> None:
    gate, market, ledger = Gate(), Address("market"), Address("ledger")
    supervisor = Supervisor(nursery)
    supervisor.start(market, partial(InThrees, on_flush=gate), Restart.ONE_FOR_ONE)
    supervisor.start(ledger, Scribe, Restart.NEVER)
    for text in "abcde":
        market.tell(Hear(text))
    await gate.reached.wait()
    await supervisor.started(ledger)
    first, second = supervisor.statistics()
    assert (first.name, first.state, first.waiting, first.waiting_max) == ("market", "running", 2, 5)
    assert (first.batches, first.letters, first.restarts, first.last_failure) == (0, 0, 0, None)
    assert (second.name, second.state, second.waiting) == ("ledger", "running", 0)
    gate.opened.set()
    await wait_all_tasks_blocked()
    (first, _) = supervisor.statistics()
    assert (first.waiting, first.batches, first.letters, first.batch_max) == (0, 2, 5, 3)


@pytest.mark.trio
async def test_an_actor_on_its_way_back_is_restarting(nursery: trio.Nursery, autojump_clock: MockClock) -> None:
    address, states = Address("market"), list[str]()

    async def on_recover(failed: list[Letter]) -> None:
        states.append(supervisor.statistics()[0].state)

    supervisor = Supervisor(nursery)
    supervisor.start(address, partial(Scribe, on_recover=on_recover), Restart.ONE_FOR_ONE)
    assert await outcome_of(send(address, TRIP)) is Unknown
    assert supervisor.statistics()[0].state == "restarting"
    assert await address.ask(Say("a")) == "a"
    assert states == ["starting", "restarting"]
    assert supervisor.statistics()[0].state == "running"
