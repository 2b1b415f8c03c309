"""Destinations and bodies, to the letter of the specification."""

import pytest

from gateway.answers import Rejected
from gateway.stomp.topics import ALL_PRICES, BOOK_LEVELS_MAX, encode_body, is_book, market_destination, read_market_id
from tests.gateway.stomp.states import book, price


def test_a_price_message_as_the_specification_shows_it() -> None:
    body = encode_body(price(1, "50.0", 1234567890))
    assert body == b'{"marketId":1,"yesPrice":50.0,"noPrice":50.0,"timestamp":1234567890}'


@pytest.mark.parametrize(("yes", "shown"), [("0.1", "0.1,%s:99.9"), ("33.33", "33.33,%s:66.67"), ("99", "99,%s:1")])
def test_prices_are_exact_numbers(yes: str, shown: str) -> None:
    assert b'"yesPrice":' + (shown % '"noPrice"').encode() in encode_body(price(1, yes))


def test_a_book_is_shown_whole_and_best_first() -> None:
    assert encode_body(book(7, "10@50.0 3@49.5", "4@51", 5)) == (
        b'{"marketId":7,"yesBids":[{"quantity":10,"price":50.0},{"quantity":3,"price":49.5}],'
        b'"yesAsks":[{"quantity":4,"price":51}],"timestamp":5}'
    )


def test_an_empty_book_has_empty_sides() -> None:
    assert encode_body(book(7, timestamp=5)) == b'{"marketId":7,"yesBids":[],"yesAsks":[],"timestamp":5}'


def test_of_a_deep_book_the_best_levels_are_shown() -> None:
    deep = " ".join(f"1@{90 - number}" for number in range(30))
    body = encode_body(book(7, deep, deep))
    assert body.count(b"quantity") == 2 * BOOK_LEVELS_MAX
    assert b'"price":71}' in body
    assert b'"price":70}' not in body


@pytest.mark.parametrize(
    ("destination", "market_id"),
    [
        (ALL_PRICES, None),
        ("/topic/market/1/price", 1),
        ("/topic/market/20/orderbook", 20),
        ("/topic/market/9007199254740991/price", 2**53 - 1),
    ],
)
def test_destinations(destination: str, market_id: int | None) -> None:
    assert read_market_id(destination) == market_id


def test_a_destination_is_named_as_it_is_read() -> None:
    assert market_destination(7, "orderbook") == "/topic/market/7/orderbook"
    assert read_market_id(market_destination(7, "price")) == 7
    assert [
        is_book(market_destination(7, "orderbook")),
        is_book(market_destination(7, "price")),
        is_book(ALL_PRICES),
    ] == [
        True,
        False,
        False,
    ]


@pytest.mark.parametrize(
    "destination",
    [
        "",
        "/topic",
        "/topic/prices",
        "/topic/prices/all/",
        "topic/prices/all",
        "/TOPIC/PRICES/ALL",
        "/topic/market/0/price",
        "/topic/market/01/price",
        "/topic/market/-1/price",
        "/topic/market/x/price",
        "/topic/market/\u0661/price",
        "/topic/market/1/trades",
        "/topic/market/1/price\n",
        "/topic/market/9007199254740992/price",
        "/topic/market/99999999999999999999/price",
        "/queue/a",
    ],
)
def test_other_destinations_are_refused_with_those_that_there_are(destination: str) -> None:
    with pytest.raises(Rejected) as caught:
        read_market_id(destination)
    assert caught.value.code.value == "NOT_FOUND"
    assert caught.value.message.startswith("there is no destination '")
    for existing in (ALL_PRICES, "/topic/market/{id}/price", "/topic/market/{id}/orderbook"):
        assert existing in caught.value.message
