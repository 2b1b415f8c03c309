"""The cache: what is put is there until its time, is taken once, gives way to newer versions and for lack of room."""

import pytest
import trio

from storage.cache import MemoryCache

pytestmark = pytest.mark.trio


class Hand:
    """A clock that a test sets."""

    now_ms = 1_790_000_000_000

    def __call__(self) -> int:
        return self.now_ms


@pytest.fixture
def hand() -> Hand:
    return Hand()


@pytest.fixture
def cache(hand: Hand) -> MemoryCache:
    return MemoryCache(hand)


async def test_what_was_never_put_is_not_there(cache: MemoryCache) -> None:
    assert await cache.get("odds:1") is None
    assert await cache.take("odds:1") is None
    await cache.remove("odds:1")


async def test_what_is_put_is_there_and_is_replaced(cache: MemoryCache) -> None:
    await cache.put("odds:1", b"a", 60_000)
    await cache.put("odds:2", b"", 60_000)
    assert [await cache.get(key) for key in ("odds:1", "odds:2", "odds:1")] == [b"a", b"", b"a"]
    await cache.put("odds:1", b"b", 60_000)
    assert await cache.get("odds:1") == b"b"


async def test_its_time_is_up_to_the_millisecond(cache: MemoryCache, hand: Hand) -> None:
    await cache.put("odds:1", b"a", 60_000)
    await cache.put("nonce:1", b"a", 60_000)
    hand.now_ms += 59_999
    assert await cache.get("odds:1") == b"a"
    hand.now_ms += 1
    assert await cache.get("odds:1") is None
    assert await cache.take("nonce:1") is None


async def test_putting_again_begins_a_new_life(cache: MemoryCache, hand: Hand) -> None:
    await cache.put("odds:1", b"a", 60_000)
    hand.now_ms += 59_999
    await cache.put("odds:1", b"a", 1_000)
    hand.now_ms += 999
    assert await cache.get("odds:1") == b"a"
    hand.now_ms += 1
    assert await cache.get("odds:1") is None


async def test_what_lives_no_time_is_never_there(cache: MemoryCache) -> None:
    await cache.put("odds:1", b"a", 0)
    assert await cache.get("odds:1") is None


async def test_an_older_version_does_not_undo_a_newer_one(cache: MemoryCache) -> None:
    """Who read the tables before a write, and comes with it after the write."""
    await cache.put("odds:1", b"new", 60_000, version=8)
    await cache.put("odds:1", b"old", 60_000, version=7)
    assert await cache.get("odds:1") == b"new"
    await cache.put("odds:1", b"same", 60_000, version=8)
    assert await cache.get("odds:1") == b"same"
    await cache.put("odds:1", b"newer", 60_000, version=9)
    assert await cache.get("odds:1") == b"newer"


async def test_an_older_version_does_not_prolong_a_newer_ones_life(cache: MemoryCache, hand: Hand) -> None:
    await cache.put("odds:1", b"new", 1_000, version=8)
    await cache.put("odds:1", b"old", 60_000, version=7)
    hand.now_ms += 1_000
    assert await cache.get("odds:1") is None


@pytest.mark.parametrize("how", ["its time", "remove", "take"])
async def test_a_version_counts_only_as_long_as_it_is_there(cache: MemoryCache, hand: Hand, how: str) -> None:
    await cache.put("odds:1", b"new", 1_000, version=8)
    if how == "its time":
        hand.now_ms += 1_000
    elif how == "remove":
        await cache.remove("odds:1")
    else:
        await cache.take("odds:1")
    await cache.put("odds:1", b"old", 60_000, version=7)
    assert await cache.get("odds:1") == b"old"


async def test_what_is_removed_is_gone_and_the_rest_is_not(cache: MemoryCache) -> None:
    await cache.put("odds:1", b"a", 60_000)
    await cache.put("odds:2", b"b", 60_000)
    await cache.remove("odds:1")
    assert (await cache.get("odds:1"), await cache.get("odds:2")) == (None, b"b")


async def test_of_ten_who_take_it_one_gets_it(cache: MemoryCache) -> None:
    await cache.put("nonce:0x1:n", b"1", 300_000)
    taken: list[bytes | None] = []

    async def take() -> None:
        taken.append(await cache.take("nonce:0x1:n"))

    async with trio.open_nursery() as nursery:
        for _ in range(10):
            nursery.start_soon(take)
    assert sorted(taken, key=bool) == [None] * 9 + [b"1"]


async def test_who_is_cancelled_has_taken_nothing(cache: MemoryCache) -> None:
    await cache.put("nonce:0x1:n", b"1", 300_000)
    with trio.CancelScope() as scope:
        scope.cancel()
        await cache.take("nonce:0x1:n")
    assert scope.cancelled_caught
    assert await cache.take("nonce:0x1:n") == b"1"


async def test_without_room_a_tenth_goes_in_the_order_of_their_time(hand: Hand) -> None:
    cache = MemoryCache(hand, entries_max=20)
    await cache.put("nonce:long", b"l", 86_400_000)
    for number in range(100):
        await cache.put(f"nonce:{number}", b"1", 300_000)
    assert await cache.get("nonce:long") == b"l", "it came first, but lives longest"
    there = [number for number in range(100) if await cache.get(f"nonce:{number}") is not None]
    assert there == list(range(100 - len(there), 100))
    assert 18 <= len(there) + 1 <= 20


@pytest.mark.parametrize("flood", ["session", "nonce", "oddsq"])
async def test_no_kind_crowds_out_another(hand: Hand, flood: str) -> None:
    """Guests, of whom there may be many, and who live long, take no nonce and no odds with them."""
    cache = MemoryCache(hand, entries_max=20)
    others = {"session:1", "nonce:0x1:n", "oddsq:1", "markets:active"}
    for key in others:
        await cache.put(key, b"o", 30_000)
    for number in range(2, 100):
        await cache.put(f"{flood}:{number}", b"f", 3_600_000)
    there = {key for key in others if await cache.get(key) is not None}
    assert there == {key for key in others if not key.startswith(f"{flood}:")}
    assert await cache.take("nonce:0x1:n") == (None if flood == "nonce" else b"o")


async def test_what_is_dead_goes_first(hand: Hand) -> None:
    cache = MemoryCache(hand, entries_max=20)
    for number in range(100, 118):
        await cache.put(f"odds:{number}", b"1", 300_000)
    hand.now_ms += 300_000
    for number in range(20):
        await cache.put(f"odds:{number}", b"o", 60_000)
    assert [await cache.get(f"odds:{number}") for number in range(20)] == [b"o"] * 20


async def test_putting_the_same_key_again_and_again_takes_no_room(hand: Hand) -> None:
    cache = MemoryCache(hand, entries_max=2)
    await cache.put("odds:2", b"o", 20_000)
    for number in range(100):
        await cache.put("odds:1", str(number).encode(), 30_000)
    assert (await cache.get("odds:2"), await cache.get("odds:1")) == (b"o", b"99")


async def test_the_smallest_cache_keeps_one(hand: Hand) -> None:
    cache = MemoryCache(hand, entries_max=1)
    await cache.put("odds:1", b"a", 60_000)
    await cache.put("odds:2", b"b", 60_000)
    assert [await cache.get(key) for key in ("odds:1", "odds:2")] == [None, b"b"]
