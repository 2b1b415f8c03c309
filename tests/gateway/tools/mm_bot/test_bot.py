"""The bot's rounds against an exchange on loopback: what it sends, and what it does about each kind of bad news."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import msgspec
import pytest
from structlog.testing import capture_logs

from gateway.client import open_prediction
from gateway.tools.mm_bot.bot import Bot, Tally, rest
from gateway.tools.mm_bot.settings import Settings
from gateway.tools.patience import Patience
from gateway.tools.session import Session
from tests.gateway.tools.fake_exchange import (
    PASSWORD,
    USERNAME,
    FakeExchange,
    Fault,
    Reply,
    fake_exchange,
    nobody,
)

LOG_IN = ("POST", "/api/auth/login")
CONFIGURE = ("POST", "/api/market-maker")
RUN = ("POST", "/api/market-maker/run")
QUICK = Patience(first_s=0.001, most_s=0.002)
TIMEOUT_S = 10.0  # for tests in which everything is answered, on a busy machine too
SOON_S = 0.3  # for those that wait for it


@asynccontextmanager
async def bot_at(url: str, timeout_s: float = TIMEOUT_S, **changes: Any) -> AsyncIterator[Bot]:
    settings = msgspec.structs.replace(Settings(base_url=url), **changes)
    async with open_prediction(url, timeout_s) as client:
        yield Bot(settings, Session(client, USERNAME, PASSWORD), chance=lambda: 0.0, patience=QUICK)


def quoted(exchange: FakeExchange) -> list[int]:
    return [int(asked.query["marketId"]) for asked in exchange.requests(*RUN)]


def events(logs: Any, *fields: str) -> list[tuple[Any, ...]]:
    return [tuple(entry.get(field) for field in ("event", *fields)) for entry in logs]


@pytest.mark.trio
async def test_a_round_asks_what_the_settings_say_and_sends_what_it_works_out() -> None:
    async with (
        fake_exchange() as exchange,
        bot_at(
            exchange.url,
            market_ids=(7,),
            orderbook_depth=3,
            trade_lookback=4,
            enforce_inventory=False,
            max_yes_position=11,
            max_no_position=12,
            min_balance_cents=13,
        ) as bot,
    ):
        with capture_logs() as logs:
            assert await bot.round()
        asked = [(asked.method, asked.path, asked.query, asked.body) for asked in exchange.asked]
        assert asked == [
            (*LOG_IN, {}, {"username": USERNAME, "password": PASSWORD}),
            ("GET", "/api/market-maker", {"marketId": "7"}, None),
            ("GET", "/api/orderbook/7", {"depth": "3", "excludeMarketMaker": "true"}, None),
            ("GET", "/api/markets/7/trades", {"limit": "4"}, None),
            (
                *CONFIGURE,
                {},
                {
                    "marketId": 7,
                    "orderSize": 7,  # 10 x 2 / 2.73
                    "spread": 4.7,  # 2 + 2 x 0.5 + 1.5 x the deviation of +1, -1, +1
                    "enforceInventory": False,
                    "maxYesPosition": 11,
                    "maxNoPosition": 12,
                    "minBalanceCents": 13,
                },
            ),
            (*RUN, {"marketId": "7", "minBalanceCents": "13"}, None),
        ]
        (entry,) = logs
        assert entry == {
            "event": "quoted",
            "log_level": "info",
            "market": 7,
            "volatility": 1.155,
            "imbalance": 0.5,
            "spread": 4.7,
            "order_size": 7,
            "yes_buy_prices": [48.0],
            "yes_sell_prices": [52.0],
            "no_buy_prices": [48.0],
            "no_sell_prices": [52.0],
        }


@pytest.mark.trio
async def test_without_ids_all_open_markets_are_quoted_from_all_pages() -> None:
    async with fake_exchange() as exchange, bot_at(exchange.url) as bot:
        exchange.markets = [1, 2, 3, 4, 5]
        assert await bot.round()
        assert quoted(exchange) == [1, 2, 3, 4, 5]
        pages = exchange.requests("GET", "/api/markets")
        assert [(page.query["status"], page.query["page"]) for page in pages] == [("OPEN", str(at)) for at in range(3)]


@pytest.mark.trio
async def test_no_open_market_is_no_bad_news() -> None:
    async with fake_exchange() as exchange, bot_at(exchange.url) as bot:
        exchange.markets = []
        with capture_logs() as logs:
            assert await bot.round()
            assert await bot.round()  # it is said once
            exchange.markets = [1]
            assert await bot.round()
            exchange.markets = []
            assert await bot.round()
        said = [("nothing_to_quote", "no market is open; the bot looks again at every round")]
        assert events(logs, "reason") == [*said, ("quoted", None), *said]
        assert bot.tally == Tally(rounds=4, quoted=1)


@pytest.mark.trio
@pytest.mark.parametrize(
    ("method", "path", "doing"),
    [
        ("GET", "/api/orderbook/2", "looking"),
        ("GET", "/api/markets/2/trades", "looking"),
    ],
)
@pytest.mark.parametrize("status", [400, 403, 404])
async def test_a_refusal_concerns_one_market_and_is_logged_with_its_code(
    method: str, path: str, doing: str, status: int
) -> None:
    async with fake_exchange() as exchange, bot_at(exchange.url) as bot:
        exchange.script(method, path, Reply(status, {"code": "SOME_CODE", "message": "a reason"}))
        with capture_logs() as logs:
            assert await bot.round()
        assert quoted(exchange) == [1, 3]
        assert events(logs, "market", "doing", "status", "code", "message")[1] == (
            "quote_refused",
            2,
            doing,
            status,
            "SOME_CODE",
            "a reason",
        )
        assert bot.tally == Tally(rounds=1, quoted=2, refused=1)


@pytest.mark.trio
@pytest.mark.parametrize("request_", [CONFIGURE, RUN])
async def test_every_refused_quote_is_logged_with_its_code(request_: tuple[str, str]) -> None:
    """A market that the maker drives by itself is refused with a code, as are closed and halted ones."""
    async with fake_exchange() as exchange, bot_at(exchange.url) as bot:
        for code in ("CONFLICT", "MARKET_CLOSED", "MARKET_HALTED"):
            exchange.script(*request_, Reply(400, {"code": code, "message": ""}))
        with capture_logs() as logs:
            assert await bot.round()
        assert events(logs, "market", "doing", "status", "code") == [
            ("quote_refused", 1, "quoting", 400, "CONFLICT"),
            ("quote_refused", 2, "quoting", 400, "MARKET_CLOSED"),
            ("quote_refused", 3, "quoting", 400, "MARKET_HALTED"),
        ]
        assert len(exchange.requests(*request_)) == 3
        assert bot.tally == Tally(rounds=1, refused=3)


@pytest.mark.trio
async def test_an_expired_token_is_replaced_and_nothing_is_lost() -> None:
    async with fake_exchange() as exchange, bot_at(exchange.url) as bot:
        await bot.round()
        exchange.tokens.clear()
        assert await bot.round()
        assert bot.tally == Tally(rounds=2, quoted=6)
        assert len(exchange.requests(*LOG_IN)) == 2


@pytest.mark.trio
@pytest.mark.parametrize(
    "fault",
    [
        Fault.CUT,
        Fault.DONE_AND_CUT,
        Fault.DONE_AND_UNKNOWN,
        Fault.SILENCE,
        Fault.DRIP,
        Reply(503, {"code": "BUSY"}),
        Reply(429, {"code": "TOO_MANY_REQUESTS"}),
        Reply(500, {"code": "INTERNAL_ERROR"}),
        Reply(200, {"summary": "none"}),
        Reply(200),
    ],
)
async def test_what_passes_by_itself_is_tried_again(fault: Fault | Reply) -> None:
    timeout_s = SOON_S if fault in (Fault.SILENCE, Fault.DRIP) else TIMEOUT_S
    async with fake_exchange() as exchange, bot_at(exchange.url, timeout_s, market_ids=(1,)) as bot:
        exchange.script(*RUN, fault, fault)
        assert await bot.round()
        assert len(exchange.requests(*RUN)) == 3
        assert bot.tally == Tally(rounds=1, quoted=1)


@pytest.mark.trio
@pytest.mark.parametrize(
    "book", [{}, {"yesBids": [], "yesAsks": [{"price": 101, "quantity": 1}]}, {"yesBids": "none", "yesAsks": []}]
)
async def test_a_book_that_is_none_is_not_quoted_on(book: Any) -> None:
    async with fake_exchange() as exchange, bot_at(exchange.url, market_ids=(1,)) as bot:
        exchange.book = book
        with capture_logs() as logs:
            assert not await bot.round()
        assert events(logs, "market", "doing", "code") == [("market_left", 1, "looking", "UNREADABLE")]
        assert quoted(exchange) == []


@pytest.mark.trio
async def test_after_five_tries_a_market_is_left_and_the_others_go_on() -> None:
    """The market after it gets one try; as that is answered, the third has all its tries again."""
    async with fake_exchange() as exchange, bot_at(exchange.url) as bot:
        exchange.script("GET", "/api/orderbook/1", *[Fault.CUT] * 5)
        exchange.script("GET", "/api/orderbook/3", *[Fault.CUT] * 4)
        with capture_logs() as logs:
            assert not await bot.round()
        assert events(logs, "market") == [
            ("exchange_not_reached", None),
            ("market_left", 1),
            ("exchange_reached_again", None),
            ("quoted", 2),
            ("exchange_not_reached", None),
            ("exchange_reached_again", None),
            ("quoted", 3),
        ]
        assert len(exchange.requests("GET", "/api/orderbook/1")) == 5
        assert bot.tally == Tally(rounds=1, quoted=2, left=1)


@pytest.mark.trio
async def test_markets_that_answer_that_they_do_not_know_each_get_their_tries() -> None:
    async with fake_exchange() as exchange, bot_at(exchange.url) as bot:
        exchange.script(*RUN, *[Fault.DONE_AND_UNKNOWN] * 15)
        assert not await bot.round()
        assert quoted(exchange) == [1] * 5 + [2] * 5 + [3] * 5
        assert bot.tally == Tally(rounds=1, left=3)


@pytest.mark.trio
async def test_an_exchange_that_goes_silent_is_not_asked_for_every_market() -> None:
    async with fake_exchange() as exchange, bot_at(exchange.url, SOON_S) as bot:
        exchange.script("GET", "/api/orderbook/1", *[Fault.CUT] * 5)
        exchange.script("GET", "/api/orderbook/2", Fault.SILENCE)
        with capture_logs() as logs:
            assert not await bot.round()
        assert events(logs, "market") == [
            ("exchange_not_reached", None),
            ("market_left", 1),
            ("exchange_reached_again", None),
            ("exchange_not_reached", None),
            ("market_left", 2),
            ("round_left", None),
        ]
        assert len(exchange.requests("GET", "/api/orderbook/2")) == 1
        assert exchange.requests("GET", "/api/orderbook/3") == []


@pytest.mark.trio
async def test_an_exchange_that_is_not_there_yet_is_waited_for() -> None:
    async with nobody() as url, bot_at(url) as bot:
        with capture_logs() as logs:
            assert not await bot.round()
        assert events(logs, "status", "code") == [
            ("exchange_not_reached", None, "NOT_CONNECTED"),  # at the first of five tries
            ("no_list_of_markets", 0, "NOT_CONNECTED"),
        ]
        assert logs[0]["url"] == url
        assert logs[0]["reason"]
        assert (bot.reached, bot.logged_in) == (False, False)


@pytest.mark.trio
async def test_a_bot_that_is_not_logged_in_any_more_ends() -> None:
    async with fake_exchange() as exchange, bot_at(exchange.url) as bot:
        await bot.round()
        exchange.tokens.clear()
        exchange.password = "changed"
        with capture_logs():
            await bot.run()
        assert len(exchange.requests(*LOG_IN)) == 2


def test_the_rest_after_bad_rounds_grows_to_a_minute_or_the_polling_itself() -> None:
    assert [rest(5, bad, 1.0) for bad in (1, 2, 3, 4, 5, 99)] == [5, 10, 20, 40, 60, 60]
    assert [rest(5, bad, 0.0) for bad in (1, 2)] == [2.5, 5]
    assert rest(600, 7, 1.0) == 600


@pytest.mark.trio
async def test_a_market_whose_maker_quotes_by_itself_is_left_to_it() -> None:
    """To configure it with `enabled` false would stop what somebody else has started."""
    async with fake_exchange() as exchange:
        exchange.script("GET", "/api/market-maker", Reply(200, {"settings": {"enabled": True}, "lastRun": None}))
        async with bot_at(exchange.url, market_ids=(1, 2)) as bot:
            with capture_logs() as logs:
                assert await bot.round()
        assert events(logs, "market", "code") == [("market_left", 1, "ALREADY_RUNNING"), ("quoted", 2, None)]
        assert [asked.body["marketId"] for asked in exchange.requests(*CONFIGURE)] == [2]


@pytest.mark.trio
@pytest.mark.parametrize("status", [404, 405])
async def test_where_one_can_t_ask_for_the_settings_each_configuration_says_enabled_false(status: int) -> None:
    """An exchange that has the specification's paths alone."""
    async with fake_exchange() as exchange, bot_at(exchange.url, market_ids=(1,)) as bot:
        exchange.script("GET", "/api/market-maker", Reply(status))
        assert await bot.round()
        (asked,) = exchange.requests(*CONFIGURE)
        assert asked.body["enabled"] is False


