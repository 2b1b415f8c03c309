"""Orders over a real socket: answered as over REST, in any order, and taken in theirs."""

from collections.abc import Callable
from typing import Any

import msgspec
import pytest
import trio

from engine.ledger.page import account_channel
from engine.spot.commands import PlaceOrder
from gateway.rest.orders import CancelAllRequest, CancelOrderRequest, cancel_all_orders, cancel_order
from gateway.websocket import connection
from storage.interface import DatabaseAway
from tests.actors.exchanges import ALICE, BOB, limit, place
from tests.gateway.websocket.houses import PATIENCE_S, Client, House, open_house

pytestmark = pytest.mark.trio

ORDER = {"symbol": "BTC_USDT", "side": "buy", "type": "limit", "price": "100", "quantity": "1"}


def placing(op_id: object, **changes: object) -> dict[str, object]:
    return {"op": "place", "id": op_id, "order": {**ORDER, **changes}}


async def answers(client: Client, count: int) -> dict[Any, Any]:
    """So many answers, by their ids."""
    return {message["id"]: message for message in await client.receive_many(count)}


async def test_an_order_is_placed_and_cancelled() -> None:
    async with open_house() as house:
        await house.rich("alice")
        async with house.connect(await house.log_in("alice")) as client:
            placed = await client.ask(placing("7", clientOrderId="mine"))
            assert (placed["id"], placed["status"]) == ("7", 201)
            body = placed["body"]
            assert (body["status"], body["orderId"]) == ("accepted", body["order"]["orderId"])
            assert (body["order"]["state"], body["order"]["clientOrderId"]) == ("new", "mine")
            cancelled = await client.ask({"op": "cancel", "id": "8", "orderId": body["orderId"]})
            assert (cancelled["id"], cancelled["status"], cancelled["body"]["status"]) == ("8", 200, "cancelled")
            again = await client.ask({"op": "cancel", "id": "9", "clientOrderId": "mine"})
            assert (again["status"], again["body"]) == (200, cancelled["body"])


async def test_cancel_all_in_one_symbol_or_in_all() -> None:
    async with open_house() as house:
        await house.rich("alice")
        async with house.connect(await house.log_in("alice")) as client:
            for op_id, symbol in enumerate(("BTC_USDT", "ETH_USDT")):
                await client.ask(placing(op_id, symbol=symbol))
            one = await client.ask({"op": "cancel_all", "id": "a", "symbol": "ETH_USDT"})
            assert [part["order"]["symbol"] for part in one["body"]] == ["ETH_USDT"]
            rest = await client.ask({"op": "cancel_all", "id": "b"})
            assert [part["order"]["symbol"] for part in rest["body"]] == ["BTC_USDT"]
            assert (await client.ask({"op": "cancel_all", "id": "c"}))["body"] == []


async def test_answers_are_those_of_rest() -> None:
    async with open_house() as house:
        await house.rich("alice")
        token = await house.log_in("alice")
        caller = house.gateway.sessions.authenticate(token)
        async with house.connect(token) as client:
            placed = await client.ask(placing(1))
            filled = await place(house.exchange, limit(ALICE, "sell", "200", "1"))
            order_id = str(filled.order.order_id)
            over_rest = await cancel_order(house.gateway, caller, CancelOrderRequest(order_id=order_id))
            over_socket = await client.ask({"op": "cancel", "id": 2, "orderId": order_id})
            assert over_socket["body"] == msgspec.to_builtins(over_rest.body)
            over_rest = await cancel_all_orders(house.gateway, caller, CancelAllRequest())
            assert [part["orderId"] for part in msgspec.to_builtins(over_rest.body)] == [placed["body"]["orderId"]]


