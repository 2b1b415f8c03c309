"""Positions: what was paid, what it is worth, what came of it; one's own, and everybody's for administrators."""

from typing import Any

import pytest

from tests.gateway.houses import House, error
from tests.gateway.rest.prediction.scenes import OURS, create, look, mint, move, moved, open_market, trade

pytestmark = pytest.mark.trio

MINE = f"{OURS}/positions"


async def position(house: House, by: str) -> dict[str, Any]:
    """Somebody's only position."""
    (only,) = await look(house, MINE, by)
    assert isinstance(only, dict)
    return only


def picked(shown: dict[str, Any], names: str) -> list[Any]:
    return [shown[name] for name in names.split()]


async def test_a_new_position_has_all_its_fields() -> None:
    async with open_market() as (house, market):
        assert await look(house, MINE, "alice") == []
        await mint(house, market)
        assert await position(house, "alice") == {
            "marketId": market,
            "title": "Will it rain?",
            "state": "OPEN",
            "yes": 10,
            "no": 0,
            "yesCost": "6",
            "noCost": "0",
            "mark": 60.0,
            "value": "6",
            "realized": "0",
            "unrealized": "0",
            "fees": "0",
            "refund": "0",
            "profit": "0",
            "payout": None,
            "payoutHeld": "0",
        }
        bob = await position(house, "bob")
        assert picked(bob, "no noCost value fees profit") == [10, "4", "4", "0.04", "-0.04"]
        assert b'"mark":60.0,' in (await house.call("GET", MINE, by="bob")).body


async def test_the_price_moves_and_a_part_is_sold() -> None:
    """10 bought at 60, 4 sold at 70 (the maker, no fee), and the last trade is at 70."""
    async with open_market() as (house, market):
        await mint(house, market)
        await trade(house, market, "alice", "SELL 4 YES at 70")
        await trade(house, market, "bob", "BUY 4 YES")
        alice = await position(house, "alice")
        assert picked(alice, "yes yesCost mark value realized unrealized profit") == [
            6,
            "3.6",
            70.0,
            "4.2",
            "0.4",
            "0.6",
            "1",
        ]
        bob = await position(house, "bob")
        assert picked(bob, "yes no yesCost noCost value unrealized") == [4, 10, "2.8", "4", "5.8", "-1"]


async def test_a_market_that_one_only_has_orders_in_is_no_position() -> None:
    async with open_market() as (house, market):
        await trade(house, market, "alice", "BUY 5 YES at 40")
        assert await look(house, MINE, "alice") == []
        assert await look(house, f"{OURS}/markets/{market}/positions", "root") == []


async def test_after_the_payout() -> None:
    async with open_market() as (house, market):
        await mint(house, market)
        await moved(house, market, "close")
        await moved(house, market, "propose", {"outcome": "YES"})
        await moved(house, market, "dispute", {"reason": "it is still early"}, by="bob")
        await moved(house, market, "resolve", {"outcome": "YES"})
        alice = await position(house, "alice")
        assert picked(alice, "state yes mark value unrealized realized payout payoutHeld profit") == [
            "RESOLVED",
            10,
            100.0,
            "0",
            "0",
            "4",
            "10",
            "10",
            "4",
        ]
        bob = await position(house, "bob")
        assert picked(bob, "value realized payout payoutHeld fees profit") == ["0", "-4", "0", "0", "0.04", "-4.04"]


async def test_a_void_gives_fees_back() -> None:
    async with open_market() as (house, market):
        await mint(house, market)
        await moved(house, market, "halt")
        await moved(house, market, "void")
        bob = await position(house, "bob")
        assert picked(bob, "state mark payout refund fees profit payoutHeld") == [
            "VOID",
            50.0,
            "5",
            "0.04",
            "0.04",
            "1",
            "5.04",
        ]
        balances = {b["symbol"]: b for b in await look(house, "/api/v1/account/balances", "bob")}
        assert (balances["USD"]["total"], balances["USD"]["frozen"]) == ("1001", "5.04")


async def test_after_a_rollback_it_is_as_before() -> None:
    async with open_market() as (house, market):
        await mint(house, market)
        await moved(house, market, "halt")
        before = [await position(house, by) for by in ("alice", "bob")]
        await moved(house, market, "void")
        await moved(house, market, "rollback")
        await move(house, market, "void", {"dryRun": True})  # behind what the market does by itself
        after = [await position(house, by) for by in ("alice", "bob")]
        assert after == [{**shown, "state": "CLOSED"} for shown in before]


async def test_newest_market_first_and_in_pages() -> None:
    async with open_market() as (house, first):
        markets = [first, *[(await create(house))["id"] for _ in range(3)]]
        for market in markets:
            await mint(house, market, pairs=1)
        assert [p["marketId"] for p in await look(house, MINE, "alice")] == markets[::-1]
        page = await look(house, f"{MINE}?limit=2", "alice")
        assert [p["marketId"] for p in page] == [markets[3], markets[2]]
        page = await look(house, f"{MINE}?limit=2&before={markets[2]}", "alice")
        assert [p["marketId"] for p in page] == [markets[1], markets[0]]
        assert await look(house, f"{MINE}?before={first}", "alice") == []
        for query in ("limit=0", "limit=501", "before=0", "before=x"):
            assert error(await house.call("GET", f"{MINE}?{query}", by="alice")) == (400, "MALFORMED")


async def test_administrators_see_all_holders_of_a_market() -> None:
    async with open_market() as (house, market):
        await mint(house, market)
        path = f"{OURS}/markets/{market}/positions"
        holders = await look(house, path, "root")
        assert [(h["accountId"], h["username"], h["position"]["yes"]) for h in holders] == [
            (2, "bob", 0),
            (1, "alice", 10),
        ]
        assert holders[1]["position"] == await position(house, "alice")
        assert [h["username"] for h in await look(house, f"{path}?limit=1", "root")] == ["bob"]
        assert [h["username"] for h in await look(house, f"{path}?before=2", "root")] == ["alice"]
        for by in ("alice", "mia"):
            assert error(await house.call("GET", path, by=by)) == (403, "FORBIDDEN")
        assert error(await house.call("GET", MINE)) == (401, "UNAUTHORIZED")


async def test_the_first_trade_may_come_while_holders_are_looked_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """Between the two questions to storage: no position without the price of the trade that it comes from."""
    async with open_market() as (house, market):
        reader = house.exchange.storage.reader
        asked: list[str] = []

        def then_trade(name: str) -> None:
            read = getattr(reader, name)

            async def read_and_trade(market_id: int) -> Any:
                asked.append(name)
                found = await read(market_id)
                if len(asked) == 1:
                    await mint(house, market)
                return found

            monkeypatch.setattr(reader, name, read_and_trade)

        then_trade("market")
        then_trade("positions")
        path = f"{OURS}/markets/{market}/positions"
        assert await look(house, path, "root") == []
        assert len(await look(house, path, "root")) == 2
