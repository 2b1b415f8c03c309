"""Market data over the API."""

from typing import Any

import pytest

from actors.core import Unknown
from engine.refusals import Refusal, Refused
from engine.trading.commands import GetDepth
from tests.gateway.houses import error, open_house

pytestmark = pytest.mark.trio

SYMBOLS = "/api/v1/symbols"


async def test_symbols_need_no_token() -> None:
    async with open_house() as house:
        reply = await house.call("GET", SYMBOLS)
        assert [row["symbol"] for row in reply.json] == ["BTC_USDT", "ETH_USDT", "ETH_BTC"]
        reply = await house.call("GET", f"{SYMBOLS}/BTC_USDT")
        shown = {name: value for name, value in reply.json.items() if name != "createdAt"}
        assert shown == {
            "symbol": "BTC_USDT",
            "base": "BTC",
            "quote": "USDT",
            "tick": "0.01",
            "lot": "0.00000001",
            "minimumNotional": "0",
            "makerFee": "0.001",
            "takerFee": "0.001",
            "priceBand": None,
            "state": "open",
            "lastPrice": None,
            "trades": 0,
        }


async def test_a_token_that_is_not_good_does_not_matter_here() -> None:
    async with open_house() as house:
        assert (await house.call("GET", SYMBOLS, headers=[(b"authorization", b"Bearer old")])).status == 200


@pytest.mark.parametrize("path", ["BTC_EUR", "BTC_EUR/book", "BTC_EUR/trades", "btc_usdt", "BTC%2FUSDT"])
async def test_unknown_symbols_are_404(path: str) -> None:
    async with open_house() as house:
        assert error(await house.call("GET", f"{SYMBOLS}/{path}")) == (404, "NOT_FOUND")


async def test_book_and_trades() -> None:
    async with open_house() as house:
        await house.user("alice", USDT="1000", BTC="10")
        await house.user("bob", BTC="10")
        for side, price, by in (
            ("buy", "99", "alice"),
            ("buy", "98.5", "alice"),
            ("sell", "99", "bob"),
            ("sell", "101", "bob"),
        ):
            order = {"symbol": "BTC_USDT", "side": side, "type": "limit", "price": price, "quantity": "0.5"}
            assert (await house.call("POST", "/api/v1/orders", order, by=by)).status == 201
        book = (await house.call("GET", f"{SYMBOLS}/BTC_USDT/book")).json
        assert (book["bids"], book["asks"]) == ([["98.5", "0.5"]], [["101", "0.5"]])
        assert book["sequence"] == 5
        assert (await house.call("GET", f"{SYMBOLS}/BTC_USDT/book?depth=1")).json == book
        (trade,) = (await house.call("GET", f"{SYMBOLS}/BTC_USDT/trades?limit=10")).json
        del trade["createdAt"]
        assert trade == {
            "tradeId": "1",
            "symbol": "BTC_USDT",
            "price": "99",
            "quantity": "0.5",
            "side": "sell",
            "seq": 1,
        }
        assert (await house.call("GET", f"{SYMBOLS}/BTC_USDT")).json["lastPrice"] == "99"
        assert (await house.call("GET", f"{SYMBOLS}/BTC_USDT/trades?before=1")).json == []


@pytest.mark.parametrize(
    ("outcome", "expected"),
    [
        (Unknown("market/spot/BTC_USDT failed on the way"), (503, "BUSY")),
        (Refused(Refusal.MARKET_HALTED, "out of service"), (409, "MARKET_HALTED")),
    ],
)
async def test_a_market_in_trouble_has_no_book(
    outcome: Any, expected: tuple[int, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A read of a market that just crashed is certainly not done; a parked one says so."""
    async with open_house() as house:
        ask = type(house.exchange.accounts).ask

        async def in_trouble(address: Any, command: Any) -> Any:
            if not isinstance(command, GetDepth):
                return await ask(address, command)
            if isinstance(outcome, Exception):
                raise outcome
            return outcome

        monkeypatch.setattr(type(house.exchange.accounts), "ask", in_trouble)
        assert error(await house.call("GET", f"{SYMBOLS}/BTC_USDT/book")) == expected
