"""Prediction markets over REST, for tests: a market, orders in words, a house under rules of its own."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from actors.exchange import open_exchange
from actors.seed import seed
from engine.prediction.lifecycle import Rules
from gateway.identity.caller import Role
from storage.memory import MemoryStorage
from tests.actors.exchanges import TickingClock
from tests.gateway.houses import House, Reply, open_house, open_running
from tests.invariants import audit

OURS = "/api/v1/prediction"

QUESTION = {
    "title": "Will it rain?",
    "description": "In the capital.\nAt noon.",
    "category": "weather",
    "resolutionDate": "2030-01-01T00:00:00",
}


@asynccontextmanager
async def open_market(**terms: Any) -> AsyncIterator[tuple[House, int]]:
    """Run a house with alice and bob, who have 1,000 USD each, root, who has made a market, and mia, a market maker."""
    async with open_house() as house:
        yield house, await furnish(house, **terms)


@asynccontextmanager
async def open_market_under(rules: Rules, **terms: Any) -> AsyncIterator[tuple[House, int]]:
    """The same where questions are resolved by these rules."""
    storage = MemoryStorage()
    async with open_exchange(storage, TickingClock(), rules) as exchange:
        await seed(exchange, 0)
        async with open_running(exchange) as house:
            yield house, await furnish(house, **terms)
    await audit(storage.reader)


async def furnish(house: House, **terms: Any) -> int:
    await house.user("alice", USD="1000")
    await house.user("bob", USD="1000")
    await house.user("root", Role.ADMIN)
    await house.user("mia", Role.MARKET_MAKER)
    market: int = (await create(house, **terms))["id"]
    return market


async def create(house: House, by: str = "root", **terms: Any) -> dict[str, Any]:
    """Make a market; returns it."""
    reply = await house.call("POST", "/api/markets", {**QUESTION, **terms}, by=by)
    assert reply.status == 200, reply.body
    market: dict[str, Any] = reply.json
    return market


def order(market: int, words: str, **more: Any) -> dict[str, Any]:
    """An order in words: "BUY 10 YES at 60.5" (a limit order), "SELL 3 NO" (a market order)."""
    action, quantity, side, *price = words.replace(" at ", " ").split()
    body = {"marketId": market, "side": side, "action": action, "quantity": int(quantity)}
    kind = {"orderType": "LIMIT", "price": float(price[0])} if price else {"orderType": "MARKET"}
    return {**body, **kind, **more}


async def send(house: House, market: int, by: str, words: str, **more: Any) -> Reply:
    """Send an order that may be refused."""
    return await house.call("POST", "/api/orders", order(market, words, **more), by=by)


async def trade(house: House, market: int, by: str, words: str, **more: Any) -> dict[str, Any]:
    """Place an order that is taken; returns it."""
    reply = await send(house, market, by, words, **more)
    assert reply.status == 200, reply.body
    placed: dict[str, Any] = reply.json
    return placed


async def mint(house: House, market: int, pairs: int = 10, price: int = 60) -> None:
    """Give alice shares of YES at this price, and bob as many of NO for the rest."""
    await trade(house, market, "alice", f"BUY {pairs} YES at {price}")
    await trade(house, market, "bob", f"BUY {pairs} NO at {100 - price}")


async def move(house: House, market: int, step: str, body: Any = None, by: str = "root") -> Reply:
    """Ask for a step of the market's life."""
    return await house.call("POST", f"{OURS}/markets/{market}/{step}", body, by=by)


async def moved(house: House, market: int, step: str, body: Any = None, by: str = "root") -> dict[str, Any]:
    """Take a step; returns the market."""
    reply = await move(house, market, step, body, by)
    assert reply.status == 200, reply.body
    shown: dict[str, Any] = reply.json
    return shown


async def look(house: House, path: str, by: str | None = None) -> Any:
    """Read something that is there."""
    reply = await house.call("GET", path, by=by)
    assert reply.status == 200, reply.body
    return reply.json
