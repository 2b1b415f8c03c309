"""The whole tree: who is started in which order, and how it is drained.

ledger, accounts, broadcaster, one actor a market         stopping: accounts, markets, ledger, broadcaster
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

import msgspec
import trio

from actors.accounts import Accounts
from actors.broadcaster import Broadcaster, offer
from actors.clock import Clock, SteadyClock
from actors.core import Address, Restart, Supervisor
from actors.directory import Directory
from actors.ledger import Ledger
from actors.market import ParkedMarket, SpotMarketActor
from actors.messages import DrainAccounts
from actors.subscriptions import Subscriptions
from engine.ledger.records import MarketRecord
from engine.products import read_definition
from storage.interface import Storage


class Exchange(msgspec.Struct, frozen=True):
    """A running exchange, as its gateway sees it."""

    storage: Storage
    clock: SteadyClock
    directory: Directory
    supervisor: Supervisor
    accounts: Address
    ledger: Address
    broadcaster: Address


@asynccontextmanager
async def open_exchange(storage: Storage, clock: Clock) -> AsyncIterator[Exchange]:
    """Start all actors on this storage and wait until they have recovered; drain them when the block ends.

    An actor that can't be started again ends the block with ActorFailed (in an exception group).
    """
    async with trio.open_nursery() as nursery:
        exchange = await _start(nursery, storage, SteadyClock(clock))
        yield exchange
        await _drain(exchange)


async def _start(nursery: trio.Nursery, storage: Storage, clock: SteadyClock) -> Exchange:
    supervisor = Supervisor(nursery)
    directory = Directory()
    accounts, ledger, broadcaster = Address("accounts"), Address("ledger"), Address("broadcaster")
    exchange = Exchange(storage, clock, directory, supervisor, accounts, ledger, broadcaster)
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
        partial(Broadcaster, storage=storage, subscriptions=Subscriptions()),
        Restart.ONE_FOR_ONE,
    )
    for address in (ledger, accounts, broadcaster, *(market.address for market in directory.by_id.values())):
        await supervisor.started(address)
    return exchange


def open_market(exchange: Exchange, market: MarketRecord) -> None:
    """Start the actor of a market whose row is committed, and enter it in the directory."""
    address = Address(f"market/{market.product}/{market.name}")
    symbol = read_definition(market.product, market.definition)
    exchange.directory.open(market, symbol, address)
    exchange.supervisor.start(
        address,
        partial(
            SpotMarketActor,
            market_id=market.market_id,
            symbol=symbol,
            storage=exchange.storage,
            clock=exchange.clock,
            ledger=exchange.ledger,
            accounts=exchange.accounts,
        ),
        Restart.ONE_FOR_ONE,
        park=partial(ParkedMarket, name=market.name, accounts=exchange.accounts),
    )


async def _drain(exchange: Exchange) -> None:
    """Stop in the way of a command: nothing new, what is under way to its end, then everyone in turn."""
    supervisor = exchange.supervisor
    await exchange.accounts.ask(DrainAccounts())
    for market in exchange.directory.by_id.values():
        await supervisor.close(market.address)
    for address in (exchange.ledger, exchange.accounts, exchange.broadcaster):
        await supervisor.close(address)
