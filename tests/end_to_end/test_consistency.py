"""Consistency and reliability over real sockets and real PostgreSQL: SC-02 and SC-04."""

import random
from collections import Counter
from collections.abc import Iterable, Mapping
from decimal import Decimal
from functools import partial
from typing import Any

import msgspec
import pytest
import trio

from gateway.client import Refused, RestClient, StreamClient, open_stream
from tests.end_to_end import twin
from tests.end_to_end.cutting import cut, send_and_cut
from tests.end_to_end.servers import Rialto
from tests.end_to_end.traders import (
    Order,
    all_of,
    any_order,
    hundredths,
    open_admin,
    open_streams,
    open_traders,
    until_known,
)

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("audited")]

SEED = 20150501
PATIENCE_S = 60.0  # for a hang, not for a speed

Totals = dict[str, Decimal]


# SC-02: orders and deposits mixed


@pytest.mark.trio
async def test_a_thousand_orders_and_deposits_at_once_leave_a_difference_of_zero(rialto: Rialto) -> None:
    """For every account and asset: total = deposits - withdrawals + trades - fees = the sum of its log."""
    chance = random.Random(SEED)
    names = [f"sc02-{number}" for number in range(20)]
    funds = {"BTC": "5", "USD": "2000"}
    moved = {name: {asset: Decimal(amount) for asset, amount in funds.items()} for name in names}
    done: Counter[str] = Counter()
    async with open_admin(rialto) as admin, open_traders(rialto, names, funds) as traders:
        await admin.call("POST", "/api/v1/admin/symbols", {"symbol": "BTC_USD", "tick": "0.01", "lot": "0.01"})
        async with open_streams(rialto, traders) as streams:

            async def order(door: RestClient | StreamClient, wanted: Order) -> None:
                try:
                    await until_known(partial(door.place, wanted))
                    done["order"] += 1
                except Refused as refused:
                    done[f"order: {refused.code}"] += 1

            async def move(name: str, kind: str, body: Order) -> None:
                try:
                    await until_known(partial(traders[name].call, "POST", f"/api/v1/account/{kind}", body))
                    moved[name][body["symbol"]] += Decimal(body["amount"]) * (1 if kind == "deposit" else -1)
                    done[kind] += 1
                except Refused as refused:
                    done[f"{kind}: {refused.code}"] += 1

            with trio.fail_after(PATIENCE_S):
                async with trio.open_nursery() as nursery:
                    for number in range(1_000):
                        name = chance.choice(names)
                        if number % 2:
                            door = chance.choice((traders[name], streams[name]))
                            wanted = {**any_order(chance, "BTC_USD"), "clientOrderId": f"order {number}"}
                            nursery.start_soon(order, door, wanted)
                        else:
                            kind = chance.choice(("deposit", "deposit", "deposit", "withdraw"))
                            asset, amount = chance.choice(("BTC", "USD")), hundredths(chance.randint(1, 300))
                            body = {"transId": f"move {number}", "symbol": asset, "amount": amount}
                            nursery.start_soon(move, name, kind, body)
        assert sum(done.values()) == 1_000
        assert done["order"] > 300
        assert done["deposit"] > 300
        assert done.keys() <= {
            *("order", "deposit", "withdraw"),
            *("order: INSUFFICIENT_FUNDS", "withdraw: INSUFFICIENT_FUNDS"),
        }

        present = await fees_of(admin, "BTC_USD")
        brought = dict.fromkeys(funds, Decimal(0))
        assert present["BTC"] > 0
        assert present["USD"] > 0
        for name, client in traders.items():
            totals = {balance["symbol"]: Decimal(balance["total"]) for balance in await client.balances()}
            assert totals == await traded(client, moved[name]), f"{name}, seed {SEED}"
            assert totals == await logged(client, funds), f"{name}, seed {SEED}"
            for asset in funds:
                present[asset] += totals[asset]
                brought[asset] += moved[name][asset]
        assert present == brought
        for asset in await admin.call("GET", "/api/v1/admin/trial-balance"):
            assert (asset["total"], asset["balanced"]) == ("0", True), asset


async def traded(client: RestClient, moved: Mapping[str, Decimal]) -> Totals:
    """What an account's own trades make of what it has brought."""
    totals = dict(moved)
    for fill in await all_of(client, "/api/v1/account/trades", "tradeId"):
        sign = 1 if fill["side"] == "buy" else -1
        totals["BTC"] += sign * Decimal(fill["quantity"])
        totals["USD"] -= sign * Decimal(fill["amount"])
        totals[fill["feeAsset"]] -= Decimal(fill["fee"])
    return totals


