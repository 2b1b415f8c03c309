"""There is always an administrator."""

import pytest

from engine.ledger.records import AdminAction
from gateway.identity.first_admin import ensure_admin
from storage.interface import UserRecord
from storage.memory import MemoryStorage
from tests.actors.exchanges import TickingClock
from tests.gateway.houses import PlainHasher

pytestmark = pytest.mark.trio


async def ensure(storage: MemoryStorage, password: str, *, insist: bool) -> UserRecord:
    await ensure_admin(
        storage.identity, PlainHasher(), TickingClock(), username="admin", password=password, insist=insist
    )
    user = await storage.identity.user_by_name("admin")
    assert user is not None
    return user


@pytest.mark.parametrize("insist", [True, False])
async def test_the_first_start_makes_one(insist: bool) -> None:
    user = await ensure(MemoryStorage(), "first password", insist=insist)
    assert (user.username, user.role, user.state) == ("admin", "admin", "active")
    assert user.password_hash == "plain:first password"


async def test_a_password_that_was_made_once_is_not_made_again() -> None:
    """Whoever changed it since has the newer word."""
    storage = MemoryStorage()
    user = await ensure(storage, "first password", insist=False)
    await storage.identity.set_password(user.user_id, "plain:a better one")
    assert (await ensure(storage, "first password", insist=False)).password_hash == "plain:a better one"


async def test_an_operator_s_password_is_set_at_every_start() -> None:
    """And lets the operator in, whatever happened: that is how one gets back into a house that locked one out."""
    storage = MemoryStorage()
    user = await ensure(storage, "first password", insist=False)
    action = AdminAction(0, 2, "suspend", "user 1", "{}", 0)
    await storage.identity.set_state(user.user_id, "suspended", action)
    await storage.identity.set_role(user.user_id, "user", action)
    user = await ensure(storage, "second password", insist=True)
    assert (user.role, user.state, user.password_hash) == ("admin", "active", "plain:second password")
    actions = await storage.identity.admin_actions(None, 10)
    assert [(row.action, row.admin_id) for row in actions[:2]] == [("restore", 0), ("set_role", 0)]


async def test_nothing_is_written_when_all_is_well() -> None:
    storage = MemoryStorage()
    first = await ensure(storage, "first password", insist=True)
    assert await ensure(storage, "first password", insist=True) == first
    assert await storage.identity.admin_actions(None, 10) == []
