"""Open orders for shares: looked up and cancelled, one or all, by their owner alone."""

from typing import Any

import pytest

from actors.core import Address, Busy, Unknown
from engine.trading.commands import CancelAllOrders
from storage.interface import DatabaseAway
from tests.gateway.houses import error
from tests.gateway.rest.prediction.scenes import create, look, mint, open_market, send, trade

pytestmark = pytest.mark.trio

ORDERS = "/api/orders"
SPOT = {"symbol": "BTC_USDT", "side": "buy", "type": "limit", "price": "1", "quantity": "1"}


async def test_active_orders_are_those_of_all_prediction_markets() -> None:
    async with open_market() as (house, market):
        other = (await create(house))["id"]
        await house.user("carol", USD="100", USDT="100")
        assert (await house.call("POST", "/api/v1/orders", SPOT, by="carol")).status == 201
        ids = [(await trade(house, m, "carol", "BUY 1 YES at 10"))["id"] for m in (market, other, market)]
        await trade(house, market, "alice", "BUY 1 YES at 10")
        active = await look(house, f"{ORDERS}/active", "carol")
        assert [o["id"] for o in active] == ids[::-1]
        assert {o["status"] for o in active} == {"OPEN"}
        only = await look(house, f"{ORDERS}/active?marketId={market}", "carol")
        assert [o["id"] for o in only] == [ids[2], ids[0]]
        assert error(await house.call("GET", f"{ORDERS}/active?marketId=1", by="carol")) == (404, "NOT_FOUND")
        assert error(await house.call("GET", f"{ORDERS}/active?marketId=x", by="carol")) == (400, "MALFORMED")


async def test_active_orders_on_several_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    async with open_market() as (house, market):
        monkeypatch.setattr("gateway.rest.prediction.orders.PAGE_MAX", 2)
        for wanted in range(5):
            active = await look(house, f"{ORDERS}/active", "alice")
            assert len({o["id"] for o in active}) == len(active) == wanted
            await trade(house, market, "alice", "BUY 1 YES at 10")


async def test_another_s_order_is_not_there() -> None:
    async with open_market() as (house, market):
        placed = await trade(house, market, "alice", "BUY 1 YES at 10")
        for method in ("GET", "DELETE"):
            for by in ("bob", "root"):
                assert error(await house.call(method, f"{ORDERS}/{placed['id']}", by=by)) == (404, "NOT_FOUND")
            assert error(await house.call(method, f"{ORDERS}/999", by="alice")) == (404, "NOT_FOUND")
            for number in ("0", "x", "1.0", "%00", "9" * 400, str(2**53)):
                reply = await house.call(method, f"{ORDERS}/{number}", by="alice")
                assert error(reply) == (400, "MALFORMED"), number
        assert len(await look(house, f"{ORDERS}/active", "alice")) == 1


async def test_orders_of_the_other_product_are_not_there() -> None:
    async with open_market() as (house, market):
        await house.user("carol", USD="100", USDT="100")
        there = (await house.call("POST", "/api/v1/orders", SPOT, by="carol")).json["orderId"]
        here = (await trade(house, market, "carol", "BUY 1 YES at 10"))["id"]
        for method in ("GET", "DELETE"):
            assert error(await house.call(method, f"{ORDERS}/{there}", by="carol")) == (404, "NOT_FOUND")
            assert error(await house.call(method, f"/api/v1/orders/{here}", by="carol")) == (404, "NOT_FOUND")


async def test_a_cancel_is_the_same_twice_and_too_late_for_a_filled_order() -> None:
    async with open_market() as (house, market):
        placed = await trade(house, market, "alice", "BUY 10 YES at 60")
        await trade(house, market, "bob", "BUY 4 NO at 40")
        path = f"{ORDERS}/{placed['id']}"
        first = await house.call("DELETE", path, by="alice")
        assert (first.status, first.json["status"], first.json["id"]) == (200, "CANCELLED", placed["id"])
        assert set(first.json) == {"id", "status", "order"}
        shown = first.json["order"]
        assert (shown["status"], shown["filledQuantity"], shown["remainingQuantity"]) == ("CANCELLED", 4, 0)
        assert (await house.call("DELETE", path, by="alice")).json == first.json
        filled = await trade(house, market, "alice", "BUY 1 YES at 10")
        await trade(house, market, "bob", "BUY 1 NO at 90")
        assert error(await house.call("DELETE", f"{ORDERS}/{filled['id']}", by="alice")) == (400, "ALREADY_FILLED")


async def test_cancel_all() -> None:
    async with open_market() as (house, market):
        other = (await create(house))["id"]
        ids = [(await trade(house, m, "alice", "BUY 1 YES at 10"))["id"] for m in (market, other, market, other)]
        await trade(house, market, "bob", "BUY 1 YES at 10")
        gone = await house.call("DELETE", f"{ORDERS}?marketId={other}", by="alice")
        assert [(part["id"], part["status"]) for part in gone.json] == [(ids[1], "CANCELLED"), (ids[3], "CANCELLED")]
        gone = await house.call("DELETE", ORDERS, by="alice")
        assert [part["order"]["marketId"] for part in gone.json] == [market, market]
        assert (await house.call("DELETE", ORDERS, by="alice")).json == []
        assert len(await look(house, f"{ORDERS}/active", "bob")) == 1
        assert error(await house.call("DELETE", f"{ORDERS}?marketId=99", by="alice")) == (404, "NOT_FOUND")
        assert error(await house.call("DELETE", f"{ORDERS}?marketId=0", by="alice")) == (400, "MALFORMED")


async def test_what_could_not_be_cancelled_is_told_in_the_list(monkeypatch: pytest.MonkeyPatch) -> None:
    async with open_market() as (house, market):
        await trade(house, market, "alice", "BUY 1 YES at 10")
        ask = Address.ask

        async def ask_with_failures(address: Address, command: Any) -> Any:
            answer = await ask(address, command)
            return (*answer, Unknown("market"), Busy("market")) if isinstance(command, CancelAllOrders) else answer

        with monkeypatch.context() as patch:
            patch.setattr(Address, "ask", ask_with_failures)
            gone = (await house.call("DELETE", ORDERS, by="alice")).json
        assert [(part["status"], part.get("code")) for part in gone] == [
            ("CANCELLED", None),
            ("FAILED", "UNKNOWN"),
            ("FAILED", "BUSY"),
        ]


async def test_when_the_database_is_away(monkeypatch: pytest.MonkeyPatch) -> None:
    async with open_market() as (house, market):
        await mint(house, market)

        async def away(*_: object) -> None:
            raise DatabaseAway("gone")

        with monkeypatch.context() as patch:
            for name in ("orders", "order", "order_by_client_id", "market", "market_page", "trades"):
                patch.setattr(house.exchange.storage.reader, name, away)
            for path in (
                ORDERS,
                f"{ORDERS}/active",
                f"{ORDERS}/1",
                f"{ORDERS}/by-client-id/a",
                "/api/markets",
                f"/api/markets/{market}/trades",
            ):
                assert error(await house.call("GET", path, by="alice")) == (503, "DATABASE_AWAY")
            reply = await send(house, market, "alice", "BUY 1 YES at 1", clientOrderId="a")
            assert error(reply) == (503, "DATABASE_AWAY")
