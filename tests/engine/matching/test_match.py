"""Whom an order meets, how much it gets, and why it stops: one suite for the walk and its naive twin."""

import pytest

from engine.matching.match import Stop
from tests.engine.matching.tables import Desk

ASKS = """
    bids  | price | asks
          |   103 | eve 7
          |   101 | cat 2, dan 4
    ann 5 |    99 |
"""


def test_nobody_is_met_in_an_empty_book(desk: Desk) -> None:
    assert desk.take("ann buys 5 at 100") == "5 left; no_liquidity"


def test_nobody_is_met_short_of_the_best_price(desk: Desk) -> None:
    desk.given(ASKS)
    assert desk.take("bob buys 5 at 100") == "5 left; no_liquidity"
    assert desk.take("bob sells 5 at 100") == "5 left; no_liquidity"
    desk.shows(ASKS)


def test_the_earlier_of_two_at_one_price_goes_first(desk: Desk) -> None:
    desk.given(ASKS)
    assert desk.take("bob buys 3 at 101") == "cat 2 at 101, dan 1 at 101; filled"
    desk.shows("""
        bids  | price | asks
              |   103 | eve 7
              |   101 | dan 3
        ann 5 |    99 |
    """)


def test_a_buyer_takes_the_lower_ask_first_and_pays_the_asks_prices(desk: Desk) -> None:
    desk.given(ASKS)
    assert desk.take("bob buys 8 at 110") == "cat 2 at 101, dan 4 at 101, eve 2 at 103; filled"
    desk.shows("""
        bids  | price | asks
              |   103 | eve 5
        ann 5 |    99 |
    """)


def test_a_seller_takes_the_higher_bid_first_and_gets_the_bids_prices(desk: Desk) -> None:
    desk.given("""
        bids         | price | asks
        ann 2        |    99 |
        bob 3, cat 1 |    97 |
        dan 9        |    95 |
    """)
    assert desk.take("eve sells 7 at 90") == "ann 2 at 99, bob 3 at 97, cat 1 at 97, dan 1 at 95; filled"
    desk.shows("""
        bids  | price | asks
        dan 8 |    95 |
    """)


def test_the_walk_ends_at_the_takers_price(desk: Desk) -> None:
    desk.given(ASKS)
    assert desk.take("bob buys 9 at 102") == "cat 2 at 101, dan 4 at 101; 3 left; no_liquidity"


def test_the_takers_own_price_is_still_good(desk: Desk) -> None:
    desk.given(ASKS)
    assert desk.take("bob buys 13 at 103") == "cat 2 at 101, dan 4 at 101, eve 7 at 103; filled"


def test_the_book_may_run_dry(desk: Desk) -> None:
    desk.given(ASKS)
    assert desk.take("bob sells 6 at 1") == "ann 5 at 99; 1 left; no_liquidity"


def test_a_partly_filled_maker_keeps_its_place(desk: Desk) -> None:
    desk.given(ASKS)
    desk.take("bob buys 1 at 101")
    assert desk.take("bob buys 2 at 101") == "cat 1 at 101, dan 1 at 101; filled"


def test_a_match_changes_nothing_until_it_is_applied(desk: Desk) -> None:
    desk.given(ASKS)
    found = desk.look("ann buys 50 at 200", "cancel_both")
    assert found.fills
    desk.shows(ASKS)


def test_what_is_left_may_rest_after_no_liquidity(desk: Desk) -> None:
    desk.given(ASKS)
    desk.take("bob buys 9 at 102")
    desk.book.rest(desk.order("bob buys 3 at 102"))
    desk.shows("""
        bids  | price | asks
              |   103 | eve 7
        bob 3 |   102 |
        ann 5 |    99 |
    """)


@pytest.mark.parametrize("wanted", [0, -1])
def test_nothing_cannot_be_wanted(desk: Desk, wanted: int) -> None:
    taker = desk.order("ann buys 1 at 1")
    with pytest.raises(AssertionError):
        desk.twin.match(desk.book, taker, wanted, prevention=None, fills_max=1)


# Self-trade prevention

OWN = """
    bids | price | asks
         |   103 | eve 7
         |   102 | ann2 2
         |   101 | cat 2, ann 4, dan 4
"""


def test_cancel_newest_ends_before_the_own_order(desk: Desk) -> None:
    desk.given(OWN)
    assert desk.take("ann9 buys 5 at 110", "cancel_newest") == "cat 2 at 101; 3 left; self_trade"
    desk.shows("""
        bids | price | asks
             |   103 | eve 7
             |   102 | ann2 2
             |   101 | ann 4, dan 4
    """)


