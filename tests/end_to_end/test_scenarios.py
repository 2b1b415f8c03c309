"""The specification's scenarios over real sockets and real PostgreSQL: TS-1 to TS-4, and SC-01.

Each has a symbol and traders of its own on one server, so that its figures are exact.
"""

import random
from collections import Counter
from contextlib import AsyncExitStack
from functools import partial
from typing import Any

import pytest
import trio

from gateway.client import Refused, RestClient, StreamClient, open_stream
from tests.end_to_end import twin
from tests.end_to_end.cutting import cut
from tests.end_to_end.servers import Rialto
from tests.end_to_end.traders import (
    Order,
    all_of,
    any_order,
    balances_of,
    limit,
    open_another,
    open_streams,
    open_traders,
    until_known,
)

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("audited")]

SEED = 20150501
PATIENCE_S = 60.0  # for a hang, not for a speed


# TS-1 and SC-01: the same transId


@pytest.mark.trio
@pytest.mark.parametrize("kind", ["deposit", "withdraw"])
async def test_one_trans_id_moves_money_once(rialto: Rialto, kind: str) -> None:
    """Sent by ten connections at once, and ten times one after the other; each hears the first answer."""
    async with open_traders(rialto, [f"ts1-{kind}"], {"USDT": "1000"}) as traders, AsyncExitStack() as stack:
        client = traders[f"ts1-{kind}"]
        others = [await stack.enter_async_context(open_another(rialto, client)) for _ in range(10)]
        answers: list[Any] = []

        async def send(through: RestClient) -> None:
            body = {"transId": "once", "symbol": "USDT", "amount": "123.45"}
            answers.append(await through.call("POST", f"/api/v1/account/{kind}", body))

        async with trio.open_nursery() as nursery:
            for other in others:
                nursery.start_soon(send, other)
        for _ in range(10):
            await send(client)

        balance = "1123.45" if kind == "deposit" else "876.55"
        assert answers == [{"status": "ok", "balance": balance}] * 20
        assert await balances_of(client) == {"USDT": (balance, "0")}
        logs = await all_of(client, "/api/v1/account/logs", "id")
        assert [log["transId"] for log in logs] == ["funds USDT", "once"]


@pytest.mark.trio
async def test_another_content_under_a_used_trans_id_is_a_conflict(rialto: Rialto) -> None:
    """Over deposits, withdrawals and transfers alike: an account's transIds are one namespace."""
    async with open_traders(rialto, ["ts1-ann", "ts1-bob"], {"USDT": "1000"}) as traders:
        client = traders["ts1-ann"]
        once = {"transId": "once", "symbol": "USDT", "amount": "5"}
        await client.call("POST", "/api/v1/account/transfer", {**once, "toUsername": "ts1-bob"})
        for kind, body in (
            ("deposit", once),
            ("withdraw", once),
            ("transfer", {**once, "toUsername": "ts1-bob", "amount": "6"}),
            ("deposit", {**once, "symbol": "BTC"}),
        ):
            with pytest.raises(Refused) as refused:
                await client.call("POST", f"/api/v1/account/{kind}", body)
            assert (refused.value.status, refused.value.code) == (409, "CONFLICT")
        again = await client.call("POST", "/api/v1/account/transfer", {**once, "toUsername": "ts1-bob"})
        assert again == {"status": "ok", "balance": "995"}
        assert await balances_of(client) == {"USDT": ("995", "0")}
        assert await balances_of(traders["ts1-bob"]) == {"USDT": ("1005", "0")}


@pytest.mark.trio
async def test_of_two_contents_at_once_under_one_trans_id_one_is_booked(rialto: Rialto) -> None:
    async with open_traders(rialto, ["ts1-cid"], {"USDT": "1000"}) as traders, AsyncExitStack() as stack:
        client = traders["ts1-cid"]
        others = [await stack.enter_async_context(open_another(rialto, client)) for _ in range(8)]
        heard: Counter[str] = Counter()

        async def send(through: RestClient, amount: str) -> None:
            try:
                heard[(await through.deposit("either", "USDT", amount))["balance"]] += 1
            except Refused as refused:
                heard[refused.code] += 1

        async with trio.open_nursery() as nursery:
            for number, other in enumerate(others):
                nursery.start_soon(send, other, "1" if number % 2 else "2")
        [(total, _)] = (await balances_of(client)).values()
        assert heard == {total: 4, "CONFLICT": 4}
        assert total in ("1001", "1002")


# TS-2: a thousand orders at once


