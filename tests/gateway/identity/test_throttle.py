"""Who guesses waits longer and longer; who knows does not wait."""

import pytest

from gateway.identity import throttle as module
from gateway.identity.throttle import FORGET_MS, PAUSE_S_MAX, Throttle, pause_after

KEY = ("192.0.2.1", "alice")


def test_pauses_double_up_to_a_limit() -> None:
    assert [pause_after(failures) for failures in range(12)] == [0, 0, 0, 0, 1, 2, 4, 8, 16, 32, 60, 60]
    assert pause_after(10**6) == PAUSE_S_MAX


def fail(throttle: Throttle, times: int, now_ms: int = 0) -> None:
    for _ in range(times):
        throttle.failed(KEY, now_ms)


def test_the_pause_runs_from_the_last_failure() -> None:
    throttle = Throttle()
    fail(throttle, 6, now_ms=1_000)
    assert throttle.pause_s(KEY, 1_000) == 4
    assert throttle.pause_s(KEY, 4_001) == 1
    assert throttle.pause_s(KEY, 5_000) == 0


def test_a_success_forgets() -> None:
    throttle = Throttle()
    fail(throttle, 6)
    throttle.succeeded(KEY)
    throttle.failed(KEY, 0)
    assert throttle.pause_s(KEY, 0) == 0


def test_time_forgets() -> None:
    throttle = Throttle()
    fail(throttle, 6)
    throttle.failed(KEY, FORGET_MS + 1)
    assert throttle.pause_s(KEY, FORGET_MS + 1) == 0


def test_others_do_not_wait() -> None:
    throttle = Throttle()
    fail(throttle, 20)
    assert throttle.pause_s(("192.0.2.2", "alice"), 0) == 0
    assert throttle.pause_s(("192.0.2.1", "bob"), 0) == 0


def test_memory_is_bounded_and_the_oldest_goes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "KEYS_MAX", 3)
    throttle = Throttle()
    fail(throttle, 5)
    for name in ("b", "c"):
        throttle.failed(("x", name), 0)
    assert throttle.pause_s(KEY, 0) > 0
    throttle.failed(("x", "d"), 0)
    assert throttle.pause_s(KEY, 0) == 0
    assert len(throttle._failures) == 3
