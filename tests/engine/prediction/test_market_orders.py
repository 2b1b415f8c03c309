"""Market orders: how far they reach, and how far their money does. One suite for the engine and the naive twin."""

from typing import Any

import pytest

from tests.engine.prediction.harness import Harness
from tests.engine.prediction.scenes import RAIN, Scene

PEOPLE = """
    person | USD
    ann    | 1000
    bob    | 1000
    cat    | 1000
    poor   | 2
"""


@pytest.fixture
def scene(scene: Scene) -> Scene:
    return scene.owning(PEOPLE)


START = """
    ann buys 20 YES at 50
    bob buys 20 NO at 50
"""
BOOK = """
    bids     | price | asks
             | 66.1  | cat NO 9
             | 66    | bob NO 3
             | 60    | ann YES 2
    bob NO 2 | 50    |
    cat YES 3| 45.5  |
    ann YES 9| 45.4  |
"""


def test_a_market_order_takes_prices_up_to_a_tenth_beyond_the_best(scene: Scene) -> None:
    """60 x 1.10 = 66."""
    scene.market().told(START).book(BOOK)
    assert scene.does("cat buys 9 YES at market") == "cancelled, 5 for 3.18"


def test_selling_divides_by_it(scene: Scene) -> None:
    """50 / 1.10 is above 45.4."""
    scene.market().told(START).book(BOOK)
    assert scene.does("ann sells 9 YES at market") == "cancelled, 5 for 2.365"


def test_the_edge_is_that_of_the_shares_own_price(scene: Scene) -> None:
    """NO is 50 at best, so up to 55: that is YES down to 45, and all of the bids are in reach."""
    scene.market().told(START).book(BOOK)
    assert scene.does("cat buys 5 NO at market cancel_oldest") == "filled, 5 for 2.638"


def test_selling_no_is_divided_too(scene: Scene) -> None:
    """NO is 40 at best, and 40 / 1.10 is 36.4 rounded up: YES at 63.6, so 66 is out of reach."""
    scene.market().told(START).book(BOOK)
    assert scene.does("bob sells 9 NO at market") == "cancelled, 2 for 0.8"


@pytest.mark.parametrize(
    ("tick", "best", "within", "beyond"),
    [
        ("0.1", "33.3", "36.6", "36.7"),  # 36.63
        ("0.01", "33.33", "36.66", "36.67"),  # 36.663
        ("0.1", "0.9", "0.9", "1"),  # 0.99
        ("0.1", "95", "99.9", None),  # 104.5: below a whole pair, whatever it is
    ],
)
@pytest.mark.parametrize(("other", "taking"), [("NO", "YES"), ("YES", "NO")])
def test_the_edge_is_rounded_inward(
    scene: Scene, tick: str, best: str, within: str, beyond: str | None, other: str, taking: str
) -> None:
    scene.market(tick=tick)
    for price in filter(None, (best, within, beyond)):
        scene.told(f"ann buys 1 {other} at {round((100 - float(price)) * 100) / 100}")
    assert scene.does(f"bob buys 3 {taking} at market").startswith("cancelled, 2 for ")


@pytest.mark.parametrize(
    ("tick", "best", "within", "beyond"),
    [
        ("0.1", "33.3", "30.3", "30.2"),  # 30.27
        ("0.01", "33.33", "30.3", "30.29"),
        ("0.1", "0.1", "0.1", None),  # 0.09
        ("0.1", "99.9", "90.9", "90.8"),  # 90.82
    ],
)
@pytest.mark.parametrize(("selling", "other"), [("YES", "NO"), ("NO", "YES")])
def test_a_sellers_edge_is_rounded_inward(
    scene: Scene, tick: str, best: str, within: str, beyond: str | None, selling: str, other: str
) -> None:
    scene.market(tick=tick).told(f"""
        ann buys 20 {selling} at 50
        bob buys 20 {other} at 50
    """)
    for price in filter(None, (best, within, beyond)):
        scene.told(f"cat buys 1 {selling} at {price}")
    assert scene.does(f"ann sells 3 {selling} at market").startswith("cancelled, 2 for ")


def test_a_market_order_never_rests(scene: Scene) -> None:
    scene.market().told("bob buys 2 NO at 40")
    assert scene.does("ann buys 3 YES at market") == "cancelled, 2 for 1.2"
    scene.shows_book("bids | price | asks")
    assert scene.does("ann buys 3 YES at market") == "cancelled"
    assert scene.does("ann sells 2 YES at market") == "cancelled"
    assert scene.does("ann buys 3 NO at market FOK") == "CANNOT_FILL"


# What it may cost


