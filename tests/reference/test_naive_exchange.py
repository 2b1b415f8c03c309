"""What the naive exchange does beyond the engine: it remembers ids, as accounts and the gateway do."""

import pytest

from tests.reference.naive_exchange import NaiveExchange


@pytest.fixture
def exchange() -> NaiveExchange:
    found = NaiveExchange()
    found.list_symbol("BTC_USD", tick="1", lot="1", maker_rate="0", taker_rate="0")
    found.deposit("ann", "first", "USD", "100")
    return found


# Movements


def test_a_deposit_is_made_once(exchange: NaiveExchange) -> None:
    exchange.deposit("ann", "more", "USD", "1")
    for amount in ("100", "100.0", "0100"):
        assert exchange.deposit("ann", "first", "USD", amount) == {"balance": "100"}
    assert exchange.balances("ann") == {"USD": ("101", "0")}


def test_one_id_is_one_movement_of_whatever_kind(exchange: NaiveExchange) -> None:
    assert exchange.deposit("ann", "first", "USD", "99") == {"code": "CONFLICT"}
    assert exchange.deposit("ann", "first", "BTC", "100") == {"code": "CONFLICT"}
    assert exchange.withdraw("ann", "first", "USD", "100") == {"code": "CONFLICT"}
    assert exchange.transfer("ann", "first", "USD", "100", "bob") == {"code": "CONFLICT"}
    assert exchange.deposit("bob", "first", "USD", "99") == {"balance": "99"}  # ids are each account's own


def test_what_was_refused_has_left_no_trace(exchange: NaiveExchange) -> None:
    assert exchange.withdraw("ann", "out", "USD", "101") == {"code": "INSUFFICIENT_FUNDS"}
    assert exchange.withdraw("ann", "out", "USD", "100") == {"balance": "0"}


@pytest.mark.parametrize("amount", ["0", "-1", "1.00001", "x", "", "1e3", "\uff11"])
def test_an_amount_is_a_positive_number(exchange: NaiveExchange, amount: str) -> None:
    assert exchange.deposit("ann", "odd", "USD", amount) == {"code": "MALFORMED"}


def test_a_transfer_needs_somebody_else(exchange: NaiveExchange) -> None:
    assert exchange.transfer("ann", "t", "USD", "1", "ann") == {"code": "MALFORMED"}
    assert exchange.transfer("ann", "t", "USD", "1", "bob") == {"balance": "99"}
    assert exchange.balances("bob") == {"USD": ("1", "0")}


def test_what_is_held_can_not_be_withdrawn(exchange: NaiveExchange) -> None:
    exchange.place("ann", "BTC_USD", "buy", "limit", price="60", quantity="1")
    assert exchange.withdraw("ann", "out", "USD", "41") == {"code": "INSUFFICIENT_FUNDS"}
    assert exchange.withdraw("ann", "out", "USD", "40") == {"balance": "60"}


# Orders


def test_an_order_is_placed_once(exchange: NaiveExchange) -> None:
    first = exchange.place("ann", "BTC_USD", "buy", "limit", price="10", quantity="1", client_order_id="mine")
    again = exchange.place(
        "ann", "BTC_USD", "buy", "limit", price="10.0", quantity="1", client_order_id="mine", time_in_force="GTC"
    )
    assert again == first
    other = exchange.place("ann", "BTC_USD", "buy", "limit", price="11", quantity="1", client_order_id="mine")
    assert other == {"code": "CONFLICT"}


def test_a_repeated_order_is_shown_as_it_stands(exchange: NaiveExchange) -> None:
    exchange.place("ann", "BTC_USD", "buy", "limit", price="10", quantity="1", client_order_id="mine")
    assert exchange.cancel_by_client_id("ann", "mine")["state"] == "cancelled"
    again = exchange.place("ann", "BTC_USD", "buy", "limit", price="10", quantity="1", client_order_id="mine")
    assert again["state"] == "cancelled"


def test_the_id_of_a_refused_order_may_be_used_again(exchange: NaiveExchange) -> None:
    refused = exchange.place("ann", "BTC_USD", "buy", "limit", price="101", quantity="1", client_order_id="mine")
    assert refused == {"code": "INSUFFICIENT_FUNDS"}
    placed = exchange.place("ann", "BTC_USD", "buy", "limit", price="100", quantity="1", client_order_id="mine")
    assert placed["state"] == "new"


def test_an_unknown_order_or_symbol_is_not_found(exchange: NaiveExchange) -> None:
    assert exchange.cancel_by_client_id("ann", "nothing") == {"code": "NOT_FOUND"}
    unknown = exchange.place("ann", "ETH_USD", "buy", "limit", price="1", quantity="1")
    assert unknown == {"code": "NOT_FOUND"}


def test_it_calculates_exactly_or_not_at_all(exchange: NaiveExchange) -> None:
    """28 digits, the default of the decimal module, would not do."""
    exchange.deposit("bob", "much", "USD", "1" * 60)
    exchange.deposit("bob", "little", "USD", "0.0001")
    assert exchange.balances("bob") == {"USD": ("1" * 60 + ".0001", "0")}
