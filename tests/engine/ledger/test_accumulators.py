"""What accumulators are paid: factors multiply exactly, and are rounded down once."""

from fractions import Fraction
from math import floor, prod

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.ledger.accumulators import AccumulatorRecord, LegRecord, accumulated
from engine.ledger.bets import Acceptance, Result, factor_parts, payout_of
from tests.engine.drawings import cells

SHARES = {
    Result.WIN: (Fraction(1), Fraction(0)),
    Result.HALF_WIN: (Fraction(1, 2), Fraction(1, 2)),
    Result.PUSH: (Fraction(0), Fraction(1)),
    Result.HALF_LOSS: (Fraction(0), Fraction(1, 2)),
    Result.LOSS: (Fraction(0), Fraction(0)),
}
LEGS = st.lists(st.tuples(st.integers(101, 100_000), st.sampled_from(Result)), min_size=2, max_size=20)


def accumulator(stake: int, *legs: tuple[int, Result | None]) -> AccumulatorRecord:
    rows = tuple(
        LegRecord(7, number, number + 1, 1, odds, odds, result) for number, (odds, result) in enumerate(legs, 1)
    )
    return AccumulatorRecord(7, 1, 1, None, stake, Acceptance.EXACT, 0, 5, "0x", legs=rows)


TABLE = """
    stake | legs                                            | payout
    100   | 1.85 win, 2.10 win                              | 388     388.5
    100   | 1.85 win, 2.10 push                             | 185
    100   | 1.85 push, 2.10 push                            | 100
    100   | 1.85 half_win, 2.10 half_win                    | 220     1.425 x 1.55 = 2.20875
    100   | 1.85 half_loss, 2.10 win                        | 105
    100   | 1.85 half_loss, 2.10 half_loss                  | 25
    1     | 1.85 half_loss, 2.10 push                       | 0       a half
    1     | 1.85 half_loss, 2.10 win                        | 1       1.05
    3     | 1.05 half_win, 1.05 half_win, 1.05 half_win     | 3       3.23
    100   | 1.85 loss, 2.10 win                             | 0
    100   | 1.85 loss, 2.10 none                            | 0
    100   | 1.85 none, 2.10 loss, 3.00 none                 | 0
    100   | 1.85 none, 2.10 win                             | none
    100   | 1.85 none, 2.10 none                            | none
    99    | 1.01 win, 1.01 win, 1.01 win                    | 101     101.999799: rounded once, not thrice
"""
_, *ROWS = cells(TABLE)


@pytest.mark.parametrize("row", ROWS, ids=" ".join)
def test_by_hand(row: list[str]) -> None:
    stake, words, told = row
    legs = []
    for odds, result in (leg.split() for leg in words.split(",")):
        legs.append((round(float(odds) * 100), None if result == "none" else Result(result)))
    expected = told.split()[0]
    assert accumulator(int(stake), *legs).potential_payout == (None if expected == "none" else int(expected))


@given(stake=st.integers(1, 10**77), legs=LEGS)
def test_it_is_exact_up_to_the_last_step(stake: int, legs: list[tuple[int, Result]]) -> None:
    exact = Fraction(stake)
    for odds, result in legs:
        won, refunded = SHARES[result]
        exact *= won * Fraction(odds, 100) + refunded
    found = accumulator(stake, *legs)
    assert found.potential_payout == floor(exact)
    assert found.payout_at_most([result for _, result in legs]) == floor(exact)


@given(stake=st.integers(1, 10**30), odds=st.lists(st.integers(101, 100_000), min_size=2, max_size=20))
def test_at_most_all_legs_win(stake: int, odds: list[int]) -> None:
    most = floor(stake * prod(Fraction(each, 100) for each in odds))
    found = accumulator(stake, *((each, None) for each in odds))
    assert found.payout_at_most([None] * len(odds)) == most
    assert accumulated(stake, (factor_parts(each, Result.WIN) for each in odds)) == most
    assert found.potential_payout is None


@given(stake=st.integers(1, 10**30), odds=st.integers(101, 100_000), result=st.sampled_from(Result))
def test_of_one_leg_it_is_what_a_single_bet_is_paid(stake: int, odds: int, result: Result) -> None:
    assert accumulated(stake, [factor_parts(odds, result)]) == payout_of(stake, odds, result)


def test_what_may_come_of_it_needs_a_result_or_none_for_each_leg() -> None:
    with pytest.raises(ValueError, match="shorter"):
        accumulator(100, (200, None), (200, None)).payout_at_most([Result.WIN])
