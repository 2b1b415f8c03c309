"""How long orders live, whom they meet, and what is refused: one suite for the engine and the naive twin."""

from typing import Any

import pytest

from engine.prediction.commands import GetHolder
from tests.engine.prediction.harness import Harness
from tests.engine.prediction.scenes import RAIN, Scene

PEOPLE = """
    person | USD
    ann    | 1000
    bob    | 1000
    cat    | 1000
    dan    | 1000
"""

# Ann and Bob have ten of each; the same book of YES, made of all four kinds of orders.
START = """
    ann buys 10 YES at 50
    bob buys 10 NO at 50
    bob buys 10 YES at 50
    ann buys 10 NO at 50
"""
BOOK = """
    bids                 | price | asks
                         | 64    | cat NO 7
                         | 60    | ann YES 2, cat NO 4
    bob NO 5             | 55    |
    cat YES 1, bob NO 2  | 52    |
"""


@pytest.fixture
def scene(scene: Scene) -> Scene:
    return scene.owning(PEOPLE).market().told(START).book(BOOK)


# Limit orders and how long they live


def test_what_does_not_trade_rests_behind_those_who_came_first(scene: Scene) -> None:
    assert scene.does("dan buys 3 NO at 40") == "new"
    assert scene.does("dan buys 3 YES at 55") == "new"
    scene.shows_book("""
        bids                | price | asks
                            | 64    | cat NO 7
                            | 60    | ann YES 2, cat NO 4, dan NO 3
        bob NO 5, dan YES 3 | 55    |
        cat YES 1, bob NO 2 | 52    |
    """)


def test_a_crossing_order_trades_at_the_makers_prices_and_rests_with_what_is_left(scene: Scene) -> None:
    assert scene.does("dan buys 8 YES at 62") == "partially_filled, 6 for 3.6"
    scene.shows_book("""
        bids                | price | asks
                            | 64    | cat NO 7
        dan YES 2           | 62    |
        bob NO 5            | 55    |
        cat YES 1, bob NO 2 | 52    |
    """)


def test_ioc_cancels_what_does_not_trade_at_once(scene: Scene) -> None:
    assert scene.does("dan buys 8 YES at 62 IOC") == "cancelled, 6 for 3.6"
    assert scene.does("dan buys 8 NO at 47 IOC") == "cancelled, 5 for 2.25"
    assert scene.does("dan buys 1 NO at 40 IOC") == "cancelled"


def test_fok_fills_completely_or_is_refused_without_a_trace(scene: Scene) -> None:
    for sentence in ("dan buys 7 YES at 62 FOK", "dan buys 6 NO at 47 FOK", "ann sells 6 YES at 54 FOK"):
        assert scene.does(sentence) == "CANNOT_FILL"
    scene.shows_book(BOOK)
    assert scene.does("dan buys 6 YES at 62 FOK") == "filled, 6 for 3.6"
    assert scene.does("dan buys 8 NO at 48 FOK") == "filled, 8 for 3.69"


def test_post_only_rests_or_is_refused_without_a_trace(scene: Scene) -> None:
    for sentence in ("dan buys 1 YES at 60", "dan buys 1 NO at 45", "ann sells 1 YES at 55", "ann sells 1 NO at 40"):
        assert scene.does(f"{sentence} postOnly") == "WOULD_CROSS"
    scene.shows_book(BOOK)
    assert scene.does("dan buys 1 YES at 59.9 postOnly") == "new"
    assert scene.does("dan buys 1 NO at 40 postOnly") == "new"


@pytest.mark.parametrize(
    "sentence",
    [
        "dan buys 1 YES at market GTC",
        "dan buys 1 YES at market postOnly",
        "dan buys 1 YES at 50 IOC postOnly",
        "dan buys 1 YES at 50 FOK postOnly",
        "dan buys 0 YES at 50",
        "dan buys 1000000001 YES at 0.1",
    ],
)
def test_what_can_not_be_asked_for(scene: Scene, sentence: str) -> None:
    assert scene.does(sentence) == "MALFORMED"


def test_a_price_goes_with_a_limit_order_alone(scene: Scene, exchange: Any) -> None:
    assert exchange.place("dan", RAIN, "buy", "YES", "limit", quantity=1) == {"code": "MALFORMED"}
    assert exchange.place("dan", RAIN, "buy", "YES", "market_by_qty", quantity=1, price="50") == {"code": "MALFORMED"}


def test_the_checks_before_the_book_come_first(scene: Scene) -> None:
    """A wrong tick is told before too little money, and that before the market's own state."""
    scene.told("ann halts")
    assert scene.does("dan buys 1000000 YES at 50.05") == "OFF_TICK"
    assert scene.does("dan buys 1000000 YES at 50") == "INSUFFICIENT_FUNDS"
    assert scene.does("dan sells 1 YES at 50") == "MARKET_HALTED"
    scene.told("ann closes")
    assert scene.does("dan sells 1 YES at 50") == "MARKET_CLOSED"


