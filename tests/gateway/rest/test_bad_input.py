"""Any JSON, header or bytes: a clear 4xx in our shape, never 500."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import msgspec
import pytest
import trio
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.identity.caller import Role
from gateway.rest.routes import ROUTES, Route
from gateway.rest.symbols import NoRequest
from tests.gateway.houses import House, error, open_house

ORDER = {"symbol": "BTC_USDT", "side": "buy", "type": "limit", "price": "100", "quantity": "1"}
MOVE = {"transId": "t", "symbol": "USDT", "amount": "1"}

BAD_AMOUNTS = [
    "NaN",
    "Infinity",
    "1e400",
    "1e2",
    "-0",
    "-1",
    "+1",
    "1_0",
    " 1",
    "1 ",
    "1\n",
    "",
    ".5",
    "5.",
    "1.2.3",
    "0x10",
    "1,5",
    "\u0661",  # an Arabic one
    "\uff11",  # a wide one
    "1\u0000",
    "9" * 5_000,
    "0." + "1" * 5_000,
    1,
    1.5,
    True,
    [],
    {},
    None,
]
BAD_TEXTS = ["", "x" * 65, "a\u0000b", "a\nb", "\u202eabc", "\u0085", 7, None, ["a"], {"a": "b"}]


@asynccontextmanager
async def house_of_alice() -> AsyncIterator[House]:
    async with open_house() as house:
        await house.user("alice", USDT="1000")
        yield house


BAD_BYTES = [
    b"",
    b" ",
    b"null",
    b"true",
    b"7",
    b'"order"',
    b"[]",
    b"[{}]",
    b"{",
    b"{}",
    b'{"symbol"}',
    b"{'symbol':1}",
    b"{}{}",
    b"NaN",
    b"\xff\xfe\xfd",
    b"\xef\xbb\xbf{}",
    "{}".encode("utf-16"),
    b"\x00" * 100,
    b"[" * 60_000,
    b'{"a":' * 10_000,
    b'{"symbol":"\\ud800"}',
    b'{"x":"\\ud800",' + json.dumps(ORDER).encode()[1:],
    b'{"x":"\xff",' + json.dumps(ORDER).encode()[1:],
    b'{"price":"1",' + json.dumps(ORDER).encode()[1:],
    b'{"x":1,"x":2,' + json.dumps(ORDER).encode()[1:],
    b'{"x":{"y":1,"y":1},' + json.dumps(ORDER).encode()[1:],
    b'{"x":NaN,' + json.dumps(ORDER).encode()[1:],
    b"--boundary\r\nContent-Disposition: form-data\r\n\r\n",
    b"symbol=BTC_USDT&side=buy",
]


@pytest.mark.trio
@pytest.mark.parametrize("field", ["price", "quantity"])
async def test_a_bad_number_in_an_order(field: str) -> None:
    async with house_of_alice() as house:
        for amount in BAD_AMOUNTS:
            reply = await house.call("POST", "/api/v1/orders", {**ORDER, field: amount}, by="alice")
            assert error(reply) == (400, "MALFORMED"), amount
            assert field in reply.json["message"]


@pytest.mark.trio
@pytest.mark.parametrize("path", ["deposit", "withdraw", "transfer"])
async def test_a_bad_amount_of_money(path: str) -> None:
    async with house_of_alice() as house:
        await house.user("bob")
        for amount in BAD_AMOUNTS:
            body = {**MOVE, "toUsername": "bob", "amount": amount}
            reply = await house.call("POST", f"/api/v1/account/{path}", body, by="alice")
            assert error(reply) == (400, "MALFORMED"), amount
            assert "amount" in reply.json["message"]


@pytest.mark.trio
async def test_a_bad_id_of_the_client_s() -> None:
    async with house_of_alice() as house:
        for text in BAD_TEXTS:
            reply = await house.call("POST", "/api/v1/account/deposit", {**MOVE, "transId": text}, by="alice")
            assert error(reply) == (400, "MALFORMED"), text
            if text is not None:  # no clientOrderId is none
                reply = await house.call("POST", "/api/v1/orders", {**ORDER, "clientOrderId": text}, by="alice")
                assert error(reply) == (400, "MALFORMED"), text


@pytest.mark.trio
async def test_bytes_that_are_no_order() -> None:
    async with house_of_alice() as house:
        for raw in BAD_BYTES:
            reply = await house.call("POST", "/api/v1/orders", raw, by="alice")
            assert error(reply) == (400, "MALFORMED"), raw[:40]


@pytest.mark.trio
async def test_unknown_fields_are_ignored_whatever_is_in_them() -> None:
    async with house_of_alice() as house:
        raw = b'{"x":' + b"9" * 5_000 + b',"y":1e400,"z":[[[{"a":null}]]],' + json.dumps(ORDER).encode()[1:]
        assert (await house.call("POST", "/api/v1/orders", raw, by="alice")).status == 201


IDS_IN_PATHS = [
    ("1", 404),
    ("9007199254740991", 404),
    ("9007199254740992", 400),
    ("9223372036854775808", 400),
    ("18446744073709551616", 400),
    ("0", 400),
    ("-1", 400),
    ("01", 400),
    ("1.0", 400),
    ("1e3", 400),
    ("%00", 400),
    ("%D9%A1", 400),
    ("%FF", 400),
    ("%", 400),
    ("abc", 400),
    ("", 404),
    ("9" * 5_000, 400),
]

BAD_QUERIES = [
    "limit=0",
    "limit=501",
    "limit=-1",
    "limit=1_0",
    "limit=%D9%A1",
    "limit=",
    "limit=abc",
    "limit=9223372036854775808",
    "limit=" + "9" * 5_000,
    "before=0",
    "before=x",
    "before=9007199254740992",
    "before=9223372036854775808",
    "state=half",
    "state=",
    "symbol=",
    "symbol=%00",
    "symbol=%FF",
    "symbol=" + "x" * 65,
    "limit=1&limit=2",
    "&".join(f"x{n}=1" for n in range(100)),
    "limit=\xff",
]

GOOD_QUERIES = ["", "limit=500", "limit=1&x=2", "x", "&&", "=", "before=1&state=open&symbol=BTC_USDT"]


@pytest.mark.trio
async def test_ids_in_a_path() -> None:
    async with house_of_alice() as house:
        for text, status in IDS_IN_PATHS:
            for method in ("GET", "DELETE"):
                reply = await house.call(method, f"/api/v1/orders/{text}", by="alice")
                assert error(reply)[0] == status, text


@pytest.mark.trio
async def test_queries() -> None:
    async with house_of_alice() as house:
        for query in BAD_QUERIES:
            reply = await house.call("GET", b"/api/v1/orders?" + query.encode("latin1"), by="alice")
            assert error(reply) == (400, "MALFORMED"), query
        for query in GOOD_QUERIES:
            assert (await house.call("GET", f"/api/v1/orders?{query}", by="alice")).status == 200, query


@pytest.mark.trio
async def test_messages_are_in_plain_words() -> None:
    """Each names the field and says what would do."""
    cases: list[tuple[dict[str, Any], str]] = [
        ({"price": 1}, "price must be a string or null, not a whole number"),
        ({"price": "1e5"}, 'price must be a plain decimal number in a string, such as "12.5", and not below zero'),
        ({"side": "long"}, "side must be one of buy, sell"),
        ({"timeInForce": "GTX"}, "timeInForce must be one of GTC, IOC, FOK"),
        ({"postOnly": "yes"}, "postOnly must be true or false, not a string"),
        ({"clientOrderId": ""}, "clientOrderId must be 1 to 64 printable characters"),
        ({"price": "9" * 80}, "price must have at most 79 characters"),
    ]
    async with house_of_alice() as house:
        for changed, message in cases:
            reply = await house.call("POST", "/api/v1/orders", {**ORDER, **changed}, by="alice")
            assert reply.json["message"] == message
        incomplete = {name: value for name, value in ORDER.items() if name != "side"}
        reply = await house.call("POST", "/api/v1/orders", incomplete, by="alice")
        assert reply.json["message"] == "side is needed"
        reply = await house.call("POST", "/api/v1/orders", b"[]", by="alice")
        assert reply.json["message"] == "the body must be an object, not a list"


# Random input, field by field


def json_values() -> st.SearchStrategy[Any]:
    leaves = (
        st.none()
        | st.booleans()
        | st.integers(-(2**70), 2**70)
        | st.floats()
        | st.text(max_size=80)
        | st.sampled_from(
            ["BTC_USDT", "USDT", "buy", "sell", "limit", "market_by_amount", "1", "0.01", "admin", *BAD_AMOUNTS]
        )
    )
    return st.recursive(
        leaves,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
        max_leaves=8,
    )


def bodies(kind: type[msgspec.Struct]) -> st.SearchStrategy[Any]:
    """Objects with the fields of a request, each right, wrong or missing; or anything at all."""
    right = {
        "symbol": st.sampled_from(["BTC_USDT", "ETH_USDT", "USDT", "BTC"]),
        "side": st.sampled_from(["buy", "sell"]),
        "type": st.sampled_from(["limit", "market_by_qty", "market_by_amount"]),
        "price": st.sampled_from(["100", "0.01", "9" * 78]),
        "quantity": st.sampled_from(["1", "0.00000001", "9" * 78]),
        "amount": st.sampled_from(["1", "0.0000000001", "9" * 78, "1" + "0" * 77]),
        "tick": st.sampled_from(["0.01", "9" * 78]),
        "lot": st.sampled_from(["0.01", "9" * 78]),
    }
    names = [field.encode_name for field in msgspec.structs.fields(kind)]
    fields = {name: right.get(name, st.text(min_size=1, max_size=64)) | json_values() for name in names}
    return st.fixed_dictionaries({}, optional=fields) | json_values()


POSTS = [route for route in ROUTES if route.method == "POST" and route.request is not NoRequest]


@pytest.mark.parametrize("route", POSTS, ids=lambda route: route.path)
def test_no_json_is_ever_a_500(route: Route) -> None:
    """Against an exchange whose invariants are audited afterwards."""

    @settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck), print_blob=True)
    @given(st.lists(bodies(route.request), min_size=1, max_size=12))
    def run(sent: list[Any]) -> None:
        trio.run(send_all, route, sent)

    run()


async def send_all(route: Route, sent: list[Any]) -> None:
    async with open_house() as house:
        await house.user("alice", USDT="1000", BTC="5")
        await house.user("root", Role.ADMIN, USDT="1000", BTC="5")
        path = route.path.replace("{symbol}", "BTC_USDT").replace("{id}", "1")
        for body in sent:
            reply = await house.call("POST", path, json.dumps(body, ensure_ascii=True).encode(), by="root")
            assert reply.status in {200, 201, 400, 401, 404, 409, 422, 429}, (body, reply.body)
            if reply.status >= 400:
                assert reply.json["message"], (body, reply.body)
                assert {"code", "message"} <= set(reply.json)
        await still_serving(house)


async def still_serving(house: House) -> None:
    """Nothing that was sent has hurt an actor."""
    for report in house.exchange.supervisor.statistics():
        assert (report.restarts, report.last_failure) == (0, None), report
    assert (await house.call("GET", "/api/v1/account/balances", by="root")).status == 200
