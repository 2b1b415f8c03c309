"""Both implementations of prediction markets, for the one suite."""

from typing import Any

import pytest

from tests.engine.prediction.harness import Harness
from tests.engine.prediction.scenes import Scene
from tests.reference.naive_prediction import NaivePredictions


@pytest.fixture(params=[Harness, NaivePredictions], ids=["engine", "naive"])
def twin(request: pytest.FixtureRequest) -> Any:
    """One of the two, to be made as a test wants it."""
    return request.param


@pytest.fixture
def exchange(twin: Any) -> Any:
    return twin()


@pytest.fixture
def scene(exchange: Any) -> Scene:
    return Scene(exchange)
