"""What holds for all routes of betting: roles, statuses, the description, no input is a 500."""

import json
from typing import Any

import msgspec
import pytest
import trio
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.refusals import Refusal
from gateway.openapi import codes_of, document, with_openapi
from gateway.rate_limits import Rate
from gateway.rest.betting.routes import BETTING_ROUTES
from gateway.rest.route import Access, Route
from gateway.rest.routes import ROUTES
from gateway.statuses import STATUSES
from tests.gateway.houses import SETTINGS, error
from tests.gateway.rest.betting.accumulator_scenes import accumulator_of, open_accumulators
from tests.gateway.rest.betting.scenes import ODDS, bet, bet_of, done, open_betting, refused, send_bet

SPECIFIED = """
    GET /api/v1/markets   GET /api/v1/markets/{id}   GET /api/v1/markets/active   GET /api/v1/odds/{market_id}
    GET /api/v1/markets/{id}/odds/snapshot   GET /api/v1/markets/{id}/odds/updates
    POST /api/v1/bets   GET /api/v1/bets/{order_id}   GET /api/v1/bets   POST /api/v1/bets/{order_id}/claim
    POST /api/v1/admin/markets   PUT /api/v1/admin/markets/{id}   POST /api/v1/admin/odds/override
    POST /api/v1/admin/markets/{id}/settle
"""
DESCRIBED = document(with_openapi(ROUTES))


def name_of(route: Route) -> str:
    return f"{route.method} {route.path}"


def path_of(route: Route, market: int) -> str:
    """A route's path in a house with one match and one bet of alice's."""
    path = route.path.replace("{id}", str(market)).replace("{market_id}", str(market))
    return path.replace("{order_id}", "1").replace("{clientBetId}", "a")


def test_the_paths_of_the_specification_are_there() -> None:
    wanted = {line.strip() for line in SPECIFIED.replace("   ", "\n").split("\n")} - {""}
    assert wanted <= {name_of(route) for route in BETTING_ROUTES}


@pytest.mark.trio
@pytest.mark.parametrize("route", BETTING_ROUTES, ids=name_of)
async def test_who_may_call_it(route: Route) -> None:
    """A visitor is told 401 where a token is needed, a guest and a user 403 where a role is; and nobody else is."""
    needs = {Access.ANYONE: "", Access.USER: "alice", Access.ADMIN: "root"}[route.access]
    async with open_betting() as (house, market):
        house.tokens["guest"] = (await house.call("POST", "/api/v1/session")).json["token"]
        callers = ["", "guest", "alice", "root"]
        for by in callers:
            reply = await house.call(route.method, path_of(route, market), {"reason": "?"}, by=by or None)
            if not by and needs:
                assert error(reply) == (401, "UNAUTHORIZED")
            elif callers.index(by) < callers.index(needs):
                assert error(reply) == (403, "FORBIDDEN")
            else:
                assert reply.status not in (401, 403)


@pytest.mark.trio
async def test_a_bet_is_limited_to_ten_a_second_with_a_burst_of_twenty() -> None:
    async with open_betting(msgspec.structs.replace(SETTINGS, rate_limit_betting=Rate(10, 20))) as (house, market):
        for _ in range(20):
            await bet(house, market, "alice", "1 on 1 at 185")
        assert error(await send_bet(house, market, "alice", "1 on 1 at 185")) == (429, "TOO_MANY_REQUESTS")
        await bet(house, market, "bob", "1 on 1 at 185")


# The description


def test_every_refusal_of_betting_stands_where_it_is_given() -> None:
    said = {name_of(route): set(codes_of(route)) for route in BETTING_ROUTES}
    claims = {Refusal.NOT_SETTLED, Refusal.ALREADY_CLAIMED, Refusal.NOTHING_TO_CLAIM}
    for slips in ("/api/v1/bets", "/api/v1/accumulators"):
        assert {Refusal.ODDS_CHANGED, Refusal.LIABILITY_LIMIT} <= said[f"POST {slips}"]
        assert claims <= said[f"POST {slips}/{{order_id}}/claim"]
        responses = DESCRIBED["paths"][slips]["post"]["responses"]
        assert "ODDS_CHANGED" in responses["409"]["description"]
        assert "LIABILITY_LIMIT" in responses["422"]["description"]
    assert Refusal.ALREADY_SETTLED in said["POST /api/v1/admin/markets/{id}/settle"]


def test_what_a_refusal_says_beside_its_code_is_described() -> None:
    body = DESCRIBED["components"]["schemas"]["ErrorBody"]
    assert set(body["properties"]) == {"code", "message", "odds", "legs", "maxStake", "claims", "available"}
    assert body["required"] == ["code", "message"]
    legs = DESCRIBED["components"]["schemas"]["LegOdds"]["properties"]
    assert legs == {name: {"type": "integer"} for name in ("marketId", "option", "odds")}


def test_how_many_legs_there_are_is_described() -> None:
    legs = DESCRIBED["components"]["schemas"]["PlaceAccumulatorRequest"]["properties"]["legs"]
    assert (legs["minItems"], legs["maxItems"]) == (2, 20)


def test_a_put_is_described_with_its_body() -> None:
    put = DESCRIBED["paths"]["/api/v1/admin/markets/{id}"]["put"]
    assert [(p["name"], p["in"]) for p in put["parameters"]] == [("id", "path")]
    schema = put["requestBody"]["content"]["application/json"]["schema"]
    assert set(schema["properties"]) == {"status", "description", "funding"}
    assert {"408", "413"} <= set(put["responses"])


