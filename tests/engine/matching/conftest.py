"""Both implementations, for the one suite."""

import pytest

from engine.matching import book, match
from tests.engine.matching.tables import Desk, Implementation
from tests.reference import naive_book

FAST = Implementation(book.OrderBook, match.match, match.apply)
NAIVE = Implementation(naive_book.NaiveBook, naive_book.match, naive_book.apply)


@pytest.fixture(params=[FAST, NAIVE], ids=["fast", "naive"])
def twin(request: pytest.FixtureRequest) -> Implementation:
    implementation = request.param
    assert isinstance(implementation, Implementation)
    return implementation


@pytest.fixture
def desk(twin: Implementation) -> Desk:
    return Desk(twin)
