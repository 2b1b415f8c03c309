"""Looks at /healthz and /readyz all the time, as a load balancer does."""

import httpx
import trio

from tests.end_to_end.servers import Rialto

POLL_S = 0.05


class HealthWatch:
    """`seen` holds (when, healthz, readyz): a status, 0 where nothing came back."""

    def __init__(self, rialto: Rialto) -> None:
        self.seen: list[tuple[float, int, int]] = []
        self._rialto = rialto

    async def run(self) -> None:
        """Look until cancelled."""
        async with httpx.AsyncClient(base_url=self._rialto.url, timeout=5.0, trust_env=False) as http:
            while True:
                healthz = (await http.get("/healthz")).status_code
                readyz = (await http.get("/readyz")).status_code
                self.seen.append((trio.current_time(), healthz, readyz))
                await trio.sleep(POLL_S)

    async def until_ready(self, timeout_s: float = 30.0) -> None:
        """Wait for the next 200 of /readyz; the limit is for a hang."""
        begun = len(self.seen)
        with trio.fail_after(timeout_s):
            while all(readyz != 200 for _, _, readyz in self.seen[begun:]):  # noqa: ASYNC110  # another process answers
                await trio.sleep(POLL_S)

    def check(self, gone: float, back: float, within_s: float) -> None:
        """Assert that the process was alive throughout, and not ready from `within_s` after `gone` until `back`."""
        assert {healthz for _, healthz, _ in self.seen} == {200}
        assert {readyz for when, _, readyz in self.seen if when < gone} == {200}
        assert {readyz for when, _, readyz in self.seen if gone + within_s < when < back} == {503}
