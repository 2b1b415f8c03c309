"""Which markets exist and where their actors are reached. Written when a market opens, read by accounts and gateway."""

from typing import Any

import msgspec

from actors.core import Address
from engine.ledger.records import MarketRecord


class MarketEntry(msgspec.Struct, frozen=True):
    """One open market; `definition` is its product's terms."""

    market_id: int
    product: str
    name: str
    definition: Any
    address: Address


class Directory:
    """Markets by name within their product, and by id."""

    def __init__(self) -> None:
        self.by_id: dict[int, MarketEntry] = {}
        self._by_name: dict[tuple[str, str], MarketEntry] = {}

    def open(self, market: MarketRecord, definition: Any, address: Address) -> None:
        """Enter a market whose actor has its address."""
        entry = MarketEntry(market.market_id, market.product, market.name, definition, address)
        self.by_id[market.market_id] = entry
        self._by_name[market.product, market.name] = entry

    def find(self, product: str, name: str) -> MarketEntry | None:
        return self._by_name.get((product, name))
