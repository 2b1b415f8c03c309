"""The betting client: which path each call asks, and what refusals bring."""

import pytest

from gateway.client import Refused, open_betting
from gateway.client.errors import check
from tests.gateway.tools.fake_exchange import Reply, fake_exchange

BET = {"marketId": 7, "option": 1, "amount": "1000", "odds": 185}
ACCUMULATOR = {"legs": [{"marketId": 7, "option": 1, "odds": 185}], "amount": "1000"}
ADMIN = "/api/v1/admin/markets"
POOL = "/api/v1/admin/accumulators"


@pytest.mark.trio
async def test_each_call_asks_the_path_of_the_specification() -> None:
    async with fake_exchange() as exchange, open_betting(exchange.url) as client:
        for method, path in (
            ("GET", "/api/v1/markets"),
            ("GET", "/api/v1/markets/active"),
            ("GET", "/api/v1/markets/7"),
            ("GET", "/api/v1/odds/7"),
            ("GET", "/api/v1/markets/7/odds/snapshot"),
            ("GET", "/api/v1/markets/7/odds/updates"),
            ("POST", "/api/v1/bets"),
            ("GET", "/api/v1/bets/9"),
            ("GET", "/api/v1/bets/by-client-id/a%2Fb"),
            ("GET", "/api/v1/bets"),
            ("POST", "/api/v1/bets/9/claim"),
            ("POST", ADMIN),
            ("PUT", f"{ADMIN}/7"),
            ("POST", "/api/v1/admin/odds/override"),
            ("POST", f"{ADMIN}/7/fund"),
            ("POST", f"{ADMIN}/7/settle"),
            ("POST", f"{ADMIN}/7/rollback"),
            ("POST", f"{ADMIN}/7/void"),
            ("POST", f"{ADMIN}/7/finalize"),
            ("POST", "/api/v1/accumulators"),
            ("GET", "/api/v1/accumulators/9"),
            ("GET", "/api/v1/accumulators/by-client-id/a%2Fb"),
            ("GET", "/api/v1/accumulators"),
            ("POST", "/api/v1/accumulators/9/claim"),
            ("GET", POOL),
            *(("POST", f"{POOL}/{step}") for step in ("fund", "return", "suspend", "resume")),
        ):
            exchange.script(method, path, *[Reply(200, {"id": 7})] * 2)
        client.rest.token = "token"
        await client.markets("active", "EPL", 2, 50)
        await client.active_markets()
        await client.market(7)
        await client.odds(7)
        await client.odds_snapshot(7)
        await client.odds_updates(7, 10, 5)
        await client.bet(BET)
        await client.bet_by_id(9)
        await client.bet_by_client_id("a/b")
        await client.bets(7, "pending", "0x12")
        await client.claim(9)
        assert await client.create_market({"league": "EPL"}) == 7
        await client.update_market(7, "active", funding="5")
        await client.override_odds(7, {"total": None}, "why")
        await client.fund(7, "1000")
        await client.settle_option(7, 1)
        await client.settle_score(7, 2, 1)
        await client.roll_back(7)
        await client.roll_back(7, 3)
        await client.void(7, "snow")
        await client.void(7)
        await client.finalize(7, "it stands")
        await client.finalize(7)
        await client.accumulate(ACCUMULATOR)
        await client.accumulator_by_id(9)
        await client.accumulator_by_client_id("a/b")
        await client.accumulators("confirmed", "0x12", 2, 50)
        await client.claim_accumulator(9)
        await client.accumulator_pool()
        await client.fund_accumulators("1000")
        await client.return_from_accumulators("10")
        await client.suspend_accumulators("why")
        await client.resume_accumulators()
        await client.accumulator_pool("BTC")
        await client.fund_accumulators("1000", "BTC")
        await client.return_from_accumulators("10", "BTC")
        await client.suspend_accumulators(asset="BTC")
        await client.resume_accumulators("why", "BTC")
        assert [(asked.method, asked.path, asked.query, asked.body) for asked in exchange.asked] == [
            ("GET", "/api/v1/markets", {"status": "active", "league": "EPL", "page": "2", "pageSize": "50"}, None),
            ("GET", "/api/v1/markets/active", {}, None),
            ("GET", "/api/v1/markets/7", {}, None),
            ("GET", "/api/v1/odds/7", {}, None),
            ("GET", "/api/v1/markets/7/odds/snapshot", {}, None),
            ("GET", "/api/v1/markets/7/odds/updates", {"since_seq": "10", "limit": "5"}, None),
            ("POST", "/api/v1/bets", {}, BET),
            ("GET", "/api/v1/bets/9", {}, None),
            ("GET", "/api/v1/bets/by-client-id/a%2Fb", {}, None),
            (
                "GET",
                "/api/v1/bets",
                {"marketId": "7", "status": "pending", "userAddress": "0x12", "page": "1", "pageSize": "20"},
                None,
            ),
            ("POST", "/api/v1/bets/9/claim", {}, None),
            ("POST", ADMIN, {}, {"league": "EPL"}),
            ("PUT", f"{ADMIN}/7", {}, {"status": "active", "funding": "5"}),
            (
                "POST",
                "/api/v1/admin/odds/override",
                {},
                {"market_id": 7, "payload": {"total": None}, "reason": "why"},
            ),
            ("POST", f"{ADMIN}/7/fund", {}, {"amount": "1000"}),
            ("POST", f"{ADMIN}/7/settle", {}, {"winning_option": 1}),
            ("POST", f"{ADMIN}/7/settle", {}, {"score": {"home": 2, "away": 1}}),
            ("POST", f"{ADMIN}/7/rollback", {}, {}),
            ("POST", f"{ADMIN}/7/rollback", {}, {"option": 3}),
            ("POST", f"{ADMIN}/7/void", {}, {"reason": "snow"}),
            ("POST", f"{ADMIN}/7/void", {}, {}),
            ("POST", f"{ADMIN}/7/finalize", {}, {"reason": "it stands"}),
            ("POST", f"{ADMIN}/7/finalize", {}, {}),
            ("POST", "/api/v1/accumulators", {}, ACCUMULATOR),
            ("GET", "/api/v1/accumulators/9", {}, None),
            ("GET", "/api/v1/accumulators/by-client-id/a%2Fb", {}, None),
            (
                "GET",
                "/api/v1/accumulators",
                {"status": "confirmed", "userAddress": "0x12", "page": "2", "pageSize": "50"},
                None,
            ),
            ("POST", "/api/v1/accumulators/9/claim", {}, None),
            ("GET", POOL, {}, None),
            ("POST", f"{POOL}/fund", {}, {"amount": "1000"}),
            ("POST", f"{POOL}/return", {}, {"amount": "10"}),
            ("POST", f"{POOL}/suspend", {}, {"reason": "why"}),
            ("POST", f"{POOL}/resume", {}, {}),
            ("GET", POOL, {"asset": "BTC"}, None),
            ("POST", f"{POOL}/fund", {}, {"amount": "1000", "asset": "BTC"}),
            ("POST", f"{POOL}/return", {}, {"amount": "10", "asset": "BTC"}),
            ("POST", f"{POOL}/suspend", {}, {"asset": "BTC"}),
            ("POST", f"{POOL}/resume", {}, {"reason": "why", "asset": "BTC"}),
        ]
        assert {asked.token for asked in exchange.asked} == {"token"}


def test_a_refusal_brings_what_else_was_said() -> None:
    with pytest.raises(Refused) as refused:
        check(409, {"code": "ODDS_CHANGED", "message": "they moved", "odds": 190})
    assert (refused.value.code, refused.value.details) == ("ODDS_CHANGED", {"odds": 190})
    with pytest.raises(Refused) as refused:
        check(404, None)
    assert (refused.value.code, refused.value.details) == ("UNKNOWN", {})