REFUSED: list[tuple[dict[str, object], int, str]] = [
    ({"quantity": "99999"}, 422, "INSUFFICIENT_FUNDS"),
    ({"price": "100.001"}, 422, "OFF_TICK"),
    ({"symbol": "NONE"}, 404, "NOT_FOUND"),
    ({"timeInForce": "FOK"}, 422, "CANNOT_FILL"),
    ({"price": 100}, 400, "MALFORMED"),
    ({"price": "1e400"}, 400, "MALFORMED"),
    ({"price": "NaN"}, 400, "MALFORMED"),
    ({"price": "-0"}, 400, "MALFORMED"),
    ({"quantity": "0"}, 400, "MALFORMED"),
    ({"quantity": "1_0"}, 400, "MALFORMED"),
    ({"quantity": "٣"}, 400, "MALFORMED"),
    ({"quantity": "9" * 5_000}, 400, "MALFORMED"),
    ({"side": "up"}, 400, "MALFORMED"),
    ({"clientOrderId": "a\x00"}, 400, "MALFORMED"),
    ({"price": None}, 400, "MALFORMED"),
]


@pytest.mark.parametrize(("changes", "status", "code"), REFUSED, ids=lambda value: str(value)[:40])
async def test_what_is_refused_is_answered_under_its_id(changes: dict[str, object], status: int, code: str) -> None:
    async with open_house() as house:
        await house.rich("alice")
        async with house.connect(await house.log_in("alice")) as client:
            refused = await client.ask(placing("7", **changes))
            assert (refused["id"], refused["status"], refused["body"]["code"]) == ("7", status, code)


@pytest.mark.parametrize(
    "message",
    [
        {"op": "place", "id": 7},
        {"op": "place", "id": 7, "order": None},
        {"op": "place", "id": 7, "order": []},
        {"op": "place", "id": 7, "order": {}},
        {"op": "buy", "id": 7, "order": ORDER},
        {"op": "cancel", "id": 7},
        {"op": "cancel", "id": 7, "orderId": "0"},
        {"op": "cancel", "id": 7, "orderId": 2**53},
        {"op": "cancel_all", "id": 7, "symbol": 7},
        {"op": "cancel_all", "id": 7, "subscribe": "x"},
    ],
    ids=str,
)
async def test_a_command_that_can_not_be_read_is_answered_under_its_id(message: dict[str, object]) -> None:
    async with open_house() as house, house.connect(await house.user("alice")) as client:
        refused = await client.ask(message)
        assert (refused["id"], refused["status"], refused["body"]["code"]) == (7, 400, "MALFORMED")
        await client.quiet()


async def test_what_is_wrong_with_an_order_is_said_in_rests_words() -> None:
    async with open_house() as house, house.connect(await house.user("alice")) as client:
        refused = await client.ask(placing(1, side="up"))
        assert refused["body"]["message"] == "side must be one of buy, sell"


async def test_a_key_that_stands_twice_is_refused() -> None:
    async with open_house() as house, house.connect(await house.user("alice")) as client:
        await client.socket.send_message('{"op":"place","id":7,"order":{"side":"buy","side":"sell"}}')
        refused = await client.receive()
        assert (refused["id"], refused["body"]["code"]) == (7, "MALFORMED")


async def test_a_visitor_has_no_orders() -> None:
    async with open_house() as house, house.connect() as client:
        for op in ({"op": "place", "order": ORDER}, {"op": "cancel", "orderId": "1"}, {"op": "cancel_all"}):
            error = await client.ask({**op, "id": "7"})
            assert (error["type"], error["id"], error["status"]) == ("error", "7", 401)
            assert error["code"] == error["body"]["code"] == "UNAUTHORIZED"


async def test_anothers_order_is_not_found() -> None:
    async with open_house() as house:
        await house.rich("alice", "bob")
        placed = await place(house.exchange, limit(ALICE, "buy", "100", "1", client_order_id="hers"))
        async with house.connect(await house.log_in("bob")) as client:
            by_id = await client.ask({"op": "cancel", "id": 1, "orderId": str(placed.order.order_id)})
            by_name = await client.ask({"op": "cancel", "id": 2, "clientOrderId": "hers"})
            assert (by_id["status"], by_name["status"]) == (404, 404)


