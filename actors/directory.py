"""Which markets exist and where their actors are reached. Written when a market opens, read by accounts and gateway."""

from collections.abc import Callable
from typing import Any

import msgspec
import trio

from actors.core import Address
from engine.ledger.records import MarketRecord, channel_key


class MarketEntry(msgspec.Struct, frozen=True):
    """One open market; `definition` is its product's terms."""

    market_id: int
    product: str
    name: str
    definition: Any
    address: Address

    @property
    def channel(self) -> str:
        """Its part of the names of channels."""
        return channel_key(self.product, self.name)


class Directory:
    """Markets by name within their product, and by id."""

    def __init__(self) -> None:
        self.by_id: dict[int, MarketEntry] = {}
        self.by_channel: dict[str, MarketEntry] = {}
        self._watchers: list[Callable[[MarketEntry], None]] = []
        self._by_name: dict[tuple[str, str], MarketEntry] = {}
        self._changed = trio.Event()

    def open(self, market: MarketRecord, definition: Any, address: Address) -> None:
        """Enter a market whose actor has its address."""
        entry = MarketEntry(market.market_id, market.product, market.name, definition, address)
        self.by_id[market.market_id] = entry
        self.by_channel[entry.channel] = entry
        self._by_name[market.product, market.name] = entry
        for watcher in self._watchers:
            watcher(entry)
        self._changed.set()
        self._changed = trio.Event()

    async def opened(self, market_id: int) -> MarketEntry:
        """Wait for a market whose row can be read already: it opens right after its commit, not with it."""
        while market_id not in self.by_id:
            await self._changed.wait()
        return self.by_id[market_id]

    def watch(self, watcher: Callable[[MarketEntry], None]) -> None:
        """Call `watcher` with every market: those that are here now, and each that opens."""
        for entry in self.by_id.values():
            watcher(entry)
        self._watchers.append(watcher)

    def find(self, product: str, name: str) -> MarketEntry | None:
        return self._by_name.get((product, name))