@pytest.mark.trio
async def test_a_thousand_orders_at_once_end_as_if_they_had_come_one_by_one(rialto: Rialto) -> None:
    """Over both doors, by twenty accounts; the naive exchange is given them in the order of their ids."""
    chance = random.Random(SEED)
    funds = {"BTC": "1000", "USDT": "1000000"}
    names = [f"ts2-{number}" for number in range(20)]
    async with open_traders(rialto, names, funds) as traders, open_streams(rialto, traders) as streams:
        accepted: dict[int, tuple[str, Order]] = {}

        async def send(name: str, order: Order, door: RestClient | StreamClient) -> None:
            placed = await until_known(partial(door.place, order))
            accepted[int(placed["orderId"])] = (name, order)

        with trio.fail_after(PATIENCE_S):
            async with trio.open_nursery() as nursery:
                for number in range(1_000):
                    name = chance.choice(names)
                    door = chance.choice((traders[name], streams[name]))
                    order = {**any_order(chance, "BTC_USDT"), "clientOrderId": f"order {number}"}
                    nursery.start_soon(send, name, order, door)
        assert len(accepted) == 1_000

        exchange = twin.make(names, funds, "BTC_USDT", tick="0.01", lot="0.00000001")
        for _, (name, order) in sorted(accepted.items()):
            assert "code" not in twin.place(exchange, name, order), f"seed {SEED}"
        assert await twin.differences(traders, exchange, "BTC_USDT") == [], f"seed {SEED}"
        assert len(exchange.trades) > 200


# TS-3: buying by amount


@pytest.mark.trio
async def test_a_market_order_by_amount_walks_the_asks_and_its_rest_is_cancelled(rialto: Rialto) -> None:
    r"""Asks, and what 10,000 USDT at the market make of them.

    2300.00  5   out of reach: the edge is 2000 x 1.10
    2010.00  2   bought for 4020
    2001.50  1   bought for 2001.5
    2000.00  1   bought for 2000            8021.5 spent, 1978.5 come back
    """
    async with open_traders(rialto, ["ts3-seller", "ts3-buyer"], {"ETH": "10", "USDT": "10000"}) as traders:
        seller, buyer = traders.values()
        for price, quantity in (("2300", "5"), ("2010", "2"), ("2000", "1"), ("2001.5", "1")):
            await seller.place(limit("ETH_USDT", "sell", price, quantity))
        placed = await buyer.place({"symbol": "ETH_USDT", "side": "buy", "type": "market_by_amount", "amount": "10000"})

        order = placed["order"]
        assert placed == {"orderId": order["orderId"], "status": "accepted", "order": order}
        assert order | {"orderId": "", "createdAt": 0, "updatedAt": 0} == {
            "orderId": "",
            "clientOrderId": None,
            "symbol": "ETH_USDT",
            "side": "buy",
            "type": "market_by_amount",
            "timeInForce": "IOC",
            "postOnly": False,
            "price": None,
            "quantity": None,
            "amount": "10000",
            "state": "cancelled",
            "filledQuantity": "4",
            "remainingQuantity": None,
            "cancelledQuantity": None,
            "filledAmount": "8021.5",
            "averagePrice": "2005.375",
            "fee": "0.004",
            "feeAsset": "ETH",
            "createdAt": 0,
            "updatedAt": 0,
        }
        assert await buyer.order(order["orderId"]) == order
        assert await balances_of(buyer) == {"ETH": ("13.996", "0"), "USDT": ("1978.5", "0")}
        assert await balances_of(seller) == {"ETH": ("1", "5"), "USDT": ("18013.4785", "0")}
        assert (await buyer.book("ETH_USDT"))["asks"] == [["2300", "5"]]

        logs = [
            (log["symbol"], log["changeType"], log["amount"], log["after"])
            for log in await all_of(buyer, "/api/v1/account/logs", "id")
        ]
        assert sorted(logs[2:5]) == [
            ("ETH", "fee", "-0.001", "10.999"),
            ("ETH", "trade", "1", "11"),
            ("USDT", "trade", "-2000", "8000"),
        ]
        assert sorted(logs[5:8]) == [
            ("ETH", "fee", "-0.001", "11.998"),
            ("ETH", "trade", "1", "11.999"),
            ("USDT", "trade", "-2001.5", "5998.5"),
        ]
        assert sorted(logs[8:]) == [
            ("ETH", "fee", "-0.002", "13.996"),
            ("ETH", "trade", "2", "13.998"),
            ("USDT", "trade", "-4020", "1978.5"),
        ]
        fees = [fill["fee"] for fill in await all_of(seller, "/api/v1/account/trades", "tradeId")]
        assert fees == ["2", "2.0015", "4.02"]
        freezes = await buyer.call("GET", "/api/v1/account/freezes")
        assert [(f["symbol"], f["amount"], f["transId"], f["status"]) for f in freezes] == [
            ("USDT", "0", order["orderId"], "released")
        ]
        cancelled = await buyer.cancel(order["orderId"])  # what cancelled itself can be cancelled again
        assert cancelled == {"orderId": order["orderId"], "status": "cancelled", "order": order}


