"""Orders for shares over the specification's paths: statuses, repeats, cancels, look-ups, refusals."""

import json
from typing import Any

import pytest
import trio

from actors.accounts import OPEN_ORDERS_MAX
from actors.core import Address
from engine.messages import Known
from tests.gateway.houses import error
from tests.gateway.rest.prediction.scenes import look, move, open_market, order, send, trade

pytestmark = pytest.mark.trio

ORDERS = "/api/orders"


async def test_a_resting_order_has_all_its_fields() -> None:
    async with open_market() as (house, market):
        reply = await send(house, market, "alice", "BUY 10 NO at 39.5", clientOrderId="mine", postOnly=True)
        assert reply.status == 200
        assert b'"price":39.5,' in reply.body
        placed = reply.json
        assert isinstance(placed["id"], str)
        shown = {name: placed[name] for name in placed if name not in ("id", "createdAt", "updatedAt")}
        assert shown == {
            "status": "OPEN",
            "marketId": market,
            "side": "NO",
            "action": "BUY",
            "orderType": "LIMIT",
            "price": 39.5,
            "quantity": 10,
            "filledQuantity": 0,
            "remainingQuantity": 10,
            "averagePrice": None,
            "filledAmount": "0",
            "fee": "0",
            "postOnly": True,
            "clientOrderId": "mine",
        }
        assert await look(house, f"{ORDERS}/{placed['id']}", "alice") == placed


async def test_the_specification_s_example_to_the_letter() -> None:
    async with open_market() as (house, market):
        body = (
            f'{{"marketId": {market}, "side": "YES", "action": "BUY", "orderType": "LIMIT", "price": 50.0, '
            '"quantity": 10}'
        )
        reply = await house.call("POST", ORDERS, body.encode(), by="alice")
        assert (reply.status, reply.json["status"]) == (200, "OPEN")


@pytest.mark.parametrize(
    ("words", "more", "status", "filled", "average"),
    [
        ("BUY 4 YES at 62", {}, "FILLED", 4, 60.25),
        ("BUY 3 YES", {}, "FILLED", 3, 60.0),
        ("BUY 9 YES", {}, "CANCELLED", 6, 60.6666666667),
        ("BUY 9 YES at 62", {"orderType": "IOC"}, "CANCELLED", 6, 60.6666666667),
        ("BUY 9 YES at 62", {}, "PARTIALLY_FILLED", 6, 60.6666666667),
        ("BUY 6 YES at 62", {"orderType": "FOK"}, "FILLED", 6, 60.6666666667),
        ("BUY 6 YES at 59", {"orderType": "IOC"}, "CANCELLED", 0, None),
        ("BUY 6 NO", {}, "CANCELLED", 0, None),
    ],
)
async def test_how_an_order_ends(
    words: str, more: dict[str, Any], status: str, filled: int, average: float | None
) -> None:
    """Against asks of 3 at 60, 1 at 61 and 2 at 61.5."""
    async with open_market() as (house, market):
        for ask in ("BUY 3 NO at 40", "BUY 1 NO at 39", "BUY 2 NO at 38.5"):
            await trade(house, market, "bob", ask)
        placed = await trade(house, market, "alice", words, **more)
        assert placed["orderType"] == more.get("orderType", "LIMIT" if " at " in words else "MARKET")
        assert (placed["status"], placed["filledQuantity"], placed["averagePrice"]) == (status, filled, average)
        left = placed["quantity"] - filled if status == "PARTIALLY_FILLED" else 0
        assert placed["remainingQuantity"] == left


async def test_a_fee_is_money() -> None:
    async with open_market(takerFee="0.01") as (house, market):
        await trade(house, market, "alice", "BUY 10 YES at 99")
        placed = await trade(house, market, "bob", "BUY 10 NO at 1")
        assert (placed["filledAmount"], placed["fee"], placed["averagePrice"]) == ("0.1", "0.001", 1.0)


