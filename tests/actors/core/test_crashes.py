"""Crashes: what they do to the letters in hand and to those that wait, who comes back, who is parked, what ends."""

from functools import partial

import pytest
import trio
from trio.testing import MockClock, wait_all_tasks_blocked

from actors.core import Address, Forward, Restart, Stopped, Supervisor, Unknown
from actors.core.failures import ActorFailed
from actors.core.mailbox import Letter
from tests.actors.core.conftest import Logged
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

# A crash


@pytest.mark.parametrize("where", ["handler", "flush", "begin"])
@pytest.mark.trio
async def test_a_crash_tells_the_failed_batch_unknown_and_the_successor_serves_the_rest(
    nursery: trio.Nursery, where: str, autojump_clock: MockClock
) -> None:
    beginnings: list[None] = []

    class Fragile(InThrees):
        def begin(self) -> None:
            beginnings.append(None)
            if where == "begin" and len(beginnings) == 1:
                raise Tripped

    diary, address = list[str](), Address("market")
    batch = [send(address, Say("a")), send(address, TRIP if where == "handler" else Say("b")), send(address, Say("c"))]
    rest = [send(address, Say(text)) for text in "def"]
    on_flush = tripping(1 if where == "flush" else 0)
    Supervisor(nursery).start(address, partial(Fragile, diary=diary, on_flush=on_flush), Restart.ONE_FOR_ONE)
    assert [await outcome_of(reply) for reply in batch] == [Unknown] * 3
    assert [await outcome_of(reply) for reply in rest] == ["d", "e", "f"]
    assert recoveries(diary) == ["", "a do c" if where == "handler" else "a b c"]
    assert diary[-4:] == ["d", "e", "f", "flush"]


@pytest.mark.trio
async def test_a_letter_of_a_type_without_a_handler_is_a_crash(
    nursery: trio.Nursery, autojump_clock: MockClock
) -> None:
    address = Address("market")
    Supervisor(nursery).start(address, Scribe, Restart.ONE_FOR_ONE)
    assert await outcome_of(send(address, "no command at all")) is Unknown
    assert await address.ask(Say("back")) == "back"


@pytest.mark.trio
async def test_a_crash_is_logged_with_its_cause_and_reported(
    nursery: trio.Nursery, logged: Logged, autojump_clock: MockClock
) -> None:
    address = Address("market")
    supervisor = Supervisor(nursery)
    supervisor.start(address, Scribe, Restart.ONE_FOR_ONE)
    assert await outcome_of(send(address, TRIP)) is Unknown
    assert await address.ask(Say("back")) == "back"
    (entry,) = logged
    assert (entry["event"], entry["actor"], entry["log_level"]) == ("actor crashed", "market", "error")
    assert isinstance(entry["exc_info"], Tripped)
    (report,) = supervisor.statistics()
    assert (report.state, report.restarts, report.last_failure) == ("running", 1, "Tripped: ")


@pytest.mark.trio
async def test_facts_of_a_failed_batch_are_handed_to_the_successor_too(
    nursery: trio.Nursery, autojump_clock: MockClock
) -> None:
    diary, address = list[str](), Address("market")
    address.tell(Hear("this"))
    address.tell(TRIP)
    Supervisor(nursery).start(address, partial(Scribe, diary=diary), Restart.ONE_FOR_ONE)
    await trio.sleep(1)
    assert recoveries(diary) == ["", "this do"]


@pytest.mark.trio
async def test_a_later_crash_hands_over_only_its_own_batch(nursery: trio.Nursery, autojump_clock: MockClock) -> None:
    diary, address = list[str](), Address("market")
    Supervisor(nursery).start(address, partial(Scribe, diary=diary), Restart.ONE_FOR_ONE)
    assert await outcome_of(send(address, TRIP)) is Unknown
    assert await address.ask(Say("between")) == "between"
    replies = [send(address, Say("x")), send(address, TRIP)]
    assert [await outcome_of(reply) for reply in replies] == [Unknown, Unknown]
    assert await address.ask(Say("after")) == "after"
    assert recoveries(diary) == ["", "do", "x do"]