def test_what_was_held_too_much_is_free_at_once(scene: Scene) -> None:
    scene.market(taker_rate="0.01").told("bob buys 2 NO at 40")
    scene.told("ann buys 2 YES at market")
    scene.shows("""
        person | USD     | YES | fees
        ann    | 998.792 | 2   | 0.008
    """)


def test_a_buyer_with_too_little_money_gets_what_it_pays_for(scene: Scene) -> None:
    """Two dollars are three shares at 60, and 20 cents are left."""
    scene.market().told("bob buys 9 NO at 40")
    assert scene.does("poor buys 9 YES at market") == "cancelled, 3 for 1.8"
    scene.shows("""
        person | USD | YES
        poor   | 0.2 | 3
    """)


def test_the_fee_is_counted_in(scene: Scene) -> None:
    """Each share is 50 and 17 cents of fee: of three for two dollars and a cent, there is money for two."""
    scene.market(taker_rate="0.34").told("bob buys 9 NO at 50")
    assert scene.does("poor buys 9 YES at market") == "cancelled, 2 for 1, fee 0.34"
    scene.shows("""
        person | USD  | YES | fees
        poor   | 0.66 | 2   | 0.34
    """)


def test_the_last_cent_is_spent(scene: Scene) -> None:
    """Four shares at 40 with a fee of 10 cents each."""
    scene.market(taker_rate="0.25").told("bob buys 9 YES at 60")
    assert scene.does("poor buys 9 NO at market") == "cancelled, 4 for 1.6, fee 0.4"
    scene.shows("""
        person | USD | NO | fees
        poor   | 0   | 4  | 0.4
    """)
    assert scene.does("poor buys 1 YES at market") == "INSUFFICIENT_FUNDS"


def test_a_dearer_price_ends_it_where_the_first_was_affordable(scene: Scene) -> None:
    scene.market().told("""
        bob buys 3 NO at 40
        cat buys 9 NO at 35
    """)
    assert scene.does("poor buys 9 YES at market") == "cancelled, 3 for 1.8"
    assert scene.does("poor buys 9 YES at market") == "INSUFFICIENT_FUNDS"
    scene.shows_book("""
        bids | price | asks
             | 65    | cat NO 9
    """)


def test_a_fok_buyer_with_too_little_money_gets_nothing(scene: Scene) -> None:
    scene.market().told("bob buys 9 NO at 40")
    assert scene.does("poor buys 4 YES at market FOK") == "CANNOT_FILL"
    assert scene.does("poor buys 3 YES at market FOK") == "filled, 3 for 1.8"
    assert scene.does("poor buys 1 YES at market FOK") == "INSUFFICIENT_FUNDS"


@pytest.mark.parametrize("prevention", ["cancel_newest", "cancel_oldest", "cancel_both"])
def test_who_can_not_pay_the_next_price_does_not_meet_ones_own_order_there(scene: Scene, prevention: str) -> None:
    """Her last 20 cents buy nothing at 65: her own order there is out of reach, and stands."""
    scene.market().told("poor buys 1 NO at 35")
    scene.exchange.deposit("poor", "what that holds", "USD", "0.35")
    scene.told("bob buys 3 NO at 40")
    assert scene.does(f"poor buys 9 YES at market {prevention}") == "cancelled, 3 for 1.8"
    scene.shows_book("""
        bids | price | asks
             | 65    | poor NO 1
    """)


@pytest.mark.parametrize("prevention", ["cancel_newest", "cancel_oldest", "cancel_both"])
def test_who_can_not_even_pay_ones_own_price_is_refused(scene: Scene, prevention: str) -> None:
    scene.market().told("poor buys 5 NO at 39")  # leaves 5 cents
    assert scene.does(f"poor buys 1 YES at market {prevention}") == "INSUFFICIENT_FUNDS"
    scene.shows_book("""
        bids | price | asks
             | 61    | poor NO 5
    """)


def test_no_more_is_held_than_the_shares_can_cost() -> None:
    """A buyer of one share keeps the rest of the money free even while the order is under way."""
    exchange = Harness()
    scene = Scene(exchange).owning(PEOPLE).market().told("bob buys 9 NO at 40").told("ann buys 2 YES at market")
    placed = next(
        event
        for part in exchange.books.codec.unpack(exchange.tables.journal[-1].body).parts
        for event in part.events
        if hasattr(event, "held")
    )
    assert placed.held == 2 * 10_000
    assert scene.exchange.balances("ann")["USD"] == ("998.8", "0")


def test_a_market_order_takes_no_price(exchange: Any) -> None:
    Scene(exchange).market()
    assert exchange.place("ann", RAIN, "buy", "YES", "market_by_qty", quantity=1, price="50") == {"code": "MALFORMED"}
