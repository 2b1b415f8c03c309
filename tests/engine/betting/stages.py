"""Stages for events of a match that must be refused."""

from typing import Any

from tests.engine.betting.harness import Harness
from tests.engine.betting.scenes import Scene
from tests.engine.stage import Stage

ANN, BOB, ROOT = 1, 2, 4

ODDS = "root sets moneyline 1.85 3.4 4.2"
OPENED = (ODDS, "root opens 1000")
TWO = (ODDS, "root sets total 2.5 2 2", "root opens 1000")
BETS = ("ann bets 100 on 1 at 1.85", "bob bets 101 on 2 at 3.4")
SETTLED = (*OPENED, *BETS, "root settles 1:0")
UNSAID = "does not say what becomes of the options"


def staged(*sentences: str, **engine: Any) -> Stage:
    """What has happened; the last commit is on the stage."""
    exchange = Harness(**engine)
    scene = Scene(exchange)
    for person in ("ann", "bob", "cat", "root"):
        exchange.account_id(person)
    scene.told("\n".join(sentences))
    stage = Stage(exchange)
    stage.accepts(*stage.part.events)
    return stage
