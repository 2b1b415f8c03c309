"""What is shown, and what a fast and a slow subscription get of it."""

import msgspec
import pytest

from gateway.answers import Rejected
from gateway.stomp.board import Board, Feed
from gateway.stomp.topics import ALL_PRICES, encode_body
from tests.gateway.stomp.states import book, price

PRICE_1, BOOK_1 = "/topic/market/1/price", "/topic/market/1/orderbook"


class Watcher:
    """Counts its wakes."""

    def __init__(self, board: Board, destination: str) -> None:
        self.wakes = 0
        self.feed: Feed = board.open(destination, self.wake)

    def wake(self) -> None:
        self.wakes += 1

    def prices(self, count: int = 100) -> list[tuple[int, float]]:
        """Take messages; return markets and prices."""
        messages = [msgspec.json.decode(body) for body in self.feed.take(count)]
        return [(message["marketId"], message["yesPrice"]) for message in messages]


def test_the_first_message_is_the_present_state() -> None:
    board = Board()
    board.show(price(1, "40"))
    board.show(price(1, "41"))
    board.show(book(1, "10@40"))
    assert Watcher(board, PRICE_1).prices() == [(1, 41)]
    assert Watcher(board, BOOK_1).feed.take(1) == [encode_body(book(1, "10@40"))]


def test_then_each_change_comes_with_a_wake() -> None:
    board = Board()
    board.show(price(1, "40"))
    watcher = Watcher(board, PRICE_1)
    assert watcher.prices() == [(1, 40)]
    assert watcher.prices() == []
    assert watcher.wakes == 0
    board.show(price(1, "41"))
    assert watcher.wakes == 1
    assert watcher.prices() == [(1, 41)]
    board.show(price(1, "42"))
    assert watcher.wakes == 2
    assert watcher.prices() == [(1, 42)]


def test_who_is_slow_gets_the_newest_and_is_woken_once() -> None:
    board = Board()
    board.show(price(1))
    watcher = Watcher(board, PRICE_1)
    watcher.prices()
    for yes in range(1, 100):
        board.show(price(1, str(yes)))
    assert watcher.wakes == 1
    assert watcher.prices() == [(1, 99)]


def test_all_prices_are_first_a_list_and_then_one_message_for_each_market() -> None:
    board = Board()
    for market_id in (3, 1, 2):
        board.show(price(market_id, str(market_id)))
        board.show(book(market_id))
    watcher = Watcher(board, ALL_PRICES)
    board.show(price(1, "11"))
    (first,) = watcher.feed.take(5)
    assert [(each["marketId"], each["yesPrice"]) for each in msgspec.json.decode(first)] == [(3, 3), (1, 11), (2, 2)]
    assert watcher.prices() == []
    for yes in ("20", "21", "22"):
        board.show(price(2, yes))
        board.show(price(3, yes))
        board.show(book(2))
    assert watcher.prices() == [(2, 22), (3, 22)]


def test_the_list_is_as_new_as_its_reader() -> None:
    board = Board()
    board.show(price(1, "10"))
    assert msgspec.json.decode(Watcher(board, ALL_PRICES).feed.take(1)[0])[0]["yesPrice"] == 10
    board.show(price(1, "20"))
    one, other = Watcher(board, ALL_PRICES).feed.take(1)[0], Watcher(board, ALL_PRICES).feed.take(1)[0]
    assert msgspec.json.decode(one)[0]["yesPrice"] == 20
    assert one is other


def test_without_markets_the_list_is_empty_and_new_markets_come_by_themselves() -> None:
    board = Board()
    watcher = Watcher(board, ALL_PRICES)
    assert watcher.feed.take(1) == [b"[]"]
    board.show(price(4, "44"))
    assert watcher.prices() == [(4, 44)]


def test_no_more_is_taken_than_asked_for_and_the_rest_stays_new() -> None:
    board = Board()
    watcher = Watcher(board, ALL_PRICES)
    watcher.feed.take(1)
    for market_id in range(1, 6):
        board.show(price(market_id, "10"))
    assert watcher.prices(2) == [(1, 10), (2, 10)]
    board.show(price(1, "20"))
    board.show(price(5, "20"))
    assert watcher.prices(3) == [(3, 10), (4, 10), (5, 20)]
    assert watcher.prices(3) == [(1, 20)]


def test_a_market_may_have_a_price_and_no_book_yet() -> None:
    board = Board()
    board.show(price(1))
    watcher = Watcher(board, BOOK_1)
    assert watcher.feed.take(1) == []
    board.show(book(1, "1@1"))
    assert watcher.wakes == 1
    assert watcher.feed.take(1) == [encode_body(book(1, "1@1"))]


def test_a_book_that_is_forgotten_is_not_shown_until_there_is_a_new_one() -> None:
    board = Board()
    board.show(price(1))
    board.show(book(1, "1@1"))
    board.forget_book(1)
    board.forget_book(1)
    watcher = Watcher(board, BOOK_1)
    assert watcher.feed.take(1) == []
    board.show(book(1, "2@2"))
    assert (watcher.wakes, watcher.feed.take(1)) == (1, [encode_body(book(1, "2@2"))])
    assert Watcher(board, PRICE_1).prices() == [(1, 50)]


def test_what_is_not_there_is_refused() -> None:
    board = Board()
    board.show(price(1))
    with pytest.raises(Rejected, match="NOT_FOUND: there is no market 2"):
        Watcher(board, "/topic/market/2/price")
    with pytest.raises(Rejected, match="NOT_FOUND: there is no destination '/topic/x': there are /topic/prices/all"):
        Watcher(board, "/topic/x")


def test_a_closed_feed_hears_nothing_and_leaves_nothing_behind() -> None:
    board = Board()
    board.show(price(1))
    watchers = [Watcher(board, destination) for destination in (PRICE_1, PRICE_1, BOOK_1, ALL_PRICES)]
    for watcher in watchers:
        watcher.feed.close()
    board.show(price(1))
    board.show(book(1))
    assert [watcher.wakes for watcher in watchers] == [0, 0, 0, 0]
    assert board._feeds == {}


def test_all_who_watch_get_the_same_bytes() -> None:
    board = Board()
    board.show(price(1))
    one, other = Watcher(board, PRICE_1), Watcher(board, PRICE_1)
    assert one.feed.take(1)[0] is other.feed.take(1)[0]
