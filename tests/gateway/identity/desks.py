"""Sessions with everything that they need, in memory, and the people who come to them."""

from typing import Any

import trio

from engine.ledger.records import AdminAction
from gateway.context import Caller
from gateway.identity.sessions import Sessions
from gateway.identity.tokens import Tokens
from gateway.identity.wallets import WalletProof
from storage.cache import MemoryCache
from storage.interface import DatabaseAway
from storage.memory import MemoryStorage
from tests.gateway.houses import PASSWORD, Counting, PlainHasher
from tests.gateway.wallets import Wallet

LIFETIME_S = 60
ACTION = AdminAction(0, 9, "test", "test", "{}", 0)


class Clock:
    """Stands still until it is told."""

    def __init__(self) -> None:
        self.time_ms = 1_700_000_000_000

    def now_ms(self) -> int:
        return self.time_ms


class Desk:
    """Sessions with everything that they need."""

    def __init__(
        self, storage: MemoryStorage | None = None, clock: Clock | None = None, lifetime_s: int = LIFETIME_S
    ) -> None:
        self.storage = storage or MemoryStorage()
        self.clock = clock or Clock()
        self.hasher = PlainHasher()
        self.cache = MemoryCache(self.clock.now_ms)
        self.sessions = Sessions(
            identity=self.storage.identity,
            cache=self.cache,
            clock=self.clock,
            randomness=Counting(),
            hasher=self.hasher,
            tokens=Tokens(secret="s" * 32, issuer="rialto", audience="rialto", lifetime_s=lifetime_s),
        )

    async def register(self, username: str = "alice") -> int:
        return (await self.sessions.register(username, f"{username}@example.com", PASSWORD)).user_id

    async def log_in(self, username: str = "alice", password: str = PASSWORD) -> str:
        return (await self.sessions.log_in(username, password, "192.0.2.1", throttled=True)).token

    async def enter(self, username: str = "alice") -> Caller:
        await self.register(username)
        return self.sessions.authenticate(await self.log_in(username))

    async def prove(self, wallet: Wallet, asker: str = "192.0.2.1") -> WalletProof:
        """Have a new nonce signed."""
        return wallet.proof(await self.sessions.nonces.give(wallet.address.lower(), asker))

    async def enter_wallet(self, wallet: Wallet) -> Caller:
        return self.sessions.authenticate((await self.sessions.log_in_wallet(await self.prove(wallet))).token)

    async def again(self) -> "Desk":
        """The same tables after a restart."""
        desk = Desk(self.storage, self.clock)
        await desk.sessions.load()
        return desk


async def open_desk(lifetime_s: int = LIFETIME_S) -> Desk:
    desk = Desk(lifetime_s=lifetime_s)
    await desk.sessions.load()
    return desk


async def away(*_: object) -> Any:
    """Stands in for a call of a storage that can't be reached."""
    await trio.lowlevel.checkpoint()
    raise DatabaseAway("gone")


async def unreachable(*_: object) -> Any:
    """Stands in for a call of a cache on another machine, while that is away."""
    await trio.lowlevel.checkpoint()
    raise ConnectionRefusedError


def after(work: Any) -> Any:
    """Make of a call one that is done, and whose answer is lost."""

    async def done_but_lost(*arguments: Any) -> Any:
        await work(*arguments)
        raise DatabaseAway("gone")

    return done_but_lost
