"""Prediction markets for tests of actors: a question, its customers, orders in one line."""

from actors.directory import MarketEntry
from actors.exchange import Exchange
from engine.ledger.commands import Listed, ListMarket
from engine.matching.order import Side
from engine.matching.terms import OrderType, Outcome
from engine.prediction.commands import PlaceShareOrder
from engine.prediction.question import Question, VoidPolicy, make_question
from engine.products import PREDICTION, write_definition
from engine.trading.commands import Placed

DAY_MS = 24 * 3_600_000


def question(now_ms: int, *, days: int = 1, void_policy: VoidPolicy = VoidPolicy.EQUAL) -> Question:
    """A question that trades for some days, at the usual fees."""
    made = make_question(
        title="Will it rain?",
        description="In the capital, at noon.",
        category="weather",
        resolution_ms=now_ms + days * DAY_MS,
        now_ms=now_ms,
        void_policy=void_policy,
    )
    assert isinstance(made, Question), made
    return made


async def ask_question(exchange: Exchange, asked: Question | None = None) -> MarketEntry:
    """List a question; the market is there when this returns."""
    asked = asked or question(exchange.clock.now_ms())
    listed = await exchange.accounts.ask(ListMarket(PREDICTION, None, write_definition(asked)))
    assert isinstance(listed, Listed), listed
    return exchange.directory.by_id[listed.market.market_id]


def shares(market: MarketEntry, account: int, words: str, **more: object) -> PlaceShareOrder:
    """An order in words: "buy 10 YES at 60", "sell 3 NO" (a market order)."""
    side, quantity, outcome, *price = words.replace(" at ", " ").split()
    return PlaceShareOrder(
        account,
        market.name,
        Outcome(outcome),
        Side(side),
        OrderType.LIMIT if price else OrderType.MARKET_BY_QUANTITY,
        int(quantity),
        price[0] if price else None,
        **more,  # type: ignore[arg-type]  # the other fields, by name
    )


async def trade(exchange: Exchange, market: MarketEntry, account: int, words: str, **more: object) -> Placed:
    """Place an order that is taken."""
    answer = await exchange.accounts.ask(shares(market, account, words, **more))
    assert isinstance(answer, Placed), answer
    return answer
