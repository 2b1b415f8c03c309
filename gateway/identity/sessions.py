"""Sessions: who is logged in. Of users and tokens all that counts is in memory, so a request asks no table.

register, log_in                 a user, a token
log_in_wallet                    the same with a wallet; its first log-in makes a user
open_guest                       a token without a user
authenticate                     token -> Caller; revoked, expired, suspended are found here, each time
log_out, set_role, suspend       durable first, then known here, then `ended` wakes the sockets that it ends
"""

from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import TypeVar

import msgspec

from actors.clock import Clock
from engine.ledger.records import AdminAction
from gateway.answers import Rejected
from gateway.identity.caller import Caller, Role
from gateway.identity.members import ACTIVE, SUSPENDED, Member, Members, check_nameless, name_taken
from gateway.identity.nonces import Nonces
from gateway.identity.passwords import HashingBusy, PasswordHasher, Randomness
from gateway.identity.refusals import Suspended, Unauthorized, cache_needed
from gateway.identity.revocations import Revocations
from gateway.identity.throttle import Throttle
from gateway.identity.tokens import NOBODY, Claims, InvalidToken, Tokens
from gateway.identity.wallets import WalletProof, nonce_in, read_address, signer_of
from gateway.identity.watches import Watches
from gateway.outcome import outcome_unknown
from gateway.statuses import Problem
from storage.cache import Cache
from storage.interface import DatabaseAway, Identity, UserRecord

Hashed = TypeVar("Hashed")

GUEST_LIFETIME_S = 60 * 60
SOCKET_TOKEN_LIFETIME_S = 60  # for the handshake; the socket then lives as long as the session


class LoggedIn(msgspec.Struct, frozen=True):
    """A new token, and for how many seconds it is good."""

    token: str
    expires_in_s: int
    user: Member


class GuestSession(msgspec.Struct, frozen=True):
    """What is in the cache of a session without a user."""

    token_id: str
    issued_ms: int | None
    expires_ms: int


