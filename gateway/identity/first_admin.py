"""The administrator that every Rialto has: somebody must be able to give the others their roles."""

from actors.clock import Clock
from engine.ledger.records import AdminAction
from gateway.identity.caller import Role
from gateway.identity.members import ACTIVE
from gateway.identity.passwords import PasswordHasher
from storage.interface import Identity, UserRecord

FIRST_EMAIL = "admin@localhost"
OPERATOR = 0  # who did it, in the audit table: whoever starts the process


async def ensure_admin(
    identity: Identity, hasher: PasswordHasher, clock: Clock, *, username: str, password: str, insist: bool
) -> UserRecord:
    """Make the administrator if there is none of this name; called before the sessions are loaded.

    `insist`: the operator has set this password, so it is the administrator's at every start, and who has it is let in
    whatever other administrators did. Otherwise it is only for the first start.
    """
    user = await identity.user_by_name(username)
    if user is None:
        password_hash = await hasher.hash(password)
        return await identity.create_user(username, FIRST_EMAIL, password_hash, Role.ADMIN.value, clock.now_ms())
    if insist:
        if user.password_hash is None or not await hasher.verify(password, user.password_hash):
            await identity.set_password(user.user_id, await hasher.hash(password))
        if user.role != Role.ADMIN.value:
            await identity.set_role(user.user_id, Role.ADMIN.value, _action("set_role", user, clock))
        if user.state != ACTIVE:
            await identity.set_state(user.user_id, ACTIVE, _action("restore", user, clock))
    return user


def _action(action: str, user: UserRecord, clock: Clock) -> AdminAction:
    return AdminAction(0, OPERATOR, action, f"user {user.user_id}", '{"reason":"ADMIN_PASSWORD"}', clock.now_ms())
