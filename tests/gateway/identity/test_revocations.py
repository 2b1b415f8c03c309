"""Revocations: known at once, durable, and forgotten when they no longer matter."""

import pytest
import trio

from gateway.identity.revocations import FORGET_EVERY_MS, KEPT_MS, Revocations
from storage.interface import DatabaseAway
from storage.memory import MemoryStorage

pytestmark = pytest.mark.trio

NOW_MS = 1_700_000_000_000
HOUR_MS, WEEK_MS = 3_600_000, 7 * 24 * 3_600_000


async def open_revocations(storage: MemoryStorage, now_ms: int = NOW_MS) -> Revocations:
    revocations = Revocations(storage.identity)
    await revocations.load(now_ms)
    return revocations


async def test_what_is_written_outlives_a_restart() -> None:
    storage = MemoryStorage()
    first = await open_revocations(storage)
    first.note("noted", NOW_MS + 10, NOW_MS)
    first.note("written", NOW_MS + 10, NOW_MS)
    await first.write("written", NOW_MS + 10, NOW_MS)
    assert "noted" in first
    assert "written" in first
    second = await open_revocations(storage, NOW_MS + 1)
    assert "noted" not in second
    assert "written" in second


async def test_after_a_restart_they_are_kept_as_long_as_their_tokens_live() -> None:
    """Whatever the lifetime of tokens is by then."""
    storage = MemoryStorage()
    first = await open_revocations(storage)
    await first.write("short", NOW_MS + HOUR_MS, NOW_MS)
    await first.write("long", NOW_MS + 50 * WEEK_MS, NOW_MS)
    second = await open_revocations(storage)
    second.note("other", NOW_MS + 50 * WEEK_MS, NOW_MS + 49 * WEEK_MS)
    assert [token in second for token in ("short", "long", "other")] == [False, True, True]


async def test_a_guest_s_does_not_wait_for_a_user_s_to_be_forgotten() -> None:
    """Anybody may make as many guests as he likes."""
    revocations = await open_revocations(MemoryStorage())
    revocations.note("user", NOW_MS + WEEK_MS, NOW_MS)
    for number in range(100):
        now_ms = NOW_MS + number * HOUR_MS
        revocations.note(f"guest {number}", now_ms + HOUR_MS, now_ms)
        assert len(revocations) == 2
    assert "user" in revocations
    assert "guest 99" in revocations


async def test_rows_are_dropped_a_day_after_their_tokens() -> None:
    storage = MemoryStorage()
    revocations = await open_revocations(storage)
    await revocations.write("early", NOW_MS, NOW_MS)
    await revocations.write("late", NOW_MS + 2, NOW_MS)
    rows = storage.identity._tables.revoked_tokens
    await revocations.write("next", NOW_MS + WEEK_MS, NOW_MS + FORGET_EVERY_MS - 1)
    assert set(rows) == {"early", "late", "next"}
    await revocations.write("last", NOW_MS + WEEK_MS, NOW_MS + KEPT_MS + 1)
    assert set(rows) == {"late", "next", "last"}


async def test_a_log_out_is_done_though_nothing_can_be_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    storage = MemoryStorage()
    revocations = await open_revocations(storage)

    async def away(_: int) -> None:
        await trio.lowlevel.checkpoint()
        raise DatabaseAway("gone")

    monkeypatch.setattr(storage.identity, "forget_revoked", away)
    await revocations.write("token", NOW_MS + WEEK_MS, NOW_MS + FORGET_EVERY_MS)
    assert list(await storage.identity.revoked_tokens(NOW_MS)) == ["token"]
