"""STOMP topics of a running exchange, in memory: prices of all markets, books of those that are watched."""

from typing import Any

import msgspec
import pytest
import trio

from actors.exchange import Exchange
from gateway.answers import Rejected
from gateway.stomp.follower import Follower
from gateway.stomp.topics import ALL_PRICES, Source, market_destination
from tests.actors.exchanges import ALICE, BOB, deposit, small_exchange
from tests.actors.questions import ask_question, trade


def nothing() -> None:
    """Nobody needs to be woken."""


async def next_of(source: Source) -> Any:
    """The next body, once the broadcaster has told of it."""
    with trio.fail_after(5):
        while not (bodies := source.take(1)):  # noqa: ASYNC110  # what wakes is another test's
            await trio.sleep(0.01)
    return msgspec.json.decode(bodies[0])


def follow(exchange: Exchange, nursery: trio.Nursery) -> Follower:
    follower = Follower(exchange.directory, exchange.broadcaster, exchange.clock.now_ms)
    nursery.start_soon(follower.run)
    return follower


def levels(side: list[dict[str, Any]]) -> list[tuple[float, int]]:
    return [(level["price"], level["quantity"]) for level in side]


@pytest.mark.trio
async def test_prices_begin_with_all_markets_and_go_on_with_changes(nursery: trio.Nursery) -> None:
    async with small_exchange() as exchange:
        follower = follow(exchange, nursery)
        first, second = await ask_question(exchange), await ask_question(exchange)
        source = follower.open(ALL_PRICES, nothing)
        (prices,) = source.take(5)
        shown = {price["marketId"]: (price["yesPrice"], price["noPrice"]) for price in msgspec.json.decode(prices)}
        assert shown == {first.market_id: (50.0, 50.0), second.market_id: (50.0, 50.0)}
        for account in (ALICE, BOB):
            await deposit(exchange, account, USD="100")
        await trade(exchange, second, ALICE, "buy 10 YES at 60")
        await trade(exchange, second, BOB, "buy 10 NO at 40")
        price = await next_of(source)
        assert (price["marketId"], price["yesPrice"], price["noPrice"]) == (second.market_id, 60.0, 40.0)
        assert price["timestamp"] > 0
        source.close()
        nursery.cancel_scope.cancel()


@pytest.mark.trio
async def test_a_price_that_stays_the_same_is_not_told_again(nursery: trio.Nursery) -> None:
    async with small_exchange() as exchange:
        follower = follow(exchange, nursery)
        market = await ask_question(exchange)
        source = follower.open(market_destination(market.market_id, "price"), nothing)
        assert (await next_of(source))["yesPrice"] == 50.0
        await deposit(exchange, ALICE, USD="100")
        await trade(exchange, market, ALICE, "buy 1 YES at 40")
        await trade(exchange, market, ALICE, "buy 1 NO at 40")
        await trio.sleep(0.1)
        assert source.take(5) == [], "40 and 60 have the middle 50"
        await trade(exchange, market, ALICE, "buy 1 YES at 45")
        assert (await next_of(source))["yesPrice"] == 52.5
        nursery.cancel_scope.cancel()


@pytest.mark.trio
async def test_a_book_is_whole_and_in_prices_of_yes(nursery: trio.Nursery) -> None:
    async with small_exchange() as exchange:
        follower = follow(exchange, nursery)
        market = await ask_question(exchange)
        await deposit(exchange, ALICE, USD="100")
        await trade(exchange, market, ALICE, "buy 7 YES at 40")
        source = follower.open(market_destination(market.market_id, "orderbook"), nothing)
        book = await next_of(source)
        assert (levels(book["yesBids"]), levels(book["yesAsks"])) == ([(40.0, 7)], [])
        await trade(exchange, market, ALICE, "buy 3 NO at 39.5")
        book = await next_of(source)
        assert (levels(book["yesBids"]), levels(book["yesAsks"])) == ([(40.0, 7)], [(60.5, 3)])
        other = follower.open(market_destination(market.market_id, "orderbook"), nothing)
        assert levels((await next_of(other))["yesAsks"]) == [(60.5, 3)]
        nursery.cancel_scope.cancel()


@pytest.mark.trio
async def test_a_book_that_nobody_watches_is_forgotten_and_comes_back(nursery: trio.Nursery) -> None:
    async with small_exchange() as exchange:
        follower = follow(exchange, nursery)
        market = await ask_question(exchange)
        await deposit(exchange, ALICE, USD="100")
        await trade(exchange, market, ALICE, "buy 7 YES at 40")
        destination = market_destination(market.market_id, "orderbook")
        source = follower.open(destination, nothing)
        await next_of(source)
        source.close()
        await trade(exchange, market, ALICE, "buy 2 YES at 41")
        again = follower.open(destination, nothing)
        assert levels((await next_of(again))["yesBids"]) == [(41.0, 2), (40.0, 7)]
        nursery.cancel_scope.cancel()


@pytest.mark.trio
async def test_a_market_that_does_not_exist_is_refused(nursery: trio.Nursery) -> None:
    async with small_exchange() as exchange:
        follower = follow(exchange, nursery)
        with pytest.raises(Rejected):
            follower.open(market_destination(99, "price"), nothing)
        spot = min(exchange.directory.by_id)
        with pytest.raises(Rejected):
            follower.open(market_destination(spot, "orderbook"), nothing)
        nursery.cancel_scope.cancel()
