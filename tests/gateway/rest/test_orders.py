"""Orders over the API: statuses, repeats, cancels, look-ups."""

from functools import partial
from typing import Any

import pytest
import trio
from msgspec.structs import replace

from actors.messages import FindCommand
from engine.matching.order import Side
from engine.matching.terms import OrderType
from engine.messages import Known
from engine.refusals import Refusal, Refused
from gateway.context import Answer, perform
from gateway.rest.orders import CancelOrderRequest, PlaceOrderRequest, cancel_order, place_order
from storage.interface import DatabaseAway
from tests.gateway.houses import SETTINGS, House, error, open_house

pytestmark = pytest.mark.trio

ORDERS = "/api/v1/orders"


def limit(side: str = "buy", price: str = "100", quantity: str = "1", **more: Any) -> dict[str, Any]:
    return {"symbol": "BTC_USDT", "side": side, "type": "limit", "price": price, "quantity": quantity, **more}


async def place(house: House, by: str, **fields: Any) -> dict[str, Any]:
    """Place an order that is taken; returns the order."""
    reply = await house.call("POST", ORDERS, limit(**fields), by=by)
    assert reply.status == 201, reply.body
    order: dict[str, Any] = reply.json["order"]
    return order


async def test_a_resting_order_is_201_with_all_its_fields() -> None:
    async with open_house() as house:
        await house.user("alice", USDT="1000")
        reply = await house.call("POST", ORDERS, limit(clientOrderId="mine"), by="alice")
        assert reply.status == 201
        order = reply.json["order"]
        assert reply.json == {"orderId": order["orderId"], "status": "accepted", "order": order}
        assert isinstance(order["orderId"], str)
        shown = {name: order[name] for name in order if name not in ("orderId", "createdAt", "updatedAt")}
        assert shown == {
            "clientOrderId": "mine",
            "symbol": "BTC_USDT",
            "side": "buy",
            "type": "limit",
            "timeInForce": "GTC",
            "postOnly": False,
            "price": "100",
            "quantity": "1",
            "amount": None,
            "state": "new",
            "filledQuantity": "0",
            "remainingQuantity": "1",
            "cancelledQuantity": "0",
            "filledAmount": "0",
            "averagePrice": None,
            "fee": "0",
            "feeAsset": "BTC",
        }


async def test_a_market_order_that_meets_no_one_is_201_and_cancelled() -> None:
    async with open_house() as house:
        await house.user("alice", USDT="1000")
        body = {"symbol": "BTC_USDT", "side": "buy", "type": "market_by_amount", "amount": "10"}
        reply = await house.call("POST", ORDERS, body, by="alice")
        order = reply.json["order"]
        assert (reply.status, order["state"], order["quantity"], order["remainingQuantity"]) == (
            201,
            "cancelled",
            None,
            None,
        )
        assert (order["amount"], order["filledAmount"], order["timeInForce"]) == ("10", "0", "IOC")


@pytest.mark.parametrize(
    ("changed", "status", "code"),
    [
        ({"symbol": "BTC_EUR"}, 404, "NOT_FOUND"),
        ({"price": "100.001"}, 422, "OFF_TICK"),
        ({"quantity": "0.000000001"}, 422, "OFF_LOT"),
        ({"quantity": "0.00000000001"}, 400, "MALFORMED"),
        ({"price": "0"}, 400, "MALFORMED"),
        ({"amount": "5"}, 400, "MALFORMED"),
        ({"price": None}, 400, "MALFORMED"),
        ({"quantity": "11"}, 422, "INSUFFICIENT_FUNDS"),
        ({"timeInForce": "FOK"}, 422, "CANNOT_FILL"),
        ({"postOnly": True, "timeInForce": "IOC"}, 400, "MALFORMED"),
        ({"quantity": "9" * 78}, 400, "MALFORMED"),
    ],
)
async def test_refusals_have_their_status(changed: dict[str, Any], status: int, code: str) -> None:
    async with open_house() as house:
        await house.user("alice", USDT="1000")
        reply = await house.call("POST", ORDERS, {**limit(), **changed}, by="alice")
        assert error(reply) == (status, code)


