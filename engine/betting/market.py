"""One match: its odds, its bets, and its way to the results. Commands in, events out; no clock, no waiting.

commands and time ──> one step of engine/betting/lifecycle.py, or a bet, or a claim
go_on             ──> a void match pays what it owes, a part of it at a time
"""

from itertools import islice
from typing import Any

from msgspec.structs import replace

from engine.betting.bet import accepts, claimed_record, liability_limit, placed_record
from engine.betting.commands import (
    BetPaid,
    BetTaken,
    ClaimBet,
    CloseBetting,
    DescribeMatch,
    EnterBet,
    FinalizeMatch,
    FundPool,
    GoInPlay,
    MatchStands,
    OpenBetting,
    ReopenBetting,
    RollBackSettlement,
    SetOdds,
    SettleOption,
    SettleScore,
    SuspendBetting,
    VoidMatch,
)
from engine.betting.events import BetClaimed, BetPlaced, BettingEvent, MatchDescribed, MatchMoved, OddsSet, PoolMoved
from engine.betting.facts import LegPaid
from engine.betting.lifecycle import BEGINNINGS, BETTING, IMPOSSIBLE, OVER, TRANSITIONS, Step, read_standing
from engine.betting.match import Match, refuse_board
from engine.betting.options import (
    GROUPS_MAX,
    changed_by,
    rolled_back,
    settled_by_option,
    settled_by_score,
    settled_on,
    voided,
)
from engine.betting.pool import Pool
from engine.ledger.bets import BetRecord, OptionRecord
from engine.ledger.records import MarketRecord, MarketState
from engine.refusals import Refusal, Refused

BY_TIME = 0  # nobody's id: the match moved on by itself
PART_MAX = 1_000  # stakes that one commit gives back: a statement stays near a thousand rows
CLAIMS_SHOWN_MAX = 100  # that stand in a refusal by name


