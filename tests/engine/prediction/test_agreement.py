"""The engine does what the naive prediction markets do, step by step, and all that must hold does."""

import pytest
from hypothesis import HealthCheck, given, settings

from tests.engine.prediction.harness import Harness
from tests.engine.prediction.scripts import PEOPLE, Script, do, long_script, movements_of, opened, scripts, seen
from tests.reference.naive_prediction import NaivePredictions


def play(script: Script) -> Harness:
    engine = opened(Harness(**script.rules, **script.engine), script.terms)
    naive = opened(NaivePredictions(**script.rules), script.terms)
    for number, step in enumerate(script.steps):
        if step[0] == "restart":
            engine.restart()
        else:
            assert do(engine, step) == do(naive, step), (number, step)
        assert seen(engine) == seen(naive), (number, step)
    assert engine.trades == naive.trades
    for account in PEOPLE:
        assert movements_of(engine, account) == movements_of(naive, account)
    for order_id in naive.orders:
        assert engine.order(order_id) == naive.order(order_id)
    engine.check_history()
    assert isinstance(engine, Harness)
    return engine


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(scripts())
def test_the_engine_and_the_naive_markets_agree(script: Script) -> None:
    play(script)


@pytest.mark.parametrize("seed", range(15))
def test_they_agree_on_long_scripts(seed: int) -> None:
    play(long_script(seed, 200))


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(100, 160))
def test_they_agree_on_many_more(seed: int) -> None:
    play(long_script(seed, 300))