@pytest.mark.trio
async def test_a_crash_in_recover_hands_the_same_batch_on(nursery: trio.Nursery, autojump_clock: MockClock) -> None:
    diary, address, crash = list[str](), Address("market"), tripping(2)

    async def on_recover(failed: list[Letter]) -> None:
        if failed:
            await crash()

    make = partial(Scribe, diary=diary, on_recover=on_recover)
    Supervisor(nursery).start(address, make, Restart.ONE_FOR_ONE)
    failed = [send(address, Say("a")), send(address, TRIP)]
    assert [await outcome_of(reply) for reply in failed] == [Unknown, Unknown]
    assert await address.ask(Say("waiting")) == "waiting"
    assert recoveries(diary) == ["", "a do", "a do", "a do"]


@pytest.mark.trio
async def test_a_crash_in_the_first_recover_loses_no_letter(nursery: trio.Nursery, autojump_clock: MockClock) -> None:
    diary, address = list[str](), Address("market")
    reply = send(address, Say("a"))
    supervisor = Supervisor(nursery)
    supervisor.start(address, partial(Scribe, diary=diary, on_recover=tripping(2)), Restart.ONE_FOR_ONE)
    assert await outcome_of(reply) == "a"
    assert recoveries(diary) == ["", "", ""]
    await supervisor.started(address)


@pytest.mark.trio
async def test_what_was_answered_before_the_crash_stays_answered(
    nursery: trio.Nursery, autojump_clock: MockClock
) -> None:
    """A reply that a handler settled itself keeps its answer when the batch fails."""
    address = Address("market")

    def answer_by_hand(actor: Scribe) -> None:
        assert actor.reply is not None
        actor.reply.answer("early")

    replies = [send(address, Do(answer_by_hand)), send(address, TRIP)]
    Supervisor(nursery).start(address, Scribe, Restart.ONE_FOR_ONE)
    assert [await outcome_of(reply) for reply in replies] == ["early", Unknown]


@pytest.mark.trio
async def test_one_actor_s_crash_leaves_the_others_alone(nursery: trio.Nursery, autojump_clock: MockClock) -> None:
    diary, market, other = list[str](), Address("market"), Address("other")
    supervisor = Supervisor(nursery)
    supervisor.start(market, Scribe, Restart.ONE_FOR_ONE)
    supervisor.start(other, partial(Scribe, diary=diary), Restart.ONE_FOR_ONE)
    assert await outcome_of(send(market, TRIP)) is Unknown
    assert await other.ask(Say("a")) == "a"
    assert diary == ["recover", "a", "flush"]


@pytest.mark.trio
async def test_a_crash_of_the_one_asked_in_flush_is_the_asker_s_crash_too(
    nursery: trio.Nursery, autojump_clock: MockClock
) -> None:
    """A market whose ledger says Unknown can't know what is true: it starts again from the tables."""
    diary, market, ledger = list[str](), Address("market"), Address("ledger")

    async def on_flush() -> None:
        await ledger.ask(Say("commit"))

    supervisor = Supervisor(nursery)
    supervisor.start(ledger, partial(Scribe, on_flush=tripping(1)), Restart.ONE_FOR_ONE)
    supervisor.start(market, partial(Scribe, diary=diary, on_flush=on_flush), Restart.ONE_FOR_ONE)
    assert await outcome_of(send(market, Say("a"))) is Unknown
    assert await market.ask(Say("b")) == "b"
    assert recoveries(diary) == ["", "a"]


# Never started again


@pytest.mark.parametrize("where", ["handler", "flush", "recover"])
@pytest.mark.trio
async def test_an_actor_that_is_never_started_again_ends_the_nursery(
    nursery: trio.Nursery, where: str, autojump_clock: MockClock
) -> None:
    """Its askers are outside of that nursery and must not wait for ever: in hand is unknown, unread is not done."""
    outcomes: list[list[object]] = [[], []]
    diary, address = list[str](), Address("accounts")
    in_hand = [
        send(address, Say("a")),
        send(address, TRIP if where == "handler" else Say("b")),
        send(address, Say("c")),
    ]
    unread = [send(address, Say("d"))]
    for replies, into in zip((in_hand, unread), outcomes, strict=True):
        for reply in replies:
            nursery.start_soon(collect_outcome, reply, into)
    make = partial(
        InThrees,
        diary=diary,
        on_flush=tripping(1 if where == "flush" else 0),
        on_recover=tripping(1 if where == "recover" else 0),
    )
    with actor_failed():
        async with trio.open_nursery() as actors:
            Supervisor(actors).start(address, make, Restart.NEVER)
            await trio.sleep_forever()
    await wait_all_tasks_blocked()
    assert outcomes == ([[Stopped] * 3, [Stopped]] if where == "recover" else [[Unknown] * 3, [Stopped]])
    assert recoveries(diary) == [""]


