"""Market orders, by quantity and by amount, and how far they reach: one suite for both implementations."""

from typing import Any

import pytest

from tests.engine.spot.scenes import Scene

PEOPLE = """
    person | USD   | BTC
    ann    | 500   | 5
    bob    | 10000 | 100
    cat    | 10000 | 100
"""

BOOK = """
    bids  | price | asks
          |   105 | cat 9
          |   100 | bob 2
    bob 2 |    90 |
    cat 9 |    85 |
"""


@pytest.fixture
def scene(scene: Scene) -> Scene:
    return scene.owning(PEOPLE)


# By quantity


def test_a_market_order_takes_the_best_prices(scene: Scene) -> None:
    scene.market().book(BOOK)
    assert scene.does("ann buys 3 at market") == "filled, 3 for 305"
    assert scene.does("ann sells 3 at market") == "filled, 3 for 265"
    scene.shows_balances("""
        person | USD | BTC
        ann    | 460 | 5
    """)


def test_a_market_order_never_rests(scene: Scene) -> None:
    scene.market().book("""
        bids | price | asks
             |   100 | bob 2
    """)
    assert scene.does("ann buys 3 at market") == "cancelled, 2 for 200"
    scene.shows_book("bids | price | asks")


def test_a_market_order_that_meets_no_one_is_taken_and_cancelled(scene: Scene) -> None:
    scene.market()
    for sentence in ("ann buys 3 at market", "ann sells 3 at market", "ann buys for 100", "ann sells for 100"):
        assert scene.does(sentence) == "cancelled"
    assert scene.does("ann buys 3 at market FOK") == "CANNOT_FILL"
    scene.shows_balances("""
        person | USD | BTC
        ann    | 500 | 5
    """)


def test_a_buyer_with_too_little_money_gets_what_it_pays_for(scene: Scene) -> None:
    """Two at 100 leave 300, which are two at 105."""
    scene.market().book(BOOK)
    assert scene.does("ann buys 9 at market") == "cancelled, 4 for 410"
    scene.shows_balances("""
        person | USD | BTC
        ann    | 90  | 9
    """)


def test_a_fok_buyer_with_too_little_money_gets_nothing(scene: Scene) -> None:
    scene.market().book(BOOK)
    assert scene.does("ann buys 5 at market FOK") == "CANNOT_FILL"
    assert scene.does("ann buys 4 at market FOK") == "filled, 4 for 410"


def test_a_buyer_without_the_money_for_one_lot_is_refused(scene: Scene) -> None:
    scene.market().book(BOOK)
    scene.does("ann buys 1 at 80")
    scene.does("ann buys 4 at 81")  # leaves her 96
    assert scene.does("ann buys 1 at market") == "INSUFFICIENT_FUNDS"
    assert scene.does("ann buys 1 at market FOK") == "INSUFFICIENT_FUNDS"


def test_a_buyer_without_any_money_is_refused_even_if_there_is_no_one(scene: Scene) -> None:
    scene.market()
    scene.does("ann buys 5 at 100")
    assert scene.does("ann buys 1 at market") == "INSUFFICIENT_FUNDS"


def test_a_seller_must_own_the_quantity(scene: Scene) -> None:
    scene.market().book(BOOK)
    assert scene.does("ann sells 6 at market") == "INSUFFICIENT_FUNDS"


@pytest.mark.parametrize("prevention", ["cancel_newest", "cancel_oldest", "cancel_both"])
def test_who_can_not_pay_the_next_price_does_not_meet_ones_own_order_there(scene: Scene, prevention: str) -> None:
    """Four lots leave her 100: her own order at 102 is out of reach, and stands."""
    scene.market().book("""
        bids | price | asks
             |   102 | ann 1
             |   100 | bob 4
    """)
    assert scene.does(f"ann buys 5 at market {prevention}") == "cancelled, 4 for 400"
    scene.shows_book("""
        bids | price | asks
             |   102 | ann 1
    """)


# By amount


