"""What every part of a match needs: bets with the outcome that each must have, steps that are noted, looks at it."""

import random
import time
from collections.abc import Sequence
from fractions import Fraction
from functools import partial

import trio

from gateway.client import Refused
from tests.season.bettors import Bettor, Taken, Wish
from tests.season.board import groups_of, odds_of, overround, selections
from tests.season.bookmaker import Bookmaker
from tests.season.calculation import Selection
from tests.season.data import Fixture, Groups
from tests.season.history import History
from tests.season.patience import Json

# No bet wins more than this: all bets of a match together stay below the pool, but for the greedy one's.
PAID_MAX = 2_000_000
POLL_S = 0.2
CACHE_S = 10.0  # for a hang

Outcome = Taken | Refused


class Stage:
    """A match with what is known of it: its status, its board, its options, its bets."""

    def __init__(
        self, number: int, fixture: Fixture, seed: int, bookmaker: Bookmaker, bettors: Sequence[Bettor]
    ) -> None:
        self.number = number
        self.fixture = fixture
        self.market_id = 0
        self.start_ms = 0
        self.taken: list[tuple[Bettor, Taken]] = []
        self.chance = random.Random(f"{seed} match {number}")
        self.bookmaker = bookmaker
        self.bettors = bettors
        self.status = "scheduled"
        self.board: Groups = {}
        self.settled: tuple[str, ...] = ()  # kinds that are not shown any more, as they have their results
        self.options: dict[Selection, int] = {}
        self.history = History()
        self.raced: list[tuple[Wish, Refused]] = []  # bets that were refused while odds were moving
        self.updates: list[Json] = []  # all of its stream, when it is over
        self.is_over = False  # claimed and checked, too
        self._wishes = 0

    def wish(self, count: int, accept: tuple[str, ...] = ("exact",)) -> list[tuple[Bettor, Wish]]:
        """So many bettors, each with a bet at the odds that are shown now."""
        bettors = self.chance.sample(self.bettors, count)
        offered = selections(self.board)
        return [(bettor, self.wish_for(self.chance.choice(offered), self.chance.choice(accept))) for bettor in bettors]

    def wish_for(self, selection: Selection, accept: str) -> Wish:
        self._wishes += 1
        odds = odds_of(self.board, selection)
        assert odds is not None
        stake = self.chance.randint(1, PAID_MAX * 100 // odds)
        key = f"match {self.number} bet {self._wishes}"
        return Wish(key, self.market_id, self.options[selection], selection, stake, odds, accept)

    def with_stake(self, wish: Wish, stake: int) -> Wish:
        self._wishes += 1
        key = f"match {self.number} bet {self._wishes}"
        return Wish(key, wish.market_id, wish.option, wish.selection, stake, wish.odds, wish.accept)

    async def send(self, wishes: list[tuple[Bettor, Wish]]) -> list[Outcome]:
        """Send bets at the same time; what became of each."""
        outcomes: dict[str, Outcome] = {}

        async def place(bettor: Bettor, wish: Wish) -> None:
            try:
                outcomes[wish.client_bet_id] = await bettor.bet(wish)
            except Refused as refused:
                outcomes[wish.client_bet_id] = refused

        async with trio.open_nursery() as nursery:
            for bettor, wish in wishes:
                nursery.start_soon(place, bettor, wish)
        for bettor, wish in wishes:
            outcome = outcomes[wish.client_bet_id]
            if isinstance(outcome, Taken):
                self.taken.append((bettor, outcome))
        return [outcomes[wish.client_bet_id] for _, wish in wishes]

    async def bet_together(self, wishes: list[tuple[Bettor, Wish]]) -> list[Outcome]:
        """Send bets while no odds move: each has the one outcome that it must have."""
        outcomes = await self.send(wishes)
        for (_, wish), outcome in zip(wishes, outcomes, strict=True):
            if self._closed_by_time(outcome):
                continue
            odds = odds_of(self.board, wish.selection)
            if odds is None:
                assert isinstance(outcome, Refused)
                assert outcome.code == "MARKET_CLOSED", outcome
            elif wish.accepts(odds):
                assert isinstance(outcome, Taken), outcome
                assert outcome.odds == odds
            else:
                assert isinstance(outcome, Refused)
                assert (outcome.code, outcome.details) == ("ODDS_CHANGED", {"odds": odds}), outcome
        return outcomes

    def _closed_by_time(self, outcome: Outcome) -> bool:
        """Whether it was refused because the match has begun, as it had."""
        closed = isinstance(outcome, Refused) and outcome.code == "MARKET_CLOSED"
        return closed and self.status == "active" and now_ms() >= self.start_ms

    async def expect_refusal(self, wishes: list[tuple[Bettor, Wish]], code: str) -> None:
        [outcome] = await self.send(wishes)
        assert isinstance(outcome, Refused), outcome
        assert outcome.code == code, outcome

    async def move(self, status: str, arrives_at: str | None = None, funding: str | None = None) -> None:
        await self.bookmaker.move(self.market_id, status, arrives_at, funding)
        self.status = arrives_at or status
        self.tell()

    async def set_odds(self, board: Groups, *, look: bool = True) -> None:
        if board != self.board:
            await self.bookmaker.set_odds(self.market_id, board, f"{self.fixture.title}: {self.status}")
            self.board = board
            self.tell()
        if look:
            await self.look()

    def tell(self) -> None:
        self.history.note(self.status, {kind: odds for kind, odds in self.board.items() if kind not in self.settled})

    def is_lucky(self, one_of: int) -> bool:
        return self.chance.randrange(one_of) == 0

    async def look(self) -> None:
        """Look at the match: its options, the odds that it shows, and the house's margin."""
        shown = await self.read()
        assert groups_of(shown["odds"]) == self.board
        self.options = {}
        for option in shown["market"]["options"]:
            line = None if option["line"] is None else round(option["line"] * 100)
            selection = Selection(option["kind"], option["pick"], line)
            self.options[selection] = option["number"]
            odds = odds_of(self.board, selection)
            assert (option["odds"] if option["offered"] else None) == odds, option
        for kind, group in self.board.items():
            assert Fraction(str(shown["odds"]["overround"][kind])) == round(overround(group), 4)
        await self._look_at_cache(shown["odds"]["seq"])

    async def _look_at_cache(self, seq: int) -> None:
        """What is asked of the cache shows the same, if not at once."""
        client, patience = self.bookmaker.client, self.bookmaker.patience
        with trio.fail_after(CACHE_S):
            while True:
                shown = await patience.read(partial(client.odds, self.market_id))
                if shown["seq"] >= seq:  # its start may have closed it meanwhile
                    break
                patience.counts["looks that the cache was behind at"] += 1
                await trio.sleep(POLL_S)
        assert groups_of(shown) == self.board
        home, away = (self.board["moneyline"][word] for word in ("home", "away"))
        assert (shown["odds_a"], shown["odds_b"]) == (home, away)

    async def read(self) -> Json:
        return await self.bookmaker.patience.read(partial(self.bookmaker.client.market, self.market_id))


def now_ms() -> int:
    return time.time_ns() // 1_000_000
