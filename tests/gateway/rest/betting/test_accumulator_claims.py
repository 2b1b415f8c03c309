"""Claiming accumulators: what the legs come to; and what roll-backs, voids and final results do to them."""

from decimal import Decimal
from typing import Any

import pytest
from msgspec.structs import replace
from trio.testing import wait_all_tasks_blocked

from storage.memory import MemoryStorage
from tests.gateway.houses import SETTINGS, error, open_house, open_running
from tests.gateway.rest.betting.accumulator_scenes import (
    ACCUMULATORS,
    POOL,
    accumulate,
    claim,
    open_accumulators,
    pool,
    shown,
)
from tests.gateway.rest.betting.scenes import (
    AWAY,
    HOME,
    OVER,
    admin,
    bet,
    done,
    furnish,
    look,
    move,
    open_match,
    refused,
    set_odds,
    settle,
    usd,
)
from tests.gateway.rest.betting.scenes import claim as claim_bet
from tests.gateway.rest.betting.slip_scenes import settle_all

pytestmark = pytest.mark.trio

TWO = "10000 on 1 at 185, 6 at 190"  # 1 USD, at 3.515: both win a match that ends 3:0


async def test_what_is_paid_comes_out_of_the_pool() -> None:
    async with open_accumulators() as (house, matches):
        placed = await accumulate(house, matches, "alice", TWO)
        await settle_all(house, matches[:2])
        assert (await claim(house, placed, "alice")).status == 200
        stands = await pool(house)
        assert (stands["pool"], stands["liability"], stands["open"]) == (str(int(POOL) - 25_150), "0", 0)


@pytest.mark.parametrize(
    ("words", "results", "payout"),
    [
        ("10001 on 1 at 185, 1 at 185", ["win", "win"], 34_228),  # floor of 10001 x 3.4225, at the end only
        ("10001 on 4 at 192, 4 at 192", ["half_win", "half_win"], 21_318),  # x 1.46 x 1.46
        ("10001 on 4 at 192, 1 at 185", ["half_win", "win"], 27_012),
        ("10001 on 8 at 195, 1 at 185", ["push", "win"], 18_501),  # x 1.00 x 1.85
        ("10001 on 8 at 195, 8 at 195", ["push", "push"], 10_001),
        ("10001 on 5 at 196, 1 at 185", ["half_loss", "win"], 9_250),  # x 0.50 x 1.85
        ("1 on 5 at 196, 1 at 185", ["half_loss", "win"], 0),
    ],
)
async def test_what_is_paid(words: str, results: list[str], payout: int) -> None:
    """Both matches end 2:1."""
    async with open_accumulators() as (house, matches):
        for match in matches:
            await set_odds(house, match, total={"line": 3, "over": 1.95, "under": 1.85})
        placed = await accumulate(house, matches, "alice", words)
        before = Decimal(await usd(house, "alice"))
        await settle_all(house, matches, 2, 1)
        after = await shown(house, placed, "alice")
        assert [leg["result"] for leg in after["legs"]] == results
        assert (after["settled"], after["potentialPayout"]) == (True, str(payout))
        reply = await claim(house, placed, "alice")
        if payout:
            assert reply.json["claimAmount"] == str(payout)
        else:
            assert error(reply) == (409, "NOTHING_TO_CLAIM")
        assert (Decimal(await usd(house, "alice")) - before) * 10_000 == payout


async def test_before_all_legs_are_settled_there_is_nothing_to_claim() -> None:
    async with open_accumulators() as (house, matches):
        placed = await accumulate(house, matches, "alice", TWO)
        assert error(await claim(house, placed, "alice")) == (409, "NOT_SETTLED")
        await settle(house, matches[0], 3, 0)
        await settle(house, matches[2], 3, 0)  # which is none of its matches
        assert error(await claim(house, placed, "alice")) == (409, "NOT_SETTLED")
        after = await shown(house, placed, "alice")
        assert [leg["result"] for leg in after["legs"]] == ["win", None]
        assert (after["settled"], after["potentialPayout"]) == (False, None)
        await done(house, "POST", admin(matches[1], "settle"), {"winning_option": HOME})  # another group
        assert error(await claim(house, placed, "alice")) == (409, "NOT_SETTLED")
        await done(house, "POST", admin(matches[1], "settle"), {"winning_option": OVER})
        assert (await claim(house, placed, "alice")).json["claimAmount"] == "35150"