def test_an_amount_buys_whole_lots_and_gives_back_what_buys_none(scene: Scene) -> None:
    """Of 309, 200 buy two and 105 one; 4 buy nothing at 105."""
    scene.market().book(BOOK)
    assert scene.does("ann buys for 309") == "filled, 3 for 305"
    order = scene.order("ann", 1)
    assert (order["amount"], order["quantity"], order["remainingQuantity"]) == ("309", None, None)
    scene.shows_balances("""
        person | USD | BTC
        ann    | 195 | 8
    """)


def test_an_amount_raised_by_selling_is_met_in_whole_lots(scene: Scene) -> None:
    """Two at 90 raise 180; of 100 left, one at 85."""
    scene.market().book(BOOK)
    assert scene.does("ann sells for 280") == "filled, 3 for 265"
    scene.shows_balances("""
        person | USD | BTC
        ann    | 765 | 2
    """)


def test_the_amount_is_before_fees_on_both_sides(scene: Scene) -> None:
    scene.market(taker_rate="0.1").book(BOOK)
    assert scene.does("ann buys for 200") == "filled, 2 for 200, fee 0.2 BTC"
    assert scene.does("ann sells for 180") == "filled, 2 for 180, fee 18 USD"


def test_an_amount_for_which_there_is_not_enough_is_cancelled(scene: Scene) -> None:
    scene.market().book("""
        bids  | price | asks
              |   100 | bob 2
        bob 2 |    90 |
    """)
    assert scene.does("ann buys for 300") == "cancelled, 2 for 200"
    assert scene.does("ann sells for 270") == "cancelled, 2 for 180"


def test_an_amount_too_small_for_one_lot_is_cancelled(scene: Scene) -> None:
    scene.market().book(BOOK)
    assert scene.does("ann buys for 99.9999") == "cancelled"
    assert scene.does("ann sells for 89") == "cancelled"
    assert scene.does("ann buys for 99.9999 FOK") == "CANNOT_FILL"


def test_an_amount_to_buy_for_must_be_there(scene: Scene) -> None:
    scene.market().book(BOOK)
    assert scene.does("ann buys for 500.0001") == "INSUFFICIENT_FUNDS"
    assert scene.does("ann buys for 500") == "filled, 4 for 410"


def test_a_seller_by_amount_with_too_little_sells_what_it_has(scene: Scene) -> None:
    """Two at 90 and three at 85 are all she has."""
    scene.market().book(BOOK)
    assert scene.does("ann sells for 1000") == "cancelled, 5 for 435"
    assert scene.does("ann sells for 100") == "INSUFFICIENT_FUNDS"


def test_a_fok_seller_by_amount_with_too_little_sells_nothing(scene: Scene) -> None:
    scene.market().book(BOOK)
    assert scene.does("ann sells for 600 FOK") == "CANNOT_FILL"
    assert scene.does("ann sells for 440 FOK") == "filled, 5 for 435"


def test_a_seller_by_amount_without_one_lot_is_refused(scene: Scene) -> None:
    scene.market(lot="2").book("""
        bids  | price | asks
        bob 4 |    90 |
    """)
    scene.does("ann sells 4 at 200")  # leaves her 1
    assert scene.does("ann sells for 180") == "INSUFFICIENT_FUNDS"


def test_a_seller_by_amount_without_one_lot_is_taken_and_cancelled_if_there_is_no_one(scene: Scene) -> None:
    scene.market(lot="2")
    scene.does("ann sells 4 at 200")
    assert scene.does("ann sells for 180") == "cancelled"


@pytest.mark.parametrize("prevention", ["cancel_newest", "cancel_oldest", "cancel_both"])
def test_who_has_nothing_left_to_sell_does_not_meet_ones_own_order(scene: Scene, prevention: str) -> None:
    scene.market().book("""
        bids  | price | asks
        bob 5 |    90 |
        ann 1 |    85 |
    """)
    assert scene.does(f"ann sells for 600 {prevention}") == "cancelled, 5 for 450"
    scene.shows_book("""
        bids  | price | asks
        ann 1 |    85 |
    """)


def test_self_trade_prevention_ends_an_order_by_amount_too(scene: Scene) -> None:
    scene.market().book("""
        bids | price | asks
             |   101 | ann 1
             |   100 | bob 2
    """)
    assert scene.does("ann buys for 400 cancel_both") == "cancelled, 2 for 200"
    scene.shows_book("bids | price | asks")


# How far