async def logged(client: RestClient, assets: Iterable[str]) -> Totals:
    """The sum of an account's log, row upon row."""
    totals = {asset: Decimal(0) for asset in assets}
    for log in await all_of(client, "/api/v1/account/logs", "id"):
        assert Decimal(log["before"]) == totals[log["symbol"]]
        totals[log["symbol"]] += Decimal(log["amount"])
        assert Decimal(log["after"]) == totals[log["symbol"]]
    return totals


async def fees_of(admin: RestClient, symbol: str) -> Totals:
    """What the trades of a symbol have brought to the exchange."""
    fees = {"BTC": Decimal(0), "USD": Decimal(0)}
    before = None
    while page := await admin.call("GET", "/api/v1/admin/trades", symbol=symbol, before=before, limit=500):
        for trade in page:
            fees["BTC"] += Decimal(trade["buyFee"])
            fees["USD"] += Decimal(trade["sellFee"])
        before = page[-1]["trade"]["tradeId"]
    return fees


# SC-04: delays and repeats


class Request(msgspec.Struct, frozen=True):
    """What somebody sends, several times."""

    name: str
    path: str
    body: Order

    @property
    def client_id(self) -> str:
        client_id: str = self.body["clientOrderId" if self.path == ORDERS else "transId"]
        return client_id


ORDERS, DEPOSIT, WITHDRAW = "/api/v1/orders", "/api/v1/account/deposit", "/api/v1/account/withdraw"


@pytest.mark.trio
async def test_whatever_is_delayed_cut_and_sent_again_is_booked_once(rialto: Rialto) -> None:
    """Every request goes out three times at random moments, over REST, the socket, or cut before its answer."""
    chance = random.Random(SEED)
    names = [f"sc04-{number}" for number in range(5)]
    funds = {"ETH": "1000", "USD": "1000000"}
    heard: dict[str, list[Any]] = {}
    async with open_admin(rialto) as admin, open_traders(rialto, names, funds) as traders:
        await admin.call("POST", "/api/v1/admin/symbols", {"symbol": "ETH_USD", "tick": "0.01", "lot": "0.01"})
        requests = [any_request(chance, name, f"{name} {number}") for name in names for number in range(60)]

        async def send(request: Request, way: str, delay_s: float, cut_s: float) -> None:
            """Send it once; who is cut hears nothing, the others try until they know."""
            await trio.sleep(delay_s)
            client = traders[request.name]
            if way == "answered":
                heard.setdefault(request.client_id, []).append(
                    await until_known(partial(client.call, "POST", request.path, request.body))
                )
            elif way == "cut":
                await send_and_cut(rialto, client, request.path, request.body, cut_s)
            else:
                async with open_stream(rialto.websocket_url, client.token) as stream:
                    await stream.send({"op": "place", "id": 1, "order": request.body})
                    await trio.sleep(cut_s)
                    await cut(stream)

        with trio.fail_after(PATIENCE_S):
            async with trio.open_nursery() as nursery:
                for request in requests:
                    ways = ("answered", "cut", "cut socket") if request.path == ORDERS else ("answered", "cut")
                    for way in ("answered", *chance.choices(ways, k=2)):
                        delay_s, cut_s = chance.uniform(0, 2), chance.choice((0, 0.001, 0.005, 0.02))
                        nursery.start_soon(send, request, way, delay_s, cut_s)

        order_ids: list[tuple[int, Request]] = []
        exchange = twin.make(names, funds, "ETH_USD", tick="0.01", lot="0.01")
        for request in requests:
            answers = heard[request.client_id]
            if request.path == ORDERS:
                assert len({answer["orderId"] for answer in answers}) == 1
                order_ids.append((int(answers[0]["orderId"]), request))
            else:
                assert all(answer == answers[0] for answer in answers)
                move = exchange.deposit if request.path == DEPOSIT else exchange.withdraw
                move(request.name, request.client_id, "USD", request.body["amount"])
        for _, request in sorted(order_ids, key=lambda placed: placed[0]):
            twin.place(exchange, request.name, request.body)
        assert await twin.differences(traders, exchange, "ETH_USD") == [], f"seed {SEED}"
        assert len(exchange.trades) > 50


def any_request(chance: random.Random, name: str, client_id: str) -> Request:
    path = chance.choice((ORDERS, ORDERS, DEPOSIT, WITHDRAW))
    if path == ORDERS:
        return Request(name, path, {**any_order(chance, "ETH_USD"), "clientOrderId": client_id})
    return Request(name, path, {"transId": client_id, "symbol": "USD", "amount": str(chance.randint(1, 100))})