async def test_one_lost_leg_loses_all_of_them_at_once() -> None:
    async with open_accumulators() as (house, matches):
        placed = await accumulate(house, matches, "alice", TWO)
        await settle(house, matches[0], 0, 1)
        after = await shown(house, placed, "alice")
        assert [leg["result"] for leg in after["legs"]] == ["loss", None]
        assert (after["settled"], after["potentialPayout"], after["claimed"]) == (True, "0", False)
        assert error(await claim(house, placed, "alice")) == (409, "NOTHING_TO_CLAIM")
        await settle(house, matches[1], 3, 0)
        assert error(await claim(house, placed, "alice")) == (409, "NOTHING_TO_CLAIM")
        assert await usd(house, "alice") == "999"


# Voids


async def test_a_void_leg_counts_one() -> None:
    async with open_accumulators() as (house, matches):
        placed = await accumulate(house, matches, "alice", TWO)
        await done(house, "POST", admin(matches[0], "void"), {"reason": "snow"})
        await settle(house, matches[1], 3, 0)
        after = await shown(house, placed, "alice")
        assert ([leg["result"] for leg in after["legs"]], after["potentialPayout"]) == (["push", "win"], "19000")
        assert after["odds"] == "3.515"  # it was taken at that
        assert (await claim(house, placed, "alice")).json["claimAmount"] == "19000"
        assert await usd(house, "alice") == "1000.9"


async def test_the_stake_of_void_legs_only_comes_back_when_it_is_claimed() -> None:
    async with open_accumulators() as (house, matches):
        placed = await accumulate(house, matches, "alice", TWO)
        for match in matches[:2]:
            await done(house, "POST", admin(match, "void"), {"reason": "snow"})
        await wait_all_tasks_blocked()
        assert await usd(house, "alice") == "999"
        assert (await claim(house, placed, "alice")).json["claimAmount"] == "10000"
        assert await usd(house, "alice") == "1000"


# Taken back


async def test_a_settlement_that_was_taken_back_is_no_settlement() -> None:
    """A lost accumulator is as good as before, and what is kept for it was never let go of."""
    async with open_accumulators() as (house, matches):
        placed = await accumulate(house, matches, "alice", TWO)
        await settle(house, matches[0], 0, 1)
        await settle(house, matches[1], 3, 0)
        assert error(await claim(house, placed, "alice")) == (409, "NOTHING_TO_CLAIM")
        assert (await pool(house))["liability"] == "35150"
        await done(house, "POST", admin(matches[0], "rollback"))
        after = await shown(house, placed, "alice")
        assert (after["settled"], after["potentialPayout"]) == (False, None)
        assert error(await claim(house, placed, "alice")) == (409, "NOT_SETTLED")
        await settle(house, matches[0], 1, 0)
        assert (await claim(house, placed, "alice")).json["claimAmount"] == "35150"


async def test_what_was_paid_for_is_not_taken_back_and_names_itself() -> None:
    async with open_accumulators() as (house, matches):
        placed = await accumulate(house, matches, "alice", TWO)
        single = await bet(house, matches[0], "bob", "10000 on 1 at 185")
        await settle_all(house, matches)
        await done(house, "POST", admin(matches[2], "rollback"))  # nothing of it was paid for
        assert (await claim(house, placed, "alice")).status == 200
        assert (await claim_bet(house, single, "bob")).status == 200
        both = sorted([placed["orderId"], single["orderId"]])
        for match, body, claims in (
            (matches[0], {}, both),
            (matches[0], {"option": AWAY}, both),
            (matches[1], {}, both[:1]),
            (matches[1], {"option": OVER}, both[:1]),
        ):
            reply = await house.call("POST", admin(match, "rollback"), body, by="root")
            assert refused(reply) == (409, "ALREADY_CLAIMED", {"claims": claims})
        assert await usd(house, "alice") == "1002.515"
        await done(house, "POST", admin(matches[1], "rollback"), {"option": HOME})  # a group beside it
        assert (await look(house, f"/api/v1/markets/{matches[1]}"))["market"]["status"] == "closed"


