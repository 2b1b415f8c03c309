"""The prediction markets over HTTP: the paths of their own specification. Prices are numbers in cents, 0 < p < 100.

async with open_prediction("http://127.0.0.1:8080") as client:
    await client.log_in("alice", "secret")
    order = {"marketId": 7, "side": "YES", "action": "BUY", "orderType": "LIMIT", "price": 50.5, "quantity": 10}
    await client.place(order)
"""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import TypeVar

import msgspec

from gateway.client.errors import unreadable
from gateway.client.rest import TIMEOUT_S, Json, RestClient, open_rest

MARKETS_A_PAGE = 200  # as the specification's example
PAGES_MAX = 1_000  # an exchange that never says `last` is not asked for ever

Shape = TypeVar("Shape")


class Token(msgspec.Struct, frozen=True):
    """What a log-in answers."""

    token: str


class ListedMarket(msgspec.Struct, frozen=True):
    """As much of a market as its number."""

    id: int


class MarketPage(msgspec.Struct, frozen=True):
    """One page of a list of markets."""

    content: list[ListedMarket]
    last: bool


class PredictionClient:
    """Speaks through a RestClient, whose token it shares: one log-in is good for all paths of an exchange."""

    def __init__(self, rest: RestClient) -> None:
        self.rest = rest

    async def register(self, username: str, password: str, email: str | None = None) -> Json:
        body = {"username": username, "email": email or f"{username}@example.com", "password": password}
        return await self.rest.call("POST", "/api/auth/register", body)

    async def log_in(self, username: str, password: str) -> str:
        """Log in, keep the token for the calls that follow, and return it."""
        answer = await self.rest.call("POST", "/api/auth/login", {"username": username, "password": password})
        token = read(answer, Token).token.removeprefix("Bearer ")  # the specification leaves open who writes the word
        self.rest.token = token
        return token

    async def markets(self, status: str | None = None, page: int = 0, size: int = MARKETS_A_PAGE) -> Json:
        """One page, counted from 0."""
        return await self.rest.call("GET", "/api/markets", status=status, page=page, size=size)

    async def market_ids(self, status: str | None = None) -> list[int]:
        """The ids of all markets in this status, from as many pages as there are."""
        found: dict[int, None] = {}  # in their order; a market that moves to the next page meanwhile comes twice
        for number in range(PAGES_MAX):
            page = read(await self.markets(status, number), MarketPage)
            found |= dict.fromkeys(market.id for market in page.content)
            if page.last or not page.content:
                break
        return list(found)

    async def market(self, market_id: int) -> Json:
        return await self.rest.call("GET", f"/api/markets/{market_id}")

    async def create_market(self, market: Mapping[str, Json]) -> Json:
        return await self.rest.call("POST", "/api/markets", market)

    async def trades(self, market_id: int, limit: int = 30) -> Json:
        return await self.rest.call("GET", f"/api/markets/{market_id}/trades", limit=limit)

    async def book(self, market_id: int, depth: int = 20, *, exclude_market_maker: bool = False) -> Json:
        exclude = "true" if exclude_market_maker else "false"
        path = f"/api/orderbook/{market_id}"
        return await self.rest.call("GET", path, depth=depth, excludeMarketMaker=exclude)

    async def place(self, order: Mapping[str, Json]) -> Json:
        """Place an order. One with a `clientOrderId` can be sent again: it is answered with the same order."""
        return await self.rest.call("POST", "/api/orders", order)

    async def cancel(self, order_id: int | str) -> Json:
        return await self.rest.call("DELETE", f"/api/orders/{order_id}")

    async def active_orders(self) -> Json:
        return await self.rest.call("GET", "/api/orders/active")

    async def configure_maker(self, settings: Mapping[str, Json]) -> Json:
        """Change those settings of a market's maker that are given."""
        return await self.rest.call("POST", "/api/market-maker", settings)

    async def maker(self, market_id: int) -> Json:
        """How a market's maker is set, and its last round: Rialto's own path, which other exchanges may not have."""
        return await self.rest.call("GET", "/api/market-maker", marketId=market_id)

    async def run_maker(self, market_id: int, min_balance_cents: int | None = None) -> Json:
        """Have the maker quote a market once."""
        path = "/api/market-maker/run"
        return await self.rest.call("POST", path, marketId=market_id, minBalanceCents=min_balance_cents)


@asynccontextmanager
async def open_prediction(base_url: str, timeout_s: float = TIMEOUT_S) -> AsyncIterator[PredictionClient]:
    """Open a client for the exchange at `base_url`."""
    async with open_rest(base_url, timeout_s) as rest:
        yield PredictionClient(rest)


def read(answer: Json, shape: type[Shape]) -> Shape:
    """Read a part of an answer; ids may come as text. Raises UnknownOutcome if it is not there."""
    try:
        return msgspec.convert(answer, shape, strict=False)
    except msgspec.ValidationError as error:
        raise unreadable(f"{shape.__name__}: {error}") from None
