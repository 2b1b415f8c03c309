"""Sessions: who is let in, who no longer is, and who hears of it."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
import trio
from trio.testing import MockClock, wait_all_tasks_blocked

from gateway.answers import Rejected
from gateway.context import Caller
from gateway.identity.caller import Role
from gateway.identity.passwords import HashingBusy
from gateway.identity.refusals import Suspended, Unauthorized
from gateway.identity.tokens import Tokens
from tests.gateway.identity.desks import ACTION, LIFETIME_S, Desk, after, away, open_desk

pytestmark = pytest.mark.trio


async def test_a_token_says_who_it_is() -> None:
    desk = await open_desk()
    user_id = await desk.register()
    caller = desk.sessions.authenticate(await desk.log_in("ALICE"), "192.0.2.9")
    assert (caller.user_id, caller.username, caller.role) == (user_id, "alice", Role.USER)
    assert (caller.address, caller.is_visitor) == ("192.0.2.9", False)
    assert caller.expires_ms == desk.clock.time_ms + LIFETIME_S * 1_000
    assert Caller().is_visitor


async def test_a_token_outlives_a_restart() -> None:
    desk = await open_desk()
    await desk.register()
    token = await desk.log_in()
    assert (await desk.again()).sessions.authenticate(token).username == "alice"


async def test_a_token_expires() -> None:
    desk = await open_desk()
    await desk.register()
    token = await desk.log_in()
    desk.clock.time_ms += LIFETIME_S * 1_000 - 1
    desk.sessions.authenticate(token)
    desk.clock.time_ms += 1
    with pytest.raises(Unauthorized, match="expired"):
        desk.sessions.authenticate(token)


async def test_logging_out_ends_this_token_alone_and_for_good() -> None:
    desk = await open_desk()
    await desk.register()
    token, other = await desk.log_in(), await desk.log_in()
    await desk.sessions.log_out(desk.sessions.authenticate(token))
    for sessions in (desk.sessions, (await desk.again()).sessions):
        with pytest.raises(Unauthorized, match="logged out"):
            sessions.authenticate(token)
        assert sessions.authenticate(other).username == "alice"


async def test_a_log_out_that_the_database_lost_counts_here_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    desk = await open_desk()
    await desk.register()
    token = await desk.log_in()
    monkeypatch.setattr(desk.storage.identity, "revoke_token", away)
    with pytest.raises(Rejected, match="UNKNOWN"):
        await desk.sessions.log_out(desk.sessions.authenticate(token))
    with pytest.raises(Unauthorized):
        desk.sessions.authenticate(token)


async def test_revoked_tokens_are_forgotten_when_they_would_have_expired() -> None:
    desk = await open_desk()
    await desk.register()
    for _ in range(3):
        await desk.sessions.log_out(desk.sessions.authenticate(await desk.log_in()))
        desk.clock.time_ms += LIFETIME_S * 1_000
    assert len(desk.sessions._revocations) == 1


async def test_somebody_else_s_signature_is_nobody() -> None:
    desk = await open_desk()
    await desk.register()
    foreign = Tokens(secret="t" * 32, issuer="rialto", audience="rialto", lifetime_s=LIFETIME_S)
    with pytest.raises(Unauthorized):
        desk.sessions.authenticate(foreign.issue(1, "admin", "j", desk.clock.time_ms))
    ours = Tokens(secret="s" * 32, issuer="rialto", audience="rialto", lifetime_s=LIFETIME_S)
    with pytest.raises(Unauthorized):
        desk.sessions.authenticate(ours.issue(99, "admin", "j", desk.clock.time_ms))


async def test_the_role_is_the_present_one_not_the_token_s() -> None:
    desk = await open_desk()
    user_id = await desk.register()
    token = await desk.log_in()
    await desk.sessions.set_role(user_id, Role.ADMIN, ACTION)
    assert desk.sessions.authenticate(token).role is Role.ADMIN
    assert (await desk.again()).sessions.authenticate(token).role is Role.ADMIN


async def test_suspended_users_are_kept_out_until_restored() -> None:
    desk = await open_desk()
    user_id = await desk.register()
    token = await desk.log_in()
    await desk.sessions.suspend(user_id, ACTION)
    for suspended in (desk, await desk.again()):
        with pytest.raises(Suspended):
            suspended.sessions.authenticate(token)
        with pytest.raises(Suspended):
            await suspended.log_in()
        with pytest.raises(Unauthorized):  # who does not know the password does not hear of it
            await suspended.log_in(password="wrong password")
    await desk.sessions.restore(user_id, ACTION)
    assert desk.sessions.authenticate(token).user_id == user_id


@pytest.mark.parametrize("change", ["set_role", "suspend", "restore"])
async def test_changes_that_may_be_lost_are_unknown(change: str, monkeypatch: pytest.MonkeyPatch) -> None:
    desk = await open_desk()
    user_id = await desk.register()
    monkeypatch.setattr(desk.storage.identity, "set_role", away)
    monkeypatch.setattr(desk.storage.identity, "set_state", away)
    arguments = (user_id, Role.ADMIN, ACTION) if change == "set_role" else (user_id, ACTION)
    with pytest.raises(Rejected, match="UNKNOWN"):
        await getattr(desk.sessions, change)(*arguments)
    member = desk.sessions.member(user_id)
    assert member is not None
    assert (member.role, member.suspended) == (Role.USER, False)


async def test_a_registration_that_may_be_lost_is_unknown_and_known_at_the_log_in(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    desk = await open_desk()
    monkeypatch.setattr(desk.storage.identity, "create_user", after(desk.storage.identity.create_user))
    with pytest.raises(Rejected, match="UNKNOWN"):
        await desk.register()
    assert desk.sessions.member_by_name("alice") is None
    assert desk.sessions.authenticate(await desk.log_in()).username == "alice"
    with pytest.raises(Rejected, match="CONFLICT"):
        await desk.register("Alice")


async def test_two_who_want_one_name_at_once() -> None:
    """The table's constraint is the judge."""
    desk = await open_desk()
    outcomes: list[str] = []

    async def register(name: str) -> None:
        try:
            await desk.register(name)
            outcomes.append("in")
        except Rejected as rejected:
            outcomes.append(rejected.code.value)

    async with trio.open_nursery() as nursery:
        for name in ("alice", "ALICE", "Alice"):
            nursery.start_soon(register, name)
    assert sorted(outcomes) == ["CONFLICT", "CONFLICT", "in"]


