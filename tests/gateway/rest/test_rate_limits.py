"""Requests that come too often, through the whole application; the clock moves by hand."""

import ipaddress
from collections.abc import Sequence
from typing import Any

import pytest
from msgspec.structs import replace
from trio.testing import MockClock

from gateway.answers import Answer
from gateway.context import Caller, Gateway
from gateway.identity.caller import Role
from gateway.rate_limits import Rate
from gateway.rest.dispatch import Dispatcher
from gateway.rest.quart_routes import make_quart
from gateway.rest.route import Access, Route, RouteClass
from gateway.rest.symbols import NoRequest
from gateway.settings import Settings
from tests.gateway.houses import SETTINGS, House, Reply, error, open_house, request

pytestmark = pytest.mark.trio

PROXIES = (ipaddress.ip_network("192.0.2.0/24"),)  # the test's peer is one of them
ORDERS, ME, SYMBOLS = "/api/v1/orders", "/api/v1/auth/me", "/api/v1/symbols"
BALANCES, TRIAL_BALANCE = "/api/v1/account/balances", "/api/v1/admin/trial-balance"
ORDER = {"symbol": "BTC_USDT", "side": "buy", "type": "limit", "price": "1", "quantity": "1"}

# Three at once, and one every 2.5 s: so whole seconds are not the whole truth.
RATE = Rate(0.4, 3)
LIMITED = Settings(
    jwt_secret=SETTINGS.jwt_secret,
    rate_limit_login=RATE,
    rate_limit_wallet=RATE,
    rate_limit_betting=RATE,
    rate_limit_orders=RATE,
    rate_limit_other=RATE,
    rate_limit_anonymous=RATE,
)


def sent_by(address: str) -> list[tuple[bytes, bytes]]:
    return [(b"x-forwarded-for", address.encode())]


async def passed(house: House, method: str, path: str, body: Any = None, **more: Any) -> int:
    """How many requests are heard before the first 429, at most 20."""
    for count in range(20):
        reply = await house.call(method, path, body, **more)
        if reply.status == 429:
            assert error(reply) == (429, "TOO_MANY_REQUESTS")
            assert reply.headers["retry-after"] == "3"
            return count
    return 20


async def test_order_entry_passes_again_after_the_told_time(mock_clock: MockClock) -> None:
    async with open_house(LIMITED) as house:
        await house.user("alice", USDT="100")
        assert await passed(house, "POST", ORDERS, ORDER, by="alice") == 3
        mock_clock.jump(2.4)
        early = await house.call("POST", ORDERS, ORDER, by="alice")
        assert (error(early), early.headers["retry-after"]) == ((429, "TOO_MANY_REQUESTS"), "1")
        assert early.json["message"] == "too many requests: at most 0.4 a second, 3 at once: try again in 1 s"
        mock_clock.jump(0.6)
        assert (await house.call("POST", ORDERS, ORDER, by="alice")).status == 201
        assert len(await house.exchange.storage.reader.open_orders()) == 4


async def test_what_is_refused_has_done_nothing(mock_clock: MockClock) -> None:
    """No work before the limit: not even a password is looked at."""
    async with open_house(LIMITED) as house:
        body = {"username": "alice", "email": "alice@example.com", "password": "long enough"}
        assert await passed(house, "POST", "/api/v1/auth/login", body | {"username": "nobody"}) == 3
        assert error(await house.call("POST", "/api/v1/auth/register", body)) == (429, "TOO_MANY_REQUESTS")
        assert house.gateway.sessions.member_by_name("alice") is None
        mock_clock.jump(3)
        assert (await house.call("POST", "/api/v1/auth/register", body)).status == 201


