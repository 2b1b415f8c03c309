"""Clients that don't read, or write without end: they get gaps or wait, the others notice nothing, memory stays."""

import multiprocessing
from contextlib import suppress
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import msgspec
import pytest
import structlog
import trio

from actors.pushes import Post, Trade
from tests.actors.exchanges import ALICE, BOB, limit, place
from tests.actors.test_lines import record
from tests.gateway.raw_sockets import TEXT, RawWebSocket, websocket
from tests.gateway.websocket.houses import Client, House, open_house
from tests.gateway.websocket.test_commands import counting_orders, placing

pytestmark = pytest.mark.trio

TRADES = "trades:BTC_USDT"
MEBIBYTE = 2**20
STUCK = 200
FLOOD = 10_000


def subscribe(*channels: str) -> bytes:
    return msgspec.json.encode({"subscribe": channels})


async def receive(raw: RawWebSocket) -> Any:
    opcode, payload = await raw.receive_message()
    assert opcode == TEXT, (opcode, payload)
    return msgspec.json.decode(payload)


def push_trades(house: House, first: int, count: int) -> None:
    """Have the broadcaster push so many trades, without the market's work."""
    broadcaster: Any = house.exchange.supervisor._children["broadcaster"].actor
    market = broadcaster._by_channel["BTC_USDT"].market
    for number in range(first, first + count):
        broadcaster._subscriptions.push(TRADES, Post(Trade(market, record(number))))


@pytest.mark.slow
async def test_a_slow_reader_is_told_what_it_missed_and_nobody_else_waits() -> None:
    last = 8_000  # a megabyte and a half: above what the kernel keeps for a reader
    async with (
        open_house() as house,
        house.connect() as eager,
        websocket(house.port, path=b"/ws", receive_buffer=4096) as slow,
    ):
        await slow.send(TEXT, subscribe(TRADES))
        assert (await receive(slow))["type"] == "subscribed"
        await eager.subscribe(TRADES)
        for first in range(1, last, 200):
            push_trades(house, first, 200)
            numbers = [message["seq"] for message in await eager.receive_many(200)]
            assert numbers == list(range(first, first + 200))
        heard, gaps = 0, 0
        while heard < last:
            message = await receive(slow)
            if message["type"] == "gap":
                assert (message["channel"], message["from"]) == (TRADES, heard + 1)
                heard = message["to"]
                gaps += 1
            else:
                assert (message["seq"], message["prevSeq"]) == (heard + 1, heard)
                heard = message["seq"]
        assert gaps >= 1


async def test_a_slow_reader_holds_the_book_of_the_others_in_the_end() -> None:
    async with (
        open_house() as house,
        house.connect() as eager,
        websocket(house.port, path=b"/ws", receive_buffer=4096) as slow,
    ):
        await house.rich("alice", "bob")
        for reader in (slow,):
            await reader.send(TEXT, subscribe("book:BTC_USDT", TRADES))
        await eager.subscribe("book:BTC_USDT")
        push_trades(house, 1, 2_000)
        for number in range(200):
            await place(house.exchange, limit(ALICE, "buy", str(100 + number % 7), "1"))
            await place(house.exchange, limit(BOB, "sell", str(103 + number % 5), "1"))
        end = max(message["seq"] for message in await read_book(eager))
        books: list[Any] = []
        while not books or books[-1]["seq"] < end:
            message = await receive(slow)
            if message.get("channel") == "book:BTC_USDT":
                books.append(message)
        async with house.connect() as witness:
            (truth,) = await witness.subscribe("book:BTC_USDT")
        assert book_of(books) == book_of([truth])


async def read_book(client: Client) -> list[Any]:
    """All that has come of a book."""
    await client.send({"unsubscribe": ["nothing"]})
    messages = []
    while (message := await client.receive())["type"] != "unsubscribed":
        if message.get("channel") == "book:BTC_USDT":
            messages.append(message)
    return messages


def book_of(messages: list[Any]) -> dict[tuple[str, str], str]:
    """Follow a snapshot and its changes; (side, price): quantity."""
    levels: dict[tuple[str, str], str] = {}
    seq = None
    for message in messages:
        if message["type"] == "snapshot":
            levels.clear()
        else:
            assert message["prevSeq"] == seq
        seq = message["seq"]
        levels |= {(side, price): quantity for side in ("bids", "asks") for price, quantity in message[side]}
    return {key: quantity for key, quantity in levels.items() if quantity != "0"}


