"""Argon2 as it is, and its queue."""

import argon2
import pytest
import trio
import trio.testing

from gateway.identity import passwords as module
from gateway.identity.passwords import HASH_BYTES, LANES, MEMORY_KIB, PASSES, SALT_BYTES, ArgonHasher, HashingBusy
from tests.gateway.houses import Counting

pytestmark = pytest.mark.trio


async def test_a_password_is_known_again() -> None:
    hasher = ArgonHasher(Counting())
    stored = await hasher.hash("correct horse")
    assert await hasher.verify("correct horse", stored)
    assert not await hasher.verify("correct hors", stored)
    assert stored != await hasher.hash("correct horse")


async def test_the_parameters_are_the_named_ones() -> None:
    parameters = argon2.extract_parameters(await ArgonHasher(Counting()).hash("correct horse"))
    assert parameters.type is argon2.Type.ID
    assert (parameters.memory_cost, parameters.time_cost, parameters.parallelism) == (MEMORY_KIB, PASSES, LANES)
    assert (parameters.salt_len, parameters.hash_len) == (SALT_BYTES, HASH_BYTES)


async def test_a_full_queue_is_told_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two at work, so many waiting; the next is turned away, and the others are served."""
    monkeypatch.setattr(module, "QUEUE_MAX", 3)
    hasher = ArgonHasher(Counting())
    done: list[str] = []

    async def hash_one() -> None:
        done.append(await hasher.hash("correct horse"))

    async with trio.open_nursery() as nursery:
        for _ in range(5):
            nursery.start_soon(hash_one)
        await trio.testing.wait_all_tasks_blocked()
        with pytest.raises(HashingBusy):
            await hasher.hash("one too many")
        with pytest.raises(HashingBusy):
            await hasher.verify("one too many", "")
    assert len(done) == 5
