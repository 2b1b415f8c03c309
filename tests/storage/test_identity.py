"""Users, tokens and admin actions, on both storages."""

import msgspec
import pytest

from engine.ledger.records import AdminAction
from storage.interface import AddressTaken, NameTaken
from tests.storage.conftest import Open
from tests.storage.entries import NOW_MS

ANNA, BEN, CARL = (f"0x{digit * 40}" for digit in "abc")


@pytest.mark.trio
async def test_a_user_is_found_by_id_and_by_name_without_case(opened: Open) -> None:
    async with opened() as storage:
        identity = storage.identity
        alice = await identity.create_user("Alice", "a@example.org", "hash", "user", NOW_MS)
        assert alice.user_id > 0
        assert (alice.username, alice.email, alice.password_hash) == ("Alice", "a@example.org", "hash")
        assert (alice.role, alice.state, alice.created_ms, alice.last_login_ms) == ("user", "active", NOW_MS, None)
        assert alice.address is None
        assert await identity.user_by_name("aLICE") == alice
        assert await identity.user(alice.user_id) == alice
        assert await identity.user_by_name("bob") is None
        assert await identity.user(alice.user_id + 1) is None


@pytest.mark.trio
async def test_a_name_is_given_once_whatever_its_case(opened: Open) -> None:
    async with opened() as storage:
        identity = storage.identity
        alice = await identity.create_user("alice", "a@example.org", "hash", "user", NOW_MS)
        with pytest.raises(NameTaken):
            await identity.create_user("ALICE", "other@example.org", "hash", "user", NOW_MS)
        bob = await identity.create_user("bob", "a@example.org", "hash", "admin", NOW_MS)
        assert await identity.users() == [alice, bob]
        assert bob.user_id > alice.user_id


@pytest.mark.trio
async def test_names_differ_by_case_outside_ascii(opened: Open) -> None:
    async with opened() as storage:
        lower = await storage.identity.create_user("åse", "", "hash", "user", NOW_MS)
        upper = await storage.identity.create_user("Åse", "", "hash", "user", NOW_MS)
        assert await storage.identity.user_by_name("åSE") == lower
        assert await storage.identity.user_by_name("ÅSE") == upper


@pytest.mark.trio
async def test_a_wallet_is_a_user_without_a_name(opened: Open) -> None:
    async with opened() as storage:
        identity = storage.identity
        anna = await identity.create_wallet_user(ANNA, "user", NOW_MS)
        assert (anna.username, anna.email, anna.password_hash, anna.address) == (None, None, None, ANNA)
        assert (anna.role, anna.state, anna.created_ms, anna.last_login_ms) == ("user", "active", NOW_MS, None)
        ben = await identity.create_wallet_user(BEN, "user", NOW_MS)
        assert await identity.user_by_address(ANNA) == anna
        assert await identity.user(anna.user_id) == anna
        assert await identity.users() == [anna, ben]
        assert await identity.user_by_address(ANNA.upper()) is None  # they are kept in lower case
        assert await identity.user_by_name("") is None
        with pytest.raises(AddressTaken):
            await identity.create_wallet_user(ANNA, "user", NOW_MS)


@pytest.mark.trio
async def test_a_name_and_a_wallet_are_joined_once(opened: Open) -> None:
    async with opened() as storage:
        identity = storage.identity
        alice = await identity.create_user("alice", "a@example.org", "hash", "user", NOW_MS)
        ben = await identity.create_wallet_user(BEN, "user", NOW_MS)
        carol = await identity.create_user("carol", "c@example.org", "hash", "user", NOW_MS)
        await identity.set_address(alice.user_id, ANNA)
        await identity.set_address(alice.user_id, ANNA)  # the same again is nothing new
        await identity.set_credentials(ben.user_id, "ben", "b@example.org", "other hash")
        joined = msgspec.structs.replace(alice, address=ANNA)
        assert await identity.user_by_address(ANNA) == await identity.user_by_name("alice") == joined
        whole = msgspec.structs.replace(ben, username="ben", email="b@example.org", password_hash="other hash")
        assert await identity.user_by_address(BEN) == await identity.user_by_name("BEN") == whole
        assert await identity.users() == [joined, whole, carol]


