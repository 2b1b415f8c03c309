"""Sessions by wallet, sessions of guests, and tokens that open sockets into a session."""

import msgspec
import pytest
import trio
from msgspec.structs import replace

from engine.refusals import Refusal
from gateway.answers import Rejected
from gateway.context import Caller
from gateway.identity.caller import Role
from gateway.identity.nonces import LIFETIME_S as NONCE_S
from gateway.identity.nonces import OUTSTANDING_MAX
from gateway.identity.passwords import HashingBusy
from gateway.identity.refusals import Suspended, Unauthorized, not_for_visitors
from gateway.identity.sessions import GUEST_LIFETIME_S, SOCKET_TOKEN_LIFETIME_S, GuestSession
from gateway.statuses import Problem
from tests.gateway.houses import PASSWORD
from tests.gateway.identity.desks import ACTION, Desk, away, open_desk
from tests.gateway.wallets import ANNA, BEN

pytestmark = pytest.mark.trio

DAY_S = 24 * 3_600


# Wallets


async def test_a_signature_is_a_log_in() -> None:
    desk = await open_desk()
    login = await desk.sessions.log_in_wallet(await desk.prove(ANNA))
    caller = desk.sessions.authenticate(login.token, "192.0.2.9")
    assert (caller.user_id, caller.username, caller.role) == (1, None, Role.USER)
    assert (caller.address, caller.is_visitor, caller.has_session) == ("192.0.2.9", False, True)
    assert (login.user.shown_address, login.expires_in_s) == (ANNA.address, 60)
    assert (await desk.sessions.user(1)).last_login_ms == desk.clock.time_ms
    assert (await desk.enter_wallet(ANNA)).user_id == 1
    assert (await desk.enter_wallet(BEN)).user_id == 2
    again = await desk.again()
    assert again.sessions.authenticate(login.token).user_id == 1
    assert (await again.enter_wallet(BEN)).user_id == 2


async def test_a_proof_is_good_once() -> None:
    desk = await open_desk()
    proof = await desk.prove(ANNA)
    await desk.sessions.log_in_wallet(proof)
    with pytest.raises(Unauthorized, match="nonce has been used"):
        await desk.sessions.log_in_wallet(proof)


async def test_of_ten_who_send_one_proof_at_once_one_is_let_in() -> None:
    desk = await open_desk()
    proof = await desk.prove(ANNA)
    outcomes: list[str] = []

    async def log_in() -> None:
        try:
            await desk.sessions.log_in_wallet(proof)
            outcomes.append("in")
        except Unauthorized:
            outcomes.append("out")

    async with trio.open_nursery() as nursery:
        for _ in range(10):
            nursery.start_soon(log_in)
    assert sorted(outcomes) == ["in"] + ["out"] * 9


async def test_a_nonce_expires() -> None:
    desk = await open_desk()
    proof = await desk.prove(ANNA)
    desk.clock.time_ms += 1_000 * NONCE_S
    with pytest.raises(Unauthorized, match="expired"):
        await desk.sessions.log_in_wallet(proof)


async def test_somebody_else_s_attempts_do_not_keep_the_owner_out() -> None:
    """Who knows the nonce, or asks for as many as he likes, uses up nothing of hers."""
    desk = await open_desk()
    proof = await desk.prove(ANNA)
    for _ in range(3 * OUTSTANDING_MAX):
        await desk.prove(ANNA, asker="198.51.100.7")
        with pytest.raises(Unauthorized, match="not the wallet's signature"):
            await desk.sessions.log_in_wallet(replace(proof, signature=BEN.sign(proof.message)))
        with pytest.raises(Rejected, match="MALFORMED"):
            await desk.sessions.log_in_wallet(replace(proof, signature=proof.signature[:-2] + "02"))
        with pytest.raises(Unauthorized):
            await desk.sessions.log_in_wallet(replace(proof, address=BEN.address))
    assert (await desk.sessions.log_in_wallet(proof)).user.address == ANNA.address.lower()
    assert len(desk.sessions) == 1


