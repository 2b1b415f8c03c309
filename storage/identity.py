"""Users, revoked tokens and admin actions on PostgreSQL: each call is one statement, and so one transaction."""

import asyncpg
import msgspec

from engine.ledger.records import AdminAction
from storage.interface import AddressTaken, NameTaken, UserRecord
from storage.pool import Pool

# Names are compared without case, but for letters outside ASCII, whatever the database's locale.
BY_NAME = 'select * from users where lower(username collate "C") = lower($1::text collate "C")'

CREATE_USER = """
    insert into users (username, email, password_hash, role, state, created_ms)
    values ($1, $2, $3, $4, 'active', $5)
    returning *
"""
CREATE_WALLET_USER = """
    insert into users (role, state, created_ms, address) values ($1, 'active', $2, $3) returning *
"""
# Both only fill in what is not there: a user is known by name and wallet for good.
SET_ADDRESS = "update users set address = $2 where user_id = $1 and (address is null or address = $2)"
SET_CREDENTIALS = """
    update users set username = $2, email = $3, password_hash = $4 where user_id = $1 and username is null
"""
# A change and its row of the audit: no row without a change.
SET_ROLE = """
    with changed as (update users set role = $2 where user_id = $1 returning 1)
    insert into admin_actions (admin_id, action, target, details, created_ms)
    select $3, $4, $5, $6, $7 from changed
"""
SET_STATE = SET_ROLE.replace("set role", "set state")
WRITE_ADMIN_ACTION = """
    insert into admin_actions (admin_id, action, target, details, created_ms) values ($1, $2, $3, $4, $5)
"""
ADMIN_ACTIONS = """
    select * from admin_actions where action_id < coalesce($1, 9223372036854775807) order by action_id desc limit $2
"""


class _RevokedToken(msgspec.Struct):
    jti: str
    expires_ms: int


class PostgresIdentity:
    """Identity on PostgreSQL."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def create_user(self, username: str, email: str, password_hash: str, role: str, now_ms: int) -> UserRecord:
        try:
            [user] = await self._pool.fetch(UserRecord, CREATE_USER, username, email, password_hash, role, now_ms)
        except asyncpg.UniqueViolationError as error:
            raise NameTaken(username) from error
        return user

    async def create_wallet_user(self, address: str, role: str, now_ms: int) -> UserRecord:
        try:
            [user] = await self._pool.fetch(UserRecord, CREATE_WALLET_USER, role, now_ms, address)
        except asyncpg.UniqueViolationError as error:
            raise AddressTaken(address) from error
        return user

    async def user_by_name(self, username: str) -> UserRecord | None:
        return await self._find(BY_NAME, username)

    async def user_by_address(self, address: str) -> UserRecord | None:
        return await self._find("select * from users where address = $1", address)

    async def user(self, user_id: int) -> UserRecord | None:
        return await self._find("select * from users where user_id = $1", user_id)

    async def users(self) -> list[UserRecord]:
        return await self._pool.fetch(UserRecord, "select * from users order by user_id")

    async def set_password(self, user_id: int, password_hash: str) -> None:
        await self._change_one("update users set password_hash = $2 where user_id = $1", user_id, password_hash)

    async def record_login(self, user_id: int, now_ms: int) -> None:
        await self._change_one("update users set last_login_ms = $2 where user_id = $1", user_id, now_ms)

    async def set_address(self, user_id: int, address: str) -> None:
        await self._fill_in(AddressTaken(address), SET_ADDRESS, user_id, address)

    async def set_credentials(self, user_id: int, username: str, email: str, password_hash: str) -> None:
        await self._fill_in(NameTaken(username), SET_CREDENTIALS, user_id, username, email, password_hash)

    async def set_role(self, user_id: int, role: str, action: AdminAction) -> None:
        await self._change_one(SET_ROLE, user_id, role, *_values(action))

    async def set_state(self, user_id: int, state: str, action: AdminAction) -> None:
        await self._change_one(SET_STATE, user_id, state, *_values(action))

    async def write_admin_action(self, action: AdminAction) -> None:
        await self._pool.execute(WRITE_ADMIN_ACTION, *_values(action))

    async def admin_actions(self, before: int | None, limit: int) -> list[AdminAction]:
        return await self._pool.fetch(AdminAction, ADMIN_ACTIONS, before, limit)

    async def revoke_token(self, jti: str, expires_ms: int) -> None:
        statement = "insert into revoked_tokens (jti, expires_ms) values ($1, $2) on conflict do nothing"
        await self._pool.execute(statement, jti, expires_ms)

    async def revoked_tokens(self, now_ms: int) -> dict[str, int]:
        statement = "select * from revoked_tokens where expires_ms > $1"
        return {token.jti: token.expires_ms for token in await self._pool.fetch(_RevokedToken, statement, now_ms)}

    async def forget_revoked(self, before_ms: int) -> None:
        await self._pool.execute("delete from revoked_tokens where expires_ms < $1", before_ms)

    async def _find(self, statement: str, value: object) -> UserRecord | None:
        return next(iter(await self._pool.fetch(UserRecord, statement, value)), None)

    async def _fill_in(self, taken: NameTaken | AddressTaken, statement: str, user_id: int, *values: object) -> None:
        """Give a user something that nobody else has. Raises `taken`, or LookupError."""
        try:
            changed = await self._pool.execute(statement, user_id, *values)
        except asyncpg.UniqueViolationError as error:
            raise taken from error
        if not changed:
            if await self.user(user_id) is None:
                raise LookupError(f"there is no user {user_id}")
            raise taken

    async def _change_one(self, statement: str, user_id: int, *values: object) -> None:
        """Run a change of one user. Raises LookupError if there is none of this id."""
        if not await self._pool.execute(statement, user_id, *values):
            raise LookupError(f"there is no user {user_id}")


def _values(action: AdminAction) -> tuple[object, ...]:
    """All but the id, which the table gives."""
    return (action.admin_id, action.action, action.target, action.details, action.created_ms)
