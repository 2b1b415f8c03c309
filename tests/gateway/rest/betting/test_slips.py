"""Placing bets and accumulators: who may, with which stake; and those that are sent again under one clientBetId."""

from typing import Any

import pytest
import trio

from actors.core import Address
from engine.messages import Known
from tests.gateway.houses import error
from tests.gateway.rest.betting.accumulator_scenes import ADMIN, open_accumulators
from tests.gateway.rest.betting.scenes import done, look, set_odds, usd
from tests.gateway.rest.betting.slip_scenes import ACCUMULATOR, BET, Kind, of_each_kind, settle_all

pytestmark = pytest.mark.trio


@of_each_kind
async def test_who_has_no_wallet_has_no_address(kind: Kind) -> None:
    async with open_accumulators() as (house, matches):
        assert (await kind.place(house, matches, "bob", kind.win))["userAddress"] is None


@of_each_kind
async def test_guests_visitors_and_who_is_suspended_can_not_bet(kind: Kind) -> None:
    async with open_accumulators() as (house, matches):
        body = kind.body(matches, kind.win)
        assert error(await house.call("POST", kind.path, body)) == (401, "UNAUTHORIZED")
        house.tokens["guest"] = (await house.call("POST", "/api/v1/session")).json["token"]
        for method, path in (("POST", ""), ("GET", ""), ("GET", "/1"), ("POST", "/1/claim")):
            assert error(await house.call(method, kind.path + path, body, by="guest")) == (403, "FORBIDDEN")
        bob = house.gateway.sessions.authenticate(house.tokens["bob"]).user_id
        await done(house, "POST", f"/api/v1/admin/accounts/{bob}/suspend", {})
        assert error(await kind.send(house, matches, "bob", kind.win)) == (403, "ACCOUNT_SUSPENDED")


# Stakes


@of_each_kind
async def test_a_stake_is_money_that_is_there(kind: Kind) -> None:
    """One of 78 digits is only too much."""
    async with open_accumulators() as (house, matches):
        for amount in ("10000001", "9" * 78):
            reply = await house.call("POST", kind.path, {**kind.body(matches, kind.win), "amount": amount}, by="alice")
            assert error(reply) == (422, "INSUFFICIENT_FUNDS")
        assert await usd(house, "alice") == "1000"


NO_STAKES = [
    "0",
    "-1",
    "1e9",
    "9" * 79,
    "1.5",
    "1.0",
    "",
    " 1",
    "1\n",
    "+1",
    "0x10",
    "007",
    "\u0661",
    1000,
    1.5,
    None,
    [],
]


@of_each_kind
async def test_what_is_no_stake(kind: Kind) -> None:
    async with open_accumulators() as (house, matches):
        for amount in NO_STAKES:
            reply = await house.call("POST", kind.path, {**kind.body(matches, kind.win), "amount": amount}, by="alice")
            assert error(reply) == (400, "MALFORMED")
            assert reply.json["message"].startswith("amount ")
            assert await usd(house, "alice") == "1000"


# Repeats


@of_each_kind
async def test_a_repeat_is_the_same_slip(kind: Kind) -> None:
    async with open_accumulators() as (house, matches):
        first = await kind.place(house, matches, "alice", kind.win, clientBetId="a/b %")
        assert await kind.place(house, matches, "alice", kind.win, clientBetId="a/b %") == first
        await set_odds(house, matches[0], moneyline=None)  # it is a repeat whatever the odds are now
        await settle_all(house, matches)
        await done(house, "POST", f"{ADMIN}/suspend", {})
        again = await kind.place(house, matches, "alice", kind.win, clientBetId="a/b %")
        assert (again["orderId"], again["potentialPayout"]) == (first["orderId"], kind.payout)
        assert await usd(house, "alice") == "999"


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        (BET, "10001 on 1 at 185"),
        (BET, "10000 on 1 at 186"),
        (BET, "10000 on 2 at 185"),
        (ACCUMULATOR, "10001 on 1 at 185, 6 at 190"),
        (ACCUMULATOR, "10000 on 2 at 340, 6 at 190"),
        (ACCUMULATOR, "10000 on 1 at 185, 6 at 191"),
        (ACCUMULATOR, "10000 on 1 at 185, 6 at 190, 1 at 185"),
    ],
)
async def test_other_content_under_the_same_id_is_a_conflict(kind: Kind, words: str) -> None:
    async with open_accumulators() as (house, matches):
        await kind.place(house, matches, "alice", kind.win, clientBetId="a")
        for reply in (
            await kind.send(house, matches, "alice", words, clientBetId="a"),
            await kind.send(house, matches[::-1], "alice", kind.win, clientBetId="a"),
            await kind.send(house, matches, "alice", kind.win, clientBetId="a", acceptOdds="any"),
        ):
            assert error(reply) == (409, "CONFLICT")
            assert reply.json["message"] == f"clientBetId a has been used for another {kind.noun}"
        assert await usd(house, "alice") == "999"


