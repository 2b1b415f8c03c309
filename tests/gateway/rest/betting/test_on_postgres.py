"""Betting over REST on the real database: whatever passes the door is written, and read back as it was."""

import itertools
from typing import Any

import pytest
import trio
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.identity.caller import Role
from storage.postgres import open_postgres
from tests.gateway.houses import House, error, open_house
from tests.gateway.rest.betting.accumulator_scenes import accumulate
from tests.gateway.rest.betting.accumulator_scenes import claim as claim_accumulator
from tests.gateway.rest.betting.scenes import (
    MATCH,
    ODDS,
    admin,
    bet,
    claim,
    done,
    fund_house,
    look,
    move,
    open_match,
    refused,
    settle,
)
from tests.gateway.rest.test_on_postgres import TEXTS, unharmed

pytestmark = pytest.mark.slow

NAMES = itertools.count(1)


def test_whatever_passes_the_door_is_written(postgres_dsn: str) -> None:
    @settings(max_examples=5, deadline=None, suppress_health_check=list(HealthCheck), print_blob=True)
    @given(TEXTS.filter(str.strip), TEXTS.filter(str.strip), TEXTS, TEXTS, st.integers(0, 10_000))
    def run(league: str, team: str, words: str, client_id: str, goals: int) -> None:
        terms = {"league": league, "home_team": team, "away_team": f"not {team}"[:64], "description": words}
        trio.run(live, postgres_dsn, terms, client_id, goals)

    run()


async def live(dsn: str, terms: dict[str, Any], client_id: str, goals: int) -> None:
    """A match's whole life, in these words."""
    async with open_postgres(dsn) as storage, open_house(storage=storage) as house:
        alice = await let_in(house)
        market = await open_match(house, **terms)
        shown = await look(house, f"/api/v1/markets/{market}")
        assert {name: shown["market"][name] for name in terms} == terms
        assert {name: shown["odds"][name] for name in ODDS} == ODDS
        assert (await look(house, "/api/v1/markets?status=active&pageSize=1"))["items"][0]["id"] == market
        assert (await look(house, "/api/v1/markets/active"))["data"][0]["market_id"] == market

        won = await bet(house, market, alice, "10000 on 1 at 185", clientBetId=client_id)
        assert await bet(house, market, alice, "10000 on 1 at 185", clientBetId=client_id) == won
        over = await bet(house, market, alice, "10001 on 4 at 999", acceptOdds="any")
        assert [item["orderId"] for item in (await look(house, "/api/v1/bets", alice))["items"]] == [
            over["orderId"],
            won["orderId"],
        ]
        for status in ("suspended", "in_play", "closed"):
            await move(house, market, status)
        await settle(house, market, goals, 0)
        await done(house, "POST", admin(market, "rollback"))
        await settle(house, market, goals + 1 if goals < 10_000 else goals, 0)
        claimed = await claim(house, won, alice)
        assert claimed.json["claimAmount"] == "18500"
        shown = await look(house, f"/api/v1/bets/{won['orderId']}", alice)
        assert (shown["clientBetId"], shown["claimTxHash"]) == (client_id, claimed.json["claimTxHash"])
        told = await look(house, f"/api/v1/markets/{market}/odds/updates")
        assert [update["seq"] for update in told["updates"]] == list(range(1, 9))
        await house.exchange.cache.remove(f"oddsq:{market}")
        snapshot = await look(house, f"/api/v1/markets/{market}/odds/snapshot")
        assert snapshot == {**told["updates"][-1], "source": "db"}
        await unharmed(house, alice)


async def let_in(house: House) -> str:
    """Let a bettor and an administrator in, who have not been there before; returns the bettor's name."""
    number = next(NAMES)
    alice, root = f"bettor{number}", f"boss{number}"
    await house.user(alice, USD="1000")
    await house.user(root, Role.ADMIN)
    house.tokens["root"] = house.tokens[root]
    await fund_house(house, f"100000.{number:04}")
    return alice


@pytest.mark.trio
async def test_an_accumulator_s_whole_life(postgres_dsn: str) -> None:
    async with open_postgres(postgres_dsn) as storage, open_house(storage=storage) as house:
        alice = await let_in(house)
        matches = [await open_match(house, home_team=team, funding="0") for team in ("Ajax", "Bath", "Cork")]
        before = await done(house, "POST", "/api/v1/admin/accumulators/fund", {"amount": "1000000"})
        words = "10000 on 1 at 185, 3 at 999, 6 at 190"
        won = await accumulate(house, matches, alice, words, clientBetId="\u20ac/ \U0001f600", acceptOdds="any")
        assert (won["odds"], won["maxPayout"]) == ("14.763", "147630")
        assert await accumulate(house, matches, alice, words, clientBetId="\u20ac/ \U0001f600", acceptOdds="any") == won
        lost = await accumulate(house, matches, alice, "10000 on 2 at 340, 6 at 190")
        await settle(house, matches[0], 3, 0)
        assert await listed(house, "status=confirmed", alice) == [lost["orderId"]]
        assert await listed(house, "status=pending", alice) == [won["orderId"]]
        await done(house, "POST", admin(matches[0], "finalize"))
        await done(house, "POST", admin(matches[1], "void"))
        await settle(house, matches[2], 2, 2)
        shown = await look(house, "/api/v1/accumulators/by-client-id/%E2%82%AC%2F%20%F0%9F%98%80", alice)
        assert [leg["result"] for leg in shown["legs"]] == ["win", "push", "win"]
        claimed = await claim_accumulator(house, won, alice)
        assert claimed.json["claimAmount"] == shown["potentialPayout"] == "35150"
        assert error(await claim_accumulator(house, won, alice)) == (409, "ALREADY_CLAIMED")
        assert error(await claim_accumulator(house, lost, alice)) == (409, "NOTHING_TO_CLAIM")
        reply = await house.call("POST", admin(matches[2], "rollback"), {}, by="root")
        assert refused(reply) == (409, "ALREADY_CLAIMED", {"claims": [won["orderId"]]})
        after = await look(house, "/api/v1/admin/accumulators", "root")
        assert int(after["pool"]) == int(before["pool"]) + 20_000 - 35_150
        assert (after["liability"], after["open"]) == (before["liability"], before["open"])
        await unharmed(house, alice)


async def listed(house: House, query: str, by: str) -> list[int]:
    page = await look(house, f"/api/v1/accumulators?{query}", by)
    return [item["orderId"] for item in page["items"]]


@pytest.mark.trio
async def test_lists_end_where_they_should(postgres_dsn: str) -> None:
    async with open_postgres(postgres_dsn) as storage, open_house(storage=storage) as house:
        alice = await let_in(house)
        for path, by in (("markets", None), ("bets", alice), ("accumulators", alice)):
            page = await look(house, f"/api/v1/{path}?page={2**31}&pageSize=500", by)
            assert page["items"] == []
        made = await done(house, "POST", "/api/v1/admin/markets", MATCH)
        assert (await look(house, f"/api/v1/markets/{made['id']}/odds/updates?since_seq={2**53 - 1}"))["updates"] == []
