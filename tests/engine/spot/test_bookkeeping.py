"""What orders hold, pay, receive and cost: one suite for the engine and the naive exchange."""

import pytest

from engine.ledger.page import FillMessage
from engine.matching.order import Side
from tests.engine.spot.harness import Harness
from tests.engine.spot.scenes import Scene

RICH = """
    person | USD   | BTC
    ann    | 1000  | 10
    bob    | 1000  | 10
    cat    | 1000  | 10
"""


@pytest.fixture
def scene(scene: Scene) -> Scene:
    return scene.owning(RICH)


# Holds


def test_a_buy_holds_price_times_quantity_and_a_sell_its_quantity(scene: Scene) -> None:
    scene.market()
    assert scene.does("ann buys 5 at 99") == "new"
    assert scene.does("bob sells 4 at 101") == "new"
    scene.shows_balances("""
        person | USD       | BTC
        ann    | 505 + 495 | 10
        bob    | 1000      | 6 + 4
    """)


def test_a_cancel_releases_the_hold(scene: Scene) -> None:
    scene.market()
    scene.does("ann buys 5 at 99")
    scene.does("ann buys 1 at 98")
    assert scene.does("ann cancels 1") == "cancelled"
    scene.shows_balances("""
        person | USD      | BTC
        ann    | 902 + 98 | 10
    """)


def test_everything_available_can_be_held_and_not_a_unit_more(scene: Scene) -> None:
    scene.market(tick="0.0001")
    assert scene.does("ann buys 10 at 100.0001") == "INSUFFICIENT_FUNDS"
    assert scene.does("ann buys 10 at 100") == "new"
    assert scene.does("ann buys 1 at 0.0001") == "INSUFFICIENT_FUNDS"
    assert scene.does("bob sells 11 at 101") == "INSUFFICIENT_FUNDS"
    assert scene.does("bob sells 10 at 101") == "new"
    assert scene.does("bob sells 1 at 101") == "INSUFFICIENT_FUNDS"


def test_price_improvement_is_released_with_each_fill(scene: Scene) -> None:
    """Two at 90 cost 180 of the 200 that were held for them; for the other three, 300 stay held."""
    scene.market().book("""
        bids | price | asks
             |    90 | bob 2
    """)
    assert scene.does("ann buys 5 at 100") == "partially_filled, 2 for 180"
    scene.shows_balances("""
        person | USD       | BTC
        ann    | 520 + 300 | 12
        bob    | 1180      | 8
    """)


def test_a_resting_order_lets_go_of_its_own_price(scene: Scene) -> None:
    """Makers trade at their price: nothing is improved."""
    scene.market().book("""
        bids  | price | asks
        ann 5 |   100 |
    """)
    assert scene.does("bob sells 2 at 90") == "filled, 2 for 200"
    scene.shows_balances("""
        person | USD       | BTC
        ann    | 500 + 300 | 12
        bob    | 1200      | 8
    """)


def test_a_closed_order_holds_nothing_whatever_it_was(scene: Scene) -> None:
    scene.market().book("""
        bids  | price | asks
              |   101 | bob 3
        cat 3 |    99 |
    """)
    for sentence in (
        "ann buys 5 at 101 IOC",
        "ann sells 5 at 99 IOC",
        "ann buys 5 at market",
        "ann sells 5 at market",
        "ann buys for 500",
        "ann sells for 500",
    ):
        assert scene.does(sentence).startswith("cancelled")
    scene.shows_balances("""
        person | USD  | BTC
        ann    | 994  | 10
        bob    | 1303 | 7
        cat    | 703  | 13
    """)


def test_proceeds_can_be_spent_at_once(scene: Scene) -> None:
    scene.market().book("""
        bids  | price | asks
        ann 5 |   100 |
    """)
    scene.does("bob sells 5 at 100")
    assert scene.does("bob buys 15 at 100") == "new"
    scene.shows_balances("""
        person | USD      | BTC
        bob    | 0 + 1500 | 5
    """)


# Fees


