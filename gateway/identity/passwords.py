"""Password hashing as a service: argon2id in two worker threads, with a bounded queue in front."""

from typing import Protocol

import argon2
import trio

# OWASP's first choice for argon2id: 46 MiB, one pass, one lane; about 40 ms of one core.
MEMORY_KIB = 47_104
PASSES = 1
LANES = 1
SALT_BYTES = 16
HASH_BYTES = 32

WORKERS = 2  # threads, so at most 2 x 46 MiB
QUEUE_MAX = 50  # that wait for a worker, about a second of work: more are told 429


class HashingBusy(Exception):
    """Too many passwords wait to be hashed; nothing was done."""


class Randomness(Protocol):
    """Where what nobody may guess comes from; run.py injects `secrets`."""

    def token_hex(self, nbytes: int) -> str: ...


class PasswordHasher(Protocol):
    """Both may raise HashingBusy."""

    async def hash(self, password: str) -> str:
        """Make what is stored; the same password gives another text each time."""

    async def verify(self, password: str, password_hash: str) -> bool:
        """Whether this is the password. It takes the same time whatever the answer."""


class ArgonHasher:
    """The real one."""

    def __init__(self, randomness: Randomness) -> None:
        self._randomness = randomness
        self._argon = argon2.PasswordHasher(
            time_cost=PASSES,
            memory_cost=MEMORY_KIB,
            parallelism=LANES,
            hash_len=HASH_BYTES,
            salt_len=SALT_BYTES,
            type=argon2.Type.ID,
        )
        self._workers = trio.CapacityLimiter(WORKERS)

    async def hash(self, password: str) -> str:
        self._check_queue()
        salt = bytes.fromhex(self._randomness.token_hex(SALT_BYTES))
        return await trio.to_thread.run_sync(lambda: self._argon.hash(password, salt=salt), limiter=self._workers)

    async def verify(self, password: str, password_hash: str) -> bool:
        self._check_queue()
        return await trio.to_thread.run_sync(self._matches, password, password_hash, limiter=self._workers)

    def _matches(self, password: str, password_hash: str) -> bool:
        try:
            return self._argon.verify(password_hash, password)
        except argon2.exceptions.VerifyMismatchError:
            return False

    def _check_queue(self) -> None:
        if self._workers.statistics().tasks_waiting >= QUEUE_MAX:
            raise HashingBusy
