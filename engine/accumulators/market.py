"""The accumulators of one asset. Commands and facts in, events out; no clock, no waiting.

facts of matches ──> odds and results, as the ledger has told them: they may be a moment old
commands         ──> a bet on several matches, or a claim
go_on            ──> closes what is lost for good, a part of it at a time
"""

from collections.abc import Container, Iterable
from itertools import islice
from math import prod
from typing import Any

from msgspec.structs import replace

from engine.accumulators.accumulator import claimed_record, lost_record, placed_record
from engine.accumulators.commands import (
    AccumulatorPaid,
    AccumulatorsStand,
    AccumulatorTaken,
    ClaimAccumulator,
    EnterAccumulator,
    FundAccumulators,
    LegAsked,
    ReturnFunds,
)
from engine.accumulators.events import (
    AccumulatorClaimed,
    AccumulatorEvent,
    AccumulatorLost,
    AccumulatorPlaced,
    Leg,
)
from engine.accumulators.pool import Pool
from engine.accumulators.terms import refuse_legs
from engine.amounts import format_decimal
from engine.betting.bet import accepts, liability_limit
from engine.betting.events import PoolMoved
from engine.betting.facts import MatchFacts
from engine.ledger.accumulators import AccumulatorRecord
from engine.ledger.bets import ODDS_ONE, Result
from engine.ledger.records import MarketRecord, MarketState
from engine.refusals import Refusal, Refused, first_of
from engine.trading.commands import MarketChanged
from engine.trading.events import MarketHalted, MarketResumed

ODDS_MAX = 10_000  # of all legs together, unless the operator says otherwise
PART_MAX = 1_000  # that one batch looks at, and closes where they are lost
CLOSED_MAX = 10_000  # remembered, so that the second of two claims at once hears what became of the first


