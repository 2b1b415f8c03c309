"""The whole tree: who is started in which order, and how it is drained.

ledger, accounts, broadcaster, one actor a market, market makers
stopping: market makers, accounts, markets, ledger, broadcaster
"""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

import msgspec
import trio

from actors.accounts import Accounts
from actors.accumulators import AccumulatorsActor
from actors.betting_market import BettingMarketActor
from actors.broadcaster import Broadcaster, offer
from actors.clock import Clock, SteadyClock
from actors.core import Actor, Address, Restart, Supervisor
from actors.directory import Directory, MarketEntry
from actors.ledger import Ledger
from actors.maker import MarketMaker, ParkedMaker
from actors.market import ParkedMarket, SpotMarketActor
from actors.match_facts import FactTeller
from actors.messages import DrainAccounts
from actors.prediction_market import PredictionMarketActor
from actors.replay import Replay
from actors.subscriptions import Subscriptions
from actors.timekeeper import Timekeeper
from engine.accumulators.market import ODDS_MAX
from engine.ledger.records import MarketRecord
from engine.prediction.lifecycle import Rules
from engine.prediction.maker_settings import DEFAULTS
from engine.products import BETTING, PREDICTION, SPOT, read_definition
from storage.cache import Cache, MemoryCache
from storage.interface import Storage

RULES = Rules()


class Exchange(msgspec.Struct, frozen=True):
    """A running exchange, as its gateway sees it."""

    storage: Storage
    clock: SteadyClock
    directory: Directory
    supervisor: Supervisor
    accounts: Address
    ledger: Address
    broadcaster: Address
    timekeeper: Timekeeper
    rules: Rules
    makers: dict[int, Address]  # by market; a question has one from when it is first set
    cache: Cache
    replay: Replay  # one for all: its bounds are the process's
    facts: FactTeller
    accumulator_odds_max: int


@asynccontextmanager
async def open_exchange(
    storage: Storage,
    clock: Clock,
    rules: Rules = RULES,
    cache: Cache | None = None,
    *,
    accumulator_odds_max: int = ODDS_MAX,
) -> AsyncIterator[Exchange]:
    """Start all actors on this storage and wait until they have recovered; drain them when the block ends.

    `rules` are the operator's for questions, `accumulator_odds_max` limits the odds of all legs together; without a
    cache of another kind, there is one in memory.

    An actor that can't be started again ends the block with ActorFailed (in an exception group).
    """
    async with trio.open_nursery() as nursery:
        steady = SteadyClock(clock)
        exchange = await _start(
            nursery, storage, steady, rules, cache or MemoryCache(steady.now_ms), accumulator_odds_max
        )
        yield exchange
        await _drain(exchange)


async def _start(
    nursery: trio.Nursery, storage: Storage, clock: SteadyClock, rules: Rules, cache: Cache, accumulator_odds_max: int
) -> Exchange:
    supervisor = Supervisor(nursery)
    directory = Directory()
    accounts, ledger, broadcaster = Address("accounts"), Address("ledger"), Address("broadcaster")
    timekeeper = Timekeeper(clock)
    nursery.start_soon(timekeeper.run)
    replay = Replay(storage.reader, directory)
    exchange = Exchange(
        storage,
        clock,
        directory,
        supervisor,
        accounts,
        ledger,
        broadcaster,
        timekeeper,
        rules,
        {},
        cache,
        replay,
        FactTeller(directory),
        accumulator_odds_max,
    )
    for market in await storage.reader.markets():
        open_market(exchange, market)
    supervisor.start(
        ledger,
        partial(
            Ledger,
            storage=storage,
            clock=clock,
            accounts=accounts,
            offer=partial(offer, broadcaster),
            market_listed=partial(open_market, exchange),
            tell_facts=exchange.facts.tell,
        ),
        Restart.NEVER,
    )
    supervisor.start(
        accounts,
        partial(Accounts, storage=storage, clock=clock, directory=directory, ledger=ledger),
        Restart.NEVER,
    )
    supervisor.start(
        broadcaster,
        partial(
            Broadcaster,
            storage=storage,
            subscriptions=Subscriptions(),
            directory=directory,
            cache=cache,
            replay=replay,
        ),
        Restart.ONE_FOR_ONE,
    )
    for address in (ledger, accounts, broadcaster, *(market.address for market in directory.by_id.values())):
        await supervisor.started(address)
    for market_id in await storage.preferences.makers():
        maker_of(exchange, directory.by_id[market_id])
    return exchange


def open_market(exchange: Exchange, market: MarketRecord) -> None:
    """Start the actor of a market whose row is committed, and enter it in the directory."""
    address = Address(f"market/{market.product}/{market.name}")
    definition = read_definition(market.product, market.definition)
    exchange.directory.open(market, definition, address)
    rest: dict[str, Any] = {
        "market_id": market.market_id,
        "storage": exchange.storage,
        "clock": exchange.clock,
        "ledger": exchange.ledger,
        "accounts": exchange.accounts,
    }
    make: Callable[[Address], Actor]
    if market.product == SPOT:
        make = partial(SpotMarketActor, symbol=definition, **rest)
    elif market.product == PREDICTION:
        timekeeper, rules = exchange.timekeeper, exchange.rules
        make = partial(PredictionMarketActor, question=definition, rules=rules, timekeeper=timekeeper, **rest)
    elif market.product == BETTING:
        make = partial(BettingMarketActor, match=definition, timekeeper=exchange.timekeeper, **rest)
    else:
        news = exchange.facts.news_of(definition.asset, address)
        odds_max = exchange.accumulator_odds_max
        make = partial(
            AccumulatorsActor,
            terms=definition,
            news=news,
            odds_max=odds_max,
            timekeeper=exchange.timekeeper,
            **rest,
        )
    park = partial(ParkedMarket, name=market.channel, accounts=exchange.accounts)
    exchange.supervisor.start(address, make, Restart.ONE_FOR_ONE, park)


def maker_of(exchange: Exchange, market: MarketEntry) -> Address:
    """The market maker of a question; it is started when it is first asked for."""
    address = exchange.makers.get(market.market_id)
    if address is None:
        address = exchange.makers[market.market_id] = Address(f"maker/{market.name}")
        make = partial(
            MarketMaker,
            market=market,
            settings=msgspec.structs.replace(DEFAULTS, market_id=market.market_id),
            storage=exchange.storage,
            clock=exchange.clock,
            accounts=exchange.accounts,
            timekeeper=exchange.timekeeper,
        )
        park = partial(ParkedMaker, name=market.name, accounts=exchange.accounts)
        exchange.supervisor.start(address, make, Restart.ONE_FOR_ONE, park)
    return address


async def _drain(exchange: Exchange) -> None:
    """Stop in the way of a command: nothing new, what is under way to its end, then everyone in turn."""
    supervisor = exchange.supervisor
    exchange.timekeeper.close()
    for maker in exchange.makers.values():
        await supervisor.close(maker)
    await exchange.accounts.ask(DrainAccounts())
    for market in exchange.directory.by_id.values():
        await supervisor.close(market.address)
    for address in (exchange.ledger, exchange.accounts, exchange.broadcaster):
        await supervisor.close(address)