async def test_a_repeat_is_200_with_the_order_as_it_stands() -> None:
    async with open_house() as house:
        await house.user("alice", USDT="1000")
        await house.user("bob", BTC="1")
        first = await place(house, "alice", clientOrderId="a")
        await place(house, "bob", side="sell", quantity="0.25")
        again = await house.call("POST", ORDERS, limit(clientOrderId="a", price="100.00"), by="alice")
        assert again.status == 200
        assert again.json["orderId"] == first["orderId"]
        assert again.json["order"]["filledQuantity"] == "0.25"


@pytest.mark.parametrize(
    "changed", [{"price": "99"}, {"quantity": "2"}, {"side": "sell"}, {"symbol": "ETH_USDT"}, {"postOnly": True}]
)
async def test_other_content_under_the_same_id_is_409(changed: dict[str, Any]) -> None:
    async with open_house() as house:
        await house.user("alice", USDT="1000", BTC="5")
        await place(house, "alice", clientOrderId="a")
        reply = await house.call("POST", ORDERS, limit(clientOrderId="a", **changed), by="alice")
        assert error(reply) == (409, "CONFLICT")


async def test_other_content_is_a_conflict_even_if_it_could_not_be_an_order() -> None:
    """A client that repeats an id must not hear "certainly not done" about the order that has it."""
    async with open_house() as house:
        await house.user("alice", USDT="1000")
        await place(house, "alice", clientOrderId="a")
        for change in ({"symbol": "BTC_EUR"}, {"price": "1.001"}, {"quantity": "0"}):
            body = {**limit(clientOrderId="a"), **change}
            assert error(await house.call("POST", ORDERS, body, by="alice")) == (409, "CONFLICT")


async def test_repeats_at_once_are_one_order() -> None:
    """Of several equal requests under way together, one is told 201 and the others 200, all about the same order."""
    async with open_house() as house:
        await house.user("alice", USDT="1000")
        replies = []

        async def send() -> None:
            replies.append(await house.call("POST", ORDERS, limit(clientOrderId="a"), by="alice"))

        async with trio.open_nursery() as nursery:
            for _ in range(5):
                nursery.start_soon(send)
        assert sorted(reply.status for reply in replies) == [200, 200, 200, 200, 201]
        assert len({reply.json["orderId"] for reply in replies}) == 1


async def test_an_id_that_accounts_knows_is_looked_up_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """The order was settled between the look-up and accounts: the second look-up has it."""
    async with open_house() as house:
        alice = await house.user("alice", USDT="1000")
        await place(house, "alice", clientOrderId="a")
        reader = house.exchange.storage.reader
        look_up = reader.order_by_client_id
        misses = [None]

        async def late(account_id: int, client_order_id: str) -> Any:
            return misses.pop() if misses else await look_up(account_id, client_order_id)

        monkeypatch.setattr(reader, "order_by_client_id", late)
        request = PlaceOrderRequest("BTC_USDT", Side.BUY, OrderType.LIMIT, "100", "1", client_order_id="a")
        answer = await perform(house.gateway, place_order, alice, request)
        assert answer.status == 200


