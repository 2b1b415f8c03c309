"""The exchange over HTTP. Amounts and prices are decimal text, answers are the decoded JSON.

async with open_rest("http://127.0.0.1:8080") as client:
    await client.log_in("alice", "secret")
    await client.place({"symbol": "BTC_USDT", "side": "buy", "type": "limit", "price": "100", "quantity": "1"})
"""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import quote

import httpx
import msgspec
import trio

from gateway.client.errors import check, connection_lost, never_connected

TIMEOUT_S = 30.0  # for the next word of an answer; the exchange itself answers "unknown" after 10 s
WHOLE_REQUEST = 2  # timeouts: what a request may take in all, so that an answer that drips can't hold its asker

Json = Any


class RestClient:
    """One connection pool and, once logged in, one token. Every call raises the errors of `gateway.client`."""

    def __init__(self, http: httpx.AsyncClient, timeout_s: float = TIMEOUT_S) -> None:
        self._http = http
        self._timeout_s = timeout_s
        self.token: str | None = None

    async def call(self, method: str, path: str, body: Json = None, **query: str | int | None) -> Json:
        """Send one request; the answer's JSON, or None where there is none."""
        headers = {} if self.token is None else {"Authorization": f"Bearer {self.token}"}
        content = None
        if body is not None:
            content = msgspec.json.encode(body)
            headers["Content-Type"] = "application/json"
        parameters = {name: value for name, value in query.items() if value is not None}
        try:
            with trio.fail_after(self._timeout_s * WHOLE_REQUEST):
                answer = await self._http.request(method, path, content=content, headers=headers, params=parameters)
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
            raise never_connected(error) from error
        except (httpx.TransportError, trio.TooSlowError) as error:
            raise connection_lost(error) from error
        return check(answer.status_code, _decoded(answer.content))

    async def register(self, username: str, password: str, email: str | None = None) -> Json:
        body = {"username": username, "email": email or f"{username}@example.com", "password": password}
        return await self.call("POST", "/api/v1/auth/register", body)

    async def log_in(self, username: str, password: str) -> str:
        """Log in, keep the token for the calls that follow, and return it."""
        body = {"username": username, "password": password}
        token: str = (await self.call("POST", "/api/v1/auth/login", body))["token"]
        self.token = token
        return token

    async def deposit(self, trans_id: str, symbol: str, amount: str) -> Json:
        return await self._move("deposit", trans_id, symbol, amount)

    async def withdraw(self, trans_id: str, symbol: str, amount: str) -> Json:
        return await self._move("withdraw", trans_id, symbol, amount)

    async def balances(self) -> Json:
        return await self.call("GET", "/api/v1/account/balances")

    async def place(self, order: Mapping[str, Json]) -> Json:
        return await self.call("POST", "/api/v1/orders", order)

    async def cancel(self, order_id: str) -> Json:
        return await self.call("DELETE", f"/api/v1/orders/{order_id}")

    async def cancel_all(self, symbol: str | None = None) -> Json:
        return await self.call("DELETE", "/api/v1/orders", symbol=symbol)

    async def order(self, order_id: str) -> Json:
        return await self.call("GET", f"/api/v1/orders/{order_id}")

    async def order_by_client_id(self, client_order_id: str) -> Json:
        return await self.call("GET", f"/api/v1/orders/by-client-id/{quote(client_order_id, safe='')}")

    async def orders(self, symbol: str | None = None, state: str | None = None, limit: int | None = None) -> Json:
        return await self.call("GET", "/api/v1/orders", symbol=symbol, state=state, limit=limit)

    async def book(self, symbol: str, depth: int = 20) -> Json:
        return await self.call("GET", f"/api/v1/symbols/{symbol}/book", depth=depth)

    async def trades(self, symbol: str, limit: int = 100) -> Json:
        return await self.call("GET", f"/api/v1/symbols/{symbol}/trades", limit=limit)

    async def _move(self, kind: str, trans_id: str, symbol: str, amount: str) -> Json:
        body = {"transId": trans_id, "symbol": symbol, "amount": amount}
        return await self.call("POST", f"/api/v1/account/{kind}", body)


@asynccontextmanager
async def open_rest(base_url: str, timeout_s: float = TIMEOUT_S) -> AsyncIterator[RestClient]:
    """Open a client for the exchange at `base_url`."""
    limits = httpx.Limits(max_connections=100, max_keepalive_connections=100)
    encrypted = base_url.startswith("https:")  # else there is nothing to verify, and loading certificates takes 20 ms
    async with httpx.AsyncClient(
        base_url=base_url, timeout=timeout_s, limits=limits, trust_env=False, verify=encrypted
    ) as http:
        yield RestClient(http, timeout_s)


def _decoded(content: bytes) -> Json:
    try:
        return msgspec.json.decode(content) if content else None
    except msgspec.DecodeError:
        return None
