"""Quotes in the cache: the newest stays, for its time; a cache that is away is no error."""

import pytest

from actors.odds_quotes import LIFETIME_MS, OddsQuote, recall, remember
from engine.betting.lifecycle import MatchStanding
from engine.betting.match import Board, Moneyline, Spread, Total
from engine.ledger.records import MarketState
from storage.cache import Cache, MemoryCache

pytestmark = pytest.mark.trio

BOARD = Board(Moneyline(185, 420, 340), Spread(-3, 192, 196), Total(10, 190, 200))


def quote(number: int, market_id: int = 7) -> OddsQuote:
    return OddsQuote(market_id, MarketState.IN_PLAY, MatchStanding(number, BOARD, "Fog", in_play=True), 1_000 + number)


class Time:
    """Stands still until it is moved."""

    now_ms = 0

    def __call__(self) -> int:
        return self.now_ms


async def test_a_quote_comes_back_as_it_was() -> None:
    cache = MemoryCache(Time())
    assert await recall(cache, 7) is None
    await remember(cache, quote(3))
    assert await recall(cache, 7) == quote(3)
    assert await recall(cache, 8) is None


async def test_the_newest_stays() -> None:
    cache = MemoryCache(Time())
    for number in (2, 1, 5, 4, 3):
        await remember(cache, quote(number))
    assert await recall(cache, 7) == quote(5)


async def test_it_stays_for_a_minute() -> None:
    time = Time()
    cache = MemoryCache(time)
    await remember(cache, quote(3))
    time.now_ms = LIFETIME_MS - 1
    assert await recall(cache, 7) == quote(3)
    time.now_ms = LIFETIME_MS
    assert await recall(cache, 7) is None


class AwayCache:
    """A cache that can't be reached."""

    async def get(self, _: str) -> bytes | None:
        raise TimeoutError

    async def put(self, _: str, __: bytes, ___: int, ____: int = 0) -> None:
        raise ConnectionRefusedError

    async def take(self, _: str) -> bytes | None:
        raise TimeoutError

    async def remove(self, _: str) -> None:
        raise TimeoutError


async def test_a_cache_that_is_away_knows_nothing() -> None:
    cache: Cache = AwayCache()
    await remember(cache, quote(3))
    assert await recall(cache, 7) is None