@pytest.mark.trio
async def test_the_failure_says_who_and_why(autojump_clock: MockClock) -> None:
    def overdraw(_: Scribe) -> object:
        raise ValueError("below zero")

    address = Address("ledger")
    address.tell(Do(overdraw))
    with pytest.RaisesGroup(pytest.RaisesExc(ActorFailed, match="ledger crashed: ValueError: below zero")):
        async with trio.open_nursery() as actors:
            Supervisor(actors).start(address, Scribe, Restart.NEVER)


@pytest.mark.trio
async def test_closing_an_actor_that_fails_for_good_does_not_hang(
    nursery: trio.Nursery, autojump_clock: MockClock
) -> None:
    closed = trio.Event()
    address, gate = Address("ledger"), Gate()

    async def on_flush() -> None:
        await gate()
        raise Tripped

    async def close() -> None:
        await supervisor.close(address)
        closed.set()

    with actor_failed():
        async with trio.open_nursery() as actors:
            supervisor = Supervisor(actors)
            supervisor.start(address, partial(Scribe, on_flush=on_flush), Restart.NEVER)
            address.tell(Hear("x"))
            await gate.reached.wait()
            nursery.start_soon(close)
            await wait_all_tasks_blocked()
            assert not closed.is_set()
            gate.opened.set()
    await wait_all_tasks_blocked()
    assert closed.is_set()


# Too many crashes


async def crash_often(address: Address, times: int, every_s: float = 0.0) -> None:
    for _ in range(times):
        assert await outcome_of(send(address, TRIP)) is Unknown
        await trio.sleep(every_s)


@pytest.mark.trio
async def test_an_actor_that_crashes_too_often_is_parked_and_its_letters_are_answered(
    nursery: trio.Nursery, autojump_clock: MockClock
) -> None:
    diary, address = list[str](), Address("market")
    supervisor = Supervisor(nursery)
    supervisor.start(address, partial(Scribe, diary=diary), Restart.ONE_FOR_ONE, park=partial(StandIn, diary=diary))
    await crash_often(address, Supervisor.CRASHES_MAX)
    assert await address.ask(Say("still here")) == "still here"
    replies = [send(address, Say("last")), send(address, TRIP)]
    assert [await outcome_of(reply) for reply in replies] == [Unknown, Unknown]
    assert await address.ask(Say("thanks")) == "no thanks"
    assert recoveries(diary) == ["", *["do"] * 5, "last do"]
    (report,) = supervisor.statistics()
    assert (report.state, report.restarts) == ("parked", 5)


@pytest.mark.trio
async def test_letters_that_wait_when_an_actor_is_parked_are_answered_by_the_stand_in(
    nursery: trio.Nursery, autojump_clock: MockClock
) -> None:
    class OneByOne(Scribe):
        BATCH_MAX = 1

    address = Address("market")
    trips = [send(address, TRIP) for _ in range(Supervisor.CRASHES_MAX + 1)]
    waiting = [send(address, Say(text)) for text in "ab"]
    Supervisor(nursery).start(address, OneByOne, Restart.ONE_FOR_ONE, park=StandIn)
    assert [await outcome_of(reply) for reply in trips] == [Unknown] * 6
    assert [await outcome_of(reply) for reply in waiting] == ["no a", "no b"]


@pytest.mark.trio
async def test_crashes_far_apart_park_nobody(nursery: trio.Nursery, autojump_clock: MockClock) -> None:
    address = Address("market")
    supervisor = Supervisor(nursery)
    supervisor.start(address, Scribe, Restart.ONE_FOR_ONE, park=StandIn)
    await crash_often(address, 20, every_s=Supervisor.CRASH_WINDOW_S / Supervisor.CRASHES_MAX + 0.1)
    assert await address.ask(Say("yes")) == "yes"
    assert supervisor.statistics()[0].restarts == 20
    await trio.sleep(Supervisor.CRASH_WINDOW_S)
    await crash_often(address, Supervisor.CRASHES_MAX)
    assert await address.ask(Say("yes")) == "yes"
    await crash_often(address, 1)
    assert await address.ask(Say("a")) == "no a"


@pytest.mark.trio
async def test_an_actor_that_can_t_recover_is_parked_too(nursery: trio.Nursery, autojump_clock: MockClock) -> None:
    address = Address("market")
    supervisor = Supervisor(nursery)
    supervisor.start(address, partial(Scribe, on_recover=tripping(100)), Restart.ONE_FOR_ONE, park=StandIn)
    assert await address.ask(Say("a")) == "no a"
    await supervisor.started(address)