class AccumulatorMarket:
    """Owns the pool and what is open, and knows of each match what was told of it last."""

    def __init__(
        self,
        market: MarketRecord,
        pool: Pool,
        matches: Iterable[MatchFacts] = (),
        *,
        odds_max: int = ODDS_MAX,
        part_max: int = PART_MAX,
    ) -> None:
        self.market_id = market.market_id
        self.name = market.name
        self.state = market.state
        self.sequence = market.sequence
        self.pool = pool
        self.odds_max = odds_max
        self.part_max = part_max
        # Those that take bets or may yet, and those that something is open on.
        self.matches = {facts.market_id: facts for facts in matches}
        self.doubtful: dict[int, None] = {}  # open, and to be looked at: by what is final now, it may be lost for good
        self._closed: dict[int, AccumulatorRecord] = {}  # lately, oldest first
        self._events: list[AccumulatorEvent] = []
        self._now_ms = 0
        for facts in tuple(self.matches.values()):
            self._doubt(facts, facts.final_groups)
            self._forget_over(facts.market_id)
        self.doubtful = {bet_id: None for bet_id in self.doubtful if self._is_lost(self.pool.open[bet_id])}

    def begin(self, now_ms: int) -> None:
        """Set the time of the commands that follow."""
        self._now_ms = now_ms

    @property
    def due_ms(self) -> None:
        """Time alone moves nothing."""

    def take_events(self) -> tuple[Any, ...]:
        """Hand over the events since the last call, oldest first."""
        events = tuple(self._events)
        self._events.clear()
        return events

    # Facts

    def learn(self, facts: MatchFacts) -> None:
        """Know how a match stands; what was told before, and comes later, is passed over."""
        known = self.matches.get(facts.market_id)
        if known is None or known.age <= facts.age:
            self.matches[facts.market_id] = facts
            self._doubt(facts, facts.final_groups - (known.final_groups if known is not None else frozenset()))
            self._forget_over(facts.market_id)

    def _doubt(self, facts: MatchFacts, groups: Container[int]) -> None:
        """Have those looked at that stand on options of these groups, which are final now, and have not won."""
        for option in facts.options.values():
            if option.group_number in groups and option.result is not Result.WIN:
                self.doubtful.update(dict.fromkeys(self.pool.on(facts.market_id, option.number)))

    def _is_lost(self, accumulator: AccumulatorRecord) -> bool:
        return self.worth_at_most(accumulator) == 0

    def worth_at_most(self, accumulator: AccumulatorRecord) -> int:
        """What may be paid by what is final; what is not may all be won yet."""
        return accumulator.payout_at_most(
            self.matches[leg.market_id].final_result(leg.option_number) for leg in accumulator.legs
        )

    def _forget_over(self, market_id: int) -> None:
        """Let go of a match on which nothing is or will be open."""
        if self.matches[market_id].over and not self.pool.has_legs_on(market_id):
            del self.matches[market_id]

    # Bets

    def place(self, entered: EnterAccumulator) -> AccumulatorTaken | Refused:
        """Take an accumulator at the odds told last, if the pool covers all that it may be paid."""
        bet = entered.bet
        if (refused := refuse_legs(bet.legs)) is not None:
            return refused
        if (refused := first_of((self._refuse_now(), *map(self._refuse_leg, bet.legs)))) is not None:
            return refused
        legs = tuple(map(self._leg_now, bet.legs))
        changed = [leg for leg in legs if not accepts(bet.accept, leg.odds_asked, leg.odds)]
        if changed:
            return _odds_changed(changed)
        if (refused := self._refuse_stake(bet.stake, [leg.odds for leg in legs])) is not None:
            return refused

        # From here on it must succeed.
        event = AccumulatorPlaced(
            self._next_sequence(), entered.bet_id, bet.account_id, bet.client_bet_id, legs, bet.stake, bet.accept
        )
        self._events.append(event)
        accumulator = placed_record(self.market_id, self._now_ms, event)
        self.pool.take(accumulator)
        return AccumulatorTaken(accumulator)

    def claim(self, command: ClaimAccumulator) -> AccumulatorPaid | Refused:
        """Pay an accumulator that its customer has won, or has got back; once."""
        accumulator = self.pool.open.get(command.bet_id) or self._closed.get(command.bet_id)
        if accumulator is None or accumulator.account_id != command.account_id:
            return Refused(Refusal.NOT_FOUND, f"there is no accumulator {command.bet_id}")
        if accumulator.payout:
            return Refused(Refusal.ALREADY_CLAIMED, "this accumulator has been paid already")
        payout = self.payout_of(accumulator)
        if payout is None:
            return Refused(Refusal.NOT_SETTLED, "not all legs of this accumulator are settled yet")
        if payout == 0:
            return Refused(Refusal.NOTHING_TO_CLAIM, "this accumulator is lost: there is nothing to claim")
        event = AccumulatorClaimed(self._next_sequence(), accumulator.bet_id, accumulator.account_id, payout)
        self._events.append(event)
        paid = claimed_record(self._now_ms, self._with_results(accumulator), event)
        self._close(paid)
        return AccumulatorPaid(paid)

    def payout_of(self, accumulator: AccumulatorRecord) -> int | None:
        """What can be claimed of one that is open or was closed lately; None before that is certain."""
        if accumulator.payout is not None:
            return accumulator.payout
        return self._with_results(accumulator).potential_payout

    def _with_results(self, accumulator: AccumulatorRecord) -> AccumulatorRecord:
        legs = (
            replace(leg, result=self.matches[leg.market_id].options[leg.option_number].result)
            for leg in accumulator.legs
        )
        return replace(accumulator, legs=tuple(legs))

    def _refuse_now(self) -> Refused | None:
        if self.state is MarketState.OPEN:
            return None
        return Refused(Refusal.MARKET_HALTED, "accumulators are suspended: try again later")

    def _refuse_stake(self, stake: int, odds: list[int]) -> Refused | None:
        """Say why the house does not cover so much; for tiny stakes at huge odds it would cover nothing else."""
        if prod(odds) > self.odds_max * ODDS_ONE ** len(odds):
            together = format_decimal(prod(odds), 2 * len(odds))
            words = f"the odds of all legs together are {together}: at most {self.odds_max} are taken"
            return Refused(Refusal.LIABILITY_LIMIT, words, {"maxStake": "0"})
        limit = self.pool.largest_stake(odds)
        return liability_limit(limit) if stake > limit else None

    def _refuse_leg(self, leg: LegAsked) -> Refused | None:
        """Say why nothing can be staked on an option now."""
        facts = self.matches.get(leg.market_id)
        if facts is None:
            words = f"match {leg.market_id} takes no bets in accumulators of {self.name}"
            return Refused(Refusal.MARKET_CLOSED, words)
        if leg.option_number not in facts.options:
            return Refused(Refusal.NOT_FOUND, f"match {leg.market_id} has no option {leg.option_number}")
        if facts.state is MarketState.SUSPENDED:
            return Refused(Refusal.MARKET_HALTED, f"betting on match {leg.market_id} is suspended: try again later")
        shown = facts.shown
        if not shown.takes_bets or (shown.closes_ms is not None and self._now_ms >= shown.closes_ms):
            return Refused(Refusal.MARKET_CLOSED, f"match {leg.market_id} takes no bets now")
        if leg.option_number not in shown.odds:
            return Refused(
                Refusal.MARKET_CLOSED, f"option {leg.option_number} of match {leg.market_id} takes no bets now"
            )
        return None

    def _leg_now(self, leg: LegAsked) -> Leg:
        shown = self.matches[leg.market_id].shown
        return Leg(leg.market_id, leg.option_number, shown.odds[leg.option_number], leg.odds, shown.number)

    # The pool

    def fund(self, command: FundAccumulators) -> AccumulatorsStand:
        """Let more be staked."""
        self._move_pool(command.amount)
        return self.stands()

    def give_back(self, command: ReturnFunds) -> AccumulatorsStand | Refused:
        """Return to the house what covers nothing."""
        if command.amount > (free := self.pool.free):
            words = f"at most {free} can be returned: the rest covers open accumulators"
            return Refused(Refusal.CONFLICT, words, {"available": str(free)})
        self._move_pool(-command.amount)
        return self.stands()

    def halt(self) -> MarketChanged:
        """Take claims only; halting twice is once."""
        if self.state is not MarketState.HALTED:
            self.state = MarketState.HALTED
            self._events.append(MarketHalted(self._next_sequence()))
        return MarketChanged(self.name, self.state)

    def resume(self) -> MarketChanged:
        """Take bets again; resuming twice is once."""
        if self.state is not MarketState.OPEN:
            self.state = MarketState.OPEN
            self._events.append(MarketResumed(self._next_sequence()))
        return MarketChanged(self.name, self.state)

    def stands(self) -> AccumulatorsStand:
        """How the market stands."""
        return AccumulatorsStand(self.name, self.state, self.pool.money, self.pool.liability, len(self.pool.open))

    # What it does by itself

    @property
    def has_work(self) -> bool:
        """Whether `go_on` has something to do now."""
        return bool(self.doubtful)

    def go_on(self) -> None:
        """Look at the next of those that may be lost for good: by a loss, or by less than a unit being left."""
        for bet_id in tuple(islice(self.doubtful, self.part_max)):
            del self.doubtful[bet_id]
            accumulator = self.pool.open[bet_id]
            if self._is_lost(accumulator):
                self._events.append(AccumulatorLost(self._next_sequence(), bet_id))
                self._close(lost_record(self._now_ms, accumulator))

    # Inside

    def _close(self, accumulator: AccumulatorRecord) -> None:
        assert accumulator.payout is not None
        self.pool.close(accumulator, accumulator.payout)
        self.doubtful.pop(accumulator.bet_id, None)
        self._closed[accumulator.bet_id] = accumulator
        if len(self._closed) > CLOSED_MAX:
            del self._closed[next(iter(self._closed))]
        for leg in accumulator.legs:
            self._forget_over(leg.market_id)

    def _move_pool(self, amount: int) -> None:
        if amount:
            self.pool.money += amount
            self._events.append(PoolMoved(self._next_sequence(), amount))

    def _next_sequence(self) -> int:
        self.sequence += 1
        return self.sequence


def _odds_changed(legs: list[Leg]) -> Refused:
    """Say what the odds are now of the legs whose odds their customer does not take."""
    words = ", ".join(f"{leg.odds} for option {leg.option_number} of match {leg.market_id}" for leg in legs)
    details = [{"marketId": leg.market_id, "option": leg.option_number, "odds": leg.odds} for leg in legs]
    return Refused(Refusal.ODDS_CHANGED, f"the odds have changed: they are {words} now", {"legs": details})
