"""A session on a real socket: pieces, floods, slow readers, and all the ways in which it ends."""

from contextlib import suppress

import msgspec
import pytest
import trio

from gateway.guard import MESSAGE_LENGTH_MAX
from gateway.stomp.codec import FRAME_BYTES_MAX, Frame
from gateway.stomp.topics import ALL_PRICES
from tests.gateway.raw_sockets import CLOSE, TEXT, reset
from tests.gateway.stomp.houses import open_house
from tests.gateway.stomp.states import price

pytestmark = pytest.mark.trio

PRICE_1 = "/topic/market/1/price"


def market_and_price(frame: Frame) -> tuple[int, float]:
    assert frame.command == "MESSAGE", frame
    body = msgspec.json.decode(frame.body)
    return body["marketId"], body["yesPrice"]


@pytest.mark.parametrize("binary", [False, True])
async def test_the_state_and_its_changes_over_text_and_binary(binary: bool) -> None:
    async with open_house() as house, house.open() as client:
        client.binary = binary
        await client.ask("CONNECT", accept_version="1.1,1.2")
        assert market_and_price(await client.subscribe(PRICE_1)) == (1, 50)
        house.board.show(price(1, "51.5"))
        assert market_and_price(await client.receive()) == (1, 51.5)
        first = await client.subscribe(ALL_PRICES, "all")
        assert [each["marketId"] for each in msgspec.json.decode(first.body)] == [1, 2]
        house.board.show(price(2, "49"))
        assert market_and_price(await client.receive()) == (2, 49)


async def test_a_message_may_hold_half_a_frame_or_many() -> None:
    async with open_house() as house, house.open() as client:
        raw = (
            b"CONNECT\naccept-version:1.2\n\n\0\n"
            b"SUBSCRIBE\nid:a\ndestination:/topic/market/1/price\nreceipt:1\n\n\0"
            b"UNSUBSCRIBE\nid:a\nreceipt:2\n\n\0"
        )
        for start in range(0, len(raw), 7):
            await client.send(raw[start : start + 7])
        await client.send(b"SUBSCRIBE\nid:b\ndestination:/topic/market/1/orderbook\n\n\0DISCONNECT\nreceipt:3\n\n\0")
        frames = [await client.receive()]
        while frames[-1].headers.get("receipt-id") != "3":
            frames.append(await client.receive())
        assert [frame.headers["receipt-id"] for frame in frames if frame.command == "RECEIPT"] == ["1", "2", "3"]
        assert await client.closed() == 1000


async def test_an_error_is_the_last_word() -> None:
    async with open_house() as house, house.connect() as client:
        await client.subscribe(PRICE_1)
        await client.send(b"SEND\ndestination:/topic/prices/all\nreceipt:77\n\n{}\0ACK\n\n\0")
        error = await client.receive()
        assert (error.command, error.headers["receipt-id"]) == ("ERROR", "77")
        assert await client.closed() == 1008
        assert house.board._feeds == {}


@pytest.mark.parametrize("raw", [b"GET / HTTP/1.1\n", b'{"subscribe":["book:BTC_USDT"]}\n', b"\0", b"\xff\n"])
async def test_who_speaks_something_else_is_told(raw: bytes) -> None:
    async with open_house() as house, house.open() as client:
        client.binary = True
        await client.send(raw)
        assert await client.refused() == ("MALFORMED", 1008)


async def test_a_frame_that_is_too_long_is_told_too() -> None:
    async with open_house() as house, house.connect() as client:
        for _ in range(2):
            await client.send(b"SEND\n\n".ljust(MESSAGE_LENGTH_MAX // 2 + 1, b"x"))
        error = await client.receive()
        assert error.headers["message"] == f"a frame has at most {FRAME_BYTES_MAX} bytes"
        assert await client.closed() == 1008


async def test_a_stop_is_told_and_closes() -> None:
    async with open_house() as house, house.connect() as client, house.open() as silent:
        await client.subscribe(PRICE_1)
        house.gateway.shutdown.set()
        assert await client.refused() == ("SHUTTING_DOWN", 1001)
        assert await silent.refused() == ("SHUTTING_DOWN", 1001)


async def test_who_leaves_without_a_word_leaves_nothing_behind() -> None:
    async with open_house() as house:
        async with house.connect() as closing, house.connect() as resetting:
            await closing.subscribe(PRICE_1)
            await resetting.subscribe(ALL_PRICES)
            await closing.raw.send(CLOSE, (1000).to_bytes(2, "big"))
            assert await closing.closed() == 1000
            reset(resetting.raw.stream)
        await house.empty()
        assert house.board._feeds == {}


async def test_we_beat_in_time() -> None:
    """As often as we can, which is once in a second."""
    async with open_house() as house, house.connect(heart_beat="0,1") as client:
        for _ in range(2):
            with trio.fail_after(1):
                assert await client.raw.receive_message() == (TEXT, b"\n")


# Who does not read, and who does not stop writing


@pytest.mark.slow
async def test_a_slow_reader_gets_the_newest_of_each_market_in_the_end_and_nobody_waits_for_it() -> None:
    markets, rounds = range(1, 201), range(1, 100)  # five megabytes of messages: above what the kernel keeps
    async with open_house() as house, house.open(receive_buffer=4096) as slow, house.connect() as eager:
        await slow.ask("CONNECT", accept_version="1.2")
        for client in (slow, eager):
            await client.subscribe(ALL_PRICES)
        for yes in rounds:
            for market_id in markets:
                house.board.show(price(market_id, str(yes)))
            assert [market_and_price(await eager.receive()) for _ in markets] == [(each, yes) for each in markets]
        count, last = 0, dict.fromkeys(markets, 0.0)
        while set(last.values()) != {rounds[-1]}:
            market_id, yes_price = market_and_price(await slow.receive())
            assert yes_price > last[market_id]
            last[market_id] = yes_price
            count += 1
        assert count < len(markets) * len(rounds)


async def test_a_flood_of_frames_with_receipts_is_held_back_and_then_cut() -> None:
    """What waits for a client that does not read is bounded, and the others are served."""
    async with (
        open_house(send_deadline_s=0.5) as house,
        house.open(receive_buffer=4096) as flooder,
        house.connect() as client,
    ):
        await flooder.ask("CONNECT", accept_version="1.2")
        flooded = (await flooder.subscribe(PRICE_1)).headers["message-id"]
        served = (await client.subscribe(PRICE_1)).headers["message-id"]
        flood = f"ACK\nid:{flooded}\nreceipt:{'r' * 60}\n\n\0".encode() * 700
        sent, cut = 0, trio.Event()

        async def send() -> None:
            nonlocal sent
            with suppress(trio.BrokenResourceError):
                while sent < 1_000:
                    await flooder.send(flood)
                    sent += 1
            cut.set()

        async with trio.open_nursery() as nursery:
            nursery.start_soon(send)
            with trio.fail_after(10):
                while not cut.is_set():
                    assert (await client.ask("ACK", id=served, receipt="r")).command == "RECEIPT"
                    await trio.sleep(0.01)
        assert 0 < sent < 1_000
