"""Actors: batches, one flush each, then the answers; forwarding, gathering, joining."""

from collections.abc import Callable
from functools import partial

import pytest
import trio
import trio.testing

from actors.core import Actor, Address, Busy, DecideAgain, Forward, Gather, Join, Restart, Stopped, Supervisor, Unknown
from actors.core.reply import Reply
from tests.actors.core.scribe import Do, Gate, Hear, Say, Scribe, collect_outcome, send


def start(nursery: trio.Nursery, *actors: Callable[[Address], Actor]) -> list[Address]:
    """Start some actors and return their addresses."""
    supervisor = Supervisor(nursery)
    addresses = [Address(f"actor {number}") for number in range(len(actors))]
    for address, make in zip(addresses, actors, strict=True):
        supervisor.start(address, make, Restart.NEVER)
    return addresses


# Batches


class InThrees(Scribe):
    BATCH_MAX = 3

    def begin(self) -> None:
        self.diary.append("begin")


@pytest.mark.trio
async def test_letters_are_handled_in_order_in_batches_cut_at_the_maximum(nursery: trio.Nursery) -> None:
    diary: list[str] = []
    (address,) = start(nursery, partial(InThrees, diary=diary))
    for text in "abcdefg":
        address.tell(Hear(text))
    await trio.testing.wait_all_tasks_blocked()
    assert diary == [
        "recover",
        *("begin", "heard a", "heard b", "heard c", "flush"),
        *("begin", "heard d", "heard e", "heard f", "flush"),
        *("begin", "heard g", "flush"),
    ]


@pytest.mark.trio
async def test_letters_that_come_during_a_flush_make_the_next_batch(nursery: trio.Nursery) -> None:
    diary, gate = list[str](), Gate()
    (address,) = start(nursery, partial(Scribe, diary=diary, on_flush=gate))
    address.tell(Hear("a"))
    await gate.reached.wait()
    address.tell(Hear("b"))
    address.tell(Hear("c"))
    gate.opened.set()
    await trio.testing.wait_all_tasks_blocked()
    assert diary == ["recover", "heard a", "flush", "heard b", "heard c", "flush"]


@pytest.mark.trio
async def test_a_batch_of_which_nothing_was_done_is_handled_again(nursery: trio.Nursery) -> None:
    """Its letters, and no others; the answers are those of the last time."""
    diary: list[str] = []
    tries: list[int] = []

    async def flush() -> None:
        tries.append(len(tries))
        if len(tries) < InThrees.TRIES_MAX:
            address.tell(Hear(f"later {len(tries)}"))
            raise DecideAgain

    (address,) = start(nursery, partial(InThrees, diary=diary, on_flush=flush))
    address.tell(Hear("a"))
    reply = send(address, Do(lambda _: len(tries)))
    assert await reply.wait() == 2
    await trio.testing.wait_all_tasks_blocked()
    assert diary == [
        "recover",
        *("begin", "heard a", "begin", "heard a", "begin", "heard a", "flush"),
        *("begin", "heard later 1", "heard later 2", "flush"),
    ]


@pytest.mark.trio
async def test_answers_leave_only_after_the_flush(nursery: trio.Nursery) -> None:
    gate = Gate()
    (address,) = start(nursery, partial(Scribe, on_flush=gate))
    asked = [send(address, Say("a")), send(address, Do(lambda _: Gather(())))]
    asked.append(send(address, Do(lambda _: Gather((1, 2)))))
    await gate.reached.wait()
    assert not any(reply.done for reply in asked)
    gate.opened.set()
    assert [await reply.wait() for reply in asked] == ["a", (), (1, 2)]


@pytest.mark.trio
async def test_the_answers_of_a_batch_belong_to_their_askers(nursery: trio.Nursery) -> None:
    (address,) = start(nursery, Scribe)
    asked = {text: send(address, Say(text)) for text in "abcdef"}
    assert {text: await reply.wait() for text, reply in asked.items()} == {text: text for text in "abcdef"}


