"""Markets by product, and the orders and trades of a product's markets."""

from typing import Any

import msgspec
import pytest

from engine.ledger.records import MarketRecord, MarketState
from engine.matching.terms import OrderState
from storage.interface import OrderFilter, TradeFilter
from tests.storage.conftest import Open
from tests.storage.entries import Entries, market, order, trade

QUESTION = {"product": "prediction", "name": "", "standing": b"{}"}
MARKETS = [
    market(1),
    market(2, **QUESTION),
    market(3, **QUESTION, state=MarketState.HALTED),
    market(4, state=MarketState.HALTED),
    market(5, **QUESTION),
    market(10, **QUESTION, state=MarketState.FINAL),
]
Asked = tuple[str, MarketState | None, int, int]


@pytest.mark.trio
async def test_a_market_is_found_by_its_id(opened: Open) -> None:
    async with opened() as storage:
        assert await storage.reader.market(2) is None
        await storage.writer.commit(Entries().next(markets=MARKETS))
        assert await storage.reader.market(2) == MARKETS[1]
        assert await storage.reader.market(6) is None


@pytest.mark.trio
async def test_a_list_of_markets_is_filtered_and_paged_newest_first_and_counted(opened: Open) -> None:
    cases: dict[Asked, tuple[list[int], int]] = {
        ("prediction", None, 0, 10): ([10, 5, 3, 2], 4),
        ("prediction", None, 1, 2): ([5, 3], 4),
        ("prediction", None, 4, 2): ([], 4),
        ("prediction", None, 0, 0): ([], 4),
        ("prediction", MarketState.OPEN, 0, 10): ([5, 2], 2),
        ("prediction", MarketState.OPEN, 1, 10): ([2], 2),
        ("prediction", MarketState.VOID, 0, 10): ([], 0),
        ("spot", None, 0, 10): ([4, 1], 2),
        ("spot", MarketState.HALTED, 0, 10): ([4], 1),
        ("betting", None, 0, 10): ([], 0),
    }
    async with opened() as storage:
        await storage.writer.commit(Entries().next(markets=MARKETS))
        pages = {case: await storage.reader.market_page(*case) for case in cases}
        found = {case: ([row.market_id for row in rows], count) for case, (rows, count) in pages.items()}
        assert found == cases
        assert pages["prediction", None, 1, 2][0] == [MARKETS[4], MARKETS[2]]


@pytest.mark.trio
async def test_matches_are_listed_by_their_league(opened: Open) -> None:
    def match(market_id: int, league: str, **more: Any) -> MarketRecord:
        definition = msgspec.json.encode({"league": league, "home_team": "NBA"})
        return market(market_id, product="betting", name="", standing=b"{}", definition=definition, **more)

    quoted = '"\\ä\u4e2d'
    matches = [match(1, "NBA"), match(2, "EPL"), match(3, "NBA", state=MarketState.VOID), match(4, quoted)]
    cases: dict[tuple[MarketState | None, int, int, str | None], tuple[list[int], int]] = {
        (None, 0, 10, None): ([4, 3, 2, 1], 4),
        (None, 0, 10, "NBA"): ([3, 1], 2),
        (None, 1, 10, "NBA"): ([1], 2),
        (None, 0, 1, "NBA"): ([3], 2),
        (None, 0, 10, "nba"): ([], 0),
        (None, 0, 10, quoted): ([4], 1),
        (MarketState.OPEN, 0, 10, "NBA"): ([1], 1),
        (MarketState.VOID, 0, 10, "EPL"): ([], 0),
    }
    async with opened() as storage:
        await storage.writer.commit(Entries().next(markets=[*matches, market(5)]))
        for case, (ids, count) in cases.items():
            rows, total = await storage.reader.market_page("betting", *case)
            assert ([row.market_id for row in rows], total) == (ids, count), case
        assert await storage.reader.market_page("spot", None, 0, 10, "NBA") == ([], 0)


@pytest.mark.trio
async def test_a_market_is_listed_by_the_state_it_is_in_now(opened: Open) -> None:
    entries = Entries()
    closed = market(2, **QUESTION, state=MarketState.CLOSED, sequence=9)
    async with opened() as storage:
        await storage.writer.commit(entries.next(markets=MARKETS))
        await storage.writer.commit(entries.next(markets=[closed]))
        assert await storage.reader.market_page("prediction", MarketState.CLOSED, 0, 10) == ([closed], 1)
        assert await storage.reader.market_page("prediction", MarketState.OPEN, 0, 10) == ([MARKETS[4]], 1)


@pytest.mark.trio
async def test_a_list_of_orders_is_of_one_products_markets(opened: Open) -> None:
    orders = [
        order(1, market_id=1),
        order(2, market_id=2, state=OrderState.FILLED),
        order(3, market_id=10),
        order(4, market_id=3, account_id=8),
        order(5, market_id=4),
        order(6, market_id=99),
    ]
    cases = {
        OrderFilter(product="prediction"): [4, 3, 2],
        OrderFilter(product="spot"): [5, 1],
        OrderFilter(product="betting"): [],
        OrderFilter(product="prediction", account_id=7): [3, 2],
        OrderFilter(product="prediction", account_id=7, open=True): [3],
        OrderFilter(product="prediction", account_id=7, before=3, limit=1): [2],
        OrderFilter(product="prediction", market_id=3): [4],
        OrderFilter(product="prediction", market_id=1): [],
        OrderFilter(product="prediction", limit=1): [4],
    }
    async with opened() as storage:
        await storage.writer.commit(Entries().next(markets=MARKETS, new_orders=orders))
        found = {which: [row.order_id for row in await storage.reader.orders(which)] for which in cases}
        assert found == cases


@pytest.mark.trio
async def test_a_list_of_trades_is_of_one_products_markets(opened: Open) -> None:
    trades = [
        trade(1, market_id=1),
        trade(2, market_id=2, buyer_id=8, seller_id=7),
        trade(3, market_id=10, buyer_id=7, seller_id=7),
        trade(4, market_id=3, buyer_id=8, seller_id=9),
        trade(5, market_id=4, buyer_id=8, seller_id=7),
        trade(6, market_id=99),
    ]
    cases = {
        TradeFilter(product="prediction"): [4, 3, 2],
        TradeFilter(product="spot"): [5, 1],
        TradeFilter(product="betting"): [],
        TradeFilter(product="prediction", account_id=7): [3, 2],
        TradeFilter(product="spot", account_id=7): [5, 1],
        TradeFilter(product="prediction", account_id=7, before=3, limit=1): [2],
        TradeFilter(product="prediction", market_id=3): [4],
        TradeFilter(product="prediction", market_id=1): [],
        TradeFilter(product="prediction", limit=1): [4],
    }
    async with opened() as storage:
        await storage.writer.commit(Entries().next(markets=MARKETS, trades=trades))
        found = {which: [row.trade_id for row in await storage.reader.trades(which)] for which in cases}
        assert found == cases
