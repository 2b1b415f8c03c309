"""What bets are paid: one formula, one place where it is rounded."""

from fractions import Fraction
from math import floor

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from engine.ledger.bets import (
    FACTOR_ONE,
    HALVES,
    NO_TALLY,
    RESULTS,
    Acceptance,
    BetRecord,
    Result,
    add_to_tally,
    factor_parts,
    paid_by,
    payout_of,
)
from tests.engine.drawings import cells

STAKES = st.integers(1, 10**77)
ODDS = st.integers(101, 100_000)
BET = BetRecord(7, 1, 3, None, 2, 101, 185, 185, Acceptance.EXACT, 5, "0x")

# won and refunded, as the specification has them
SHARES = {
    Result.WIN: (Fraction(1), Fraction(0)),
    Result.HALF_WIN: (Fraction(1, 2), Fraction(1, 2)),
    Result.PUSH: (Fraction(0), Fraction(1)),
    Result.HALF_LOSS: (Fraction(0), Fraction(1, 2)),
    Result.LOSS: (Fraction(0), Fraction(0)),
}


def exact(stake: int, odds: int, result: Result) -> Fraction:
    won, refunded = SHARES[result]
    return stake * (won * Fraction(odds, 100) + refunded)


TABLE = """
    stake | odds | win  | half_win | push | half_loss | loss
    100   | 185  | 185  | 142      | 100  | 50        | 0
    101   | 185  | 186  | 143      | 101  | 50        | 0
    1     | 185  | 1    | 1        | 1    | 0         | 0
    2     | 185  | 3    | 2        | 2    | 1         | 0
    3     | 101  | 3    | 3        | 3    | 1         | 0
    99    | 101  | 99   | 99       | 99   | 49        | 0
    100   | 101  | 101  | 100      | 100  | 50        | 0
    200   | 101  | 202  | 201      | 200  | 100       | 0
    1000  | 190  | 1900 | 1450     | 1000 | 500       | 0
    7     | 100000 | 7000 | 3503   | 7    | 3         | 0
"""
HEADER, *ROWS = cells(TABLE)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row[0]} at {row[1]}")
def test_payouts_by_hand(row: list[str]) -> None:
    stake, odds, *paid = map(int, row)
    assert [payout_of(stake, odds, Result(name)) for name in HEADER[2:]] == paid


@given(stake=STAKES, odds=ODDS, result=st.sampled_from(Result))
def test_a_payout_is_the_exact_one_rounded_down(stake: int, odds: int, result: Result) -> None:
    assert Fraction(factor_parts(odds, result), FACTOR_ONE) * stake == exact(stake, odds, result)
    assert payout_of(stake, odds, result) == floor(exact(stake, odds, result))


def test_every_result_has_its_halves() -> None:
    assert set(HALVES) == set(Result)
    assert {result: (Fraction(won, 2), Fraction(back, 2)) for result, (won, back) in HALVES.items()} == SHARES


@given(stake=STAKES, odds=ODDS)
def test_better_results_never_pay_less(stake: int, odds: int) -> None:
    paid = [payout_of(stake, odds, result) for result in RESULTS]
    assert paid == sorted(paid, reverse=True)
    assert paid[-1] == 0
    assert payout_of(stake, odds, Result.PUSH) == stake


@given(stake=st.integers(100, 10**77), odds=ODDS)
def test_who_wins_gets_more_than_the_stake_from_100_units_on(stake: int, odds: int) -> None:
    """At 1.01 a hundred units win one; half of them, half a unit: that takes two hundred."""
    assert payout_of(stake, odds, Result.WIN) > stake
    assert payout_of(2 * stake, odds, Result.HALF_WIN) > 2 * stake


@given(stakes=st.lists(STAKES, min_size=1, max_size=8), odds=ODDS, result=st.sampled_from(Result))
def test_bets_together_never_get_more_than_the_exact_sum_nor_lose_a_unit_each(
    stakes: list[int], odds: int, result: Result
) -> None:
    """So it does not pay to cut a bet into pieces."""
    paid = sum(payout_of(stake, odds, result) for stake in stakes)
    owed = exact(sum(stakes), odds, result)
    assert 0 <= paid <= owed
    assert owed - paid < len(stakes)
    assert paid <= payout_of(sum(stakes), odds, result)


# Tallies


@given(bets=st.lists(st.tuples(STAKES, ODDS), max_size=6))
def test_a_tally_is_what_its_bets_are_paid_by_result(bets: list[tuple[int, int]]) -> None:
    tally = NO_TALLY
    for stake, odds in bets:
        tally = add_to_tally(tally, stake, odds)
    for result in Result:
        assert paid_by(tally, result) == sum(payout_of(stake, odds, result) for stake, odds in bets)
    for stake, odds in bets:
        tally = add_to_tally(tally, stake, odds, -1)
    assert tally == NO_TALLY


# Rows


def test_nothing_is_promised_before_the_settlement() -> None:
    assert BET.potential_payout is None


@pytest.mark.parametrize(("result", "paid"), [(Result.WIN, 186), (Result.HALF_LOSS, 50), (Result.LOSS, 0)])
def test_the_potential_payout_is_what_the_result_pays_claimed_or_not(result: Result, paid: int) -> None:
    settled = replace(BET, result=result)
    assert settled.potential_payout == paid
    assert replace(settled, payout=paid, claimed_ms=9).potential_payout == paid
