"""Looking bets up: one, by either id, and lists; whose they are, and who sees them."""

import pytest

from actors.core import Address
from tests.gateway.houses import House, error, open_house
from tests.gateway.rest.betting.scenes import BETS, bet, furnish, look, open_betting, open_match, settle
from tests.gateway.wallets import ANNA, BEN

pytestmark = pytest.mark.trio


async def test_by_client_id() -> None:
    async with open_betting() as (house, market):
        placed = await bet(house, market, "alice", "10000 on 1 at 185", clientBetId="a/b")
        assert await look(house, f"{BETS}/by-client-id/a%2Fb", "alice") == placed
        assert error(await house.call("GET", f"{BETS}/by-client-id/a%2Fb", by="bob")) == (404, "NOT_FOUND")
        assert error(await house.call("GET", f"{BETS}/by-client-id/c", by="alice")) == (404, "NOT_FOUND")


async def test_another_s_bet_is_not_found_but_by_administrators() -> None:
    async with open_betting() as (house, market):
        placed = await bet(house, market, "alice", "10000 on 1 at 185")
        path = f"{BETS}/{placed['orderId']}"
        assert error(await house.call("GET", path, by="bob")) == (404, "NOT_FOUND")
        alice = house.gateway.sessions.member_by_name("alice")
        assert alice is not None
        assert "userId" not in placed
        assert await look(house, path, "root") == {**placed, "userId": alice.user_id}
        assert error(await house.call("GET", f"{BETS}/99", by="root")) == (404, "NOT_FOUND")
        assert error(await house.call("GET", f"{BETS}/x", by="root")) == (400, "MALFORMED")


async def listed(house: House, query: str, by: str) -> tuple[list[int], int]:
    page = await look(house, f"{BETS}?{query}", by)
    return [item["orderId"] for item in page["items"]], page["total"]


async def test_lists_of_bets() -> None:
    async with open_betting() as (house, market):
        ben = BEN.address
        members = [house.gateway.sessions.member_by_name(name) for name in ("alice", "bob")]
        alice, bob = (member.user_id for member in members if member is not None)
        other = await open_match(house)
        first = await bet(house, market, "alice", "1 on 1 at 185")
        second = await bet(house, other, "alice", "2 on 2 at 340")
        third = await bet(house, market, "bob", "3 on 3 at 420")
        one, two, three = (placed["orderId"] for placed in (first, second, third))
        await settle(house, market, 2, 0)
        settled = await look(house, f"{BETS}/{one}", "alice")
        page = await look(house, BETS, "alice")
        assert page == {"page": 1, "pageSize": 20, "total": 2, "items": [second, settled]}
        seen = await look(house, BETS, "root")
        assert [item["userId"] for item in seen["items"]] == [bob, alice, alice]
        for query, by, expected in (
            ("", "bob", [three]),
            ("", "root", [three, two, one]),
            (f"userAddress={ANNA.address}", "alice", [two, one]),
            (f"userAddress={ANNA.address.lower()}", "alice", [two, one]),
            (f"userAddress={ANNA.address}", "root", [two, one]),
            (f"userAddress={ben}", "root", []),
            (f"userId={alice}", "alice", [two, one]),
            (f"userId={alice}", "root", [two, one]),
            (f"userId={bob}", "root", [three]),
            (f"userId={bob}&marketId={other}", "root", []),
            (f"userId={alice}&userAddress={ANNA.address}", "root", [two, one]),
            (f"userId={bob}&userAddress={ANNA.address}", "root", []),
            ("userId=999", "root", []),
            (f"marketId={market}", "alice", [one]),
            (f"marketId={market}", "root", [three, one]),
            ("status=pending", "alice", [two]),
            ("status=confirmed", "alice", [one]),
            ("status=confirmed", "root", [three, one]),
            (f"status=pending&marketId={market}", "root", []),
        ):
            assert await listed(house, query, by) == (expected, len(expected)), query
        assert await listed(house, "page=2&pageSize=2", "root") == ([one], 3)
        assert await listed(house, "page=3&pageSize=2", "root") == ([], 3)


NO_LISTS = [
    (f"userAddress={ANNA.address}", "bob", (403, "FORBIDDEN")),
    (f"userAddress={BEN.address}", "alice", (403, "FORBIDDEN")),
    ("userId=999", "alice", (403, "FORBIDDEN")),
    ("userId=0", "alice", (400, "MALFORMED")),
    ("userId=0", "root", (400, "MALFORMED")),
    ("userAddress=0x12", "alice", (400, "MALFORMED")),
    (f"userAddress={ANNA.address.swapcase().replace('0X', '0x')}", "alice", (400, "MALFORMED")),
    ("marketId=99", "alice", (404, "NOT_FOUND")),
    ("marketId=x", "alice", (400, "MALFORMED")),
    ("status=open", "alice", (400, "MALFORMED")),
    ("page=0", "alice", (400, "MALFORMED")),
    ("pageSize=1000", "alice", (400, "MALFORMED")),
]


async def test_what_no_list_of_bets_can_be_of() -> None:
    async with open_betting() as (house, _):
        for query, by, expected in NO_LISTS:
            assert error(await house.call("GET", f"{BETS}?{query}", by=by)) == expected


async def test_nobody_has_bet_yet() -> None:
    async with open_house() as house:
        await furnish(house)
        assert await look(house, BETS, "alice") == {"page": 1, "pageSize": 20, "total": 0, "items": []}


async def test_a_bet_under_way_is_pending(monkeypatch: pytest.MonkeyPatch) -> None:
    async with open_betting() as (house, _):

        async def pending(*_: object) -> str:
            return "pending"

        with monkeypatch.context() as patched:
            patched.setattr(Address, "ask", pending)
            reply = await house.call("GET", f"{BETS}/by-client-id/a", by="alice")
        assert (reply.status, reply.json) == (202, {"status": "pending"})


async def test_a_bet_that_is_known_and_lost_is_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    """Which only a defect can bring about."""
    async with open_betting() as (house, _):

        async def known(*_: object) -> str:
            return "known"

        with monkeypatch.context() as patched:
            patched.setattr(Address, "ask", known)
            reply = await house.call("GET", f"{BETS}/by-client-id/a", by="alice")
        assert error(reply) == (504, "UNKNOWN")
