"""What administrators look at."""

from typing import Any

import pytest

from actors.core.supervisor import ChildReport
from gateway.identity.caller import Role
from gateway.rest.inspection import ActorView
from tests.gateway.houses import House, error, open_house

ADMIN = "/api/v1/admin"
READS = ["orders", "trades", "accounts/1", "snapshot", "trial-balance", "actors", "audit"]


async def traded(house: House) -> None:
    """Alice (1) buys half of what Bob (2) offers; root looks on."""
    await house.user("alice", USDT="1000")
    await house.user("bob", BTC="1")
    await house.user("root", Role.ADMIN)
    order: dict[str, Any] = {"symbol": "BTC_USDT", "type": "limit", "price": "100"}
    await house.call("POST", "/api/v1/orders", {**order, "side": "sell", "quantity": "1"}, by="bob")
    await house.call("POST", "/api/v1/orders", {**order, "side": "buy", "quantity": "0.5"}, by="alice")


async def get(house: House, path: str) -> Any:
    reply = await house.call("GET", f"{ADMIN}/{path}", by="root")
    assert reply.status == 200, reply.body
    return reply.json


@pytest.mark.parametrize("path", READS)
@pytest.mark.trio
async def test_it_is_for_administrators(path: str) -> None:
    async with open_house() as house:
        await house.user("alice")
        assert error(await house.call("GET", f"{ADMIN}/{path}")) == (401, "UNAUTHORIZED")
        assert error(await house.call("GET", f"{ADMIN}/{path}", by="alice")) == (403, "FORBIDDEN")


@pytest.mark.trio
async def test_orders_of_everybody() -> None:
    async with open_house() as house:
        await traded(house)
        rows = await get(house, "orders")
        assert [(row["accountId"], row["username"], row["order"]["state"]) for row in rows] == [
            (1, "alice", "filled"),
            (2, "bob", "partially_filled"),
        ]
        assert [row["accountId"] for row in await get(house, "orders?state=open")] == [2]
        assert [row["accountId"] for row in await get(house, "orders?accountId=1&symbol=BTC_USDT")] == [1]
        assert await get(house, "orders?symbol=ETH_USDT") == []


@pytest.mark.trio
async def test_trades_show_both_sides() -> None:
    async with open_house() as house:
        await traded(house)
        (row,) = await get(house, "trades")
        assert (row["buyerId"], row["sellerId"], row["buyFee"], row["sellFee"]) == (1, 2, "0.0005", "0.05")
        assert (row["trade"]["price"], row["trade"]["quantity"]) == ("100", "0.5")
        assert await get(house, "trades?accountId=3") == []
        assert await get(house, f"trades?before={row['trade']['tradeId']}") == []


@pytest.mark.trio
async def test_an_account() -> None:
    async with open_house() as house:
        await traded(house)
        account = await get(house, "accounts/2")
        assert (account["username"], account["role"], account["state"]) == ("bob", "user", "active")
        assert account["balances"] == [
            {"symbol": "BTC", "total": "0.5", "available": "0", "frozen": "0.5"},
            {"symbol": "USDT", "total": "49.95", "available": "49.95", "frozen": "0"},
        ]
        assert [order["remainingQuantity"] for order in account["openOrders"]] == ["0.5"]
        fees = await get(house, "accounts/fees")
        assert (fees["username"], fees["id"], fees["role"]) == ("fees", -2, None)
        assert {row["symbol"]: row["total"] for row in fees["balances"]} == {"BTC": "0.0005", "USDT": "0.05"}
        for path, expected in (("accounts/99", 404), ("accounts/nobody", 400), ("accounts/9007199254740992", 400)):
            assert (await house.call("GET", f"{ADMIN}/{path}", by="root")).status == expected


@pytest.mark.trio
async def test_everything_sums_to_zero() -> None:
    async with open_house() as house:
        await traded(house)
        rows = await get(house, "trial-balance")
        assert {row["symbol"] for row in rows} == {"BTC", "USDT"}
        assert {row["total"] for row in rows} == {"0"}
        assert all(row["balanced"] for row in rows)
        assert {row["symbol"]: row["frozen"] for row in rows} == {"BTC": "0.5", "USDT": "0"}


@pytest.mark.trio
async def test_the_snapshot() -> None:
    async with open_house() as house:
        await traded(house)
        snapshot = await get(house, "snapshot")
        assert snapshot["users"] == 3
        assert snapshot["journalSequence"] > 0
        assert len(snapshot["journalHash"]) == 64
        assert [row["symbol"] for row in snapshot["symbols"]] == ["BTC_USDT", "ETH_USDT", "ETH_BTC"]
        assert all(row["balanced"] for row in snapshot["trialBalance"])
        assert {row["symbol"]: row["total"] for row in snapshot["fees"]} == {"BTC": "0.0005", "USDT": "0.05"}


def test_actors_are_shown_as_they_report() -> None:
    assert ActorView.__struct_fields__ == ChildReport.__struct_fields__


@pytest.mark.trio
async def test_the_actors() -> None:
    async with open_house() as house:
        await traded(house)
        rows = {row["name"]: row for row in await get(house, "actors")}
        assert {"accounts", "ledger", "broadcaster", "market/spot/BTC_USDT"} <= set(rows)
        market = rows["market/spot/BTC_USDT"]
        assert (market["state"], market["restarts"], market["lastFailure"]) == ("running", 0, None)
        assert market["letters"] == 2
        assert market["waitingMax"] >= 1
