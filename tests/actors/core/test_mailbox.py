"""Mailboxes: letters in order, drained in batches, closed, ended."""

import pytest
import trio
import trio.testing

from actors.core.mailbox import Letter, Mailbox


def filled(*texts: str) -> Mailbox:
    mailbox = Mailbox()
    for text in texts:
        mailbox.put(Letter(text, None))
    return mailbox


async def texts(mailbox: Mailbox, most: int = 10) -> str:
    return "".join(str(letter.message) for letter in await mailbox.drain(most))


@pytest.mark.trio
async def test_letters_come_oldest_first_and_are_cut() -> None:
    mailbox = filled(*"abcde")
    assert [await texts(mailbox, 2) for _ in range(3)] == ["ab", "cd", "e"]


@pytest.mark.trio
async def test_a_batch_that_just_fits_is_not_cut() -> None:
    mailbox = filled(*"abc")
    assert await texts(mailbox, 3) == "abc"
    assert len(mailbox) == 0


@pytest.mark.trio
async def test_the_reader_waits_for_the_first_letter_and_gets_those_that_came_with_it(nursery: trio.Nursery) -> None:
    mailbox, read = Mailbox(), list[str]()

    async def reader() -> None:
        read.append(await texts(mailbox))

    nursery.start_soon(reader)
    await trio.testing.wait_all_tasks_blocked()
    for text in "abc":
        mailbox.put(Letter(text, None))
    assert read == []
    await trio.testing.wait_all_tasks_blocked()
    assert read == ["abc"]


@pytest.mark.trio
async def test_draining_lets_others_run_even_if_letters_are_there() -> None:
    mailbox = filled(*"ab")
    with trio.testing.assert_checkpoints():
        await mailbox.drain(1)
    mailbox.close()
    with trio.testing.assert_checkpoints():
        await mailbox.drain(1)
    with trio.testing.assert_checkpoints():
        await mailbox.drain(1)


@pytest.mark.trio
async def test_a_cancelled_reader_loses_no_letter(autojump_clock: trio.testing.MockClock) -> None:
    mailbox = Mailbox()
    with trio.move_on_after(1) as waiting:
        await mailbox.drain(10)
    assert waiting.cancelled_caught
    mailbox.put(Letter("a", None))
    with trio.CancelScope() as cancelled:
        cancelled.cancel()
        await mailbox.drain(10)
    assert cancelled.cancelled_caught
    assert await texts(mailbox) == "a"


@pytest.mark.trio
async def test_closing_wakes_the_reader_who_reads_to_the_end(nursery: trio.Nursery) -> None:
    empty, read = Mailbox(), list[str]()

    async def reader() -> None:
        read.append(await texts(empty))

    nursery.start_soon(reader)
    await trio.testing.wait_all_tasks_blocked()
    empty.close()
    await trio.testing.wait_all_tasks_blocked()
    assert read == [""]

    mailbox = filled(*"abc")
    mailbox.close()
    mailbox.put(Letter("d", None))
    assert [await texts(mailbox, 3) for _ in range(3)] == ["abc", "d", ""]


def test_ending_gives_back_the_unread_and_drops_what_comes_after() -> None:
    mailbox = filled(*"ab")
    assert [letter.message for letter in mailbox.end()] == ["a", "b"]
    assert mailbox.closed
    mailbox.put(Letter("c", None))
    assert len(mailbox) == 0
    assert mailbox.end() == []


@pytest.mark.trio
async def test_the_greatest_depth_is_remembered() -> None:
    mailbox = filled(*"abc")
    await mailbox.drain(10)
    mailbox.put(Letter("d", None))
    assert (len(mailbox), mailbox.depth_max) == (1, 3)