# Final


async def test_what_is_final_is_not_taken_back_and_frees_what_was_kept_for_the_lost() -> None:
    async with open_accumulators() as (house, matches):
        lost = await accumulate(house, matches, "alice", "10000 on 3 at 420, 6 at 190")
        other = await accumulate(house, matches, "bob", TWO)
        await settle(house, matches[0], 3, 0)
        stands = await pool(house)
        assert (stands["liability"], stands["open"]) == (str(79_800 + 35_150), 2)
        for _ in range(2):  # twice is once
            final = await done(house, "POST", admin(matches[0], "finalize"), {"reason": "the league says so"})
            assert (final["market"]["final"], final["market"]["status"]) == (True, "settled")
        await wait_all_tasks_blocked()
        stands = await pool(house)
        assert (stands["liability"], stands["open"]) == ("35150", 1)
        after = await shown(house, lost, "alice")
        assert (after["settled"], after["potentialPayout"], after["claimed"], after["claimedAt"]) == (
            True,
            "0",
            False,
            None,
        )
        assert error(await claim(house, lost, "alice")) == (409, "NOTHING_TO_CLAIM")
        for step in ("rollback", "void"):
            assert error(await house.call("POST", admin(matches[0], step), {}, by="root")) == (409, "CONFLICT")
        await settle(house, matches[1], 3, 0)
        assert (await claim(house, other, "bob")).json["claimAmount"] == "35150"


async def test_a_paid_single_bet_is_as_final() -> None:
    async with open_accumulators() as (house, matches):
        lost = await accumulate(house, matches, "alice", "10000 on 3 at 420, 6 at 190")
        single = await bet(house, matches[0], "bob", "10000 on 1 at 185")
        await settle(house, matches[0], 3, 0)
        assert (await pool(house))["open"] == 1
        assert (await claim_bet(house, single, "bob")).status == 200
        await wait_all_tasks_blocked()
        assert (await pool(house))["open"] == 0
        assert error(await claim(house, lost, "alice")) == (409, "NOTHING_TO_CLAIM")


async def test_so_little_left_that_nothing_can_come_of_it() -> None:
    """Half of one unit is none, whatever the other leg does: it is closed as lost without a lost leg."""
    async with open_accumulators() as (house, matches):
        placed = await accumulate(house, matches, "alice", "1 on 5 at 196, 1 at 185")
        await settle(house, matches[0], 2, 1)
        assert (await shown(house, placed, "alice"))["settled"] is False
        await done(house, "POST", admin(matches[0], "finalize"))
        await wait_all_tasks_blocked()
        assert (await pool(house))["open"] == 0
        after = await shown(house, placed, "alice")
        assert [leg["result"] for leg in after["legs"]] == ["half_loss", None]
        assert (after["settled"], after["potentialPayout"]) == (True, "0")
        assert error(await claim(house, placed, "alice")) == (409, "NOTHING_TO_CLAIM")
        assert (await look(house, f"{ACCUMULATORS}?status=confirmed", "alice"))["items"] == [after]


async def test_only_what_is_settled_can_be_made_final() -> None:
    async with open_accumulators() as (house, matches):
        for body in ({}, {"reason": "soon"}):
            reply = await house.call("POST", admin(matches[0], "finalize"), body, by="root")
            assert error(reply) == (409, "CONFLICT")
        await done(house, "POST", admin(matches[0], "settle"), {"winning_option": HOME})  # one group of three
        assert error(await house.call("POST", admin(matches[0], "finalize"), {}, by="root")) == (409, "CONFLICT")
        assert (await look(house, f"/api/v1/markets/{matches[0]}"))["market"]["final"] is False
        await done(house, "POST", admin(matches[1], "void"))
        assert (await look(house, f"/api/v1/markets/{matches[1]}"))["market"]["final"] is True
        newest, *_ = await look(house, "/api/v1/admin/audit", "root")
        assert (newest["action"], newest["target"]) == ("void_match", f"betting/{matches[1]}")
        reply = await house.call("POST", admin(matches[0], "finalize"), {"reason": "a\nb"}, by="root")
        assert error(reply) == (400, "MALFORMED")


