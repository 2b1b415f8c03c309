"""What pages of other origins may ask and read, as a browser sees it."""

import re
from collections.abc import Sequence
from functools import partial

import httpx
import pytest
import trio
from msgspec.structs import replace

from gateway.cors import is_origin
from gateway.guard import Guard
from gateway.openapi import with_openapi
from gateway.rate_limits import Rate
from gateway.rest.routes import ROUTES
from gateway.serving import serve
from tests.gateway.browsers import Blocked, Page
from tests.gateway.houses import SETTINGS, House, Reply, open_house, request

SETTINGS_WITH_MORE = replace(SETTINGS, cors_origins=("https://example.com", "http://10.0.0.5:3000"))
ORDERS = "/api/v1/orders"
ORDER = {"symbol": "BTC_USDT", "side": "buy", "type": "limit", "price": "1", "quantity": "1"}
PREFLIGHT = [(b"access-control-request-method", b"POST"), (b"access-control-request-headers", b"authorization")]

LET_IN = [
    "http://127.0.0.1",
    "http://127.0.0.1:8080",
    "http://localhost",
    "http://localhost:3000",
    "http://localhost:65535",
    "https://kmarket.com",
    "https://example.com",
    "http://10.0.0.5:3000",
]
KEPT_OUT = [
    "null",
    "*",
    "",
    "https://evil.example",
    "http://kmarket.com",
    "https://kmarket.com:8443",
    "https://kmarket.com.evil.example",
    "https://www.kmarket.com",
    "https://evil.example#https://kmarket.com",
    "http://localhost.evil.example",
    "http://localhost:3000.evil.example",
    "http://localhost:",
    "http://localhost:3000/",
    "http://evil.example/http://localhost:3000",
    "https://localhost:3000",
    "http://127.0.0.10",
    "http://127a0b0c1",
    "http://127.0.0.1@evil.example",
    "http://10.0.0.5",
    "http://LOCALHOST:3000",
    "http://localhost:3000, https://evil.example",
]


def page(house: House, origin: str) -> Page:
    return Page(origin, partial(request, house.app))


@pytest.mark.trio
@pytest.mark.parametrize("origin", LET_IN)
async def test_a_page_of_ours_trades(origin: str) -> None:
    async with open_house(SETTINGS_WITH_MORE) as house:
        await house.user("alice", USDT="100")
        ours = page(house, origin)
        token = house.tokens["alice"]
        placed = await ours.fetch("POST", ORDERS, ORDER, token)
        assert placed.status == 201
        path = f"{ORDERS}/{placed.json['orderId']}"
        assert (await ours.fetch("DELETE", path, token=token)).json["status"] == "cancelled"
        assert (await ours.fetch("GET", "/api/v1/symbols")).status == 200
        assert (await ours.fetch("HEAD", "/api/v1/symbols")).status == 200


@pytest.mark.trio
@pytest.mark.parametrize("origin", KEPT_OUT)
async def test_a_page_of_others_reads_nothing(origin: str) -> None:
    async with open_house(SETTINGS_WITH_MORE) as house:
        await house.user("alice", USDT="100")
        theirs = page(house, origin)
        with pytest.raises(Blocked):
            await theirs.fetch("POST", ORDERS, ORDER, house.tokens["alice"])
        assert await house.exchange.storage.reader.open_orders() == []
        with pytest.raises(Blocked):
            await theirs.fetch("GET", "/api/v1/symbols")


@pytest.mark.trio
async def test_without_a_setting_only_the_listed_are_let_in() -> None:
    async with open_house() as house:
        with pytest.raises(Blocked):
            await page(house, "https://example.com").fetch("GET", "/healthz")
        assert (await page(house, "https://kmarket.com").fetch("GET", "/healthz")).status == 200


