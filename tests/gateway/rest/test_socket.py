"""One way through the real server: a port, the guard, hypercorn, the dispatcher, and back."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

import httpx
import pytest
import trio

from gateway.guard import Guard
from gateway.serving import serve
from tests.gateway.houses import PASSWORD, House, open_house

pytestmark = pytest.mark.trio

ALICE = {"username": "alice", "email": "alice@example.com", "password": PASSWORD}
LIMIT = {"symbol": "BTC_USDT", "side": "buy", "type": "limit", "price": "100", "quantity": "1"}


@asynccontextmanager
async def served() -> AsyncIterator[tuple[House, int]]:
    async with open_house() as house, trio.open_nursery() as nursery:
        start = partial(serve, house.app, host="127.0.0.1", port=0, shutdown=house.gateway.shutdown, guard=Guard())
        port: int = await nursery.start(start)
        with trio.fail_after(30):
            yield house, port
        house.gateway.shutdown.set()


@asynccontextmanager
async def client(port: int) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", trust_env=False) as http:
        yield http


async def test_an_order_and_its_cancel_over_a_socket() -> None:
    async with served() as (_, port), client(port) as http:
        assert (await http.post("/api/v1/auth/register", json=ALICE)).status_code == 201
        login = await http.post("/api/v1/auth/login", json={"username": "alice", "password": PASSWORD})
        http.headers["Authorization"] = f"Bearer {login.json()['token']}"
        money = {"transId": "1", "symbol": "USDT", "amount": "1000"}
        assert (await http.post("/api/v1/account/deposit", json=money)).json()["balance"] == "1000"
        placed = await http.post("/api/v1/orders", json={**LIMIT, "clientOrderId": "a/b c"})
        assert placed.status_code == 201
        path = "/api/v1/orders/by-client-id/a%2Fb%20c"
        assert (await http.get(path)).json() == placed.json()["order"]
        assert (await http.request("DELETE", path, content=b"{}")).json()["status"] == "cancelled"
        assert (await http.get("/api/v1/nothing")).json()["code"] == "NOT_FOUND"
        head = await http.head("/api/v1/symbols")
        assert (head.status_code, head.content) == (200, b"")
        assert (await http.post("/api/v1/auth/logout")).status_code == 204
        assert (await http.get("/api/v1/auth/me")).status_code == 401


async def raw(port: int, sent: bytes) -> bytes:
    """What comes back for some bytes, until the server closes or, having begun, is silent for a moment."""
    stream = await trio.open_tcp_stream("127.0.0.1", port)
    async with stream:
        await stream.send_all(sent)
        heard = bytes(await stream.receive_some())  # however long a busy machine takes
        with trio.move_on_after(0.3):
            async for chunk in stream:
                heard += chunk
    return heard


@pytest.mark.parametrize(
    ("sent", "statuses"),
    [
        (b"GET /api/v1/symbols HTTP/1.1\r\nHost: x\r\nX: " + b"y" * 200_000 + b"\r\n\r\n", (b"431", b"400")),
        (b"GET /%ff HTTP/1.1\r\nHost: x\r\n\r\n", (b"400",)),
        (b"GET /api/v1/symbols/\xff HTTP/1.1\r\nHost: x\r\n\r\n", (b"400",)),
        (b"POST /api/v1/orders HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}", (b"401",)),
        (b"POST /api/v1/auth/login HTTP/1.1\r\nHost: x\r\nContent-Length: -2\r\n\r\n{}", (b"400",)),
        (b"POST /api/v1/auth/login HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", (b"400",)),
        (b"POST /api/v1/auth/login HTTP/1.1\r\nHost: x\r\nContent-Length: 70000\r\n\r\n" + b" " * 70_000, (b"413",)),
        (
            b"POST /api/v1/auth/login HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n{}",
            (b"100", b"400"),
        ),
    ],
    ids=lambda value: value[:30] if isinstance(value, bytes) else "",
)
async def test_bytes_on_the_wire(sent: bytes, statuses: tuple[bytes, ...]) -> None:
    async with served() as (house, port):
        heard = await raw(port, sent)
        assert heard.startswith(tuple(b"HTTP/1.1 " + status for status in statuses)), heard[:200]
        assert b"Traceback" not in heard
        assert b"<html" not in heard.lower()
        assert b"HTTP/1.1 500" not in heard
        healthy = await raw(port, b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        assert healthy.startswith(b"HTTP/1.1 200")
        assert house.exchange.supervisor.statistics()


async def test_a_client_that_leaves_in_the_middle_leaves_a_whole_order() -> None:
    """The connection is cut right after the request; the order is there or not, and the exchange goes on."""
    async with served() as (house, port):
        await house.user("alice", USDT="10000")
        order = b'{"symbol":"BTC_USDT","side":"buy","type":"limit","price":"1","quantity":"1"}'
        head = f"POST /api/v1/orders HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {house.tokens['alice']}\r\n"
        request = head.encode() + b"Content-Length: %d\r\n\r\n" % len(order) + order
        for length in (len(request) - 1, len(request), len(request)):
            stream = await trio.open_tcp_stream("127.0.0.1", port)
            await stream.send_all(request[:length])
            await trio.aclose_forcefully(stream)
        reply = await house.call("POST", "/api/v1/orders", order, by="alice")
        assert reply.status == 201