async def test_ids_are_taken_as_numbers_and_as_text() -> None:
    async with open_market() as (house, market):
        placed = await trade(house, market, "alice", "BUY 1 YES at 10", marketId=str(market))
        assert placed["marketId"] == market
        for number in (0, -1, "", "x", "04", 2**53, str(2**53), 4.0, True, None, [market]):
            reply = await send(house, market, "alice", "BUY 1 YES at 10", marketId=number)
            assert error(reply) == (400, "MALFORMED"), number
            assert reply.json["message"].startswith(("marketId", "an id"))


@pytest.mark.parametrize(
    "number", ["50", "50.0", "5e1", "5E+1", "0.5e2", "50.000000000000000000000000000000", "500e-1"]
)
async def test_every_way_to_write_a_price(number: str) -> None:
    async with open_market() as (house, market):
        body = json.dumps(order(market, "BUY 1 YES at 1")).replace('"price": 1.0', f'"price": {number}')
        reply = await house.call("POST", ORDERS, body.encode(), by="alice")
        assert reply.status == 200
        assert b'"price":50.0,' in reply.body


@pytest.mark.parametrize(
    "number",
    [
        "NaN",
        "-Infinity",
        "1e400",
        "1e-400",
        "1e99999999999999999999",
        "-1e1",
        "0",
        "-0.0",
        "0e5",
        "100",
        "1e2",
        "100.01",
        "-5",
        "50.001",
        "0.1e-3",
        '"50"',
        '"50.0"',
        '"NaN"',
        "true",
        "[]",
        "{}",
        "[50]",
        "050",
        "+50",
        "50.",
        ".5",
        "0x10",
        "5_0",
        "\u0665",
        "0." + "1" * 5_000,
        "1" + "0" * 5_000,
    ],
)
async def test_prices_that_are_none(number: str) -> None:
    async with open_market() as (house, market):
        body = json.dumps(order(market, "BUY 1 YES at 1")).replace('"price": 1.0', f'"price": {number}')
        reply = await house.call("POST", ORDERS, body.encode(), by="alice")
        assert error(reply) == (400, "MALFORMED")


async def test_a_price_keeps_every_digit() -> None:
    """No float on the way: as one, 57.999999999999999 would be 58."""
    async with open_market() as (house, market):
        body = json.dumps(order(market, "BUY 1 YES at 1")).replace('"price": 1.0', '"price": 57.999999999999999999')
        assert error(await house.call("POST", ORDERS, body.encode(), by="alice")) == (400, "MALFORMED")


@pytest.mark.parametrize(
    ("field", "values"),
    [
        ("side", ["yes", "MAYBE", "", None, 1]),
        ("action", ["buy", "HOLD", None, 1]),
        ("orderType", ["limit", "GTC", "market_by_qty", None, 1]),
        ("quantity", [0, -1, 1.5, 10.0, "10", True, None, 10**9 + 1, 10**30, [], {}]),
        ("clientOrderId", ["", "x" * 65, "a\u0000b", 7]),
        ("postOnly", [1, "true", None]),
        ("selfTradePrevention", ["none", 1]),
    ],
)
async def test_fields_that_do_not_fit(field: str, values: list[Any]) -> None:
    async with open_market() as (house, market):
        for value in values:
            reply = await send(house, market, "alice", "BUY 1 YES at 10", **{field: value})
            assert error(reply) == (400, "MALFORMED"), value
            assert field in reply.json["message"]
        for missing in ("marketId", "side", "action", "orderType", "quantity"):
            body = {name: value for name, value in order(market, "BUY 1 YES at 10").items() if name != missing}
            assert error(await house.call("POST", ORDERS, body, by="alice")) == (400, "MALFORMED")
        assert await look(house, f"{ORDERS}/active", "alice") == []


