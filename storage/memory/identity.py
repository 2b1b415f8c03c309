"""Users, revoked tokens and admin actions in memory."""

import trio
from msgspec.structs import replace

from storage.interface import AdminAction, NameTaken, UserRecord
from storage.memory.tables import Tables


class MemoryIdentity:
    """Identity on dicts."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    async def create_user(self, username: str, email: str, password_hash: str, role: str, now_ms: int) -> UserRecord:
        await trio.lowlevel.checkpoint()
        users = self._tables.users
        if any(_folded(user.username) == _folded(username) for user in users.values()):
            raise NameTaken(username)
        user = UserRecord(len(users) + 1, username, email, password_hash, role, "active", now_ms, None)
        users[user.user_id] = user
        return user

    async def user_by_name(self, username: str) -> UserRecord | None:
        await trio.lowlevel.checkpoint()
        return next((user for user in self._tables.users.values() if _folded(user.username) == _folded(username)), None)

    async def user(self, user_id: int) -> UserRecord | None:
        await trio.lowlevel.checkpoint()
        return self._tables.users.get(user_id)

    async def users(self) -> list[UserRecord]:
        await trio.lowlevel.checkpoint()
        return list(self._tables.users.values())

    async def set_password(self, user_id: int, password_hash: str) -> None:
        await trio.lowlevel.checkpoint()
        self._tables.users[user_id] = replace(self._tables.users[user_id], password_hash=password_hash)

    async def record_login(self, user_id: int, now_ms: int) -> None:
        await trio.lowlevel.checkpoint()
        self._tables.users[user_id] = replace(self._tables.users[user_id], last_login_ms=now_ms)

    async def set_role(self, user_id: int, role: str, action: AdminAction) -> None:
        await trio.lowlevel.checkpoint()
        self._tables.users[user_id] = replace(self._tables.users[user_id], role=role)
        self._tables.note(action)

    async def set_state(self, user_id: int, state: str, action: AdminAction) -> None:
        await trio.lowlevel.checkpoint()
        self._tables.users[user_id] = replace(self._tables.users[user_id], state=state)
        self._tables.note(action)

    async def write_admin_action(self, action: AdminAction) -> None:
        await trio.lowlevel.checkpoint()
        self._tables.note(action)

    async def admin_actions(self, before: int | None, limit: int) -> list[AdminAction]:
        await trio.lowlevel.checkpoint()
        newest_first = reversed(self._tables.admin_actions.values())
        return [action for action in newest_first if before is None or action.action_id < before][:limit]

    async def revoke_token(self, jti: str, expires_ms: int) -> None:
        await trio.lowlevel.checkpoint()
        self._tables.revoked_tokens.setdefault(jti, expires_ms)

    async def revoked_tokens(self, now_ms: int) -> list[str]:
        await trio.lowlevel.checkpoint()
        return sorted(jti for jti, expires_ms in self._tables.revoked_tokens.items() if expires_ms > now_ms)


def _folded(username: str) -> bytes:
    """Fold the case of ASCII letters only, as the database does."""
    return username.encode().lower()
