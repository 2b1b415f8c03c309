"""What lists of bets have and those of accumulators have not: bets on one match."""

import pytest

from tests.gateway.houses import error
from tests.gateway.rest.betting.scenes import BETS, bet, look, open_betting, open_match, settle

pytestmark = pytest.mark.trio


async def test_lists_of_bets_on_one_match() -> None:
    async with open_betting() as (house, market):
        other = await open_match(house)
        bob = house.gateway.sessions.authenticate(house.tokens["bob"]).user_id
        first = await bet(house, market, "alice", "1 on 1 at 185")
        second = await bet(house, other, "alice", "2 on 2 at 340")
        third = await bet(house, market, "bob", "3 on 3 at 420")
        one, two, three = (placed["orderId"] for placed in (first, second, third))
        await settle(house, market, 2, 0)
        for query, by, expected in (
            (f"marketId={market}", "alice", [one]),
            (f"marketId={market}", "root", [three, one]),
            (f"marketId={other}", "alice", [two]),
            (f"marketId={other}", "bob", []),
            (f"userId={bob}&marketId={market}", "root", [three]),
            (f"userId={bob}&marketId={other}", "root", []),
            (f"status=confirmed&marketId={market}", "root", [three, one]),
            (f"status=pending&marketId={market}", "root", []),
        ):
            page = await look(house, f"{BETS}?{query}", by)
            assert ([item["orderId"] for item in page["items"]], page["total"]) == (expected, len(expected)), query


async def test_a_list_of_bets_on_no_match() -> None:
    async with open_betting() as (house, _):
        for market, expected in (("99", (404, "NOT_FOUND")), ("1", (404, "NOT_FOUND")), ("x", (400, "MALFORMED"))):
            assert error(await house.call("GET", f"{BETS}?marketId={market}", by="alice")) == expected