def test_cancel_oldest_cancels_every_own_order_that_it_meets(desk: Desk) -> None:
    desk.given(OWN)
    taken = desk.take("ann9 buys 8 at 110", "cancel_oldest")
    assert taken == "cat 2 at 101, dan 4 at 101, eve 2 at 103; cancels ann, ann2; filled"
    desk.shows("""
        bids | price | asks
             |   103 | eve 5
    """)


def test_cancel_both_cancels_the_first_own_order_and_ends(desk: Desk) -> None:
    desk.given(OWN)
    assert desk.take("ann9 buys 8 at 110", "cancel_both") == "cat 2 at 101; cancels ann; 6 left; self_trade"
    desk.shows("""
        bids | price | asks
             |   103 | eve 7
             |   102 | ann2 2
             |   101 | dan 4
    """)


@pytest.mark.parametrize("prevention", ["cancel_newest", "cancel_oldest", "cancel_both"])
def test_own_orders_that_are_not_met_are_left_alone(desk: Desk, prevention: str) -> None:
    """Filled before it, or priced beyond the edge, or on one's own side."""
    desk.given(OWN)
    assert desk.take("ann9 buys 2 at 110", prevention) == "cat 2 at 101; filled"
    assert desk.take("ann9 buys 2 at 100", prevention) == "2 left; no_liquidity"
    assert desk.take("ann9 sells 2 at 100", prevention) == "2 left; no_liquidity"
    desk.shows("""
        bids | price | asks
             |   103 | eve 7
             |   102 | ann2 2
             |   101 | ann 4, dan 4
    """)


def test_cancel_oldest_may_leave_nobody_to_trade_with(desk: Desk) -> None:
    desk.given("""
        bids         | price | asks
        ann 1, ann2 2 |    99 |
    """)
    assert desk.take("ann3 sells 5 at 99", "cancel_oldest") == "cancels ann, ann2; 5 left; no_liquidity"
    desk.shows("bids | price | asks")


# The limit of fills

LONG = """
    bids | price | asks
         |   102 | ann 1
         |   101 | bob 1, cat 1, dan 1
"""


def test_an_order_has_at_most_so_many_fills(desk: Desk) -> None:
    desk.given(LONG)
    assert desk.take("eve buys 4 at 110", fills_max=2) == "bob 1 at 101, cat 1 at 101; 2 left; fill_limit"


def test_the_last_fill_allowed_may_complete_the_order(desk: Desk) -> None:
    desk.given(LONG)
    assert desk.take("eve buys 2 at 110", fills_max=2) == "bob 1 at 101, cat 1 at 101; filled"


def test_without_a_next_in_line_the_limit_is_not_the_reason(desk: Desk) -> None:
    desk.given(LONG)
    taken = desk.take("eve buys 4 at 101", fills_max=3)
    assert taken == "bob 1 at 101, cat 1 at 101, dan 1 at 101; 1 left; no_liquidity"


@pytest.mark.parametrize("prevention", ["cancel_newest", "cancel_oldest", "cancel_both"])
def test_at_the_limit_an_own_order_next_in_line_stays(desk: Desk, prevention: str) -> None:
    desk.given(LONG)
    taken = desk.take("ann2 buys 4 at 110", prevention, fills_max=3)
    assert taken == "bob 1 at 101, cat 1 at 101, dan 1 at 101; 1 left; fill_limit"
    desk.shows("""
        bids | price | asks
             |   102 | ann 1
    """)


def test_cancelled_orders_do_not_count_as_fills(desk: Desk) -> None:
    desk.given("""
        bids | price | asks
             |   101 | ann 1, ann2 1, bob 1, cat 1
    """)
    taken = desk.take("ann3 buys 2 at 101", "cancel_oldest", fills_max=2)
    assert taken == "bob 1 at 101, cat 1 at 101; cancels ann, ann2; filled"


# Amounts: a lot at 10 ticks is worth 20 here

TENS = """
    bids  | price | asks
          |    12 | dan 9
          |    10 | bob 2, cat 3
    eve 2 |     8 |
    ann 4 |     3 |
"""


def test_an_amount_is_spent_at_each_makers_price(desk: Desk) -> None:
    desk.given(TENS)
    taken = desk.take("eve2 buys 148 at 15", unit_value=2)
    assert taken == "bob 2 at 10, cat 3 at 10, dan 2 at 12; filled"


def test_an_amount_buys_whole_lots_and_what_buys_none_is_left(desk: Desk) -> None:
    desk.given(TENS)
    assert desk.take("eve2 buys 79 at 15", unit_value=2) == "bob 2 at 10, cat 1 at 10; 19 left; filled"
    desk.shows("""
        bids  | price | asks
              |    12 | dan 9
              |    10 | cat 2
        eve 2 |     8 |
        ann 4 |     3 |
    """)


