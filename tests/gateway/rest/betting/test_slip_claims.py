"""Claiming what bets and accumulators have won: exactly once, and by their own customer only."""

import pytest
import trio

from tests.gateway.houses import Reply, error
from tests.gateway.rest.betting.accumulator_scenes import open_accumulators
from tests.gateway.rest.betting.scenes import look, usd
from tests.gateway.rest.betting.slip_scenes import OTHER, Kind, of_each_kind, settle_all

pytestmark = pytest.mark.trio


@of_each_kind
async def test_a_claim_has_the_fields_of_the_specification(kind: Kind) -> None:
    async with open_accumulators() as (house, matches):
        placed = await kind.place(house, matches, "alice", kind.win)
        await settle_all(house, matches)
        reply = await kind.claim(house, placed, "alice")
        assert reply.status == 200
        claimed = reply.json
        tx_hash = claimed.pop("claimTxHash")
        assert claimed == {"orderId": placed["orderId"], "claimed": True, "claimAmount": kind.payout}
        shown = await kind.shown(house, placed, "alice")
        assert (shown["claimed"], shown["settled"], shown["potentialPayout"]) == (True, True, kind.payout)
        assert shown["claimTxHash"] == tx_hash != shown["txHash"]
        assert shown["claimedAt"] > shown["createdAt"]
        assert await usd(house, "alice") == kind.then_has


@of_each_kind
async def test_a_second_claim_is_refused(kind: Kind) -> None:
    async with open_accumulators() as (house, matches):
        placed = await kind.place(house, matches, "alice", kind.win)
        await settle_all(house, matches)
        assert (await kind.claim(house, placed, "alice")).status == 200
        assert error(await kind.claim(house, placed, "alice")) == (409, "ALREADY_CLAIMED")
        assert await usd(house, "alice") == kind.then_has


@of_each_kind
async def test_ten_clients_that_claim_at_once_are_paid_once(kind: Kind) -> None:
    async with open_accumulators() as (house, matches):
        placed = await kind.place(house, matches, "alice", kind.win)
        await settle_all(house, matches)
        replies: list[Reply] = []

        async def ask() -> None:
            replies.append(await kind.claim(house, placed, "alice"))

        async with trio.open_nursery() as nursery:
            for _ in range(10):
                nursery.start_soon(ask)
        paid = [reply for reply in replies if reply.status == 200]
        others = [error(reply) for reply in replies if reply.status != 200]
        assert (len(paid), others) == (1, [(409, "ALREADY_CLAIMED")] * 9)
        assert await usd(house, "alice") == kind.then_has
        logs = await look(house, "/api/v1/account/logs?symbol=USD", "alice")
        assert [(log["changeType"], log["amount"]) for log in logs] == [
            ("payout", kind.payout_usd),
            ("bet", "-1"),
            ("deposit", "1000"),
        ]


@of_each_kind
async def test_another_s_slip_can_not_be_claimed_not_even_by_an_administrator(kind: Kind) -> None:
    async with open_accumulators() as (house, matches):
        placed = await kind.place(house, matches, "alice", kind.win)
        other = OTHER[kind]
        of_other_kind = await other.place(house, matches, "alice", other.win)
        await settle_all(house, matches)
        for by in ("bob", "root"):
            assert error(await kind.claim(house, placed, by)) == (404, "NOT_FOUND")
        assert error(await house.call("POST", f"{kind.path}/{placed['orderId']}/claim")) == (401, "UNAUTHORIZED")
        assert error(await other.claim(house, placed, "alice")) == (404, "NOT_FOUND")
        assert error(await kind.claim(house, of_other_kind, "alice")) == (404, "NOT_FOUND")
        assert await usd(house, "alice") == "998"
        assert await usd(house, "bob") == "1000"


@of_each_kind
@pytest.mark.parametrize(("order_id", "expected"), [("99", (404, "NOT_FOUND")), ("x", (400, "MALFORMED"))])
async def test_no_such_slip(kind: Kind, order_id: str, expected: tuple[int, str]) -> None:
    async with open_accumulators() as (house, _):
        assert error(await house.call("POST", f"{kind.path}/{order_id}/claim", by="alice")) == expected
