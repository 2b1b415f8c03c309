"""The system's clock, for runs on real time."""

import time


class SystemClock:
    """Milliseconds since 1970 UTC."""

    def now_ms(self) -> int:
        return time.time_ns() // 1_000_000