async def test_a_nonce_of_another_wallet_is_none() -> None:
    desk = await open_desk()
    nonce = await desk.sessions.nonces.give(BEN.address.lower(), "192.0.2.1")
    with pytest.raises(Unauthorized, match="not given for this wallet"):
        await desk.sessions.log_in_wallet(ANNA.proof(nonce))
    assert len(desk.sessions) == 0


async def test_a_nonce_that_nobody_gave_is_none() -> None:
    desk = await open_desk()
    with pytest.raises(Unauthorized, match="not given"):
        await desk.sessions.log_in_wallet(ANNA.proof("123e4567-e89b-42d3-a456-426614174000"))


async def test_the_signature_of_another_nonce_s_message_is_not_of_this_one() -> None:
    desk = await open_desk()
    one, other = await desk.prove(ANNA), await desk.prove(ANNA)
    with pytest.raises(Unauthorized, match="not the wallet's signature"):
        await desk.sessions.log_in_wallet(replace(one, message=other.message))
    await desk.sessions.log_in_wallet(one)
    await desk.sessions.log_in_wallet(other)


async def test_the_address_is_read_in_any_case_but_a_wrong_one() -> None:
    desk = await open_desk()
    for address in (ANNA.address.lower(), f"0x{ANNA.address[2:].upper()}", ANNA.address):
        login = await desk.sessions.log_in_wallet(replace(await desk.prove(ANNA), address=address))
        assert login.user.user_id == 1
    with pytest.raises(Rejected, match=r"MALFORMED.*checksum"):
        await desk.sessions.log_in_wallet(replace(await desk.prove(ANNA), address=ANNA.address.swapcase()))


async def test_a_suspended_wallet_is_kept_out_and_a_stranger_does_not_hear_of_it() -> None:
    desk = await open_desk()
    caller = await desk.enter_wallet(ANNA)
    await desk.sessions.suspend(caller.user_id, ACTION)
    for suspended in (desk, await desk.again()):
        with pytest.raises(Suspended):
            await suspended.sessions.log_in_wallet(await suspended.prove(ANNA))
        proof = await suspended.prove(ANNA)
        with pytest.raises(Unauthorized):
            await suspended.sessions.log_in_wallet(replace(proof, signature=BEN.sign(proof.message)))


async def test_a_log_in_without_its_note_is_a_log_in(monkeypatch: pytest.MonkeyPatch) -> None:
    desk = await open_desk()
    await desk.enter_wallet(ANNA)
    for name in ("record_login", "create_wallet_user", "user_by_address"):
        monkeypatch.setattr(desk.storage.identity, name, away)
    assert (await desk.enter_wallet(ANNA)).user_id == 1  # the database is not asked
    with pytest.raises(Rejected, match="UNKNOWN"):
        await desk.enter_wallet(BEN)


# Joining


async def test_both_ways_lead_to_the_user_who_joined_them() -> None:
    desk = await open_desk()
    anna = await desk.enter_wallet(ANNA)
    ben = await desk.enter("ben")
    await desk.sessions.add_password(anna.user_id, "anna", "anna@example.com", PASSWORD)
    await desk.sessions.add_wallet(ben.user_id, await desk.prove(BEN))
    for joined in (desk, await desk.again()):
        for name, wallet, user_id in (("anna", ANNA, anna.user_id), ("ben", BEN, ben.user_id)):
            assert joined.sessions.authenticate(await joined.log_in(name)).user_id == user_id
            assert (await joined.enter_wallet(wallet)).user_id == user_id
    assert len(desk.sessions) == 2


async def test_joining_takes_a_proof_of_one_s_own() -> None:
    desk = await open_desk()
    ben = await desk.enter("ben")
    proof = await desk.prove(BEN)
    with pytest.raises(Unauthorized, match="not the wallet's signature"):
        await desk.sessions.add_wallet(ben.user_id, replace(proof, signature=ANNA.sign(proof.message)))
    await desk.sessions.add_wallet(ben.user_id, proof)
    with pytest.raises(Unauthorized, match="has been used"):
        await desk.sessions.add_wallet(ben.user_id, proof)
    with pytest.raises(Unauthorized, match="has been used"):
        await desk.sessions.log_in_wallet(proof)