def test_without_a_band_a_buyer_goes_to_a_tenth_above_the_best_price(scene: Scene) -> None:
    """103 x 1.1 = 113.3: inward to 113."""
    scene.market().book("""
        bids | price | asks
             |   114 | bob 1
             |   113 | bob 1
             |   103 | bob 1
    """)
    assert scene.does("ann buys 3 at market") == "cancelled, 2 for 216"


def test_without_a_band_a_seller_goes_to_a_tenth_below_the_best_price(scene: Scene) -> None:
    """103 / 1.1 = 93.6..: inward to 94."""
    scene.market().book("""
        bids  | price | asks
        bob 1 |   103 |
        bob 1 |    94 |
        bob 1 |    93 |
    """)
    assert scene.does("ann sells for 400") == "cancelled, 2 for 197"


def test_an_edge_that_falls_on_a_tick_is_within(scene: Scene) -> None:
    """110 / 1.1 = 100."""
    scene.market().book("""
        bids  | price | asks
        bob 1 |   110 |
        bob 1 |   100 |
    """)
    assert scene.does("ann sells 2 at market") == "filled, 2 for 210"


def test_at_the_lowest_price_of_all_the_edge_is_that_price(scene: Scene) -> None:
    scene.market().book("""
        bids  | price | asks
              |     2 | cat 1
              |     1 | bob 1
    """)
    assert scene.does("ann buys 2 at market") == "cancelled, 1 for 1"
    scene.does("bob buys 1 at 1")
    assert scene.does("ann sells 1 at market") == "filled, 1 for 1"


def test_with_a_band_the_edge_is_the_bands(scene: Scene) -> None:
    """Last traded at 103; 5 % off are 97.85 and 108.15: inward to 98 and 108."""
    scene.market(price_band="0.05").book("""
        bids  | price | asks
              |   109 | bob 1
              |   108 | bob 1
              |   103 | bob 1
        cat 1 |    98 |
        cat 1 |    97 |
    """)
    scene.does("ann buys 1 at 103")
    assert scene.does("ann buys 2 at market") == "cancelled, 1 for 108"


def test_a_market_order_beyond_the_band_meets_no_one(scene: Scene) -> None:
    scene.market(price_band="0.05").book("""
        bids | price | asks
             |   120 | bob 1
             |   100 | bob 1
    """)
    scene.does("ann buys 1 at 100")
    assert scene.does("ann buys 1 at market") == "cancelled"


# Bands and minimums


def test_a_limit_price_must_lie_within_the_band_around_the_last_price(scene: Scene) -> None:
    scene.market(price_band="0.05").book("""
        bids | price | asks
             |   103 | bob 2
    """)
    assert scene.does("ann buys 1 at 1") == "new"  # nothing has traded: any price will do
    scene.does("ann buys 1 at 103")
    for price, answer in (("97", "OUTSIDE_BAND"), ("98", "new"), ("108", "filled, 1 for 103"), ("109", "OUTSIDE_BAND")):
        assert scene.does(f"ann buys 1 at {price}") == answer
    for price, answer in (("97", "OUTSIDE_BAND"), ("109", "OUTSIDE_BAND"), ("108", "new")):
        assert scene.does(f"ann sells 1 at {price}") == answer


def test_an_order_must_be_worth_the_minimum(scene: Scene) -> None:
    """A limit order at its price, an amount as it is, a quantity at the best price that waits."""
    scene.market(minimum_notional="200").book("""
        bids  | price | asks
              |   100 | bob 9
        bob 9 |    90 |
    """)
    for sentence in ("ann buys 1 at 199", "ann buys for 199.9999", "ann buys 1 at market", "ann sells 2 at market"):
        assert scene.does(sentence) == "BELOW_MINIMUM"
    assert scene.does("ann buys 2 at market") == "filled, 2 for 200"
    assert scene.does("ann sells for 200") == "filled, 2 for 180"
    assert scene.does("ann buys 2 at 100") == "filled, 2 for 200"


def test_the_minimum_of_a_quantity_is_not_asked_where_no_one_waits(exchange: Any) -> None:
    scene = Scene(exchange).owning(PEOPLE).market(minimum_notional="200")
    assert scene.does("ann buys 1 at market") == "cancelled"
