"""Bets and accumulators alike, for tests of what holds for both: each kind in words that mean the same."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import msgspec
import pytest

from tests.gateway.houses import House, Reply
from tests.gateway.rest.betting import accumulator_scenes
from tests.gateway.rest.betting.accumulator_scenes import ACCUMULATORS, Matches, accumulator_of
from tests.gateway.rest.betting.scenes import BETS, bet_of, done, look, settle


class Kind(msgspec.Struct, frozen=True):
    """A kind of slips. Its words cost 1 USD; what they come to is of matches that all end 3:0."""

    noun: str
    path: str
    body: Callable[..., dict[str, Any]]  # of the matches and the words, and of more fields
    win: str
    lose: str  # for an accumulator, whatever its last match comes to
    payout: str  # of what wins, in units
    payout_usd: str
    then_has: str  # in USD: who had 1,000 before
    kept: Callable[[House, Matches], Awaitable[str]]  # what is kept for those that are open

    async def send(self, house: House, matches: Sequence[int], by: str, words: str, **more: Any) -> Reply:
        """Send one that may be refused."""
        return await house.call("POST", self.path, self.body(matches, words, **more), by=by)

    async def place(self, house: House, matches: Sequence[int], by: str, words: str, **more: Any) -> dict[str, Any]:
        """Place one that is taken; returns it."""
        return await done(house, "POST", self.path, self.body(matches, words, **more), by=by)

    async def shown(self, house: House, placed: dict[str, Any], by: str) -> dict[str, Any]:
        """One as it stands now."""
        found: dict[str, Any] = await look(house, f"{self.path}/{placed['orderId']}", by)
        return found

    async def claim(self, house: House, placed: dict[str, Any], by: str) -> Reply:
        """Ask for one to be paid."""
        return await house.call("POST", f"{self.path}/{placed['orderId']}/claim", by=by)


def _bet_of(matches: Sequence[int], words: str, **more: Any) -> dict[str, Any]:
    """A bet on the first of the matches."""
    return bet_of(matches[0], words, **more)


async def _kept_for_bets(house: House, matches: Matches) -> str:
    liability: str = (await look(house, f"/api/v1/markets/{matches[0]}", "root"))["market"]["liability"]
    return liability


async def _kept_for_accumulators(house: House, _: Matches) -> str:
    liability: str = (await accumulator_scenes.pool(house))["liability"]
    return liability


BET = Kind(
    noun="bet",
    path=BETS,
    body=_bet_of,
    win="10000 on 1 at 185",
    lose="10000 on 3 at 420",
    payout="18500",
    payout_usd="1.85",
    then_has="1000.85",
    kept=_kept_for_bets,
)
ACCUMULATOR = Kind(
    noun="accumulator",
    path=ACCUMULATORS,
    body=accumulator_of,
    win="10000 on 1 at 185, 6 at 190",
    lose="10000 on 2 at 340, 6 at 190, 1 at 185",
    payout="35150",
    payout_usd="3.515",
    then_has="1002.515",
    kept=_kept_for_accumulators,
)
OTHER = {BET: ACCUMULATOR, ACCUMULATOR: BET}

of_each_kind = pytest.mark.parametrize("kind", [BET, ACCUMULATOR], ids=lambda kind: kind.noun)


async def settle_all(house: House, matches: Sequence[int], home: int = 3, away: int = 0) -> None:
    """Have matches end alike."""
    for match in matches:
        await settle(house, match, home, away)
