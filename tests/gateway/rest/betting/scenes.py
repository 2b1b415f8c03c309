"""Betting over REST, for tests: a match with odds, bettors with wallets, bets in words."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from gateway.identity.caller import Role
from gateway.settings import Settings
from tests.gateway.houses import SETTINGS, House, Reply, open_house
from tests.gateway.wallets import ANNA, Wallet

BETS = "/api/v1/bets"
OVERRIDE = "/api/v1/admin/odds/override"

START_MS = 4_000_000_000_000  # of a match: far ahead of the clock of tests
MATCH = {"league": "EPL", "home_team": "Leeds", "away_team": "Hull", "start_time": START_MS}
HOUSE = "100000"  # USD
ODDS: dict[str, Any] = {
    "moneyline": {"home": 1.85, "draw": 3.4, "away": 4.2},
    "spread": {"line": -0.75, "home": 1.92, "away": 1.96},
    "total": {"line": 2.5, "over": 1.9, "under": 2.0},
}
HOME, DRAW, AWAY, SPREAD_HOME, SPREAD_AWAY, OVER, UNDER = range(1, 8)  # the options of these odds, by number


@asynccontextmanager
async def open_betting(settings: Settings = SETTINGS) -> AsyncIterator[tuple[House, int]]:
    """Run a house with alice (who has a wallet) and bob, who have 1,000 USD each, root, and a match that takes bets."""
    async with open_house(settings) as house:
        await furnish(house)
        yield house, await open_match(house)


@asynccontextmanager
async def open_house_with_match() -> AsyncIterator[tuple[House, int]]:
    """The same with a match that is only scheduled, without odds."""
    async with open_house() as house:
        await furnish(house)
        yield house, await make_match(house)


async def furnish(house: House, wallet: Wallet = ANNA) -> None:
    """Let everybody in."""
    alice = await house.user("alice", USD="1000")
    await house.gateway.sessions.add_wallet(alice.user_id, wallet.proof(await nonce_for(house, wallet)))
    await house.user("bob", USD="1000")
    await house.user("root", Role.ADMIN)
    await fund_house(house, HOUSE)


async def fund_house(house: House, amount: str) -> None:
    """Give the house money."""
    fund = {"transId": f"house {amount}", "symbol": "USD", "amount": amount}
    await done(house, "POST", "/api/v1/admin/house/fund", fund)


async def nonce_for(house: House, wallet: Wallet) -> str:
    """Have a nonce to sign."""
    nonce: str = (await look(house, f"/api/v1/auth/nonce?address={wallet.address}"))["nonce"]
    return nonce


async def make_match(house: House, **terms: Any) -> int:
    """Make a match without odds; returns its id."""
    market: int = (await done(house, "POST", "/api/v1/admin/markets", {**MATCH, **terms}))["id"]
    return market


async def open_match(house: House, odds: Any = None, funding: str | None = None, **terms: Any) -> int:
    """Make a match that takes bets; returns its id."""
    market = await make_match(house, **terms)
    await set_odds(house, market, **(odds or ODDS))
    await move(house, market, "active", funding)
    return market


async def set_odds(house: House, market: int, **groups: Any) -> dict[str, Any]:
    """Override odds."""
    body = {"market_id": market, "payload": groups, "reason": "news from the pitch"}
    return await done(house, "POST", "/api/v1/admin/odds/override", body)


async def move(house: House, market: int, status: str, funding: str | None = None) -> dict[str, Any]:
    """Set a match's status."""
    body = {"status": status} | ({} if funding is None else {"funding": funding})
    return await done(house, "PUT", f"/api/v1/admin/markets/{market}", body)


async def settle(house: House, market: int, home: int, away: int) -> dict[str, Any]:
    """Settle a match by its score."""
    return await done(house, "POST", admin(market, "settle"), {"score": {"home": home, "away": away}})


def admin(market: int, step: str) -> str:
    """The path of a step that an administrator takes."""
    return f"/api/v1/admin/markets/{market}/{step}"


def bet_of(market: int, words: str, **more: Any) -> dict[str, Any]:
    """A bet in words: "10000 on 1 at 185"."""
    amount, _, option, _, odds = words.split()
    return {"marketId": market, "option": int(option), "amount": amount, "odds": int(odds), **more}


async def send_bet(house: House, market: int, by: str, words: str, **more: Any) -> Reply:
    """Send a bet that may be refused."""
    return await house.call("POST", "/api/v1/bets", bet_of(market, words, **more), by=by)


async def bet(house: House, market: int, by: str, words: str, **more: Any) -> dict[str, Any]:
    """Place a bet that is taken; returns it."""
    reply = await send_bet(house, market, by, words, **more)
    assert reply.status == 200, reply.body
    placed: dict[str, Any] = reply.json
    return placed


async def claim(house: House, order: dict[str, Any], by: str) -> Reply:
    """Ask for a bet to be paid."""
    return await house.call("POST", f"/api/v1/bets/{order['orderId']}/claim", by=by)


async def done(house: House, method: str, path: str, body: Any = None, by: str = "root") -> dict[str, Any]:
    """Send what is done; returns the answer."""
    reply = await house.call(method, path, body, by=by)
    assert reply.status == 200, reply.body
    shown: dict[str, Any] = reply.json
    return shown


async def look(house: House, path: str, by: str | None = None) -> Any:
    """Read something that is there."""
    reply = await house.call("GET", path, by=by)
    assert reply.status == 200, reply.body
    return reply.json


def refused(reply: Reply) -> tuple[int, str, dict[str, Any]]:
    """The status, the code, and what else bad news say."""
    details = {name: value for name, value in reply.json.items() if name not in ("code", "message")}
    assert reply.json["message"]
    return reply.status, reply.code, details


async def usd(house: House, by: str) -> str:
    """How much somebody has; nothing of it is held."""
    (balance,) = [row for row in await look(house, "/api/v1/account/balances", by) if row["symbol"] == "USD"]
    assert balance["frozen"] == "0"
    total: str = balance["total"]
    return total
