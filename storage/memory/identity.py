"""Users, revoked tokens and admin actions in memory."""

import trio
from msgspec.structs import replace

from engine.ledger.records import AdminAction
from storage.interface import AddressTaken, NameTaken, UserRecord
from storage.memory.tables import Tables


class MemoryIdentity:
    """Identity on dicts."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    async def create_user(self, username: str, email: str, password_hash: str, role: str, now_ms: int) -> UserRecord:
        await trio.lowlevel.checkpoint()
        if self._named(username) is not None:
            raise NameTaken(username)
        return self._create(username, email, password_hash, role, now_ms, None)

    async def create_wallet_user(self, address: str, role: str, now_ms: int) -> UserRecord:
        await trio.lowlevel.checkpoint()
        if self._with_address(address) is not None:
            raise AddressTaken(address)
        return self._create(None, None, None, role, now_ms, address)

    async def user_by_name(self, username: str) -> UserRecord | None:
        await trio.lowlevel.checkpoint()
        return self._named(username)

    async def user_by_address(self, address: str) -> UserRecord | None:
        await trio.lowlevel.checkpoint()
        return self._with_address(address)

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

    async def set_address(self, user_id: int, address: str) -> None:
        await trio.lowlevel.checkpoint()
        user, owner = self._tables.users[user_id], self._with_address(address)
        if owner not in (None, user) or user.address not in (None, address):
            raise AddressTaken(address)
        self._tables.users[user_id] = replace(user, address=address)

    async def set_credentials(self, user_id: int, username: str, email: str, password_hash: str) -> None:
        await trio.lowlevel.checkpoint()
        user = self._tables.users[user_id]
        if user.username is not None or self._named(username) is not None:
            raise NameTaken(username)
        self._tables.users[user_id] = replace(user, username=username, email=email, password_hash=password_hash)

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

    async def revoked_tokens(self, now_ms: int) -> dict[str, int]:
        await trio.lowlevel.checkpoint()
        return {jti: expires_ms for jti, expires_ms in self._tables.revoked_tokens.items() if expires_ms > now_ms}

    async def forget_revoked(self, before_ms: int) -> None:
        await trio.lowlevel.checkpoint()
        revoked = self._tables.revoked_tokens
        for jti in [jti for jti, expires_ms in revoked.items() if expires_ms < before_ms]:
            del revoked[jti]

    def _create(
        self,
        username: str | None,
        email: str | None,
        password_hash: str | None,
        role: str,
        now_ms: int,
        address: str | None,
    ) -> UserRecord:
        user_id = len(self._tables.users) + 1
        user = UserRecord(user_id, username, email, password_hash, role, "active", now_ms, None, address)
        self._tables.users[user_id] = user
        return user

    def _named(self, username: str) -> UserRecord | None:
        wanted = _folded(username)
        users = self._tables.users.values()
        return next((user for user in users if user.username is not None and _folded(user.username) == wanted), None)

    def _with_address(self, address: str) -> UserRecord | None:
        return next((user for user in self._tables.users.values() if user.address == address), None)


def _folded(username: str) -> bytes:
    """Fold the case of ASCII letters only, as the database does."""
    return username.encode().lower()
