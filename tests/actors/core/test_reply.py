"""Replies: one answer or one failure, once, for the asker and all who joined it."""

import pytest
import trio
import trio.testing

from actors.core import Busy, Unknown
from actors.core.reply import GatheredReply, Reply
from tests.actors.core.scribe import collect_outcome


@pytest.mark.trio
async def test_an_answer_wakes_who_waits(nursery: trio.Nursery) -> None:
    reply, heard = Reply(), list[object]()
    nursery.start_soon(collect_outcome, reply, heard)
    await trio.testing.wait_all_tasks_blocked()
    assert not reply.done
    reply.answer("yes")
    await trio.testing.wait_all_tasks_blocked()
    assert heard == ["yes"]
    assert reply.done


@pytest.mark.trio
async def test_an_answer_that_came_first_is_found() -> None:
    reply = Reply()
    reply.answer("yes")
    with trio.testing.assert_checkpoints():
        assert await reply.wait() == "yes"


@pytest.mark.trio
async def test_none_is_an_answer_too(nursery: trio.Nursery) -> None:
    reply, heard = Reply(), list[object]()
    nursery.start_soon(collect_outcome, reply, heard)
    await trio.testing.wait_all_tasks_blocked()
    reply.answer(None)
    await trio.testing.wait_all_tasks_blocked()
    assert heard == [None]


@pytest.mark.trio
async def test_what_comes_after_the_first_is_ignored() -> None:
    answered, failed = Reply(), Reply()
    answered.answer(1)
    answered.answer(2)
    answered.fail(Unknown("late"))
    failed.fail(Busy("first"))
    failed.answer(3)
    assert await answered.wait() == 1
    with pytest.raises(Busy, match="first"):
        await failed.wait()


@pytest.mark.trio
async def test_a_failure_is_raised_to_who_waits(nursery: trio.Nursery) -> None:
    reply, heard = Reply(), list[object]()
    nursery.start_soon(collect_outcome, reply, heard)
    await trio.testing.wait_all_tasks_blocked()
    reply.fail(Unknown("lost"))
    await trio.testing.wait_all_tasks_blocked()
    assert heard == [Unknown]


@pytest.mark.trio
async def test_followers_hear_the_same_whether_they_came_before_or_after() -> None:
    first, before, after = Reply(), Reply(), Reply()
    before.follow(first)
    first.answer("yes")
    after.follow(first)
    assert [await reply.wait() for reply in (first, before, after)] == ["yes"] * 3


@pytest.mark.trio
async def test_followers_who_wait_all_hear_the_answer(nursery: trio.Nursery) -> None:
    replies, heard = [Reply() for _ in range(5)], list[object]()
    for follower in replies[1:]:
        follower.follow(replies[0])
    for reply in replies:
        nursery.start_soon(collect_outcome, reply, heard)
    await trio.testing.wait_all_tasks_blocked()
    replies[0].answer("yes")
    await trio.testing.wait_all_tasks_blocked()
    assert heard == ["yes"] * 5


@pytest.mark.trio
async def test_every_asker_of_one_failure_gets_an_exception_of_its_own() -> None:
    """Tasks that raise the same object write into each other's traceback."""
    first, before, after = Reply(), Reply(), Reply()
    before.follow(first)
    failure = Busy("no room")
    first.fail(failure)
    after.follow(first)
    raised = []
    for reply in (first, before, after, first):
        with pytest.raises(Busy, match="no room") as caught:
            await reply.wait()
        raised.append(caught.value)
    assert len({id(error) for error in [failure, *raised]}) == 5
    assert failure.__traceback__ is None


@pytest.mark.trio
async def test_a_follower_that_was_answered_otherwise_keeps_its_answer() -> None:
    first, follower = Reply(), Reply()
    follower.follow(first)
    follower.fail(Unknown("crashed"))
    first.answer("yes")
    with pytest.raises(Unknown):
        await follower.wait()


@pytest.mark.trio
async def test_a_deadline_abandons_and_a_later_answer_harms_nobody(autojump_clock: trio.testing.MockClock) -> None:
    reply = Reply()
    with trio.move_on_after(1) as scope:
        await reply.wait()
    assert scope.cancelled_caught
    assert reply.abandoned
    reply.answer("too late")
    await trio.sleep(1)
    assert await reply.wait() == "too late"


@pytest.mark.trio
async def test_answer_and_deadline_in_the_same_moment_whichever_is_first_counts(nursery: trio.Nursery) -> None:
    async def ask(reply: Reply, scope: trio.CancelScope) -> None:
        with scope:
            await collect_outcome(reply, heard)

    heard: list[object] = []
    answered, left = Reply(), Reply()
    scopes = [trio.CancelScope(), trio.CancelScope()]
    nursery.start_soon(ask, answered, scopes[0])
    nursery.start_soon(ask, left, scopes[1])
    await trio.testing.wait_all_tasks_blocked()
    answered.answer("in time")
    scopes[0].cancel()
    scopes[1].cancel()
    left.answer("too late")
    await trio.testing.wait_all_tasks_blocked()
    assert heard == ["in time"]
    assert not answered.abandoned
    assert left.abandoned


@pytest.mark.trio
async def test_gathered_parts_keep_their_order_whatever_order_they_come_in() -> None:
    whole = Reply()
    first, second, third = GatheredReply.each(whole, 3)
    third.answer("c")
    first.answer("a")
    assert not whole.done
    second.answer(None)
    assert await whole.wait() == ("a", None, "c")


@pytest.mark.trio
async def test_a_gathered_part_without_an_answer_stands_as_what_it_met() -> None:
    whole = Reply()
    first, second = GatheredReply.each(whole, 2)
    lost = Unknown("lost")
    second.fail(lost)
    first.answer("a")
    assert await whole.wait() == ("a", lost)


@pytest.mark.trio
async def test_a_gathered_part_that_is_answered_twice_counts_once() -> None:
    whole = Reply()
    first, second = GatheredReply.each(whole, 2)
    first.answer("a")
    first.answer("again")
    first.fail(Unknown("late"))
    assert not whole.done
    second.answer("b")
    assert await whole.wait() == ("a", "b")


@pytest.mark.trio
async def test_a_gathered_part_can_follow_and_be_followed() -> None:
    whole, earlier, repeat = Reply(), Reply(), Reply()
    first, second = GatheredReply.each(whole, 2)
    first.follow(earlier)
    repeat.follow(second)
    second.answer("b")
    earlier.answer("a")
    assert await whole.wait() == ("a", "b")
    assert await repeat.wait() == "b"


@pytest.mark.trio
async def test_parts_that_come_after_the_whole_has_failed_are_ignored() -> None:
    whole = Reply()
    (part,) = GatheredReply.each(whole, 1)
    whole.fail(Unknown("crashed"))
    part.answer("a")
    with pytest.raises(Unknown, match="crashed"):
        await whole.wait()
