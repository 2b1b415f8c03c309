"""Accumulators on the matches of a season that take bets at the same time, claimed as their matches are over.

They are placed while odds move, matches are suspended and the server is killed, so what becomes of one is not decided
here; but what is taken is at odds that its matches have shown, and is paid what the goals say.
"""

import random
from collections.abc import Sequence
from fractions import Fraction
from math import prod

import msgspec
import trio

from gateway.client import Refused
from tests.season.bettors import Bettor
from tests.season.board import odds_of, selections
from tests.season.bookmaker import Bookmaker
from tests.season.calculation import Selection, accumulated
from tests.season.history import TAKING, odds_shown
from tests.season.match import SeasonMatch

FUNDING = 5_000_000_000  # what the house puts into the pool: enough for all but the greedy one
MAX_PAYOUT = 2_000_000  # of one
TRIED = 40_000_000_000  # a stake that the pool can't bear, though its bettor has as much
LEGS_MAX = 4
AT_A_TIME = 5
PACE_S = 0.05  # from some to the next
GREEDY_ONE_OF = 40
STALE_ONE_OF = 20
CLOSED_S = 60.0  # for a hang
REFUSALS = {"ODDS_CHANGED", "MARKET_CLOSED", "MARKET_HALTED"}


class Leg(msgspec.Struct, frozen=True):
    """An option of a match, at the odds that its bettor saw."""

    match: SeasonMatch
    selection: Selection
    odds: int


class Taken(msgspec.Struct):
    """An accumulator that was taken at some odds, and what it was paid."""

    order_id: int
    bettor: Bettor
    stake: int
    legs: list[tuple[SeasonMatch, Selection, int]]
    paid: int | None = None  # 0: it was lost

    @property
    def is_over(self) -> bool:
        return all(match.is_over for match, _, _ in self.legs)

    @property
    def payout(self) -> int:
        """What the goals say."""
        return accumulated(
            self.stake,
            (
                (selection, odds, (match.fixture.home_goals, match.fixture.away_goals))
                for match, selection, odds in self.legs
            ),
        )


