"""Members: two ways into one user, also when an answer was lost, and after a restart."""

from typing import Any

import pytest
import trio

from gateway.answers import Rejected
from gateway.identity.caller import Role
from gateway.identity.members import Member
from tests.gateway.identity.desks import Desk, after, away, open_desk
from tests.gateway.wallets import ANNA, BEN

pytestmark = pytest.mark.trio

CREDENTIALS = ("anna", "anna@example.com", "hash")
ANNAS, BENS = ANNA.address.lower(), BEN.address.lower()


async def outcome(work: Any) -> str:
    try:
        await work
    except Rejected as rejected:
        return str(rejected)
    return "done"


async def ways_in(desk: Desk) -> list[tuple[int | None, int]]:
    """Which users name and wallet lead to, as now and after a restart; None for no such name."""
    found = []
    for sessions in (desk.sessions, (await desk.again()).sessions):
        named, owner = sessions.member_by_name("anna"), await sessions.members.of_wallet(ANNAS, 0)
        found.append((None if named is None else named.user_id, owner.user_id))
    return found


async def test_a_wallet_is_a_user_from_its_first_log_in_on() -> None:
    desk = await open_desk()
    members = desk.sessions.members
    anna, ben = await members.of_wallet(ANNAS, 5), await members.of_wallet(BENS, 6)
    assert (anna.user_id, ben.user_id, len(members)) == (1, 2, 2)
    assert await members.of_wallet(ANNAS, 7) is anna
    assert (anna.username, anna.address, anna.role, anna.suspended) == (None, ANNAS, Role.USER, False)
    record = await members.record(1)
    assert (record.username, record.email, record.password_hash, record.address) == (None, None, None, ANNAS)
    assert (record.state, record.created_ms) == ("active", 5)


async def test_who_comes_with_one_wallet_twice_at_once_is_one_user() -> None:
    desk = await open_desk()
    found: list[Member] = []

    async def come() -> None:
        found.append(await desk.sessions.members.of_wallet(ANNAS, 0))

    async with trio.open_nursery() as nursery:
        for _ in range(5):
            nursery.start_soon(come)
    assert {member.user_id for member in found} == {1}
    assert len(desk.sessions) == 1


async def test_a_first_log_in_whose_answer_was_lost_is_the_same_user_later(monkeypatch: pytest.MonkeyPatch) -> None:
    desk = await open_desk()
    with monkeypatch.context() as patch:
        patch.setattr(desk.storage.identity, "create_wallet_user", after(desk.storage.identity.create_wallet_user))
        assert (await outcome(desk.sessions.members.of_wallet(ANNAS, 0))).startswith("UNKNOWN")
    assert (await desk.sessions.members.of_wallet(ANNAS, 0)).user_id == 1
    assert len(await desk.storage.identity.users()) == 1


async def test_a_user_adds_a_wallet() -> None:
    desk = await open_desk()
    await desk.register("anna")
    await desk.sessions.members.add_wallet(1, ANNAS)
    await desk.sessions.members.add_wallet(1, ANNAS)  # the answer may not have come
    assert await ways_in(desk) == [(1, 1), (1, 1)]


async def test_a_wallet_s_user_adds_a_name() -> None:
    desk = await open_desk()
    await desk.sessions.members.of_wallet(ANNAS, 0)
    await desk.sessions.members.add_password(1, *CREDENTIALS)
    assert await ways_in(desk) == [(1, 1), (1, 1)]
    record = await desk.sessions.user(1)
    assert (record.username, record.email, record.password_hash, record.address) == (*CREDENTIALS, ANNAS)


async def test_a_wallet_that_is_somebody_is_not_added() -> None:
    desk = await open_desk()
    await desk.register("anna")
    await desk.sessions.members.of_wallet(ANNAS, 0)
    said = await outcome(desk.sessions.members.add_wallet(1, ANNAS))
    assert said.startswith("CONFLICT: this wallet has a user of its own already: log in with it")
    assert await ways_in(desk) == [(1, 2), (1, 2)]