def test_the_description_says_numbers_where_numbers_are() -> None:
    schemas = DESCRIBED["components"]["schemas"]
    assert schemas["MoneylineView"]["properties"]["home"] == {"type": "number"}
    assert schemas["OptionView"]["properties"]["line"] == {"type": ["number", "null"]}
    assert schemas["BetView"]["properties"]["amount"] == {"type": "string"}
    assert schemas["BetView"]["properties"]["odds"] == {"type": "integer"}


# Random input, field by field


LEAVES = (
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=40)
    | st.sampled_from(["active", "1000", "0", "9" * 78, "1e9", "any", "a\u0000"])
)
VALUES = st.recursive(LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=2))
GROUPS = st.fixed_dictionaries(
    {},
    optional={
        "moneyline": st.just(ODDS["moneyline"]) | VALUES,
        "spread": st.fixed_dictionaries({"line": VALUES, "home": st.just(1.9), "away": st.just(1.9)}) | st.none(),
        "total": st.just({"line": 3.25, "over": 1.9, "under": 1.9}) | VALUES,
    },
)
MATCHES = [5, 6, 7]  # behind three symbols and the market of accumulators
LEGS = st.lists(
    st.fixed_dictionaries(
        {}, optional={"marketId": st.sampled_from(MATCHES) | VALUES, "option": st.just(1), "odds": st.just(185)}
    ),
    max_size=4,
)
RIGHT: dict[str, Any] = {
    **bet_of(MATCHES[0], "1000 on 1 at 185"),
    **accumulator_of(MATCHES, "1000 on 1 at 185, 1 at 185"),
    "acceptOdds": "any",
    "clientBetId": "a",
    "market_id": 4,
    "reason": "why",
    "status": "suspended",
    "description": "it is so",
    "funding": "1000",
    "league": "EPL",
    "home_team": "A",
    "away_team": "B",
    "start_time": 4_000_000_000_000,
    "winning_option": 1,
    "score": {"home": 1, "away": 0},
}


def bodies(kind: type[msgspec.Struct]) -> st.SearchStrategy[Any]:
    """Objects with the fields of a request, most of them right; or anything at all."""
    fields: dict[str, st.SearchStrategy[Any]] = {}
    for field in msgspec.structs.fields(kind):
        name = field.encode_name
        fields[name] = st.one_of(*[st.just(RIGHT[name])] * 3, VALUES) if name in RIGHT else VALUES
    if "payload" in fields:
        fields["payload"] = GROUPS | VALUES
    if "legs" in fields:
        fields["legs"] |= LEGS
    return st.fixed_dictionaries({}, optional=fields) | VALUES


SENT = [route for route in BETTING_ROUTES if route.method in ("POST", "PUT")]


@pytest.mark.parametrize("route", SENT, ids=name_of)
def test_no_json_is_ever_a_500(route: Route) -> None:
    """Against an exchange whose invariants are audited afterwards."""

    @settings(max_examples=6, deadline=None, suppress_health_check=list(HealthCheck), print_blob=True)
    @given(st.lists(bodies(route.request), min_size=1, max_size=10))
    def run(sent: list[Any]) -> None:
        trio.run(send_all, route, sent)

    run()


async def send_all(route: Route, sent: list[Any]) -> None:
    statuses = {200, *(STATUSES[code].on_v1 for code in codes_of(route))} - {500, 503, 504}
    async with open_accumulators() as (house, matches):
        assert matches == MATCHES
        market, *_ = matches
        await bet(house, market, "alice", "1000 on 1 at 185")
        for body in sent:
            raw = json.dumps(body).encode()
            reply = await house.call(route.method, path_of(route, market), raw, by="root")
            assert reply.status in statuses, (body, reply.body)
            if reply.status >= 400:
                assert refused(reply)
        for report in house.exchange.supervisor.statistics():
            assert (report.restarts, report.last_failure) == (0, None), report
        await done(house, "GET", f"/api/v1/markets/{market}")


QUERIES = st.lists(
    st.tuples(
        st.sampled_from(
            [
                "status",
                "league",
                "page",
                "pageSize",
                "since_seq",
                "limit",
                "userAddress",
                "userId",
                "marketId",
                "market_id",
                "id",
            ]
        ),
        st.sampled_from(
            ["active", "pending", "0", "1", "4", "-1", "1e3", "9" * 30, "", "0x" + "0" * 40, "%00", "%FF", "x"]
        ),
    ),
    max_size=4,
)


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck), print_blob=True)
@given(st.lists(QUERIES, min_size=1, max_size=5))
def test_no_query_is_ever_a_500(queries: list[list[tuple[str, str]]]) -> None:
    trio.run(ask_all, queries)


async def ask_all(queries: list[list[tuple[str, str]]]) -> None:
    async with open_betting() as (house, market):
        for query in queries:
            text = "&".join(f"{name}={value}" for name, value in query)
            for route in BETTING_ROUTES:
                if route.method == "GET":
                    reply = await house.call("GET", f"{path_of(route, market)}?{text}", by="root")
                    assert reply.status in (200, 400, 404), (route.path, text, reply.body)
