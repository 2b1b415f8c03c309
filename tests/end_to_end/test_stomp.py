"""Real STOMP clients beside real trading: what they are shown is what the market is."""

import pytest

from gateway.client import PredictionClient
from tests.end_to_end.servers import Rialto
from tests.end_to_end.traders import open_admin, open_traders
from tests.gateway.stomp.test_clients import arguments, clients, running

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("audited")]


@clients
@pytest.mark.trio
async def test_prices_and_books_follow_the_market(rialto: Rialto, command: list[str]) -> None:
    names = [f"stomp-{name}-{len(command)}" for name in ("ann", "bob")]
    async with open_admin(rialto) as admin, open_traders(rialto, names, {"USD": "100"}) as traders:
        ann, bob = (PredictionClient(client) for client in traders.values())
        market = await PredictionClient(admin).create_market(
            {"title": "Will it rain?", "resolutionDate": "2030-01-01T00:00:00Z"}
        )
        market_id = market["id"]

        async def buy(client: PredictionClient, side: str, price: float, quantity: int) -> None:
            order = {"marketId": market_id, "side": side, "action": "BUY", "orderType": "LIMIT"}
            await client.place({**order, "price": price, "quantity": quantity})

        await buy(ann, "YES", 60.0, 10)
        async with running(command, rialto, *arguments(command)) as client:
            await client.hear("open")
            await client.hear("connected")
            prices = await client.subscribe("/topic/prices/all", "all")
            assert market_id in [price["marketId"] for price in prices]
            price = await client.subscribe(f"/topic/market/{market_id}/price", "price")
            assert (price["yesPrice"], price["noPrice"]) == (50.0, 50.0)
            book = await client.subscribe(f"/topic/market/{market_id}/orderbook", "book")
            assert (book["yesBids"], book["yesAsks"]) == ([{"quantity": 10, "price": 60.0}], [])
            await buy(bob, "NO", 45.0, 4)
            seen = await client.hear_messages("all", "price", "book")
            assert [(price["yesPrice"], price["noPrice"]) for price in seen[:2]] == [(60.0, 40.0)] * 2
            assert seen[2]["yesBids"] == [{"quantity": 6, "price": 60.0}]
            await client.do("disconnect")
            await client.hear("closed")