@of_each_kind
async def test_ids_are_each_customer_s_own(kind: Kind) -> None:
    async with open_accumulators() as (house, matches):
        first = await kind.place(house, matches, "alice", kind.win, clientBetId="a")
        second = await kind.place(house, matches, "bob", kind.lose, clientBetId="a")
        assert first["orderId"] != second["orderId"]


@of_each_kind
async def test_ten_at_once_under_one_id_are_one_slip(kind: Kind) -> None:
    async with open_accumulators() as (house, matches):
        placed: list[dict[str, Any]] = []

        async def place() -> None:
            placed.append(await kind.place(house, matches, "alice", kind.win, clientBetId="a"))

        async with trio.open_nursery() as nursery:
            for _ in range(10):
                nursery.start_soon(place)
        assert placed == placed[:1] * 10
        assert await usd(house, "alice") == "999"
        assert await kind.kept(house, matches) == kind.payout


@of_each_kind
async def test_ten_at_once_of_two_contents_under_one_id_are_one_slip(kind: Kind) -> None:
    async with open_accumulators() as (house, matches):
        answers: list[tuple[int, str]] = []

        async def place(accept: str) -> None:
            reply = await kind.send(house, matches, "alice", kind.win, clientBetId="a", acceptOdds=accept)
            answers.append((reply.status, reply.json.get("acceptOdds") or reply.code))

        async with trio.open_nursery() as nursery:
            for number in range(10):
                nursery.start_soon(place, ("exact", "any")[number % 2])
        (stood,) = {answer for answer in answers if answer[0] == 200}
        assert sorted(answers) == [stood] * 5 + [(409, "CONFLICT")] * 5
        assert (await look(house, kind.path, "alice"))["total"] == 1
        assert await usd(house, "alice") == "999"
        assert await kind.kept(house, matches) == kind.payout


@of_each_kind
async def test_one_that_is_known_and_not_to_be_found_is_unknown(monkeypatch: pytest.MonkeyPatch, kind: Kind) -> None:
    """Which only a defect can bring about."""

    async def known(_: Address, __: object) -> object:
        return Known()

    async with open_accumulators() as (house, matches):
        with monkeypatch.context() as patched:
            patched.setattr(Address, "ask", known)
            reply = await kind.send(house, matches, "alice", kind.win, clientBetId="a")
        assert error(reply) == (504, "UNKNOWN")


@of_each_kind
async def test_settled_between_the_look_up_and_accounts(monkeypatch: pytest.MonkeyPatch, kind: Kind) -> None:
    """Accounts knows the id already, storage did not a moment ago: it is read again."""
    async with open_accumulators() as (house, matches):
        first = await kind.place(house, matches, "alice", kind.win, clientBetId="a")
        reader = type(house.exchange.storage.reader)
        read = getattr(reader, f"{kind.noun}_by_client_id")
        looks: list[str] = []

        async def late(self: Any, account_id: int, client_bet_id: str) -> Any:
            looks.append(client_bet_id)
            return None if len(looks) == 1 else await read(self, account_id, client_bet_id)

        monkeypatch.setattr(reader, f"{kind.noun}_by_client_id", late)
        assert await kind.place(house, matches, "alice", kind.win, clientBetId="a") == first
        assert looks == ["a", "a"]
