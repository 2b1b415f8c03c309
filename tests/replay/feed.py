"""Reads a recorded feed: which orders were placed, and which were cancelled.

1430438404518 order_created {"price": "236.47", "amount": "2.00000000", "id": 65595247, "order_type": 0, ...}

order_created                              -> Create; order_type 0 is a bid
order_deleted, something left of it        -> Cancel
order_deleted with amount 0 (it was filled), order_changed, trade, order_book      the exchange's own doing: ignored
"""

import gzip
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec

from engine.matching.order import Side


class Create(msgspec.Struct, frozen=True):
    """An order as it came; `recorded_id` becomes its clientOrderId."""

    recorded_id: str
    side: Side
    price: str
    quantity: str


class Cancel(msgspec.Struct, frozen=True):
    """An order was taken back."""

    recorded_id: str
    side: Side


def read_commands(path: Path) -> Iterator[Create | Cancel]:
    """Read a gzipped feed in its order."""
    with gzip.open(path, "rt", encoding="ascii") as lines:
        for line in lines:
            _, kind, body = line.split(" ", 2)
            command = _command(kind, msgspec.json.decode(body)) if kind.startswith("order_") else None
            if command is not None:
                yield command


def _command(kind: str, event: dict[str, Any]) -> Create | Cancel | None:
    if kind == "order_created":
        return Create(str(event["id"]), _side(event), event["price"], event["amount"])
    if kind == "order_deleted" and Decimal(event["amount"]):
        return Cancel(str(event["id"]), _side(event))
    return None


def _side(event: dict[str, Any]) -> Side:
    return Side.BUY if event["order_type"] == 0 else Side.SELL
