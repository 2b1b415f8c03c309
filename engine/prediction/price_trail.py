"""The time-weighted average price of the last day of trading: what a share of a void question may be worth."""

from collections import deque
from collections.abc import Iterable
from itertools import islice

from engine.prediction.question import PAIR_UNITS

WINDOW_MS = 24 * 3_600_000
STEP_MS = 1_000


class PriceTrail:
    """The prices of YES, in units, since a day before the latest; only changes are kept.

    Prices are taken once a second: the last one in it counts as if it had stood from its start. So a day is at most
    86,400 prices, and the one before, however many trades it had: a hundred a second would be 8.6 million.
    """

    def __init__(self, prices: Iterable[tuple[int, int]] = ()) -> None:
        self._prices: deque[tuple[int, int]] = deque()
        for time_ms, units in prices:
            self.add(time_ms, units)

    def add(self, time_ms: int, units: int) -> None:
        """The price from this moment's second on; recovery adds the same trades and gets the same averages."""
        prices = self._prices
        time_ms -= time_ms % STEP_MS
        if prices and prices[-1][0] == time_ms:
            prices.pop()
        if not prices or prices[-1][1] != units:
            prices.append((time_ms, units))
        while len(prices) > 1 and prices[1][0] <= time_ms - WINDOW_MS:
            prices.popleft()

    def average(self, end_ms: int) -> int:
        """The average over the window before `end_ms`, each price for as long as it stood, rounded half up to a unit.

        Time before the first price does not count; a price that never stood for any time counts as it is; and where
        there was none at all, YES and NO are worth the same.
        """
        prices = self._prices
        if not prices:
            return PAIR_UNITS // 2
        start_ms = end_ms - WINDOW_MS
        weighted = total_ms = 0
        ends = [*(time_ms for time_ms, _ in islice(prices, 1, None)), end_ms]
        for (time_ms, units), until_ms in zip(prices, ends, strict=True):
            span = until_ms - max(time_ms, start_ms)
            if span > 0:
                weighted += units * span
                total_ms += span
        return (2 * weighted + total_ms) // (2 * total_ms) if total_ms else prices[-1][1]