async def test_an_unknown_name_costs_a_hash_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """Otherwise the time would tell which names there are."""
    desk = await open_desk()
    await desk.register()
    verified: list[str] = []
    verify = desk.hasher.verify

    async def counted(password: str, password_hash: str) -> bool:
        verified.append(password_hash)
        return await verify(password, password_hash)

    monkeypatch.setattr(desk.hasher, "verify", counted)
    for name in ("alice", "nobody"):
        with pytest.raises(Unauthorized, match="wrong username or password"):
            await desk.log_in(name, "wrong password")
    assert len(verified) == 2
    assert "" not in verified


async def test_too_many_at_once_is_429(monkeypatch: pytest.MonkeyPatch) -> None:
    desk = await open_desk()

    async def full(*_: str) -> Any:
        await trio.lowlevel.checkpoint()
        raise HashingBusy

    monkeypatch.setattr(desk.hasher, "hash", full)
    with pytest.raises(Rejected, match="TOO_MANY_REQUESTS"):
        await desk.register()


async def test_who_guesses_waits_and_the_wait_ends() -> None:
    desk = await open_desk()
    await desk.register()
    for _ in range(4):
        with pytest.raises(Unauthorized):
            await desk.log_in(password="wrong password")
    with pytest.raises(Rejected, match="TOO_MANY_REQUESTS") as caught:
        await desk.log_in()
    assert caught.value.retry_after_s == 1
    desk.clock.time_ms += 1_000
    await desk.log_in()


async def test_a_log_in_without_its_note_is_a_log_in(monkeypatch: pytest.MonkeyPatch) -> None:
    desk = await open_desk()
    await desk.register()
    monkeypatch.setattr(desk.storage.identity, "record_login", away)
    assert desk.sessions.authenticate(await desk.log_in()).username == "alice"


# Who hears of an end


@asynccontextmanager
async def watching(desk: Desk, *callers: Caller) -> AsyncIterator[list[str]]:
    """Wait for the ends of sessions; what is still open after the block is cancelled."""
    reasons = ["still open"] * len(callers)

    async def watch(place: int) -> None:
        reasons[place] = await desk.sessions.ended(callers[place])

    async with trio.open_nursery() as nursery:
        for place in range(len(callers)):
            nursery.start_soon(watch, place)
        await wait_all_tasks_blocked()
        yield reasons
        await wait_all_tasks_blocked()
        nursery.cancel_scope.cancel()
    assert len(desk.sessions._watches) == 0


async def test_a_log_out_ends_the_sockets_of_that_token() -> None:
    desk = await open_desk()
    first = await desk.enter()
    second = desk.sessions.authenticate(await desk.log_in())
    other = await desk.enter("bob")
    async with watching(desk, first, first, second, other) as reasons:
        await desk.sessions.log_out(first)
    assert reasons == ["logged out", "logged out", "still open", "still open"]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda desk, user_id: desk.sessions.suspend(user_id, ACTION), "the account is suspended"),
        (lambda desk, user_id: desk.sessions.set_role(user_id, Role.ADMIN, ACTION), "the role has changed"),
        (lambda desk, user_id: desk.sessions.set_role(user_id, Role.USER, ACTION), "still open"),
        (lambda desk, user_id: desk.sessions.restore(user_id, ACTION), "still open"),
    ],
)
async def test_changes_end_all_sockets_of_a_user(change: Callable[[Desk, int], Any], reason: str) -> None:
    desk = await open_desk()
    caller, other = await desk.enter(), await desk.enter("bob")
    async with watching(desk, caller, other) as reasons:
        await change(desk, caller.user_id)
    assert reasons == [reason, "still open"]


async def test_a_session_that_is_over_already_ends_at_once() -> None:
    """Between the handshake and the first wait there is time for a log-out."""
    desk = await open_desk()
    caller = await desk.enter()
    await desk.sessions.log_out(caller)
    with trio.fail_after(1):
        assert await desk.sessions.ended(caller) == "the session has ended"


async def test_expiry_ends_a_session(autojump_clock: MockClock) -> None:
    desk = await open_desk()
    caller = await desk.enter()
    before = trio.current_time()
    assert await desk.sessions.ended(caller) == "the token has expired"
    assert trio.current_time() - before == pytest.approx(LIFETIME_S)
