"""What covers the bets of a match: what it may cost at worst, and the largest stake that it covers."""

from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from engine.betting.options import result_of, settled_by_option, settled_by_score, voided
from engine.betting.pool import Pool
from engine.ledger.accumulators import LegRecord
from engine.ledger.bets import NO_TALLY, Acceptance, BetRecord, OptionRecord, Result, payout_of
from tests.engine.betting.options import MARKET, key, options_of


def bet(number: int, option: int, stake: int, odds: int = 200, **fields: object) -> BetRecord:
    plain = BetRecord(number, 1, MARKET, None, option, stake, odds, odds, Acceptance.EXACT, 5, "0x")
    return replace(plain, **fields)


def pool_of(money: int, *groups: str, bets: tuple[BetRecord, ...] = (), odds: int = 200) -> Pool:
    return Pool(money, options=options_of(*groups, odds=odds).values(), bets=bets)


# The worst that can happen


def test_nothing_is_owed_without_bets() -> None:
    assert pool_of(0, "moneyline draw", "total 2.5").liability == 0


def test_of_one_group_the_dearest_outcome_counts() -> None:
    bets = (bet(1, 1, 100), bet(2, 2, 30, 500), bet(3, 3, 10, 1000))
    assert pool_of(0, "moneyline draw", bets=bets).liability == 200


def test_groups_add_up_though_no_score_makes_all_of_it_true() -> None:
    """Nobody wins by 2 while only one goal falls; it is still covered."""
    bets = (bet(1, 1, 100), bet(2, 4, 100))
    assert pool_of(0, "spread -1.5", "total 1.5", bets=bets).liability == 400


def test_a_push_gives_everything_back() -> None:
    """100 on each side at 1.01: a draw costs 200, a winner 101."""
    bets = (bet(1, 1, 100, 101), bet(2, 2, 100, 101))
    assert pool_of(0, "moneyline", bets=bets).liability == 200
    assert pool_of(0, "moneyline draw", bets=(bet(1, 1, 100, 101), bet(2, 3, 100, 101))).liability == 101


def test_a_half_win_beside_a_half_loss() -> None:
    """1:0 at -0.75: home gets 100 x 1.5, away 100 x 0.5."""
    bets = (bet(1, 1, 100), bet(2, 2, 100))
    assert pool_of(0, "spread -0.75", bets=bets).liability == 200
    assert pool_of(0, "spread -0.75", bets=(bet(1, 1, 100, 101), bet(2, 2, 100, 101))).liability == 150


def test_what_is_settled_counts_at_its_worst_until_one_is_paid() -> None:
    """Until then it can be taken back."""
    pool = pool_of(1_000, "moneyline draw", "total 2.5", bets=(bet(1, 1, 300), bet(2, 2, 10), bet(3, 2, 20)))
    assert pool.liability == 600
    pool.write(settled_by_option(pool.options.values(), pool.options[2]))
    assert pool.liability == 600
    assert pool.pay(pool.bets[2]) == 20
    assert (pool.money, pool.liability) == (980, 40)


def test_of_a_settled_match_only_what_it_pays_counts() -> None:
    pool = pool_of(1_000, "moneyline draw", "total 2.5", bets=(bet(1, 1, 300), bet(2, 2, 10)))
    pool.write(settled_by_score(pool.options.values(), 1, 1))
    assert pool.liability == 20


# The largest stake


@pytest.mark.parametrize(
    ("money", "odds", "limit"),
    [(100, 200, 100), (100, 185, 118), (100, 150, 201), (100, 101, 10_099), (0, 200, 0), (0, 101, 99), (1, 100_000, 0)],
)
def test_by_hand(money: int, odds: int, limit: int) -> None:
    """At 1.85, 118 win 218.3: 218 of 100 + 118. One more wins 220, where there are 219."""
    pool = pool_of(money, "moneyline draw", odds=odds)
    assert pool.largest_stake(pool.options[1]) == limit
    assert payout_of(limit, odds, Result.WIN) <= money + limit
    assert payout_of(limit + 1, odds, Result.WIN) > money + limit + 1


def test_a_stake_on_the_other_side_makes_room() -> None:
    pool = pool_of(100, "moneyline draw")
    assert pool.largest_stake(pool.options[1]) == 100
    pool.take(bet(1, 3, 60))
    assert pool.largest_stake(pool.options[1]) == 160
    assert pool.largest_stake(pool.options[3]) == 40


BETS = st.lists(st.tuples(st.integers(0, 6), st.integers(1, 400), st.sampled_from([101, 150, 185, 333])), max_size=5)
LINES = st.tuples(
    st.sampled_from(["moneyline", "moneyline draw"]),
    st.integers(-7, 7).map(lambda quarters: f"spread {quarters / 4}"),
    st.integers(1, 14).map(lambda quarters: f"total {quarters / 4}"),
)


