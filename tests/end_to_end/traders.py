"""Who trades in the scenarios: registered over HTTP, logged in, with money; and what they send."""

import random
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import trio

from gateway.client import RestClient, StreamClient, Unavailable, UnknownOutcome, open_rest, open_stream
from tests.end_to_end.servers import ADMIN_PASSWORD, Rialto

PASSWORD = "correct horse battery staple"
PAGE = 500

Traders = dict[str, RestClient]
Order = dict[str, Any]


@asynccontextmanager
async def open_traders(rialto: Rialto, names: Iterable[str], funds: Mapping[str, str]) -> AsyncIterator[Traders]:
    """Register each name, log it in, deposit the same funds for all."""
    async with AsyncExitStack() as stack:
        traders = {name: await stack.enter_async_context(open_rest(rialto.url)) for name in names}
        async with trio.open_nursery() as nursery:
            for name, client in traders.items():
                nursery.start_soon(_begin, name, client, funds)
        yield traders


async def _begin(name: str, client: RestClient, funds: Mapping[str, str]) -> None:
    await client.register(name, PASSWORD)
    await client.log_in(name, PASSWORD)
    for asset, amount in funds.items():
        await client.deposit(f"funds {asset}", asset, amount)


@asynccontextmanager
async def open_another(rialto: Rialto, client: RestClient) -> AsyncIterator[RestClient]:
    """Open another connection of somebody who is logged in."""
    async with open_rest(rialto.url) as another:
        another.token = client.token
        yield another


@asynccontextmanager
async def open_streams(rialto: Rialto, traders: Traders) -> AsyncIterator[dict[str, StreamClient]]:
    """Open a socket for each."""
    async with AsyncExitStack() as stack:
        yield {
            name: await stack.enter_async_context(open_stream(rialto.websocket_url, client.token))
            for name, client in traders.items()
        }


@asynccontextmanager
async def open_admin(rialto: Rialto) -> AsyncIterator[RestClient]:
    """Log the administrator in."""
    async with open_rest(rialto.url) as client:
        await client.log_in("admin", ADMIN_PASSWORD)
        yield client


async def until_known(send: Callable[[], Awaitable[Any]]) -> Any:
    """Send the same until its outcome is known, which is what the ids that clients choose are for."""
    while True:
        try:
            return await send()
        except (Unavailable, UnknownOutcome):
            await trio.sleep(0.1)


async def all_of(client: RestClient, path: str, id_field: str, **query: str) -> list[dict[str, Any]]:
    """Read a list to its end; oldest first."""
    rows: list[dict[str, Any]] = []
    before: str | None = None
    while page := await client.call("GET", path, before=before, limit=PAGE, **query):
        rows += page
        before = str(page[-1][id_field])
    return rows[::-1]


async def balances_of(client: RestClient) -> dict[str, tuple[str, str]]:
    """Of each asset that somebody has: what is available, and what is frozen."""
    balances = await client.balances()
    return {b["symbol"]: (b["available"], b["frozen"]) for b in balances if b["total"] != "0"}


def limit(symbol: str, side: str, price: str, quantity: str) -> Order:
    return {"symbol": symbol, "side": side, "type": "limit", "price": price, "quantity": quantity}


def any_order(chance: random.Random, symbol: str) -> Order:
    """Make one that is never refused, given funds: near 100, of at most 2; by amount at most 200."""
    side = chance.choice(("buy", "sell"))
    price, quantity = hundredths(chance.randint(9_950, 10_050)), hundredths(chance.randint(1, 200))
    kind = chance.choice(("GTC", "GTC", "GTC", "IOC", "market"))
    if kind != "market":
        return {**limit(symbol, side, price, quantity), "timeInForce": kind}
    if side == "buy":
        return {"symbol": symbol, "side": side, "type": "market_by_amount", "amount": str(chance.randint(1, 200))}
    return {"symbol": symbol, "side": side, "type": "market_by_qty", "quantity": quantity}


def hundredths(number: int) -> str:
    return f"{number // 100}.{number % 100:02}"
