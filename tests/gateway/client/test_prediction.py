"""The prediction client: which path each call asks, and what it makes of answers that are not what they should be."""

import pytest

from gateway.client import Refused, UnknownOutcome, open_prediction
from gateway.client.prediction import PAGES_MAX
from tests.gateway.tools.fake_exchange import PASSWORD, USERNAME, Fault, Reply, fake_exchange

ORDER = {"marketId": 7, "side": "YES", "action": "BUY", "orderType": "LIMIT", "price": 50.1, "quantity": 10}


@pytest.mark.trio
async def test_each_call_asks_the_path_of_the_specification() -> None:
    async with fake_exchange() as exchange, open_prediction(exchange.url) as client:
        for method, path in (
            ("POST", "/api/auth/register"),
            ("GET", "/api/markets/7"),
            ("POST", "/api/markets"),
            ("DELETE", "/api/orders/9"),
            ("GET", "/api/orders/active"),
        ):
            exchange.script(method, path, Reply(200, {}))
        await client.register("alice", "secret")
        await client.log_in(USERNAME, PASSWORD)
        await client.markets("OPEN", 1, 50)
        await client.market(7)
        await client.create_market({"title": "?"})
        await client.trades(7, 5)
        await client.book(7, 3)
        await client.book(7, exclude_market_maker=True)
        await client.place({**ORDER, "clientOrderId": "first"})
        await client.cancel("9")
        await client.active_orders()
        await client.configure_maker({"marketId": 7, "spread": 2.3})
        await client.run_maker(7)
        await client.run_maker(7, 500)
        assert [(asked.method, asked.path, asked.query, asked.body) for asked in exchange.asked] == [
            (
                "POST",
                "/api/auth/register",
                {},
                {"username": "alice", "email": "alice@example.com", "password": "secret"},
            ),
            ("POST", "/api/auth/login", {}, {"username": USERNAME, "password": PASSWORD}),
            ("GET", "/api/markets", {"status": "OPEN", "page": "1", "size": "50"}, None),
            ("GET", "/api/markets/7", {}, None),
            ("POST", "/api/markets", {}, {"title": "?"}),
            ("GET", "/api/markets/7/trades", {"limit": "5"}, None),
            ("GET", "/api/orderbook/7", {"depth": "3", "excludeMarketMaker": "false"}, None),
            ("GET", "/api/orderbook/7", {"depth": "20", "excludeMarketMaker": "true"}, None),
            ("POST", "/api/orders", {}, {**ORDER, "clientOrderId": "first"}),
            ("DELETE", "/api/orders/9", {}, None),
            ("GET", "/api/orders/active", {}, None),
            ("POST", "/api/market-maker", {}, {"marketId": 7, "spread": 2.3}),
            ("POST", "/api/market-maker/run", {"marketId": "7"}, None),
            ("POST", "/api/market-maker/run", {"marketId": "7", "minBalanceCents": "500"}, None),
        ]
        assert {asked.token for asked in exchange.asked[2:]} == {"token-1"}


@pytest.mark.trio
async def test_a_token_with_the_word_bearer_in_it_is_sent_with_the_word_once() -> None:
    async with fake_exchange() as exchange, open_prediction(exchange.url) as client:
        exchange.script("POST", "/api/auth/login", Reply(200, {"token": "Bearer abc"}))
        assert await client.log_in(USERNAME, PASSWORD) == "abc"


@pytest.mark.trio
async def test_a_log_in_that_is_refused_leaves_the_token_as_it_was() -> None:
    async with fake_exchange() as exchange, open_prediction(exchange.url) as client:
        with pytest.raises(Refused):
            await client.log_in(USERNAME, "wrong")
        assert client.rest.token is None


@pytest.mark.trio
@pytest.mark.parametrize("body", [None, [], {}, {"token": 7}])
async def test_a_log_in_without_a_token_is_no_log_in(body: object) -> None:
    async with fake_exchange() as exchange, open_prediction(exchange.url) as client:
        exchange.script("POST", "/api/auth/login", Reply(200, body))
        with pytest.raises(UnknownOutcome) as unknown:
            await client.log_in(USERNAME, PASSWORD)
        assert unknown.value.code == "UNREADABLE"


@pytest.mark.trio
async def test_all_pages_are_read_and_a_market_that_comes_twice_counts_once() -> None:
    async with fake_exchange() as exchange, open_prediction(exchange.url) as client:
        exchange.markets = [5, 4, 4, 3, 1]
        assert await client.market_ids("OPEN") == [5, 4, 3, 1]
        assert [asked.query["page"] for asked in exchange.asked] == ["0", "1", "2"]


@pytest.mark.trio
async def test_pages_that_never_say_last_end_where_they_are_empty() -> None:
    async with fake_exchange() as exchange, open_prediction(exchange.url) as client:
        full = Reply(200, {"content": [{"id": 1}], "last": False})
        exchange.script("GET", "/api/markets", full, Reply(200, {"content": [], "last": False}))
        assert await client.market_ids() == [1]
        assert len(exchange.asked) == 2 < PAGES_MAX


@pytest.mark.trio
@pytest.mark.parametrize("fault", [Fault.CUT, Fault.SILENCE, Fault.DRIP])
async def test_what_is_not_answered_in_time_is_unknown(fault: Fault) -> None:
    async with fake_exchange() as exchange, open_prediction(exchange.url, timeout_s=0.1) as client:
        exchange.script("POST", "/api/orders", fault)
        with pytest.raises(UnknownOutcome):
            await client.place(ORDER)
