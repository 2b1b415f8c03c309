"""What is written of trades besides money: positions with their cost, what accounts are told, the maker's audit."""

import pytest

from engine.ledger.chart import MAKER
from engine.ledger.page import FillMessage
from engine.ledger.records import OrderRecord
from engine.matching.order import Side
from engine.matching.terms import Outcome
from tests.engine.drawings import cells
from tests.engine.prediction.harness import Harness
from tests.engine.prediction.scenes import RAIN, Scene

PEOPLE = """
    person | USD
    ann    | 100
    bob    | 100
    cat    | 100
"""


# What shares have cost


def test_the_cost_of_shares_is_their_average(scene: Scene) -> None:
    """Ann's five have cost 2.9 together: of that, 1.74 go with three of them."""
    scene.owning(PEOPLE).market().told("""
        bob buys 2 NO at 30
        ann buys 2 YES at 70
        bob buys 3 NO at 50
        ann buys 3 YES at 70
    """)
    scene.shows("""
        person | YES | yesCost | realized
        ann    | 5   | 2.9     |
    """)
    scene.told("""
        cat buys 3 YES at 80
        ann sells 3 YES at 80
    """)
    scene.shows("""
        person | YES | NO | yesCost | noCost | realized
        ann    | 2   |    | 1.16    |        | 0.66
        cat    | 3   |    | 2.4     |        |
        bob    |     | 5  |         | 2.1    |
    """)


def test_what_does_not_divide_stays_with_the_shares_that_are_left(scene: Scene) -> None:
    """Three shares for 1.0001: one takes 0.3333 with it, the next 0.3334, the last the rest."""
    scene.owning(PEOPLE).market(tick="0.01").told("""
        bob buys 2 NO at 66.67
        bob buys 1 NO at 66.65
        ann buys 2 YES at 33.33
        ann buys 1 YES at 33.35
    """)
    costs = []
    for _ in range(3):
        scene.told("cat buys 1 YES at 33.33")
        scene.told("ann sells 1 YES at 33.33")
        holding = scene.exchange.holding(RAIN, "ann")
        costs.append((holding["yesCost"], holding["realized"]))
    assert costs == [("0.6668", "0"), ("0.3334", "-0.0001"), ("0", "-0.0002")]


def test_fees_are_no_part_of_the_cost(scene: Scene) -> None:
    scene.owning(PEOPLE).market(taker_rate="0.1").told("""
        bob buys 10 NO at 50
        ann buys 10 YES at 50
        cat buys 10 YES at 50
        ann sells 10 YES at 50
    """)
    scene.shows("""
        person | USD | YES | yesCost | realized | fees
        ann    | 99  |     |         |          | 1
    """)


# What accounts are told


def test_both_sides_are_told_of_a_trade_in_their_own_terms() -> None:
    """The trade itself is in prices of YES."""
    exchange = Harness()
    scene = Scene(exchange).owning(PEOPLE).market(maker_rate="0.1", taker_rate="0.2").told("ann buys 5 YES at 60")
    exchange.messages.clear()
    scene.told("bob buys 5 NO at 45")
    fills = {
        message.account_id: message.content for message in exchange.messages if isinstance(message.content, FillMessage)
    }
    ann, bob = (fills[exchange.account_id(person)] for person in ("ann", "bob"))
    assert (ann.side, ann.outcome, ann.is_maker, ann.fee) == (Side.BUY, Outcome.YES, True, 5 * 400)
    assert (bob.side, bob.outcome, bob.is_maker, bob.fee) == (Side.BUY, Outcome.NO, False, 5 * 800)
    assert ann.trade == bob.trade
    assert (ann.trade.price_ticks, ann.trade.buyer_id, ann.trade.seller_id) == (600, ann_id(exchange), bob_id(exchange))
    orders = [message.content for message in exchange.messages if isinstance(message.content, OrderRecord)]
    assert [(order.account_id, order.outcome, order.state.value) for order in orders] == [
        (bob_id(exchange), Outcome.NO, "new"),
        (ann_id(exchange), Outcome.YES, "filled"),
        (bob_id(exchange), Outcome.NO, "filled"),
    ]


def ann_id(exchange: Harness) -> int:
    return exchange.account_id("ann")


def bob_id(exchange: Harness) -> int:
    return exchange.account_id("bob")


# The market maker


def audit_of(exchange: Harness) -> list[list[str]]:
    return [
        [
            row.event_type,
            row.status.value,
            row.side.value,
            row.outcome.value,
            exchange.markets[RAIN].question.price_text(row.price_ticks),
            str(row.quantity_lots),
        ]
        for row in exchange.tables.maker_audit.values()
    ]


def test_the_makers_orders_are_audited_and_nobody_elses() -> None:
    exchange = Harness()
    scene = Scene(exchange).owning(PEOPLE + "    maker  | 100\n").market()
    scene.told("""
        maker buys 10 YES at 49
        maker buys 10 NO at 48
        ann buys 4 YES at 60
        bob buys 10 NO at 60
        maker cancels 2
        ann buys 1 NO at 10
    """)
    header, *rows = cells("""
        event  | status           | side | outcome | price | quantity
        PLACE  | new              | buy  | YES     | 49    | 10
        PLACE  | new              | buy  | NO      | 48    | 10
        FILL   | partially_filled | buy  | NO      | 48    | 4
        FILL   | filled           | buy  | YES     | 49    | 10
        CANCEL | cancelled        | buy  | NO      | 48    | 6
    """)
    assert len(header) == 6
    assert audit_of(exchange) == rows
    sequences = [row.sequence for row in exchange.tables.maker_audit.values()]
    assert sequences == sorted(sequences)
    assert {row.market_id for row in exchange.tables.maker_audit.values()} == {exchange.markets[RAIN].market_id}


def test_the_end_of_trading_cancels_the_makers_orders_too() -> None:
    exchange = Harness()
    scene = Scene(exchange).owning("person | USD \n maker | 100").market().told("maker buys 10 YES at 49")
    scene.told("root closes")
    assert [row[0] for row in audit_of(exchange)] == ["PLACE", "CANCEL"]


def test_the_maker_is_paid_like_anybody_else() -> None:
    exchange = Harness()
    scene = (
        Scene(exchange)
        .owning(PEOPLE + "    maker  | 100\n")
        .market(taker_rate="0.1")
        .told("""
        maker buys 10 YES at 49
        bob buys 10 NO at 51
        root closes
        root voids
    """)
    )
    scene.shows("""
        person | USD        | YES | NO | payout | refund
        maker  | 95.1 + 5   | 10  |    | 5      |
        bob    | 94.41 + 5.49 |   | 10 | 5      | 0.49
    """)
    assert exchange.books.balance(MAKER, "USD") == (1_001_000, 50_000)


@pytest.mark.parametrize("account", ["ann", "maker"])
def test_system_accounts_have_no_private_stream(account: str) -> None:
    exchange = Harness()
    Scene(exchange).owning(f"person | USD \n {account} | 100").market().told(f"{account} buys 1 YES at 50")
    told = [message for message in exchange.messages if message.account_id == exchange.account_id(account)]
    assert bool(told) is (account == "ann")