async def test_who_has_a_name_or_wants_a_taken_one_costs_no_hash(monkeypatch: pytest.MonkeyPatch) -> None:
    desk = await open_desk()
    await desk.register("ben")
    anna = await desk.enter_wallet(ANNA)
    monkeypatch.setattr(desk.hasher, "hash", away)
    with pytest.raises(Rejected, match=r"CONFLICT: the username Ben is taken"):
        await desk.sessions.add_password(anna.user_id, "Ben", "ben@example.com", PASSWORD)
    with pytest.raises(Rejected, match=r"CONFLICT: this account has a username"):
        await desk.sessions.add_password(1, "benjamin", "ben@example.com", PASSWORD)


async def test_too_many_passwords_at_once_are_429(monkeypatch: pytest.MonkeyPatch) -> None:
    desk = await open_desk()
    anna = await desk.enter_wallet(ANNA)

    async def full(_: str) -> str:
        await trio.lowlevel.checkpoint()
        raise HashingBusy

    monkeypatch.setattr(desk.hasher, "hash", full)
    with pytest.raises(Rejected, match="TOO_MANY_REQUESTS"):
        await desk.sessions.add_password(anna.user_id, "anna", "anna@example.com", PASSWORD)
    assert desk.sessions.member_by_name("anna") is None


async def test_nobody_logs_in_with_the_password_of_a_wallet() -> None:
    """It has none: not an empty one either."""
    desk = await open_desk()
    await desk.enter_wallet(ANNA)
    for name in (ANNA.address, ANNA.address.lower(), "", "None"):
        for password in ("", "None", PASSWORD):
            with pytest.raises(Unauthorized, match="wrong username or password"):
                await Desk(desk.storage, desk.clock).log_in(name, password)


# Guests


async def test_a_guest_is_a_visitor_with_a_session() -> None:
    desk = await open_desk()
    guest = await desk.sessions.open_guest()
    assert (guest.user_id, guest.username, guest.role) == (0, None, Role.GUEST)
    assert (guest.is_visitor, guest.has_session) == (True, True)
    assert (guest.issued_ms, guest.expires_ms) == (desk.clock.time_ms, desk.clock.time_ms + 1_000 * GUEST_LIFETIME_S)
    assert desk.sessions.authenticate_socket(guest.token) == guest
    assert (await desk.again()).sessions.authenticate(guest.token) == guest
    assert await desk.storage.identity.users() == []
    assert (await desk.sessions.open_guest()).token_id != guest.token_id


async def test_a_guest_s_session_is_in_the_cache_as_long_as_it_lives() -> None:
    desk = await open_desk()
    guest, leaver = await desk.sessions.open_guest(), await desk.sessions.open_guest()
    key = f"session:{guest.token}"
    kept = GuestSession(guest.token_id, guest.issued_ms, guest.expires_ms)
    assert await desk.cache.get(key) == msgspec.json.encode(kept)
    assert await desk.sessions.guest_session(guest) == kept
    await desk.cache.put(key, msgspec.json.encode(replace(kept, issued_ms=5)), 1_000 * GUEST_LIFETIME_S)
    assert (await desk.sessions.guest_session(guest)).issued_ms == 5, "what is kept is what is shown"
    await desk.sessions.log_out(leaver)
    assert await desk.cache.get(f"session:{leaver.token}") is None
    desk.clock.time_ms = guest.expires_ms - 1
    assert await desk.cache.get(key) is not None
    desk.sessions.authenticate(guest.token)
    desk.clock.time_ms += 1
    assert await desk.cache.get(key) is None
    with pytest.raises(Unauthorized, match="expired"):
        desk.sessions.authenticate(guest.token)


