"""The gateway beside a bare quart-trio echo, over real sockets, from one client process.

The clients are closed loops (the next request leaves when the answer is there), but for `open_loop`, where orders leave
at their time whatever comes back: that is how latency is measured.
"""

import json
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from functools import partial

import trio
from trio_websocket import WebSocketConnection, open_websocket_url

from gateway.client import open_rest
from tests.end_to_end.servers import CHECKOUT, Rialto, running_rialto

CONNECTIONS = 32  # of HTTP, and of WebSocket
WINDOW = 8  # commands under way on each WebSocket
CUSTOMERS = 8  # so that nobody meets the limit of open orders
OPEN_LOOP_RATE = 500  # orders a second

Figures = dict[str, float]


def order_of(number: int) -> dict[str, str]:
    """Every second order trades with the one before it, or takes its place if that is one's own: no book grows."""
    return {
        "symbol": "BTC_USDT",
        "side": "sell" if number % 2 else "buy",
        "type": "limit",
        "price": "100",
        "quantity": "0.001",
        "selfTradePrevention": "cancel_oldest",
    }


async def fund(url: str) -> list[str]:
    """Register customers with money; return their tokens."""
    tokens = []
    async with open_rest(url) as client:
        for number in range(CUSTOMERS):
            await client.register(f"bench{number}", "a good password")
            tokens.append(await client.log_in(f"bench{number}", "a good password"))
            for asset in ("BTC", "USDT"):
                await client.deposit(f"seed {asset}", asset, "1000000")
    return tokens


async def post_repeatedly(port: int, path: str, bodies: Iterator[bytes], head: str, until: float) -> int:
    """Send POSTs one after another on one connection; return how many were answered with 200 or 201."""
    answered = 0
    stream = await trio.open_tcp_stream("127.0.0.1", port)
    async with stream:
        while time.perf_counter() < until:
            body = next(bodies)
            request = f"POST {path} HTTP/1.1\r\nHost: x\r\n{head}Content-Length: {len(body)}\r\n\r\n".encode() + body
            await stream.send_all(request)
            received = b""
            while (end := received.find(b"\r\n\r\n")) < 0:
                received += await stream.receive_some()
            at = received.lower().find(b"content-length:") + 15
            length = int(received[at : received.find(b"\r", at)])
            while len(received) < end + 4 + length:
                received += await stream.receive_some()
            assert received[9:12] in (b"200", b"201"), received
            answered += 1
    return answered


async def together(tasks: list[Callable[[], Awaitable[int]]], seconds: float) -> float:
    """Run them at once; return their sum a second."""
    counts: list[int] = []

    async def count(task: Callable[[], Awaitable[int]]) -> None:
        counts.append(await task())

    async with trio.open_nursery() as nursery:
        for task in tasks:
            nursery.start_soon(count, task)
    return sum(counts) / seconds


def bodies(first: int) -> Iterator[bytes]:
    number = first
    while True:
        yield json.dumps(order_of(number)).encode()
        number += 1


async def http_rate(port: int, path: str, tokens: list[str], seconds: float) -> float:
    """Requests a second on CONNECTIONS connections."""
    until = time.perf_counter() + seconds
    heads = [f"Authorization: Bearer {token}\r\n" for token in tokens] or [""]
    tasks = [
        partial(post_repeatedly, port, path, bodies(number), heads[number % len(heads)], until)
        for number in range(CONNECTIONS)
    ]
    return await together(list(tasks), seconds)


async def talk(url: str, token: str | None, first: int, until: float) -> int:
    """Keep WINDOW commands under way on one WebSocket; return how many were answered."""
    headers = [] if token is None else [(b"Authorization", f"Bearer {token}".encode())]
    answered = sent = 0
    async with open_websocket_url(url, extra_headers=headers) as socket:

        async def send() -> None:
            nonlocal sent
            message = {"op": "place", "id": str(sent), "order": order_of(first + sent)}
            sent += 1
            await socket.send_message(json.dumps(message))

        for _ in range(WINDOW):
            await send()
        while answered < sent:
            message = await socket.get_message()
            assert '"status":201' in message or '"op"' in message, message
            answered += 1
            if time.perf_counter() < until:
                await send()
    return answered


