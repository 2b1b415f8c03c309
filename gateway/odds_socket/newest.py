"""The newest message of each match, looked up once for all who want it at the same time.

After a restart nothing is in the cache, and everybody comes back at once, with the same matches in the same order.
"""

from functools import partial

import trio

from actors.directory import MarketEntry
from actors.odds_quotes import OddsQuote
from actors.patience import patiently
from gateway.context import Gateway
from gateway.rest.betting.quotes import current_quote


class Newest:
    """One object serves all sockets."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self._turns: dict[int, trio.Lock] = {}  # by market; while somebody looks, or waits to

    async def of(self, market: MarketEntry) -> OddsQuote:
        """How a match stood after its newest message, however long the database is away; number 0: it has none."""
        return await patiently(partial(self._look_up, market))

    async def _look_up(self, market: MarketEntry) -> OddsQuote:
        turn = self._turns.setdefault(market.market_id, trio.Lock())
        try:
            async with turn:  # who waited finds it in the cache
                quote, _ = await current_quote(self._gateway, market)
                return quote
        finally:
            if not turn.locked():
                self._turns.pop(market.market_id, None)
