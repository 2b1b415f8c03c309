"""What rests, where, and in which order: one suite for the book and its naive twin."""

import random

import pytest

from engine.matching.order import Side
from tests.engine.matching.tables import Desk, Implementation, NamedOrder, drawn

LADDER = """
    bids        | price | asks
                |   103 | eve 7
                |   101 | cat 2, dan 4
    ann 5       |    99 |
    bob 3, ann2 1 |  98 |
"""


def test_an_empty_book_has_no_prices(desk: Desk) -> None:
    for side in Side:
        assert desk.book.best(side) is None
        assert desk.book.depth(side, 10) == []
        assert list(desk.book.queue(side)) == []
        assert desk.book.lots_at(side, 100) == 0
        assert not desk.book.would_cross(side, 100)
    desk.book.audit()


def test_the_best_bid_is_the_highest_and_the_best_ask_the_lowest(desk: Desk) -> None:
    desk.given(LADDER)
    assert desk.book.best(Side.BUY) == 99
    assert desk.book.best(Side.SELL) == 101


def test_a_side_queues_by_price_and_then_by_priority(desk: Desk) -> None:
    desk.given(LADDER)
    assert [order.name for order in desk.book.queue(Side.BUY)] == ["ann", "bob", "ann2"]
    assert [order.name for order in desk.book.queue(Side.SELL)] == ["cat", "dan", "eve"]


def test_depth_adds_up_the_lots_of_each_price_best_first(desk: Desk) -> None:
    desk.given(LADDER)
    assert desk.book.depth(Side.BUY, 10) == [(99, 5), (98, 4)]
    assert desk.book.depth(Side.SELL, 10) == [(101, 6), (103, 7)]


@pytest.mark.parametrize("levels", [0, 1, 2, 3])
def test_depth_has_at_most_so_many_levels(desk: Desk, levels: int) -> None:
    desk.given(LADDER)
    assert desk.book.depth(Side.SELL, levels) == [(101, 6), (103, 7)][:levels]


def test_depth_can_leave_out_the_orders_of_one_account(desk: Desk) -> None:
    desk.given(LADDER)
    ann, dan = desk.resting("ann").account_id, desk.resting("dan").account_id
    assert desk.book.depth_without(Side.BUY, 10, ann) == [(98, 3)]
    assert desk.book.depth_without(Side.SELL, 10, dan) == [(101, 2), (103, 7)]
    assert desk.book.depth_without(Side.BUY, 10, dan) == desk.book.depth(Side.BUY, 10)


def test_a_level_that_is_one_accounts_alone_does_not_count_as_one(desk: Desk) -> None:
    desk.given(LADDER)
    ann = desk.resting("ann").account_id
    assert desk.book.depth_without(Side.BUY, 1, ann) == [(98, 3)]
    assert desk.book.depth_without(Side.BUY, 0, ann) == []
    desk.book.remove(desk.resting("bob"))
    assert desk.book.depth_without(Side.BUY, 1, ann) == []


def test_lots_at_a_price_are_those_of_one_side(desk: Desk) -> None:
    desk.given(LADDER)
    assert desk.book.lots_at(Side.SELL, 101) == 6
    assert desk.book.lots_at(Side.BUY, 101) == 0
    assert desk.book.lots_at(Side.SELL, 102) == 0


@pytest.mark.parametrize(
    ("side", "price", "crosses"),
    [
        (Side.BUY, 100, False),
        (Side.BUY, 101, True),
        (Side.BUY, 104, True),
        (Side.SELL, 100, False),
        (Side.SELL, 99, True),
        (Side.SELL, 1, True),
    ],
)
def test_a_price_crosses_from_the_best_of_the_other_side_on(desk: Desk, side: Side, price: int, crosses: bool) -> None:
    desk.given(LADDER)
    assert desk.book.would_cross(side, price) is crosses


def test_an_order_found_by_its_id_is_the_very_object_that_was_put_in(desk: Desk) -> None:
    order = desk.order("ann buys 5 at 99")
    desk.book.rest(order)
    assert desk.book.orders[order.order_id] is order


@pytest.mark.parametrize(
    ("name", "rest_of_level"),
    [("ann", "bob 2, cat 3"), ("bob", "ann 1, cat 3"), ("cat", "ann 1, bob 2")],
)
def test_the_others_close_ranks_when_an_order_is_removed(desk: Desk, name: str, rest_of_level: str) -> None:
    desk.given("""
        bids                | price | asks
        ann 1, bob 2, cat 3 |    99 |
    """)
    order = desk.resting(name)
    desk.book.remove(order)
    assert order.order_id not in desk.book.orders
    desk.shows(f"""
        bids            | price | asks
        {rest_of_level} |    99 |
    """)


def test_a_removed_order_shows_what_was_cancelled(desk: Desk) -> None:
    desk.given(LADDER)
    order = desk.resting("dan")
    desk.book.remove(order)
    assert order.open_lots == 4


