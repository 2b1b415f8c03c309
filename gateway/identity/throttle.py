"""Slows down who guesses passwords: after a few failures, each further one doubles the pause.

Only failures count, for one name from one address; a success forgets them.
"""

import msgspec

FREE_FAILURES = 3  # a person who mistypes feels nothing
PAUSE_S_MAX = 60
FORGET_MS = 15 * 60 * 1_000  # without a further failure
KEYS_MAX = 10_000  # names and addresses; above it the oldest is forgotten, as an attacker chooses how many there are

Key = tuple[str, str]  # address, name


class Failures(msgspec.Struct):
    """What is remembered of one name from one address."""

    count: int
    last_ms: int


class Throttle:
    """Remembers failed log-ins."""

    def __init__(self) -> None:
        self._failures: dict[Key, Failures] = {}

    def pause_s(self, key: Key, now_ms: int) -> int:
        """How many seconds until this one may try again; 0 for now."""
        failures = self._failures.get(key)
        if failures is None:
            return 0
        pause_ms = 1_000 * pause_after(failures.count)
        return max(0, -(-(failures.last_ms + pause_ms - now_ms) // 1_000))

    def failed(self, key: Key, now_ms: int) -> None:
        failures = self._failures.pop(key, None)
        if failures is None or now_ms - failures.last_ms > FORGET_MS:
            failures = Failures(0, now_ms)
        failures.count += 1
        failures.last_ms = now_ms
        self._failures[key] = failures
        if len(self._failures) > KEYS_MAX:
            del self._failures[next(iter(self._failures))]

    def succeeded(self, key: Key) -> None:
        self._failures.pop(key, None)


def pause_after(failures: int) -> int:
    """Seconds to wait after so many failures: 0, 0, 0, 1, 2, 4 ... 60."""
    doublings = failures - FREE_FAILURES - 1
    if doublings < 0:
        return 0
    return min(PAUSE_S_MAX, 1 << min(doublings, PAUSE_S_MAX.bit_length()))