# TS-4: the socket


@pytest.mark.trio
async def test_who_is_cut_off_and_comes_back_has_the_book_and_every_trade_once(rialto: Rialto) -> None:
    """Both trade channels bring each trade once; what was missed is a list over REST, numbered alike."""
    chance = random.Random(SEED)
    async with open_traders(rialto, ["ts4-ann", "ts4-bob"], {"ETH": "1000", "BTC": "1000"}) as traders:
        watcher = traders["ts4-ann"]

        async def trade(orders: int) -> None:
            for _ in range(orders):
                client = chance.choice(list(traders.values()))
                price, quantity = f"0.05{chance.randint(0, 9)}", str(chance.randint(1, 5))
                await client.place(limit("ETH_BTC", chance.choice(("buy", "sell")), price, quantity))
            await watcher.place(limit("ETH_BTC", "buy", "0.001", "1"))  # the last one changes the book

        await trade(10)  # what is there before is in the snapshot
        before = Watched()
        with trio.fail_after(PATIENCE_S):
            async with open_stream(rialto.websocket_url) as stream:
                await stream.subscribe("ticker:ETH_BTC", "trades:ETH_BTC", "book:ETH_BTC")
                await before.read_until_subscribed(stream)
                await trade(60)
                await before.read_until(stream, await watcher.book("ETH_BTC", 1_000))
                await cut(stream)
            await trade(40)  # nobody watches
            after = Watched()
            async with open_stream(rialto.websocket_url) as stream:
                await stream.subscribe("ticker:ETH_BTC", "trades:ETH_BTC", "book:ETH_BTC")
                await after.read_until_subscribed(stream)
                assert after.shown() == book_shown(await watcher.book("ETH_BTC", 1_000))
                await trade(60)
                await after.read_until(stream, await watcher.book("ETH_BTC", 1_000))

        listed = {trade["seq"]: trade for trade in await all_of(watcher, "/api/v1/symbols/ETH_BTC/trades", "tradeId")}
        assert [*listed] == list(range(1, len(listed) + 1))
        pushed = [*before.trades, *after.trades]
        numbers = [push["seq"] for push in pushed]
        assert numbers == sorted(set(numbers))
        assert before.trades
        assert after.trades
        assert len(numbers) < len(listed), "some were missed while nobody watched"
        for push in pushed:
            assert push["prevSeq"] == push["seq"] - 1
            assert {field: push[field] for field in listed[push["seq"]]} == listed[push["seq"]]
        for watched in (before, after):
            seen = [push["seq"] for push in watched.trades]
            assert seen == list(range(seen[0], seen[-1] + 1))


class Watched:
    """What a subscriber makes of the messages: the trades in their order, and the book from snapshot and changes."""

    def __init__(self) -> None:
        self.trades: list[Order] = []
        self.sides: dict[str, dict[str, str]] = {}
        self.seq = 0
        self.ticker_seen = False

    async def read_until_subscribed(self, stream: StreamClient) -> None:
        while not self.sides or not self.ticker_seen:
            self.take(await stream.next_message())

    async def read_until(self, stream: StreamClient, book: Order) -> None:
        """Read up to the state of a book that was asked for over REST."""
        while self.seq < book["sequence"]:
            self.take(await stream.next_message())
        assert self.shown() == book_shown(book)

    def take(self, message: Order) -> None:
        kind, channel = message["type"], message.get("channel")
        assert kind not in ("error", "gap"), message
        if kind == "trade":
            assert channel == "trades:ETH_BTC"
            self.trades.append(message)
        elif channel == "ticker:ETH_BTC":
            self.ticker_seen = True
        elif channel == "book:ETH_BTC":
            if kind == "snapshot":
                self.sides = {"bids": {}, "asks": {}}
            else:
                assert message["prevSeq"] == self.seq
            self.seq = message["seq"]
            for side, levels in self.sides.items():
                levels.update(message[side])

    def shown(self) -> Order:
        """The levels that are there; "0" means that one has gone."""
        return {side: {p: q for p, q in levels.items() if q != "0"} for side, levels in self.sides.items()}


def book_shown(book: Order) -> Order:
    return {side: dict(book[side]) for side in ("bids", "asks")}