async def test_log_ins_that_succeed_do_not_slow_down_but_count(mock_clock: MockClock) -> None:
    """As many as the class allows, for many users behind one address; `passed` would see a pause of its own length."""
    async with open_house(replace(LIMITED, rate_limit_login=Rate(10, 20))) as house:
        await house.user("alice")
        login = {"username": "alice", "password": "correct horse"}
        for _ in range(20):
            assert (await house.call("POST", "/api/v1/auth/login", login)).status == 200
        reply = await house.call("POST", "/api/v1/auth/login", login)
        assert (error(reply), reply.headers["retry-after"]) == ((429, "TOO_MANY_REQUESTS"), "1")
        mock_clock.jump(1)
        for _ in range(10):
            assert (await house.call("POST", "/api/v1/auth/login", login)).status == 200


async def test_two_users_do_not_share_and_one_user_has_one_share(mock_clock: MockClock) -> None:
    async with open_house(replace(LIMITED, trusted_proxies=PROXIES)) as house:
        await house.user("alice")
        await house.user("bob")
        await house.log_in("alice")
        assert await passed(house, "GET", BALANCES, by="alice", headers=sent_by("203.0.113.1")) == 3
        await house.log_in("alice")  # another token, another address: the same Alice
        assert await passed(house, "GET", BALANCES, by="alice", headers=sent_by("203.0.113.2")) == 0
        assert await passed(house, "GET", BALANCES, by="bob", headers=sent_by("203.0.113.1")) == 3


async def test_classes_do_not_share(mock_clock: MockClock) -> None:
    async with open_house(LIMITED) as house:
        await house.user("alice")
        for path in (ORDERS, ME, BALANCES):
            assert await passed(house, "GET", path, by="alice") == 3
        assert await passed(house, "GET", SYMBOLS) == 3


async def test_the_address_is_the_peer_s_unless_a_trusted_proxy_says_otherwise(mock_clock: MockClock) -> None:
    async with open_house(LIMITED) as house:
        assert await passed(house, "GET", SYMBOLS) == 3
        for spoofed in ("203.0.113.9", "127.0.0.1", "::1"):
            assert await passed(house, "GET", SYMBOLS, headers=sent_by(spoofed)) == 0
    async with open_house(replace(LIMITED, trusted_proxies=PROXIES)) as house:
        assert await passed(house, "GET", SYMBOLS, headers=sent_by("203.0.113.8")) == 3
        assert await passed(house, "GET", SYMBOLS, headers=sent_by("203.0.113.9")) == 3
        assert await passed(house, "GET", SYMBOLS, headers=sent_by("1.1.1.1, 203.0.113.9")) == 0


async def test_loopback_is_exempt_unless_told_otherwise(mock_clock: MockClock) -> None:
    behind = replace(LIMITED, trusted_proxies=PROXIES)
    for settings, expected in ((behind, 20), (replace(behind, rate_limit_loopback=True), 3)):
        async with open_house(settings) as house:
            await house.user("alice")
            for path, who in ((SYMBOLS, None), (ORDERS, "alice")):
                assert await passed(house, "GET", path, by=who, headers=sent_by("127.0.0.1")) == expected


@pytest.mark.parametrize("token", ["", "Bearer x.y.z"])
async def test_a_token_that_is_not_good_counts_by_address(token: str, mock_clock: MockClock) -> None:
    async with open_house(LIMITED) as house:
        for count in range(4):
            reply = await house.call("POST", ORDERS, ORDER, headers=[(b"authorization", token.encode())])
            assert reply.status == (401 if count < 3 else 429)
        await house.user("alice")
        assert await passed(house, "GET", ORDERS, by="alice") == 3


@pytest.mark.parametrize("path", [SYMBOLS, "/api/v1/markets", "/api/markets"])
async def test_what_is_for_anyone_counts_for_the_user_who_sends_a_good_token(path: str, mock_clock: MockClock) -> None:
    """Many users behind one address do not share, and one user has one share; guests have their address's."""
    async with open_house(replace(LIMITED, trusted_proxies=PROXIES)) as house:
        await house.user("alice")
        await house.user("bob")
        house.tokens["guest"] = (await house.gateway.sessions.open_guest()).token
        here, there = sent_by("203.0.113.1"), sent_by("203.0.113.2")
        for who in ("alice", "bob", None):
            assert await passed(house, "GET", path, by=who, headers=here) == 3
        assert await passed(house, "GET", path, by="alice", headers=there) == 0
        for none in (b"", b"Bearer x.y.z", b"Basic YTpi"):
            assert await passed(house, "GET", path, headers=[*here, (b"authorization", none)]) == 0
        assert await passed(house, "GET", path, by="guest", headers=here) == 0
        assert await passed(house, "GET", path, by="guest", headers=there) == 3


