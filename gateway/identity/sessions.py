"""Sessions: who is logged in, with the present role and state of every user in memory, so a request asks no table.

register, log_in                 a user, a token
authenticate                     token -> Caller; revoked, expired, suspended are found here, each time
log_out, set_role, suspend       durable first, then known here, then `ended` wakes the sockets that it ends
"""

from collections.abc import Awaitable, Callable
from contextlib import suppress
from itertools import takewhile
from typing import TypeVar

import msgspec
import trio

from actors.clock import Clock
from engine.refusals import Refusal
from gateway.answers import Rejected
from gateway.identity.caller import Caller, Role
from gateway.identity.passwords import HashingBusy, PasswordHasher, Randomness
from gateway.identity.throttle import Throttle
from gateway.identity.tokens import InvalidToken, Tokens
from gateway.outcome import outcome_unknown
from gateway.statuses import Problem
from storage.interface import AdminAction, DatabaseAway, Identity, NameTaken, UserRecord

Hashed = TypeVar("Hashed")

SUSPENDED = "suspended"  # values of `users.state`
ACTIVE = "active"


class Unauthorized(Rejected):
    """No token, or one that is not good (any more)."""

    def __init__(self, message: str = "this needs a valid token: log in first") -> None:
        super().__init__(Problem.UNAUTHORIZED, message)


class Suspended(Rejected):
    """The user is known, but blocked."""

    def __init__(self) -> None:
        super().__init__(Refusal.ACCOUNT_SUSPENDED, "the account is suspended")


class Member(msgspec.Struct):
    """What is kept in memory of a user; the rest stays in storage."""

    user_id: int
    username: str
    role: Role
    suspended: bool


class LoggedIn(msgspec.Struct, frozen=True):
    """A new token, and for how many seconds it is good."""

    token: str
    expires_in_s: int
    user: Member


class Watch(msgspec.Struct, eq=False):
    """Somebody who wants to know when a session ends."""

    token_id: str
    over: trio.Event
    reason: str = ""


