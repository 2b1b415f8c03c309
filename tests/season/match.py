"""One match of a season, from its listing to its claims, with everything that may be checked on the way.

                                                              a match that      one that begins      one that begins
                                                              begins later      soon, in play        soon
listed, odds of the opening, betting opened; 20 bets                x                 x                   x
odds of the close; bets at the odds of the opening                  x                                     x
suspended, reopened; odds move while bets come in                   x
in play                                                             x                 x
its start passes                                                                 it goes on          it is closed
a goal: suspended, other odds, reopened; bets                       x                 x
somebody stakes all that the pool can bear                       sometimes        sometimes
closed                                                              x                 x
settled by the score, or first by an option, or wrongly             x                 x                   x
claims, and attempts at claims                                      x                 x                   x
"""

import random
import time
from collections.abc import Callable, Sequence
from fractions import Fraction
from functools import partial

import trio

from gateway.client import Refused
from tests.season.bettors import DEPOSIT_UNITS, Bettor, Taken, Wish
from tests.season.board import groups_of, moved, odds_of, overround, selections
from tests.season.bookmaker import PAGE, Bookmaker
from tests.season.calculation import Selection, Slip, liability, payout
from tests.season.data import Fixture, Groups
from tests.season.history import History, odds_shown
from tests.season.patience import Json

SOON_MS, LATER_MS = 15_000, 3_600_000  # from the listing to the start: time enough to open betting, or never reached
FUNDING = 100_000_000  # what the house puts into a pool by itself
# No bet wins more than this: all bets of a match together stay below the pool, but for the greedy one's.
PAID_MAX = 2_000_000
TRIED = 50_000_000_000  # a stake that no pool can bear
POLL_S = 0.2
CACHE_S = 10.0  # for a hang

Outcome = Taken | Refused


