"""The four kinds of trade: what they do to money, shares and the pool. One suite for the engine and the naive twin."""

from decimal import Decimal

import pytest

from tests.engine.prediction.scenes import Scene

PEOPLE = """
    person | USD
    ann    | 100
    bob    | 100
    cat    | 100
"""


@pytest.fixture
def scene(scene: Scene) -> Scene:
    return scene.owning(PEOPLE)


def test_two_buyers_mint_a_pair_together(scene: Scene) -> None:
    scene.market().told("ann buys 10 YES at 60")
    scene.shows("""
        person | USD    | YES | NO
        ann    | 94 + 6 |     |
        pool   | 0      |     |
    """)
    assert scene.does("bob buys 10 NO at 40") == "filled, 10 for 4"
    scene.shows("""
        person | USD | YES | NO | yesCost | noCost
        ann    | 94  | 10  |    | 6       |
        bob    | 96  |     | 10 |         | 4
        pool   | 10  |     |    |         |
    """)


def test_shares_of_yes_change_hands(scene: Scene) -> None:
    scene.market().told("""
        ann buys 10 YES at 60
        bob buys 10 NO at 40
        ann sells 4 YES at 70
        cat buys 4 YES at 70
    """)
    scene.shows("""
        person | USD  | YES | NO | yesCost | noCost | realized
        ann    | 96.8 | 6   |    | 3.6     |        | 0.4
        bob    | 96   |     | 10 |         | 4      |
        cat    | 97.2 | 4   |    | 2.8     |        |
        pool   | 10   |     |    |         |        |
    """)


def test_shares_of_no_change_hands(scene: Scene) -> None:
    scene.market().told("""
        ann buys 10 YES at 60
        bob buys 10 NO at 40
        cat buys 4 NO at 30
        bob sells 4 NO at 30
    """)
    scene.shows("""
        person | USD  | YES | NO | yesCost | noCost | realized
        ann    | 94   | 10  |    | 6       |        |
        bob    | 97.2 |     | 6  |         | 2.4    | -0.4
        cat    | 98.8 |     | 4  |         | 1.2    |
        pool   | 10   |     |    |         |        |
    """)


def test_two_sellers_merge_a_pair(scene: Scene) -> None:
    scene.market().told("""
        ann buys 10 YES at 60
        bob buys 10 NO at 40
        ann sells 4 YES at 55
        bob sells 4 NO at 45
    """)
    scene.shows("""
        person | USD  | YES | NO | realized
        ann    | 96.2 | 6   |    | -0.2
        bob    | 97.8 |     | 6  | 0.2
        pool   | 6    |     |    |
    """)


def test_the_four_kinds_are_told_in_terms_of_yes(scene: Scene) -> None:
    scene.market().told("""
        ann buys 10 YES at 60
        bob buys 10 NO at 40
        cat buys 3 YES at 70
        ann sells 3 YES at 70
        cat buys 4 NO at 30
        bob sells 4 NO at 30
        cat sells 2 NO at 25
        ann sells 2 YES at 75
    """)
    scene.shows_trades("""
        tradeId | kind        | yesPrice | quantity | bidId | askId | takerBids
        1       | mint        | 60       | 10       | 1     | 2     | False
        2       | transfer    | 70       | 3        | 3     | 4     | False
        3       | transfer_no | 70       | 4        | 6     | 5     | True
        4       | merge       | 75       | 2        | 7     | 8     | False
    """)


def test_the_ledger_says_what_each_movement_was(scene: Scene) -> None:
    scene.market(taker_rate="0.01").told("""
        ann buys 10 YES at 60
        bob buys 10 NO at 40
        cat buys 4 NO at 30
        bob sells 4 NO at 30
        ann sells 2 YES at 50
        bob sells 2 NO at 50
    """)
    scene.shows_logs(
        "bob",
        """
        changeType | amount | before | after  | transId
        mint       | -4     | 100    | 96     | 1
        fee        | -0.04  | 96     | 95.96  | 1
        trade      | 1.2    | 95.96  | 97.16  | 2
        fee        | -0.012 | 97.16  | 97.148 | 2
        merge      | 1      | 97.148 | 98.148 | 3
        fee        | -0.01  | 98.148 | 98.138 | 3
    """,
    )
    scene.shows_logs(
        "ann",
        """
        changeType | amount | before | after | transId
        mint       | -6     | 100    | 94    | 1
        merge      | 1      | 94     | 95    | 3
    """,
    )


# Who gets the improvement