async def test_a_guest_logs_out_for_good_and_alone() -> None:
    desk = await open_desk()
    guest, other = await desk.sessions.open_guest(), await desk.sessions.open_guest()
    ends: list[str] = []

    async def watch(caller: Caller) -> None:
        ends.append(await desk.sessions.ended(caller))

    async with trio.open_nursery() as nursery:
        nursery.start_soon(watch, guest)
        nursery.start_soon(watch, other)
        await trio.testing.wait_all_tasks_blocked()
        await desk.sessions.log_out(guest)
        await trio.testing.wait_all_tasks_blocked()
        nursery.cancel_scope.cancel()
    assert ends == ["logged out"]
    assert await desk.sessions.ended(guest) == "the session has ended"
    for sessions in (desk.sessions, (await desk.again()).sessions):
        with pytest.raises(Unauthorized, match="logged out"):
            sessions.authenticate(guest.token)
        assert sessions.authenticate(other.token) == other


async def test_what_visitors_are_told() -> None:
    assert not_for_visitors(Caller(), "this is private").code is Problem.UNAUTHORIZED
    assert not_for_visitors(Caller(token_id="g", role=Role.GUEST), "this is private").code is Refusal.FORBIDDEN


# Tokens for sockets


async def test_a_socket_token_opens_sockets_and_nothing_else() -> None:
    desk = await open_desk(DAY_S)
    for caller in (await desk.enter(), await desk.enter_wallet(ANNA), await desk.sessions.open_guest()):
        token, expires_in_s = desk.sessions.socket_token(caller)
        assert expires_in_s == SOCKET_TOKEN_LIFETIME_S
        with pytest.raises(Unauthorized, match="opens WebSockets, and nothing else"):
            desk.sessions.authenticate(token)
        inside = desk.sessions.authenticate_socket(token)
        assert inside == replace(caller, token=token)  # the session's id and its end
        assert desk.sessions.authenticate_socket(caller.token) == caller


async def test_a_socket_token_is_short_lived_but_what_it_opened_is_not() -> None:
    desk = await open_desk(DAY_S)
    caller = await desk.enter()
    token, _ = desk.sessions.socket_token(caller)
    desk.clock.time_ms += 1_000 * SOCKET_TOKEN_LIFETIME_S - 1
    assert desk.sessions.authenticate_socket(token).expires_ms == caller.expires_ms
    desk.clock.time_ms += 1
    with pytest.raises(Unauthorized, match="expired"):
        desk.sessions.authenticate_socket(token)


async def test_a_socket_token_ends_with_its_session() -> None:
    desk = await open_desk(DAY_S)
    caller = await desk.enter()
    desk.clock.time_ms = caller.expires_ms - 5_000
    token, expires_in_s = desk.sessions.socket_token(caller)
    assert expires_in_s == 5
    desk.clock.time_ms = caller.expires_ms
    with pytest.raises(Unauthorized, match="expired"):
        desk.sessions.authenticate_socket(token)


async def test_the_end_of_the_session_is_the_end_of_what_a_socket_token_opened() -> None:
    desk = await open_desk(DAY_S)
    user = await desk.enter()
    guest = await desk.sessions.open_guest()
    for caller in (user, guest):
        token, _ = desk.sessions.socket_token(caller)
        inside = desk.sessions.authenticate_socket(token)
        reasons: list[str] = []

        async def watch(caller: Caller = inside, reasons: list[str] = reasons) -> None:
            reasons.append(await desk.sessions.ended(caller))

        async with trio.open_nursery() as nursery:
            nursery.start_soon(watch)
            await trio.testing.wait_all_tasks_blocked()
            await desk.sessions.log_out(caller)
        assert reasons == ["logged out"]
        with pytest.raises(Unauthorized, match="logged out"):
            desk.sessions.authenticate_socket(token)


async def test_a_suspended_user_s_socket_token_is_not_good() -> None:
    desk = await open_desk(DAY_S)
    caller = await desk.enter()
    token, _ = desk.sessions.socket_token(caller)
    await desk.sessions.suspend(caller.user_id, ACTION)
    with pytest.raises(Suspended):
        desk.sessions.authenticate_socket(token)
