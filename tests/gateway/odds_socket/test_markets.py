"""Who goes away is watched for no more, however far his matches had begun."""

from typing import Any

import pytest

from actors.directory import MarketEntry
from actors.outbox import Outbox
from engine.betting.bookkeeping import odds_channel
from gateway.odds_socket.markets import Markets
from gateway.rest.betting.quotes import current_quote
from tests.gateway.odds_socket.houses import all_told, match_with_odds
from tests.gateway.websocket.houses import House, open_house

pytestmark = pytest.mark.trio


class Follower:
    """What a socket does with its matches, step by step."""

    def __init__(self, house: House, market: MarketEntry) -> None:
        self.house = house
        self.market = market
        self.outbox = Outbox()
        self.markets = Markets(house.gateway, self.outbox)

    async def do(self, steps: str) -> None:
        number = self.market.market_id
        for step in steps.split():
            if step == "subscribe":
                self.markets.subscribe(number)
            elif step == "begin":
                quote, _ = await current_quote(self.house.gateway, self.market)
                assert self.markets.begin(quote)
            elif step == "resume":
                self.markets.resume(number, 0)
            elif step == "unsubscribe":
                self.markets.unsubscribe(number)
            elif step == "watch":
                self.markets.watch()
            else:
                assert step == "leave"
                self.markets.leave()

    async def is_watched(self) -> bool:
        """Whether the broadcaster would push to this client."""
        await all_told(self.house)
        children: Any = self.house.exchange.supervisor._children
        subscriptions = children["broadcaster"].actor._subscriptions
        return self.outbox in subscriptions.watchers(odds_channel(self.market.channel))


@pytest.mark.parametrize(
    "steps",
    [
        "subscribe begin unsubscribe watch",
        "resume unsubscribe watch",
        "subscribe begin watch unsubscribe",
        "subscribe begin watch subscribe unsubscribe watch",
        "subscribe begin subscribe watch",
        "subscribe begin watch subscribe begin unsubscribe watch",
        "resume watch unsubscribe resume unsubscribe watch",
        "subscribe begin watch leave",
        "subscribe begin watch subscribe leave",
        "subscribe begin leave",
        "subscribe leave",
    ],
)
async def test_nobody_stays_watched_who_does_not_follow(steps: str) -> None:
    async with open_house() as house:
        follower = Follower(house, await match_with_odds(house.exchange))
        await follower.do(steps)
        assert not await follower.is_watched()


@pytest.mark.parametrize(
    "steps",
    [
        "subscribe begin watch",
        "resume watch",
        "subscribe begin unsubscribe subscribe begin watch",
        "subscribe begin watch unsubscribe resume watch",
        "subscribe begin subscribe begin watch",
        "subscribe begin watch subscribe begin",
    ],
)
async def test_who_follows_is_watched_until_he_leaves(steps: str) -> None:
    async with open_house() as house:
        follower = Follower(house, await match_with_odds(house.exchange))
        await follower.do(steps)
        assert await follower.is_watched()
        await follower.do("leave")
        assert not await follower.is_watched()
