"""At what prices the maker quotes; tests/engine/prediction/pictures.py explains the pictures."""

import pytest
from msgspec.structs import replace

from engine.prediction.quoting import twice_mid
from tests.engine.prediction.pictures import VIEW, shows

# Around what


def test_an_untouched_market_is_quoted_around_50() -> None:
    shows(
        """
        bids       | price | asks
                   |  52.0 | BUY NO 10
                   |  51.0 | BUY NO 10
        BUY YES 10 |  49.0 |
        BUY YES 10 |  48.0 |
        """
    )


def test_the_book_of_the_others_comes_first() -> None:
    shows(
        """
        bids       | price | asks
                   |  70.0 | others
                   |  67.0 | BUY NO 10
                   |  66.0 | BUY NO 10
        BUY YES 10 |  64.0 |
        BUY YES 10 |  63.0 |
        others     |  60.0 |
        """,
        last_price_ticks=300,
    )


def test_without_bids_the_last_trade_is_the_middle() -> None:
    shows(
        """
        bids       | price | asks
                   |  70.0 | others
                   |  32.0 | BUY NO 10
                   |  31.0 | BUY NO 10
        BUY YES 10 |  29.0 |
        BUY YES 10 |  28.0 |
        """,
        last_price_ticks=300,
    )


def test_without_asks_and_trades_50_is_the_middle() -> None:
    shows(
        """
        bids       | price | asks
                   |  52.0 | BUY NO 10
                   |  51.0 | BUY NO 10
        BUY YES 10 |  49.0 |
        BUY YES 10 |  48.0 |
        others     |  20.0 |
        """
    )


def test_a_mid_between_two_ticks_is_exact() -> None:
    assert twice_mid(replace(VIEW, best_bid_ticks=490, best_ask_ticks=501)) == 9_910  # 49.55


@pytest.mark.parametrize(("last", "twice"), [(1, 20), (999, 19_980), (None, 10_000)])
def test_without_a_book_the_mid_is_the_last_price_else_50(last: int | None, twice: int) -> None:
    assert twice_mid(replace(VIEW, last_price_ticks=last)) == twice


def test_quotes_are_rounded_away_from_the_middle() -> None:
    """49.55 - 1 is 48.55, and 49.55 + 1 is 50.55."""
    shows(
        """
        bids       | price | asks
                   |  51.6 | BUY NO 10
                   |  50.6 | BUY NO 10
                   |  50.1 | others
        others     |  49.0 |
        BUY YES 10 |  48.5 |
        BUY YES 10 |  47.5 |
        """
    )


def test_in_a_market_of_fine_ticks_the_same_quotes_need_less_rounding() -> None:
    shows(
        """
        bids       | price | asks
                   | 51.55 | BUY NO 10
                   | 50.55 | BUY NO 10
                   | 50.10 | others
        others     | 49.00 |
        BUY YES 10 | 48.55 |
        BUY YES 10 | 47.55 |
        """
    )


def test_the_shift_moves_both_sides() -> None:
    shows(
        """
        bids       | price | asks
                   |  49.5 | BUY NO 10
                   |  48.5 | BUY NO 10
        BUY YES 10 |  46.5 |
        BUY YES 10 |  45.5 |
        """,
        price_shift_units=-250,
    )


def test_the_spread_is_the_whole_width() -> None:
    shows(
        """
        bids      | price | asks
                  |  54.0 | BUY NO 5
        BUY YES 5 |  46.0 |
        """,
        spread_units=800,
        levels=1,
        order_size=5,
    )


def test_the_least_spread_still_leaves_a_bid_and_an_ask() -> None:
    shows(
        """
        bids       | price | asks
                   |  50.1 | BUY NO 10
        BUY YES 10 |  49.9 |
        """,
        spread_units=10,
        levels=1,
    )


# Within the prices that there are


def test_levels_below_the_first_tick_are_left_out() -> None:
    shows(
        """
        bids       | price | asks
                   |   4.0 | BUY NO 10
                   |   3.0 | BUY NO 10
                   |   2.1 | others
        others     |   1.9 |
        BUY YES 10 |   1.0 |
        """
    )


def test_levels_above_the_last_tick_are_left_out() -> None:
    shows(
        """
        bids       | price | asks
                   |  99.0 | BUY NO 10
                   |  98.1 | others
        others     |  97.9 |
        BUY YES 10 |  97.0 |
        BUY YES 10 |  96.0 |
        """
    )


def test_the_first_and_the_last_tick_are_prices() -> None:
    shows(
        """
        bids       | price | asks
                   |   3.1 | BUY NO 10
                   |   2.1 | BUY NO 10
        BUY YES 10 |   0.1 |
        """,
        last_price_ticks=11,
    )
    shows(
        """
        bids       | price | asks
                   |  99.9 | BUY NO 10
        BUY YES 10 |  97.9 |
        BUY YES 10 |  96.9 |
        """,
        last_price_ticks=989,
    )


def test_a_side_without_any_price_is_not_quoted() -> None:
    shows(
        """
        bids       | price | asks
        BUY YES 10 |  98.5 |
        BUY YES 10 |  97.5 |
        """,
        last_price_ticks=995,
    )


def test_a_spread_too_wide_for_the_prices_leaves_nothing() -> None:
    shows("bids | price | asks", spread_units=9_999)


def test_a_shift_beyond_the_end_stops_a_tick_before_it() -> None:
    shows(
        """
        bids       | price | asks
        BUY YES 10 |  98.9 |
        BUY YES 10 |  97.9 |
        """,
        price_shift_units=9_000,
    )


# Making, never taking


def test_a_bid_that_would_take_stays_a_tick_below_the_others_ask() -> None:
    """The levels follow the best: they are not heaped up at one price."""
    shows(
        """
        bids       | price | asks
                   |  56.0 | BUY NO 10
                   |  55.0 | BUY NO 10
                   |  51.0 | others
        BUY YES 10 |  50.9 |
        BUY YES 10 |  49.9 |
        others     |  49.0 |
        """,
        price_shift_units=400,
    )


def test_an_ask_that_would_take_stays_a_tick_above_the_others_bid() -> None:
    shows(
        """
        bids       | price | asks
                   |  51.0 | others
                   |  50.1 | BUY NO 10
                   |  49.1 | BUY NO 10
        others     |  49.0 |
        BUY YES 10 |  45.0 |
        BUY YES 10 |  44.0 |
        """,
        price_shift_units=-400,
    )


def test_against_a_one_sided_book_the_last_price_gives_way() -> None:
    shows(
        """
        bids       | price | asks
                   |  52.0 | BUY NO 10
                   |  51.0 | BUY NO 10
                   |  30.0 | others
        BUY YES 10 |  29.9 |
        BUY YES 10 |  28.9 |
        """
    )


def test_no_bid_goes_below_an_ask_at_the_first_tick() -> None:
    shows(
        """
        bids | price | asks
             |   2.1 | BUY NO 10
             |   1.1 | BUY NO 10
             |   0.1 | others
        """,
        last_price_ticks=1,
    )


def test_a_book_one_tick_wide_is_joined() -> None:
    """No price is left between the others; one step further would take."""
    shows(
        """
        bids               | price | asks
                           |  50.1 | others, BUY NO 10
        others, BUY YES 10 |  50.0 |
        """,
        spread_units=10,
        levels=1,
    )