@pytest.mark.trio
async def test_without_a_stand_in_the_nursery_ends_and_the_letters_are_not_lost(
    nursery: trio.Nursery, autojump_clock: MockClock
) -> None:
    address, waiting = Address("broadcaster"), list[object]()
    nursery.start_soon(collect_outcome, send(address, Say("a")), waiting)
    with actor_failed():
        async with trio.open_nursery() as actors:
            Supervisor(actors).start(address, partial(Scribe, on_recover=tripping(100)), Restart.ONE_FOR_ONE)
    await wait_all_tasks_blocked()
    assert waiting == [Stopped]


@pytest.mark.trio
async def test_a_stand_in_that_crashes_ends_the_nursery(autojump_clock: MockClock) -> None:
    address = Address("market")
    with actor_failed():
        async with trio.open_nursery() as actors:
            Supervisor(actors).start(
                address,
                partial(Scribe, on_recover=tripping(Supervisor.CRASHES_MAX + 1)),
                Restart.ONE_FOR_ONE,
                park=StandIn,
            )
            assert await outcome_of(send(address, Say("a"))) == "no a"
            await trio.sleep(10 * Supervisor.CRASH_WINDOW_S)
            address.tell(TRIP)
            await trio.sleep(1)
            actors.cancel_scope.cancel()


# Back from the parking place


def leave(actor: Scribe) -> Forward[str]:
    """Make room for the real actor, and leave it a letter."""
    actor.leaving = True
    return Forward(actor.address, Say("welcome back"))


@pytest.mark.trio
async def test_a_stand_in_that_leaves_brings_the_real_actor_back(
    nursery: trio.Nursery, autojump_clock: MockClock
) -> None:
    diary, address = list[str](), Address("market")
    supervisor = Supervisor(nursery)
    supervisor.start(address, partial(Scribe, diary=diary), Restart.ONE_FOR_ONE, park=partial(StandIn, diary=diary))
    await crash_often(address, Supervisor.CRASHES_MAX + 1)
    assert await address.ask(Say("a")) == "no a"
    replies = [send(address, Say("b")), send(address, Do(leave)), send(address, Say("c"))]
    assert [await outcome_of(reply) for reply in replies] == ["no b", "welcome back", "no c"]
    assert await address.ask(Say("d")) == "d"
    assert recoveries(diary) == ["", *["do"] * 6, ""]
    assert supervisor.statistics()[0].state == "running"


@pytest.mark.trio
async def test_who_comes_back_starts_with_a_clean_record(nursery: trio.Nursery, autojump_clock: MockClock) -> None:
    address = Address("market")
    supervisor = Supervisor(nursery)
    supervisor.start(address, partial(Scribe, on_recover=tripping(6)), Restart.ONE_FOR_ONE, park=StandIn)
    assert await address.ask(Do(leave)) == "welcome back"
    await crash_often(address, Supervisor.CRASHES_MAX)
    assert await address.ask(Say("yes")) == "yes"
    await crash_often(address, 1)
    assert await address.ask(Say("a")) == "no a"


@pytest.mark.trio
async def test_letters_behind_the_batch_in_which_the_stand_in_left_are_the_real_actor_s(
    nursery: trio.Nursery, autojump_clock: MockClock
) -> None:
    class OneByOne(StandIn):
        BATCH_MAX = 1

    address = Address("market")
    supervisor = Supervisor(nursery)
    supervisor.start(address, partial(Scribe, on_recover=tripping(6)), Restart.ONE_FOR_ONE, park=OneByOne)
    replies = [send(address, command) for command in (Say("a"), Do(leave), Say("b"))]
    assert [await outcome_of(reply) for reply in replies] == ["no a", "welcome back", "b"]


@pytest.mark.trio
async def test_an_actor_that_leaves_while_it_is_closed_still_ends(
    nursery: trio.Nursery, autojump_clock: MockClock
) -> None:
    address = Address("market")
    supervisor = Supervisor(nursery)

    def leave_silently(actor: Scribe) -> str:
        actor.leaving = True
        return "gone"

    replies = [send(address, Do(leave_silently)), send(address, Say("a"))]
    supervisor.start(address, Scribe, Restart.ONE_FOR_ONE)
    await supervisor.close(address)
    assert [await outcome_of(reply) for reply in replies] == ["gone", "a"]
