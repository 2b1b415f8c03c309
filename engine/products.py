"""What the ledger knows of each product: how its events are written down and how its markets' terms are read."""

from typing import Any

import msgspec

from engine.ledger import movements
from engine.ledger.books import Products
from engine.spot import bookkeeping
from engine.spot.symbol import SpotSymbol

SPOT = "spot"

DEFINITIONS = {SPOT: SpotSymbol}


def read_definition(product: str, definition: bytes) -> Any:
    """Read a market's terms from its row."""
    return msgspec.json.decode(definition, type=DEFINITIONS[product])


def write_definition(definition: msgspec.Struct) -> bytes:
    """Write a market's terms for its row."""
    return msgspec.json.encode(definition)


PRODUCTS = Products({**movements.WRITERS, **bookkeeping.WRITERS}, read_definition)
