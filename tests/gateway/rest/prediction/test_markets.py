"""Markets over the specification's paths: lists and their pages, new ones, books, trades, price history."""

from typing import Any

import pytest
import trio

from actors.core import Address, Busy, Unknown
from engine.ledger.chart import HOUSE, MAKER
from engine.ledger.commands import Moved, MovementKind, MoveMoney
from engine.matching.order import Side
from engine.matching.terms import OrderType, Outcome
from engine.prediction.commands import PlaceShareOrder
from engine.refusals import Refusal, Refused
from engine.trading.commands import GetDepth, Placed
from storage.interface import DatabaseAway
from tests.gateway.houses import House, error
from tests.gateway.rest.prediction.scenes import OURS, QUESTION, create, look, mint, move, open_market, send, trade

pytestmark = pytest.mark.trio

NEW = {**QUESTION, "tick": 0.01, "makerFee": 0.001, "takerFee": "0.02", "voidPolicy": "last_price"}


async def test_a_new_market_has_all_its_fields() -> None:
    async with open_market() as (house, _):
        reply = await house.call("POST", "/api/markets", NEW, by="mia")
        assert reply.status == 200
        market = reply.json
        for price in (b'"yesPrice":50.0', b'"noPrice":50.0', b'"tick":0.01', b'"makerFee":0.001', b'"takerFee":0.02'):
            assert price in reply.body
        number = market["id"]
        assert isinstance(number, int)
        rules = market.pop("rules")
        assert "2 %" in rules
        assert "all fees are given back" in rules
        resolution = market.pop("resolution")
        assert resolution.pop("rollingBack") is False
        assert set(resolution.values()) == {None}
        assert market.pop("createdAt") > 0
        assert market == {
            "id": number,
            "title": "Will it rain?",
            "description": "In the capital.\nAt noon.",
            "category": "weather",
            "status": "OPEN",
            "yesPrice": 50.0,
            "noPrice": 50.0,
            "yesSymbolId": f"prediction/{number}/YES",
            "noSymbolId": f"prediction/{number}/NO",
            "resolutionDate": "2030-01-01T00:00:00Z",
            "tick": 0.01,
            "makerFee": 0.001,
            "takerFee": 0.02,
            "voidPolicy": "last_price",
            "trades": 0,
        }
        assert await look(house, f"/api/markets/{number}") == reply.json


async def test_what_is_left_out_of_a_new_market() -> None:
    async with open_market() as (house, _):
        body = {"title": "?", "resolutionDate": "2030-01-01T02:00:00+02:00", "tick": None, "unknown": [1e300]}
        market = (await house.call("POST", "/api/markets", body, by="root")).json
        assert (market["description"], market["category"], market["resolutionDate"]) == (
            "",
            "general",
            "2030-01-01T00:00:00Z",
        )
        assert (market["tick"], market["makerFee"], market["takerFee"]) == (0.1, 0, 0.01)
        assert market["voidPolicy"] == "equal"


BAD_TERMS = [
    ("title", ["", " ", "x" * 501, "a\u0000b", 7, None]),
    ("description", ["x" * 5_001, "a\u0000b", "x" * 501, "a\rb", 7]),
    ("category", ["", "x" * 65, 7]),
    ("resolutionDate", ["", "tomorrow", "2030-01-01", "2030-02-30T00:00:00", "2020-01-01T00:00:00", 1893456000000]),
    ("tick", [0.5, 0, -0.1, 1, "0,1", "0.1 ", "NaN", True, [], {}]),
    ("makerFee", [1, 1.5, -0.01, "1e-2", "NaN", 0.000000001, "0.01 ", False, [0.01]]),
    ("takerFee", ["1", "Infinity", 1e300, "", {}]),
    ("voidPolicy", ["", "EQUAL", "other", None, 1]),
]


