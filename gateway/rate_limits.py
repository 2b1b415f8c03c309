"""How often somebody may ask: token buckets, one a user, or one an address for those without a user (guests too).

limit      counts                                        of
---------  --------------------------------------------  ------------------
login      registering, logging in and out, who one is   users or addresses
wallet     nonces, signatures, sessions                  users or addresses
betting    odds and bets                                 users or addresses
orders     orders, over REST and WebSocket               users
other      everything else, subscribing too              users
anonymous  the last two, asked without a good token      addresses

What is for everybody counts for a user too, if a good token comes with it; but registering, logging in and becoming a
guest count by address, there a token is not looked at. Nothing counts that asks whether Rialto is well, that comes from
this machine (unless RATE_LIMIT_LOOPBACK=1), or that is for administrators and asked by one: a script of theirs that
runs wild must not keep them from halting a market.
"""

import ipaddress
import math
from functools import lru_cache

import msgspec

from gateway.answers import Rejected
from gateway.identity.caller import Caller
from gateway.statuses import Problem

# Buckets of one limit. Those that are full are not kept, so it takes this many askers within some seconds to reach it
# (with 10/20: within 4 s, 2,500 a second); above it those that asked the longest ago begin anew with a full one.
BUCKETS_MAX = 10_000
ORIGINS_MAX = 10_000  # addresses of which it is remembered what they are: finding out takes 2 to 10 us, looking up 0.05
ROUNDING_S = 1e-6  # far above what adding times up loses, far below what anybody waits for

# What one subscriber of an IPv6 provider has at least: he may take another address for each request.
IPV6_PREFIX = 64

Key = int | str  # a user's id, or a network


class Rate(msgspec.Struct, frozen=True):
    """So many requests a second; after a pause `burst` of them at once."""

    per_second: float
    burst: int

    def __str__(self) -> str:
        """As an operator writes it."""
        return f"{self.per_second:.9g}/{self.burst}"


class Buckets:
    """The buckets of one rate. They have no clock: the time is passed in, and never goes back.

    All that is kept of a bucket is when it will be full again. So after the time in which an empty one fills up, those
    of which nothing was taken meanwhile can be forgotten, and nobody notices; that is what `_earlier` is for.
    """

    def __init__(self, rate: Rate) -> None:
        self._token_s = 1 / rate.per_second
        self._fill_s = rate.burst / rate.per_second
        self._recent: dict[Key, float] = {}  # what was taken from since the last turn
        self._earlier: dict[Key, float] = {}  # in the turn before
        self._turn_ends_s = -math.inf

    def __len__(self) -> int:
        return len(self._recent.keys() | self._earlier.keys())

    def take(self, key: Key, now_s: float) -> int:
        """Take a token and return 0; or take none, and return after how many whole seconds there will be one."""
        if now_s >= self._turn_ends_s:
            self._turn(now_s)
        full_s = self._recent.get(key)
        if full_s is None:
            full_s = self._earlier.get(key, now_s)
        if full_s < now_s:
            full_s = now_s
        full_s += self._token_s
        wait_s = full_s - now_s - self._fill_s - ROUNDING_S
        if wait_s > 0:
            return math.ceil(wait_s)
        self._recent[key] = full_s
        if len(self._recent) > BUCKETS_MAX // 2:
            self._turn(now_s)
        return 0

    def _turn(self, now_s: float) -> None:
        self._earlier, self._recent = self._recent, {}
        self._turn_ends_s = now_s + self._fill_s


class RateLimit:
    """One limit; without a rate it is none."""

    def __init__(self, rate: Rate | None, *, loopback_too: bool = False) -> None:
        self._rate = rate
        self._buckets = None if rate is None else Buckets(rate)
        self._loopback_too = loopback_too

    def charge(self, caller: Caller, now_s: float) -> None:
        """Count a request of this caller. Raises Rejected(TOO_MANY_REQUESTS), and then it is not counted.

        That takes 0.2 us, from this machine 0.07, and to ask what time it is 0.14 (`timeit`): of an order's way, which
        takes 390 us at best, a thousandth.
        """
        if self._buckets is None:
            return
        origin = origin_of(caller.address)
        if origin.is_loopback and not self._loopback_too:
            return
        wait_s = self._buckets.take(caller.user_id or origin.network, now_s)
        if wait_s:
            raise Rejected(Problem.TOO_MANY_REQUESTS, f"{self._words()}: try again in {wait_s} s", wait_s)

    def _words(self) -> str:
        assert self._rate is not None
        return f"too many requests: at most {self._rate.per_second:.9g} a second, {self._rate.burst} at once"


class RateLimits(msgspec.Struct, frozen=True):
    """The limits of one gateway."""

    login: RateLimit
    wallet: RateLimit
    betting: RateLimit
    orders: RateLimit
    other: RateLimit
    anonymous: RateLimit


class Origin(msgspec.Struct, frozen=True):
    """What matters of an address: what it is counted under, and whether it is this machine."""

    network: str
    is_loopback: bool


@lru_cache(maxsize=ORIGINS_MAX)
def origin_of(address: str) -> Origin:
    """Look at an address; what is none, as there was no socket, counts as one of its own."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return Origin(address, is_loopback=False)
    if isinstance(found, ipaddress.IPv6Address):
        if found.ipv4_mapped is not None:  # how a socket for both kinds shows the other one
            found = found.ipv4_mapped
        elif not found.is_loopback:
            return Origin(str(ipaddress.ip_network((found.packed, IPV6_PREFIX), strict=False)), is_loopback=False)
    return Origin(str(found), is_loopback=found.is_loopback)
