"""Both implementations of fixed-odds betting, for the one suite."""

from typing import Any

import pytest

from tests.engine.betting.harness import Harness
from tests.engine.betting.scenes import Scene
from tests.reference.naive_betting import NaiveBetting


@pytest.fixture(params=[Harness, NaiveBetting], ids=["engine", "naive"])
def twin(request: pytest.FixtureRequest) -> Any:
    """One of the two, to be made as a test wants it."""
    return request.param


@pytest.fixture
def scene(twin: Any) -> Scene:
    """The match is listed."""
    return Scene(twin())


@pytest.fixture
def opened(scene: Scene) -> Scene:
    """Bets are taken on who wins; the pool has 1000."""
    return scene.told("""
        root sets moneyline 1.85 3.4 4.2
        root opens 1000
    """)


BETS = """
    root sets total 2.5 2 2
    ann bets 100 on 1 at 1.85
    bob bets 101 on 2 at 3.4
    cat bets 50 on 4 at 2
"""


@pytest.fixture
def betted(opened: Scene) -> Scene:
    """Ann is for home, Bob for a draw, Cat for more than two goals; the pool has 1251."""
    return opened.told(BETS)
