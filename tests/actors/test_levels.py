"""Level totals followed from events, beside the book that decided them."""

import random

from hypothesis import given
from hypothesis import strategies as st

from actors.levels import Levels
from engine.ledger.records import OrderRecord
from engine.matching.order import SelfTradePrevention, Side
from engine.matching.terms import OrderType, TimeInForce
from engine.spot.market import SpotMarket
from engine.spot.symbol import SpotSymbol
from engine.trading.commands import EnterOrder, GetDepth, OrderTerms
from engine.trading.events import CloseReason, TradingEvent
from tests.actors.markets import BTC_USDT

SYMBOL: SpotSymbol = BTC_USDT.definition


def order(order_id: int, dice: random.Random) -> EnterOrder:
    """A limit order of any kind around 100 ticks."""
    side = dice.choice((Side.BUY, Side.SELL))
    price, lots = dice.randint(95, 105), dice.randint(1, 9)
    time_in_force = dice.choice((TimeInForce.GTC, TimeInForce.GTC, TimeInForce.IOC, TimeInForce.FOK))
    prevention = dice.choice(list(SelfTradePrevention))
    terms = OrderTerms(side, OrderType.LIMIT, time_in_force, False, prevention, price, lots, None)
    hold = SYMBOL.value(price, lots) if side is Side.BUY else lots * SYMBOL.lot
    return EnterOrder(order_id, dice.randint(1, 3), None, terms, hold)


def steps(market: SpotMarket, count: int, dice: random.Random) -> list[tuple[TradingEvent, ...]]:
    """Place and cancel at random; return the events of each step."""
    taken = []
    for _ in range(count):
        if market.book.orders and dice.random() < 0.2:
            market.cancel(dice.choice(list(market.book.orders)), CloseReason.CUSTOMER)
        else:
            market.place(order(market.sequence + 1, dice))
        taken.append(market.take_events())
    return taken


def open_orders(market: SpotMarket) -> list[OrderRecord]:
    return [resting.record(market.market_id) for resting in market.book.orders.values()]


def shows_the_book_of(levels: Levels, market: SpotMarket) -> bool:
    depth = market.depth(GetDepth(1_000))
    return (levels.all_bids(), levels.all_asks()) == (depth.bids, depth.asks)


@given(seed=st.integers(0, 10_000))
def test_after_each_commit_the_totals_are_those_of_the_book(seed: int) -> None:
    dice = random.Random(seed)
    market, levels = SpotMarket(1, SYMBOL), Levels(SYMBOL.book_terms)
    for _ in range(40):
        for event in steps(market, 1, dice)[0]:
            levels.fold(event)
        assert shows_the_book_of(levels, market), seed


@given(seed=st.integers(0, 10_000), known=st.integers(0, 40), back=st.integers(0, 40))
def test_events_that_are_known_already_do_no_harm(seed: int, known: int, back: int) -> None:
    """Orders read at one moment, and all events folded from an earlier one on: they end at the last."""
    dice = random.Random(seed)
    market = SpotMarket(1, SYMBOL)
    before = steps(market, known, dice)
    levels = Levels(SYMBOL.book_terms, open_orders(market))
    after = steps(market, 20, dice)
    for events in before[max(0, known - back) :] + after:
        for event in events:
            levels.fold(event)
    assert shows_the_book_of(levels, market), seed


def test_changes_are_absolute_and_zero_removes() -> None:
    dice = random.Random(1)
    market, levels = SpotMarket(1, SYMBOL), Levels(SYMBOL.book_terms)
    shown: dict[int, int] = {}
    for events in steps(market, 200, dice):
        for event in events:
            levels.fold(event)
        for price, lots in levels.bids.take_changes():
            assert shown.get(price, 0) != lots
            shown[price] = lots
    assert {price: lots for price, lots in shown.items() if lots} == dict(levels.all_bids())


def test_what_changes_back_within_a_commit_is_no_change() -> None:
    levels = Levels(SYMBOL.book_terms)
    levels.bids.add(100, 5)
    levels.bids.add(100, -5)
    assert levels.bids.take_changes() == ()
    assert levels.bids.prices == []


def test_the_best_prices() -> None:
    levels = Levels(SYMBOL.book_terms)
    assert (levels.best_bid, levels.best_ask) == (None, None)
    for price in (99, 98):
        levels.bids.add(price, 1)
    for price in (102, 101):
        levels.asks.add(price, 1)
    assert (levels.best_bid, levels.best_ask) == (99, 101)
    levels.bids.add(99, -1)
    assert levels.best_bid == 98
