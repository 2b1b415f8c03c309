"""Accumulators over REST, for tests: three matches that take bets, a pool, accumulators in words."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

from msgspec.structs import replace

from engine.accumulators.terms import Accumulators
from engine.ledger.commands import Listed, ListMarket
from engine.products import ACCUMULATORS as PRODUCT
from engine.products import write_definition
from gateway.settings import Settings
from tests.gateway.houses import SETTINGS, House, Reply, open_running
from tests.gateway.rest.betting.scenes import done, look, open_betting, open_match

ACCUMULATORS = "/api/v1/accumulators"
ADMIN = "/api/v1/admin/accumulators"

POOL = "5000000"  # 500 USD

Matches = list[int]  # their ids


@asynccontextmanager
async def open_accumulators(settings: Settings = SETTINGS) -> AsyncIterator[tuple[House, Matches]]:
    """Run a house with alice, bob, root and three matches that take bets; the pool of accumulators is funded."""
    async with open_betting(settings) as (house, market):
        others = [await open_match(house, home_team=team, away_team="Hull") for team in ("Ajax", "Bath")]
        await done(house, "POST", f"{ADMIN}/fund", {"amount": POOL})
        yield house, [market, *others]


async def list_accumulators(house: House, asset: str) -> None:
    """List the market of accumulators in an asset, as a start does."""
    listing = ListMarket(PRODUCT, asset, write_definition(Accumulators(asset)))
    assert isinstance(await house.exchange.accounts.ask(listing), Listed)


@asynccontextmanager
async def open_later(house: House, *names: str) -> AsyncIterator[House]:
    """Run another house on the same exchange, as if Rialto had been started again with bets in BTC."""
    await list_accumulators(house, "BTC")
    async with open_running(house.exchange, replace(SETTINGS, betting_asset="BTC")) as later:
        for name in names:
            await later.log_in(name)
        yield later


def accumulator_of(matches: Sequence[int | str], words: str, **more: Any) -> dict[str, Any]:
    """An accumulator in words, a leg on each of the matches in turn: "10000 on 1 at 185, 6 at 190"."""
    amount, _, said = words.partition(" on ")
    legs = [leg.split(" at ") for leg in said.split(", ")]
    shown = [
        {"marketId": match, "option": int(option), "odds": int(odds)}
        for match, (option, odds) in zip(matches, legs, strict=False)
    ]
    assert len(shown) == len(legs)
    return {"legs": shown, "amount": amount, **more}


async def send(house: House, matches: Sequence[int], by: str, words: str, **more: Any) -> Reply:
    """Send an accumulator that may be refused."""
    return await house.call("POST", ACCUMULATORS, accumulator_of(matches, words, **more), by=by)


async def accumulate(house: House, matches: Sequence[int], by: str, words: str, **more: Any) -> dict[str, Any]:
    """Place an accumulator that is taken; returns it."""
    return await done(house, "POST", ACCUMULATORS, accumulator_of(matches, words, **more), by=by)


async def shown(house: House, placed: dict[str, Any], by: str) -> dict[str, Any]:
    """An accumulator as it stands now."""
    found: dict[str, Any] = await look(house, f"{ACCUMULATORS}/{placed['orderId']}", by)
    return found


async def claim(house: House, placed: dict[str, Any], by: str) -> Reply:
    """Ask for an accumulator to be paid."""
    return await house.call("POST", f"{ACCUMULATORS}/{placed['orderId']}/claim", by=by)


async def pool(house: House, asset: str | None = None) -> dict[str, Any]:
    """How the market of accumulators stands; without an asset that of new matches."""
    found: dict[str, Any] = await look(house, ADMIN if asset is None else f"{ADMIN}?asset={asset}", "root")
    return found
