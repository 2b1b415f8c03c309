"""The specification's words for the engine's."""

import enum

import pytest

from engine.ledger.records import MarketState
from engine.matching.order import Side
from engine.matching.terms import OrderState, Outcome, TimeInForce, TradeKind
from engine.prediction.lifecycle import TRANSITIONS
from gateway.rest.prediction.shapes import (
    ORDER_STATUSES,
    ORDER_TYPES,
    Action,
    Decision,
    MarketStatus,
    TradeWord,
    cents,
    usd,
)


@pytest.mark.parametrize(("words", "engine"), [(Action, Side), (TradeWord, TradeKind)])
def test_names_are_the_engine_s(words: type[enum.Enum], engine: type[enum.Enum]) -> None:
    assert [word.value for word in words] == [member.name for member in engine]
    assert [word.name for word in words] == [word.value for word in words]


def test_every_state_has_its_word() -> None:
    assert set(ORDER_STATUSES) == set(OrderState)
    assert set(ORDER_TYPES) == set(TimeInForce)
    reached = {state for state, _ in TRANSITIONS} | set(TRANSITIONS.values())
    assert [status.state for status in MarketStatus] == [state for state in MarketState if state in reached]
    assert all(status.name == status.value for status in MarketStatus)
    assert [action.side for action in Action] == list(Side)
    assert [decision.outcome for decision in Decision] == [Outcome.YES, Outcome.NO, None]


def test_prices_have_a_point_and_money_has_no_needless_one() -> None:
    assert [bytes(cents(units)) for units in (0, 1, 50, 5_000, 5_050, 10_000)] == [
        b"0.0",
        b"0.01",
        b"0.5",
        b"50.0",
        b"50.5",
        b"100.0",
    ]
    assert [usd(units) for units in (0, 1, 10_000, -5)] == ["0", "0.0001", "1", "-0.0005"]
