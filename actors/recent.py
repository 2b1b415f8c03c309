"""The client ids of commands settled within the last minutes.

A repeat is looked up in storage first; this closes the gap between that look-up and its arrival here, which is at most
a request's deadline. It holds many times that.
"""

from collections import deque
from typing import Any

RECENT_MS = 15 * 60 * 1_000
RECENT_MAX = 500_000  # ids; at 5,000 orders/s still ten times a request's deadline. The oldest are forgotten first


class RecentIds:
    """A set of ids that forgets by itself."""

    def __init__(self) -> None:
        self._ids: set[Any] = set()
        self._order: deque[tuple[int, Any]] = deque()

    def __contains__(self, key: object) -> bool:
        return key in self._ids

    def add(self, key: object, now_ms: int) -> None:
        self._ids.add(key)
        self._order.append((now_ms, key))
        if len(self._order) > RECENT_MAX:
            self._forget()

    def forget_before(self, now_ms: int) -> None:
        """Forget what was settled more than RECENT_MS before now."""
        while self._order and self._order[0][0] < now_ms - RECENT_MS:
            self._forget()

    def _forget(self) -> None:
        self._ids.discard(self._order.popleft()[1])
