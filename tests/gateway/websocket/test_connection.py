"""Subscriptions over a real socket: what comes, to whom, and what does not."""

import msgspec
import pytest

from engine.ledger.chart import OUTSIDE
from engine.ledger.commands import ListMarket, MovementKind, MoveMoney
from engine.products import SPOT, write_definition
from engine.spot.symbol import SpotSymbol, make_symbol
from gateway.websocket.frames import SUBSCRIPTIONS_MAX
from gateway.websocket.socket import BAD_MESSAGES_MAX
from tests.actors.exchanges import ALICE, BOB, limit, place
from tests.gateway.websocket.houses import Client, open_house

pytestmark = pytest.mark.trio

BTC_USDT = "BTC_USDT"
BOOK, TICKER, TRADES = "book:BTC_USDT", "ticker:BTC_USDT", "trades:BTC_USDT"


async def next_of(client: Client, channel: str) -> object:
    """The next message of a channel; others are read over."""
    while True:
        message = await client.receive()
        if message.get("channel") == channel:
            return message


# Market data


async def test_a_trade_as_the_specification_shows_it_with_its_numbers() -> None:
    async with open_house() as house:
        await house.rich("alice", "bob")
        async with house.connect() as client:
            assert await client.subscribe(TRADES) == []
            await place(house.exchange, limit(ALICE, "buy", "100", "2"))
            await place(house.exchange, limit(BOB, "sell", "99.5", "0.25"))
            trade = await client.receive()
            assert isinstance(trade.pop("createdAt"), int)
            assert trade == {
                "type": "trade",
                "channel": TRADES,
                "seq": 1,
                "prevSeq": 0,
                "symbol": BTC_USDT,
                "price": "100",
                "quantity": "0.25",
                "tradeId": "1",
                "side": "sell",
            }


async def test_a_book_is_a_snapshot_and_then_absolute_quantities() -> None:
    async with open_house() as house:
        await house.rich("alice", "bob")
        await place(house.exchange, limit(ALICE, "buy", "99", "1"))
        await place(house.exchange, limit(ALICE, "buy", "100", "2"))
        await place(house.exchange, limit(BOB, "sell", "101.5", "3"))
        async with house.connect() as client:
            assert await client.subscribe(BOOK) == [
                {
                    "type": "snapshot",
                    "channel": BOOK,
                    "seq": 3,
                    "symbol": BTC_USDT,
                    "bids": [["100", "2"], ["99", "1"]],
                    "asks": [["101.5", "3"]],
                }
            ]
            await place(house.exchange, limit(BOB, "sell", "100", "2.5"))
            assert await client.receive() == {
                "type": "book",
                "channel": BOOK,
                "seq": 5,
                "prevSeq": 3,
                "symbol": BTC_USDT,
                "bids": [["100", "0"]],
                "asks": [["100", "0.5"]],
            }


async def test_a_ticker_brings_trades_too_and_each_once() -> None:
    async with open_house() as house:
        await house.rich("alice", "bob")
        await place(house.exchange, limit(ALICE, "buy", "100", "2"))
        async with house.connect() as client:
            (snapshot,) = await client.subscribe(TICKER, TRADES)
            state = {"symbol": BTC_USDT, "last": None, "bid": "100", "ask": None}
            assert snapshot == {"type": "snapshot", "channel": TICKER, "seq": 1, **state}
            await place(house.exchange, limit(BOB, "sell", "100", "1"))
            await place(house.exchange, limit(BOB, "sell", "100", "1"))
            first, ticker, second, last = await client.receive_many(4)
            assert [first["type"], second["type"]] == ["trade", "trade"]
            assert [first["seq"], second["seq"]] == [1, 2]
            assert ticker == {"type": "ticker", "channel": TICKER, "seq": 3, "prevSeq": 1, **state, "last": "100"}
            assert (last["bid"], last["prevSeq"]) == (None, 3)
            await client.quiet()


async def test_trades_go_on_until_the_last_of_both_subscriptions_is_gone() -> None:
    async with open_house() as house:
        await house.rich("alice", "bob")
        await place(house.exchange, limit(ALICE, "buy", "100", "9"))
        async with house.connect() as client:
            await client.subscribe(TICKER, TRADES)
            assert await client.ask({"unsubscribe": [TICKER]}) == {"type": "unsubscribed", "channels": [TICKER]}
            await place(house.exchange, limit(BOB, "sell", "100", "1"))
            assert (await client.receive())["type"] == "trade"
            await client.ask({"unsubscribe": [TRADES]})
            await place(house.exchange, limit(BOB, "sell", "100", "1"))
            await client.quiet()


async def test_after_a_reconnect_there_is_a_fresh_snapshot() -> None:
    """TS-4 of the specification."""
    async with open_house() as house:
        await house.rich("alice", "bob")
        async with house.connect() as client:
            await client.subscribe(BOOK, TICKER)
            await place(house.exchange, limit(ALICE, "buy", "100", "2"))
            await next_of(client, TICKER)
        await place(house.exchange, limit(BOB, "sell", "100", "0.5"))
        async with house.connect() as client:
            book, ticker = await client.subscribe(BOOK, TICKER)
            assert (book["type"], book["seq"], book["bids"]) == ("snapshot", 3, [["100", "1.5"]])
            assert (ticker["type"], ticker["seq"], ticker["last"]) == ("snapshot", 3, "100")


