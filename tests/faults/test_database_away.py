"""The database is away for five seconds under load, in two ways: nothing is lost, nothing happens twice."""

import random
from collections.abc import Awaitable, Callable

import pytest
import trio

from tests.end_to_end.servers import Rialto, running_rialto
from tests.faults.freezing import frozen
from tests.faults.health import HealthWatch
from tests.faults.load import Load, Told, repeat_unknown
from tests.faults.proxy import Cut, open_proxy, rialto_behind
from tests.faults.truth import judge
from tests.storage.servers import running_server

pytestmark = [
    pytest.mark.slow,
    pytest.mark.usefixtures("lost_connections"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]

AWAY_S = 5.0
KNOWN_S = 2.0 + 0.5  # the contract's two seconds, and what a look from outside takes on busy cores
CUTS = 18  # the pause before a new connection grows to a second while they do not live long


def test_a_frozen_postgresql_thaws() -> None:
    """Its processes are stopped like a machine that swaps; statements that were under way go on afterwards."""
    with running_rialto() as rialto:

        async def freeze() -> None:
            with frozen(rialto.data_path):
                await trio.sleep(AWAY_S)

        customers = trio.run(away, rialto, freeze)
        assert rialto.stop() == 0, rialto.said[-20:]
        with running_server(rialto.data_path) as server:
            trio.run(judge, server.dsn, customers)


def test_a_silent_network_speaks_again(postgres_dsn: str) -> None:
    """Requests have a deadline of two seconds here, so some are told that their outcome is unknown."""

    async def run() -> list[Told]:
        async with open_proxy(postgres_dsn) as proxy, rialto_behind(proxy, REQUEST_DEADLINE_S="2") as rialto:

            async def silence() -> None:
                proxy.stall()
                await trio.sleep(AWAY_S)
                proxy.resume()

            return await away(rialto, silence)

    customers = trio.run(run)
    trio.run(judge, postgres_dsn, customers)


def test_connections_cut_in_the_middle_of_commits(postgres_dsn: str) -> None:
    """Before, while and after the server is at work on it: each commit is there once."""
    seed = random.randrange(2**32)
    print(f"seed {seed}")
    chance = random.Random(seed)

    async def run() -> list[Told]:
        async with open_proxy(postgres_dsn) as proxy, rialto_behind(proxy) as rialto:
            load = Load(rialto, seed)
            async with trio.open_nursery() as nursery:
                await nursery.start(load.run)
                for number in range(CUTS):
                    await load.until_done(chance.randint(1, 20))
                    with trio.fail_after(60):
                        await proxy.cut_next_commit(list(Cut)[number % len(Cut)])
                    if chance.random() < 0.2:
                        await proxy.cut()  # the readers' connections too
                await load.until_done(50)
                load.stop()
            await repeat_unknown(rialto, load.customers)
            assert proxy.commits > CUTS
            return load.customers

    customers = trio.run(run)
    trio.run(judge, postgres_dsn, customers)


async def away(rialto: Rialto, being_away: Callable[[], Awaitable[None]]) -> list[Told]:
    """Have the database go away and come back under load; return what customers were told, nothing unknown."""
    seed = random.randrange(2**32)
    print(f"seed {seed}")
    load, health = Load(rialto, seed), HealthWatch(rialto)
    async with trio.open_nursery() as nursery:
        await nursery.start(load.run)
        nursery.start_soon(health.run)
        await load.until_done(100)
        gone = trio.current_time()
        await being_away()
        back = trio.current_time()
        await health.until_ready()
        await load.until_done(100)
        load.stop()
        nursery.cancel_scope.cancel()
    health.check(gone, back, KNOWN_S)
    await repeat_unknown(rialto, load.customers)
    return load.customers