async def test_who_writes_without_reading_is_held_back_then_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    """What it may have under way is bounded, and the others are served."""
    async with open_house(send_deadline_s=0.5) as house:
        await house.rich("alice", "bob")
        placed = counting_orders(house, monkeypatch)
        bob = f"Authorization: Bearer {await house.log_in('bob')}\r\n".encode()
        cut = trio.Event()
        async with (
            house.connect(await house.log_in("alice")) as client,
            websocket(house.port, path=b"/ws", headers=bob, receive_buffer=4096) as flooder,
            trio.open_nursery() as nursery,
        ):

            async def flood() -> None:
                with suppress(trio.BrokenResourceError):
                    for number in range(FLOOD):
                        await flooder.send(TEXT, msgspec.json.encode(placing(number, symbol="N" * 64)))
                cut.set()

            nursery.start_soon(flood)
            while not cut.is_set():
                assert (await client.ask({"op": "cancel_all", "id": 1}))["status"] == 200
                await trio.sleep(0.01)
        assert 0 < len(placed) < FLOOD


# Memory, in a process of its own


def serve_house(to_parent: Connection) -> None:
    """Serve until killed; tell the parent the port and a token."""
    structlog.configure(processors=[structlog.processors.KeyValueRenderer()])

    async def main() -> None:
        async with open_house() as house:
            await house.rich("alice")
            to_parent.send((house.port, await house.log_in("alice")))
            await trio.sleep_forever()

    trio.run(main)


def resident_bytes(pid: int | None) -> int:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1024
    raise AssertionError("no VmRSS in /proc")


async def place_and_cancel(raw: RawWebSocket, count: int) -> None:
    """Change the book so many times; it ends as it was."""

    async def send() -> None:
        for number in range(count):
            if number % 2:
                await raw.send(TEXT, b'{"op":"cancel_all","id":0}')
            else:
                await raw.send(TEXT, msgspec.json.encode(placing(number, price=str(1 + number % 5_000))))

    async with trio.open_nursery() as nursery:
        nursery.start_soon(send)
        for _ in range(count):
            assert (await receive(raw))["status"] in (200, 201)


@pytest.mark.slow
async def test_200_stuck_subscribers_and_10_000_commands_stay_below_64_mebibytes() -> None:
    """What storage in memory keeps of the commands is measured first, and does not count."""
    spawn = multiprocessing.get_context("spawn")
    from_child, to_parent = spawn.Pipe()
    child = spawn.Process(target=serve_house, args=(to_parent,), daemon=True)
    child.start()
    try:
        port, token = await trio.to_thread.run_sync(from_child.recv)
        headers = f"Authorization: Bearer {token}\r\n".encode()
        async with websocket(port, path=b"/ws", headers=headers) as flooder:
            await place_and_cancel(flooder, FLOOD // 2)
            before = resident_bytes(child.pid)
            await place_and_cancel(flooder, FLOOD // 2)
            kept = max(resident_bytes(child.pid) - before, 0)
            before = peak = resident_bytes(child.pid)
            async with trio.open_nursery() as nursery:

                async def stuck(task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
                    async with websocket(port, path=b"/ws", receive_buffer=4096, headers=headers) as raw:
                        await raw.send(
                            TEXT, subscribe("book:BTC_USDT", "ticker:BTC_USDT", "orders", "fills", "balances")
                        )
                        task_status.started()
                        await trio.sleep_forever()

                async def watch_memory() -> None:
                    nonlocal peak
                    while True:
                        peak = max(peak, resident_bytes(child.pid))
                        await trio.sleep(0.05)

                for _ in range(STUCK):
                    await nursery.start(stuck)
                nursery.start_soon(watch_memory)
                await place_and_cancel(flooder, FLOOD // 2)
                nursery.cancel_scope.cancel()
        grown = peak - before - kept
        print(f"grew by {grown / MEBIBYTE:.1f} MiB, and by {kept / MEBIBYTE:.1f} MiB of rows")
        assert grown < 64 * MEBIBYTE
    finally:
        child.kill()
        child.join()
        from_child.close()
        to_parent.close()
