"""The audit of the books finds what must not be: a check that can't fail is none."""

from collections.abc import Callable

import pytest
from msgspec.structs import replace

from engine.ledger.audit import audit
from engine.ledger.books import Books
from tests.engine.spot.harness import Harness
from tests.engine.spot.scenes import Scene

ANN, BOB, OUTSIDE = 1, 2, -1


@pytest.fixture
def books() -> Books:
    exchange = Harness()
    Scene(exchange).market().owning("""
        person | USD  | BTC
        ann    | 1000 | 10
        bob    | 1000 | 10
    """).book("""
        bids  | price | asks
              |   101 | bob 4
        ann 5 |    99 |
    """)
    return exchange.books


def test_sound_books_pass(books: Books) -> None:
    audit(books)


def change(books: Books, account_id: int, asset: str, total: int, held: int) -> None:
    before = books.balance(account_id, asset)
    books.balances[account_id, asset] = before[0] + total, before[1] + held


def one_unit_too_many(books: Books) -> None:
    change(books, ANN, "USD", 1, 0)


def one_unit_of_another_asset(books: Books) -> None:
    change(books, ANN, "USD", 1, 0)
    change(books, BOB, "BTC", -1, 0)


def below_zero(books: Books) -> None:
    change(books, ANN, "ETH", -1, 0)
    change(books, BOB, "ETH", 1, 0)


def more_held_than_there_is(books: Books) -> None:
    change(books, ANN, "USD", -600 * 10**4, 0)
    change(books, BOB, "USD", 600 * 10**4, 0)


def held_for_no_order(books: Books) -> None:
    change(books, ANN, "BTC", 0, 1)


def held_by_somebody_else(books: Books) -> None:
    change(books, ANN, "USD", 0, -495 * 10**4)
    change(books, BOB, "USD", 0, 495 * 10**4)


def an_order_that_holds_more(books: Books) -> None:
    books.open_orders[1] = replace(books.open_orders[1], held=books.open_orders[1].held + 1)


def an_order_forgotten(books: Books) -> None:
    del books.open_orders[2]


def a_balance_forgotten(books: Books) -> None:
    """The outside world's lack with it, so that the sum is right."""
    total, _ = books.balances.pop((BOB, "BTC"))
    change(books, OUTSIDE, "BTC", total, 0)


@pytest.mark.parametrize(
    "damage",
    [
        one_unit_too_many,
        one_unit_of_another_asset,
        below_zero,
        more_held_than_there_is,
        held_for_no_order,
        held_by_somebody_else,
        an_order_that_holds_more,
        an_order_forgotten,
        a_balance_forgotten,
    ],
)
def test_damage_is_found(books: Books, damage: Callable[[Books], None]) -> None:
    damage(books)
    with pytest.raises(AssertionError):
        audit(books)