@pytest.mark.parametrize(
    ("words", "more", "status", "code"),
    [
        ("BUY 1 YES at 50.05", {}, 400, "OFF_TICK"),
        ("BUY 1 YES", {"price": 50}, 400, "MALFORMED"),
        ("BUY 1 YES", {"orderType": "LIMIT"}, 400, "MALFORMED"),
        ("BUY 1 YES", {"orderType": "IOC"}, 400, "MALFORMED"),
        ("BUY 1 YES", {"postOnly": True}, 400, "MALFORMED"),
        ("BUY 1 YES at 50", {"orderType": "FOK"}, 400, "CANNOT_FILL"),
        ("BUY 1 NO at 60", {"postOnly": True}, 400, "WOULD_CROSS"),
        ("BUY 100000 YES at 99", {}, 400, "INSUFFICIENT_FUNDS"),
        ("SELL 1 YES at 50", {}, 400, "INSUFFICIENT_SHARES"),
        ("BUY 1 YES at 50", {"marketId": 99}, 404, "NOT_FOUND"),
        ("BUY 1 YES at 50", {"marketId": 1}, 404, "NOT_FOUND"),
    ],
)
async def test_refusals_have_their_status(words: str, more: dict[str, Any], status: int, code: str) -> None:
    """On /api/* what would be 409 or 422 is 400."""
    async with open_market() as (house, market):
        await trade(house, market, "bob", "BUY 1 YES at 45")
        assert error(await send(house, market, "alice", words, **more)) == (status, code)


async def test_selling_what_one_has_not_is_told_what_to_do() -> None:
    async with open_market() as (house, market):
        reply = await send(house, market, "alice", "SELL 5 YES at 30")
        assert "buy NO at 70" in reply.json["message"]


async def test_a_halted_market_takes_cancels_only() -> None:
    async with open_market() as (house, market):
        placed = await trade(house, market, "alice", "BUY 1 YES at 10")
        await move(house, market, "halt")
        assert error(await send(house, market, "alice", "BUY 1 YES at 10")) == (400, "MARKET_HALTED")
        assert (await house.call("DELETE", f"{ORDERS}/{placed['id']}", by="alice")).status == 200


async def test_too_many_orders() -> None:
    async with open_market() as (house, market):
        for _ in range(OPEN_ORDERS_MAX):
            await trade(house, market, "alice", "BUY 1 YES at 1")
        assert error(await send(house, market, "alice", "BUY 1 YES at 1")) == (400, "TOO_MANY_ORDERS")


async def test_a_suspended_account_is_403() -> None:
    async with open_market() as (house, market):
        alice = house.gateway.sessions.authenticate(house.tokens["alice"])
        await house.call("POST", f"/api/v1/admin/accounts/{alice.user_id}/suspend", by="root")
        assert error(await send(house, market, "alice", "BUY 1 YES at 1")) == (403, "ACCOUNT_SUSPENDED")


# Repeats


async def test_a_repeat_is_answered_with_the_order_as_it_stands() -> None:
    async with open_market() as (house, market):
        first = await trade(house, market, "alice", "BUY 10 YES at 60", clientOrderId="a")
        await trade(house, market, "bob", "BUY 4 NO at 40")
        again = await trade(house, market, "alice", "BUY 10 YES at 60", clientOrderId="a")
        assert (again["id"], again["status"], again["filledQuantity"]) == (first["id"], "PARTIALLY_FILLED", 4)
        assert len(await look(house, f"{ORDERS}/active", "alice")) == 1


@pytest.mark.parametrize(
    "changed",
    [
        {"price": 59},
        {"price": 59.99},
        {"quantity": 9},
        {"side": "NO"},
        {"action": "SELL"},
        {"orderType": "IOC"},
        {"postOnly": True},
        {"marketId": 99},
        {"marketId": 1},
        {"selfTradePrevention": "cancel_both"},
    ],
)
async def test_other_content_under_the_same_id(changed: dict[str, Any]) -> None:
    async with open_market() as (house, market):
        await trade(house, market, "alice", "BUY 10 YES at 60", clientOrderId="a")
        reply = await send(house, market, "alice", "BUY 10 YES at 60", clientOrderId="a", **changed)
        assert error(reply) == (400, "CONFLICT")


