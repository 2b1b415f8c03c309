"""Money over the API: balances, deposits, withdrawals, transfers, logs."""

from typing import Any

import pytest
from msgspec.structs import replace

from gateway.identity.caller import Role
from tests.gateway.houses import SETTINGS, House, error, open_house

pytestmark = pytest.mark.trio

ACCOUNT = "/api/v1/account"


def movement(amount: str, symbol: str = "USDT", trans_id: str = "t1", **more: str) -> dict[str, str]:
    return {"transId": trans_id, "symbol": symbol, "amount": amount, **more}


async def balances(house: House, by: str) -> dict[str, tuple[str, str, str]]:
    reply = await house.call("GET", f"{ACCOUNT}/balances", by=by)
    assert reply.status == 200
    return {row["symbol"]: (row["total"], row["available"], row["frozen"]) for row in reply.json}


async def test_deposit_and_withdraw_tell_the_total_after() -> None:
    async with open_house() as house:
        await house.user("alice")
        reply = await house.call("POST", f"{ACCOUNT}/deposit", movement("100.50"), by="alice")
        assert (reply.status, reply.json) == (200, {"status": "ok", "balance": "100.5"})
        reply = await house.call("POST", f"{ACCOUNT}/withdraw", movement("0.5", trans_id="t2"), by="alice")
        assert (reply.status, reply.json) == (200, {"status": "ok", "balance": "100"})
        assert await balances(house, "alice") == {"USDT": ("100", "100", "0")}


async def test_holds_of_open_orders_are_frozen() -> None:
    async with open_house() as house:
        await house.user("alice", USDT="100")
        order = {"symbol": "BTC_USDT", "side": "buy", "type": "limit", "price": "30", "quantity": "2"}
        placed = await house.call("POST", "/api/v1/orders", order, by="alice")
        assert await balances(house, "alice") == {"USDT": ("100", "40", "60")}
        freezes = (await house.call("GET", f"{ACCOUNT}/freezes", by="alice")).json
        order_id = placed.json["orderId"]
        assert [(row["transId"], row["symbol"], row["amount"], row["status"]) for row in freezes] == [
            (order_id, "USDT", "60", "active")
        ]
        await house.call("DELETE", f"/api/v1/orders/{order_id}", by="alice")
        freezes = (await house.call("GET", f"{ACCOUNT}/freezes", by="alice")).json
        assert [(row["amount"], row["status"]) for row in freezes] == [("0", "released")]


async def test_a_repeat_gets_the_first_answer() -> None:
    """TS-1: the same transId again changes nothing, and is told the balance of then, not of now."""
    async with open_house() as house:
        await house.user("alice")
        await house.call("POST", f"{ACCOUNT}/deposit", movement("100"), by="alice")
        await house.call("POST", f"{ACCOUNT}/deposit", movement("5", trans_id="t2"), by="alice")
        again = await house.call("POST", f"{ACCOUNT}/deposit", movement("100.0"), by="alice")
        assert (again.status, again.json) == (200, {"status": "ok", "balance": "100"})
        assert await balances(house, "alice") == {"USDT": ("105", "105", "0")}


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("deposit", movement("101")),
        ("deposit", movement("100", "BTC")),
        ("withdraw", movement("100")),
        ("transfer", movement("100", toUsername="bob")),
    ],
)
async def test_one_id_serves_once_whatever_the_kind(path: str, body: dict[str, str]) -> None:
    async with open_house() as house:
        await house.user("alice")
        await house.user("bob")
        await house.call("POST", f"{ACCOUNT}/deposit", movement("100"), by="alice")
        assert error(await house.call("POST", f"{ACCOUNT}/{path}", body, by="alice")) == (409, "CONFLICT")


async def test_ids_of_two_accounts_do_not_meet() -> None:
    async with open_house() as house:
        await house.user("alice")
        await house.user("bob")
        for name in ("alice", "bob"):
            assert (await house.call("POST", f"{ACCOUNT}/deposit", movement("1"), by=name)).json["balance"] == "1"


async def test_transfer_by_name() -> None:
    async with open_house() as house:
        await house.user("alice", USDT="100")
        await house.user("bob")
        body = movement("40", toUsername="BOB")
        for _ in range(2):
            reply = await house.call("POST", f"{ACCOUNT}/transfer", body, by="alice")
            assert (reply.status, reply.json["balance"]) == (200, "60")
        assert await balances(house, "bob") == {"USDT": ("40", "40", "0")}
        logs = (await house.call("GET", f"{ACCOUNT}/logs", by="bob")).json
        assert [(row["changeType"], row["amount"], row["before"], row["after"]) for row in logs] == [
            ("transfer_in", "40", "0", "40")
        ]


