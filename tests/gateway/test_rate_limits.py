"""Buckets, against a plain model and by hand; who counts as whom; all with a clock that is a number."""

import copy
import random
from fractions import Fraction

import pytest

from gateway import rate_limits
from gateway.answers import Rejected
from gateway.identity.caller import Caller, Role
from gateway.rate_limits import ORIGINS_MAX, Buckets, Key, Origin, Rate, RateLimit, origin_of
from gateway.statuses import Problem

ALICE = Caller("192.0.2.1", user_id=1, role=Role.USER)
BOB = Caller("192.0.2.1", user_id=2, role=Role.USER)
GUEST = Caller("192.0.2.1", role=Role.GUEST)


def visitor(address: str) -> Caller:
    return Caller(address)


def takes(buckets: Buckets, key: Key, now_s: float) -> int:
    """How many tokens there are."""
    count = 0
    while not buckets.take(key, now_s):
        count += 1
    return count


# Buckets


def test_a_burst_and_then_the_rate() -> None:
    buckets = Buckets(Rate(10, 20))
    assert takes(buckets, "a", 100.0) == 20
    assert takes(buckets, "a", 100.05) == 0
    assert takes(buckets, "a", 100.1) == 1
    assert takes(buckets, "a", 101.1) == 10
    assert takes(buckets, "a", 1_000.0) == 20


def test_keys_do_not_share() -> None:
    buckets = Buckets(Rate(1, 3))
    assert [takes(buckets, key, 0.0) for key in (1, 2, "1", "192.0.2.1")] == [3, 3, 3, 3]


@pytest.mark.parametrize(
    ("rate", "wait_s"),
    [(Rate(10, 20), 1), (Rate(1, 1), 1), (Rate(0.4, 2), 3), (Rate(0.5, 7), 2), (Rate(0.001, 1), 1_000)],
)
def test_who_waits_as_told_passes_and_not_a_second_earlier(rate: Rate, wait_s: int) -> None:
    buckets = Buckets(rate)
    assert takes(buckets, "a", 5.3) == rate.burst
    assert buckets.take("a", 5.3) == wait_s
    if wait_s > 1:
        assert buckets.take("a", 5.3 + wait_s - 1) == 1
    assert buckets.take("a", 5.3 + wait_s) == 0


def test_what_is_refused_costs_nothing() -> None:
    buckets = Buckets(Rate(1, 1))
    assert buckets.take("a", 0.0) == 0
    assert {buckets.take("a", 0.5) for _ in range(1_000)} == {1}
    assert buckets.take("a", 1.0) == 0


