"""Many who want the newest message of a match at the same time have it looked up once."""

import pytest
import trio
import trio.testing

from engine.ledger.records import MarketRecord
from gateway.odds_socket.newest import Newest
from storage.interface import DatabaseAway
from tests.gateway.houses import House, open_house
from tests.gateway.odds_socket.houses import match_with_odds

pytestmark = pytest.mark.trio


class Reads:
    """Stands before the reading of a market's row: counts, takes its time, and is away as often as it is told."""

    def __init__(self, house: House, monkeypatch: pytest.MonkeyPatch, away: int = 0) -> None:
        self.count = 0
        self._away = away
        self._read = house.exchange.storage.reader.market
        monkeypatch.setattr(house.exchange.storage.reader, "market", self._market)

    async def _market(self, market_id: int) -> MarketRecord | None:
        self.count += 1
        await trio.sleep(0.01)
        if self.count <= self._away:
            raise DatabaseAway
        return await self._read(market_id)


async def match_unknown_to_the_cache(house: House, count: int) -> int:
    """List a match whose odds have been set so many times; return its id."""
    market = (await match_with_odds(house.exchange, count)).market_id
    await trio.testing.wait_all_tasks_blocked()  # until all is told
    await house.exchange.cache.remove(f"oddsq:{market}")
    return market


async def ask(newest: Newest, house: House, market_id: int, heard: list[int]) -> None:
    quote = await newest.of(house.exchange.directory.by_id[market_id])
    heard.append(quote.standing.number)


async def test_fifty_who_come_at_once_cost_one_look(monkeypatch: pytest.MonkeyPatch) -> None:
    async with open_house() as house:
        market = await match_unknown_to_the_cache(house, 3)
        newest, reads, heard = Newest(house.gateway), Reads(house, monkeypatch), list[int]()
        async with trio.open_nursery() as nursery:
            for _ in range(50):
                nursery.start_soon(ask, newest, house, market, heard)
        assert (heard, reads.count) == ([3] * 50, 1)
        assert not newest._turns


async def test_when_the_one_who_looks_leaves_another_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    async with open_house() as house:
        market = await match_unknown_to_the_cache(house, 1)
        newest, reads, heard = Newest(house.gateway), Reads(house, monkeypatch), list[int]()
        async with trio.open_nursery() as stayers, trio.open_nursery() as leavers:
            leavers.start_soon(ask, newest, house, market, heard)
            await trio.testing.wait_all_tasks_blocked()
            stayers.start_soon(ask, newest, house, market, heard)
            await trio.testing.wait_all_tasks_blocked()
            leavers.cancel_scope.cancel()
        assert (heard, reads.count) == ([1], 2)
        assert not newest._turns


async def test_while_the_database_is_away_everybody_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    async with open_house() as house:
        market = await match_unknown_to_the_cache(house, 1)
        newest, reads, heard = Newest(house.gateway), Reads(house, monkeypatch, away=3), list[int]()
        async with trio.open_nursery() as nursery:
            for _ in range(2):
                nursery.start_soon(ask, newest, house, market, heard)
        assert (heard, reads.count) == ([1, 1], 4)
