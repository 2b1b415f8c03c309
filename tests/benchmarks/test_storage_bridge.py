"""The benchmark of the ways to asyncpg in small, so that it doesn't rot."""

import pytest
import trio

from tests.benchmarks.storage_bridge import BATCHES, WAYS, line, measure


@pytest.mark.slow
@pytest.mark.parametrize("way", WAYS)
def test_a_tiny_run_gives_every_figure(postgres_dsn: str, way: str) -> None:
    figures = trio.run(measure, WAYS[way], postgres_dsn, 4, 100)
    assert list(figures.orders_per_s) == list(BATCHES)
    assert min(*figures.single_ms, *figures.busy_ms, *figures.orders_per_s.values()) > 0
    assert line(way, figures).startswith(way)