@pytest.mark.parametrize("name", ["ann", "bob", "cat"])
def test_a_price_goes_with_its_last_order(desk: Desk, name: str) -> None:
    desk.given("""
        bids  | price | asks
        ann 1 |    99 |
        bob 2 |    98 |
        cat 3 |    97 |
    """)
    price = desk.resting(name).price_ticks
    desk.book.remove(desk.resting(name))
    desk.book.audit()
    assert desk.book.lots_at(Side.BUY, price) == 0
    assert [level for level, _ in desk.book.depth(Side.BUY, 10)] == [p for p in (99, 98, 97) if p != price]


def test_a_removed_order_comes_back_last(desk: Desk) -> None:
    desk.given("""
        bids         | price | asks
        ann 1, bob 2 |    99 |
    """)
    order = desk.resting("ann")
    desk.book.remove(order)
    order.priority = next(desk.numbers)
    desk.book.rest(order)
    desk.shows("""
        bids         | price | asks
        bob 2, ann 1 |    99 |
    """)


def test_a_reduced_order_keeps_its_place(desk: Desk) -> None:
    desk.given("""
        bids         | price | asks
        ann 5, bob 2 |    99 |
    """)
    desk.book.reduce(desk.resting("ann"), 4)
    desk.shows("""
        bids         | price | asks
        ann 1, bob 2 |    99 |
    """)
    assert desk.book.depth(Side.BUY, 1) == [(99, 3)]


def test_an_order_reduced_to_nothing_leaves(desk: Desk) -> None:
    desk.given("""
        bids         | price | asks
        ann 5, bob 2 |    99 |
    """)
    order = desk.resting("ann")
    desk.book.reduce(order, 5)
    assert order.open_lots == 0
    desk.shows("""
        bids  | price | asks
        bob 2 |    99 |
    """)


def test_prices_may_come_in_any_order(desk: Desk) -> None:
    """Seeded: 60 orders at random prices, half of them removed again."""
    chance = random.Random(7)
    prices = [(Side.BUY, price) for price in range(50, 100)] + [(Side.SELL, price) for price in range(101, 150)]
    orders = [NamedOrder("ann", number, *chance.choice(prices), 1) for number in range(60)]
    for order in orders:
        desk.book.rest(order)
    for order in chance.sample(orders, 30):
        desk.book.remove(order)
        desk.book.audit()
    bids = [price for price, _ in desk.book.depth(Side.BUY, 100)]
    asks = [price for price, _ in desk.book.depth(Side.SELL, 100)]
    assert bids == sorted(bids, reverse=True)
    assert asks == sorted(asks)


def test_a_book_made_of_its_orders_by_priority_is_the_same_book(twin: Implementation) -> None:
    """Recovery: only the orders and their priorities are kept. A partly filled order has kept its place."""
    desk = Desk(twin).given(LADDER)
    desk.take("bob buys 3 at 101")
    desk.book.reduce(desk.resting("bob"), 1)
    before = drawn(desk.book)
    orders = [
        NamedOrder(order.name, order.order_id, order.side, order.price_ticks, order.open_lots)
        for order in sorted(desk.book.orders.values(), key=lambda order: order.priority)
    ]
    restored = twin.book(orders)
    restored.audit()
    assert drawn(restored) == before
    assert [restored.depth(side, 10) for side in Side] == [desk.book.depth(side, 10) for side in Side]


# What is a bug of the caller is an exception, never a broken book.


def test_an_order_without_lots_cannot_rest(desk: Desk) -> None:
    with pytest.raises(AssertionError):
        desk.book.rest(desk.order("ann buys 0 at 99"))


def test_an_order_cannot_rest_twice(desk: Desk) -> None:
    desk.given(LADDER)
    with pytest.raises(AssertionError):
        desk.book.rest(desk.resting("ann"))


def test_an_id_cannot_rest_twice(desk: Desk) -> None:
    desk.given(LADDER)
    order = desk.order("eve buys 1 at 97")
    order.order_id = desk.resting("ann").order_id
    with pytest.raises(AssertionError):
        desk.book.rest(order)
    desk.shows(LADDER)


@pytest.mark.parametrize("sentence", ["eve buys 1 at 101", "eve sells 1 at 99", "eve sells 1 at 50"])
def test_an_order_that_crosses_cannot_rest(desk: Desk, sentence: str) -> None:
    desk.given(LADDER)
    with pytest.raises(AssertionError):
        desk.book.rest(desk.order(sentence))
    desk.shows(LADDER)


def test_an_order_cannot_rest_behind_a_later_one(desk: Desk) -> None:
    early = desk.order("dan buys 1 at 99")
    desk.given(LADDER)
    with pytest.raises(AssertionError):
        desk.book.rest(early)
    desk.shows(LADDER)


@pytest.mark.parametrize("lots", [-1, 0, 6])
def test_an_order_is_reduced_by_some_of_its_lots(desk: Desk, lots: int) -> None:
    desk.given(LADDER)
    with pytest.raises(AssertionError):
        desk.book.reduce(desk.resting("ann"), lots)
    desk.shows(LADDER)


def test_an_order_cannot_be_removed_twice(desk: Desk) -> None:
    desk.given(LADDER)
    order = desk.resting("ann")
    desk.book.remove(order)
    with pytest.raises((AssertionError, KeyError)):
        desk.book.remove(order)
    desk.book.audit()
