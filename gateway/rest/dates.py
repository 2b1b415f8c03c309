"""Dates as clients write them, and as ms since 1970 UTC inside. What time it is now is not asked here."""

import re
from datetime import UTC, datetime, timedelta

from gateway.decoding import malformed

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
WRITTEN = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,6})?)?(Z|[+-]\d\d:\d\d)?", re.ASCII)


def read_date(text: str, name: str) -> int:
    """Read a date and time of ISO 8601; without a zone it is UTC. Raises Rejected(MALFORMED)."""
    if WRITTEN.fullmatch(text):
        try:
            moment = datetime.fromisoformat(text)
            moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
            return (moment - EPOCH) // timedelta(milliseconds=1)
        except (ValueError, OverflowError):  # the 31st of June; the last day of 9999, far in the west
            pass
    raise malformed(f"{name} must be a date and time such as 2030-01-01T00:00:00 (UTC) or 2030-01-01T00:00:00+02:00")


def show_date(time_ms: int) -> str:
    """Write it in UTC, and say so."""
    moment = EPOCH + timedelta(milliseconds=time_ms)
    text = moment.isoformat(timespec="milliseconds" if time_ms % 1_000 else "seconds")
    return text.replace("+00:00", "Z")
