"""What may be forgotten at any time: one small interface, and memory behind it.

oddsq:{market}              60 s                         the odds of a match as its stream told them last
markets:active              30 s                         the matches that take bets
session:{token}             as long as the token lives   a guest's session
nonce:{address}:{nonce}     5 min                        taken once

The word before the first colon is the entry's kind. Each kind has its own room, so that a flood of one, which strangers
can make of nonces and of guests, drops nothing of another.
"""

from collections.abc import Callable
from typing import Protocol

import msgspec
import trio

# Of one kind: so many nonces take 13 MB, so many sessions 34 MB. Above it a tenth of them is dropped, first those whose
# time comes first: 25 ms, every 5,000 puts.
ENTRIES_MAX = 50_000


class Cache(Protocol):
    """Values are bytes; what is not there has expired, been dropped, or never been put.

    One that is on another machine raises OSError while it is away.
    """

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
    """A dict for each kind. What nobody asks for again stays in it after its time, until there is no room."""

    def __init__(self, now_ms: Callable[[], int], entries_max: int = ENTRIES_MAX) -> None:
        self._now_ms = now_ms
        self._entries_max = entries_max
        self._kinds: dict[str, dict[str, _Kept]] = {}  # as many as this program writes: clients name none

    async def get(self, key: str) -> bytes | None:
        await trio.lowlevel.checkpoint()
        kept = self._living(key)
        return None if kept is None else kept.value

    async def put(self, key: str, value: bytes, lifetime_ms: int, version: int = 0) -> None:
        await trio.lowlevel.checkpoint()
        kept = self._living(key)
        if kept is not None and kept.version > version:
            return
        entries = self._of_kind(key)
        entries[key] = _Kept(value, version, self._now_ms() + lifetime_ms)
        if len(entries) > self._entries_max:
            _make_room(entries)

    async def take(self, key: str) -> bytes | None:
        await trio.lowlevel.checkpoint()
        kept = self._living(key)
        if kept is None:
            return None
        del self._of_kind(key)[key]
        return kept.value

    async def remove(self, key: str) -> None:
        await trio.lowlevel.checkpoint()
        self._of_kind(key).pop(key, None)

    def _of_kind(self, key: str) -> dict[str, _Kept]:
        """The entries that share this one's room."""
        return self._kinds.setdefault(key.partition(":")[0], {})

    def _living(self, key: str) -> _Kept | None:
        entries = self._of_kind(key)
        kept = entries.get(key)
        if kept is not None and kept.expires_ms <= self._now_ms():
            del entries[key]
            return None
        return kept


def _make_room(entries: dict[str, _Kept]) -> None:
    """Drop a tenth, in the order of their time."""
    by_time = sorted(entries, key=lambda key: entries[key].expires_ms)
    for key in by_time[: max(1, len(by_time) // 10)]:
        del entries[key]