@pytest.mark.parametrize("away", [False, True])
async def test_known_but_not_to_be_found_is_unknown(away: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """503 would say "certainly not done", and the client would send it again under another id."""
    async with open_house() as house:
        await house.user("alice", USDT="1000")
        reader = house.exchange.storage.reader
        looked_up: list[str] = []

        async def known(*_: object) -> Known:
            return Known()

        async def look_up(_: int, client_order_id: str) -> None:
            looked_up.append(client_order_id)
            if away and len(looked_up) > 1:
                raise DatabaseAway("gone")

        with monkeypatch.context() as patch:
            patch.setattr(type(house.exchange.accounts), "ask", known)
            patch.setattr(reader, "order_by_client_id", look_up)
            reply = await house.call("POST", ORDERS, limit(clientOrderId="a"), by="alice")
        assert error(reply) == (504, "UNKNOWN")
        assert looked_up == ["a", "a"]


async def test_while_the_database_is_away_a_named_order_is_not_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    async with open_house() as house:
        await house.user("alice", USDT="1000")

        async def away(*_: object) -> None:
            raise DatabaseAway("gone")

        with monkeypatch.context() as patch:
            patch.setattr(house.exchange.storage.reader, "order_by_client_id", away)
            reply = await house.call("POST", ORDERS, limit(clientOrderId="a"), by="alice")
        assert error(reply) == (503, "DATABASE_AWAY")
        assert (await house.call("GET", f"{ORDERS}/by-client-id/a", by="alice")).status == 404


async def test_cancel_gives_the_order_and_again_the_same() -> None:
    async with open_house() as house:
        await house.user("alice", USDT="1000")
        order = await place(house, "alice")
        first = await house.call("DELETE", f"{ORDERS}/{order['orderId']}", by="alice")
        assert first.status == 200
        assert (first.json["orderId"], first.json["status"]) == (order["orderId"], "cancelled")
        cancelled = first.json["order"]
        assert (cancelled["state"], cancelled["cancelledQuantity"], cancelled["remainingQuantity"]) == (
            "cancelled",
            "1",
            "0",
        )
        again = await house.call("DELETE", f"{ORDERS}/{order['orderId']}", by="alice")
        assert (again.status, again.json) == (200, first.json)


async def test_cancel_of_a_filled_order_is_409() -> None:
    async with open_house() as house:
        await house.user("alice", USDT="1000")
        await house.user("bob", BTC="1")
        order = await place(house, "alice")
        await place(house, "bob", side="sell")
        reply = await house.call("DELETE", f"{ORDERS}/{order['orderId']}", by="alice")
        assert error(reply) == (409, "ALREADY_FILLED")


async def test_nobody_touches_another_s_order() -> None:
    """Another's object is 404, open, cancelled or filled: it is not even said that it is there."""
    async with open_house() as house:
        await house.user("alice", USDT="1000")
        await house.user("mallory")
        order = await place(house, "alice", clientOrderId="a")
        for method, path in (
            ("GET", order["orderId"]),
            ("DELETE", order["orderId"]),
            ("GET", "by-client-id/a"),
            ("DELETE", "by-client-id/a"),
        ):
            assert error(await house.call(method, f"{ORDERS}/{path}", by="mallory")) == (404, "NOT_FOUND")
        await house.call("DELETE", f"{ORDERS}/{order['orderId']}", by="alice")
        reply = await house.call("DELETE", f"{ORDERS}/{order['orderId']}", by="mallory")
        assert error(reply) == (404, "NOT_FOUND")
        assert (await house.call("GET", ORDERS, by="mallory")).json == []


async def test_cancel_by_client_id() -> None:
    async with open_house() as house:
        await house.user("alice", USDT="1000")
        order = await place(house, "alice", clientOrderId="my/id")
        for _ in range(2):
            reply = await house.call("DELETE", f"{ORDERS}/by-client-id/my%2Fid", by="alice")
            assert (reply.status, reply.json["orderId"]) == (200, order["orderId"])


async def test_a_cancel_needs_an_id() -> None:
    async with open_house() as house:
        alice = await house.user("alice")
        answer = await perform(house.gateway, cancel_order, alice, CancelOrderRequest())
        assert answer.status == 400


async def test_a_cancel_that_met_an_order_on_its_way_asks_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """Accounts did not know the id yet, the table has it open: the order came in between."""
    async with open_house() as house:
        alice = await house.user("alice", USDT="1000")
        await place(house, "alice", clientOrderId="a")
        ask = type(house.exchange.accounts).ask
        too_early = [Refused(Refusal.NOT_FOUND, "there is no such open order")]

        async def first_time(address: Any, command: Any) -> Any:
            return too_early.pop() if too_early else await ask(address, command)

        monkeypatch.setattr(type(house.exchange.accounts), "ask", first_time)
        request = CancelOrderRequest(client_order_id="a")
        assert (await perform(house.gateway, cancel_order, alice, request)).status == 200


async def test_cancel_all_of_one_symbol_or_of_all() -> None:
    async with open_house() as house:
        await house.user("alice", USDT="1000", ETH="10")
        first = await place(house, "alice")
        second = await place(house, "alice", price="99")
        third = await place(house, "alice", symbol="ETH_USDT", side="sell")
        reply = await house.call("DELETE", f"{ORDERS}?symbol=BTC_USDT", by="alice")
        assert [part["orderId"] for part in reply.json] == [first["orderId"], second["orderId"]]
        assert {part["status"] for part in reply.json} == {"cancelled"}
        assert set(reply.json[0]) == {"orderId", "status", "order"}
        reply = await house.call("DELETE", ORDERS, by="alice")
        assert [part["orderId"] for part in reply.json] == [third["orderId"]]
        assert (await house.call("DELETE", ORDERS, by="alice")).json == []
        assert error(await house.call("DELETE", f"{ORDERS}?symbol=XXX", by="alice")) == (404, "NOT_FOUND")


async def test_lists_are_newest_first_and_paged() -> None:
    async with open_house() as house:
        await house.user("alice", USDT="1000")
        ids = [(await place(house, "alice", price=str(price)))["orderId"] for price in (10, 20, 30)]
        await house.call("DELETE", f"{ORDERS}/{ids[1]}", by="alice")

        async def listed(query: str) -> list[str]:
            reply = await house.call("GET", f"{ORDERS}?{query}", by="alice")
            assert reply.status == 200, reply.body
            return [order["orderId"] for order in reply.json]

        assert await listed("") == ids[::-1]
        assert await listed("state=open") == [ids[2], ids[0]]
        assert await listed("state=closed&symbol=BTC_USDT") == [ids[1]]
        assert await listed("symbol=ETH_USDT") == []
        assert await listed("limit=1") == [ids[2]]
        assert await listed(f"before={ids[1]}") == [ids[0]]
        assert await listed(f"before={ids[0]}") == []


async def test_by_client_id_is_pending_while_under_way_then_200_then_404_for_others(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with open_house() as house:
        await house.user("alice", USDT="1000")
        path = f"{ORDERS}/by-client-id/a"
        assert error(await house.call("GET", path, by="alice")) == (404, "NOT_FOUND")
        await place(house, "alice", clientOrderId="a")
        reply = await house.call("GET", path, by="alice")
        assert (reply.status, reply.json["clientOrderId"]) == (200, "a")

        ask = type(house.exchange.accounts).ask

        async def under_way(address: Any, command: Any) -> Any:
            return "pending" if isinstance(command, FindCommand) else await ask(address, command)

        monkeypatch.setattr(type(house.exchange.accounts), "ask", under_way)
        reply = await house.call("GET", path, by="alice")
        assert (reply.status, reply.json) == (202, {"status": "pending"})


async def test_an_asker_who_leaves_leaves_a_whole_command() -> None:
    """A request that is cancelled half-way is done or not done, and its id tells which."""
    async with open_house() as house:
        alice = await house.user("alice", USDT="1000")
        for turns in range(12):
            request = PlaceOrderRequest(
                "BTC_USDT", Side.BUY, OrderType.LIMIT, "10", "1", client_order_id=f"after {turns} turns"
            )
            async with trio.open_nursery() as nursery:
                nursery.start_soon(partial(perform, house.gateway, place_order, alice, request))
                for _ in range(turns):
                    await trio.lowlevel.checkpoint()
                nursery.cancel_scope.cancel()
            again = await perform(house.gateway, place_order, alice, request)
            assert again.status in (200, 201)
        orders = await house.call("GET", f"{ORDERS}?state=open", by="alice")
        assert len(orders.json) == 12


async def test_the_deadline_is_504(monkeypatch: pytest.MonkeyPatch) -> None:
    """Silence is never turned into a fact: no answer in time means unknown."""
    async with open_house(replace(SETTINGS, request_deadline_s=0.01)) as house:
        await house.user("alice", USDT="1000")

        async def never(_: Any, __: Any) -> Answer:
            await trio.sleep_forever()
            raise AssertionError

        with monkeypatch.context() as patch:
            patch.setattr(type(house.exchange.accounts), "ask", never)
            assert error(await house.call("POST", ORDERS, limit(), by="alice")) == (504, "UNKNOWN")
