"""Nonces: good once, for one wallet, for a while; and no stranger uses up or crowds out the owner's."""

import re
import secrets

import pytest
import trio

from gateway.identity import nonces as module
from gateway.identity.nonces import LIFETIME_S, OUTSTANDING_MAX, Nonces, as_uuid
from storage.cache import MemoryCache
from tests.gateway.houses import Counting

pytestmark = pytest.mark.trio

ANNA, BEN = "0x" + "a" * 40, "0x" + "b" * 40
HOME, ELSEWHERE = "192.0.2.1", "198.51.100.7"
UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")


class Clock:
    def __init__(self) -> None:
        self.time_ms = 0

    def now_ms(self) -> int:
        return self.time_ms


def make(clock: Clock | None = None) -> Nonces:
    return Nonces(MemoryCache((clock or Clock()).now_ms), Counting())


async def test_a_nonce_is_taken_once() -> None:
    nonces = make()
    nonce = await nonces.give(ANNA, HOME)
    assert [await nonces.take(ANNA, nonce) for _ in range(3)] == [True, False, False]


async def test_of_many_at_once_one_takes_it() -> None:
    nonces = make()
    nonce = await nonces.give(ANNA, HOME)
    taken: list[bool] = []

    async def take() -> None:
        taken.append(await nonces.take(ANNA, nonce))

    async with trio.open_nursery() as nursery:
        for _ in range(10):
            nursery.start_soon(take)
    assert sorted(taken) == [False] * 9 + [True]


async def test_it_is_for_one_wallet() -> None:
    nonces = make()
    nonce = await nonces.give(ANNA, HOME)
    assert not await nonces.take(BEN, nonce)
    assert await nonces.take(ANNA, nonce)


async def test_it_expires() -> None:
    clock = Clock()
    nonces = make(clock)
    early, late = await nonces.give(ANNA, HOME), await nonces.give(ANNA, HOME)
    clock.time_ms = 1_000 * LIFETIME_S - 1
    assert await nonces.take(ANNA, early)
    clock.time_ms += 1
    assert not await nonces.take(ANNA, late)


async def test_the_newest_few_are_good() -> None:
    nonces = make()
    given = [await nonces.give(ANNA, HOME) for _ in range(OUTSTANDING_MAX + 3)]
    others = await nonces.give(BEN, HOME)
    good = [await nonces.take(ANNA, nonce) for nonce in given]
    assert good == [False] * 3 + [True] * OUTSTANDING_MAX
    assert await nonces.take(BEN, others)


async def test_who_asks_from_elsewhere_crowds_nobody_out() -> None:
    nonces = make()
    own = await nonces.give(ANNA, HOME)
    for _ in range(10 * OUTSTANDING_MAX):
        await nonces.give(ANNA, ELSEWHERE)
    assert await nonces.take(ANNA, own)


async def test_no_more_than_the_newest_are_kept_however_many_ask_at_once() -> None:
    cache = MemoryCache(Clock().now_ms)
    nonces = Nonces(cache, Counting())
    async with trio.open_nursery() as nursery:
        for _ in range(50):
            nursery.start_soon(nonces.give, ANNA, HOME)
    assert len(cache._kinds["nonce"]) == OUTSTANDING_MAX


async def test_askers_are_counted_up_to_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "ASKERS_MAX", 3)
    nonces = make()
    first = await nonces.give(ANNA, HOME)
    for number in range(10):
        await nonces.give(ANNA, f"198.51.100.{number}")
        assert len(nonces._given) <= 3
    assert await nonces.take(ANNA, first)


async def test_it_is_a_uuid_of_version_4() -> None:
    assert as_uuid("0" * 32) == "00000000-0000-4000-8000-000000000000"
    assert as_uuid("f" * 32) == "ffffffff-ffff-4fff-bfff-ffffffffffff"
    assert all(UUID.fullmatch(as_uuid(secrets.token_hex(16))) for _ in range(200))
