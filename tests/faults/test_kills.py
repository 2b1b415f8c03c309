"""kill -9 of Rialto, of its PostgreSQL and of both, under load: what was acknowledged is there, once."""

import os
import random
import signal
from functools import partial

import pytest
import trio

from tests.end_to_end.servers import Rialto, open_reader, running_rialto
from tests.faults.listeners import Listener
from tests.faults.load import Load, repeat_unknown
from tests.faults.truth import judge
from tests.storage.servers import is_alive, postmaster_of, running_server

pytestmark = [
    pytest.mark.slow,
    pytest.mark.usefixtures("lost_connections"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]

KILLS = ["server"] * 7 + ["postgres"] * 7 + ["both"] * 6
SERVICE_S = 60.0  # for a restart on busy cores; it takes two seconds on idle ones


def test_twenty_kills_under_load() -> None:
    seed = random.randrange(2**32)
    print(f"seed {seed}")
    with running_rialto() as rialto:
        load, listener = trio.run(killing, rialto, random.Random(seed), seed)
        assert rialto.stop() == 0, rialto.said[-20:]
        with running_server(rialto.data_path) as server:
            trio.run(judge, server.dsn, load.customers)
            trio.run(check_pushes, server.dsn, listener)


async def killing(rialto: Rialto, chance: random.Random, seed: int) -> tuple[Load, Listener]:
    """Kill at random moments, twenty times; every time service returns."""
    load = Load(rialto, seed)
    async with trio.open_nursery() as nursery:
        await nursery.start(load.run)
        listener = Listener(rialto, load.customers[0])
        nursery.start_soon(listener.run)
        await load.until_done(100)
        for victim in chance.sample(KILLS, len(KILLS)):
            await trio.sleep(chance.random())
            await kill(rialto, victim, chance)
            await load.until_done(30, SERVICE_S)
        load.stop()
        nursery.cancel_scope.cancel()
    assert load.unknown, "no command was under way at any kill"
    await repeat_unknown(rialto, load.customers)
    return load, listener


async def kill(rialto: Rialto, victim: str, chance: random.Random) -> None:
    """Kill one or both, in any order; start Rialto again if need be, and leave its PostgreSQL to it."""
    postmaster = postmaster_of(rialto.data_path)
    assert is_alive(postmaster)
    killers = [rialto.kill] if victim != "postgres" else []
    if victim != "server":
        killers.append(partial(os.kill, postmaster, signal.SIGKILL))
    chance.shuffle(killers)
    for killer in killers:
        killer()
    if victim == "postgres":
        assert rialto.process.poll() is None
    else:
        await trio.to_thread.run_sync(rialto.start)


async def check_pushes(dsn: str, listener: Listener) -> None:
    async with open_reader(dsn) as reader:
        await listener.check(reader)