@pytest.mark.parametrize(("field", "values"), BAD_TERMS, ids=[field for field, _ in BAD_TERMS])
async def test_terms_that_make_no_market(field: str, values: list[Any]) -> None:
    async with open_market() as (house, _):
        for value in values:
            reply = await house.call("POST", "/api/markets", {**QUESTION, field: value}, by="root")
            assert error(reply) == (400, "MALFORMED"), value
            assert field in reply.json["message"] or "a fee must" in reply.json["message"], reply.json
        for missing in ("title", "resolutionDate"):
            rest = {name: term for name, term in QUESTION.items() if name != missing}
            assert error(await house.call("POST", "/api/markets", rest, by="root")) == (400, "MALFORMED")
        assert (await look(house, "/api/markets"))["totalElements"] == 1


@pytest.mark.parametrize("number", [b"NaN", b"Infinity", b"1e400", b"1e99999999999999999999", b"0." + b"1" * 5_000])
async def test_numbers_that_are_none(number: bytes) -> None:
    async with open_market() as (house, _):
        body = b'{"title":"?","resolutionDate":"2030-01-01T00:00:00","takerFee":' + number + b"}"
        assert error(await house.call("POST", "/api/markets", body, by="root")) == (400, "MALFORMED")


async def test_a_new_market_is_written_down_first(monkeypatch: pytest.MonkeyPatch) -> None:
    async with open_market() as (house, market):
        rows = await look(house, "/api/v1/admin/audit", "root")
        assert [(row["admin"], row["action"], row["target"]) for row in rows] == [
            ("root", "create_market", "Will it rain?")
        ]

        async def away(_: object) -> None:
            raise DatabaseAway("gone")

        with monkeypatch.context() as patch:
            patch.setattr(house.exchange.storage.identity, "write_admin_action", away)
            assert error(await house.call("POST", "/api/markets", QUESTION, by="root")) == (503, "DATABASE_AWAY")
        assert [m["id"] for m in (await look(house, "/api/markets"))["content"]] == [market]


async def test_pages() -> None:
    async with open_market() as (house, first):
        ids = [(await create(house, title=f"Question {n}"))["id"] for n in range(4)]
        newest = [*ids[::-1], first]
        page = await look(house, "/api/markets?page=0&size=2")
        assert [market["id"] for market in page["content"]] == newest[:2]
        del page["content"]
        assert page == {"last": False, "totalPages": 3, "totalElements": 5, "number": 0, "size": 2}
        page = await look(house, "/api/markets?page=2&size=2")
        assert ([market["id"] for market in page["content"]], page["last"]) == (newest[4:], True)
        for beyond in (3, 2**31 - 1):
            page = await look(house, f"/api/markets?page={beyond}&size=500")
            assert (page["content"], page["last"], page["totalPages"]) == ([], True, 1)
        assert len((await look(house, "/api/markets"))["content"]) == 5
        assert (await look(house, "/api/markets"))["size"] == 20


async def test_pages_by_status() -> None:
    async with open_market() as (house, market):
        other = (await create(house))["id"]
        await move(house, market, "halt")
        for status, found in (("OPEN", [other]), ("HALTED", [market]), ("CLOSED", []), ("FINAL", [])):
            page = await look(house, f"/api/markets?status={status}")
            assert ([m["id"] for m in page["content"]], page["totalElements"]) == (found, len(found))
        assert (await look(house, "/api/markets?status=VOID"))["totalPages"] == 0


@pytest.mark.parametrize(
    "query",
    [
        "status=open",
        "status=",
        "status=SETTLED",
        "status=OPEN&status=OPEN",
        "page=-1",
        "page=x",
        "page=1.0",
        "page=2147483648",
        "page=1&page=2",
        "size=0",
        "size=501",
        "size=1e2",
        "size=",
    ],
)
async def test_pages_that_can_t_be(query: str) -> None:
    async with open_market() as (house, _):
        assert error(await house.call("GET", f"/api/markets?{query}")) == (400, "MALFORMED")


