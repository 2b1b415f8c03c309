"""How long one change of odds takes to everybody who follows the match: a real server, and subscribers over loopback.

here                 POST override ── sent, answered ──┐
the server             └── commit ──> broadcaster ──> a text for all ──> so many sockets
another process                                                            └── when each of them has it

All of it shares this machine's cores; the clock is the same in both processes.
"""

import http.client
import json
import multiprocessing
import selectors
import socket
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from multiprocessing.connection import Connection
from typing import Any

import msgspec

from tests.end_to_end.servers import ADMIN_PASSWORD, Rialto, running_rialto
from tests.gateway.raw_sockets import PING, PONG, TEXT, frame

SUBSCRIBERS = (100, 1_000)
CHANGES = 50  # one at a time: the next one is sent when everybody has the last
PAUSE_S = 0.05  # between two of them, as an exchange has other things to do than to tell odds
PATIENCE_S = 30.0  # what takes longer hangs
START_MS = 4_000_000_000_000  # of the match: far ahead
HANDSHAKE = (
    "GET /ws/odds?token={token} HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Key: MDAwMDAwMDAwMDAwMDAwMA==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)


class Figures(msgspec.Struct):
    """Seconds from the override, sent or answered, to each subscriber's message: of all changes, in order of size."""

    since_sent: list[float] = []
    since_answer: list[float] = []


# The subscribers' process


class Subscriber:
    """A socket that follows one match, and little else."""

    def __init__(self, port: int, token: str, market: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), PATIENCE_S)
        self._buffer = bytearray()
        self.socket.sendall(HANDSHAKE.format(token=token).encode())
        while (end := self._buffer.find(b"\r\n\r\n")) < 0:
            self._buffer += self.socket.recv(65536)
        assert self._buffer.startswith(b"HTTP/1.1 101"), self._buffer
        del self._buffer[: end + 4]
        self.socket.sendall(frame(TEXT, json.dumps({"type": "subscribe", "markets": [market]}).encode()))
        heard: list[str] = []
        while len(heard) < 2:
            heard += [json.loads(text)["type"] for text in self.receive()]
        assert heard == ["ack", "odds_update"], heard

    def receive(self) -> list[bytes]:
        """What has come, at least a piece of a message."""
        data = self.socket.recv(65536)
        assert data, "the server has closed"
        self._buffer += data
        return self._texts()

    def _texts(self) -> list[bytes]:
        texts = []
        while (whole := self._take_frame()) is not None:
            opcode, payload = whole
            if opcode == PING:
                self.socket.sendall(frame(PONG, payload))
            elif opcode == TEXT:
                texts.append(payload)
        return texts

    def _take_frame(self) -> tuple[int, bytes] | None:
        if len(self._buffer) < 2:
            return None
        head, length = 2, self._buffer[1]
        if length == 126:
            head, length = 4, int.from_bytes(self._buffer[2:4], "big")
        if len(self._buffer) < head + length:
            return None
        opcode, payload = self._buffer[0] & 0x0F, bytes(self._buffer[head : head + length])
        del self._buffer[: head + length]
        return opcode, payload


def follow(port: int, token: str, market: int, count: int, parent: Connection) -> None:
    """Follow with so many sockets; tell of each change when each of them had it, until the parent says something."""
    selector = selectors.DefaultSelector()
    for _ in range(count):
        subscriber = Subscriber(port, token, market)
        selector.register(subscriber.socket, selectors.EVENT_READ, subscriber)
    selector.register(parent, selectors.EVENT_READ)
    parent.send("ready")
    times: list[float] = []
    while True:
        for key, _ in selector.select():
            if key.data is None:
                return
            texts = key.data.receive()
            times += [time.monotonic()] * len(texts)
        if len(times) == count:
            parent.send(times)
            times = []


@contextmanager
def following(port: int, token: str, market: int, count: int) -> Iterator[Connection]:
    """Run the subscribers; what they tell comes out of the connection."""
    processes = multiprocessing.get_context("spawn")
    here, there = processes.Pipe()
    child = processes.Process(target=follow, args=(port, token, market, count, there), daemon=True)
    child.start()
    there.close()
    try:
        assert hear(here) == "ready"
        yield here
        here.send("that is all")
        child.join(PATIENCE_S)
        assert child.exitcode == 0
    finally:
        child.kill()
        child.join()
        here.close()


def hear(child: Connection) -> Any:
    assert child.poll(PATIENCE_S), "the subscribers do not hear what was sent"
    return child.recv()


# The administrator


class Administrator:
    """One HTTP connection, logged in."""

    def __init__(self, rialto: Rialto) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", rialto.port, timeout=PATIENCE_S)
        self._headers = {"Content-Type": "application/json"}
        login = self.call("POST", "/api/v1/auth/login", {"username": "admin", "password": ADMIN_PASSWORD})
        self._headers["Authorization"] = f"Bearer {login['token']}"

    def close(self) -> None:
        self._connection.close()

    def call(self, method: str, path: str, body: Any = None) -> Any:
        self._connection.request(method, path, None if body is None else json.dumps(body), self._headers)
        answer = self._connection.getresponse()
        shown = json.loads(answer.read())
        assert answer.status == 200, shown
        return shown

    def make_match(self) -> int:
        terms = {"league": "EPL", "home_team": "Leeds", "away_team": "Hull", "start_time": START_MS}
        market: int = self.call("POST", "/api/v1/admin/markets", terms)["id"]
        return market

    def set_odds(self, market: int, number: int) -> None:
        odds = {"home": 1.5, "draw": 3.5, "away": 2 + number % 100}
        body = {"market_id": market, "payload": {"moneyline": odds}, "reason": "the benchmark"}
        self.call("POST", "/api/v1/admin/odds/override", body)


def measure(rialto: Rialto, subscribers: int, changes: int) -> Figures:
    """Change the odds of a new match so often, and see when they arrive."""
    figures = Figures()
    with closing(Administrator(rialto)) as administrator:
        token = administrator.call("POST", "/api/v1/session")["token"]
        market = administrator.make_match()
        administrator.set_odds(market, 0)
        with following(rialto.port, token, market, subscribers) as child:
            for number in range(1, changes + 1):
                sent = time.monotonic()
                administrator.set_odds(market, number)
                answered = time.monotonic()
                times = hear(child)
                figures.since_sent += [at - sent for at in times]
                figures.since_answer += [at - answered for at in times]
                time.sleep(PAUSE_S)
    figures.since_sent.sort()
    figures.since_answer.sort()
    assert len(figures.since_sent) == subscribers * changes
    return figures


def line(subscribers: int, figures: Figures) -> str:
    """Write a row; below zero: before the answer."""
    words = [
        f"{name} p50 {1_000 * times[len(times) // 2]:6.1f}  p99 {1_000 * times[len(times) * 99 // 100]:6.1f}"
        for name, times in (("since sent", figures.since_sent), ("since answered", figures.since_answer))
    ]
    return f"{subscribers:6,} subscribers, ms to each:  {'   '.join(words)}"


def run(changes: int = CHANGES, subscribers: tuple[int, ...] = SUBSCRIBERS) -> None:
    """Print the figures."""
    with running_rialto() as rialto:
        for count in subscribers:
            print(line(count, measure(rialto, count, changes)), flush=True)


if __name__ == "__main__":
    run(int(sys.argv[1]) if len(sys.argv) > 1 else CHANGES)