@pytest.mark.parametrize(
    ("resting", "taking", "cost"),
    [
        ("bob buys 5 NO at 45", "ann buys 5 YES at 60", "2.75"),  # asks for YES at 55
        ("bob buys 5 YES at 55", "ann buys 5 NO at 60", "2.25"),  # asks for NO at 45
    ],
)
def test_a_buyer_who_comes_pays_what_the_other_left(scene: Scene, resting: str, taking: str, cost: str) -> None:
    scene.market().told(resting)
    assert scene.does(taking) == f"filled, 5 for {cost}"
    assert Decimal(scene.order("bob", 1)["value"]) + Decimal(cost) == 5


@pytest.mark.parametrize(
    ("resting", "taking", "told"),
    [
        ("cat buys 5 YES at 55", "ann sells 5 YES at 40", "filled, 5 for 2.75"),
        ("cat buys 5 NO at 55", "bob sells 5 NO at 40", "filled, 5 for 2.75"),
        ("bob sells 5 NO at 45", "ann sells 5 YES at 40", "filled, 5 for 2.75"),
        ("ann sells 5 YES at 45", "bob sells 5 NO at 40", "filled, 5 for 2.75"),
        ("ann sells 5 YES at 45", "cat buys 5 YES at 60", "filled, 5 for 2.25"),
        ("bob sells 5 NO at 45", "cat buys 5 NO at 60", "filled, 5 for 2.25"),
    ],
)
def test_the_price_is_always_the_makers(scene: Scene, resting: str, taking: str, told: str) -> None:
    scene.market().told("""
        ann buys 10 YES at 50
        bob buys 10 NO at 50
    """)
    scene.told(resting)
    assert scene.does(taking) == told


def test_what_a_taker_saves_is_free_at_once(scene: Scene) -> None:
    """Bob pays 45 where he would have paid 60, and ten of his fifteen shares still wait at 60."""
    scene.market().told("""
        ann buys 5 YES at 55
        bob buys 15 NO at 60
    """)
    scene.shows("""
        person | USD       | YES | NO
        ann    | 97.25     | 5   |
        bob    | 91.75 + 6 |     | 5
        pool   | 5         |     |
    """)


# The book


def test_the_book_is_one_in_terms_of_yes(scene: Scene) -> None:
    """Who buys NO asks for YES, who sells NO bids for it; at one price they stand in one line."""
    scene.market().told("""
        ann buys 10 YES at 50
        bob buys 10 NO at 50
    """)
    scene.told("""
        ann buys 1 YES at 45
        bob sells 2 NO at 55
        cat buys 3 YES at 45
        bob buys 4 NO at 39
        ann sells 5 YES at 61
    """)
    scene.shows_book("""
        bids                         | price | asks
                                     | 61    | bob NO 4, ann YES 5
        ann YES 1, bob NO 2, cat YES 3 | 45  |
    """)
    assert scene.does("cat buys 6 YES at 61") == "filled, 6 for 3.66"
    scene.shows_book("""
        bids                         | price | asks
                                     | 61    | ann YES 3
        ann YES 1, bob NO 2, cat YES 3 | 45  |
    """)
    scene.shows_trades("""
        tradeId | kind     | yesPrice | quantity
        1       | mint     | 50       | 10
        2       | mint     | 61       | 4
        3       | transfer | 61       | 2
    """)


@pytest.mark.parametrize(
    ("tick", "yes", "no", "cost"),
    [("0.1", "33.3", "66.7", "0.999"), ("0.01", "33.33", "66.67", "0.9999"), ("0.01", "0.01", "99.99", "0.0003")],
)
def test_nothing_is_rounded_at_the_smallest_tick(scene: Scene, tick: str, yes: str, no: str, cost: str) -> None:
    scene.market(tick=tick).told(f"ann buys 3 YES at {yes}")
    assert scene.does(f"bob buys 3 NO at {no}").startswith("filled, 3 for ")
    assert scene.order("ann", 1)["value"] == cost
    assert scene.exchange.pool("rain") == "3"


@pytest.mark.parametrize(
    ("tick", "price", "code"),
    [
        ("0.1", "50.05", "OFF_TICK"),
        ("0.1", "0.05", "OFF_TICK"),
        ("0.01", "50.05", "taken"),
        ("0.01", "50.005", "MALFORMED"),
        ("0.1", "0", "MALFORMED"),
        ("0.1", "100", "MALFORMED"),
        ("0.1", "100.1", "MALFORMED"),
        ("0.1", "-5", "MALFORMED"),
        ("0.1", "5e1", "MALFORMED"),
        ("0.1", "0.1", "taken"),
        ("0.1", "99.9", "taken"),
        ("0.01", "99.99", "taken"),
    ],
)
def test_prices_lie_between_0_and_100_on_the_tick(scene: Scene, tick: str, price: str, code: str) -> None:
    scene.market(tick=tick)
    for outcome in ("YES", "NO"):
        assert scene.does(f"ann buys 1 {outcome} at {price} IOC") == ("cancelled" if code == "taken" else code)
