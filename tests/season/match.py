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

from collections.abc import Callable
from functools import partial

import trio

from gateway.client import Refused
from tests.season.bettors import DEPOSIT_UNITS, Bettor, Taken, Wish
from tests.season.board import moved
from tests.season.bookmaker import PAGE
from tests.season.calculation import Selection, Slip, liability, payout
from tests.season.history import odds_shown
from tests.season.stage import POLL_S, Stage, now_ms

SOON_MS, LATER_MS = 15_000, 3_600_000  # from the listing to the start: time enough to open betting, or never reached
FUNDING = 100_000_000  # what the house puts into a pool by itself
TRIED = 50_000_000_000  # a stake that no pool can bear


class SeasonMatch(Stage):
    """Plays one match: what is sent follows from the seed, the number, and the answers before it."""

    @property
    def _begins_soon(self) -> bool:
        return self.number % 10 == 7

    @property
    def _goes_in_play(self) -> bool:
        return self.number % 20 != 7

    async def play(self, listed: Callable[[int], None], slots: trio.Semaphore) -> None:
        """Play it; `listed` hears its id. While it only waits for its start, its slot is another match's."""
        async with slots:
            await self._list()
            listed(self.market_id)
            await self._open()
            await self.bet_together(self.wish(20))
            if not (self._begins_soon and self._goes_in_play):
                await self._close_odds()
            if not self._begins_soon:
                await self._waver()
            if self._goes_in_play:
                await self.move("in_play")
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
            await self.move("closed")
        await self.expect_refusal(self.wish(1), "MARKET_CLOSED")
        await self._settle()
        await self._claim()
        await self._check_bets()
        await self._check_updates()
        self.is_over = True

    # Before the start

    async def _list(self) -> None:
        self.start_ms = now_ms() + (SOON_MS if self._begins_soon else LATER_MS)
        self.market_id = await self.bookmaker.list_match(self.fixture, self.start_ms)

    async def _open(self) -> None:
        await self.set_odds(self.fixture.opening)
        await self.expect_refusal(self.wish(1), "MARKET_CLOSED")
        await self.move("active", funding=str(FUNDING))

    async def _close_odds(self) -> None:
        """Move the odds to those of the close; those who have not looked since bet at the old ones."""
        wishes = self.wish(10, ("exact", "better", "any"))
        await self.set_odds(self.fixture.closing)
        outcomes = await self.bet_together(wishes)
        again = [
            (bettor, self.wish_for(wish.selection, "exact"))
            for (bettor, wish), outcome in zip(wishes, outcomes, strict=True)
            if isinstance(outcome, Refused) and outcome.code == "ODDS_CHANGED"
        ]
        await self.bet_together(again)

    async def _waver(self) -> None:
        """Suspend and reopen; then move odds at the same time as bets come in: who is first is not decided here."""
        await self.move("suspended")
        await self.expect_refusal(self.wish(1), "MARKET_HALTED")
        await self.move("active")
        wishes = self.wish(10, ("exact", "better", "any"))
        boards = [moved(self.board, self.chance, line_moves=line_moves) for line_moves in (False, self.is_lucky(3))]
        line_moves = boards[1]["spread"]["line"] != self.board["spread"]["line"]
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._bet_in_a_race, wishes, line_moves)
            for board in boards:
                await self.set_odds(board, look=False)
        await self.look()

    async def _bet_in_a_race(self, wishes: list[tuple[Bettor, Wish]], line_moves: bool) -> None:
        outcomes = await self.send(wishes)
        for (_, wish), outcome in zip(wishes, outcomes, strict=True):
            if isinstance(outcome, Refused):
                if outcome.code == "ODDS_CHANGED":
                    self.raced.append((wish, outcome))
                else:
                    assert outcome.code == "MARKET_CLOSED", outcome
                    assert line_moves, outcome
                    assert wish.selection.kind == "spread"

    async def _wait_for_start(self) -> None:
        """Until the start has passed: then betting is closed, unless it goes on in play."""
        await trio.sleep(max(0, self.start_ms - now_ms()) / 1000)
        expected = "in_play" if self._goes_in_play else "closed"
        with trio.fail_after(60):  # for a hang
            while (await self.read())["market"]["status"] != expected:  # noqa: ASYNC110  # another process
                await trio.sleep(POLL_S)
        if not self._goes_in_play:
            self.status = "closed"

    # In play

    async def _score_goal(self) -> None:
        await self.bet_together(self.wish(3))
        await self.move("suspended")
        await self.expect_refusal(self.wish(1), "MARKET_HALTED")
        await self.set_odds(moved(self.board, self.chance, line_moves=self.is_lucky(2)))
        await self.move("active", arrives_at="in_play")
        await self.bet_together(self.wish(5, ("exact", "better", "any")))

    async def _be_greedy(self) -> None:
        """Ask for too much, and then for all that can be had: that is worked out here anew."""
        [(bettor, wish)] = self.wish(1)
        [refused] = await self.send([(bettor, self.with_stake(wish, TRIED))])
        assert isinstance(refused, Refused)
        assert refused.code == "LIABILITY_LIMIT", refused
        most = int(refused.details["maxStake"])
        slips = [taken.slip for _, taken in self.taken]
        money = FUNDING + sum(slip.stake for slip in slips)
        for stake, fits in ((most, True), (most + 1, False)):
            slip = Slip(wish.selection, stake, wish.odds)
            assert (liability([*slips, slip]) <= money + stake) is fits, (refused, slip)
        [refused] = await self.send([(bettor, self.with_stake(wish, most + 1))])
        assert isinstance(refused, Refused)
        assert refused.details == {"maxStake": str(most)}
        [taken] = await self.send([(bettor, self.with_stake(wish, most))])
        assert isinstance(taken, Taken), taken
        [poor] = await self.send([(bettor, self.with_stake(wish, 10 * DEPOSIT_UNITS))])
        assert isinstance(poor, Refused)
        assert poor.code == "INSUFFICIENT_FUNDS", poor

    # The end

    async def _settle(self) -> None:
        goals = self.fixture.home_goals, self.fixture.away_goals
        if self.taken:
            await _expect_no_claim(*self.chance.choice(self.taken), "NOT_SETTLED")
        if self.number % 5 == 1:
            pick = "home" if goals[0] > goals[1] else "away" if goals[0] < goals[1] else "draw"
            await self.bookmaker.settle_option(self.market_id, self.options[Selection("moneyline", pick)])
            self.settled = ("moneyline",)
            self.tell()
        if self.number % 5 == 2:
            await self.bookmaker.settle(self.market_id, goals[1] + 1, goals[0])
            self.status, self.settled = "settled", tuple(self.board)
            self.tell()
            await self.bookmaker.roll_back(self.market_id)
            self.status, self.settled = "closed", ()
            self.tell()
        await self.bookmaker.settle(self.market_id, *goals)
        self.status, self.settled = "settled", tuple(self.board)
        self.tell()

    async def _claim(self) -> None:
        """Have all winners paid, each what the goals say; try what must not be paid."""
        won = [(bettor, bet) for bettor, bet in self.taken if self._payout(bet)]
        lost = [(bettor, bet) for bettor, bet in self.taken if not self._payout(bet)]
        if lost:
            await _expect_no_claim(*self.chance.choice(lost), "NOTHING_TO_CLAIM")
        if won:
            bettor, bet = self.chance.choice(won)
            another = self.chance.choice([somebody for somebody in self.bettors if somebody is not bettor])
            await _expect_no_claim(another, bet, "NOT_FOUND")
        async with trio.open_nursery() as nursery:
            for bettor, bet in won:
                nursery.start_soon(self._claim_one, bettor, bet)
        if won:
            await _expect_no_claim(*self.chance.choice(won), "ALREADY_CLAIMED")

    async def _claim_one(self, bettor: Bettor, bet: Taken) -> None:
        bet.paid = await bettor.claim(bet.order_id)
        assert bet.paid == self._payout(bet), (self.fixture.title, bet)

    def _payout(self, bet: Taken) -> int:
        return payout(bet.slip, self.fixture.home_goals, self.fixture.away_goals)

    async def _check_bets(self) -> None:
        """The exchange has the bets that were taken, no other, none twice; each is worth what the goals say."""
        read = partial(self.bookmaker.client.bets, self.market_id, page_size=PAGE)
        page = await self.bookmaker.patience.read(read)
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
        read = partial(self.bookmaker.client.odds_updates, self.market_id, limit=PAGE)
        self.updates = (await self.bookmaker.patience.read(read))["updates"]
        self.history.check(self.updates, self.start_ms)
        score = self.updates[-1]["payload"]["score"]
        assert score == {"home": self.fixture.home_goals, "away": self.fixture.away_goals}
        for _, bet in self.taken:
            assert bet.odds in odds_shown(self.updates, bet.wish.selection, bet.created_ms), bet
        for wish, refused in self.raced:
            assert refused.details["odds"] in odds_shown(self.updates, wish.selection)
            assert not wish.accepts(refused.details["odds"])


async def _expect_no_claim(bettor: Bettor, bet: Taken, code: str) -> None:
    try:
        paid = await bettor.claim_in_vain(bet.order_id)
    except Refused as refused:
        assert refused.code == code, refused  # noqa: PT017  # its code is looked at, not that it is raised
    else:
        raise AssertionError(f"{bet} was paid {paid}")