# Cancels


def test_cancelling_twice_is_once_and_what_is_filled_stays_so(scene: Scene) -> None:
    assert scene.does("ann cancels 3") == "cancelled"
    assert scene.does("ann cancels 3") == "cancelled"
    assert scene.does("ann cancels 1") == "ALREADY_FILLED"


def test_what_a_cancelled_order_bound_is_free_again(scene: Scene) -> None:
    assert scene.does("ann sells 9 YES at 99") == "INSUFFICIENT_SHARES"
    scene.told("ann cancels 3")
    assert scene.does("ann sells 10 YES at 99") == "new"
    scene.told("cat cancels 1")
    scene.told("cat cancels 2")
    scene.told("cat cancels 3")
    scene.shows("""
        person | USD  | YES | NO
        ann    | 990  | 10  | 10
        cat    | 1000 |     |
        pool   | 20   |     |
    """)


def test_nobody_cancels_anothers_order(scene: Scene, exchange: Any) -> None:
    assert exchange.cancel("dan", scene.orders["cat"][0]) == {"code": "NOT_FOUND"}
    assert exchange.cancel("dan", 99) == {"code": "NOT_FOUND"}


# Halts


def test_a_halted_market_takes_cancels_only(scene: Scene) -> None:
    scene.told("root halts")
    for sentence in ("dan buys 1 YES at 20", "dan buys 1 NO at market", "ann sells 1 YES at 54 FOK"):
        assert scene.does(sentence) == "MARKET_HALTED"
    scene.shows_book(BOOK)
    assert scene.does("cat cancels 1") == "cancelled"
    scene.told("root halts")
    scene.told("root resumes")
    scene.told("root resumes")
    assert scene.does("dan buys 1 YES at market") == "filled, 1 for 0.6"


# Who sells what


@pytest.mark.parametrize("sentence", ["dan sells 1 YES at 70", "dan sells 1 NO at 70", "dan sells 1 YES at market"])
def test_nobody_sells_what_is_not_there(scene: Scene, sentence: str) -> None:
    assert scene.does(sentence) == "INSUFFICIENT_SHARES"


def test_what_is_offered_is_not_sold_twice(scene: Scene) -> None:
    """Ann offers 2 of 10 YES; her NO are another thing."""
    assert scene.does("ann sells 9 YES at 54") == "INSUFFICIENT_SHARES"
    assert scene.does("ann sells 8 YES at 70") == "new"
    assert scene.does("ann sells 1 YES at 52") == "INSUFFICIENT_SHARES"
    assert scene.does("ann sells 10 NO at 70") == "new"


def test_what_was_sold_is_not_offered_any_more(scene: Scene) -> None:
    scene.told("dan buys 1 YES at 60")  # one of Ann's two
    assert scene.does("ann sells 9 YES at 70") == "INSUFFICIENT_SHARES"
    assert scene.does("ann sells 8 YES at 70") == "new"
    scene.told("cat buys 1 YES at 60")
    assert scene.does("ann sells 1 YES at 70") == "INSUFFICIENT_SHARES"


def test_what_was_bought_can_be_sold_at_once(scene: Scene) -> None:
    scene.told("dan buys 2 YES at 60")
    assert scene.does("dan sells 3 YES at 55") == "INSUFFICIENT_SHARES"
    assert scene.does("dan sells 2 YES at 55") == "filled, 2 for 1.1"


@pytest.mark.parametrize(
    ("sentence", "said"),
    [
        ("dan sells 3 YES at 62.5", "you have 0 shares of YES; to bet against YES, buy NO at 37.5"),
        ("dan sells 3 NO at 1", "you have 0 shares of NO; to bet against NO, buy YES at 99"),
        ("dan sells 3 YES at market", "you have 0 shares of YES; to bet against YES, buy NO"),
        (
            "ann sells 9 YES at 50",
            "you have 10 shares of YES, 2 of them offered already; to bet against YES, buy NO at 50",
        ),
    ],
)
def test_who_has_no_shares_is_told_what_to_do_instead(sentence: str, said: str) -> None:
    exchange = Harness()
    Scene(exchange).owning(PEOPLE).market().told(START).book(BOOK).does(sentence)
    assert exchange.refused is not None
    assert exchange.refused.message == said


