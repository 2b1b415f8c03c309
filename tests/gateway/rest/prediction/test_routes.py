"""What holds for all routes of prediction markets: roles, statuses by path, the description, no input is a 500."""

import json
from typing import Any

import msgspec
import pytest
import trio
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.answers import as_on, failure
from gateway.context import Answer
from gateway.openapi import document, with_openapi
from gateway.rest.routes import ROUTES, Access, Route
from gateway.statuses import STATUSES, Code
from tests.gateway.houses import error
from tests.gateway.rest.prediction.scenes import OURS, QUESTION, mint, open_market, order

SPECIFIED = """
    POST /api/auth/register   POST /api/auth/login
    GET /api/markets   GET /api/markets/{marketId}   POST /api/markets   GET /api/markets/{marketId}/trades
    GET /api/orderbook/{marketId}
    POST /api/orders   GET /api/orders/active   DELETE /api/orders/{orderId}
"""
MINE = [
    route
    for route in ROUTES
    if route.path.startswith(OURS) or (route.path.startswith("/api/") and not route.path.startswith("/api/v1/"))
]


def name_of(route: Route) -> str:
    return f"{route.method} {route.path}"


def test_the_paths_of_the_specification_are_there() -> None:
    assert {line.strip() for line in SPECIFIED.replace("   ", "\n").split("\n")} - {""} <= {name_of(r) for r in MINE}


@pytest.mark.trio
@pytest.mark.parametrize("route", MINE, ids=name_of)
async def test_who_may_call_it(route: Route) -> None:
    """A visitor is told 401 where a token is needed, a user 403 where a role is; and nobody else is."""
    needs = {Access.ANYONE: "", Access.USER: "alice", Access.MARKET_MAKER: "mia", Access.ADMIN: "root"}[route.access]
    async with open_market() as (house, market):
        path = route.path.replace("{marketId}", str(market)).replace("{orderId}", "1")
        callers = ["", "alice", "mia", "root"]
        for by in callers:
            reply = await house.call(route.method, path, {"reason": "?"}, by=by or None)
            if not by and needs:
                assert error(reply) == (401, "UNAUTHORIZED")
            elif callers.index(by) < callers.index(needs):
                assert error(reply) == (403, "FORBIDDEN")
            else:
                assert reply.status not in (401, 403)


@pytest.mark.parametrize("code", STATUSES, ids=lambda code: code.value)
@pytest.mark.parametrize(
    "path", ["/api/orders", "/api/market-maker", "/api/v1/orders", "/api/v1/prediction", "/metrics"]
)
def test_bad_news_have_the_status_of_their_path(path: str, code: Code) -> None:
    answer = failure(code, "it is so")
    status = STATUSES[code].on_prediction if path in ("/api/orders", "/api/market-maker") else STATUSES[code].on_v1
    assert as_on(path, answer) == msgspec.structs.replace(answer, status=status)


def test_good_news_keep_theirs() -> None:
    answer = Answer(201, {"code": "CONFLICT"})
    assert as_on("/api/orders", answer) is answer


def test_the_description_says_numbers_where_numbers_are() -> None:
    described = document(with_openapi(ROUTES))
    schemas = described["components"]["schemas"]
    assert schemas["MarketView"]["properties"]["yesPrice"] == {"type": "number"}
    assert schemas["PlaceShareOrderRequest"]["properties"]["price"] == {"type": ["number", "null"], "default": None}
    assert schemas["ShareOrderView"]["properties"]["averagePrice"] == {"type": ["number", "null"]}
    place = described["paths"]["/api/orders"]["post"]["responses"]
    assert "INSUFFICIENT_SHARES" in place["400"]["description"]
    assert not {"201", "409", "422"} & set(place)
    void = described["paths"][f"{OURS}/markets/{{marketId}}/void"]["post"]
    assert [(p["name"], p["in"], p["required"]) for p in void["parameters"]] == [
        ("marketId", "path", True),
        ("dryRun", "query", False),
    ]
    assert void["requestBody"]["required"] is False
    assert set(void["requestBody"]["content"]["application/json"]["schema"]["properties"]) == {"dryRun", "reason"}
    shown = void["responses"]["200"]["content"]["application/json"]["schema"]["anyOf"]
    assert [schema["$ref"].rpartition("/")[2] for schema in shown] == ["MarketView", "PayoutPlanView"]
    assert "409" in void["responses"]


