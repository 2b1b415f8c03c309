"""Nonces: what a wallet signs to log in. Each is for one wallet, is good once, and for five minutes.

nonce:{address}:{nonce}     in the cache; taken out by whoever logs in with it

Who asks need not hold the wallet's key, so nothing that a stranger does may keep its owner out:
- A nonce is taken only once the signature has been found good. A failed attempt leaves it, as it tells nobody anything:
  the nonce is no secret, and a signature can't be guessed. A replay finds it gone.
- Too many nonces drop older ones, but only those of the same asker: a stranger's flood, from another address of the
  network, does not reach the owner's.
"""

from gateway.identity.passwords import Randomness
from gateway.identity.refusals import cache_needed
from storage.cache import Cache

LIFETIME_S = 5 * 60
OUTSTANDING_MAX = 5  # of one wallet for one asker, as of a few open tabs: above it the oldest is dropped
ASKERS_MAX = 10_000  # whose nonces are counted; above it the one who asked longest ago is forgotten, its nonces expire

Asker = tuple[str, str]  # for which wallet, from which address of the network


class Nonces:
    """Wallets' addresses are in lower case here."""

    def __init__(self, cache: Cache, randomness: Randomness) -> None:
        self._cache = cache
        self._randomness = randomness
        self._given: dict[Asker, list[str]] = {}

    async def give(self, address: str, network_address: str) -> str:
        """Make a nonce for a wallet. Raises Rejected(BUSY)."""
        nonce = as_uuid(self._randomness.token_hex(16))
        with cache_needed():
            await self._cache.put(_key(address, nonce), b"1", 1_000 * LIFETIME_S)
            for dropped in self._count((address, network_address), nonce):
                await self._cache.remove(_key(address, dropped))
        return nonce

    async def take(self, address: str, nonce: str) -> bool:
        """Use a nonce up; False if it was not given for this wallet, has expired or been used. Raises Rejected(BUSY).

        After BUSY it may be used up: who asks for a new one is on the safe side.
        """
        with cache_needed():
            return await self._cache.take(_key(address, nonce)) is not None

    def _count(self, asker: Asker, nonce: str) -> list[str]:
        """Remember a nonce that is in the cache; return those of the same asker that are too many now."""
        given = [*self._given.pop(asker, ()), nonce]
        self._given[asker] = given[-OUTSTANDING_MAX:]
        if len(self._given) > ASKERS_MAX:
            del self._given[next(iter(self._given))]
        return given[:-OUTSTANDING_MAX]


def as_uuid(digits: str) -> str:
    """Write 32 random hex digits as a UUID of version 4: that takes six bits of them."""
    variant = "89ab"[int(digits[16], 16) % 4]
    return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-{variant}{digits[17:20]}-{digits[20:]}"


def _key(address: str, nonce: str) -> str:
    return f"nonce:{address}:{nonce}"
