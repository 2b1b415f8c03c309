"""The course of a market's price, by trade and by interval."""

import pytest

from engine.ledger.records import TradeRecord
from storage.interface import PriceBar, PricePoint
from tests.storage.conftest import Open
from tests.storage.entries import Entries, trade

# time, price, quantity; market 2 trades at other prices all the time.
TRADED = [
    (1_000, 50, 1),
    (1_900, 70, 2),
    (1_900, 60, 4),
    (2_000, 55, 1),
    (5_500, 40, 3),
    (5_999, 45, 5),
    (9_000, 90, 2**52),
]
EVERYTHING = [
    PriceBar(1_000, 50, 70, 50, 60, 7),
    PriceBar(2_000, 55, 55, 55, 55, 1),
    PriceBar(5_000, 40, 45, 40, 45, 8),
    PriceBar(9_000, 90, 90, 90, 90, 2**52),
]


def trades() -> list[TradeRecord]:
    mine = [
        trade(2 * number, created_ms=time_ms, price_ticks=price, quantity_lots=quantity)
        for number, (time_ms, price, quantity) in enumerate(TRADED, start=1)
    ]
    others = [trade(row.trade_id + 1, market_id=2, created_ms=row.created_ms, price_ticks=1) for row in mine]
    return [*mine, *others]


@pytest.mark.trio
async def test_a_market_that_has_not_traded_has_no_prices(opened: Open) -> None:
    async with opened() as storage:
        await storage.writer.commit(Entries().next(trades=trades()))
        assert await storage.reader.prices_since(3, 0) == []
        assert await storage.reader.price_history(3, 0, 1_000, 10) == []


@pytest.mark.trio
@pytest.mark.parametrize(
    ("since_ms", "first"),
    [
        (0, 0),
        (1_000, 0),
        (1_001, 0),
        (1_900, 0),
        (1_901, 2),  # of two at one time the one with the later id was the last
        (2_000, 2),
        (6_000, 5),
        (9_000, 5),
        (9_001, 6),
    ],
)
async def test_prices_since_a_time_begin_with_the_one_that_held_then(opened: Open, since_ms: int, first: int) -> None:
    points = [PricePoint(time_ms, price) for time_ms, price, _ in TRADED]
    async with opened() as storage:
        await storage.writer.commit(Entries().next(trades=trades()[::-1]))
        assert await storage.reader.prices_since(1, since_ms) == points[first:]


@pytest.mark.trio
@pytest.mark.parametrize(
    ("since_ms", "interval_ms", "limit", "bars"),
    [
        (0, 1_000, 10, EVERYTHING),
        (0, 1_000, 4, EVERYTHING),
        (0, 1_000, 3, EVERYTHING[1:]),  # the newest
        (0, 1_000, 1, EVERYTHING[3:]),
        (2_000, 1_000, 10, EVERYTHING[1:]),
        (1_999, 1_000, 10, EVERYTHING),  # the bar in which it lies is whole
        (9_999, 1_000, 10, EVERYTHING[3:]),
        (10_000, 1_000, 10, []),
        (0, 3_000, 10, [PriceBar(0, 50, 70, 50, 55, 8), PriceBar(3_000, 40, 45, 40, 45, 8), EVERYTHING[3]]),
        (0, 10_000, 10, [PriceBar(0, 50, 90, 40, 90, 16 + 2**52)]),
    ],
)
async def test_a_history_has_a_bar_for_each_interval_with_trades(
    opened: Open, since_ms: int, interval_ms: int, limit: int, bars: list[PriceBar]
) -> None:
    async with opened() as storage:
        await storage.writer.commit(Entries().next(trades=trades()[::-1]))
        assert await storage.reader.price_history(1, since_ms, interval_ms, limit) == bars
