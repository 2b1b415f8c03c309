"""What legs an accumulator may have, whatever is offered."""

import pytest

from engine.accumulators.commands import LegAsked
from engine.accumulators.terms import LEGS_MAX, LEGS_MIN, refuse_legs
from engine.refusals import Refusal, Refused


def on(*matches: int) -> list[LegAsked]:
    return [LegAsked(market_id, 1, 200) for market_id in matches]


@pytest.mark.parametrize("count", [LEGS_MIN, 3, LEGS_MAX - 1, LEGS_MAX])
def test_so_many_legs_it_may_have(count: int) -> None:
    assert refuse_legs(on(*range(1, count + 1))) is None


@pytest.mark.parametrize("count", [0, 1, LEGS_MAX + 1, 1_000])
def test_with_fewer_it_is_a_single_bet_and_with_more_it_is_too_much(count: int) -> None:
    assert refuse_legs(on(*range(1, count + 1))) == Refused(Refusal.MALFORMED, "an accumulator has 2 to 20 legs")


@pytest.mark.parametrize("matches", [(5, 5), (5, 6, 5), (*range(1, 20), 1)])
def test_no_two_are_on_one_match(matches: tuple[int, ...]) -> None:
    said = Refused(Refusal.MALFORMED, "the legs must be on different matches")
    assert refuse_legs(on(*matches)) == said
    other_option = [LegAsked(leg.market_id, number, 200) for number, leg in enumerate(on(*matches), 1)]
    assert refuse_legs(other_option) == said


def test_how_many_comes_first() -> None:
    refused = refuse_legs(on(*[1] * 21))
    assert refused is not None
    assert refused.message == "an accumulator has 2 to 20 legs"
