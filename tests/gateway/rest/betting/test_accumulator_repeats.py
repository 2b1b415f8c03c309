"""Accumulators that are sent again: one under one clientBetId, however often and whatever else is sent under it."""

from typing import Any

import pytest
import trio

from actors.core import Address
from engine.messages import Known
from tests.gateway.houses import error
from tests.gateway.rest.betting.accumulator_scenes import ADMIN, accumulate, open_accumulators, pool, send
from tests.gateway.rest.betting.scenes import done, set_odds, settle, usd

pytestmark = pytest.mark.trio

TWO = "10000 on 1 at 185, 6 at 190"


async def test_a_repeat_is_the_same_accumulator() -> None:
    async with open_accumulators() as (house, matches):
        first = await accumulate(house, matches, "alice", TWO, clientBetId="a/b %")
        assert await accumulate(house, matches, "alice", TWO, clientBetId="a/b %") == first
        await set_odds(house, matches[0], moneyline=None)  # it is a repeat whatever the odds are now
        for match in matches[:2]:
            await settle(house, match, 3, 0)
        await done(house, "POST", f"{ADMIN}/suspend", {})
        again = await accumulate(house, matches, "alice", TWO, clientBetId="a/b %")
        assert (again["orderId"], again["potentialPayout"]) == (first["orderId"], "35150")
        assert await usd(house, "alice") == "999"


@pytest.mark.parametrize(
    "words",
    [
        "10001 on 1 at 185, 6 at 190",
        "10000 on 2 at 340, 6 at 190",
        "10000 on 1 at 185, 6 at 191",
        "10000 on 1 at 185, 6 at 190, 1 at 185",
    ],
)
async def test_other_content_under_the_same_id_is_a_conflict(words: str) -> None:
    async with open_accumulators() as (house, matches):
        await accumulate(house, matches, "alice", TWO, clientBetId="a")
        reply = await send(house, matches, "alice", words, clientBetId="a")
        assert error(reply) == (409, "CONFLICT")
        assert reply.json["message"] == "clientBetId a has been used for another accumulator"
        assert error(await send(house, matches[::-1], "alice", TWO, clientBetId="a")) == (409, "CONFLICT")
        assert error(await send(house, matches, "alice", TWO, clientBetId="a", acceptOdds="any")) == (409, "CONFLICT")
        assert await usd(house, "alice") == "999"


async def test_ids_are_each_customer_s_own() -> None:
    async with open_accumulators() as (house, matches):
        first = await accumulate(house, matches, "alice", TWO, clientBetId="a")
        second = await accumulate(house, matches, "bob", "20000 on 2 at 340, 7 at 200", clientBetId="a")
        assert first["orderId"] != second["orderId"]


async def test_ten_at_once_under_one_id_are_one_accumulator() -> None:
    async with open_accumulators() as (house, matches):
        placed: list[dict[str, Any]] = []

        async def place() -> None:
            placed.append(await accumulate(house, matches, "alice", TWO, clientBetId="a"))

        async with trio.open_nursery() as nursery:
            for _ in range(10):
                nursery.start_soon(place)
        assert placed == placed[:1] * 10
        assert await usd(house, "alice") == "999"
        assert (await pool(house))["open"] == 1


async def test_ten_at_once_of_two_contents_under_one_id_are_one_accumulator() -> None:
    async with open_accumulators() as (house, matches):
        answers: list[tuple[int, str]] = []

        async def place(amount: int) -> None:
            reply = await send(house, matches, "alice", f"{amount} on 1 at 185, 6 at 190", clientBetId="a")
            answers.append((reply.status, reply.json.get("amount") or reply.code))

        async with trio.open_nursery() as nursery:
            for number in range(10):
                nursery.start_soon(place, 10_000 + number % 2)
        (stood,) = {answer for answer in answers if answer[0] == 200}
        assert sorted(answers) == [stood] * 5 + [(409, "CONFLICT")] * 5
        assert (await pool(house))["open"] == 1


async def test_an_accumulator_that_is_known_and_not_to_be_found_is_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    """Which only a defect can bring about."""

    async def known(_: Address, __: object) -> object:
        return Known()

    async with open_accumulators() as (house, matches):
        with monkeypatch.context() as patched:
            patched.setattr(Address, "ask", known)
            reply = await send(house, matches, "alice", TWO, clientBetId="a")
        assert error(reply) == (504, "UNKNOWN")