async def test_a_repeat_is_answered_with_the_order_as_it_stands() -> None:
    async with open_house() as house:
        await house.rich("alice", "bob")
        async with house.connect(await house.log_in("alice")) as client:
            first = await client.ask(placing(1, clientOrderId="mine"))
            await place(house.exchange, limit(BOB, "sell", "100", "1"))
            repeat = await client.ask(placing(2, clientOrderId="mine"))
            assert (repeat["status"], repeat["body"]["orderId"]) == (200, first["body"]["orderId"])
            assert repeat["body"]["order"]["state"] == "filled"
            other = await client.ask(placing(3, clientOrderId="mine", quantity="2"))
            assert (other["status"], other["body"]["code"]) == (409, "CONFLICT")


async def test_an_answer_comes_when_it_is_durable(monkeypatch: pytest.MonkeyPatch) -> None:
    async with open_house() as house:
        await house.rich("alice")
        async with house.connect(await house.log_in("alice")) as client:
            house.delay_commits(monkeypatch, 0.05)
            answer = await client.ask(placing(1))
            order = await house.exchange.storage.reader.order(int(answer["body"]["orderId"]))
            assert order is not None


# Many at once


async def test_commands_are_taken_in_the_order_in_which_they_were_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    """Even if looking one up takes longer than the next."""
    async with open_house() as house:
        await house.rich("alice")
        slow_look_ups(house, monkeypatch, lambda client_order_id: 0.1 if client_order_id == "slow" else 0)
        async with house.connect(await house.log_in("alice")) as client:
            await client.send(placing(1, clientOrderId="slow"))
            await client.send(placing(2))
            await client.send(placing(3, clientOrderId="quick"))
            await client.send({"op": "cancel", "id": 4, "clientOrderId": "slow"})
            await client.send({"op": "cancel_all", "id": 5})
            found = await answers(client, 5)
            order_ids = [int(found[op_id]["body"]["orderId"]) for op_id in (1, 2, 3)]
            assert order_ids == sorted(order_ids)
            assert found[4]["body"]["orderId"] == str(order_ids[0])
            assert [part["orderId"] for part in found[5]["body"]] == [str(order_id) for order_id in order_ids[1:]]