def covered(pool: Pool, extra: BetRecord | None = None) -> bool:
    """By every score up to 7 : 7 and every name of a winner, group by group."""
    bets = [*pool.bets.values(), *([] if extra is None else [extra])]
    worst = 0
    for number in {option.group_number for option in pool.options.values()}:
        group = [option for option in pool.options.values() if option.group_number == number]
        outcomes = [{o.number: result_at(o, *score) for o in group} for score in product(range(8), repeat=2)]
        outcomes += [{o.number: Result.WIN if o is winner else Result.LOSS for o in group} for winner in group]
        worst += max(
            sum(payout_of(b.stake, b.odds, outcome[b.option_number]) for b in bets if b.option_number in outcome)
            for outcome in outcomes
        )
    return worst <= pool.money + (0 if extra is None else extra.stake)


def result_at(option: OptionRecord, home: int, away: int) -> Result:
    line = "" if option.line_quarters is None else str(option.line_quarters / 4)
    name = f"{option.kind.value} {line}" if line else f"moneyline{' draw' if option.has_draw else ''}"
    return result_of(key(name), option.pick, home, away)


@settings(max_examples=60, deadline=None)
@given(groups=LINES, bets=BETS, money=st.integers(0, 500), odds=st.sampled_from([101, 150, 197, 333, 100_000]))
def test_it_is_covered_and_one_more_is_not(
    groups: tuple[str, ...], bets: list[tuple[int, int, int]], money: int, odds: int
) -> None:
    pool = pool_of(money, *groups, odds=odds)
    for number, (pick, stake, taken_at) in enumerate(bets):
        wanted = bet(number, pick % len(pool.options) + 1, stake, taken_at)
        if covered(pool, wanted):
            pool.take(wanted)
    assert covered(pool)
    for option in pool.options.values():
        limit = pool.largest_stake(option)
        assert limit is not None
        assert covered(pool, bet(99, option.number, limit, odds))
        assert not covered(pool, bet(99, option.number, limit + 1, odds))


# Counting


def test_bets_come_and_go() -> None:
    pool = pool_of(100, "moneyline draw")
    pool.take(bet(1, 1, 50))
    pool.take(bet(2, 1, 30, 300))
    assert (pool.money, pool.tally(1), pool.tally(2)) == (180, (190, 135, 80, 40, 0), NO_TALLY)
    pool.write(settled_by_score(pool.options.values(), 1, 0))
    assert [pool.payout_of(found) for found in pool.bets.values()] == [100, 90]
    assert pool.pay(pool.bets[1]) == 100
    assert (pool.money, pool.tally(1), list(pool.bets)) == (80, (90, 60, 30, 15, 0), [2])
    assert (pool.claimed, pool.claims_on({1, 2}), pool.claims_on({2, 3})) == ({1: 1}, [1], [])


def test_nothing_is_known_of_a_payout_before_there_is_a_result() -> None:
    pool = pool_of(100, "moneyline draw", bets=(bet(1, 1, 50),))
    assert pool.payout_of(pool.bets[1]) is None


def test_a_row_that_was_read_with_an_older_result_is_paid_by_the_newest() -> None:
    pool = pool_of(100, "moneyline draw", bets=(bet(1, 1, 50, result=Result.WIN),))
    assert pool.payout_of(pool.bets[1]) is None
    pool.write(settled_by_score(pool.options.values(), 0, 0))
    assert pool.payout_of(pool.bets[1]) == 0


def test_claims_are_read_back_with_whose_they_were() -> None:
    claimed = (bet(1, 2, 50, payout=100), bet(2, 1, 50, payout=100, account_id=5), bet(3, 2, 50, payout=100))
    pool = Pool(100, options=options_of("moneyline draw").values(), claimed=claimed)
    assert pool.claimed == {1: 1, 2: 5, 3: 1}
    assert (pool.claims_on({2}), pool.claims_on({1, 2, 3})) == ([1, 3], [1, 2, 3])


def test_lost_bets_are_forgotten_and_what_is_owed_stays() -> None:
    pool = pool_of(1_000, "moneyline draw", "total 2.5", bets=(bet(1, 1, 50), bet(2, 2, 60), bet(3, 5, 70)))
    pool.write(settled_by_score(pool.options.values(), 1, 0))
    assert pool.liability == 240
    pool.pay(pool.bets[1])
    assert (list(pool.bets), pool.liability, pool.tally(2)) == ([3], 140, NO_TALLY)


def test_lost_bets_on_a_group_are_kept_until_one_beside_them_is_paid() -> None:
    """A half-loss of one unit is worth nothing, and yet not lost."""
    bets = (bet(1, 1, 50), bet(2, 2, 60), bet(3, 4, 1), bet(4, 5, 70), bet(5, 6, 10), bet(6, 7, 10))
    pool = pool_of(1_000, "moneyline draw", "spread -0.25", "total 2.5", bets=bets)
    pool.write(settled_by_score(pool.options.values(), 0, 0))
    assert (list(pool.bets), pool.final_groups) == ([1, 2, 3, 4, 5, 6], set())
    pool.pay(pool.bets[4])
    assert (list(pool.bets), pool.final_groups) == ([1, 2, 3, 5, 6], {2})
    pool.pay(pool.bets[6])
    assert (list(pool.bets), pool.final_groups) == ([1, 2, 3], {2, 3})