class BettingMarket:
    """Owns a match with its pool. Time moves it in `begin`."""

    def __init__(
        self,
        market: MarketRecord,
        match: Match,
        pool: Pool,
        *,
        part_max: int = PART_MAX,
    ) -> None:
        self.market_id = market.market_id
        self.name = market.name
        self.match = match
        self.state = market.state
        self.sequence = market.sequence
        self.standing = read_standing(market.standing)
        self.pool = pool
        self.part_max = part_max
        self._events: list[BettingEvent] = []
        self._now_ms = 0

    def begin(self, now_ms: int) -> None:
        """Set the time of the commands that follow, and do what is due by then."""
        self._now_ms = now_ms
        if self.due_ms is not None and now_ms >= self.due_ms:
            self._move(Step.CLOSE, BY_TIME)

    @property
    def due_ms(self) -> int | None:
        """When time will close betting by itself."""
        waits = self.state in (MarketState.SCHEDULED, MarketState.OPEN, MarketState.SUSPENDED)
        return self.match.start_ms if waits and not self.standing.in_play else None

    def take_events(self) -> tuple[Any, ...]:
        """Hand over the events since the last call, oldest first."""
        events = tuple(self._events)
        self._events.clear()
        return events

    # Bets

    def place(self, entered: EnterBet) -> BetTaken | Refused:
        """Take a bet at the odds of this moment, if the pool covers what it may cost."""
        bet = entered.bet
        if self.state not in BETTING:
            return self._no_betting()
        option = self.pool.options.get(bet.option_number)
        if option is None:
            return Refused(Refusal.NOT_FOUND, f"the match has no option {bet.option_number}")
        if option.result is not None:
            return Refused(Refusal.MARKET_CLOSED, f"option {option.number} is settled")
        if not option.offered:
            return Refused(Refusal.MARKET_CLOSED, f"option {option.number} is not offered now")
        if not accepts(bet.accept, bet.odds, option.odds):
            words = f"the odds of option {option.number} are {option.odds} now"
            return Refused(Refusal.ODDS_CHANGED, words, {"odds": option.odds})
        limit = self.pool.largest_stake(option)
        if limit is not None and bet.stake > limit:
            return liability_limit(limit)

        # From here on it must succeed.
        event = BetPlaced(
            self._next_sequence(),
            entered.bet_id,
            bet.account_id,
            bet.client_bet_id,
            option.number,
            bet.stake,
            option.odds,
            bet.odds,
            bet.accept,
        )
        self._events.append(event)
        record = placed_record(self.market_id, self._now_ms, event)
        self.pool.take(record)
        return BetTaken(record)

    def claim(self, command: ClaimBet) -> BetPaid | Refused:
        """Pay a bet that its customer has won, or has got back; once."""
        if self.pool.claimed.get(command.bet_id) == command.account_id:
            return Refused(Refusal.ALREADY_CLAIMED, "this bet has been paid already")
        bet = self.pool.bets.get(command.bet_id)
        if bet is None or bet.account_id != command.account_id:
            return Refused(Refusal.NOT_FOUND, f"there is no bet {command.bet_id}")
        payout = self.pool.payout_of(bet)
        if payout is None:
            return Refused(Refusal.NOT_SETTLED, "this bet is not settled yet")
        if payout == 0:
            return Refused(Refusal.NOTHING_TO_CLAIM, "this bet is lost: there is nothing to claim")
        return BetPaid(self._pay(bet))

    def note_paid_leg(self, paid: LegPaid) -> None:
        """Know of an accumulator that was paid for a leg on this match: what it was paid for is final."""
        self.pool.note_paid(paid.bet_id, paid.option_number)

    # Odds

    def set_odds(self, command: SetOdds) -> MatchStands | Refused:
        """Show another board, as a new number of the stream."""
        if self.state in OVER:
            return Refused(Refusal.CONFLICT, f"the match is {self.state.value}: its odds are history")
        board = command.board_after(self.standing.board)
        if (refused := refuse_board(board)) is not None:
            return refused
        changed = changed_by(self.market_id, self.pool.options, board)
        if any(option.result is not None for option in changed):
            return Refused(Refusal.ALREADY_SETTLED, "a group that is settled can't be offered again: leave it out")
        if any(option.group_number > GROUPS_MAX for option in changed):
            return Refused(Refusal.CONFLICT, f"a match has at most {GROUPS_MAX} groups of options")
        settled = settled_on(board, self.pool.options.values())
        self.standing = replace(self.standing, board=board, number=self.standing.number + 1, settled=settled)
        self.pool.write(changed)
        sequence = self._next_sequence()
        self._events.append(OddsSet(sequence, command.actor_id, command.reason, self.state, self.standing, changed))
        return self._stands()

    # The way to the results

    def open(self, command: OpenBetting) -> MatchStands | Refused:
        """Take bets, covered by the house's money."""
        if (refused := self._refuse(Step.OPEN)) is not None:
            return refused
        if (refused := self._refuse_bare()) is not None:
            return refused
        if self._now_ms >= self.match.start_ms:
            return Refused(Refusal.CONFLICT, "the match has begun: betting can't be opened any more")
        self._move(Step.OPEN, command.actor_id, opened=True)
        self._move_pool(command.funding)
        return self._stands()

    def fund(self, command: FundPool) -> MatchStands | Refused:
        """Let more be staked."""
        if self.state in OVER:
            return Refused(Refusal.CONFLICT, f"the match is {self.state.value}: its pool can't be funded now")
        if not self.standing.opened:
            return Refused(Refusal.CONFLICT, "betting was never opened: the pool is funded as it is")
        self._move_pool(command.amount)
        return self._stands()

    def describe(self, command: DescribeMatch) -> MatchStands:
        """Show another description."""
        self.standing = replace(self.standing, description=command.description)
        self._events.append(MatchDescribed(self._next_sequence(), command.actor_id, command.description))
        return self._stands()

    def suspend(self, command: SuspendBetting) -> MatchStands | Refused:
        """Take no bets for a while; suspending twice is once."""
        return self._step(Step.SUSPEND, command.actor_id, MarketState.SUSPENDED)

    def reopen(self, command: ReopenBetting) -> MatchStands | Refused:
        """Take bets again; reopening twice is once."""
        if self.state in BETTING:
            return self._stands()
        if self.standing.in_play:
            return self._step(Step.GO_IN_PLAY, command.actor_id, MarketState.IN_PLAY)
        if self._now_ms >= self.match.start_ms:
            return Refused(Refusal.CONFLICT, "the match has begun: betting goes on in play, or not at all")
        return self._step(Step.REOPEN, command.actor_id, MarketState.OPEN)

    def go_in_play(self, command: GoInPlay) -> MatchStands | Refused:
        """Take bets while the match goes on; its start does not close it any more."""
        return self._step(Step.GO_IN_PLAY, command.actor_id, MarketState.IN_PLAY, in_play=True)

    def close(self, command: CloseBetting) -> MatchStands | Refused:
        """Take no more bets; closing twice is once."""
        return self._step(Step.CLOSE, command.actor_id, MarketState.CLOSED)

    def settle_option(self, command: SettleOption) -> MatchStands | Refused:
        """Settle the group of an option that has won; with the last group, the match."""
        if (refused := self._refuse(Step.SETTLE_OPTION)) is not None:
            return refused
        winner = self.pool.options.get(command.option_number)
        if winner is None:
            return Refused(Refusal.NOT_FOUND, f"the match has no option {command.option_number}")
        if winner.result is not None:
            return Refused(Refusal.ALREADY_SETTLED, f"the group of option {winner.number} is settled already")
        settled = settled_by_option(self.pool.options.values(), winner)
        group = winner.group_number
        last = all(o.result is not None for o in self.pool.options.values() if o.group_number != group)
        self._settle(Step.SETTLE if last else Step.SETTLE_OPTION, command.actor_id, settled)
        return self._stands()

    def settle_score(self, command: SettleScore) -> MatchStands | Refused:
        """Settle what is left by the score."""
        if (refused := self._refuse(Step.SETTLE)) is not None:
            return refused
        settled = settled_by_score(self.pool.options.values(), command.home, command.away)
        score = {"home_goals": command.home, "away_goals": command.away}
        self._settle(Step.SETTLE, command.actor_id, settled, **score)
        return self._stands()

    def roll_back(self, command: RollBackSettlement) -> MatchStands | Refused:
        """Take results back, exactly; not those of a group once something has been paid for it."""
        if (refused := self._refuse(Step.ROLL_BACK)) is not None:
            return refused
        if self.standing.final:
            return Refused(Refusal.CONFLICT, "the settlement is final: it can't be rolled back any more")
        settled = self._settled_with(command.option_number)
        if isinstance(settled, Refused):
            return settled
        if (refused := self._refuse_claimed(settled, command.option_number)) is not None:
            return refused
        if command.returned != self.standing.returned_units:
            return Refused(Refusal.CONFLICT, "the match has been settled anew meanwhile: look at it, and try again")
        reopened = rolled_back((self.pool.options[number] for number in sorted(settled)), self.standing.board)
        self.pool.write(reopened)
        self._move_pool(command.returned)
        self._move(Step.ROLL_BACK, command.actor_id, reopened, home_goals=None, away_goals=None, returned="0")
        return self._stands()

    def _settled_with(self, number: int | None) -> set[int] | Refused:
        """The settled options of one option's group, or all of them."""
        chosen = tuple(self.pool.options.values())
        if number is not None:
            if number not in self.pool.options:
                return Refused(Refusal.NOT_FOUND, f"the match has no option {number}")
            group = self.pool.options[number].group_number
            chosen = tuple(option for option in chosen if option.group_number == group)
        settled = {option.number for option in chosen if option.result is not None}
        return settled or Refused(Refusal.CONFLICT, "nothing of this is settled")

    def finalize(self, command: FinalizeMatch) -> MatchStands | Refused:
        """Let the settlement stand for good; doing so twice is once."""
        if not self.standing.final:
            if (refused := self._refuse(Step.FINALIZE)) is not None:
                return refused
            self._move(Step.FINALIZE, command.actor_id, final=True)
            self.pool.let_go_of_lost()
        return self._stands()

    def void(self, command: VoidMatch) -> MatchStands | Refused:
        """Give every stake back, but for the groups for which something has been paid: those keep their results.

        What was won there may have been paid from what others have staked elsewhere: then the house comes in first.
        """
        if (refused := self._refuse(Step.VOID)) is not None:
            return refused
        pushed = voided(self.pool.options.values(), self.pool.final_groups)
        if (lacking := self.pool.lacks(pushed)) > 0:
            words = f"the pool lacks {lacking} to give the stakes back: fund it first"
            return Refused(Refusal.CONFLICT, words)
        self._settle(Step.VOID, command.actor_id, pushed)
        return self._stands()

    # What it does by itself

    @property
    def has_work(self) -> bool:
        """Whether `go_on` has something to do now."""
        return self.state is MarketState.VOID and any(map(self.pool.payout_of, self.pool.bets.values()))

    def go_on(self) -> None:
        """Pay the next of what a void match owes: stakes, and what was won in groups that keep their results."""
        if self.has_work:
            owed = filter(self.pool.payout_of, self.pool.bets.values())
            for bet in tuple(islice(owed, self.part_max)):
                self._pay(bet)

    # Inside

    def _no_betting(self) -> Refused:
        if self.state is MarketState.SUSPENDED:
            return Refused(Refusal.MARKET_HALTED, "betting is suspended: try again later")
        if self.state is MarketState.SCHEDULED:
            return Refused(Refusal.MARKET_CLOSED, "betting is not open yet")
        return Refused(Refusal.MARKET_CLOSED, f"the match is {self.state.value}: it takes no bets any more")

    def _refuse(self, step: Step) -> Refused | None:
        """Say why a step can't be taken now."""
        if (self.state, step) in TRANSITIONS:
            return self._refuse_beginning(step) if step in BEGINNINGS else None
        settled = self.state in OVER and step in (Step.SETTLE, Step.SETTLE_OPTION)
        code = Refusal.ALREADY_SETTLED if settled else Refusal.CONFLICT
        return Refused(code, f"the match is {self.state.value}: {IMPOSSIBLE[step]}")

    def _refuse_beginning(self, step: Step) -> Refused | None:
        """The house funds the pool as betting is opened: once, and before anything is staked."""
        if step is not Step.OPEN and not self.standing.opened:
            return Refused(Refusal.CONFLICT, "betting was never opened: open it first")
        if step is Step.OPEN and self.standing.opened:
            return Refused(Refusal.CONFLICT, "betting was opened before: reopen it")
        return None

    def _refuse_bare(self) -> Refused | None:
        """Betting goes on only where there is something to bet on: a match may have been closed before it had odds."""
        offered = any(option.offered for option in self.pool.options.values())
        return None if offered else Refused(Refusal.CONFLICT, "there are no odds: set them first")

    def _refuse_claimed(self, numbers: set[int], asked: int | None) -> Refused | None:
        """Name what has been paid for these options, bets and accumulators: it can't be undone."""
        claims = self.pool.claims_on(numbers)
        if not claims:
            return None
        paid = "1 claim has" if len(claims) == 1 else f"{len(claims)} claims have"
        words = f"{paid} been paid already: this can't be rolled back any more"
        if asked is None:
            words += "; groups without claims can be, by their option"
        return Refused(Refusal.ALREADY_CLAIMED, words, {"claims": claims[:CLAIMS_SHOWN_MAX]})

    def _step(self, step: Step, actor_id: int, to: MarketState, **changes: Any) -> MatchStands | Refused:
        """Take a step that asks for little but its place in the table; where it leads to already, it is done."""
        if self.state is not to:
            if (refused := self._refuse(step)) is not None:
                return refused
            if to in BETTING and (refused := self._refuse_bare()) is not None:
                return refused
            self._move(step, actor_id, **changes)
        return self._stands()

    def _settle(self, step: Step, actor_id: int, settled: tuple[OptionRecord, ...], **changes: Any) -> None:
        """Write results; when none is missing any more, the house gets what is left of the pool."""
        self.pool.write(settled)
        left = self.pool.money - self.pool.liability if TRANSITIONS[self.state, step] in OVER else 0
        self._move(step, actor_id, settled, returned=str(left), **changes)
        self._move_pool(-left)

    def _move(self, step: Step, actor_id: int, options: tuple[OptionRecord, ...] = (), **changes: Any) -> None:
        """Take a step of the table, as a new number of the stream."""
        self.state = TRANSITIONS[self.state, step]
        settled = settled_on(self.standing.board, self.pool.options.values())
        self.standing = replace(self.standing, number=self.standing.number + 1, settled=settled, **changes)
        sequence = self._next_sequence()
        self._events.append(MatchMoved(sequence, step, actor_id, self.state, self.standing, options))

    def _move_pool(self, amount: int) -> None:
        if amount:
            self.pool.money += amount
            self._events.append(PoolMoved(self._next_sequence(), amount))

    def _pay(self, bet: BetRecord) -> BetRecord:
        """Pay a bet what its result says."""
        result = self.pool.options[bet.option_number].result
        event = BetClaimed(self._next_sequence(), bet.bet_id, bet.account_id, self.pool.pay(bet))
        self._events.append(event)
        return replace(claimed_record(self.market_id, self._now_ms, bet, event), result=result)

    def _next_sequence(self) -> int:
        self.sequence += 1
        return self.sequence

    def _stands(self) -> MatchStands:
        return MatchStands(self.name, self.state, self.standing)