def test_who_only_asked_is_not_remembered() -> None:
    """Refusals and questions of any number of accounts leave nothing behind in the market."""
    exchange = Harness()
    scene = Scene(exchange).owning(PEOPLE).market().told(START)
    market = exchange.markets[RAIN]
    holders = [account_id for account_id, _ in market.holdings]
    assert scene.does("dan sells 3 YES at 1") == "INSUFFICIENT_SHARES"
    assert market.holder(GetHolder(99)).yes == 0
    assert not market.holdings.has_shares(100)
    assert [account_id for account_id, _ in market.holdings] == holders


# Both sides of one account


def test_buying_yes_does_not_meet_ones_own_order_to_buy_no(scene: Scene) -> None:
    """Cat's 4 NO at 40 stand second in line at 60: she takes Ann's two, and gives way."""
    assert scene.does("cat buys 5 YES at 60") == "cancelled, 2 for 1.2"
    scene.shows_book("""
        bids                | price | asks
                            | 64    | cat NO 7
                            | 60    | cat NO 4
        bob NO 5            | 55    |
        cat YES 1, bob NO 2 | 52    |
    """)


def test_the_older_order_can_give_way_instead(scene: Scene) -> None:
    scene.told("dan buys 3 NO at 40")
    assert scene.does("cat buys 5 YES at 64 cancel_oldest") == "filled, 5 for 3"
    scene.shows_book("""
        bids                | price | asks
                            | 64    | cat NO 7
        bob NO 5            | 55    |
        cat YES 1, bob NO 2 | 52    |
    """)


def test_or_both(scene: Scene) -> None:
    assert scene.does("cat buys 5 YES at 64 cancel_both") == "cancelled, 2 for 1.2"
    scene.shows_book("""
        bids                | price | asks
                            | 64    | cat NO 7
        bob NO 5            | 55    |
        cat YES 1, bob NO 2 | 52    |
    """)


@pytest.mark.parametrize(
    ("sentence", "told"),
    [
        ("ann sells 1 NO at 40", "cancelled"),  # would merge with her own offer of YES at 60
        ("ann buys 1 YES at 60", "cancelled"),  # would buy her own
        ("bob sells 1 YES at 55", "cancelled"),  # would merge with his own offer of NO at 45
        ("bob buys 1 NO at 45", "cancelled"),
    ],
)
def test_every_kind_of_trade_with_oneself_is_prevented(scene: Scene, sentence: str, told: str) -> None:
    assert scene.does(sentence) == told
    scene.shows_book(BOOK)


@pytest.mark.parametrize("prevention", ["cancel_newest", "cancel_oldest", "cancel_both"])
def test_ones_own_orders_are_no_liquidity_for_fok(scene: Scene, prevention: str) -> None:
    assert scene.does(f"cat buys 3 YES at 64 FOK {prevention}") == "CANNOT_FILL"
    scene.shows_book(BOOK)
    assert scene.does(f"cat buys 2 YES at 64 FOK {prevention}") == "filled, 2 for 1.2"


def test_ones_own_shares_are_free_when_their_order_gives_way(scene: Scene) -> None:
    """Only after it: while it stood, they were offered, and the new order could not have them."""
    assert scene.does("ann buys 3 YES at 60 cancel_oldest") == "filled, 3 for 1.8"
    assert scene.does("ann sells 13 YES at 99") == "new"


# The limit of fills


def test_what_is_left_after_the_last_fill_allowed_is_cancelled(exchange: Any) -> None:
    exchange.fills_max = 2
    scene = Scene(exchange).owning(PEOPLE).market().told(START).book(BOOK)
    assert scene.does("dan buys 9 YES at 64") == "cancelled, 6 for 3.6"
    assert scene.does("dan buys 7 YES at 64 FOK") == "filled, 7 for 4.48"
    assert scene.does("dan buys 8 NO at 48 FOK") == "CANNOT_FILL"  # three makers


# What one account sees


def test_the_market_as_one_account_sees_it_is_without_its_own_orders() -> None:
    """In prices of YES; its own orders are listed, the oldest first."""
    exchange = Harness()
    Scene(exchange).owning(PEOPLE).market().told(START).book(BOOK)
    market = exchange.markets[RAIN]
    view = market.holder(GetHolder(exchange.account_id("bob")))
    assert (view.best_bid_ticks, view.best_ask_ticks, view.last_price_ticks) == (520, 600, 500)
    assert (view.yes, view.no) == (10, 10)
    assert [(order.outcome.value, order.quantity_lots) for order in view.open_orders if order.outcome] == [
        ("NO", 5),
        ("NO", 2),
    ]
    cat = market.holder(GetHolder(exchange.account_id("cat")))
    assert (cat.best_bid_ticks, cat.best_ask_ticks, len(cat.open_orders)) == (550, 600, 3)
    stranger = market.holder(GetHolder(99))
    assert (stranger.best_bid_ticks, stranger.yes, stranger.open_orders) == (550, 0, ())