@pytest.mark.trio
async def test_every_path_has_its_preflight() -> None:
    """In the same words for all methods, also where order entry is served in front of Quart."""
    async with open_house() as house:
        for route in with_openapi(ROUTES):
            path = re.sub(r"{\w+}", "7", route.path)
            asked = [(b"origin", b"http://localhost:3000"), (b"access-control-request-method", route.method.encode())]
            reply = await house.call("OPTIONS", path, headers=asked)
            assert reply.status == 200, path
            assert reply.headers["access-control-allow-origin"] == "http://localhost:3000"
            assert route.method in reply.headers["access-control-allow-methods"].split(", ")
            assert int(reply.headers["access-control-max-age"]) > 0
            assert "Origin" in reply.headers["vary"]


@pytest.mark.trio
@pytest.mark.parametrize("origin", ["https://kmarket.com", "https://evil.example"])
async def test_no_wildcard_and_no_credentials(origin: str) -> None:
    async with open_house() as house:
        for method, more in (("OPTIONS", PREFLIGHT), ("POST", []), ("GET", [])):
            reply = await house.call(method, ORDERS, headers=[(b"origin", origin.encode()), *more])
            assert "access-control-allow-credentials" not in reply.headers
            assert "*" not in "".join(value for name, value in reply.headers.items() if name.startswith("access"))


async def bad_news(house: House, origin: Sequence[tuple[bytes, bytes]]) -> dict[int, list[Reply]]:
    """Answers of all kinds, from order entry, from Quart, and from what stands between."""
    found: dict[int, list[Reply]] = {}
    token = house.tokens["alice"].encode()
    for method, path, body in (
        ("POST", ORDERS, ORDER),
        ("POST", ORDERS, {}),
        ("POST", ORDERS, {**ORDER, "quantity": "1000000"}),
        ("POST", ORDERS, b" " * 70_000),
        ("GET", ORDERS, None),
        ("GET", "/api/v1/admin/snapshot", None),
        ("GET", "/nowhere", None),
        ("PUT", ORDERS, None),
        ("GET", "/ws", None),
        ("GET", "/%FF", None),
        ("GET", "/?\xff", None),
        ("GET", "/readyz", None),
        ("GET", "/api/v1/symbols/NONE", None),
    ):
        for headers in (origin, [*origin, (b"authorization", b"Bearer " + token)]):
            reply = await house.call(method, path.encode("latin1"), body, headers=headers)
            found.setdefault(reply.status, []).append(reply)
    return found


@pytest.mark.trio
async def test_all_answers_have_their_headers_bad_news_too(monkeypatch: pytest.MonkeyPatch) -> None:
    async with open_house(replace(SETTINGS, rate_limit_other=Rate(0.001, 1))) as house:
        await house.user("alice", USDT="100")

        async def fail(*_: object) -> None:
            raise ZeroDivisionError

        await house.call("GET", "/api/v1/account/balances", by="alice")
        origin = [(b"origin", b"http://localhost:3000")]
        with monkeypatch.context() as defect:
            defect.setattr(house.exchange.storage.reader, "orders", fail)
            found = await bad_news(house, origin)
        house.gateway.shutdown.set()
        for status, replies in (await bad_news(house, origin)).items():
            found.setdefault(status, []).extend(replies)
        assert set(found) >= {201, 400, 401, 404, 405, 413, 422, 426, 429, 500, 503}, set(found)
        for status, replies in found.items():
            for reply in replies:
                assert reply.headers["access-control-allow-origin"] == "http://localhost:3000", status
                assert "Origin" in reply.headers["vary"]
                exposed = reply.headers["access-control-expose-headers"].split(", ")
                assert {"Retry-After", "WWW-Authenticate", "Allow"} <= set(exposed)


@pytest.mark.trio
@pytest.mark.parametrize("origin", [[], [(b"origin", b"https://evil.example")]])
async def test_a_cache_is_told_that_the_origin_counts_whether_there_was_one_or_not(
    origin: list[tuple[bytes, bytes]],
) -> None:
    async with open_house() as house:
        await house.user("alice", USDT="100")
        for replies in (await bad_news(house, origin)).values():
            for reply in replies:
                assert reply.headers["vary"] == "Origin"
                assert "access-control-allow-origin" not in reply.headers


