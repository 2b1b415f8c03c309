"""Members: every user with name, wallet, role and state in memory, so that a request asks no table.

A change is in storage first, whose constraints judge it, then here. A name and a wallet are given once and stay.
"""

import msgspec

from engine.ledger.records import AdminAction
from engine.refusals import Refusal
from gateway.answers import Rejected
from gateway.identity.caller import Role
from gateway.identity.wallets import checksummed
from gateway.outcome import outcome_unknown
from storage.interface import AddressTaken, Identity, NameTaken, UserRecord

SUSPENDED = "suspended"  # values of `users.state`
ACTIVE = "active"


class Member(msgspec.Struct):
    """What is kept in memory of a user; the rest stays in storage."""

    user_id: int
    username: str | None
    address: str | None  # of the wallet, in lower case
    role: Role
    suspended: bool

    @property
    def shown_address(self) -> str | None:
        """The wallet as it is shown: with a checksum."""
        return None if self.address is None else checksummed(self.address)

    @property
    def name(self) -> str:
        """What others know the user by: the username, or else the wallet."""
        return self.username or self.shown_address or ""


class Members:
    """Made once, then `load`."""

    def __init__(self, identity: Identity) -> None:
        self._identity = identity
        self._by_id: dict[int, Member] = {}
        self._by_name: dict[str, Member] = {}
        self._by_address: dict[str, Member] = {}

    async def load(self) -> None:
        for user in await self._identity.users():
            self.know(user)

    def get(self, user_id: int) -> Member | None:
        return self._by_id.get(user_id)

    def find(self, user_id: int) -> Member:
        """The same. Raises Rejected(NOT_FOUND)."""
        member = self._by_id.get(user_id)
        if member is None:
            raise nobody(user_id)
        return member

    def by_name(self, username: str) -> Member | None:
        """Find a user; names are compared without case."""
        return self._by_name.get(username.lower())

    def __len__(self) -> int:
        return len(self._by_id)

    async def record(self, user_id: int) -> UserRecord:
        """Read the whole record of somebody. Raises Rejected(NOT_FOUND)."""
        user = await self._identity.user(user_id)
        if user is None:
            raise nobody(user_id)
        return user

    def know(self, user: UserRecord) -> Member:
        """Take a user in as storage has them. Role and state of one who is known are never older here than there.

        A name or a wallet may be: if the answer to its writing was lost.
        """
        member = self._by_id.get(user.user_id)
        if member is None:
            member = Member(user.user_id, None, None, Role(user.role), user.state == SUSPENDED)
            self._by_id[user.user_id] = member
        self._call(member, user.username, user.address)
        return member

    # Who is new, and who becomes one of two

    async def create(self, username: str, email: str, password_hash: str, now_ms: int) -> UserRecord:
        """Make a user. Raises Rejected: CONFLICT for a name that is taken, UNKNOWN."""
        with outcome_unknown():
            try:
                user = await self._identity.create_user(username, email, password_hash, Role.USER.value, now_ms)
            except NameTaken:
                raise name_taken(username) from None
        self.know(user)
        return user

    async def of_wallet(self, address: str, now_ms: int) -> Member:
        """Find whose wallet it is; a new one makes a new user. Raises Rejected(UNKNOWN)."""
        member = self._by_address.get(address)
        if member is not None:
            return member
        with outcome_unknown():
            try:
                return self.know(await self._identity.create_wallet_user(address, Role.USER.value, now_ms))
            except AddressTaken:  # a moment ago, or by a write whose answer was lost
                user = await self._identity.user_by_address(address)
        assert user is not None, "users and their wallets stay"
        return self.know(user)

    async def add_wallet(self, user_id: int, address: str) -> None:
        """Give a user a wallet; the one they have may be given again. Raises Rejected: CONFLICT, UNKNOWN."""
        with outcome_unknown():
            try:
                await self._identity.set_address(user_id, address)
            except AddressTaken:
                raise _wallet_conflict(self.know(await self.record(user_id))) from None
        self._call(self.find(user_id), None, address)

    async def add_password(self, user_id: int, username: str, email: str, password_hash: str) -> None:
        """Give a user who has none a name and a password. Raises Rejected: CONFLICT, UNKNOWN."""
        with outcome_unknown():
            try:
                await self._identity.set_credentials(user_id, username, email, password_hash)
            except NameTaken:
                check_nameless(self.know(await self.record(user_id)))
                raise name_taken(username) from None
        self._call(self.find(user_id), username, None)

    def _call(self, member: Member, username: str | None, address: str | None) -> None:
        """Note what a member is known by; None says nothing."""
        if username is not None:
            member.username = username
            self._by_name[username.lower()] = member
        if address is not None:
            member.address = address
            self._by_address[address] = member

    # What administrators do: the change and its audit row are one transaction

    async def set_role(self, member: Member, role: Role, action: AdminAction) -> bool:
        """Give a role; False if it is the one they have."""
        with outcome_unknown():
            await self._identity.set_role(member.user_id, role.value, action)
        changed, member.role = member.role is not role, role
        return changed

    async def set_state(self, member: Member, state: str, action: AdminAction) -> None:
        with outcome_unknown():
            await self._identity.set_state(member.user_id, state, action)
        member.suspended = state == SUSPENDED


def name_taken(username: str) -> Rejected:
    """Say that a username is in use."""
    return Rejected(Refusal.CONFLICT, f"the username {username} is taken")


def check_nameless(member: Member) -> None:
    """Raise Rejected(CONFLICT) if a user has a name already."""
    if member.username is not None:
        words = f"this account has a username and a password already: its name is {member.username}"
        raise Rejected(Refusal.CONFLICT, words)


def _wallet_conflict(member: Member) -> Rejected:
    if member.address is not None:
        return Rejected(Refusal.CONFLICT, f"this account has a wallet already, {member.shown_address}, and keeps it")
    words = "this wallet has a user of its own already: log in with it, and add a username and a password there"
    return Rejected(Refusal.CONFLICT, words)


def nobody(user_id: int) -> Rejected:
    """Say that there is no such user."""
    return Rejected(Refusal.NOT_FOUND, f"there is no user {user_id}")