PATHS = ["/api/markets/{}", "/api/markets/{}/trades", "/api/orderbook/{}", f"{OURS}/markets/{{}}/history"]
PATHS += [f"{OURS}/markets/{{}}/positions", f"{OURS}/markets/{{}}/payouts?outcome=YES"]


@pytest.mark.parametrize("path", PATHS)
async def test_markets_that_are_not_there(path: str) -> None:
    """Market 1 is a spot market: nobody finds it here."""
    async with open_market() as (house, _):
        for number in ("99", "1", "9007199254740991"):
            assert error(await house.call("GET", path.format(number), by="root")) == (404, "NOT_FOUND")
        for number in ("0", "-4", "04", "4.0", "four", "%00", "9007199254740992", "9" * 400):
            assert error(await house.call("GET", path.format(number), by="root")) == (400, "MALFORMED"), number


# What a share is worth


async def test_the_price_is_the_last_trade_s_else_the_middle_else_half() -> None:
    async with open_market() as (house, market):
        prices = []

        async def note() -> None:
            shown = await look(house, f"/api/markets/{market}")
            listed = (await look(house, "/api/markets"))["content"][0]
            assert shown == listed
            assert shown["yesPrice"] + shown["noPrice"] == 100
            prices.append(shown["yesPrice"])

        await note()
        await trade(house, market, "alice", "BUY 5 YES at 40.1")
        await note()  # one side is no middle
        await trade(house, market, "alice", "BUY 5 NO at 45.7")
        await note()
        await trade(house, market, "bob", "BUY 1 NO at 59.9")
        await note()
        await trade(house, market, "bob", "BUY 4 NO at 59.9")
        await note()
        assert prices == [50.0, 50.0, 47.2, 40.1, 40.1]


async def test_the_middle_may_lie_between_two_units() -> None:
    async with open_market(tick=0.01) as (house, market):
        await trade(house, market, "alice", "BUY 5 YES at 40.01")
        await trade(house, market, "alice", "SELL 5 YES at 40.02", action="BUY", side="NO", price=59.98)
        reply = await house.call("GET", f"/api/markets/{market}")
        assert b'"yesPrice":40.015,"noPrice":59.985' in reply.body