@pytest.mark.trio
async def test_options_without_a_preflight_are_a_wrong_method() -> None:
    async with open_house() as house:
        reply = await house.call("OPTIONS", ORDERS, headers=[(b"origin", b"https://kmarket.com")])
        assert (reply.status, reply.code) == (405, "METHOD_NOT_ALLOWED")


@pytest.mark.trio
async def test_a_page_can_read_when_to_come_back() -> None:
    async with open_house(replace(SETTINGS, rate_limit_orders=Rate(0.5, 1))) as house:
        await house.user("alice", USDT="100")
        ours = page(house, "http://localhost:3000")
        assert (await ours.fetch("POST", ORDERS, ORDER, house.tokens["alice"])).status == 201
        refused = await ours.fetch("POST", ORDERS, ORDER, house.tokens["alice"])
        assert (refused.status, refused.headers["retry-after"]) == (429, "2")


@pytest.mark.slow
@pytest.mark.trio
async def test_over_a_real_socket_a_page_waits_as_told() -> None:
    """The whole server, from this machine, which is told to be limited."""
    settings = replace(SETTINGS, rate_limit_loopback=True, rate_limit_orders=Rate(2, 3))
    async with open_house(settings) as house, trio.open_nursery() as nursery:
        await house.user("alice", USDT="100")
        token = house.tokens["alice"]
        start = partial(serve, house.app, host="127.0.0.1", port=0, shutdown=house.gateway.shutdown, guard=Guard())
        port: int = await nursery.start(start)
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", trust_env=False) as http:

            async def send(method: str, path: str, body: bytes, headers: Sequence[tuple[bytes, bytes]]) -> Reply:
                answer = await http.request(method, path, content=body, headers=list(headers))
                return Reply(
                    answer.status_code, {name.lower(): value for name, value in answer.headers.items()}, answer.content
                )

            ours = Page("http://localhost:3000", send)
            with trio.fail_after(30):
                for _ in range(3):
                    for _ in range(50):
                        reply = await ours.fetch("POST", ORDERS, ORDER, token)
                        if reply.status != 201:
                            break
                    assert (reply.status, reply.code) == (429, "TOO_MANY_REQUESTS")
                    await trio.sleep(int(reply.headers["retry-after"]))
                    assert (await ours.fetch("POST", ORDERS, ORDER, token)).status == 201
                with pytest.raises(Blocked):
                    await Page("https://evil.example", send).fetch("GET", "/healthz")
        house.gateway.shutdown.set()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("https://example.com", True),
        ("http://example.com:8080", True),
        ("http://10.0.0.5:3000", True),
        ("http://[::1]:3000", True),
        ("https://xn--mnchen-3ya.example", True),
        ("https://my_host", True),
        ("*", False),
        ("null", False),
        ("", False),
        ("example.com", False),
        ("ftp://example.com", False),
        ("https://", False),
        ("https://example.com/", False),
        ("https://example.com/path", False),
        ("https://*.example.com", False),
        ("https://Example.com", False),
        ("HTTPS://example.com", False),
        ("https://user@example.com", False),
        ("https://example.com:443", False),
        ("http://example.com:80", False),
        ("http://example.com:443", True),
        ("https://example.com:0", False),
        ("https://example.com:65536", False),
        ("https://example..com", False),
        ("https://münchen.example", False),
        ("http://[::1", False),
        ("http://[0:0:0:0:0:0:0:1]", False),
        ("https://example.com\n", False),
        ("https://example.com https://example.org", False),
    ],
)
def test_what_a_browser_would_send_as_origin(text: str, expected: bool) -> None:
    assert is_origin(text) is expected