# Random input, field by field


LEAVES = (
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=40)
    | st.sampled_from(["YES", "NO", "BUY", "LIMIT", "MARKET", "50", "equal", "2030-01-01T00:00:00", "a\u0000"])
)
VALUES = st.recursive(LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=2))
RIGHT: dict[str, Any] = {
    **QUESTION,
    **order(5, "BUY 5 YES at 55"),
    "clientOrderId": "a",
    "outcome": "YES",
    "reason": "why",
    "dryRun": True,
    "tick": 0.01,
    "makerFee": "0.001",
    "takerFee": 0.5,
    "voidPolicy": "last_price",
}


def bodies(kind: type[msgspec.Struct]) -> st.SearchStrategy[Any]:
    """Objects with the fields of a request, most of them right; or anything at all."""
    names = [field.encode_name for field in msgspec.structs.fields(kind)]
    fields = {name: st.one_of(*[st.just(RIGHT[name])] * 3, VALUES) if name in RIGHT else VALUES for name in names}
    return st.fixed_dictionaries({}, optional=fields) | VALUES


POSTS = [route for route in MINE if route.method == "POST"]


@pytest.mark.parametrize("route", POSTS, ids=name_of)
def test_no_json_is_ever_a_500(route: Route) -> None:
    """Against an exchange whose invariants are audited afterwards."""

    @settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck), print_blob=True)
    @given(st.lists(bodies(route.request), min_size=1, max_size=10))
    def run(sent: list[Any]) -> None:
        trio.run(send_all, route, sent)

    run()


async def send_all(route: Route, sent: list[Any]) -> None:
    async with open_market() as (house, market):
        assert market == RIGHT["marketId"]
        await house.user("carol", USD="100")
        await mint(house, market)
        for body in sent:
            raw = json.dumps(body).encode()
            reply = await house.call("POST", route.path.replace("{marketId}", str(market)), raw, by="root")
            assert reply.status in {200, 400, 401, 403, 404, 409, 429}, (body, reply.body)
            assert reply.status != 409 or route.path.startswith(OURS)
            if reply.status >= 400:
                error(reply)
        for report in house.exchange.supervisor.statistics():
            assert (report.restarts, report.last_failure) == (0, None), report
        assert (await house.call("GET", "/api/markets", by="root")).status == 200


QUERIES = st.lists(
    st.tuples(
        st.sampled_from(
            ["status", "page", "size", "depth", "limit", "before", "since", "interval", "outcome", "marketId"]
        ),
        st.sampled_from(["OPEN", "0", "1", "4", "-1", "1e3", "9" * 30, "", "YES", "1h", "true", "%00", "%FF", "x"]),
    ),
    max_size=4,
)


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck), print_blob=True)
@given(st.lists(QUERIES, min_size=1, max_size=5))
def test_no_query_is_ever_a_500(queries: list[list[tuple[str, str]]]) -> None:
    trio.run(ask_all, queries)


async def ask_all(queries: list[list[tuple[str, str]]]) -> None:
    async with open_market() as (house, market):
        await mint(house, market)
        for query in queries:
            text = "&".join(f"{name}={value}" for name, value in query)
            for route in MINE:
                if route.method == "GET":
                    path = route.path.replace("{marketId}", str(market)).replace("{orderId}", "7")
                    reply = await house.call("GET", f"{path}?{text}", by="root")
                    assert reply.status in (200, 400, 404), (route.path, text, reply.body)


@pytest.mark.trio
async def test_what_stands_in_a_query_is_refused_in_words_for_text() -> None:
    async with open_market() as (house, market):
        voids = f"/api/v1/prediction/markets/{market}/void"
        runs = f"/api/market-maker/run?marketId={market}"
        for path, message in (
            (f"{voids}?dryRun=yes", "dryRun must be true or false"),
            (f"{runs}&minBalanceCents=x", "minBalanceCents must be a whole number"),
            (f"{runs}&minBalanceCents=1.5", "minBalanceCents must be a whole number"),
            (f"{runs}&minBalanceCents=-1", "minBalanceCents must be at least 0"),
        ):
            reply = await house.call("POST", path, by="root")
            assert (error(reply), reply.json["message"]) == ((400, "MALFORMED"), message)