async def test_a_market_that_starts_again_is_not_said_to_stand_at_half(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a read that got lost on the way it is certain that nothing was done: 503, come back."""
    async with open_market() as (house, market):
        for failure in (Unknown("market"), Busy("market")):

            async def fail(*_: object, failure: Exception = failure) -> None:
                raise failure

            with monkeypatch.context() as patch:
                patch.setattr(Address, "ask", fail)
                for path in ("/api/markets", f"/api/markets/{market}", f"/api/orderbook/{market}"):
                    assert error(await house.call("GET", path, by="alice")) == (503, "BUSY")


async def test_a_parked_market_shows_no_book_and_does_not_hide_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    async with open_market() as (house, market):

        async def refuse(*_: object) -> Refused:
            return Refused(Refusal.MARKET_HALTED, "out of service")

        with monkeypatch.context() as patch:
            patch.setattr(Address, "ask", refuse)
            assert (await look(house, "/api/markets"))["content"][0]["yesPrice"] == 50.0
            reply = await house.call("GET", f"/api/orderbook/{market}", by="alice")
            assert error(reply) == (400, "MARKET_HALTED")
            reply = await house.call("GET", f"{OURS}/markets/{market}/payouts?outcome=NO", by="root")
            assert error(reply) == (409, "MARKET_HALTED")


# Trades and books


async def test_trades_are_told_newest_first() -> None:
    async with open_market() as (house, market):
        await mint(house, market)
        await trade(house, market, "alice", "SELL 3 YES at 62.5")
        await trade(house, market, "bob", "BUY 2 YES")
        trades = await look(house, f"/api/markets/{market}/trades")
        assert trades[0].pop("timestamp") > trades[1].pop("timestamp")
        assert trades == [
            {"price": 62.5, "quantity": 2, "id": "2", "kind": "TRANSFER", "takerSide": "YES", "takerAction": "BUY"},
            {"price": 60.0, "quantity": 10, "id": "1", "kind": "MINT", "takerSide": "NO", "takerAction": "BUY"},
        ]
        assert [t["id"] for t in await look(house, f"/api/markets/{market}/trades?limit=1")] == ["2"]
        assert [t["id"] for t in await look(house, f"/api/markets/{market}/trades?before=2")] == ["1"]
        for query in ("limit=0", "limit=501", "limit=x", "before=0"):
            reply = await house.call("GET", f"/api/markets/{market}/trades?{query}")
            assert error(reply) == (400, "MALFORMED")


async def test_thirty_trades_if_nothing_is_said() -> None:
    async with open_market() as (house, market):
        await trade(house, market, "alice", "BUY 40 YES at 50")
        for _ in range(35):
            await trade(house, market, "bob", "BUY 1 NO")
        assert len(await look(house, f"/api/markets/{market}/trades")) == 30
        assert len(await look(house, f"/api/markets/{market}/trades?limit=500")) == 35


async def test_the_book_shows_both_outcomes_in_prices_of_yes() -> None:
    async with open_market() as (house, market):
        for by, words in (
            ("alice", "BUY 10 YES at 40"),
            ("bob", "BUY 5 YES at 40"),
            ("alice", "BUY 3 YES at 39.5"),
            ("bob", "BUY 7 NO at 55"),
            ("bob", "BUY 1 NO at 54.9"),
        ):
            await trade(house, market, by, words)
        path = f"/api/orderbook/{market}"
        reply = await house.call("GET", path, by="alice")
        assert b'{"quantity":15,"price":40.0}' in reply.body
        book = reply.json
        assert book.pop("sequence") == 5
        assert book == {
            "yesBids": [{"quantity": 15, "price": 40.0}, {"quantity": 3, "price": 39.5}],
            "yesAsks": [{"quantity": 7, "price": 45.0}, {"quantity": 1, "price": 45.1}],
        }
        book = await look(house, f"{path}?depth=1", "alice")
        assert (len(book["yesBids"]), len(book["yesAsks"])) == (1, 1)
        for query in ("depth=0", "depth=1001", "depth=x", "excludeMarketMaker=yes", "excludeMarketMaker="):
            assert error(await house.call("GET", f"{path}?{query}", by="alice")) == (400, "MALFORMED")
        assert error(await house.call("GET", path)) == (401, "UNAUTHORIZED")


async def quote(house: House, market: int, side: Side, price: str) -> None:
    """Have the market maker rest an order in the book."""
    command = PlaceShareOrder(MAKER, str(market), Outcome.YES, side, OrderType.LIMIT, 50, price)
    assert isinstance(await house.exchange.accounts.ask(command), Placed)


async def test_the_book_without_what_the_market_maker_quotes() -> None:
    async with open_market() as (house, market):
        funding = MoveMoney(MovementKind.HOUSE_FUND, HOUSE, "h", "USD", 10**7, -1)
        assert isinstance(await house.exchange.accounts.ask(funding), Moved)
        lending = MoveMoney(MovementKind.MAKER_FUND, HOUSE, "m", "USD", 10**7, MAKER)
        assert isinstance(await house.exchange.accounts.ask(lending), Moved)
        await trade(house, market, "alice", "BUY 10 YES at 40")
        await quote(house, market, Side.BUY, "41")
        await quote(house, market, Side.BUY, "40")
        path = f"/api/orderbook/{market}?excludeMarketMaker="
        for wanted, bids in (("false", [(50, 41.0), (60, 40.0)]), ("true", [(10, 40.0)]), ("True", [(10, 40.0)])):
            book = await look(house, path + wanted, "alice")
            assert [(level["quantity"], level["price"]) for level in book["yesBids"]] == bids


async def test_a_closed_market_has_an_empty_book() -> None:
    async with open_market() as (house, market):
        await trade(house, market, "alice", "BUY 10 YES at 40")
        await move(house, market, "close")
        book = await look(house, f"/api/orderbook/{market}", "alice")
        assert (book["yesBids"], book["yesAsks"]) == ([], [])
        assert error(await send(house, market, "alice", "BUY 1 YES at 40")) == (400, "MARKET_CLOSED")


async def test_history_for_a_chart() -> None:
    async with open_market() as (house, market):
        path = f"{OURS}/markets/{market}/history"
        assert await look(house, path) == []
        await trade(house, market, "alice", "BUY 3 YES at 60")
        await trade(house, market, "alice", "BUY 3 YES at 55.5")
        for _ in range(5):
            await trade(house, market, "bob", "BUY 1 NO")
        bars = await look(house, f"{path}?interval=1d&limit=10")
        start = bars[0].pop("start")
        assert start % 86_400_000 == 0
        assert bars == [{"open": 60.0, "high": 60.0, "low": 55.5, "close": 55.5, "volume": 5}]
        for interval in ("1m", "5m", "1h"):
            assert sum(bar["volume"] for bar in await look(house, f"{path}?interval={interval}")) == 5
        assert await look(house, f"{path}?since={start + 86_400_000}&interval=1d") == []
        for query in ("interval=2m", "interval=", "since=-1", "since=x", "since=9007199254740992", "limit=0"):
            assert error(await house.call("GET", f"{path}?{query}")) == (400, "MALFORMED")


async def test_a_book_is_asked_for_one_level_only_where_there_was_no_trade(monkeypatch: pytest.MonkeyPatch) -> None:
    async with open_market() as (house, traded):
        await mint(house, traded)
        untraded = (await create(house))["id"]
        closed = (await create(house))["id"]
        await move(house, closed, "close")
        asked = []
        ask = Address.ask

        async def listen(address: Address, query: Any) -> Any:
            asked.append((address.name, query))
            return await ask(address, query)

        monkeypatch.setattr(Address, "ask", listen)
        await look(house, "/api/markets")
        assert asked == [(f"market/prediction/{untraded}", GetDepth(1))]


async def test_a_description_may_have_tabs_and_the_lines_of_any_system() -> None:
    async with open_market(description="one\r\n\ttwo\r\n\r\nthree") as (house, market):
        assert (await look(house, f"/api/markets/{market}"))["description"] == "one\n\ttwo\n\nthree"


@pytest.mark.parametrize("name", ["tick", "makerFee", "takerFee"])
@pytest.mark.parametrize("value", [-1, -0.01, "-0.1"])
async def test_terms_below_zero(name: str, value: object) -> None:
    async with open_market() as (house, _):
        reply = await house.call("POST", "/api/markets", {**QUESTION, name: value}, by="root")
        assert (error(reply), reply.json["message"]) == ((400, "MALFORMED"), f"{name} must not be below zero")


async def test_books_of_several_markets_are_asked_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each is answered only when all have been asked."""
    async with open_market() as (house, first):
        markets = [first, *[(await create(house))["id"] for _ in range(2)]]
        ask, asked, all_asked = Address.ask, 0, trio.Event()

        async def ask_and_wait(address: Address, query: Any) -> Any:
            nonlocal asked
            if isinstance(query, GetDepth):
                asked += 1
                if asked == len(markets):
                    all_asked.set()
                await all_asked.wait()
            return await ask(address, query)

        with monkeypatch.context() as patch, trio.fail_after(5):
            patch.setattr(Address, "ask", ask_and_wait)
            page = await look(house, "/api/markets")
        assert [shown["id"] for shown in page["content"]] == markets[::-1]