async def test_subscribing_again_brings_another_snapshot() -> None:
    async with open_house() as house:
        await house.rich("alice")
        async with house.connect(await house.log_in("alice")) as client:
            first = await client.subscribe(BOOK, "balances")
            again = await client.subscribe(BOOK, "balances")
            assert sorted(map(str, first)) == sorted(map(str, again))


async def test_a_symbol_that_is_listed_later_has_its_channels() -> None:
    async with open_house() as house, house.connect() as client:
        assert (await client.ask({"subscribe": ["book:BTC_USD"]}))["code"] == "NOT_FOUND"
        assert await client.receive() == {"type": "subscribed", "channels": []}
        symbol = make_symbol("BTC_USD", tick="0.01", lot="0.01")
        assert isinstance(symbol, SpotSymbol)
        await house.exchange.accounts.ask(ListMarket(SPOT, "BTC_USD", write_definition(symbol)))
        (snapshot,) = await client.subscribe("book:BTC_USD")
        assert (snapshot["seq"], snapshot["bids"]) == (0, [])


async def test_all_get_the_same() -> None:
    async with open_house() as house:
        await house.rich("alice")
        async with house.connect() as one, house.connect() as other:
            assert await one.subscribe(BOOK, TICKER) == await other.subscribe(BOOK, TICKER)
            await place(house.exchange, limit(ALICE, "buy", "100", "2"))
            assert await one.receive_many(2) == await other.receive_many(2)


# Private channels


async def test_private_channels_begin_with_snapshots_and_share_their_numbers() -> None:
    async with open_house() as house:
        await house.rich("alice", "bob")
        await place(house.exchange, limit(ALICE, "buy", "100", "2", client_order_id="mine"))
        async with house.connect(await house.log_in("alice")) as client:
            orders, fills, balances = await client.subscribe("orders", "fills", "balances")
            seq = orders["seq"]
            assert (orders["type"], orders["channel"]) == ("snapshot", "orders")
            assert [(o["clientOrderId"], o["state"], o["price"]) for o in orders["orders"]] == [("mine", "new", "100")]
            assert fills == {"type": "snapshot", "channel": "fills", "seq": seq}
            assert balances == {
                "type": "snapshot",
                "channel": "balances",
                "seq": seq,
                "balances": [
                    {"symbol": "BTC", "total": "1000", "available": "1000", "frozen": "0"},
                    {"symbol": "USDT", "total": "1000000", "available": "999800", "frozen": "200"},
                ],
            }
            await place(house.exchange, limit(BOB, "sell", "100", "2"))
            fill, order, *moved = await client.receive_many(4)
            assert (fill["type"], fill["channel"], fill["seq"], fill["prevSeq"]) == ("fill", "fills", seq + 1, seq)
            assert (fill["fill"]["quantity"], fill["fill"]["isMaker"], fill["fill"]["feeAsset"]) == ("2", True, "BTC")
            assert (order["type"], order["channel"], order["seq"], order["prevSeq"]) == (
                "order",
                "orders",
                seq + 2,
                seq,
            )
            assert (order["order"]["state"], order["order"]["clientOrderId"]) == ("filled", "mine")
            numbers = [(m["type"], m["channel"], m["seq"], m["prevSeq"]) for m in moved]
            assert numbers == [
                ("balance", "balances", seq + 3, seq),
                ("balance", "balances", seq + 4, seq + 3),
            ]
            assert {m["balance"]["symbol"]: m["balance"]["total"] for m in moved} == {
                "USDT": "999800",
                "BTC": "1001.998",
            }


async def test_a_deposit_is_pushed() -> None:
    async with open_house() as house, house.connect(await house.user("alice")) as client:
        assert (await client.subscribe("balances"))[0]["balances"] == []
        deposit = MoveMoney(MovementKind.DEPOSIT, ALICE, "d1", "USD", 12_345, OUTSIDE)
        await house.exchange.accounts.ask(deposit)
        message = await client.receive()
        assert message["balance"] == {"symbol": "USD", "total": "1.2345", "available": "1.2345", "frozen": "0"}


async def test_nobody_hears_of_another() -> None:
    async with open_house() as house:
        await house.rich("alice", "bob")
        async with house.connect(await house.user("carol")) as carol:
            await carol.subscribe("orders", "fills", "balances")
            await place(house.exchange, limit(ALICE, "buy", "100", "2"))
            await place(house.exchange, limit(BOB, "sell", "100", "1"))
            await carol.quiet()


@pytest.mark.parametrize(
    "channel", ["account:1", "account:0", "orders:1", "orders ", "Orders", "balances:alice", "fills\x00", ""]
)
async def test_the_inner_names_of_streams_are_no_channels(channel: str) -> None:
    async with open_house() as house, house.connect(await house.user("bob")) as client:
        error = await client.ask({"subscribe": [channel]})
        assert (error["type"], error["status"], error["code"]) == ("error", 404, "NOT_FOUND")
        assert error["channel"] == channel