class PlainBuckets:
    """Tokens that flow in; exact, and nothing is forgotten."""

    def __init__(self, rate: Rate) -> None:
        self.rate = Fraction(rate.per_second)
        self.burst = rate.burst
        self.tokens: dict[Key, tuple[Fraction, Fraction]] = {}

    def take(self, key: Key, now_s: float) -> int:
        tokens, then_s = self.tokens.get(key, (Fraction(self.burst), Fraction(now_s)))
        tokens = min(tokens + (Fraction(now_s) - then_s) * self.rate, Fraction(self.burst))
        missing = max(Fraction(0), 1 - tokens)
        self.tokens[key] = (tokens if missing else tokens - 1), Fraction(now_s)
        return -int(-missing / self.rate // 1)


@pytest.mark.parametrize("seed", range(20))
def test_a_plain_model_says_the_same(seed: int) -> None:
    """Forgetting is not noticed: what is forgotten was full. (Times and rates are such that floats are exact.)"""
    dice = random.Random(seed)
    rate = Rate(dice.choice([0.25, 0.5, 1, 4, 16]), dice.randint(1, 5))
    buckets, plain = Buckets(rate), PlainBuckets(rate)
    now_s, refused, fewest = 1_000.0, 0, 1_000
    for step in range(3_000):
        now_s += dice.choice([0, 0, 0, 0, 1, 2, 40]) / 8 / rate.per_second
        key = min(dice.randrange(12) for _ in range(3))
        wait_s = buckets.take(key, now_s)
        assert wait_s == plain.take(key, now_s), (seed, step, rate)
        refused += wait_s > 0
        fewest = min(fewest, len(buckets)) if step > 100 else fewest
    assert 0 < refused < 3_000
    assert fewest < len(plain.tokens), "nothing was ever forgotten"


@pytest.mark.parametrize("rate", [Rate(3, 7), Rate(0.7, 2), Rate(0.03, 2), Rate(1_000, 2_000)], ids=str)
def test_an_odd_rate_holds_for_long_and_its_word_too(rate: Rate) -> None:
    """Thirds and sevenths are not exact in floats, nor are times of a machine that has been up for a year."""
    buckets = Buckets(rate)
    began_s = now_s = 31_536_000.123
    passed = 0
    while now_s < began_s + 200 / rate.per_second:
        wait_s = buckets.take("a", now_s)
        passed += not wait_s
        if wait_s:
            assert copy.deepcopy(buckets).take("a", now_s + wait_s) == 0
            now_s += 0.07 / rate.per_second
    assert abs(passed - rate.burst - 200) <= 1


def test_the_idle_are_forgotten() -> None:
    buckets = Buckets(Rate(10, 20))
    for key in range(1_000):
        buckets.take(key, 0.0)
    assert len(buckets) == 1_000
    buckets.take("last", 2.0)
    buckets.take("last", 4.0)
    assert len(buckets) == 1


def test_there_are_never_more_than_so_many(monkeypatch: pytest.MonkeyPatch) -> None:
    """Those that asked the longest ago begin anew; whoever asks now is limited all the same."""
    monkeypatch.setattr(rate_limits, "BUCKETS_MAX", 100)
    buckets = Buckets(Rate(0.001, 2))
    for key in range(1_000):
        buckets.take(key, 0.0)
        assert len(buckets) <= 101
    assert takes(buckets, "loud", 1.0) == 2
    for key in range(2_000, 2_040):
        buckets.take(key, 1.0)
    assert takes(buckets, "loud", 1.0) == 0
    assert takes(buckets, 0, 1.0) == 2


# Who counts as whom


def count(limit: RateLimit, caller: Caller) -> int:
    """How many requests pass, at most 50."""
    for passed in range(50):
        try:
            limit.charge(caller, 0.0)
        except Rejected:
            return passed
    return 50


def test_bad_news_says_when_to_come_back() -> None:
    limit = RateLimit(Rate(0.4, 1))
    limit.charge(ALICE, 0.0)
    with pytest.raises(Rejected) as caught:
        limit.charge(ALICE, 0.0)
    rejected = caught.value
    assert (rejected.code, rejected.retry_after_s) == (Problem.TOO_MANY_REQUESTS, 3)
    assert rejected.message == "too many requests: at most 0.4 a second, 1 at once: try again in 3 s"


def test_users_are_counted_each_wherever_they_are() -> None:
    limit = RateLimit(Rate(1, 3))
    assert count(limit, ALICE) == 3
    assert count(limit, Caller("2001:db8::1", user_id=1, role=Role.USER)) == 0
    assert count(limit, BOB) == 3


def test_visitors_and_guests_are_counted_by_address() -> None:
    """A guest's token is free for the asking, so it must not bring a bucket of its own."""
    limit = RateLimit(Rate(1, 3))
    assert count(limit, visitor("192.0.2.1")) == 3
    assert count(limit, GUEST) == 0
    assert count(limit, visitor("192.0.2.2")) == 3
    assert count(limit, ALICE) == 3


def test_no_rate_is_no_limit() -> None:
    assert count(RateLimit(None), ALICE) == 50


@pytest.mark.parametrize("address", ["127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1"])
def test_this_machine_is_exempt_unless_told_otherwise(address: str) -> None:
    known = Caller(address, user_id=1, role=Role.USER)
    assert count(RateLimit(Rate(1, 3)), visitor(address)) == 50
    assert count(RateLimit(Rate(1, 3)), known) == 50
    assert count(RateLimit(Rate(1, 3), loopback_too=True), visitor(address)) == 3
    assert count(RateLimit(Rate(1, 3), loopback_too=True), known) == 3


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("2001:db8:0:1::1", "2001:db8:0:1::/64"),
        ("2001:db8:0:1:ffff::", "2001:db8:0:1::/64"),
        ("2001:db8:0:2::1", "2001:db8:0:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("", ""),
        ("unix:/run/x", "unix:/run/x"),
    ],
)
def test_what_an_address_is_counted_under(address: str, network: str) -> None:
    assert origin_of(address) == Origin(network, is_loopback=False)


def test_so_many_addresses_are_remembered_and_no_more() -> None:
    assert origin_of.cache_info().maxsize == ORIGINS_MAX
