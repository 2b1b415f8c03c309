"""Which way from trio to asyncpg is best on the real commit: a thread with asyncio or uvloop, or trio-asyncio.

`python -m tests.benchmarks.storage_bridge` runs an embedded PostgreSQL and prints a table; every second order trades.
"5 ms" is Python's own switch interval, the other rows have the one that `run.py` sets. The columns:

    1 order    milliseconds from commit to durable, p50 and p99, one commit after the other
    busy       the same while another task keeps trio's thread at work, a millisecond at a time
    late       how late a trio timer of 1 ms is during the batches of the next two columns, p50 and p99, in milliseconds
    100, 300   orders a second in batches of that many, the next one sent when the last is durable
"""

import asyncio
import os
import platform
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import partial
from itertools import product
from typing import TypeVar, TypeVarTuple, Unpack

import msgspec
import trio
import trio_asyncio

from engine.ledger.records import Entry
from storage.bridge import Bridge, open_bridge
from storage.writer import PostgresWriter, open_writer
from tests.benchmarks.commits import Commits
from tests.storage.servers import open_folder, running_server

T = TypeVar("T")
Ts = TypeVarTuple("Ts")

SWITCH_INTERVAL_S = 0.0005  # as run.py sets it
TIMER_S = 0.001
SLICE_S = 0.001  # how long the busy task keeps the processor
BATCHES = (100, 300)
ROUNDS, SINGLES, ORDERS = 8, 60, 3_000


class TrioAsyncioBridge:
    """asyncio on top of trio's own loop, in trio's thread."""

    async def run(self, function: Callable[[Unpack[Ts]], Awaitable[T]], *args: *Ts) -> T:
        answer: T = await trio_asyncio.aio_as_trio(function)(*args)
        return answer


@asynccontextmanager
async def open_trio_asyncio() -> AsyncIterator[Bridge]:
    async with trio_asyncio.open_loop():
        yield TrioAsyncioBridge()


WAYS: dict[str, Callable[[], AbstractAsyncContextManager[Bridge]]] = {
    "thread, asyncio": partial(open_bridge, asyncio.new_event_loop),
    "thread, uvloop": open_bridge,
    "trio-asyncio": open_trio_asyncio,
}


class Figures(msgspec.Struct):
    """A row of the table; the pairs are p50 and p99."""

    single_ms: tuple[float, float]
    busy_ms: tuple[float, float]
    late_ms: tuple[float, float]
    orders_per_s: dict[int, float]


async def measure(
    open_way: Callable[[], AbstractAsyncContextManager[Bridge]], dsn: str, singles: int, orders: int
) -> Figures:
    """Measure one way on an empty database: so many single commits, and so many orders for each size of batches."""
    commits = Commits()
    late_s: list[float] = []
    async with open_way() as bridge, open_writer(bridge, dsn) as writer:
        await commit_all(writer, [commits.entry(1) for _ in range(singles)])  # until plans and caches are warm
        single_s = await commit_all(writer, [commits.entry(1) for _ in range(singles)])
        async with trio.open_nursery() as nursery:
            nursery.start_soon(keep_busy)
            busy_s = await commit_all(writer, [commits.entry(1) for _ in range(singles)])
            nursery.cancel_scope.cancel()
        orders_per_s = {}
        for size in BATCHES:
            entries = [commits.entry(size) for _ in range(max(1, orders // size))]
            async with trio.open_nursery() as nursery:
                nursery.start_soon(watch_timer, late_s)
                orders_per_s[size] = size * len(entries) / sum(await commit_all(writer, entries))
                nursery.cancel_scope.cancel()
    return Figures(percentiles_ms(single_s), percentiles_ms(busy_s), percentiles_ms(late_s), orders_per_s)


async def commit_all(writer: PostgresWriter, entries: list[Entry]) -> list[float]:
    """Commit one after the other; the seconds that each took."""
    took_s = []
    for entry in entries:
        start_s = time.perf_counter()
        await writer.commit(entry)
        took_s.append(time.perf_counter() - start_s)
    return took_s


async def keep_busy() -> None:
    """Do what an exchange under load does to trio's thread."""
    while True:
        end_s = time.perf_counter() + SLICE_S
        while time.perf_counter() < end_s:
            pass
        await trio.lowlevel.checkpoint()


async def watch_timer(late_s: list[float]) -> None:
    while True:
        due_s = trio.current_time() + TIMER_S
        await trio.sleep_until(due_s)
        late_s.append(trio.current_time() - due_s)


def percentiles_ms(seconds: list[float]) -> tuple[float, float]:
    """Return p50 and p99, in milliseconds."""
    ordered = sorted(seconds)
    return 1000 * ordered[len(ordered) // 2], 1000 * ordered[len(ordered) * 99 // 100]


def line(way: str, figures: Figures) -> str:
    """Write a row of the table."""
    pairs = [f"{p50:6.2f} {p99:6.2f}" for p50, p99 in (figures.single_ms, figures.busy_ms, figures.late_ms)]
    rates = " ".join(f"{rate:7,.0f}" for rate in figures.orders_per_s.values())
    return f"{way:<24} {'   '.join(pairs)}   {rates}"


def best(rounds: list[Figures]) -> Figures:
    """Take the best of every figure: what a neighbour on the machine adds to one round, it seldom adds to all."""
    return Figures(
        _least([row.single_ms for row in rounds]),
        _least([row.busy_ms for row in rounds]),
        _least([row.late_ms for row in rounds]),
        {size: max(row.orders_per_s[size] for row in rounds) for size in BATCHES},
    )


def _least(pairs: list[tuple[float, float]]) -> tuple[float, float]:
    return min(p50 for p50, _ in pairs), min(p99 for _, p99 in pairs)


def main() -> None:
    """Measure all ways in turn, in rounds."""
    print(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}")
    print(f"{'':<24} 1 order, ms     busy, ms        late, ms        {'     '.join(f'{size}/s' for size in BATCHES)}")
    usual_s = sys.getswitchinterval()
    rows: dict[tuple[str, float], list[Figures]] = {
        (way, interval_s): [] for way in WAYS for interval_s in (SWITCH_INTERVAL_S, usual_s)
    }
    with open_folder() as folder, running_server(folder / "data") as server:
        for _, (way, interval_s) in product(range(ROUNDS), rows):
            sys.setswitchinterval(interval_s)
            with server.new_database() as dsn:
                rows[way, interval_s].append(trio.run(measure, WAYS[way], dsn, SINGLES, ORDERS))
    sys.setswitchinterval(usual_s)
    for (way, interval_s), rounds in rows.items():
        print(line(way if interval_s == SWITCH_INTERVAL_S else f"{way}, {1000 * interval_s:.0f} ms", best(rounds)))


if __name__ == "__main__":
    main()
