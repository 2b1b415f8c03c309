"""Fixed-odds betting over HTTP. Amounts are strings of smallest units; odds of bets are hundredths, 185 is 1.85.

async with open_betting("http://127.0.0.1:8080") as client:
    await log_in_wallet(client.rest, address, sign)
    order = await client.bet({"marketId": 7, "option": 1, "amount": "10000", "odds": 185, "clientBetId": "first"})
    await client.claim(order["orderId"])
"""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from urllib.parse import quote

from gateway.client.rest import TIMEOUT_S, Json, RestClient, open_rest

PAGE_SIZE = 20


class BettingClient:
    """Speaks through a RestClient, whose token it shares: one log-in is good for all paths of an exchange."""

    def __init__(self, rest: RestClient) -> None:
        self.rest = rest

    # Matches and odds

    async def markets(
        self, status: str | None = None, league: str | None = None, page: int = 1, page_size: int = PAGE_SIZE
    ) -> Json:
        """One page, counted from 1, newest first."""
        query = {"status": status, "league": league, "page": page, "pageSize": page_size}
        return await self.rest.call("GET", "/api/v1/markets", **query)

    async def active_markets(self) -> Json:
        """The matches that take bets, as of half a minute ago or less."""
        return await self.rest.call("GET", "/api/v1/markets/active")

    async def market(self, market_id: int) -> Json:
        """A match with its options and its odds."""
        return await self.rest.call("GET", f"/api/v1/markets/{market_id}")

    async def odds(self, market_id: int) -> Json:
        return await self.rest.call("GET", f"/api/v1/odds/{market_id}")

    async def odds_snapshot(self, market_id: int) -> Json:
        return await self.rest.call("GET", f"/api/v1/markets/{market_id}/odds/snapshot")

    async def odds_updates(self, market_id: int, since_seq: int = 0, limit: int | None = None) -> Json:
        """What the stream has told after a number; go on with the answer's `toSeq`."""
        path = f"/api/v1/markets/{market_id}/odds/updates"
        return await self.rest.call("GET", path, since_seq=since_seq, limit=limit)

    # Bets

    async def bet(self, bet: Mapping[str, Json]) -> Json:
        """Place a bet. One with a `clientBetId` can be sent again: it is answered with the same bet.

        Refused has `details`: the `odds` of now with ODDS_CHANGED, `maxStake` with LIABILITY_LIMIT.
        """
        return await self.rest.call("POST", "/api/v1/bets", bet)

    async def bet_by_id(self, order_id: int) -> Json:
        return await self.rest.call("GET", f"/api/v1/bets/{order_id}")

    async def bet_by_client_id(self, client_bet_id: str) -> Json:
        return await self.rest.call("GET", f"/api/v1/bets/by-client-id/{quote(client_bet_id, safe='')}")

    async def bets(
        self,
        market_id: int | None = None,
        status: str | None = None,
        user_address: str | None = None,
        page: int = 1,
        page_size: int = PAGE_SIZE,
    ) -> Json:
        """One page, counted from 1, newest first; `status` is pending or confirmed."""
        query = {"marketId": market_id, "status": status, "userAddress": user_address}
        return await self.rest.call("GET", "/api/v1/bets", page=page, pageSize=page_size, **query)

    async def claim(self, order_id: int) -> Json:
        """Have a settled bet paid."""
        return await self.rest.call("POST", f"/api/v1/bets/{order_id}/claim")

    # Accumulators

    async def accumulate(self, accumulator: Mapping[str, Json]) -> Json:
        """Place a bet on several matches: `legs`, each with marketId, option and odds, and what a bet has.

        Refused has `details`: the `legs` with other odds now with ODDS_CHANGED, `maxStake` with LIABILITY_LIMIT.
        """
        return await self.rest.call("POST", "/api/v1/accumulators", accumulator)

    async def accumulator_by_id(self, order_id: int) -> Json:
        return await self.rest.call("GET", f"/api/v1/accumulators/{order_id}")

    async def accumulator_by_client_id(self, client_bet_id: str) -> Json:
        return await self.rest.call("GET", f"/api/v1/accumulators/by-client-id/{quote(client_bet_id, safe='')}")

    async def accumulators(
        self,
        status: str | None = None,
        user_address: str | None = None,
        page: int = 1,
        page_size: int = PAGE_SIZE,
    ) -> Json:
        """One page, counted from 1, newest first; `status` is pending or confirmed."""
        query = {"status": status, "userAddress": user_address, "page": page, "pageSize": page_size}
        return await self.rest.call("GET", "/api/v1/accumulators", **query)

    async def claim_accumulator(self, order_id: int) -> Json:
        """Have an accumulator paid whose legs have all come in."""
        return await self.rest.call("POST", f"/api/v1/accumulators/{order_id}/claim")

    # What administrators do

    async def create_market(self, match: Mapping[str, Json]) -> int:
        """Make a match from league, home_team, away_team, start_time; returns its id."""
        market_id: int = (await self.rest.call("POST", "/api/v1/admin/markets", match))["id"]
        return market_id

    async def update_market(
        self, market_id: int, status: str | None = None, description: str | None = None, funding: str | None = None
    ) -> Json:
        """Move a match to active, suspended, in_play or closed; the first time active, with this funding."""
        body = _given(status=status, description=description, funding=funding)
        return await self.rest.call("PUT", f"/api/v1/admin/markets/{market_id}", body)

    async def override_odds(self, market_id: int, payload: Mapping[str, Json], reason: str) -> Json:
        """Set the groups that are given; None takes one from the board."""
        body = {"market_id": market_id, "payload": payload, "reason": reason}
        return await self.rest.call("POST", "/api/v1/admin/odds/override", body)

    async def fund(self, market_id: int, amount: str) -> Json:
        """Put more of the house's money into a match's pool."""
        return await self._step(market_id, "fund", {"amount": amount})

    async def settle_option(self, market_id: int, winning_option: int) -> Json:
        """Settle the group of an option."""
        return await self._step(market_id, "settle", {"winning_option": winning_option})

    async def settle_score(self, market_id: int, home: int, away: int) -> Json:
        """Settle all that is left."""
        return await self._step(market_id, "settle", {"score": {"home": home, "away": away}})

    async def roll_back(self, market_id: int, option: int | None = None) -> Json:
        """Take results back: those of an option's group, or all."""
        return await self._step(market_id, "rollback", _given(option=option))

    async def finalize(self, market_id: int, reason: str | None = None) -> Json:
        """Say that a settlement can't be rolled back any more."""
        return await self._step(market_id, "finalize", _given(reason=reason))

    async def void(self, market_id: int, reason: str | None = None) -> Json:
        """Give every stake back."""
        return await self._step(market_id, "void", _given(reason=reason))

    async def _step(self, market_id: int, step: str, body: Json) -> Json:
        return await self.rest.call("POST", f"/api/v1/admin/markets/{market_id}/{step}", body)

    # Accumulators have a pool for each asset; without `asset` it is that of the one which new matches have.

    async def accumulator_pool(self, asset: str | None = None) -> Json:
        """What covers all accumulators, and how much of it is free."""
        return await self.rest.call("GET", "/api/v1/admin/accumulators", asset=asset)

    async def fund_accumulators(self, amount: str, asset: str | None = None) -> Json:
        """Put more of the house's money into the pool of accumulators."""
        return await self._step_of_accumulators("fund", _given(amount=amount, asset=asset))

    async def return_from_accumulators(self, amount: str, asset: str | None = None) -> Json:
        """Give some of it back. Refused has `details`: CONFLICT says how much is `available`."""
        return await self._step_of_accumulators("return", _given(amount=amount, asset=asset))

    async def suspend_accumulators(self, reason: str | None = None, asset: str | None = None) -> Json:
        """Take no new ones."""
        return await self._step_of_accumulators("suspend", _given(reason=reason, asset=asset))

    async def resume_accumulators(self, reason: str | None = None, asset: str | None = None) -> Json:
        """Take new ones again."""
        return await self._step_of_accumulators("resume", _given(reason=reason, asset=asset))

    async def _step_of_accumulators(self, step: str, body: Json) -> Json:
        return await self.rest.call("POST", f"/api/v1/admin/accumulators/{step}", body)


def _given(**fields: Json) -> Json:
    """The fields that are not left out."""
    return {name: value for name, value in fields.items() if value is not None}


@asynccontextmanager
async def open_betting(base_url: str, timeout_s: float = TIMEOUT_S) -> AsyncIterator[BettingClient]:
    """Open a client for the exchange at `base_url`."""
    async with open_rest(base_url, timeout_s) as rest:
        yield BettingClient(rest)
