"""Prediction markets over REST on the real database: whatever passes the door is written, and read back as it was."""

import itertools
from typing import Any

import pytest
import trio
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.identity.caller import Role
from storage.postgres import open_postgres
from tests.gateway.houses import open_house
from tests.gateway.rest.prediction.scenes import OURS, QUESTION, look, mint, moved, trade
from tests.gateway.rest.test_on_postgres import TEXTS, unharmed

pytestmark = pytest.mark.slow

NAMES = itertools.count(1)

LINES = st.lists(TEXTS | st.just(""), max_size=3).map("\n".join)


def test_whatever_passes_the_door_is_written(postgres_dsn: str) -> None:
    @settings(max_examples=6, deadline=None, suppress_health_check=list(HealthCheck), print_blob=True)
    @given(TEXTS.filter(str.strip), LINES, TEXTS, TEXTS)
    def run(title: str, description: str, category: str, reason: str) -> None:
        trio.run(live, postgres_dsn, {"title": title, "description": description, "category": category}, reason)

    run()


async def live(dsn: str, words: dict[str, Any], reason: str) -> None:
    """A market's whole life, in these words."""
    number = next(NAMES)
    alice, bob, root = f"alice{number}", f"bob{number}", f"root{number}"
    async with open_postgres(dsn) as storage, open_house(storage=storage) as house:
        for name in (alice, bob):
            await house.user(name, USD="1000")
        await house.user(root, Role.ADMIN)
        reply = await house.call("POST", "/api/markets", {**QUESTION, **words}, by=root)
        assert reply.status == 200, reply.body
        market: int = reply.json["id"]
        assert {name: reply.json[name] for name in words} == words
        assert (await look(house, "/api/markets?size=1"))["content"] == [reply.json]
        assert (await look(house, "/api/markets?status=OPEN"))["content"][0] == reply.json

        house.tokens |= {"alice": house.tokens[alice], "bob": house.tokens[bob]}
        await mint(house, market)
        placed = await trade(house, market, alice, "SELL 3 YES at 70.5", clientOrderId=reason)
        assert await look(house, "/api/orders/active", alice) == [placed]
        assert await trade(house, market, alice, "SELL 3 YES at 70.5", clientOrderId=reason) == placed
        await trade(house, market, bob, "BUY 2 YES")
        assert [t["kind"] for t in await look(house, f"/api/markets/{market}/trades")] == ["TRANSFER", "MINT"]
        bars = await look(house, f"{OURS}/markets/{market}/history?interval=1d")
        assert [(bar["open"], bar["close"], bar["volume"]) for bar in bars] == [(60.0, 70.5, 12)]

        await moved(house, market, "close", {"reason": reason}, by=root)
        await moved(house, market, "propose", {"outcome": "YES"}, by=root)
        shown = await moved(house, market, "dispute", {"reason": reason}, by=bob)
        assert shown["resolution"]["disputeReason"] == reason
        await moved(house, market, "resolve", {"outcome": "YES"}, by=root)
        await house.call("GET", f"/api/orderbook/{market}", by=alice)  # behind the payouts
        assert (await look(house, f"/api/markets?status=RESOLVED&size={number}"))["content"][0]["id"] == market
        holders = await look(house, f"{OURS}/markets/{market}/positions", root)
        assert [(h["username"], h["position"]["payout"]) for h in holders] == [(bob, "2"), (alice, "8")]
        await unharmed(house, root)
