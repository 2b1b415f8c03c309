"""The engine does what the naive accumulators do, step by step, and all that must hold does."""

import pytest
from hypothesis import HealthCheck, given, settings

from tests.engine.accumulators.harness import Harness
from tests.engine.accumulators.scripts import FUNDS, do, long_script, opened, scripts, seen
from tests.engine.betting.scripts import Script
from tests.engine.cuts import check_cuts
from tests.reference.naive_accumulators import NaiveAccumulators


def play(script: Script) -> Harness:
    engine: Harness = opened(Harness(**script.engine), script)
    naive: NaiveAccumulators = opened(NaiveAccumulators(**script.engine), script)
    for number, step in enumerate(script.steps):
        assert do(engine, step) == do(naive, step), (number, step)
        assert seen(engine) == seen(naive), (number, step)
    for account in FUNDS:
        assert engine.movements_of(account) == naive.movements_of(account)
    engine.check_history()
    return engine


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(scripts())
def test_the_engine_and_the_naive_accumulators_agree(script: Script) -> None:
    play(script)


@pytest.mark.parametrize("seed", range(8))
def test_they_agree_on_long_scripts(seed: int) -> None:
    """And where batches and pages are cut changes nothing but how often balances are told."""
    check_cuts(play(long_script(seed, 120)), seed)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(100, 130))
def test_they_agree_on_many_more(seed: int) -> None:
    play(long_script(seed, 300))
