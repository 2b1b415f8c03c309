"""The odds of a match as its stream told them last, and where they are kept for whoever asks: in the cache.

The cache may be empty, or away (a remote one raises OSError): what it does not say, its reader looks up.
"""

from contextlib import suppress

import msgspec

from actors.pushes import Odds
from engine.betting.lifecycle import MatchStanding
from engine.ledger.records import MarketState
from storage.cache import Cache

LIFETIME_MS = 60_000  # the odds specification's


class OddsQuote(msgspec.Struct, frozen=True):
    """How a match stood right after a message of its stream, and when that was."""

    market_id: int
    state: MarketState
    standing: MatchStanding  # its number is the message's
    now_ms: int


def quote_of(odds: Odds) -> OddsQuote:
    """The quote that a message of the stream makes."""
    return OddsQuote(odds.market.market_id, odds.event.state, odds.event.standing, odds.now_ms)


async def remember(cache: Cache, quote: OddsQuote) -> None:
    """Keep a quote, unless a newer one is there."""
    with suppress(OSError):
        await cache.put(_key(quote.market_id), msgspec.json.encode(quote), LIFETIME_MS, quote.standing.number)


async def recall(cache: Cache, market_id: int) -> OddsQuote | None:
    """The quote that is kept, if one is."""
    with suppress(OSError):
        kept = await cache.get(_key(market_id))
        return None if kept is None else msgspec.json.decode(kept, type=OddsQuote)
    return None


def _key(market_id: int) -> str:
    return f"oddsq:{market_id}"