def test_an_amount_ends_where_the_next_price_is_too_dear(desk: Desk) -> None:
    """Of 122, 100 buy all that is there at 10; 22 would buy one more lot at 10, and none at 12."""
    desk.given(TENS)
    assert desk.take("eve2 buys 122 at 15", unit_value=2) == "bob 2 at 10, cat 3 at 10; 22 left; filled"


def test_an_amount_that_would_buy_more_if_there_were_more_is_not_filled(desk: Desk) -> None:
    desk.given(TENS)
    assert desk.take("eve2 buys 120 at 11", unit_value=2) == "bob 2 at 10, cat 3 at 10; 20 left; no_liquidity"


def test_an_amount_left_by_the_last_maker_is_filled_if_it_buys_no_lot(desk: Desk) -> None:
    desk.given(TENS)
    assert desk.take("eve2 buys 119 at 11", unit_value=2) == "bob 2 at 10, cat 3 at 10; 19 left; filled"


def test_an_amount_is_raised_at_each_makers_price(desk: Desk) -> None:
    """Of 47, 32 come from 8; 15 are less than a lot at 8, yet raise two lots at 3."""
    desk.given(TENS)
    assert desk.take("cat2 sells 47 at 1", unit_value=2) == "eve 2 at 8, ann 2 at 3; 3 left; filled"


def test_a_seller_by_amount_passes_nobody_over(desk: Desk) -> None:
    """28 raise one lot at 8; of 12 left, two lots at 3 could be had, but the second lot at 8 stands before them."""
    desk.given(TENS)
    assert desk.take("cat2 sells 28 at 1", unit_value=2) == "eve 1 at 8; 12 left; filled"


def test_an_amount_too_small_for_one_lot_is_told_apart(desk: Desk) -> None:
    desk.given(TENS)
    assert desk.take("eve2 buys 19 at 15", unit_value=2) == "19 left; too_small"
    assert desk.take("cat2 sells 15 at 1", unit_value=2) == "15 left; too_small"
    desk.shows(TENS)


def test_an_amount_too_small_for_one_lot_disturbs_no_own_order(desk: Desk) -> None:
    desk.given(TENS)
    assert desk.take("bob2 buys 19 at 15", "cancel_both", unit_value=2) == "19 left; too_small"
    desk.shows(TENS)


def test_an_amount_meets_its_own_orders_like_any_other(desk: Desk) -> None:
    desk.given(TENS)
    assert desk.take("cat2 buys 100 at 15", "cancel_newest", unit_value=2) == "bob 2 at 10; 60 left; self_trade"
    taken = desk.take("cat2 buys 50 at 15", "cancel_oldest", unit_value=2)
    assert taken == "dan 2 at 12; cancels cat; 2 left; filled"


def test_an_amount_that_only_own_orders_could_take_is_not_filled(desk: Desk) -> None:
    desk.given("""
        bids  | price | asks
        bob 1 |     8 |
        ann 1 |     3 |
    """)
    taken = desk.take("ann2 sells 26 at 1", "cancel_oldest", unit_value=2)
    assert taken == "bob 1 at 8; cancels ann; 10 left; no_liquidity"


# Fill or kill: look first


@pytest.mark.parametrize(
    ("sentence", "prevention", "fills_max", "fills"),
    [
        ("bob buys 12 at 102", "cancel_newest", 9, True),
        ("bob buys 13 at 102", "cancel_newest", 9, False),  # one more than there is up to 102
        ("bob buys 19 at 103", "cancel_newest", 9, True),
        ("bob buys 20 at 103", "cancel_newest", 9, False),
        ("bob buys 19 at 103", "cancel_newest", 5, True),
        ("bob buys 19 at 103", "cancel_newest", 4, False),  # it takes five fills
        ("ann9 buys 2 at 103", "cancel_newest", 9, True),  # enough stands before the own order
        ("ann9 buys 3 at 103", "cancel_newest", 9, False),
        ("ann9 buys 3 at 103", "cancel_both", 9, False),
        ("ann9 buys 13 at 103", "cancel_oldest", 9, True),  # 13 lots are others'
        ("ann9 buys 14 at 103", "cancel_oldest", 9, False),  # own orders are no liquidity
    ],
)
def test_whether_an_order_fills_completely_is_seen_before_it_trades(
    desk: Desk, sentence: str, prevention: str, fills_max: int, fills: bool
) -> None:
    desk.given(OWN)
    found = desk.look(sentence, prevention, fills_max=fills_max)
    assert (found.stop is Stop.FILLED) is fills
    desk.shows(OWN)