@pytest.mark.trio
async def test_ask_returns_the_answer(nursery: trio.Nursery) -> None:
    (address,) = start(nursery, Scribe)
    assert await address.ask(Say("hello")) == "hello"
    assert await address.ask(Do(lambda _: None)) is None


@pytest.mark.trio
async def test_an_unavailable_that_a_handler_returns_is_raised_where_was_asked(nursery: trio.Nursery) -> None:
    gate = Gate()
    (address,) = start(nursery, partial(Scribe, on_flush=gate))
    reply = send(address, Do(lambda _: Busy("too much under way")))
    await gate.reached.wait()
    assert not reply.done
    gate.opened.set()
    with pytest.raises(Busy, match="too much under way"):
        await reply.wait()


@pytest.mark.trio
async def test_an_actor_with_endless_letters_lets_others_run(nursery: trio.Nursery) -> None:
    """A letter that tells the next one keeps the mailbox filled; the batches of one letter must leave gaps."""
    letters_max = 10_000

    def again(actor: Scribe) -> None:
        if actor.statistics.letters < letters_max:
            actor.address.tell(Do(again))

    actors: list[Scribe] = []

    def make(address: Address) -> Scribe:
        actors.append(Scribe(address))
        return actors[0]

    address = Address("endless")
    Supervisor(nursery).start(address, make, Restart.NEVER)
    address.tell(Do(again))
    for _ in range(100):
        await trio.lowlevel.checkpoint()
    assert 0 < actors[0].statistics.letters < letters_max
    await trio.testing.wait_all_tasks_blocked()
    assert actors[0].statistics.letters == letters_max + 1


@pytest.mark.trio
async def test_a_full_mailbox_lets_others_run_between_batches(nursery: trio.Nursery) -> None:
    turns = 0

    async def other() -> None:
        nonlocal turns
        while len(address.mailbox):
            turns += 1
            await trio.lowlevel.checkpoint()

    batches = 50
    address = Address("busy")
    for _ in range(batches * Scribe.BATCH_MAX):
        address.tell(Hear("x"))
    Supervisor(nursery).start(address, Scribe, Restart.NEVER)
    nursery.start_soon(other)
    await trio.testing.wait_all_tasks_blocked()
    assert batches <= turns + 1


# Forwarding


@pytest.mark.trio
async def test_a_forwarded_letter_is_answered_by_the_receiver(nursery: trio.Nursery) -> None:
    desk, office = start(nursery, Scribe, Scribe)
    assert await desk.ask(Do(lambda _: Forward(office, Say("from the office")))) == "from the office"


@pytest.mark.trio
async def test_the_forwarder_never_answers_what_it_forwarded(nursery: trio.Nursery) -> None:
    gate = Gate()
    desk, office = start(nursery, Scribe, partial(Scribe, on_flush=gate))
    reply = send(desk, Do(lambda _: Forward(office, Say("x"))))
    await gate.reached.wait()
    assert await desk.ask(Say("meanwhile")) == "meanwhile"
    assert not reply.done
    gate.opened.set()
    assert await reply.wait() == "x"


@pytest.mark.trio
async def test_a_letter_can_be_forwarded_more_than_once(nursery: trio.Nursery) -> None:
    first, second, third = start(nursery, Scribe, Scribe, Scribe)
    onward: Do = Do(lambda _: Forward(third, Say("third")))
    assert await first.ask(Do(lambda _: Forward(second, onward))) == "third"


@pytest.mark.trio
async def test_a_letter_forwarded_to_a_closed_actor_is_certainly_not_done(nursery: trio.Nursery) -> None:
    desk, office = start(nursery, Scribe, Scribe)
    office.mailbox.close()
    with pytest.raises(Stopped, match="actor 1 is shutting down"):
        await desk.ask(Do(lambda _: Forward(office, Say("x"))))


@pytest.mark.trio
async def test_a_told_command_is_forwarded_too(nursery: trio.Nursery) -> None:
    """Timers tell commands; nobody waits, and still they must arrive."""
    diary: list[str] = []
    desk, office = start(nursery, Scribe, partial(Scribe, diary=diary))
    desk.tell(Do(lambda _: Forward(office, Say("one"))))
    desk.tell(Do(lambda _: Gather((Forward(office, Say("two")), Forward(office, Say("three"))))))
    await trio.testing.wait_all_tasks_blocked()
    assert [text for text in diary if text not in ("recover", "flush")] == ["one", "two", "three"]


