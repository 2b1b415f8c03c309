"""Looking bets and accumulators up: one, by either id, and lists; whose they are, and who sees them."""

import pytest

from actors.core import Address
from tests.gateway.houses import House, Reply, error
from tests.gateway.rest.betting.accumulator_scenes import open_accumulators
from tests.gateway.rest.betting.scenes import look
from tests.gateway.rest.betting.slip_scenes import OTHER, Kind, of_each_kind, settle_all
from tests.gateway.wallets import ANNA, BEN

pytestmark = pytest.mark.trio


@of_each_kind
async def test_by_client_id(kind: Kind) -> None:
    async with open_accumulators() as (house, matches):
        placed = await kind.place(house, matches, "alice", kind.win, clientBetId="a/b")
        path = f"{kind.path}/by-client-id"
        assert await look(house, f"{path}/a%2Fb", "alice") == placed
        other = OTHER[kind]
        await other.place(house, matches, "alice", other.win, clientBetId="other")  # whose id is none of these
        for client_id, by in (("a%2Fb", "bob"), ("c", "alice"), ("other", "alice"), ("a%2Fb", "root")):
            reply = await house.call("GET", f"{path}/{client_id}", by=by)
            assert error(reply) == (404, "NOT_FOUND")
        assert reply.json["message"] == f"there is no {kind.noun} with clientBetId a/b"


@of_each_kind
async def test_another_s_slip_is_not_found_but_by_administrators(kind: Kind) -> None:
    async with open_accumulators() as (house, matches):
        placed = await kind.place(house, matches, "alice", kind.win)
        other = OTHER[kind]
        of_other_kind = await other.place(house, matches, "alice", other.win)
        path = f"{kind.path}/{placed['orderId']}"
        assert error(await house.call("GET", path, by="bob")) == (404, "NOT_FOUND")
        alice = house.gateway.sessions.member_by_name("alice")
        assert alice is not None
        assert "userId" not in placed
        assert await look(house, path, "root") == {**placed, "userId": alice.user_id}
        for order_id, expected in (
            ("99", (404, "NOT_FOUND")),
            (of_other_kind["orderId"], (404, "NOT_FOUND")),
            ("x", (400, "MALFORMED")),
            (10**16 - 1, (400, "MALFORMED")),
        ):
            assert error(await house.call("GET", f"{kind.path}/{order_id}", by="root")) == expected


async def listed(house: House, kind: Kind, query: str, by: str) -> tuple[list[int], int]:
    page = await look(house, f"{kind.path}?{query}", by)
    return [item["orderId"] for item in page["items"]], page["total"]


@of_each_kind
async def test_lists(kind: Kind) -> None:
    """Two of alice's, of which one is paid; two of bob's, of which one is lost."""
    async with open_accumulators() as (house, matches):
        members = [house.gateway.sessions.member_by_name(name) for name in ("alice", "bob")]
        alice, bob = (member.user_id for member in members if member is not None)
        paid = await kind.place(house, matches, "alice", kind.win)
        lost = await kind.place(house, matches, "bob", kind.lose)
        still = await kind.place(house, matches[::-1], "alice", kind.win)
        newest = await kind.place(house, matches[::-1], "bob", kind.win)
        one, two, three, four = (placed["orderId"] for placed in (paid, lost, still, newest))
        await settle_all(house, matches[:2])
        assert (await kind.claim(house, paid, "alice")).status == 200
        seen = [await kind.shown(house, placed, "alice") for placed in (still, paid)]
        assert await look(house, kind.path, "alice") == {"page": 1, "pageSize": 20, "total": 2, "items": seen}
        everybody_s = (await look(house, kind.path, "root"))["items"]
        assert [item["userId"] for item in everybody_s] == [bob, alice, bob, alice]
        for query, by, expected in (
            ("", "bob", [four, two]),
            ("", "root", [four, three, two, one]),
            (f"userAddress={ANNA.address}", "alice", [three, one]),
            (f"userAddress={ANNA.address.lower()}", "alice", [three, one]),
            (f"userAddress={ANNA.address}", "root", [three, one]),
            (f"userAddress={BEN.address}", "root", []),
            (f"userId={alice}", "alice", [three, one]),
            (f"userId={alice}", "root", [three, one]),
            (f"userId={bob}", "root", [four, two]),
            (f"userId={alice}&userAddress={ANNA.address}", "root", [three, one]),
            (f"userId={bob}&userAddress={ANNA.address}", "root", []),
            ("userId=999", "root", []),
            ("status=pending", "alice", [three]),
            ("status=pending", "root", [four, three]),
            (f"status=pending&userId={bob}", "root", [four]),
            ("status=confirmed", "alice", [one]),
            ("status=confirmed", "root", [two, one]),
            (f"status=confirmed&userId={bob}", "root", [two]),
        ):
            assert await listed(house, kind, query, by) == (expected, len(expected)), query
        assert await listed(house, kind, "page=2&pageSize=3", "root") == ([one], 4)
        assert await listed(house, kind, "page=3&pageSize=2", "root") == ([], 4)


NO_LISTS = [
    (f"userAddress={ANNA.address}", "bob", (403, "FORBIDDEN")),
    (f"userAddress={BEN.address}", "alice", (403, "FORBIDDEN")),
    ("userId=999", "alice", (403, "FORBIDDEN")),
    ("userId=0", "alice", (400, "MALFORMED")),
    ("userId=0", "root", (400, "MALFORMED")),
    ("userAddress=0x12", "alice", (400, "MALFORMED")),
    (f"userAddress={ANNA.address.swapcase().replace('0X', '0x')}", "alice", (400, "MALFORMED")),
    ("status=open", "alice", (400, "MALFORMED")),
    ("page=0", "alice", (400, "MALFORMED")),
    (f"page={2**31 + 1}", "alice", (400, "MALFORMED")),
    ("pageSize=501", "alice", (400, "MALFORMED")),
    ("pageSize=1000", "alice", (400, "MALFORMED")),
]


@of_each_kind
async def test_what_no_list_can_be_of(kind: Kind) -> None:
    async with open_accumulators() as (house, _):
        for query, by, expected in NO_LISTS:
            reply = await house.call("GET", f"{kind.path}?{query}", by=by)
            assert error(reply) == expected
        assert await look(house, kind.path, "alice") == {"page": 1, "pageSize": 20, "total": 0, "items": []}


async def looked_up(monkeypatch: pytest.MonkeyPatch, kind: Kind, said: str) -> Reply:
    """What is answered to alice if accounts says this of her clientBetId, and storage knows nothing of it."""

    async def answer(*_: object) -> str:
        return said

    async with open_accumulators() as (house, _):
        with monkeypatch.context() as patched:
            patched.setattr(Address, "ask", answer)
            return await house.call("GET", f"{kind.path}/by-client-id/a", by="alice")


@of_each_kind
async def test_what_is_under_way_is_pending(monkeypatch: pytest.MonkeyPatch, kind: Kind) -> None:
    reply = await looked_up(monkeypatch, kind, "pending")
    assert (reply.status, reply.json) == (202, {"status": "pending"})


@of_each_kind
async def test_what_is_known_and_lost_is_unknown(monkeypatch: pytest.MonkeyPatch, kind: Kind) -> None:
    """Which only a defect can bring about."""
    assert error(await looked_up(monkeypatch, kind, "known")) == (504, "UNKNOWN")