@pytest.mark.trio
async def test_a_maker_that_is_enabled_after_the_look_stays_enabled() -> None:
    """The bot's settings do not name `enabled`, and the run that follows is refused."""
    async with fake_exchange() as exchange, bot_at(exchange.url, market_ids=(1,)) as bot:
        exchange.script(*RUN, Reply(400, {"code": "ALREADY_RUNNING", "message": "it quotes by itself"}))
        with capture_logs() as logs:
            assert await bot.round()
        (asked,) = exchange.requests(*CONFIGURE)
        assert "enabled" not in asked.body
        assert events(logs, "doing", "code") == [("quote_refused", "quoting", "ALREADY_RUNNING")]


@pytest.mark.trio
@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ({"note": "there is no room", "refused": 4}, "there is no room"),
        ({}, "the market maker places nothing: its balance or its position limits do not allow a quote"),
        ({"refused": 4}, "the exchange refused its 4 orders: the market maker's account may lack money"),
    ],
)
async def test_a_run_without_any_price_is_not_called_quoted(more: dict[str, object], reason: str) -> None:
    async with fake_exchange() as exchange, bot_at(exchange.url, market_ids=(1,)) as bot:
        lists: dict[str, list[float]] = {f"{name}Prices": [] for name in ("yesBuy", "yesSell", "noBuy", "noSell")}
        exchange.script(*RUN, Reply(200, {"summary": lists, **more}))
        with capture_logs() as logs:
            assert await bot.round()
        assert events(logs, "market", "reason") == [("nothing_quoted", 1, reason)]
        assert bot.tally == Tally(rounds=1, empty=1)