async def test_making_it_final_is_written_down() -> None:
    async with open_accumulators() as (house, matches):
        await house.call("POST", admin(matches[0], "finalize"), {}, by="root")
        await settle(house, matches[0], 3, 0)
        await done(house, "POST", admin(matches[0], "finalize"), {"reason": "why"})
        rows = (await look(house, "/api/v1/admin/audit", "root"))[:4]
        assert [row["action"] for row in rows] == [
            "finalize_match",
            "settle_match",
            "finalize_match_refused",
            "finalize_match",
        ]
        assert rows[0]["details"] == {"id": str(matches[0]), "reason": "why"}


# What its market does not know any more


async def test_what_its_market_has_let_go_of(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its row says what became of it; read again, if it was open a moment ago."""
    storage = MemoryStorage()
    async with open_house(storage=storage) as house:
        await furnish(house)
        matches = [await open_match(house, home_team=team) for team in ("Ajax", "Bath")]
        await done(house, "POST", "/api/v1/admin/accumulators/fund", {"amount": POOL})
        lost = await accumulate(house, matches, "alice", "10000 on 3 at 420, 6 at 190")
        won = await accumulate(house, matches, "alice", TWO)
        before = [await storage.reader.accumulator(placed["orderId"]) for placed in (lost, won)]
        await settle_all(house, matches)
        assert (await claim(house, won, "alice")).status == 200
    async with open_house(storage=storage) as house:
        await house.log_in("alice")
        read = type(storage.reader).accumulator
        for placed, early, code in zip((lost, won), before, ("NOTHING_TO_CLAIM", "ALREADY_CLAIMED"), strict=True):
            assert error(await claim(house, placed, "alice")) == (409, code)
            looks: list[int] = []

            async def late(self: Any, bet_id: int, looks: list[int] = looks, early: Any = early) -> Any:
                looks.append(bet_id)
                return early if len(looks) == 1 else await read(self, bet_id)

            with monkeypatch.context() as patched:
                patched.setattr(type(storage.reader), "accumulator", late)
                assert error(await claim(house, placed, "alice")) == (409, code)
            assert looks == [placed["orderId"]] * 2


async def test_a_claim_goes_to_the_market_that_took_the_accumulator() -> None:
    """Whatever bets are made in now."""
    async with open_accumulators() as (house, matches):
        placed = await accumulate(house, matches, "alice", TWO, clientBetId="a")
        await settle_all(house, matches)
        async with open_running(house.exchange, replace(SETTINGS, betting_asset="BTC")) as later:
            await later.log_in("alice")
            assert (await look(later, f"{ACCUMULATORS}/by-client-id/a", "alice"))["potentialPayout"] == "35150"
            assert (await claim(later, placed, "alice")).json["claimAmount"] == "35150"
        assert await usd(house, "alice") == "1002.515"


async def test_an_accumulator_outlives_its_match_s_end_in_a_restart() -> None:
    storage = MemoryStorage()
    async with open_house(storage=storage) as house:
        await furnish(house)
        matches = [await open_match(house, home_team=team) for team in ("Ajax", "Bath")]
        await done(house, "POST", "/api/v1/admin/accumulators/fund", {"amount": POOL})
        placed = await accumulate(house, matches, "alice", TWO)
        await settle(house, matches[0], 3, 0)
        await done(house, "POST", admin(matches[0], "finalize"))
        await move(house, matches[1], "closed")
    async with open_house(storage=storage) as house:
        for name in ("alice", "root"):
            await house.log_in(name)
        assert (await pool(house))["open"] == 1
        await settle(house, matches[1], 3, 0)
        assert (await claim(house, placed, "alice")).json["claimAmount"] == "35150"
