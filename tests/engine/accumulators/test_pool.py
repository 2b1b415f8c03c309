"""What covers accumulators: every one in full, and the largest stake that is covered."""

from fractions import Fraction
from math import floor, prod

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.accumulators.pool import Pool
from engine.ledger.accumulators import AccumulatorRecord, LegRecord, accumulated
from engine.ledger.bets import Acceptance, Result, factor_parts

ODDS = st.integers(101, 100_000)


def accumulator(bet_id: int, *legs: tuple[int, int, int], stake: int = 100) -> AccumulatorRecord:
    """Legs are (match, option, odds)."""
    rows = tuple(LegRecord(bet_id, number, *leg, leg[2]) for number, leg in enumerate(legs, 1))
    most = accumulated(stake, (factor_parts(odds, Result.WIN) for _, _, odds in legs))
    return AccumulatorRecord(bet_id, 1, 1, None, stake, Acceptance.EXACT, most, 5, "0x", legs=rows)


DOUBLE = accumulator(1, (2, 1, 200), (3, 1, 300))
TREBLE = accumulator(2, (2, 1, 150), (3, 2, 150), (4, 5, 150), stake=99)  # 334.125


def test_each_is_covered_in_full_and_nothing_is_set_off() -> None:
    """Not even two that can't both be won: one leg is on the other side of the same match."""
    other_side = accumulator(3, (2, 2, 200), (3, 1, 300))
    pool = Pool(10, [DOUBLE, TREBLE])
    assert (pool.money, pool.liability, pool.free) == (10, 600 + 334, 10 - 934)
    pool.take(other_side)
    assert (pool.money, pool.liability, list(pool.open)) == (110, 1_534, [1, 2, 3])


def test_what_is_closed_frees_all_of_it() -> None:
    pool = Pool(1_000, [DOUBLE, TREBLE])
    pool.close(DOUBLE, 150)
    assert (pool.money, pool.liability, list(pool.open)) == (850, 334, [2])
    pool.close(TREBLE, 0)
    assert (pool.money, pool.liability, list(pool.open)) == (850, 0, [])


def test_they_are_found_by_their_legs_oldest_first() -> None:
    pool = Pool(1_000, [DOUBLE, TREBLE])
    assert [list(pool.on(*option)) for option in ((2, 1), (3, 1), (3, 2), (4, 5))] == [[1, 2], [1], [2], [2]]
    assert [list(pool.on(*option)) for option in ((2, 2), (9, 1))] == [[], []]
    assert [pool.has_legs_on(market_id) for market_id in (1, 2, 3, 4)] == [False, True, True, True]
    pool.close(TREBLE, 0)
    assert [list(pool.on(*option)) for option in ((2, 1), (3, 2), (4, 5))] == [[1], [], []]
    assert [pool.has_legs_on(market_id) for market_id in (2, 3, 4)] == [True, True, False]
    pool.close(DOUBLE, 600)
    assert not any(pool.has_legs_on(market_id) for market_id in (2, 3, 4))


def test_who_only_looks_leaves_nothing_behind() -> None:
    pool = Pool(1_000)
    assert not pool.on(2, 1)
    assert not pool._on


# The largest stake


@pytest.mark.parametrize(
    ("free", "odds", "limit"),
    [
        (500, (200, 300), 100),  # 600 of 500 + 100
        (499, (200, 300), 99),
        (100, (101, 101), 5_024),  # x 1.0201: 5125.0 at most; 5124.98
        (0, (200, 200), 0),
        (0, (101, 101), 49),  # 49.98; 50 would be 51.005
        (0, (150, 133), 1),  # 1.995
        (10**40, (100_000,) * 20, 0),
        (10**60, (100_000,) * 20, 1),
    ],
)
def test_by_hand(free: int, odds: tuple[int, ...], limit: int) -> None:
    assert Pool(free).largest_stake(odds) == limit


@given(free=st.integers(0, 10**30), odds=st.lists(ODDS, min_size=2, max_size=20))
def test_it_is_covered_and_one_more_is_not(free: int, odds: list[int]) -> None:
    pool = Pool(free)
    limit = pool.largest_stake(iter(odds))
    factor = prod(Fraction(each, 100) for each in odds)
    assert floor(limit * factor) <= free + limit
    assert floor((limit + 1) * factor) > free + limit + 1


def test_what_is_owed_already_covers_nothing_else() -> None:
    pool = Pool(1_100, [DOUBLE])
    assert pool.largest_stake((200, 300)) == 100
    pool.take(accumulator(5, (2, 1, 200), (3, 1, 300)))
    assert (pool.money, pool.liability, pool.largest_stake((200, 300))) == (1_200, 1_200, 0)
