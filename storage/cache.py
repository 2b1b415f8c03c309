"""What may be forgotten at any time: one small interface, and memory behind it.

odds:{market}    oddsq:{market}     60 s     the odds of a match, in both shapes
markets:active                      30 s     the matches that take bets
session:{token}                     as long as the token lives
nonce:{address}:{nonce}             5 min    taken once
"""

from collections.abc import Callable
from typing import Protocol

import msgspec
import trio

# So many nonces take 26 MB. Above it a tenth is dropped, first those whose time comes first: 50 ms, every 10,000 puts.
ENTRIES_MAX = 100_000


class Cache(Protocol):
    """Values are bytes; what is not there has expired, been dropped, or never been put."""

    async def get(self, key: str) -> bytes | None: ...

    async def put(self, key: str, value: bytes, lifetime_ms: int, version: int = 0) -> None:
        """Keep a value; it is ignored if one of a higher version is there: a slow reader must not undo a write."""

    async def take(self, key: str) -> bytes | None:
        """Get and remove it in one step: of two who ask, one gets it."""

    async def remove(self, key: str) -> None: ...


class _Kept(msgspec.Struct, frozen=True):
    value: bytes
    version: int
    expires_ms: int


class MemoryCache:
    """A dict. What nobody asks for again stays in it after its time, until there is no room."""

    def __init__(self, now_ms: Callable[[], int], entries_max: int = ENTRIES_MAX) -> None:
        self._now_ms = now_ms
        self._entries_max = entries_max
        self._kept: dict[str, _Kept] = {}

    async def get(self, key: str) -> bytes | None:
        await trio.lowlevel.checkpoint()
        kept = self._living(key)
        return None if kept is None else kept.value

    async def put(self, key: str, value: bytes, lifetime_ms: int, version: int = 0) -> None:
        await trio.lowlevel.checkpoint()
        kept = self._living(key)
        if kept is not None and kept.version > version:
            return
        self._kept[key] = _Kept(value, version, self._now_ms() + lifetime_ms)
        if len(self._kept) > self._entries_max:
            self._make_room()

    async def take(self, key: str) -> bytes | None:
        await trio.lowlevel.checkpoint()
        kept = self._living(key)
        if kept is None:
            return None
        del self._kept[key]
        return kept.value

    async def remove(self, key: str) -> None:
        await trio.lowlevel.checkpoint()
        self._kept.pop(key, None)

    def _make_room(self) -> None:
        """Drop a tenth, in the order of their time: nonces that nobody took go before any session."""
        by_time = sorted(self._kept, key=lambda key: self._kept[key].expires_ms)
        for key in by_time[: max(1, len(by_time) // 10)]:
            del self._kept[key]

    def _living(self, key: str) -> _Kept | None:
        kept = self._kept.get(key)
        if kept is not None and kept.expires_ms <= self._now_ms():
            del self._kept[key]
            return None
        return kept
