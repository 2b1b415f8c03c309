"""Who comes first is first, however long it takes."""

from itertools import permutations

import pytest
import trio
import trio.testing

from actors.core import Address
from actors.core.mailbox import Letter
from gateway.websocket.turns import InTurn, Turns

pytestmark = pytest.mark.trio


@pytest.mark.parametrize("arrival", list(permutations((1, 2, 3, 4))), ids=str)
async def test_in_whatever_order_they_come_they_go_in_theirs(arrival: tuple[int, ...]) -> None:
    turns, gone = Turns(), list[int]()

    async def go(turn: int) -> None:
        await turns.wait(turn)
        gone.append(turn)
        turns.end(turn)

    with trio.fail_after(1):
        async with trio.open_nursery() as nursery:
            for turn in arrival:
                nursery.start_soon(go, turn)
                await trio.testing.wait_all_tasks_blocked()
    assert gone == [1, 2, 3, 4]


@pytest.mark.parametrize("quitters", list(permutations((1, 2, 3))), ids=str)
async def test_who_ends_without_going_holds_up_nobody(quitters: tuple[int, ...]) -> None:
    turns = Turns()
    for turn in quitters:
        turns.end(turn)
        turns.end(turn)
    with trio.fail_after(1):
        await turns.wait(4)


async def test_who_is_cancelled_while_waiting_holds_up_nobody() -> None:
    turns = Turns()
    with trio.move_on_after(0.01) as scope:
        await turns.wait(2)
    assert scope.cancelled_caught
    turns.end(2)
    turns.end(1)
    with trio.fail_after(1):
        await turns.wait(3)


async def test_a_question_ends_its_turn_when_it_is_sent() -> None:
    """Not when it is answered: the next command need not wait for that."""
    accounts, turns = Address("accounts"), Turns()
    first, second = InTurn(accounts, turns), InTurn(accounts, turns)
    first.turn, second.turn = 1, 2
    questions = ["second", "first"]
    async with trio.open_nursery() as nursery:
        nursery.start_soon(second.ask, questions[0])  # type: ignore[arg-type]  # any message will do
        await trio.testing.wait_all_tasks_blocked()
        assert len(accounts.mailbox) == 0
        nursery.start_soon(first.ask, questions[1])  # type: ignore[arg-type]  # the same
        await trio.testing.wait_all_tasks_blocked()
        letters: list[Letter] = await accounts.mailbox.drain(9)
        assert [letter.message for letter in letters] == ["first", "second"]
        nursery.cancel_scope.cancel()
