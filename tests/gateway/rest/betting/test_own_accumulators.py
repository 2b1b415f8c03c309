"""Looking accumulators up: one, by either id, and lists; whose they are, and who sees them."""

import pytest

from actors.core import Address
from tests.gateway.houses import House, error
from tests.gateway.rest.betting.accumulator_scenes import ACCUMULATORS, accumulate, claim, open_accumulators, shown
from tests.gateway.rest.betting.scenes import bet, look, settle
from tests.gateway.wallets import ANNA, BEN

pytestmark = pytest.mark.trio

TWO = "10000 on 1 at 185, 6 at 190"


async def test_by_client_id() -> None:
    async with open_accumulators() as (house, matches):
        placed = await accumulate(house, matches, "alice", TWO, clientBetId="a/b")
        path = f"{ACCUMULATORS}/by-client-id"
        assert await look(house, f"{path}/a%2Fb", "alice") == placed
        await bet(house, matches[0], "alice", "1 on 1 at 185", clientBetId="single")  # whose id is none of these
        for client_id, by in (("a%2Fb", "bob"), ("c", "alice"), ("single", "alice"), ("a%2Fb", "root")):
            reply = await house.call("GET", f"{path}/{client_id}", by=by)
            assert error(reply) == (404, "NOT_FOUND")
        assert reply.json["message"] == "there is no accumulator with clientBetId a/b"


async def test_another_s_accumulator_is_not_found_but_by_administrators() -> None:
    async with open_accumulators() as (house, matches):
        placed = await accumulate(house, matches, "alice", TWO)
        single = await bet(house, matches[0], "alice", "1 on 1 at 185")
        path = f"{ACCUMULATORS}/{placed['orderId']}"
        assert error(await house.call("GET", path, by="bob")) == (404, "NOT_FOUND")
        alice = house.gateway.sessions.member_by_name("alice")
        assert alice is not None
        assert "userId" not in placed
        assert await look(house, path, "root") == {**placed, "userId": alice.user_id}
        for order_id, expected in (
            ("99", (404, "NOT_FOUND")),
            (single["orderId"], (404, "NOT_FOUND")),  # a bet on one match
            ("x", (400, "MALFORMED")),
            (10**16 - 1, (400, "MALFORMED")),
        ):
            assert error(await house.call("GET", f"{ACCUMULATORS}/{order_id}", by="root")) == expected


async def listed(house: House, query: str, by: str) -> tuple[list[int], int]:
    page = await look(house, f"{ACCUMULATORS}?{query}", by)
    return [item["orderId"] for item in page["items"]], page["total"]


async def test_lists_of_accumulators() -> None:
    async with open_accumulators() as (house, matches):
        members = [house.gateway.sessions.member_by_name(name) for name in ("alice", "bob")]
        alice, bob = (member.user_id for member in members if member is not None)
        first = await accumulate(house, matches, "alice", "10000 on 1 at 185, 6 at 190")
        second = await accumulate(house, matches, "alice", "10000 on 2 at 340, 6 at 190, 1 at 185")
        third = await accumulate(house, matches, "bob", "10000 on 1 at 185, 1 at 185, 1 at 185")
        one, two, three = (placed["orderId"] for placed in (first, second, third))
        await settle(house, matches[0], 3, 0)  # the second one is lost
        pages = {name: await look(house, ACCUMULATORS, name) for name in ("alice", "root")}
        shown_now = [await shown(house, placed, "alice") for placed in (second, first)]
        assert pages["alice"] == {"page": 1, "pageSize": 20, "total": 2, "items": shown_now}
        assert [item["userId"] for item in pages["root"]["items"]] == [bob, alice, alice]
        await settle(house, matches[1], 3, 0)
        assert (await claim(house, first, "alice")).status == 200
        for query, by, expected in (
            ("", "bob", [three]),
            ("", "root", [three, two, one]),
            (f"userAddress={ANNA.address}", "alice", [two, one]),
            (f"userAddress={ANNA.address}", "root", [two, one]),
            (f"userAddress={BEN.address}", "root", []),
            (f"userId={alice}", "alice", [two, one]),
            (f"userId={bob}", "root", [three]),
            (f"userId={bob}&userAddress={ANNA.address}", "root", []),
            ("userId=999", "root", []),
            ("status=pending", "alice", []),
            ("status=pending", "root", [three]),
            ("status=confirmed", "alice", [two, one]),
            (f"status=confirmed&userId={bob}", "root", []),
        ):
            assert await listed(house, query, by) == (expected, len(expected)), query
        assert await listed(house, "page=2&pageSize=2", "root") == ([one], 3)
        assert await listed(house, "page=3&pageSize=2", "root") == ([], 3)


NO_LISTS = [
    (f"userAddress={ANNA.address}", "bob", (403, "FORBIDDEN")),
    (f"userAddress={BEN.address}", "alice", (403, "FORBIDDEN")),
    ("userId=999", "alice", (403, "FORBIDDEN")),
    ("userId=0", "root", (400, "MALFORMED")),
    ("userAddress=0x12", "alice", (400, "MALFORMED")),
    ("status=open", "alice", (400, "MALFORMED")),
    ("page=0", "alice", (400, "MALFORMED")),
    (f"page={2**31 + 1}", "alice", (400, "MALFORMED")),
    ("pageSize=501", "alice", (400, "MALFORMED")),
]


async def test_what_no_list_of_accumulators_can_be_of() -> None:
    async with open_accumulators() as (house, _):
        for query, by, expected in NO_LISTS:
            reply = await house.call("GET", f"{ACCUMULATORS}?{query}", by=by)
            assert error(reply) == expected
        assert await look(house, ACCUMULATORS, "alice") == {"page": 1, "pageSize": 20, "total": 0, "items": []}


@pytest.mark.parametrize(("said", "status"), [("pending", 202), ("known", 504)])
async def test_an_accumulator_under_way_is_pending(monkeypatch: pytest.MonkeyPatch, said: str, status: int) -> None:
    """One that is known and not to be found can only be due to a defect."""
    async with open_accumulators() as (house, _):

        async def answer(*_: object) -> str:
            return said

        with monkeypatch.context() as patched:
            patched.setattr(Address, "ask", answer)
            reply = await house.call("GET", f"{ACCUMULATORS}/by-client-id/a", by="alice")
        assert reply.status == status
        assert reply.json.get("status", reply.json.get("code")) == {202: "pending", 504: "UNKNOWN"}[status]