def test_fees_come_out_of_what_a_side_receives_and_go_to_the_fees_account(scene: Scene) -> None:
    """The taker, who buys, pays 2 % of 3 BTC; the maker, who sells, pays 1 % of 300 USD."""
    scene.market(maker_rate="0.01", taker_rate="0.02").book("""
        bids | price | asks
             |   100 | bob 4
    """)
    assert scene.does("ann buys 3 at 100") == "filled, 3 for 300, fee 0.06 BTC"
    assert scene.order("bob", 1)["fee"] == "3"
    scene.shows_balances("""
        person | USD  | BTC
        ann    | 700  | 12.94
        bob    | 1297 | 6 + 1
        fees   | 3    | 0.06
    """)
    scene.shows_trades("""
        tradeId | price | quantity | takerSide | buyFee | sellFee
        1       | 100   | 3        | buy       | 0.06   | 3
    """)


def test_a_fee_is_rounded_up(scene: Scene) -> None:
    """0.001 % of 1 USD is a tenth of the smallest unit."""
    scene.market(maker_rate="0", taker_rate="0.00001").book("""
        bids  | price | asks
        ann 5 |     1 |
    """)
    assert scene.does("bob sells 1 at 1") == "filled, 1 for 1, fee 0.0001 USD"


def test_slices_never_cost_more_than_one_fill(scene: Scene) -> None:
    """0.00025 a slice: 0.0003 in all after one, 0.0005 after two, 0.0008 after three, as for 3 at once."""
    scene.market(maker_rate="0.00025", taker_rate="0.00025")
    scene.does("bob sells 3 at 1")
    for fee_so_far in ("0.0003", "0.0005", "0.0008"):
        scene.does("ann buys 1 at 1")
        assert scene.order("bob", 1)["fee"] == fee_so_far
    scene.shows_trades("""
        tradeId | sellFee
        1       | 0.0003
        2       | 0.0002
        3       | 0.0003
    """)
    scene.does("ann buys 3 at 1")
    assert scene.does("cat sells 3 at 1") == "filled, 3 for 3, fee 0.0008 USD"


def test_one_order_pays_as_taker_first_and_as_maker_later(scene: Scene) -> None:
    """2 % of 100 and 1 % of 200."""
    scene.market(maker_rate="0.01", taker_rate="0.02").book("""
        bids  | price | asks
        ann 1 |   100 |
    """)
    scene.does("bob sells 3 at 100")
    scene.does("cat buys 2 at 100")
    assert scene.order("bob", 1)["fee"] == "4"


def test_a_fee_never_passes_what_was_received(scene: Scene) -> None:
    """Nearly all of the smallest unit, rounded up, is the unit."""
    scene.market(tick="0.0001", maker_rate="0.99999999", taker_rate="0.99999999").book("""
        bids  | price  | asks
        ann 9 | 0.0001 |
    """)
    for number in range(1, 4):
        scene.does("bob sells 1 at 0.0001")
        assert scene.order("bob", number)["fee"] == "0.0001"
    scene.shows_balances("""
        person | USD               | BTC
        bob    | 1000              | 7
        fees   | 0.0003            | 2.99999997
        ann    | 999.9991 + 0.0006 | 10.00000003
    """)


# What is written down


def test_trades_are_logged_gross_and_fees_apart_under_the_trades_number(scene: Scene) -> None:
    scene.market(maker_rate="0.01", taker_rate="0.02").book("""
        bids | price | asks
             |   101 | bob 4
             |   100 | bob 1
    """)
    scene.does("ann buys 3 at 102")
    scene.shows_logs(
        "ann",
        """
        asset | changeType | amount | before | after | transId
        USD   | trade      | -100   | 1000   | 900   | 1
        BTC   | trade      | 1      | 10     | 11    | 1
        BTC   | fee        | -0.02  | 11     | 10.98 | 1
        USD   | trade      | -202   | 900    | 698   | 2
        BTC   | trade      | 2      | 10.98  | 12.98 | 2
        BTC   | fee        | -0.04  | 12.98  | 12.94 | 2
        """,
    )
    scene.shows_logs(
        "bob",
        """
        asset | changeType | amount | before  | after   | transId
        BTC   | trade      | -1     | 10      | 9       | 1
        USD   | trade      | 100    | 1000    | 1100    | 1
        USD   | fee        | -1     | 1100    | 1099    | 1
        BTC   | trade      | -2     | 9       | 7       | 2
        USD   | trade      | 202    | 1099    | 1301    | 2
        USD   | fee        | -2.02  | 1301    | 1298.98 | 2
        """,
    )


