"""Watches: who is woken when which session ends."""

import pytest
import trio
from trio.testing import MockClock, wait_all_tasks_blocked

from gateway.context import Caller
from gateway.identity.caller import Role
from gateway.identity.watches import EXPIRED, Watches

pytestmark = pytest.mark.trio

ALICE = Caller(user_id=1, role=Role.USER, token_id="a", expires_ms=60_000)
ALICE_ELSEWHERE = Caller(user_id=1, role=Role.USER, token_id="b", expires_ms=60_000)
BOB = Caller(user_id=2, role=Role.USER, token_id="c", expires_ms=60_000)
GUEST = Caller(role=Role.GUEST, token_id="d", expires_ms=60_000)
OTHER_GUEST = Caller(role=Role.GUEST, token_id="e", expires_ms=60_000)
ALL = {"alice": ALICE, "elsewhere": ALICE_ELSEWHERE, "bob": BOB, "guest": GUEST, "other": OTHER_GUEST}


@pytest.mark.parametrize(
    ("user_id", "token_id", "woken"),
    [
        (1, None, {"alice", "elsewhere"}),
        (1, "a", {"alice"}),
        (1, "nothing", set()),
        (2, None, {"bob"}),
        (0, "d", {"guest"}),
        (0, "nothing", set()),
        (7, None, set()),
    ],
)
async def test_who_is_woken(user_id: int, token_id: str | None, woken: set[str]) -> None:
    watches = Watches()
    reasons: dict[str, str] = {}

    async def watch(name: str) -> None:
        reasons[name] = await watches.wait(ALL[name], 0)

    async with trio.open_nursery() as nursery:
        for name in ALL:
            nursery.start_soon(watch, name)
        await wait_all_tasks_blocked()
        assert len(watches) == len(ALL)
        watches.end(user_id, "over", token_id)
        await wait_all_tasks_blocked()
        assert reasons == dict.fromkeys(woken, "over")
        nursery.cancel_scope.cancel()
    assert len(watches) == 0


async def test_a_session_expires_by_itself(autojump_clock: MockClock) -> None:
    watches = Watches()
    started = trio.current_time()
    assert await watches.wait(GUEST, 50_000) == EXPIRED
    assert trio.current_time() - started == pytest.approx(10)
    assert len(watches) == 0


async def test_one_that_is_over_is_not_waited_for() -> None:
    with trio.fail_after(1):
        assert await Watches().wait(GUEST, 70_000) == EXPIRED