class Accumulations:
    """Places some at a time, and has them paid."""

    def __init__(self, bookmaker: Bookmaker, bettors: Sequence[Bettor], seed: int) -> None:
        self.taken: list[Taken] = []
        self._bookmaker = bookmaker
        self._bettors = bettors
        self._chance = random.Random(f"{seed} accumulators")
        self._tried = 0
        self._greedy = False  # somebody is
        self.finalized = 0  # matches: each is told on its stream

    async def fund(self) -> None:
        await self._bookmaker.fund_accumulators(FUNDING)

    async def run(self, matches: Sequence[SeasonMatch]) -> None:
        """Go on until all matches are over; then have the rest paid, and the house take its money back."""
        while not all(match.is_over for match in matches):
            async with trio.open_nursery() as nursery:
                for _ in range(AT_A_TIME):
                    nursery.start_soon(self._place, matches)
            await self._claim_those_over()
            await trio.sleep(PACE_S)
        await self._claim_those_over()
        await self._close(matches)

    async def _place(self, matches: Sequence[SeasonMatch]) -> None:
        open_ones = [match for match in matches if match.status in TAKING and match.options]
        if len(open_ones) < 2:
            return
        chosen = self._chance.sample(open_ones, self._chance.randint(2, min(LEGS_MAX, len(open_ones))))
        legs = [leg for leg in map(self._leg_on, chosen) if leg is not None]
        if len(legs) < 2:
            return
        factor = Fraction(prod(leg.odds for leg in legs), 100 ** len(legs))
        stake = self._chance.randint(1, max(1, int(MAX_PAYOUT / factor)))
        is_greedy = factor > 2 and not self._greedy and self._chance.randrange(GREEDY_ONE_OF) == 0
        accept = self._chance.choice(("exact", "better", "any"))
        if self._chance.randrange(STALE_ONE_OF) == 0:  # odds that were never shown
            legs[0] = msgspec.structs.replace(legs[0], odds=legs[0].odds + 1)
            accept = "better"
        self._tried += 1
        bettor, key = self._chance.choice(self._bettors), f"accumulator {self._tried}"
        if is_greedy:  # one at a time: what is asked for is held
            self._greedy = True
            await self._send(bettor, key, legs, TRIED, accept)
            self._greedy = False
        else:
            await self._send(bettor, key, legs, stake, accept)

    def _leg_on(self, match: SeasonMatch) -> Leg | None:
        offered = [selection for selection in selections(match.board) if selection in match.options]
        if not offered:
            return None
        selection = self._chance.choice(offered)
        odds = odds_of(match.board, selection)
        return None if odds is None else Leg(match, selection, odds)

    async def _send(self, bettor: Bettor, key: str, legs: list[Leg], stake: int, accept: str) -> None:
        body = {
            "legs": [
                {"marketId": leg.match.market_id, "option": leg.match.options[leg.selection], "odds": leg.odds}
                for leg in legs
            ],
            "amount": str(stake),
            "acceptOdds": accept,
            "clientBetId": key,
        }
        try:
            shown = await bettor.accumulate(body)
        except Refused as refused:
            expected = {*REFUSALS, "LIABILITY_LIMIT"} if stake == TRIED else REFUSALS
            assert refused.code in expected, refused  # noqa: PT017  # most are not refused
            return
        assert stake != TRIED, shown
        assert (shown["amount"], shown["clientBetId"]) == (str(stake), key)
        odds = [leg["odds"] for leg in shown["legs"]]
        for leg, told, taken_at in zip(legs, shown["legs"], odds, strict=True):
            assert (told["marketId"], told["oddsAsked"]) == (leg.match.market_id, leg.odds)
            assert taken_at == leg.odds or accept == "any" or (accept == "better" and taken_at > leg.odds), shown
        places = [(leg.match, leg.selection, each) for leg, each in zip(legs, odds, strict=True)]
        self.taken.append(Taken(shown["orderId"], bettor, stake, places))

    async def _claim_those_over(self) -> None:
        for taken in self.taken:
            if taken.paid is None and taken.is_over:
                await self._claim(taken)

    async def _claim(self, taken: Taken) -> None:
        """Have it paid what the goals say; one that is lost, in vain."""
        for match, selection, odds in taken.legs:
            assert odds in odds_shown(match.updates, selection), taken
        try:
            taken.paid = await taken.bettor.claim_accumulator(taken.order_id)
        except Refused as refused:
            assert refused.code == "NOTHING_TO_CLAIM", refused  # noqa: PT017  # it is for those that are lost
            taken.paid = 0
        assert taken.paid == taken.payout, taken

    async def _close(self, matches: Sequence[SeasonMatch]) -> None:
        """Make all results final: then what is lost covers nothing any more, and the pool is the house's again."""
        for match in matches:
            await self._bookmaker.finalize(match.market_id)
            self.finalized += 1
        with trio.fail_after(CLOSED_S):
            while (stands := await self._bookmaker.accumulators())["open"]:  # noqa: ASYNC110  # another process
                await trio.sleep(PACE_S)
        staked, paid = (sum(getattr(taken, name) for taken in self.taken) for name in ("stake", "paid"))
        assert stands["liability"] == "0"
        assert stands["pool"] == stands["available"] == str(FUNDING + staked - paid)
        await self._bookmaker.return_accumulators(int(stands["pool"]))
        for taken in self.taken:
            shown = await self._bookmaker.accumulator(taken.order_id)
            assert (shown["settled"], shown["potentialPayout"]) == (True, str(taken.paid)), shown
            assert shown["claimed"] is bool(taken.paid)


def sums(bettor: Bettor, taken: Sequence[Taken]) -> tuple[int, int]:
    """What somebody has staked on accumulators, and what they have paid him."""
    own = [each for each in taken if each.bettor is bettor]
    return sum(each.stake for each in own), sum(each.paid or 0 for each in own)