@pytest.mark.parametrize(
    ("path", "body", "status", "code"),
    [
        ("withdraw", movement("100.01"), 422, "INSUFFICIENT_FUNDS"),
        ("withdraw", movement("0"), 400, "MALFORMED"),
        ("deposit", movement("0.00000000001"), 400, "MALFORMED"),
        ("deposit", movement("1", "DOGE"), 404, "NOT_FOUND"),
        ("deposit", movement("9" * 78, "BTC"), 422, "ISSUE_EXCEEDED"),
        ("transfer", movement("1", toUsername="nobody"), 404, "NOT_FOUND"),
        ("transfer", movement("1", toUsername="alice"), 400, "MALFORMED"),
        ("transfer", movement("101", toUsername="bob"), 422, "INSUFFICIENT_FUNDS"),
    ],
)
async def test_refusals_have_their_status(path: str, body: dict[str, str], status: int, code: str) -> None:
    async with open_house() as house:
        await house.user("alice", USDT="100")
        await house.user("bob")
        assert error(await house.call("POST", f"{ACCOUNT}/{path}", body, by="alice")) == (status, code)


async def test_a_refused_command_leaves_its_id_free() -> None:
    async with open_house() as house:
        await house.user("alice", USDT="100")
        await house.call("POST", f"{ACCOUNT}/withdraw", movement("101"), by="alice")
        assert (await house.call("POST", f"{ACCOUNT}/withdraw", movement("1"), by="alice")).status == 200


async def test_the_money_tap_can_be_closed() -> None:
    async with open_house(replace(SETTINGS, simulated_deposits=False)) as house:
        await house.user("alice")
        await house.user("root", Role.ADMIN)
        reply = await house.call("POST", f"{ACCOUNT}/deposit", movement("1"), by="alice")
        assert error(reply) == (403, "FORBIDDEN")
        assert (await house.call("POST", f"{ACCOUNT}/deposit", movement("1"), by="root")).status == 200


async def test_logs_and_trades_show_both_sides_of_a_fill() -> None:
    async with open_house() as house:
        await house.user("alice", USDT="1000")
        await house.user("bob", BTC="1")
        order: dict[str, Any] = {"symbol": "BTC_USDT", "type": "limit", "price": "100", "quantity": "1"}
        await house.call("POST", "/api/v1/orders", {**order, "side": "buy"}, by="alice")
        sold = await house.call("POST", "/api/v1/orders", {**order, "side": "sell"}, by="bob")
        assert (sold.json["order"]["averagePrice"], sold.json["order"]["fee"], sold.json["order"]["feeAsset"]) == (
            "100",
            "0.1",
            "USDT",
        )
        (fill,) = (await house.call("GET", f"{ACCOUNT}/trades", by="alice")).json
        assert (fill["side"], fill["isMaker"], fill["fee"], fill["feeAsset"]) == ("buy", True, "0.001", "BTC")
        (fill,) = (await house.call("GET", f"{ACCOUNT}/trades?symbol=BTC_USDT", by="bob")).json
        assert (fill["side"], fill["isMaker"], fill["amount"], fill["fee"]) == ("sell", False, "100", "0.1")
        logs = (await house.call("GET", f"{ACCOUNT}/logs?symbol=USDT&limit=2", by="bob")).json
        assert [(row["changeType"], row["amount"], row["after"]) for row in logs] == [
            ("fee", "-0.1", "99.9"),
            ("trade", "100", "100"),
        ]
        assert {row["transId"] for row in logs} == {fill["tradeId"]}
        older = (await house.call("GET", f"{ACCOUNT}/logs?before={logs[0]['id']}&symbol=USDT", by="bob")).json
        assert [row["id"] for row in older] == [logs[1]["id"]]


async def test_unknown_symbols_in_queries_are_404() -> None:
    async with open_house() as house:
        await house.user("alice")
        for query in ("logs?symbol=DOGE", "trades?symbol=DOGE_BTC"):
            assert error(await house.call("GET", f"{ACCOUNT}/{query}", by="alice")) == (404, "NOT_FOUND")
