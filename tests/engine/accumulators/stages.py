"""Stages for events of accumulators that must be refused."""

from collections.abc import Callable
from typing import Any

from msgspec.structs import replace

from engine.accumulators.events import AccumulatorClaimed, AccumulatorPlaced
from engine.ledger.events import MarketListed
from engine.products import write_definition
from tests.engine.accumulators.harness import Harness
from tests.engine.accumulators.slips import FINAL, HOME_AND_DRAW, engine
from tests.engine.stage import Stage

Step = Callable[[Harness], Any]


def staged(*steps: Step) -> Stage:
    """What has happened; the last commit is on the stage."""
    exchange = engine()
    for step in steps:
        answer = step(exchange)
        assert "code" not in (answer or {}), answer
    stage = Stage(exchange)
    stage.accepts(*stage.part.events)
    return stage


def placing(exchange: Harness) -> Any:
    return exchange.accumulate("ann", HOME_AND_DRAW, 100)


def settling(exchange: Harness) -> None:
    exchange.settle_score("derby", "root", 1, 0)
    exchange.settle_score("final", "root", 0, 0)


def claiming(exchange: Harness) -> Any:
    return exchange.claim_accumulator("ann", 1)


def placed(*before: Step) -> tuple[Stage, AccumulatorPlaced]:
    """Ann's accumulator of 100 on home of derby and a draw of final, number 1."""
    stage = staged(*before, placing)
    (event,) = stage.part.events
    assert isinstance(event, AccumulatorPlaced)
    return stage, event


def claimed() -> tuple[Stage, AccumulatorClaimed]:
    """It has won 629."""
    stage = staged(placing, settling, claiming)
    (event,) = stage.part.events
    assert isinstance(event, AccumulatorClaimed)
    return stage, event


def with_leg(event: AccumulatorPlaced, **changes: Any) -> AccumulatorPlaced:
    """Its first leg is another one."""
    return replace(event, legs=(replace(event.legs[0], **changes), *event.legs[1:]))


def listed(product: str, name: str, terms: Any) -> MarketListed:
    """The market after those that there are."""
    return MarketListed(FINAL + 1, product, name, write_definition(terms).decode())
