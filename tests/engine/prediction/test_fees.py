"""What a trade costs besides its price: rate x min(p, 100 - p) x quantity. One suite for both implementations."""

from decimal import Decimal

import pytest

from tests.engine.prediction.scenes import Scene

PEOPLE = """
    person | USD
    ann    | 1000
    bob    | 1000
    cat    | 1000
"""


@pytest.fixture
def scene(scene: Scene) -> Scene:
    return scene.owning(PEOPLE)


@pytest.mark.parametrize(
    ("price", "fee"),
    [("1", "0.1"), ("10", "1"), ("30", "3"), ("50", "5"), ("70", "3"), ("90", "1"), ("99", "0.1")],
)
def test_a_fee_is_highest_in_the_middle_and_nothing_at_the_ends(scene: Scene, price: str, fee: str) -> None:
    """A tenth of a hundred shares' price, or of what that lacks to 100."""
    scene.market(taker_rate="0.1").told(f"ann buys 100 NO at {Decimal(100) - Decimal(price)}")
    assert scene.does(f"bob buys 100 YES at {price}") == f"filled, 100 for {price}, fee {fee}"


def test_buying_no_at_1_costs_what_selling_yes_at_99_does(scene: Scene) -> None:
    scene.market(taker_rate="0.1").told("""
        ann buys 200 YES at 99
        bob buys 100 NO at 1
    """)
    assert scene.order("bob", 1)["fee"] == "0.1"
    scene.told("""
        cat buys 100 NO at 1
        cat buys 100 YES at 99
        ann sells 100 YES at 99
    """)
    assert scene.order("ann", 2)["fee"] == "0.1"


@pytest.mark.parametrize("price", ["0.1", "12.5", "49.9", "50", "77.7", "99.9"])
@pytest.mark.parametrize(("maker", "taker"), [("0.01", "0.02"), ("0.003", "0.003"), ("0.5", "0.07")])
def test_both_sides_of_a_pair_pay_alike(scene: Scene, price: str, maker: str, taker: str) -> None:
    """Whoever comes second pays the taker's fee, of the same amount for YES as for NO."""
    other = Decimal(100) - Decimal(price)
    scene.market(maker_rate=maker, taker_rate=taker).told(f"""
        ann buys 7 YES at {price}
        bob buys 7 NO at {other}
        bob buys 7 NO at {other}
        ann buys 7 YES at {price}
    """)
    fees = [[scene.order(person, number)["fee"] for number in (1, 2)] for person in ("ann", "bob")]
    assert fees[0] == fees[1][::-1]
    assert (fees[0][0] == fees[1][0]) is (maker == taker)


def test_a_sellers_fee_comes_out_of_what_is_received(scene: Scene) -> None:
    scene.market(maker_rate="0.02", taker_rate="0.1").told("""
        ann buys 10 YES at 50
        bob buys 10 NO at 50
        ann sells 10 YES at 80
        cat buys 10 YES at 80
    """)
    scene.shows("""
        person | USD    | YES | NO | fees | realized
        ann    | 1002.86 |    |    | 0.14 | 3
        bob    | 994.5  |     | 10 | 0.5  |
        cat    | 991.8  | 10  |    | 0.2  |
        fees   | 0.84   |     |    |      |
        pool   | 10     |     |    |      |
    """)


def test_an_order_to_buy_holds_the_fee_too(scene: Scene) -> None:
    """At the higher of the two rates, as it may be maker or taker; what was too much is free with the fill."""
    scene.market(maker_rate="0.02", taker_rate="0.1").told("ann buys 10 YES at 80")
    scene.shows("""
        person | USD       | fees
        ann    | 991.8 + 8.2 |
    """)
    scene.told("bob buys 4 NO at 20")
    scene.shows("""
        person | USD          | fees
        ann    | 991.864 + 4.92 | 0.016
        bob    | 999.12       | 0.08
        fees   | 0.096        |
    """)


@pytest.mark.parametrize(("rate", "price"), [("0.99999999", "80"), ("0.99999999", "50.1"), ("0.5", "99.9")])
def test_a_better_price_is_never_dearer_with_its_higher_fee(scene: Scene, rate: str, price: str) -> None:
    """Nearer to 50 the fee is higher, but never by as much as the share is cheaper."""
    scene.market(taker_rate=rate).told("""
        bob buys 10 NO at 50
        bob buys 10 NO at 50
        bob buys 10 NO at 21.7
    """)
    before = Decimal(scene.exchange.balances("ann")["USD"][0])
    scene.told(f"ann buys 40 YES at {price}")
    available, held = map(Decimal, scene.exchange.balances("ann")["USD"])
    order = scene.order("ann", 1)
    assert before == available + held + Decimal(order["value"]) + Decimal(order["fee"])


# Rounding


def test_a_fee_is_rounded_up_on_all_that_an_order_has_traded(scene: Scene) -> None:
    """Each share's fee is 0.3 of a hundredth of a cent: ten shares pay three of them, however they come."""
    scene.market(tick="0.01", maker_rate="0", taker_rate="0.01").told("bob buys 100 NO at 99.7")
    fees: list[str] = []
    for _ in range(3):
        scene.told("ann buys 1 YES at 0.3")
        fees.append(scene.order("ann", len(fees) + 1)["fee"])
    assert fees == ["0.0001", "0.0001", "0.0001"]  # orders of one share: each rounds up alone
    assert scene.does("ann buys 10 YES at 0.3") == "filled, 10 for 0.03, fee 0.0003"


def test_slices_of_one_order_never_cost_more_than_one_fill(scene: Scene) -> None:
    scene.market(tick="0.01", maker_rate="0.01", taker_rate="0").told("ann buys 10 YES at 0.3")
    charged = []
    for _ in range(10):
        scene.told("bob buys 1 NO at 99.7")
        charged.append(scene.order("ann", 1)["fee"])
    expected = ["0.0001", "0.0001", "0.0001", "0.0002", "0.0002", "0.0002", "0.0003", "0.0003", "0.0003", "0.0003"]
    assert charged == expected
    scene.shows("""
        person | USD      | YES | NO | fees
        ann    | 999.9697 | 10  |    | 0.0003
        bob    | 990.03   |     | 10 |
        fees   | 0.0003   |     |    |
    """)


@pytest.mark.parametrize("outcome", ["YES", "NO"])
def test_a_sellers_fee_never_passes_what_is_received(scene: Scene, outcome: str) -> None:
    """One share at a hundredth of a cent, with a fee of half: it brings nothing, and costs nothing."""
    scene.market(tick="0.01", taker_rate="0.5").told("""
        ann buys 5 YES at 50
        bob buys 5 NO at 50
        cat buys 5 YES at 50
        ann buys 5 NO at 50
    """)
    before = scene.exchange.balances("ann")["USD"]
    scene.told(f"cat buys 3 {outcome} at 0.01")
    for number in range(3):
        assert scene.does(f"ann sells 1 {outcome} at 0.01") == "filled, 1 for 0.0001, fee 0.0001", number
    assert scene.exchange.balances("ann")["USD"] == before