async def test_a_token_that_is_not_good_is_none_for_what_is_for_anyone() -> None:
    async with open_house() as house:
        caller = await house.user("alice")
        await house.gateway.sessions.log_out(caller)
        assert (await house.call("GET", SYMBOLS, by="alice")).status == 200
        assert (await house.call("GET", SYMBOLS, headers=[(b"authorization", b"Bearer x")])).status == 200


async def test_what_is_forbidden_counts(mock_clock: MockClock) -> None:
    async with open_house(LIMITED) as house:
        await house.user("alice")
        replies = [await house.call("GET", TRIAL_BALANCE, by="alice") for _ in range(4)]
        assert [reply.status for reply in replies] == [403, 403, 403, 429]


async def test_administrators_always_reach_what_is_theirs(mock_clock: MockClock) -> None:
    """And are users elsewhere; market makers are always users."""
    async with open_house(LIMITED) as house:
        await house.user("root", Role.ADMIN)
        await house.user("bot", Role.MARKET_MAKER)
        assert await passed(house, "GET", TRIAL_BALANCE, by="root") == 20
        assert await passed(house, "GET", "/api/market-maker?marketId=1", by="root") == 20
        assert await passed(house, "GET", "/api/market-maker?marketId=1", by="bot") == 3
        assert await passed(house, "GET", ORDERS, by="root") == 3


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/api/v1/healthz", "/api/v1/readyz", "/metrics"])
async def test_what_operators_tools_ask_is_never_limited(path: str, mock_clock: MockClock) -> None:
    async with open_house(LIMITED) as house:
        assert await passed(house, "GET", path) == 20


# Every class, on routes of its own


async def answer_nothing(_: Gateway, __: Caller, ___: NoRequest) -> Answer:
    return Answer(204, None)


def route_of(route_class: RouteClass, access: Access) -> Route:
    path = f"/{route_class.value}/{access.name.lower()}"
    return Route("GET", path, answer_nothing, NoRequest, {204: None}, access, route_class)


EACH = [route_of(kind, access) for kind in RouteClass for access in Access]


@pytest.mark.parametrize("route", EACH, ids=lambda route: route.path)
async def test_every_class_is_limited_and_passes_again(route: Route, mock_clock: MockClock) -> None:
    limited = route.route_class is not RouteClass.OPERATIONS
    async with open_house(LIMITED) as house:
        await house.user("alice", Role.MARKET_MAKER if route.access is Access.MARKET_MAKER else Role.USER)
        app = make_quart(Dispatcher(house.gateway, EACH))
        token = [(b"authorization", f"Bearer {house.tokens['alice']}".encode())]

        async def ask(headers: Sequence[tuple[bytes, bytes]]) -> Reply:
            return await request(app, "GET", route.path, headers=headers)

        good = 403 if route.access is Access.ADMIN else 204
        statuses = [(await ask(token)).status for _ in range(4)]
        assert statuses == [good, good, good, 429 if limited else good]
        without = 204 if route.access is Access.ANYONE else 401
        lets_in = route.access is Access.ANYONE and route.route_class in (RouteClass.AUTH, RouteClass.WALLET)
        if lets_in:
            assert (await ask([])).status == 429, "a token is no second share"
        else:  # a user's share and an address's are two
            statuses = [(await ask([])).status for _ in range(4)]
            assert statuses == [without, without, without, 429 if limited else without]
        mock_clock.jump(3)
        assert (await ask(token)).status == good
        if not lets_in:
            assert (await ask([])).status == without
