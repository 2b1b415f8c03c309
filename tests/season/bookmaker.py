"""The administrator of a season: lists matches, moves odds, suspends, settles; each step once, whatever happens."""

from functools import partial

from gateway.client.betting import BettingClient
from tests.season.board import groups_of, payload_of
from tests.season.data import Fixture, Groups
from tests.season.patience import Json, Patience

PAGE = 500


class Bookmaker:
    """Sends what changes a match; what is unknown is looked up at the match."""

    def __init__(self, client: BettingClient, patience: Patience) -> None:
        self.client = client
        self.patience = patience

    async def list_match(self, fixture: Fixture, start_ms: int) -> int:
        """Make a match; returns its id. Two sides meet once a season at one's home, so it can be looked for."""
        terms = {
            "league": fixture.league,
            "home_team": fixture.home_team,
            "away_team": fixture.away_team,
            "start_time": start_ms,
        }
        market_id: int = await self.patience.do(partial(self.client.create_market, terms), partial(self._find, fixture))
        return market_id

    async def _find(self, fixture: Fixture) -> int | None:
        page = await self.client.markets(league=fixture.league, page_size=PAGE)
        assert page["total"] <= PAGE
        sides = (fixture.home_team, fixture.away_team)
        found: list[int] = [item["id"] for item in page["items"] if (item["home_team"], item["away_team"]) == sides]
        return found[0] if found else None

    async def set_odds(self, market_id: int, groups: Groups, reason: str) -> None:
        """Show other odds: they must differ from those that are shown."""

        async def find() -> Json | None:
            shown = await self.client.market(market_id)
            return shown if groups.items() <= groups_of(shown["odds"]).items() else None

        await self.patience.do(partial(self.client.override_odds, market_id, payload_of(groups), reason), find)

    async def move(
        self, market_id: int, status: str, arrives_at: str | None = None, funding: str | None = None
    ) -> None:
        """Set the status; `arrives_at` is the one that it leads to, if that is another."""
        send = partial(self.client.update_market, market_id, status, funding=funding)
        await self.patience.do(send, partial(self._find_status, market_id, arrives_at or status))

    async def settle(self, market_id: int, home: int, away: int) -> None:
        """Settle what is left by the score."""
        send = partial(self.client.settle_score, market_id, home, away)
        await self.patience.do(send, partial(self._find_status, market_id, "settled"))

    async def settle_option(self, market_id: int, option: int) -> None:
        """Settle one group by the option that has won."""

        async def find() -> Json | None:
            shown = await self.client.market(market_id)
            return shown if any(o["number"] == option and o["result"] for o in shown["market"]["options"]) else None

        await self.patience.do(partial(self.client.settle_option, market_id, option), find)

    async def roll_back(self, market_id: int) -> None:
        """Take the settlement back."""
        send = partial(self.client.roll_back, market_id)
        await self.patience.do(send, partial(self._find_status, market_id, "closed"))

    async def _find_status(self, market_id: int, status: str) -> Json | None:
        shown = await self.client.market(market_id)
        return shown if shown["market"]["status"] == status else None

    async def finalize(self, market_id: int) -> None:
        """Let a settlement stand for good; twice is once."""
        await self.patience.read(partial(self.client.finalize, market_id))

    # Accumulators

    async def accumulators(self) -> Json:
        """How their pool stands."""
        return await self.patience.read(self.client.accumulator_pool)

    async def accumulator(self, order_id: int) -> Json:
        return await self.patience.read(partial(self.client.accumulator_by_id, order_id))

    async def fund_accumulators(self, amount: int) -> None:
        """Put money into a pool that is empty."""

        async def find() -> Json | None:
            shown = await self.client.accumulator_pool()
            return shown if shown["pool"] == str(amount) else None

        await self.patience.do(partial(self.client.fund_accumulators, str(amount)), find)

    async def return_accumulators(self, amount: int) -> None:
        """Take all of the pool back."""

        async def find() -> Json | None:
            shown = await self.client.accumulator_pool()
            return shown if shown["pool"] == "0" else None

        await self.patience.do(partial(self.client.return_from_accumulators, str(amount)), find)
