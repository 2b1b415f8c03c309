"""Which settings a market maker takes, and what it says of the others."""

from typing import Any

import pytest
from msgspec.structs import replace

from engine.matching.terms import Outcome
from engine.prediction.maker_settings import DEFAULTS, check
from engine.refusals import Refusal, Refused

TENTH, HUNDREDTH = 10, 1  # the two ticks that a market can have, in units


def checked(tick_units: int = TENTH, **changed: Any) -> Refused | None:
    return check(replace(DEFAULTS, **{"market_id": 7, **changed}), tick_units)


@pytest.mark.parametrize("tick_units", [TENTH, HUNDREDTH])
def test_the_defaults_make_sense_in_every_market(tick_units: int) -> None:
    assert checked(tick_units) is None


def test_the_defaults_are_of_no_market() -> None:
    assert check(DEFAULTS, TENTH) == Refused(
        Refusal.MALFORMED, "marketId must be between 1 and 9007199254740991: it is a market's id"
    )


def test_the_defaults_are_those_of_the_specification() -> None:
    assert (DEFAULTS.enabled, DEFAULTS.order_size, DEFAULTS.spread_units, DEFAULTS.refresh_ms) == (False, 10, 200, 3000)
    assert (DEFAULTS.enforce_inventory, DEFAULTS.max_yes_position, DEFAULTS.max_no_position) == (True, 100000, 100000)
    assert (DEFAULTS.min_balance_units, DEFAULTS.auto_top_up, DEFAULTS.price_shift_units) == (0, True, 0)
    assert DEFAULTS.levels == 2


@pytest.mark.parametrize(
    ("field", "least", "most", "message"),
    [
        ("market_id", 1, 2**53 - 1, "marketId must be between 1 and 9007199254740991: it is a market's id"),
        (
            "order_size",
            1,
            10**6,
            "orderSize must be between 1 and 1000000: no quote is to cost more than 1,000,000 USD",
        ),
        ("spread_units", 10, 9_999, "spread must be between 0.1 and 99.99: from a tick to below a pair"),
        ("refresh_ms", 250, 3_600_000, "refreshMs must be between 250 and 3600000: from four times a second to"),
        ("max_yes_position", 0, 2**53 - 1, "maxYesPosition must be between 0 and 9007199254740991: it is a number"),
        ("max_no_position", 0, 2**53 - 1, "maxNoPosition must be between 0 and 9007199254740991: it is a number"),
        ("min_balance_units", 0, 10**15, "minBalanceCents must be between 0 and 10000000000000: it is an amount"),
        ("price_shift_units", -9_999, 9_999, "priceShift must be between -99.99 and 99.99: else no price is left"),
        ("levels", 1, 20, "levels must be between 1 and 20: all quotes together must stay few orders"),
    ],
)
def test_each_setting_has_a_first_and_a_last_value(field: str, least: int, most: int, message: str) -> None:
    for value in (least, most):
        assert checked(**{field: value}) is None
    for value in (least - 1, most + 1):
        refused = checked(**{field: value})
        assert isinstance(refused, Refused)
        assert refused.code is Refusal.MALFORMED
        assert refused.message.startswith(message)


def test_the_least_spread_is_the_markets_tick() -> None:
    assert checked(HUNDREDTH, spread_units=1) is None
    refused = checked(HUNDREDTH, spread_units=0)
    assert isinstance(refused, Refused)
    assert refused.message.startswith("spread must be between 0.01 and 99.99")


def test_a_spread_need_not_be_whole_ticks() -> None:
    """A bot measures it; quotes are rounded outwards."""
    assert checked(TENTH, spread_units=237) is None


def test_of_several_the_first_in_the_order_of_the_specification_is_named() -> None:
    refused = checked(levels=0, refresh_ms=0, spread_units=0)
    assert isinstance(refused, Refused)
    assert refused.message.startswith("spread")


def test_each_outcome_has_its_limit() -> None:
    settings = replace(DEFAULTS, max_yes_position=1, max_no_position=2)
    assert [settings.max_position(outcome) for outcome in (Outcome.YES, Outcome.NO)] == [1, 2]