class Sessions:
    """Made once, then `load`; all times are the exchange's."""

    def __init__(
        self,
        *,
        identity: Identity,
        clock: Clock,
        randomness: Randomness,
        hasher: PasswordHasher,
        tokens: Tokens,
    ) -> None:
        self._identity = identity
        self._clock = clock
        self._randomness = randomness
        self._hasher = hasher
        self._tokens = tokens
        self._throttle = Throttle()
        self._members: dict[int, Member] = {}
        self._by_name: dict[str, Member] = {}
        self._revoked: dict[str, int] = {}  # token id: when it would have expired
        self._watches: dict[int, list[Watch]] = {}
        self._nobodys_hash = ""

    async def load(self) -> None:
        """Read who there is and which tokens were revoked."""
        now_ms = self._clock.now_ms()
        for user in await self._identity.users():
            self._know(user)
        expires_ms = now_ms + 1_000 * self._tokens.lifetime_s
        for token_id in await self._identity.revoked_tokens(now_ms):
            self._revoked[token_id] = expires_ms
        self._nobodys_hash = await self._hasher.hash(self._randomness.token_hex(16))

    # Who is it?

    def authenticate(self, token: str, address: str = "") -> Caller:
        """Say whose token this is. Raises Unauthorized or Suspended."""
        try:
            claims = self._tokens.verify(token)
        except InvalidToken:
            raise Unauthorized from None
        if claims.expires_ms <= self._clock.now_ms():
            raise Unauthorized("the token has expired: log in again")
        if claims.token_id in self._revoked:
            raise Unauthorized("the token has been logged out: log in again")
        member = self._members.get(claims.user_id)
        if member is None:
            raise Unauthorized
        if member.suspended:
            raise Suspended
        return Caller(address, member.user_id, member.username, member.role, claims.token_id, claims.expires_ms)

    async def ended(self, caller: Caller) -> str:
        """Return when this session is over, with a few words why: expired, logged out, suspended, role changed.

        What a socket waits for; it then closes with 4401.
        """
        watch = Watch(caller.token_id, trio.Event())
        member = self._members[caller.user_id]
        if caller.token_id in self._revoked or member.suspended or member.role is not caller.role:
            return "the session has ended"
        watches = self._watches.setdefault(caller.user_id, [])
        watches.append(watch)
        try:
            left_s = (caller.expires_ms - self._clock.now_ms()) / 1_000
            with trio.move_on_after(max(left_s, 0)):
                await watch.over.wait()
            return watch.reason or "the token has expired"
        finally:
            watches.remove(watch)
            if not watches:
                self._watches.pop(caller.user_id, None)

    def member(self, user_id: int) -> Member | None:
        return self._members.get(user_id)

    def member_by_name(self, username: str) -> Member | None:
        """Find a user; names are compared without case."""
        return self._by_name.get(username.lower())

    def __len__(self) -> int:
        return len(self._members)

    # Coming and going

    async def register(self, username: str, email: str, password: str) -> UserRecord:
        """Make a user. Raises Rejected: CONFLICT for a name that is taken, UNKNOWN, TOO_MANY_REQUESTS."""
        if self.member_by_name(username) is not None:
            raise name_taken(username)
        password_hash = await self._hashing(self._hasher.hash, password)
        with outcome_unknown():
            try:
                user = await self._identity.create_user(
                    username, email, password_hash, Role.USER.value, self._clock.now_ms()
                )
            except NameTaken:
                raise name_taken(username) from None
        self._know(user)
        return user

    async def log_in(self, username: str, password: str, address: str, *, throttled: bool) -> LoggedIn:
        """Make a token. An unknown name takes as long as a wrong password, and is told the same.

        Raises Unauthorized, Suspended, or Rejected with TOO_MANY_REQUESTS; the last only if `throttled`.
        """
        now_ms = self._clock.now_ms()
        key = (address, username.lower())
        pause_s = self._throttle.pause_s(key, now_ms) if throttled else 0
        if pause_s:
            raise Rejected(Problem.TOO_MANY_REQUESTS, f"too many failures: try again in {pause_s} s", pause_s)
        user = await self._identity.user_by_name(username)
        matches = await self._hashing(self._hasher.verify, password, user.password_hash if user else self._nobodys_hash)
        if user is None or not matches:
            self._throttle.failed(key, now_ms)
            raise Unauthorized("wrong username or password")
        self._throttle.succeeded(key)
        member = self._know(user)
        if member.suspended:
            raise Suspended
        token = self._tokens.issue(user.user_id, member.role.value, self._randomness.token_hex(16), now_ms)
        with suppress(DatabaseAway):  # The token is good all the same.
            await self._identity.record_login(user.user_id, now_ms)
        return LoggedIn(token, self._tokens.lifetime_s, member)

    async def log_out(self, caller: Caller) -> None:
        """Make a token useless for good, durably before this returns. Raises Rejected(UNKNOWN).

        Here it is useless at once, whatever the database says: who logs out does not want it any more.
        """
        self._revoke(caller.token_id, caller.expires_ms)
        self._end(caller.user_id, "logged out", caller.token_id)
        with outcome_unknown():
            await self._identity.revoke_token(caller.token_id, caller.expires_ms)

    async def user(self, user_id: int) -> UserRecord:
        """Read the whole record of somebody. Raises Rejected(NOT_FOUND)."""
        user = await self._identity.user(user_id)
        if user is None:
            raise nobody(user_id)
        return user

    # What administrators do: the change and its audit row are one transaction

    async def set_role(self, user_id: int, role: Role, action: AdminAction) -> Member:
        """Give a role; sockets of the user end, so that none goes on with the one before."""
        member = self._member(user_id)
        with outcome_unknown():
            await self._identity.set_role(user_id, role.value, action)
        if member.role is not role:
            member.role = role
            self._end(user_id, "the role has changed")
        return member

    async def suspend(self, user_id: int, action: AdminAction) -> Member:
        """Block a user; sockets end. The account's orders are its actor's business, not done here."""
        member = self._member(user_id)
        with outcome_unknown():
            await self._identity.set_state(user_id, SUSPENDED, action)
        member.suspended = True
        self._end(user_id, "the account is suspended")
        return member

    async def restore(self, user_id: int, action: AdminAction) -> Member:
        """Let a user in again."""
        member = self._member(user_id)
        with outcome_unknown():
            await self._identity.set_state(user_id, ACTIVE, action)
        member.suspended = False
        return member

    # Inside

    def _member(self, user_id: int) -> Member:
        member = self._members.get(user_id)
        if member is None:
            raise nobody(user_id)
        return member

    def _know(self, user: UserRecord) -> Member:
        """Remember a user as storage has them, unless they are known: what is here is never older."""
        member = self._members.get(user.user_id)
        if member is None:
            member = Member(user.user_id, user.username, Role(user.role), user.state == SUSPENDED)
            self._members[user.user_id] = self._by_name[user.username.lower()] = member
        return member

    def _revoke(self, token_id: str, expires_ms: int) -> None:
        now_ms = self._clock.now_ms()
        for expired in list(takewhile(lambda known: self._revoked[known] <= now_ms, self._revoked)):
            del self._revoked[expired]
        self._revoked[token_id] = expires_ms

    def _end(self, user_id: int, reason: str, token_id: str | None = None) -> None:
        """Wake who watches the sessions of a user, or only one of them."""
        for watch in self._watches.get(user_id, ()):
            if token_id in (None, watch.token_id):
                watch.reason = reason
                watch.over.set()

    async def _hashing(self, work: Callable[..., Awaitable[Hashed]], *arguments: str) -> Hashed:
        try:
            return await work(*arguments)
        except HashingBusy:
            raise Rejected(Problem.TOO_MANY_REQUESTS, "too many log-ins at once: try again soon") from None


def name_taken(username: str) -> Rejected:
    """Say that a username is in use."""
    return Rejected(Refusal.CONFLICT, f"the username {username} is taken")


def nobody(user_id: int) -> Rejected:
    """Say that there is no such user."""
    return Rejected(Refusal.NOT_FOUND, f"there is no user {user_id}")
