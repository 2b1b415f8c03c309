"""Revocations: the tokens that were logged out before they expired, in memory and in storage."""

import heapq
from contextlib import suppress

from storage.interface import DatabaseAway, Identity

FORGET_EVERY_MS = 60 * 60 * 1_000
KEPT_MS = 24 * 60 * 60 * 1_000  # a row outlives its token so long: the clock may have been wrong when it was dropped


class Revocations:
    """Made once, then `load`. Anybody may log in as a guest and out again, so what has expired is forgotten."""

    def __init__(self, identity: Identity) -> None:
        self._identity = identity
        self._tokens: set[str] = set()
        self._by_expiry: list[tuple[int, str]] = []  # a heap
        self._forgotten_ms = 0

    async def load(self, now_ms: int) -> None:
        for token_id, expires_ms in (await self._identity.revoked_tokens(now_ms)).items():
            self.note(token_id, expires_ms, now_ms)
        self._forgotten_ms = now_ms

    def __contains__(self, token_id: str) -> bool:
        return token_id in self._tokens

    def __len__(self) -> int:
        return len(self._tokens)

    def note(self, token_id: str, expires_ms: int, now_ms: int) -> None:
        """Know of one from now on; `write` makes it durable."""
        while self._by_expiry and self._by_expiry[0][0] <= now_ms:
            self._tokens.discard(heapq.heappop(self._by_expiry)[1])
        self._tokens.add(token_id)
        heapq.heappush(self._by_expiry, (expires_ms, token_id))

    async def write(self, token_id: str, expires_ms: int, now_ms: int) -> None:
        """Make one durable. Raises DatabaseAway."""
        await self._identity.revoke_token(token_id, expires_ms)
        if now_ms - self._forgotten_ms >= FORGET_EVERY_MS:
            self._forgotten_ms = now_ms
            with suppress(DatabaseAway):
                await self._identity.forget_revoked(now_ms - KEPT_MS)