class Sessions:
    """Made once, then `load`; all times are the exchange's."""

    def __init__(
        self,
        *,
        identity: Identity,
        cache: Cache,
        clock: Clock,
        randomness: Randomness,
        hasher: PasswordHasher,
        tokens: Tokens,
    ) -> None:
        self.members = Members(identity)
        self.nonces = Nonces(cache, randomness)
        self._identity = identity
        self._cache = cache
        self._clock = clock
        self._randomness = randomness
        self._hasher = hasher
        self._tokens = tokens
        self._throttle = Throttle()
        self._revocations = Revocations(identity)
        self._watches = Watches()
        self._nobodys_hash = ""

    async def load(self) -> None:
        """Read who there is and which tokens were revoked."""
        await self.members.load()
        await self._revocations.load(self._clock.now_ms())
        self._nobodys_hash = await self._hasher.hash(self._randomness.token_hex(16))

    # Who is it?

    def authenticate(self, token: str, address: str = "") -> Caller:
        """Say whose token this is. Raises Unauthorized or Suspended."""
        claims = self._verify(token)
        if claims.for_sockets:
            raise Unauthorized("this token opens WebSockets, and nothing else")
        return self._caller(claims, token, address)

    def authenticate_socket(self, token: str, address: str = "") -> Caller:
        """Say who opens a WebSocket: tokens for sockets are good too. Raises Unauthorized or Suspended."""
        return self._caller(self._verify(token), token, address)

    def _verify(self, token: str) -> Claims:
        try:
            claims = self._tokens.verify(token)
        except InvalidToken:
            raise Unauthorized from None
        if claims.expires_ms <= self._clock.now_ms():
            raise Unauthorized("the token has expired: log in again")
        if claims.token_id in self._revocations:
            raise Unauthorized("the token has been logged out: log in again")
        return claims

    def _caller(self, claims: Claims, token: str, address: str) -> Caller:
        username, role = None, Role.GUEST
        if claims.user_id != NOBODY:
            member = self.members.get(claims.user_id)
            if member is None:
                raise Unauthorized
            if member.suspended:
                raise Suspended
            username, role = member.username, member.role
        return Caller(
            address,
            claims.user_id,
            username,
            role,
            claims.token_id,
            claims.session_expires_ms,
            claims.issued_ms,
            token,
        )

    async def ended(self, caller: Caller) -> str:
        """Return when this session is over, with a few words why: expired, logged out, suspended, role changed.

        What a socket waits for; it then closes with 4401.
        """
        member = self.members.get(caller.user_id)
        has_changed = member is not None and (member.suspended or member.role is not caller.role)
        if caller.token_id in self._revocations or has_changed:
            return "the session has ended"
        return await self._watches.wait(caller, self._clock.now_ms())

    def member(self, user_id: int) -> Member | None:
        return self.members.get(user_id)

    def member_by_name(self, username: str) -> Member | None:
        """Find a user; names are compared without case."""
        return self.members.by_name(username)

    async def user(self, user_id: int) -> UserRecord:
        """Read the whole record of somebody. Raises Rejected(NOT_FOUND)."""
        return await self.members.record(user_id)

    def __len__(self) -> int:
        return len(self.members)

    # Coming and going

    async def register(self, username: str, email: str, password: str) -> UserRecord:
        """Make a user. Raises Rejected: CONFLICT for a name that is taken, UNKNOWN, TOO_MANY_REQUESTS."""
        if self.member_by_name(username) is not None:
            raise name_taken(username)
        password_hash = await self._hashing(self._hasher.hash, password)
        return await self.members.create(username, email, password_hash, self._clock.now_ms())

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
        known_hash = None if user is None else user.password_hash
        matches = await self._hashing(self._hasher.verify, password, known_hash or self._nobodys_hash)
        if user is None or known_hash is None or not matches:
            self._throttle.failed(key, now_ms)
            raise Unauthorized("wrong username or password")
        self._throttle.succeeded(key)
        return await self._let_in(self.members.know(user), now_ms)

    async def log_in_wallet(self, proof: WalletProof) -> LoggedIn:
        """Make a token for whoever has a wallet; the first time, make the user.

        Raises Unauthorized, Suspended, or Rejected: MALFORMED, BUSY, UNKNOWN.
        """
        address = await self._proven(proof)
        now_ms = self._clock.now_ms()
        return await self._let_in(await self.members.of_wallet(address, now_ms), now_ms)

    async def _let_in(self, member: Member, now_ms: int) -> LoggedIn:
        if member.suspended:
            raise Suspended
        token = self._tokens.issue(member.user_id, member.role.value, self._randomness.token_hex(16), now_ms)
        with suppress(DatabaseAway):  # The token is good all the same.
            await self._identity.record_login(member.user_id, now_ms)
        return LoggedIn(token, self._tokens.lifetime_s, member)

    async def open_guest(self) -> Caller:
        """Make a session without a user, for reading and subscribing; its token is in the cache as long as it lives.

        Raises Rejected(BUSY).
        """
        now_ms = self._clock.now_ms()
        token_id = self._randomness.token_hex(16)
        token = self._tokens.issue(NOBODY, Role.GUEST.value, token_id, now_ms, GUEST_LIFETIME_S)
        guest = self.authenticate(token)
        with cache_needed():
            await self._cache.put(_cache_key(token), msgspec.json.encode(_session_of(guest)), 1_000 * GUEST_LIFETIME_S)
        return guest

    async def guest_session(self, guest: Caller) -> GuestSession:
        """A guest's session as it is kept; where it is not, or can't be reached, the token says the same."""
        with suppress(OSError):
            kept = await self._cache.get(_cache_key(guest.token))
            if kept is not None:
                return msgspec.json.decode(kept, type=GuestSession)
        return _session_of(guest)

    def socket_token(self, caller: Caller) -> tuple[str, int]:
        """Make a token for opening sockets into this session, and say for how many seconds it is good."""
        assert caller.role is not None
        now_ms = self._clock.now_ms()
        token = self._tokens.issue_for_sockets(
            caller.user_id, caller.role.value, caller.token_id, now_ms, SOCKET_TOKEN_LIFETIME_S, caller.expires_ms
        )
        return token, min(SOCKET_TOKEN_LIFETIME_S, (caller.expires_ms - now_ms) // 1_000)

    async def log_out(self, caller: Caller) -> None:
        """Make a token useless for good, durably before this returns. Raises Rejected(UNKNOWN).

        Here it is useless at once, whatever the database says: who logs out does not want it any more.
        """
        now_ms = self._clock.now_ms()
        self._revocations.note(caller.token_id, caller.expires_ms, now_ms)
        self._watches.end(caller.user_id, "logged out", caller.token_id)
        if caller.role is Role.GUEST:
            with suppress(OSError):  # a cache that is away keeps an entry that nobody can ask for any more
                await self._cache.remove(_cache_key(caller.token))
        with outcome_unknown():
            await self._revocations.write(caller.token_id, caller.expires_ms, now_ms)

    # One user, two ways in

    async def add_wallet(self, user_id: int, proof: WalletProof) -> None:
        """Join a wallet to a user. Raises Unauthorized, or Rejected: MALFORMED, BUSY, CONFLICT, UNKNOWN."""
        await self.members.add_wallet(user_id, await self._proven(proof))

    async def add_password(self, user_id: int, username: str, email: str, password: str) -> None:
        """Join a name and a password to a user. Raises Rejected: CONFLICT, UNKNOWN, TOO_MANY_REQUESTS."""
        check_nameless(self.members.find(user_id))
        if self.member_by_name(username) is not None:
            raise name_taken(username)
        password_hash = await self._hashing(self._hasher.hash, password)
        await self.members.add_password(user_id, username, email, password_hash)

    async def _proven(self, proof: WalletProof) -> str:
        """Say which wallet has signed a nonce of its own, and use that up. Raises Unauthorized, or other Rejected."""
        address = read_address(proof.address)
        if signer_of(proof) != address:
            raise Unauthorized("this is not the wallet's signature of this message")
        if not await self.nonces.take(address, nonce_in(proof.message)):
            raise Unauthorized(
                "the nonce has been used, has expired, or was not given for this wallet: ask for a new one"
            )
        return address

    # What administrators do

    async def set_role(self, user_id: int, role: Role, action: AdminAction) -> Member:
        """Give a role; sockets of the user end, so that none goes on with the one before."""
        member = self.members.find(user_id)
        if await self.members.set_role(member, role, action):
            self._watches.end(user_id, "the role has changed")
        return member

    async def suspend(self, user_id: int, action: AdminAction) -> Member:
        """Block a user; sockets end. The account's orders are its actor's business, not done here."""
        member = self.members.find(user_id)
        await self.members.set_state(member, SUSPENDED, action)
        self._watches.end(user_id, "the account is suspended")
        return member

    async def restore(self, user_id: int, action: AdminAction) -> Member:
        """Let a user in again."""
        member = self.members.find(user_id)
        await self.members.set_state(member, ACTIVE, action)
        return member

    # Inside

    async def _hashing(self, work: Callable[..., Awaitable[Hashed]], *arguments: str) -> Hashed:
        try:
            return await work(*arguments)
        except HashingBusy:
            raise Rejected(Problem.TOO_MANY_REQUESTS, "too many log-ins at once: try again soon") from None


def _session_of(guest: Caller) -> GuestSession:
    return GuestSession(guest.token_id, guest.issued_ms, guest.expires_ms)


def _cache_key(token: str) -> str:
    return f"session:{token}"