def test_placing_and_cancelling_are_not_logged(scene: Scene) -> None:
    scene.market()
    scene.does("ann buys 3 at 102")
    scene.does("ann cancels 1")
    scene.shows_logs("ann", "asset | amount")


def test_amounts_pass_64_bits(scene: Scene) -> None:
    """10**18 BTC are 10**28 of their smallest units."""
    scene.owning("""
        person | USD                            | BTC
        ann    | 1000000000000000000000000000   |
        bob    |                                | 1000000000000000000
    """)
    scene.market(tick="1000000", lot="1000000000", maker_rate="0.001").book("""
        bids | price      | asks
             | 1000000000 | bob 1000000000000000000
    """)
    sentence = "ann buys 900000000000000000 at 1000000000"
    assert scene.does(sentence) == "filled, 900000000000000000 for 900000000000000000000000000"
    scene.shows_balances("""
        person | USD                           | BTC
        ann    | 100000000000000000000001000   | 900000000000000010
        bob    | 899100000000000000000001000   | 10 + 100000000000000000
        fees   | 900000000000000000000000      | 0
    """)


# What only the engine has: freezes and private messages


def test_a_freeze_says_what_is_still_held_for_its_order() -> None:
    exchange = Harness()
    scene = Scene(exchange).owning(RICH).market()
    scene.does("ann buys 5 at 100")
    scene.does("bob sells 2 at 100")
    scene.does("bob sells 1 at 101")
    freezes = exchange.tables.freezes
    assert [(row.account_id, row.asset, row.amount, row.status) for row in freezes.values()] == [
        (1, "USD", 300 * 10**4, "active"),
        (2, "BTC", 0, "released"),
        (2, "BTC", 10**10, "active"),
    ]
    scene.does("ann cancels 1")
    assert (freezes[1].amount, freezes[1].status) == (0, "released")
    assert [(row.freeze_id, row.trans_id) for row in freezes.values()] == [(1, "1"), (2, "2"), (3, "3")]
    assert freezes[1].created_ms < freezes[1].updated_ms


def test_each_side_is_told_its_order_its_fills_and_its_balances_in_this_order() -> None:
    exchange = Harness()
    scene = Scene(exchange).owning(RICH).market(maker_rate="0.01", taker_rate="0.02")
    scene.does("bob sells 4 at 100")
    told_before = len(exchange.messages)
    scene.does("ann buys 3 at 100 IOC")
    told = [(message.account_id, message.content) for message in exchange.messages[told_before:]]
    kinds = [(account_id, type(content).__name__) for account_id, content in told]
    assert kinds == [
        (1, "OrderRecord"),  # placed
        (1, "FillMessage"),
        (1, "OrderRecord"),
        (2, "FillMessage"),
        (2, "OrderRecord"),
        (1, "BalanceRecord"),
        (1, "BalanceRecord"),
        (2, "BalanceRecord"),
        (2, "BalanceRecord"),
    ]
    taken, made = (content for _, content in told if isinstance(content, FillMessage))
    trade = exchange.tables.trades[1]
    assert taken == FillMessage(2, Side.BUY, is_maker=False, fee=6 * 10**8, trade=trade)
    assert made == FillMessage(1, Side.SELL, is_maker=True, fee=3 * 10**4, trade=trade)
    assert told[2][1] == exchange.tables.orders[2]
    assert told[4][1] == exchange.tables.orders[1]