@pytest.mark.trio
async def test_a_handler_can_look_at_where_its_answer_will_go(nursery: trio.Nursery) -> None:
    seen: list[Reply | None] = []
    (address,) = start(nursery, Scribe)
    look: Do = Do(lambda actor: seen.append(actor.reply))
    reply = send(address, look)
    address.tell(look)
    await trio.testing.wait_all_tasks_blocked()
    assert seen == [reply, None]


# Gathering


@pytest.mark.trio
async def test_parts_are_answered_in_their_order_whoever_is_first(nursery: trio.Nursery) -> None:
    gate = Gate()
    desk, slow, quick = start(nursery, Scribe, partial(Scribe, on_flush=gate), Scribe)
    parts = (Forward(slow, Say("slow")), "at once", Forward(quick, Say("quick")))
    reply = send(desk, Do(lambda _: Gather(parts)))
    await gate.reached.wait()
    await trio.testing.wait_all_tasks_blocked()
    assert not reply.done
    gate.opened.set()
    assert await reply.wait() == ("slow", "at once", "quick")


@pytest.mark.trio
async def test_nothing_to_gather_is_an_empty_tuple(nursery: trio.Nursery) -> None:
    (desk,) = start(nursery, Scribe)
    assert await desk.ask(Do(lambda _: Gather(()))) == ()


@pytest.mark.trio
async def test_gathers_within_gathers(nursery: trio.Nursery) -> None:
    desk, office = start(nursery, Scribe, Scribe)
    onward: Do = Do(lambda _: Gather((3, Forward(office, Say("four")))))
    inner = Gather((2, Forward(office, onward), Gather(())))
    assert await desk.ask(Do(lambda _: Gather((1, inner, 5)))) == (1, (2, (3, "four"), ()), 5)


@pytest.mark.trio
async def test_a_part_without_an_answer_stands_as_the_unavailable_it_met(nursery: trio.Nursery) -> None:
    desk, office, closed = start(nursery, Scribe, Scribe, Scribe)
    closed.mailbox.close()
    parts = (Forward(closed, Say("x")), Forward(office, Say("y")), Busy("no room"), Forward(closed, Say("z")))
    first, second, third, fourth = await desk.ask(Do(lambda _: Gather(parts)))
    assert isinstance(first, Stopped)
    assert second == "y"
    assert isinstance(third, Busy)
    assert isinstance(fourth, Stopped)


# Joining


@pytest.mark.trio
async def test_a_repeat_joins_the_first_while_that_is_under_way(nursery: trio.Nursery) -> None:
    gate, heard = Gate(), list[object]()
    desk, office = start(nursery, Scribe, partial(Scribe, on_flush=gate))
    first = send(desk, Do(lambda _: Forward(office, Say("once"))))
    repeats = [send(desk, Do(lambda _: Join(first))) for _ in range(3)]
    for reply in (first, *repeats):
        nursery.start_soon(collect_outcome, reply, heard)
    await gate.reached.wait()
    await trio.testing.wait_all_tasks_blocked()
    assert heard == []
    gate.opened.set()
    await trio.testing.wait_all_tasks_blocked()
    assert heard == ["once"] * 4


@pytest.mark.trio
async def test_a_repeat_joins_a_first_that_has_been_answered(nursery: trio.Nursery) -> None:
    (desk,) = start(nursery, Scribe)
    first = send(desk, Say("once"))
    assert await first.wait() == "once"
    assert await desk.ask(Do(lambda _: Join(first))) == "once"


@pytest.mark.trio
async def test_a_repeat_in_the_same_batch_hears_nothing_before_the_flush(nursery: trio.Nursery) -> None:
    gate = Gate()
    (desk,) = start(nursery, partial(Scribe, on_flush=gate))
    first = send(desk, Say("once"))
    repeat = send(desk, Do(lambda _: Join(first)))
    await gate.reached.wait()
    assert not repeat.done
    gate.opened.set()
    assert await repeat.wait() == "once"


