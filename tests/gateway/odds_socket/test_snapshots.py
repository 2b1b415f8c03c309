"""Between the newest message, with which a subscriber begins, and what comes after it nothing is missed or doubled."""

import random
from typing import Any

import pytest
import trio

from actors.directory import MarketEntry
from tests.actors.test_resume import forget_everything
from tests.gateway.odds_socket.houses import OddsClient, following, match_with_odds, set_odds
from tests.gateway.websocket.houses import PATIENCE_S, House, open_house

pytestmark = pytest.mark.trio

CLIENTS = 6
CHANGES = 10  # of what each client follows
UPDATES = 60  # of each match
BEFORE = (0, 1, 5)  # messages of each match before anybody comes


class Listener:
    """Follows matches by their numbers; fails at a hole, at a repeat, and at what it does not follow."""

    def __init__(self, client: OddsClient) -> None:
        self.client = client
        self.numbers: dict[int, int | None] = {}  # the last one of each match; None: the next may be any

    async def hear(self) -> None:
        self._follow(await self.client.receive())

    def _follow(self, message: dict[str, Any]) -> None:
        assert message["type"] == "odds_update", message
        last = self.numbers[message["marketId"]]
        assert last is None or message["seq"] == last + 1, (last, message)
        self.numbers[message["marketId"]] = message["seq"]

    async def change(self, kind: str, market: int) -> None:
        """Ask for something; what comes before the answer belongs to what was asked for before."""
        number = (self.numbers.get(market) or 0) if kind == "resume" else None
        what = {"markets": [market]} if number is None else {"offsets": {str(market): number}}
        await self.client.send({"type": kind, **what})
        while (message := await self.client.receive())["type"] != "ack":
            self._follow(message)
        self.numbers[market] = number
        if kind == "unsubscribe":
            del self.numbers[market]
        assert set(message["subscribed"]) == self.numbers.keys()


@pytest.mark.parametrize("seed", range(4))
async def test_whoever_comes_while_odds_move_hears_each_message_once(seed: int) -> None:
    print("seed", seed)
    async with open_house() as house:
        markets = [await match_with_odds(house.exchange, count) for count in BEFORE]
        async with trio.open_nursery() as nursery:
            for number in range(CLIENTS):
                nursery.start_soon(come_and_go, house, markets, random.Random(100 * seed + number))
            for number, market in enumerate(markets):
                nursery.start_soon(move_odds, house, market, random.Random(100 * seed + 50 + number))


async def move_odds(house: House, market: MarketEntry, chance: random.Random) -> None:
    """Move them in bursts; now and then the quote, or all that was told, is known to the database only."""
    for number in range(UPDATES):
        await set_odds(house.exchange, market, home=200 + number)
        await trio.sleep(chance.choice((0, 0, 0.001, 0.005)))
        if chance.random() < 0.1:
            await house.exchange.cache.remove(f"oddsq:{market.market_id}")
        if chance.random() < 0.05:
            forget_everything(house.exchange)


async def come_and_go(house: House, markets: list[MarketEntry], chance: random.Random) -> None:
    """Follow now these, now those; in the end all of them, to their last messages."""
    last = {market.market_id: before + UPDATES for market, before in zip(markets, BEFORE, strict=True)}
    async with following(house) as client:
        listener = Listener(client)
        for _ in range(CHANGES):
            await listener.change(
                chance.choice(("subscribe", "subscribe", "unsubscribe", "resume")), chance.choice([*last])
            )
            with trio.move_on_after(chance.choice((0, 0.01, 0.05))):
                while True:
                    await listener.hear()
        for market in last:
            await listener.change("resume" if listener.numbers.get(market) else "subscribe", market)
        with trio.fail_after(PATIENCE_S):
            while listener.numbers != last:
                await listener.hear()
        await client.quiet()