async def test_a_repeat_does_not_wait_for_what_came_before(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is answered from storage: answers may overtake each other."""
    async with open_house() as house:
        await house.rich("alice")
        await place(house.exchange, limit(ALICE, "buy", "100", "1", client_order_id="known"))
        async with house.connect(await house.log_in("alice")) as client:
            house.delay_commits(monkeypatch, 0.1)
            await client.send(placing(1))
            await client.send(placing(2, clientOrderId="known"))
            assert [message["id"] for message in await client.receive_many(2)] == [2, 1]


async def test_hundreds_of_commands_sent_at_once_are_answered_each() -> None:
    async with open_house() as house:
        await house.rich("alice")
        async with house.connect(await house.log_in("alice")) as client, trio.open_nursery() as nursery:

            async def send() -> None:
                for op_id in range(150):
                    await client.send(placing(2 * op_id))
                    await client.send({"op": "cancel_all", "id": 2 * op_id + 1})

            nursery.start_soon(send)
            found = await answers(client, 300)
            assert sorted(found) == list(range(300))
            assert {message["status"] for message in found.values()} == {200, 201}
        assert await house.exchange.storage.reader.open_orders() == []


async def test_reading_stops_while_too_many_are_under_way(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "ANSWERS_MAX", 10)
    async with open_house() as house:
        await house.rich("alice")
        placed = counting_orders(house, monkeypatch)
        async with house.connect(await house.log_in("alice")) as client:
            house.delay_commits(monkeypatch, 0.1)
            for op_id in range(40):
                await client.send(placing(op_id))
            await house.commit_begins()
            await trio.sleep(0.05)
            assert len(placed) == 11
            await answers(client, 40)
            assert len(placed) == 40


async def test_a_command_that_takes_too_long_is_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    async with open_house(request_deadline_s=0.1) as house:
        await house.rich("alice")
        async with house.connect(await house.log_in("alice")) as client:
            house.delay_commits(monkeypatch, 0.3)
            await client.send(placing(1))
            await client.send(placing(2))
            found = await answers(client, 2)
            assert {(answer["status"], answer["body"]["code"]) for answer in found.values()} == {(504, "UNKNOWN")}
            await trio.sleep(0.5)
            assert (await client.ask(placing(3, price="1")))["status"] in (201, 504)
            assert len(await house.exchange.storage.reader.open_orders()) >= 2


async def test_a_quiet_socket_goes_on_where_it_was() -> None:
    """Longer than a command may take: what waits for work notices nothing of deadlines."""
    async with open_house(request_deadline_s=0.05) as house:
        await house.rich("alice")
        async with house.connect(await house.log_in("alice")) as client:
            for op_id in range(4):
                assert (await client.ask({"op": "cancel_all", "id": op_id}))["status"] == 200
                await trio.sleep(0.05 + op_id / 100)


async def test_a_look_up_without_a_database_is_certainly_not_done(monkeypatch: pytest.MonkeyPatch) -> None:
    """And the command behind it is taken all the same."""
    async with open_house() as house:
        await house.rich("alice")

        async def away(*_: object) -> None:
            raise DatabaseAway

        monkeypatch.setattr(house.exchange.storage.reader, "order_by_client_id", away)
        async with house.connect(await house.log_in("alice")) as client:
            await client.send(placing(1, clientOrderId="mine"))
            await client.send(placing(2))
            found = await answers(client, 2)
            assert (found[1]["status"], found[1]["body"]["code"]) == (503, "DATABASE_AWAY")
            assert found[2]["status"] == 201


async def test_a_defect_costs_one_command(monkeypatch: pytest.MonkeyPatch) -> None:
    async with open_house() as house:
        await house.rich("alice")

        async def fail(*_: object) -> None:
            raise ZeroDivisionError("a secret")

        monkeypatch.setattr(house.exchange.storage.reader, "order_by_client_id", fail)
        async with house.connect(await house.log_in("alice")) as client:
            failed = await client.ask(placing(1, clientOrderId="mine"))
            assert (failed["status"], failed["body"]["code"]) == (500, "INTERNAL_ERROR")
            assert "secret" not in str(failed)
            assert (await client.ask(placing(2)))["status"] == 201


async def test_who_leaves_in_the_middle_leaves_nothing_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    async with open_house() as house:
        await house.rich("alice")
        house.delay_commits(monkeypatch, 0.05)
        async with house.connect(await house.log_in("alice")) as client:
            await client.subscribe("orders", "book:BTC_USDT")
            for op_id in range(50):
                await client.send(placing(op_id))
        await house.empty()
        async with house.connect(await house.log_in("alice")) as client:
            assert (await client.ask(placing(1)))["status"] == 201
        await house.empty()
        broadcaster: Any = house.exchange.supervisor._children["broadcaster"].actor
        with trio.fail_after(PATIENCE_S):
            while broadcaster._subscriptions.watchers(account_channel(ALICE)):  # noqa: ASYNC110  # it tells nobody
                await trio.sleep(0.01)


def slow_look_ups(house: House, monkeypatch: pytest.MonkeyPatch, seconds: Callable[[str], float]) -> None:
    reader = house.exchange.storage.reader
    look_up = reader.order_by_client_id

    async def late(account_id: int, client_order_id: str) -> object:
        await trio.sleep(seconds(client_order_id))
        return await look_up(account_id, client_order_id)

    monkeypatch.setattr(reader, "order_by_client_id", late)


def counting_orders(house: House, monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """A list of all orders that reach accounts from here on."""
    placed: list[object] = []
    accounts: Any = house.exchange.supervisor._children["accounts"].actor
    handle = accounts.handlers[PlaceOrder]

    def count(order: PlaceOrder) -> object:
        placed.append(order)
        return handle(order)

    monkeypatch.setitem(accounts.handlers, PlaceOrder, count)
    return placed