@pytest.mark.trio
async def test_a_repeat_hears_of_the_first_one_s_failure_too(nursery: trio.Nursery) -> None:
    desk, closed = start(nursery, Scribe, Scribe)
    closed.mailbox.close()
    first = send(desk, Do(lambda _: Forward(closed, Say("x"))))
    repeat = send(desk, Do(lambda _: Join(first)))
    for reply in (first, repeat):
        with pytest.raises(Stopped):
            await reply.wait()


@pytest.mark.trio
async def test_a_repeat_is_answered_even_if_the_first_asker_has_gone(
    nursery: trio.Nursery, autojump_clock: trio.testing.MockClock
) -> None:
    gate = Gate()
    desk, office = start(nursery, Scribe, partial(Scribe, on_flush=gate))
    first = send(desk, Do(lambda _: Forward(office, Say("once"))))
    repeat = send(desk, Do(lambda _: Join(first)))
    with trio.move_on_after(1):
        await first.wait()
    gate.opened.set()
    assert first.abandoned
    assert await repeat.wait() == "once"


@pytest.mark.trio
async def test_an_answer_given_by_hand_in_flush_reaches_who_joined_it(nursery: trio.Nursery) -> None:
    """How a ledger answers commits one by one: each joins a ticket of its own."""
    tickets: list[Reply] = []

    def join_a_ticket(_: Scribe) -> Join:
        tickets.append(Reply())
        return Join(tickets[-1])

    async def on_flush() -> None:
        tickets[0].answer("written")
        tickets[1].fail(Unknown("not accepted"))

    address = Address("ledger")
    good, bad = send(address, Do(join_a_ticket)), send(address, Do(join_a_ticket))
    Supervisor(nursery).start(address, partial(Scribe, on_flush=on_flush), Restart.NEVER)
    assert await good.wait() == "written"
    with pytest.raises(Unknown, match="not accepted"):
        await bad.wait()


# Askers who leave


class Skipping(Scribe):
    skips_abandoned = True


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        (Scribe, ["recover", "abandoned", "asked", "heard told", "flush"]),
        (Skipping, ["recover", "asked", "heard told", "flush"]),
    ],
)
@pytest.mark.trio
async def test_abandoned_letters_are_skipped_only_where_that_is_wanted(
    nursery: trio.Nursery, autojump_clock: trio.testing.MockClock, kind: type[Scribe], expected: list[str]
) -> None:
    diary, address = list[str](), Address("desk")
    with trio.move_on_after(1) as scope:
        await address.ask(Say("abandoned"))
    assert scope.cancelled_caught
    reply = send(address, Say("asked"))
    address.tell(Hear("told"))
    Supervisor(nursery).start(address, partial(kind, diary=diary), Restart.NEVER)
    assert await reply.wait() == "asked"
    assert diary == expected


@pytest.mark.trio
async def test_an_asker_that_leaves_during_the_flush_leaves_no_trace(
    nursery: trio.Nursery, autojump_clock: trio.testing.MockClock
) -> None:
    gate = Gate()
    (address,) = start(nursery, partial(Scribe, on_flush=gate))
    with trio.move_on_after(1) as scope:
        await address.ask(Say("a"))
    assert scope.cancelled_caught
    gate.opened.set()
    assert await address.ask(Say("b")) == "b"


@pytest.mark.trio
async def test_an_asker_that_left_its_gather_leaves_no_trace(
    nursery: trio.Nursery, autojump_clock: trio.testing.MockClock
) -> None:
    gate = Gate()
    desk, office = start(nursery, Scribe, partial(Scribe, on_flush=gate))
    with trio.move_on_after(1) as scope:
        await desk.ask(Do(lambda _: Gather((Forward(office, Say("a")), Forward(office, Say("b"))))))
    assert scope.cancelled_caught
    gate.opened.set()
    assert await desk.ask(Do(lambda _: Forward(office, Say("c")))) == "c"
