"""One's own orders for shares, open and closed: looked up by their owner's id, and listed in pages."""

import pytest

from actors.core import Address
from tests.gateway.houses import error
from tests.gateway.rest.prediction.scenes import create, look, open_market, trade

pytestmark = pytest.mark.trio

ORDERS = "/api/orders"
BY_CLIENT_ID = f"{ORDERS}/by-client-id"


async def test_an_order_is_found_by_its_owner_s_id() -> None:
    async with open_market() as (house, market):
        placed = await trade(house, market, "alice", "BUY 10 YES at 60", clientOrderId="a b/c")
        assert await look(house, f"{BY_CLIENT_ID}/a%20b%2Fc", "alice") == placed
        for by, name in (("bob", "a%20b%2Fc"), ("alice", "other")):
            assert error(await house.call("GET", f"{BY_CLIENT_ID}/{name}", by=by)) == (404, "NOT_FOUND")
        assert error(await house.call("GET", f"{BY_CLIENT_ID}/{'x' * 65}", by="alice")) == (400, "MALFORMED")
        assert error(await house.call("GET", f"{BY_CLIENT_ID}/a")) == (401, "UNAUTHORIZED")


async def test_an_order_of_the_other_product_is_not_found_by_its_owner_s_id() -> None:
    async with open_market() as (house, market):
        await house.user("carol", USD="100", USDT="100")
        spot = {"symbol": "BTC_USDT", "side": "buy", "type": "limit", "price": "1", "quantity": "1"}
        await house.call("POST", "/api/v1/orders", {**spot, "clientOrderId": "there"}, by="carol")
        await trade(house, market, "carol", "BUY 1 YES at 10", clientOrderId="here")
        for path in (f"{BY_CLIENT_ID}/there", "/api/v1/orders/by-client-id/here"):
            assert error(await house.call("GET", path, by="carol")) == (404, "NOT_FOUND")


async def test_an_order_under_way_is_pending(monkeypatch: pytest.MonkeyPatch) -> None:
    async with open_market() as (house, _):

        async def pending(*_: object) -> str:
            return "pending"

        with monkeypatch.context() as patch:
            patch.setattr(Address, "ask", pending)
            reply = await house.call("GET", f"{BY_CLIENT_ID}/a", by="alice")
        assert (reply.status, reply.json) == (202, {"status": "pending"})


async def test_one_s_own_orders_newest_first_in_pages() -> None:
    async with open_market() as (house, market):
        other = (await create(house))["id"]
        await house.user("carol", USD="100", USDT="100")
        spot = {"symbol": "BTC_USDT", "side": "buy", "type": "limit", "price": "1", "quantity": "1"}
        await house.call("POST", "/api/v1/orders", spot, by="carol")
        ids = [(await trade(house, m, "carol", "BUY 1 YES at 10"))["id"] for m in (market, other, market, other)]
        await house.call("DELETE", f"{ORDERS}/{ids[2]}", by="carol")
        await trade(house, market, "alice", "BUY 1 YES at 10")

        async def listed(query: str) -> list[str]:
            return [order["id"] for order in await look(house, f"{ORDERS}{query}", "carol")]

        assert await listed("") == await listed("?status=all") == ids[::-1]
        assert await listed("?status=open") == [ids[3], ids[1], ids[0]]
        assert await listed("?status=closed") == [ids[2]]
        assert await listed(f"?marketId={market}") == [ids[2], ids[0]]
        assert await listed(f"?marketId={market}&status=open") == [ids[0]]
        assert await listed("?limit=3") == [ids[3], ids[2], ids[1]]
        assert await listed(f"?limit=3&before={ids[1]}") == [ids[0]]
        assert await listed(f"?before={ids[0]}") == []


@pytest.mark.parametrize(
    ("query", "status", "code"),
    [
        ("marketId=99", 404, "NOT_FOUND"),
        ("marketId=1", 404, "NOT_FOUND"),  # a spot market
        ("marketId=x", 400, "MALFORMED"),
        ("status=OPEN", 400, "MALFORMED"),
        ("before=0", 400, "MALFORMED"),
        ("limit=0", 400, "MALFORMED"),
        ("limit=501", 400, "MALFORMED"),
    ],
)
async def test_a_list_that_can_t_be(query: str, status: int, code: str) -> None:
    async with open_market() as (house, _):
        assert error(await house.call("GET", f"{ORDERS}?{query}", by="alice")) == (status, code)
        assert error(await house.call("GET", f"{ORDERS}?{query}")) == (401, "UNAUTHORIZED")