def test_a_paid_accumulator_is_a_claim_on_its_legs_and_no_bet_of_the_pool() -> None:
    """The pool pays nothing for it; but what is lost for good beside it is forgotten."""
    bets = (bet(1, 1, 50), bet(2, 2, 60), bet(3, 5, 70))
    pool = pool_of(1_000, "moneyline draw", "total 2.5", bets=bets)
    pool.write(settled_by_option(pool.options.values(), pool.options[1]))
    assert (pool.liability, pool.final_groups) == (120 + 140, set())
    pool.note_paid(9, 1)
    assert (pool.money, list(pool.bets), pool.tally(2)) == (1_000, [1, 3], NO_TALLY)
    assert (pool.liability, pool.final_groups) == (100 + 140, {1})
    assert (pool.claims_on({1, 2, 3}), pool.claims_on({4, 5}), pool.claimed) == ([9], [], {})


def test_a_paid_accumulator_may_be_heard_of_twice() -> None:
    pool = pool_of(1_000, "moneyline draw", bets=(bet(1, 1, 50), bet(2, 2, 60)))
    pool.write(settled_by_score(pool.options.values(), 1, 0))
    pool.note_paid(9, 1)
    before = (pool.money, dict(pool.bets), pool.liability)
    pool.note_paid(9, 1)
    assert pool.claims_on({1}) == [9]
    assert (pool.money, pool.bets, pool.liability) == before


def test_bets_and_accumulators_that_were_paid_are_told_together() -> None:
    pool = pool_of(1_000, "moneyline draw", bets=(bet(5, 1, 50),))
    pool.write(settled_by_score(pool.options.values(), 1, 0))
    pool.note_paid(9, 1)
    pool.pay(pool.bets[5])
    pool.note_paid(2, 1)
    assert (pool.claims_on({1, 2, 3}), pool.claimed) == ([2, 5, 9], {5: 1})


def test_legs_that_were_paid_are_read_back() -> None:
    """As the unclaimed bets are, without those that are lost for good."""
    options = tuple(settled_by_score(options_of("moneyline draw", "total 2.5").values(), 1, 0))
    legs = (LegRecord(9, 2, MARKET, 1, 200, 200), LegRecord(7, 1, MARKET, 1, 200, 200))
    pool = Pool(500, options=options, bets=(bet(1, 1, 50), bet(3, 4, 70)), legs_paid=legs)
    assert (pool.claims_on({1}), pool.final_groups, pool.claimed) == ([7, 9], {1}, {})
    assert (list(pool.bets), pool.liability) == ([1, 3], 100)


@pytest.mark.parametrize("paid", ["a bet", "an accumulator"])
def test_bets_that_are_lost_for_good_are_left_out_though_they_were_read(paid: str) -> None:
    """The tables were read while a payment came in: first its group's bets, and then what was paid."""
    options = tuple(settled_by_score(options_of("moneyline draw", "total 2.5").values(), 1, 0))
    bets = (bet(1, 1, 50), bet(2, 2, 60), bet(3, 4, 70), bet(4, 3, 80))
    claimed = (bet(8, 1, 10, payout=20),) if paid == "a bet" else ()
    legs = (LegRecord(9, 2, MARKET, 1, 200, 200),) if paid == "an accumulator" else ()
    pool = Pool(500, options=options, bets=bets, claimed=claimed, legs_paid=legs)
    assert (list(pool.bets), pool.final_groups) == ([1, 3], {1})  # of the other group nothing was paid
    assert (pool.tally(1), pool.tally(2), pool.tally(3)) == ((100, 75, 50, 25, 0), NO_TALLY, NO_TALLY)
    assert pool.claims_on({1, 2, 3}) == [8 if claimed else 9]


def test_with_the_last_word_all_that_is_lost_is_let_go_of() -> None:
    """A half-loss of one unit is worth nothing, and yet not lost."""
    bets = (bet(1, 1, 50), bet(2, 2, 60), bet(3, 4, 1), bet(4, 5, 70), bet(5, 6, 10), bet(6, 7, 10))
    pool = pool_of(1_000, "moneyline draw", "spread -0.25", "total 2.5", bets=bets)
    pool.write(settled_by_score(pool.options.values(), 0, 0))
    owed = pool.liability
    pool.let_go_of_lost()
    assert (list(pool.bets), pool.liability, pool.final_groups) == ([2, 3, 4, 6], owed, set())
    assert [pool.tally(number) for number in (1, 6)] == [NO_TALLY] * 2
    pool.let_go_of_lost()
    assert list(pool.bets) == [2, 3, 4, 6]


def test_what_it_would_lack() -> None:
    pool = pool_of(0, "moneyline draw", "total 2.5", bets=(bet(1, 1, 100), bet(2, 4, 50)))
    assert pool.lacks(settled_by_score(pool.options.values(), 3, 0)) == 300
    assert pool.lacks(settled_by_score(pool.options.values(), 0, 0)) == 0
    assert pool.lacks(voided(pool.options.values(), ())) == 150
    pool.money = 400
    assert pool.lacks(voided(pool.options.values(), ())) == -250
