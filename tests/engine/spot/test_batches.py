"""Where batches and pages are cut changes nothing but how often balances are told."""

import pytest

from tests.engine.cuts import check_cuts
from tests.engine.spot.harness import Harness
from tests.engine.spot.scripts import do, long_script, opened


@pytest.mark.parametrize("seed", range(4))
def test_where_pages_are_cut_changes_nothing(seed: int) -> None:
    """A long script, one commit a command; then written again on fewer pages."""
    terms, fills_max, steps = long_script(seed, 200)
    exchange = opened(Harness(fills_max), terms)
    for step in steps:
        do(exchange, step)
    check_cuts(exchange, seed)
