"""The audit notices a book that is broken: each way of breaking it, one test."""

from collections.abc import Callable

import pytest

from engine.matching.book import Level, OrderBook
from engine.matching.order import Side
from tests.engine.matching.conftest import FAST
from tests.engine.matching.tables import Desk, NamedOrder

Book = OrderBook[NamedOrder]

TABLE = """
    bids                | price | asks
                        |   103 | eve 7
                        |   101 | cat 2, dan 4
    ann 5, bob 3, cat2 1 |   99 |
    dan2 6              |    98 |
"""


def level_lots(book: Book) -> None:
    book.bids.levels[99].lots += 1


def order_lots(book: Book) -> None:
    book.orders[2].open_lots -= 1


def order_without_lots(book: Book) -> None:
    level = book.asks.levels[101]
    assert level.first is not None
    level.lots -= level.first.open_lots
    level.first.open_lots = 0


def unknown_order(book: Book) -> None:
    del book.orders[1]


def order_in_no_level(book: Book) -> None:
    book.orders[77] = NamedOrder("ann", 77, Side.BUY, 99, 1)


def wrong_object(book: Book) -> None:
    book.orders[1] = NamedOrder("eve", 1, Side.SELL, 103, 7)


def wrong_price(book: Book) -> None:
    book.asks.levels[101].last.price_ticks = 102  # type: ignore[union-attr]  # there is one in the table


def wrong_side(book: Book) -> None:
    book.asks.levels[101].last.side = Side.BUY  # type: ignore[union-attr]  # there is one in the table


def priority_out_of_turn(book: Book) -> None:
    level = book.bids.levels[99]
    assert level.first is not None
    assert level.last is not None
    level.first.priority, level.last.priority = level.last.priority, level.first.priority


def lost_way_back(book: Book) -> None:
    level = book.bids.levels[99]
    assert level.last is not None
    level.last.ahead = level.first


def someone_before_the_first(book: Book) -> None:
    level = book.bids.levels[99]
    assert level.first is not None
    level.first.ahead = level.last


def wrong_last(book: Book) -> None:
    level = book.bids.levels[99]
    level.last = level.first


def circle(book: Book) -> None:
    level = book.bids.levels[99]
    assert level.last is not None
    level.last.behind = level.first


def empty_level(book: Book) -> None:
    book.asks.open_level(105)


def level_under_a_wrong_price(book: Book) -> None:
    book.bids.levels[98].price_ticks = 97


def rank_without_level(book: Book) -> None:
    book.asks.ranks.insert(0, -200)


def level_without_rank(book: Book) -> None:
    book.asks.levels[200] = Level(200)


def ranks_out_of_order(book: Book) -> None:
    book.bids.ranks.reverse()


def crossed(book: Book) -> None:
    book.bids.open_level(102)
    level = book.bids.levels[102]
    level.first = level.last = book.orders[88] = NamedOrder("bob", 88, Side.BUY, 102, 1)
    level.lots = 1


@pytest.mark.parametrize(
    "broken",
    [
        level_lots,
        order_lots,
        order_without_lots,
        unknown_order,
        order_in_no_level,
        wrong_object,
        wrong_price,
        wrong_side,
        priority_out_of_turn,
        lost_way_back,
        someone_before_the_first,
        wrong_last,
        circle,
        empty_level,
        level_under_a_wrong_price,
        rank_without_level,
        level_without_rank,
        ranks_out_of_order,
        crossed,
    ],
)
def test_a_broken_book_fails_its_audit(broken: Callable[[Book], None]) -> None:
    book: Book = Desk(FAST).given(TABLE).book
    book.audit()
    broken(book)
    with pytest.raises(AssertionError):
        book.audit()
