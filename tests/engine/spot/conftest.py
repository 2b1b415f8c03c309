"""Both implementations of an exchange, for the one suite."""

from typing import Any

import pytest

from tests.engine.spot.harness import Harness
from tests.engine.spot.scenes import Scene
from tests.reference.naive_exchange import NaiveExchange


@pytest.fixture(params=[Harness, NaiveExchange], ids=["engine", "naive"])
def exchange(request: pytest.FixtureRequest) -> Any:
    return request.param()


@pytest.fixture
def scene(exchange: Any) -> Scene:
    return Scene(exchange)
