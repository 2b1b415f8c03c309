"""The time as the exchange sees it: milliseconds since 1970 UTC that never run back, not across restarts either."""

from typing import Protocol


class Clock(Protocol):
    """Where the time comes from; run.py injects the system's, tests their own."""

    def now_ms(self) -> int: ...


class SteadyClock:
    """A clock that stands still rather than go back."""

    def __init__(self, source: Clock) -> None:
        self._source = source
        self._last_ms = 0

    def now_ms(self) -> int:
        self._last_ms = max(self._last_ms, self._source.now_ms())
        return self._last_ms

    def raise_to(self, floor_ms: int) -> None:
        """Never show a time before this one: the journal's last."""
        self._last_ms = max(self._last_ms, floor_ms)