async def test_a_visitor_has_no_private_channels() -> None:
    async with open_house() as house, house.connect() as client:
        await client.send({"subscribe": ["orders", BOOK, "fills", "balances"]})
        errors = await client.receive_many(3)
        assert [(e["type"], e["status"], e["code"], e["channel"]) for e in errors] == [
            ("error", 401, "UNAUTHORIZED", channel) for channel in ("orders", "fills", "balances")
        ]
        assert await client.receive() == {"type": "subscribed", "channels": [BOOK]}
        assert (await client.receive())["type"] == "snapshot"


# What is turned down


async def test_a_bad_channel_does_not_hurt_its_neighbours() -> None:
    async with open_house() as house, house.connect() as client:
        await client.send({"subscribe": ["book:NONE", TRADES, "candles:BTC_USDT", "book:" + "x" * 500]})
        errors = await client.receive_many(3)
        assert [error["code"] for error in errors] == ["NOT_FOUND"] * 3
        assert [len(error["channel"]) for error in errors] == [9, 16, 64]
        assert await client.receive() == {"type": "subscribed", "channels": [TRADES]}


async def test_what_is_not_subscribed_can_not_be_unsubscribed() -> None:
    async with open_house() as house, house.connect() as client:
        error = await client.ask({"unsubscribe": [BOOK]})
        assert (error["code"], error["channel"]) == ("NOT_FOUND", BOOK)


async def test_a_socket_has_so_many_channels_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.websocket.channels.SUBSCRIPTIONS_MAX", 2)
    async with open_house() as house, house.connect() as client:
        error = await client.ask({"subscribe": [TRADES, BOOK, TICKER]})
        assert (error["status"], error["code"], error["channel"]) == (429, "TOO_MANY_REQUESTS", TICKER)
        assert error["message"] == "a connection has at most 2 channels"
        assert await client.receive() == {"type": "subscribed", "channels": [TRADES, BOOK]}


async def test_one_frame_names_so_many_channels_and_no_more() -> None:
    async with open_house() as house, house.connect() as client:
        error = await client.ask({"subscribe": ["x"] * (SUBSCRIPTIONS_MAX + 1)})
        assert (error["type"], error["status"], error["code"]) == ("error", 400, "MALFORMED")
        assert error["message"] == "subscribe must have at most 200 entries"
        await client.quiet()


GARBAGE = [
    b"",
    b" ",
    b"{",
    b"null",
    b"[]",
    b"7",
    b'"subscribe"',
    b"{}",
    b'{"subscribe":"trades:BTC_USDT"}',
    b'{"subscribe":[1]}',
    b'{"subscribe":[null]}',
    b'{"subscribe":{}}',
    b'{"subscribe":["\\ud800"]}',
    b'{"subscribe":["a"],"subscribe":["b"]}',
    b'{"op":"buy","order":{}}',
    b'{"op":7}',
    b'{"op":"place"}',
    b'{"id":"7"}',
    b'{"op":"place","id":1.5}',
    b'{"op":"place","id":1e400}',
    b'{"op":"place","id":9007199254740992}',
    b'{"op":"place","id":""}',
    b'{"op":"place","id":"a\\u0000"}',
    b'{"op":"place","id":"' + b"x" * 65 + b'"}',
    b'{"op":"place","id":["7"]}',
    b'{"subscribe":' + b"[" * 5_000 + b"]" * 5_000 + b"}",
    b'{"x":' + b"9" * 5_000 + b"}",
    b"\xff\xfe",
    b'{"subscribe":["\xff"]}',
]


@pytest.mark.parametrize("raw", GARBAGE, ids=lambda raw: repr(raw[:30]))
async def test_what_can_not_be_read_is_answered_and_the_socket_stays(raw: bytes) -> None:
    async with open_house() as house, house.connect(await house.user("alice")) as client:
        await client.socket.send_message(raw)
        error = await client.receive()
        assert error.get("code", error.get("body", {}).get("code")) == "MALFORMED"
        assert error["status"] == 400
        assert "Traceback" not in str(error)
        await client.quiet()


async def test_text_and_binary_frames_are_the_same() -> None:
    async with open_house() as house, house.connect() as client:
        await client.socket.send_message(msgspec.json.encode({"subscribe": [TRADES]}))
        assert await client.receive() == {"type": "subscribed", "channels": [TRADES]}


async def test_too_much_that_can_not_be_read_closes_the_socket() -> None:
    async with open_house() as house, house.connect() as client:
        for _ in range(BAD_MESSAGES_MAX):
            await client.socket.send_message("{")
        code, reason = await client.closed()
        assert code == 1008
        assert "can't be read" in reason


async def test_a_message_that_is_too_long_closes_the_socket() -> None:
    async with open_house() as house, house.connect() as client:
        await client.socket.send_message('{"subscribe":["' + "x" * 70_000 + '"]}')
        assert (await client.closed())[0] == 1009
