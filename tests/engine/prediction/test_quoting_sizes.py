"""What and how much the maker quotes; tests/engine/prediction/pictures.py explains the pictures."""

from typing import Any

import pytest
from msgspec.structs import replace

from engine.matching.order import Side
from engine.matching.terms import Outcome
from engine.prediction.quote import Quote
from engine.prediction.quoting import top_up, wanted
from tests.engine.prediction.pictures import SETTINGS, VIEW, Picture, seen, shows

# Shares first, then money


def test_shares_of_no_are_sold_as_bids_before_yes_is_bought() -> None:
    shows(
        """
        bids       | price | asks
                   |  52.0 | BUY NO 10
                   |  51.0 | BUY NO 10
        SELL NO 10 |  49.0 |
        BUY YES 10 |  48.0 |
        """,
        no_holding=10,
    )


def test_a_holding_that_ends_within_a_quote_splits_it() -> None:
    shows(
        """
        bids                 | price | asks
                             |  52.0 | SELL YES 7, BUY NO 3
                             |  51.0 | SELL YES 10
        SELL NO 4, BUY YES 6 |  49.0 |
        BUY YES 10           |  48.0 |
        """,
        yes_holding=17,
        no_holding=4,
    )


def test_the_nearest_level_comes_first_its_bid_before_its_ask_a_sale_before_a_purchase() -> None:
    assert wanted(SETTINGS, replace(VIEW, no_holding=4)) == (
        Quote(Outcome.NO, Side.SELL, 510, 4),
        Quote(Outcome.YES, Side.BUY, 490, 6),
        Quote(Outcome.NO, Side.BUY, 490, 10),
        Quote(Outcome.YES, Side.BUY, 480, 10),
        Quote(Outcome.NO, Side.BUY, 480, 10),
    )


# Inventory


def test_bids_are_cut_to_what_may_still_be_held_from_the_far_end() -> None:
    shows(
        """
        bids       | price | asks
                   |  52.0 | SELL YES 10
                   |  51.0 | SELL YES 10
        BUY YES 10 |  49.0 |
        BUY YES 5  |  48.0 |
        """,
        yes_holding=85,
        max_yes_position=100,
    )


def test_asks_are_cut_to_what_may_still_be_held() -> None:
    shows(
        """
        bids       | price | asks
                   |  51.0 | BUY NO 3
        BUY YES 10 |  49.0 |
        BUY YES 10 |  48.0 |
        """,
        max_no_position=3,
    )


@pytest.mark.parametrize("held", [100, 101, 5_000])
def test_at_the_limit_and_above_it_the_side_is_left_out(held: int) -> None:
    shows(
        """
        bids | price | asks
             |  52.0 | SELL YES 10
             |  51.0 | SELL YES 10
        """,
        yes_holding=held,
        max_yes_position=100,
    )


def test_bids_that_sell_no_do_not_count_against_the_yes_limit() -> None:
    shows(
        """
        bids                 | price | asks
                             |  52.0 | SELL YES 10
                             |  51.0 | SELL YES 10
        SELL NO 10           |  49.0 |
        SELL NO 2, BUY YES 1 |  48.0 |
        """,
        yes_holding=99,
        no_holding=12,
        max_yes_position=100,
    )


def test_limits_of_zero_leave_nothing_unless_they_are_not_enforced() -> None:
    none = {"max_yes_position": 0, "max_no_position": 0, "levels": 1}
    shows("bids | price | asks", **none)
    shows(
        """
        bids       | price | asks
                   |  51.0 | BUY NO 10
        BUY YES 10 |  49.0 |
        """,
        **none,
        enforce_inventory=False,
    )


# Money


@pytest.mark.parametrize("min_balance_units", [0, 100, 12_345])
def test_the_last_unit_above_the_minimum_is_spent(min_balance_units: int) -> None:
    """10 x (49 + 49 + 48 + 48) cents."""
    shows(
        """
        bids       | price | asks
                   |  52.0 | BUY NO 10
                   |  51.0 | BUY NO 10
        BUY YES 10 |  49.0 |
        BUY YES 10 |  48.0 |
        """,
        available_units=194_000 + min_balance_units,
        min_balance_units=min_balance_units,
    )


@pytest.mark.parametrize("min_balance_units", [0, 100, 12_345])
def test_the_farthest_level_is_cut_first_and_both_its_sides_alike(min_balance_units: int) -> None:
    shows(
        """
        bids       | price | asks
                   |  52.0 | BUY NO 9
                   |  51.0 | BUY NO 10
        BUY YES 10 |  49.0 |
        BUY YES 9  |  48.0 |
        """,
        available_units=194_000 + min_balance_units - 1,
        min_balance_units=min_balance_units,
    )


def test_change_left_at_a_level_that_was_cut_buys_nothing_farther_out() -> None:
    """A share of each at 49 leaves 97 cents, too little for two; both at 48 could be paid, but stay away."""
    shows(
        """
        bids      | price | asks
                  |  51.0 | BUY NO 1
        BUY YES 1 |  49.0 |
        """,
        available_units=9_800 + 9_700,
        order_size=10,
    )


def test_the_fee_must_be_there_too() -> None:
    shows(
        """
        bids       | price | asks
                   |  51.0 | BUY NO 10
        BUY YES 10 |  49.0 |
        """,
        available_units=98_980,
        hold_rate=10**6,
        levels=1,
    )
    shows(
        """
        bids      | price | asks
                  |  51.0 | BUY NO 9
        BUY YES 9 |  49.0 |
        """,
        available_units=98_979,
        hold_rate=10**6,
        levels=1,
    )


@pytest.mark.parametrize("available_units", [0, 499, 500])
def test_at_or_below_the_minimum_balance_only_shares_are_offered(available_units: int) -> None:
    shows(
        """
        bids      | price | asks
                  |  52.0 | SELL YES 3
                  |  51.0 | SELL YES 10
        SELL NO 2 |  49.0 |
        """,
        yes_holding=13,
        no_holding=2,
        available_units=available_units,
        min_balance_units=500,
    )


def test_a_sale_is_not_cut_with_the_purchases_of_its_level() -> None:
    shows(
        """
        bids                 | price | asks
                             |  51.0 | BUY NO 2
        SELL NO 7, BUY YES 2 |  49.0 |
        """,
        no_holding=7,
        available_units=2 * 9_800,
        levels=1,
    )


@pytest.mark.parametrize(
    ("changed", "units"),
    [
        ({"available_units": 194_000}, 0),
        ({"available_units": 200_000}, 0),
        ({"available_units": 193_999}, 1),
        ({"available_units": 0}, 194_000),
        ({"available_units": 0, "auto_top_up": False}, 0),
        ({"available_units": 194_000, "min_balance_units": 500}, 500),
        ({"available_units": 0, "hold_rate": 10**6}, 195_940),
        ({"available_units": 0, "yes_holding": 20}, 97_000),  # both asks are shares
        ({"available_units": 0, "max_yes_position": 10}, 146_000),  # the far bid is left out
        ({"available_units": 0, "yes_holding": 20, "no_holding": 20}, 0),
    ],
)
def test_the_house_is_asked_for_what_full_quotes_lack(changed: dict[str, Any], units: int) -> None:
    assert top_up(*seen(Picture("bids | price | asks"), changed)) == units