async def test_an_id_is_one_order_in_all_products() -> None:
    async with open_market() as (house, market):
        spot = {"symbol": "BTC_USDT", "side": "buy", "type": "limit", "price": "1", "quantity": "1"}
        await trade(house, market, "alice", "BUY 1 YES at 10", clientOrderId="a")
        reply = await house.call("POST", "/api/v1/orders", {**spot, "clientOrderId": "a"}, by="alice")
        assert error(reply) == (409, "CONFLICT")
        await trade(house, market, "bob", "BUY 1 YES at 10", clientOrderId="a")  # somebody else's id


async def test_repeats_at_once_are_one_order() -> None:
    async with open_market() as (house, market):
        found = []

        async def repeat() -> None:
            found.append((await trade(house, market, "alice", "BUY 10 YES at 60", clientOrderId="a"))["id"])

        async with trio.open_nursery() as nursery:
            for _ in range(5):
                nursery.start_soon(repeat)
        assert len(set(found)) == 1


async def test_an_id_that_is_known_and_nowhere_found_is_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    async with open_market() as (house, market):

        async def known(*_: object) -> Known:
            return Known()

        with monkeypatch.context() as patch:
            patch.setattr(Address, "ask", known)
            reply = await send(house, market, "alice", "BUY 1 YES at 60", clientOrderId="a")
        assert error(reply) == (504, "UNKNOWN")


# In words


@pytest.mark.parametrize(
    ("words", "more", "message"),
    [
        ("BUY 1 YES", {"orderType": "LIMIT"}, "a LIMIT order needs price"),
        ("BUY 1 YES", {"orderType": "IOC"}, "an IOC order needs price"),
        ("BUY 1 YES", {"orderType": "FOK"}, "a FOK order needs price"),
        ("BUY 1 YES", {"price": 50}, "a MARKET order takes no price"),
        ("BUY 1 YES at 50", {"price": -5}, "price must not be below zero"),
        ("BUY 1 YES at 50", {"price": -0.5}, "price must not be below zero"),
        ("BUY 1 YES at 50", {"quantity": 1.5}, "quantity must be a whole number such as 10"),
        ("BUY 1 YES at 50", {"quantity": 1.0}, "quantity must be a whole number such as 10"),
    ],
)
async def test_what_is_wrong_is_said_in_the_api_s_own_words(words: str, more: dict[str, Any], message: str) -> None:
    async with open_market() as (house, market):
        reply = await send(house, market, "alice", words, **more)
        assert (error(reply), reply.json["message"]) == ((400, "MALFORMED"), message)


async def test_a_quantity_with_an_exponent_is_told_the_same() -> None:
    async with open_market() as (house, market):
        body = json.dumps(order(market, "BUY 7 YES at 1")).replace('"quantity": 7', '"quantity": 1e1')
        reply = await house.call("POST", ORDERS, body.encode(), by="alice")
        assert reply.json["message"] == "quantity must be a whole number such as 10"


async def test_a_conflict_is_told_the_same_under_way_and_settled(monkeypatch: pytest.MonkeyPatch) -> None:
    """Under way: the look-up in storage comes too early for both."""
    async with open_market() as (house, market):
        messages: list[str] = []

        async def send_one(price: int) -> None:
            reply = await send(house, market, "alice", f"BUY 1 YES at {price}", clientOrderId="a")
            if reply.status != 200:
                messages.append(reply.json["message"])

        async def nothing(*_: object) -> None:
            return None

        with monkeypatch.context() as patch:
            patch.setattr(house.exchange.storage.reader, "order_by_client_id", nothing)
            async with trio.open_nursery() as nursery:
                nursery.start_soon(send_one, 10)
                nursery.start_soon(send_one, 11)
        await send_one(12)
        assert messages == ["clientOrderId a has been used for another order"] * 2