async def websocket_rate(url: str, tokens: list[str], seconds: float) -> float:
    """Messages answered a second on CONNECTIONS sockets."""
    until = time.perf_counter() + seconds
    tasks = [
        partial(talk, url, tokens[number % len(tokens)] if tokens else None, number, until)
        for number in range(CONNECTIONS)
    ]
    return await together(list(tasks), seconds)


async def open_loop(url: str, tokens: list[str], seconds: float) -> Figures:
    """Place OPEN_LOOP_RATE orders a second, a buyer and a seller in turn, each on a WebSocket of its own.

    Returns percentiles of the time from when an order was due to its durable answer, in ms.
    """
    latencies: list[float] = []
    count = int(OPEN_LOOP_RATE * seconds)
    due: dict[str, float] = {}
    headers = [[(b"Authorization", f"Bearer {token}".encode())] for token in tokens[:2]]

    async def listen(socket: WebSocketConnection) -> None:
        for _ in range(count // 2):
            message = json.loads(await socket.get_message())
            assert message["status"] == 201, message
            latencies.append(1e3 * (time.perf_counter() - due[message["id"]]))

    async with (
        open_websocket_url(url, extra_headers=headers[0]) as buyer,
        open_websocket_url(url, extra_headers=headers[1]) as seller,
        trio.open_nursery() as nursery,
    ):
        nursery.start_soon(listen, buyer)
        nursery.start_soon(listen, seller)
        started = time.perf_counter()
        for number in range(count):
            at = started + number / OPEN_LOOP_RATE
            await trio.sleep(max(0.0, at - time.perf_counter()))
            due[str(number)] = at
            message = {"op": "place", "id": str(number), "order": order_of(number)}
            await (seller if number % 2 else buyer).send_message(json.dumps(message))
    latencies.sort()
    return {f"p{share}": latencies[int(len(latencies) * share / 100)] for share in (50, 95, 99)}


@contextmanager
def running_echo() -> Iterator[int]:
    """Run the echo server; yields its port."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.benchmarks.echo"],
        cwd=CHECKOUT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        yield int(process.stdout.readline().strip().rsplit(":", 1)[1])
    finally:
        process.stdin.close()
        process.wait(10)
        process.stdout.close()


async def measure(rialto: Rialto, echo: int, seconds: float) -> Figures:
    """Measure echo and exchange in turn, twice, so that both see the same machine."""
    rates: dict[str, list[float]] = {"echo HTTP": [], "orders HTTP": [], "echo WebSocket": [], "orders WebSocket": []}
    tokens = await fund(rialto.url)
    for _ in range(2):
        rates["echo HTTP"].append(await http_rate(echo, "/echo", [], seconds))
        rates["orders HTTP"].append(await http_rate(rialto.port, "/api/v1/orders", tokens, seconds))
        rates["echo WebSocket"].append(await websocket_rate(f"ws://127.0.0.1:{echo}/ws", [], seconds))
        rates["orders WebSocket"].append(await websocket_rate(rialto.websocket_url, tokens, seconds))
    latencies = await open_loop(rialto.websocket_url, tokens, 2 * seconds)
    figures = {name: sum(values) / len(values) for name, values in rates.items()}
    return {**figures, **latencies}


def run(seconds: float) -> None:
    """Print the figures and the ratios."""
    with running_echo() as echo, running_rialto() as rialto:
        figures = trio.run(measure, rialto, echo, seconds)
    for kind, aim in (("HTTP", 0.6), ("WebSocket", 0.5)):
        echoes, orders = figures[f"echo {kind}"], figures[f"orders {kind}"]
        print(f"{kind:9}  echo {echoes:7.0f}/s   orders {orders:7.0f}/s   ratio {orders / echoes:.2f} (aim {aim})")
    percentiles = "  ".join(f"{name} {figures[name]:.1f}" for name in ("p50", "p95", "p99"))
    print(f"{OPEN_LOOP_RATE} orders/s, open loop, send to durable answer in ms:  {percentiles}  (aim: p99 < 30)")


if __name__ == "__main__":
    run(float(sys.argv[1]) if len(sys.argv) > 1 else 5.0)
