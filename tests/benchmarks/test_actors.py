"""The benchmark of the actor library in small, so that it doesn't rot."""

import pytest

from tests.benchmarks.actors import measure


@pytest.mark.trio
async def test_a_tiny_run_gives_a_figure_for_everything_it_measures() -> None:
    figures = await measure(letters=40, askers=4, rounds=1)
    assert list(figures) == [
        "tell",
        "ask, one asker",
        "ask, 4 askers",
        "forwarded ask, one asker",
        "forwarded ask, 4 askers",
    ]
    assert all(microseconds > 0 for microseconds in figures.values())
