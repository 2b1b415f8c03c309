"""The engine and the naive exchange, fed the same random scripts, say and do the same."""

import pytest
from hypothesis import HealthCheck, given, settings

from tests.engine.spot.harness import Harness
from tests.engine.spot.scripts import ASSETS, PEOPLE, Step, do, long_script, movements_of, opened, scripts, seen
from tests.reference.naive_exchange import NaiveExchange


def play(script: tuple[str, int, list[Step]]) -> Harness:
    """Feed both, compare all the way; returns the engine's."""
    terms, fills_max, steps = script
    engine, naive = opened(Harness(fills_max), terms), opened(NaiveExchange(fills_max), terms)
    for step in steps:
        if step[0] == "restart":
            engine.restart()
        else:
            assert do(engine, step) == do(naive, step), step
        assert seen(engine) == seen(naive), step
    for account in PEOPLE:
        for asset in ASSETS:
            assert movements_of(engine, account, asset) == movements_of(naive, account, asset)
    for order_id in naive.orders:
        assert engine.order(order_id) == naive.order(order_id)
    engine.check_history()
    assert isinstance(engine, Harness)
    return engine


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(scripts())
def test_the_engine_and_the_naive_exchange_agree(script: tuple[str, int, list[Step]]) -> None:
    play(script)


@pytest.mark.parametrize("seed", range(16))
def test_they_agree_on_long_scripts(seed: int) -> None:
    play(long_script(seed, 300))


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(100, 160))
def test_they_agree_on_many_more(seed: int) -> None:
    play(long_script(seed, 300))