async def test_a_second_wallet_is_not_added() -> None:
    desk = await open_desk()
    await desk.register("anna")
    await desk.sessions.members.add_wallet(1, ANNAS)
    said = await outcome(desk.sessions.members.add_wallet(1, BENS))
    assert said == f"CONFLICT: this account has a wallet already, {ANNA.address}, and keeps it"
    assert (await desk.sessions.members.of_wallet(BENS, 0)).user_id == 2


async def test_a_name_that_is_taken_is_not_added() -> None:
    desk = await open_desk()
    await desk.register("ANNA")
    await desk.sessions.members.of_wallet(ANNAS, 0)
    said = await outcome(desk.sessions.members.add_password(2, *CREDENTIALS))
    assert said == "CONFLICT: the username anna is taken"
    assert (await desk.sessions.user(2)).username is None
    assert await ways_in(desk) == [(1, 2), (1, 2)]


async def test_a_second_name_is_not_added() -> None:
    desk = await open_desk()
    await desk.sessions.members.of_wallet(ANNAS, 0)
    await desk.sessions.members.add_password(1, *CREDENTIALS)
    said = await outcome(desk.sessions.members.add_password(1, "other", "other@example.com", "hash"))
    assert said.startswith("CONFLICT: this account has a username and a password already")
    assert desk.sessions.member_by_name("other") is None


async def test_a_joining_whose_answer_was_lost_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """Asked again it is done already, or told so; and either way in leads to the same user."""
    desk = await open_desk()
    members, identity = desk.sessions.members, desk.storage.identity
    await desk.register("ben")
    await members.of_wallet(ANNAS, 0)
    with monkeypatch.context() as patch:
        patch.setattr(identity, "set_address", after(identity.set_address))
        patch.setattr(identity, "set_credentials", after(identity.set_credentials))
        assert (await outcome(members.add_wallet(1, BENS))).startswith("UNKNOWN")
        assert (await outcome(members.add_password(2, *CREDENTIALS))).startswith("UNKNOWN")
    assert (await members.of_wallet(BENS, 0)).user_id == 1
    assert await outcome(members.add_wallet(1, BENS)) == "done"
    assert (await outcome(members.add_password(2, *CREDENTIALS))).startswith("CONFLICT: this account has a username")
    assert await ways_in(desk) == [(2, 2), (2, 2)]


@pytest.mark.parametrize("tries", [[(1, ANNAS), (2, ANNAS)], [(1, ANNAS), (1, BENS)]])
async def test_of_two_joinings_at_once_one_is_done(tries: list[tuple[int, str]]) -> None:
    desk = await open_desk()
    members = desk.sessions.members
    await desk.register("one")
    await desk.register("two")
    said: list[str] = []

    async def join(user_id: int, address: str) -> None:
        said.append((await outcome(members.add_wallet(user_id, address)))[:8])

    async with trio.open_nursery() as nursery:
        for user_id, address in tries:
            nursery.start_soon(join, user_id, address)
    assert sorted(said) == ["CONFLICT", "done"]
    for user in await desk.storage.identity.users():
        assert members.find(user.user_id).address == user.address


async def test_nothing_is_known_that_was_not_written(monkeypatch: pytest.MonkeyPatch) -> None:
    desk = await open_desk()
    members = desk.sessions.members
    await desk.register("anna")
    monkeypatch.setattr(desk.storage.identity, "set_address", away)
    assert (await outcome(members.add_wallet(1, ANNAS))).startswith("UNKNOWN")
    assert members.find(1).address is None


async def test_how_somebody_is_called() -> None:
    desk = await open_desk()
    members = desk.sessions.members
    member = await members.of_wallet(ANNAS, 0)
    assert (member.name, member.shown_address) == (ANNA.address, ANNA.address)
    await members.add_password(1, *CREDENTIALS)
    assert (member.name, member.shown_address) == ("anna", ANNA.address)
    await desk.register("ben")
    assert (members.find(2).name, members.find(2).shown_address) == ("ben", None)


async def test_nobody_is_not_found() -> None:
    desk = await open_desk()
    assert desk.sessions.member(9) is None
    with pytest.raises(Rejected, match="NOT_FOUND"):
        desk.sessions.members.find(9)
    with pytest.raises(Rejected, match="NOT_FOUND"):
        await desk.sessions.user(9)
