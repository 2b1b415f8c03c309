"""Prices and books of prediction markets, as tests show them on a board."""

from decimal import Decimal

from gateway.stomp.topics import Level, OrderBook, Price


def price(market_id: int, yes: str = "50.0", timestamp: int = 1_000) -> Price:
    return Price(market_id, Decimal(yes), 100 - Decimal(yes), timestamp)


def book(market_id: int, bids: str = "", asks: str = "", timestamp: int = 1_000) -> OrderBook:
    """A book from text: "10@49.5 3@49" is ten shares at 49.5, three at 49."""
    return OrderBook(market_id, levels(bids), levels(asks), timestamp)


def levels(text: str) -> tuple[Level, ...]:
    pairs = [level.partition("@") for level in text.split()]
    return tuple(Level(int(quantity), Decimal(at)) for quantity, _, at in pairs)
