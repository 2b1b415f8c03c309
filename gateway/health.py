"""Whether Rialto can serve: a probe reads from the database all the time, so /readyz needs to ask nobody."""

import trio

from storage.interface import DatabaseAway, Storage

PROBE_EVERY_S = 0.5
PROBE_DEADLINE_S = 1.0  # with the pause before it, still within the 2 s in which readyz has to tell
FRESH_S = 1.8  # a probe that hangs longer than its deadline has not succeeded for this long


class Health:
    """`watch` runs beside the server; the rest only looks at what it found."""

    def __init__(self, storage: Storage, shutdown: trio.Event, *, skip_database: bool = False) -> None:
        self._storage = storage
        self._shutdown = shutdown
        self._skip_database = skip_database  # whether readiness is told without it
        self._seen_at = -float("inf")
        self.commits = 0  # the journal's last sequence number, as of the last probe

    async def watch(self) -> None:
        """Probe until cancelled."""
        while True:
            await self.probe()
            await trio.sleep(PROBE_EVERY_S)

    async def probe(self) -> None:
        """Read the journal's head, an index look-up."""
        with trio.move_on_after(PROBE_DEADLINE_S) as deadline:
            try:
                head = await self._storage.reader.journal_head()
            except DatabaseAway:
                self._seen_at = -float("inf")
                return
            self.commits = head.sequence
            self._seen_at = trio.current_time()
        if deadline.cancelled_caught:
            self._seen_at = -float("inf")

    @property
    def database_away(self) -> bool:
        return self._storage.writer.away or trio.current_time() - self._seen_at > FRESH_S

    def not_ready(self) -> str | None:
        """Say why no traffic should come here; None when it should."""
        if self._shutdown.is_set():
            return "shutting down"
        return "the database is away" if self.database_away and not self._skip_database else None