@pytest.mark.trio
async def test_what_is_somebody_s_is_given_to_nobody_else(opened: Open) -> None:
    async with opened() as storage:
        identity = storage.identity
        alice = await identity.create_user("alice", "a@example.org", "hash", "user", NOW_MS)
        anna = await identity.create_wallet_user(ANNA, "user", NOW_MS)
        await identity.set_address(alice.user_id, BEN)
        before = await identity.users()
        for user_id, address in ((alice.user_id, ANNA), (alice.user_id, CARL), (anna.user_id, BEN)):
            with pytest.raises(AddressTaken):
                await identity.set_address(user_id, address)
        for user_id, name in ((anna.user_id, "ALICE"), (alice.user_id, "alice"), (alice.user_id, "other")):
            with pytest.raises(NameTaken):
                await identity.set_credentials(user_id, name, "", "hash")
        with pytest.raises(NameTaken):
            await identity.create_user("Alice", "", "hash", "user", NOW_MS)
        assert await identity.users() == before


@pytest.mark.trio
async def test_changes_of_a_user_stay_and_touch_no_other(opened: Open) -> None:
    async with opened() as storage:
        identity = storage.identity
        alice = await identity.create_user("alice", "", "hash", "user", NOW_MS)
        bob = await identity.create_user("bob", "", "hash", "user", NOW_MS)
        await identity.set_password(alice.user_id, "new hash")
        await identity.record_login(alice.user_id, NOW_MS + 1)
        await identity.set_role(alice.user_id, "admin", action("set role"))
        await identity.set_state(alice.user_id, "suspended", action("suspend"))
        assert await identity.user(alice.user_id) == msgspec.structs.replace(
            alice, password_hash="new hash", last_login_ms=NOW_MS + 1, role="admin", state="suspended"
        )
        assert await identity.user(bob.user_id) == bob
        assert [done.action for done in await identity.admin_actions(None, 10)] == ["suspend", "set role"]


@pytest.mark.trio
async def test_a_change_of_nobody_is_an_error_and_leaves_no_audit_row(opened: Open) -> None:
    async with opened() as storage:
        identity = storage.identity
        with pytest.raises(LookupError):
            await identity.set_password(404, "hash")
        with pytest.raises(LookupError):
            await identity.record_login(404, NOW_MS)
        with pytest.raises(LookupError):
            await identity.set_address(404, ANNA)
        with pytest.raises(LookupError):
            await identity.set_credentials(404, "nobody", "", "hash")
        with pytest.raises(LookupError):
            await identity.set_role(404, "admin", action("set role"))
        with pytest.raises(LookupError):
            await identity.set_state(404, "suspended", action("suspend"))
        assert await identity.admin_actions(None, 10) == []


@pytest.mark.trio
async def test_admin_actions_are_numbered_and_paged_newest_first(opened: Open) -> None:
    async with opened() as storage:
        identity = storage.identity
        for word in ("halt", "resume", "halt again"):
            await identity.write_admin_action(action(word))
        third, second, first = await identity.admin_actions(None, 10)
        assert first == msgspec.structs.replace(action("halt"), action_id=first.action_id)
        assert 0 < first.action_id < second.action_id < third.action_id
        assert await identity.admin_actions(third.action_id, 1) == [second]
        assert await identity.admin_actions(first.action_id, 10) == []


@pytest.mark.trio
async def test_a_revoked_token_is_listed_until_it_expires(opened: Open) -> None:
    async with opened() as storage:
        identity = storage.identity
        await identity.revoke_token("b", NOW_MS + 10)
        await identity.revoke_token("a", NOW_MS + 20)
        await identity.revoke_token("a", NOW_MS + 20)
        assert await identity.revoked_tokens(NOW_MS) == {"a": NOW_MS + 20, "b": NOW_MS + 10}
        assert await identity.revoked_tokens(NOW_MS + 10) == {"a": NOW_MS + 20}
        assert await identity.revoked_tokens(NOW_MS + 20) == {}


@pytest.mark.trio
async def test_revoked_tokens_are_forgotten_when_asked_to(opened: Open) -> None:
    async with opened() as storage:
        identity = storage.identity
        for number in range(5):
            await identity.revoke_token(f"token {number}", NOW_MS + number)
        await identity.forget_revoked(NOW_MS + 3)
        assert set(await identity.revoked_tokens(0)) == {"token 3", "token 4"}


def action(word: str) -> AdminAction:
    return AdminAction(0, 1, word, "BTC_USDT", '{"reason": "a \\u0000 test"}', NOW_MS)