class SeasonMatch:
    """Plays one match: what is sent is decided by the seed and the number alone."""

    def __init__(
        self, number: int, fixture: Fixture, seed: int, bookmaker: Bookmaker, bettors: Sequence[Bettor]
    ) -> None:
        self.number = number
        self.fixture = fixture
        self.market_id = 0
        self.taken: list[tuple[Bettor, Taken]] = []
        self.updates: list[Json] = []  # all of its stream, when it is over
        self._chance = random.Random(f"{seed} match {number}")
        self._bookmaker = bookmaker
        self._bettors = bettors
        self._begins_soon = number % 10 == 7
        self._goes_in_play = number % 20 != 7
        self._start_ms = 0
        self._status = "scheduled"
        self._board: Groups = {}
        self._history = History()
        self._options: dict[Selection, int] = {}
        self._refused: list[tuple[Wish, Refused]] = []  # while odds were moving
        self._wishes = 0

    async def play(self, listed: Callable[[int], None], slots: trio.Semaphore) -> None:
        """Play it; `listed` hears its id. While it only waits for its start, its slot is another match's."""
        async with slots:
            await self._list()
            listed(self.market_id)
            await self._open()
            await self._bet_together(self._wish(20))
            if not (self._begins_soon and self._goes_in_play):
                await self._close_odds()
            if not self._begins_soon:
                await self._waver()
            if self._goes_in_play:
                await self._move("in_play")
            if not self._begins_soon:
                await self._end()
        if self._begins_soon:
            await self._wait_for_start()
            await self._end()

    async def _end(self) -> None:
        if self._goes_in_play:
            await self._score_goal()
            if self.number % 8 == 3:
                await self._be_greedy()
            await self._move("closed")
        await self._expect_refusal(self._wish(1), "MARKET_CLOSED")
        await self._settle()
        await self._claim()
        await self._check_bets()
        await self._check_updates()

    # Before the start

    async def _list(self) -> None:
        self._start_ms = _now_ms() + (SOON_MS if self._begins_soon else LATER_MS)
        self.market_id = await self._bookmaker.list_match(self.fixture, self._start_ms)

    async def _open(self) -> None:
        await self._set_odds(self.fixture.opening)
        await self._expect_refusal(self._wish(1), "MARKET_CLOSED")
        await self._move("active", funding=str(FUNDING))

    async def _close_odds(self) -> None:
        """Move the odds to those of the close; those who have not looked since bet at the old ones."""
        wishes = self._wish(10, ("exact", "better", "any"))
        await self._set_odds(self.fixture.closing)
        outcomes = await self._bet_together(wishes)
        again = [
            (bettor, self._wish_for(wish.selection, "exact"))
            for (bettor, wish), outcome in zip(wishes, outcomes, strict=True)
            if isinstance(outcome, Refused) and outcome.code == "ODDS_CHANGED"
        ]
        await self._bet_together(again)

    async def _waver(self) -> None:
        """Suspend and reopen; then move odds at the same time as bets come in: who is first is not decided here."""
        await self._move("suspended")
        await self._expect_refusal(self._wish(1), "MARKET_HALTED")
        await self._move("active")
        wishes = self._wish(10, ("exact", "better", "any"))
        boards = [moved(self._board, self._chance, line_moves=line_moves) for line_moves in (False, self._is_lucky(3))]
        line_moves = boards[1]["spread"]["line"] != self._board["spread"]["line"]
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._bet_in_a_race, wishes, line_moves)
            for board in boards:
                await self._set_odds(board, look=False)
        await self._look()

    async def _bet_in_a_race(self, wishes: list[tuple[Bettor, Wish]], line_moves: bool) -> None:
        outcomes = await self._send(wishes)
        for (_, wish), outcome in zip(wishes, outcomes, strict=True):
            if isinstance(outcome, Refused):
                if outcome.code == "ODDS_CHANGED":
                    self._refused.append((wish, outcome))
                else:
                    assert outcome.code == "MARKET_CLOSED", outcome
                    assert line_moves, outcome
                    assert wish.selection.kind == "spread"

    async def _wait_for_start(self) -> None:
        """Until the start has passed: then betting is closed, unless it goes on in play."""
        await trio.sleep(max(0, self._start_ms - _now_ms()) / 1000)
        expected = "in_play" if self._goes_in_play else "closed"
        with trio.fail_after(60):  # for a hang
            while (await self._read())["market"]["status"] != expected:  # noqa: ASYNC110  # another process
                await trio.sleep(POLL_S)
        if not self._goes_in_play:
            self._status = "closed"

    # In play

    async def _score_goal(self) -> None:
        await self._bet_together(self._wish(3))
        await self._move("suspended")
        await self._expect_refusal(self._wish(1), "MARKET_HALTED")
        await self._set_odds(moved(self._board, self._chance, line_moves=self._is_lucky(2)))
        await self._move("active", arrives_at="in_play")
        await self._bet_together(self._wish(5, ("exact", "better", "any")))

    async def _be_greedy(self) -> None:
        """Ask for too much, and then for all that can be had: that is worked out here anew."""
        [(bettor, wish)] = self._wish(1)
        [refused] = await self._send([(bettor, self._with_stake(wish, TRIED))])
        assert isinstance(refused, Refused)
        assert refused.code == "LIABILITY_LIMIT", refused
        most = int(refused.details["maxStake"])
        slips = [taken.slip for _, taken in self.taken]
        money = FUNDING + sum(slip.stake for slip in slips)
        for stake, fits in ((most, True), (most + 1, False)):
            slip = Slip(wish.selection, stake, wish.odds)
            assert (liability([*slips, slip]) <= money + stake) is fits, (refused, slip)
        [refused] = await self._send([(bettor, self._with_stake(wish, most + 1))])
        assert isinstance(refused, Refused)
        assert refused.details == {"maxStake": str(most)}
        [taken] = await self._send([(bettor, self._with_stake(wish, most))])
        assert isinstance(taken, Taken), taken
        [poor] = await self._send([(bettor, self._with_stake(wish, 10 * DEPOSIT_UNITS))])
        assert isinstance(poor, Refused)
        assert poor.code == "INSUFFICIENT_FUNDS", poor

    # The end

    async def _settle(self) -> None:
        goals = self.fixture.home_goals, self.fixture.away_goals
        bettor, bet = self._chance.choice(self.taken)
        await _expect_no_claim(bettor, bet, "NOT_SETTLED")
        if self.number % 5 == 1:
            pick = "home" if goals[0] > goals[1] else "away" if goals[0] < goals[1] else "draw"
            await self._bookmaker.settle_option(self.market_id, self._options[Selection("moneyline", pick)])
            self._tell()
        if self.number % 5 == 2:
            await self._bookmaker.settle(self.market_id, goals[1] + 1, goals[0])
            self._status = "settled"
            self._tell()
            await self._bookmaker.roll_back(self.market_id)
            self._status = "closed"
            self._tell()
        await self._bookmaker.settle(self.market_id, *goals)
        self._status = "settled"
        self._tell()

    async def _claim(self) -> None:
        """Have all winners paid, each what the goals say; try what must not be paid."""
        won = [(bettor, bet) for bettor, bet in self.taken if self._payout(bet)]
        lost = [(bettor, bet) for bettor, bet in self.taken if not self._payout(bet)]
        if lost:
            await _expect_no_claim(*self._chance.choice(lost), "NOTHING_TO_CLAIM")
        if won:
            bettor, bet = self._chance.choice(won)
            another = self._chance.choice([somebody for somebody in self._bettors if somebody is not bettor])
            await _expect_no_claim(another, bet, "NOT_FOUND")
        async with trio.open_nursery() as nursery:
            for bettor, bet in won:
                nursery.start_soon(self._claim_one, bettor, bet)
        if won:
            await _expect_no_claim(*self._chance.choice(won), "ALREADY_CLAIMED")

    async def _claim_one(self, bettor: Bettor, bet: Taken) -> None:
        bet.paid = await bettor.claim(bet.order_id)
        assert bet.paid == self._payout(bet), (self.fixture.title, bet)

    def _payout(self, bet: Taken) -> int:
        return payout(bet.slip, self.fixture.home_goals, self.fixture.away_goals)

    async def _check_bets(self) -> None:
        """The exchange has the bets that were taken, no other, none twice; each is worth what the goals say."""
        read = partial(self._bookmaker.client.bets, self.market_id, page_size=PAGE)
        page = await self._bookmaker.patience.read(read)
        shown = {item["orderId"]: item for item in page["items"]}
        assert len(page["items"]) == page["total"] == len(shown)
        assert shown.keys() == {bet.order_id for _, bet in self.taken}
        for bettor, bet in self.taken:
            item = shown[bet.order_id]
            assert item["userAddress"] == bettor.wallet.address
            assert item["settled"] is True
            assert item["potentialPayout"] == str(self._payout(bet)), (self.fixture.title, item)
            assert item["claimed"] is (bet.paid is not None) is bool(self._payout(bet))

    async def _check_updates(self) -> None:
        """The stream has told each step once; every bet is at odds that were shown at its time."""
        read = partial(self._bookmaker.client.odds_updates, self.market_id, limit=PAGE)
        self.updates = (await self._bookmaker.patience.read(read))["updates"]
        self._history.check(self.updates, self._start_ms)
        score = self.updates[-1]["payload"]["score"]
        assert score == {"home": self.fixture.home_goals, "away": self.fixture.away_goals}
        for _, bet in self.taken:
            assert bet.odds in odds_shown(self.updates, bet.wish.selection, bet.created_ms), bet
        for wish, refused in self._refused:
            assert refused.details["odds"] in odds_shown(self.updates, wish.selection)
            assert not wish.accepts(refused.details["odds"])

    # What all of these need

    def _wish(self, count: int, accept: tuple[str, ...] = ("exact",)) -> list[tuple[Bettor, Wish]]:
        """So many bettors, each with a bet at the odds that are shown now."""
        bettors = self._chance.sample(self._bettors, count)
        offered = selections(self._board)
        return [
            (bettor, self._wish_for(self._chance.choice(offered), self._chance.choice(accept))) for bettor in bettors
        ]

    def _wish_for(self, selection: Selection, accept: str) -> Wish:
        self._wishes += 1
        odds = odds_of(self._board, selection)
        assert odds is not None
        stake = self._chance.randint(1, PAID_MAX * 100 // odds)
        key = f"match {self.number} bet {self._wishes}"
        return Wish(key, self.market_id, self._options[selection], selection, stake, odds, accept)

    def _with_stake(self, wish: Wish, stake: int) -> Wish:
        self._wishes += 1
        key = f"match {self.number} bet {self._wishes}"
        return Wish(key, wish.market_id, wish.option, wish.selection, stake, wish.odds, wish.accept)

    async def _send(self, wishes: list[tuple[Bettor, Wish]]) -> list[Outcome]:
        """Send bets at the same time; what became of each."""
        outcomes: dict[str, Outcome] = {}

        async def send(bettor: Bettor, wish: Wish) -> None:
            try:
                outcomes[wish.client_bet_id] = taken = await bettor.bet(wish)
                self.taken.append((bettor, taken))
            except Refused as refused:
                outcomes[wish.client_bet_id] = refused

        async with trio.open_nursery() as nursery:
            for bettor, wish in wishes:
                nursery.start_soon(send, bettor, wish)
        return [outcomes[wish.client_bet_id] for _, wish in wishes]

    async def _bet_together(self, wishes: list[tuple[Bettor, Wish]]) -> list[Outcome]:
        """Send bets while no odds move: each has the one outcome that it must have."""
        outcomes = await self._send(wishes)
        for (_, wish), outcome in zip(wishes, outcomes, strict=True):
            if self._closed_by_time(outcome):
                continue
            odds = odds_of(self._board, wish.selection)
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
        return closed and self._status == "active" and _now_ms() >= self._start_ms

    async def _expect_refusal(self, wishes: list[tuple[Bettor, Wish]], code: str) -> None:
        [outcome] = await self._send(wishes)
        assert isinstance(outcome, Refused), outcome
        assert outcome.code == code, outcome

    async def _move(self, status: str, arrives_at: str | None = None, funding: str | None = None) -> None:
        await self._bookmaker.move(self.market_id, status, arrives_at, funding)
        self._status = arrives_at or status
        self._tell()

    async def _set_odds(self, board: Groups, *, look: bool = True) -> None:
        if board != self._board:
            await self._bookmaker.set_odds(self.market_id, board, f"{self.fixture.title}: {self._status}")
            self._board = board
            self._tell()
        if look:
            await self._look()

    def _tell(self) -> None:
        self._history.note(self._status, self._board)

    def _is_lucky(self, one_of: int) -> bool:
        return self._chance.randrange(one_of) == 0

    async def _look(self) -> None:
        """Look at the match: its options, the odds that it shows, and the house's margin."""
        shown = await self._read()
        assert groups_of(shown["odds"]) == self._board
        self._options = {}
        for option in shown["market"]["options"]:
            line = None if option["line"] is None else round(option["line"] * 100)
            selection = Selection(option["kind"], option["pick"], line)
            self._options[selection] = option["number"]
            odds = odds_of(self._board, selection)
            assert (option["odds"] if option["offered"] else None) == odds, option
        for kind, group in self._board.items():
            assert Fraction(str(shown["odds"]["overround"][kind])) == round(overround(group), 4)
        await self._look_at_cache(shown["odds"]["seq"])

    async def _look_at_cache(self, seq: int) -> None:
        """What is asked of the cache shows the same, if not at once."""
        client, patience = self._bookmaker.client, self._bookmaker.patience
        with trio.fail_after(CACHE_S):
            while True:
                shown = await patience.read(partial(client.odds, self.market_id))
                if shown["seq"] >= seq:  # its start may have closed it meanwhile
                    break
                patience.counts["looks that the cache was behind at"] += 1
                await trio.sleep(POLL_S)
        assert groups_of(shown) == self._board
        home, away = (self._board["moneyline"][word] for word in ("home", "away"))
        assert (shown["odds_a"], shown["odds_b"]) == (home, away)

    async def _read(self) -> Json:
        return await self._bookmaker.patience.read(partial(self._bookmaker.client.market, self.market_id))


async def _expect_no_claim(bettor: Bettor, bet: Taken, code: str) -> None:
    try:
        paid = await bettor.claim(bet.order_id)
    except Refused as refused:
        assert refused.code == code, refused  # noqa: PT017  # its code is looked at, not that it is raised
    else:
        raise AssertionError(f"{bet} was paid {paid}")


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
