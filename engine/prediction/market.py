"""One prediction market: its book, and its question's way to an answer and to the payouts.

commands and time ──> one step of engine/prediction/lifecycle.py
go_on             ──> orders closed, holders paid, payments taken back or freed: a part of them at a time
"""

from collections import deque
from collections.abc import Iterable
from itertools import islice
from operator import attrgetter
from typing import Any

import msgspec

from engine.ledger.records import MarketRecord, MarketState, OrderRecord, PositionRecord
from engine.matching.order import Side
from engine.matching.terms import Outcome
from engine.prediction.commands import (
    CloseQuestion,
    DisputeOutcome,
    GetHolder,
    GetPayouts,
    HolderView,
    PayoutPlan,
    PlannedPayout,
    ProposeOutcome,
    QuestionStands,
    ResolveQuestion,
    RollBackQuestion,
    VoidQuestion,
)
from engine.prediction.events import HolderPaid, PayoutFreed, PayoutTakenBack, QuestionMoved
from engine.prediction.holdings import Holding, Holdings
from engine.prediction.lifecycle import IMPOSSIBLE, PAYING, TRADING, TRANSITIONS, Resolution, Rules, Step, read_standing
from engine.prediction.price_trail import PriceTrail
from engine.prediction.question import PAIR_UNITS, Question, VoidPolicy
from engine.prediction.shares import ShareMarket
from engine.refusals import Refusal, Refused
from engine.trading.commands import MarketChanged
from engine.trading.events import CloseReason
from engine.trading.market import FILLS_MAX

BY_TIME = 0  # nobody's id: the question moved on by itself
PART_MAX = 1_000  # holders or orders in one commit: a statement stays near a thousand rows
VOID = "VOID"


class PredictionMarket(ShareMarket):
    """A book of shares that ends with an answer. Time moves it in `begin`."""

    def __init__(
        self,
        market: MarketRecord,
        question: Question,
        rules: Rules,
        *,
        open_orders: Iterable[OrderRecord] = (),
        positions: Iterable[PositionRecord] = (),
        trail: PriceTrail | None = None,
        fills_max: int = FILLS_MAX,
        part_max: int = PART_MAX,
    ) -> None:
        super().__init__(
            market.market_id,
            question,
            state=market.state,
            sequence=market.sequence,
            trades=market.trades,
            last_price_ticks=market.last_price_ticks,
            open_orders=open_orders,
            positions=positions,
            trail=trail,
            fills_max=fills_max,
        )
        self.name = market.name
        self.rules = rules
        self.part_max = part_max
        self.resolution = read_standing(market.standing)
        # Who is left for the present phase, by account; sorted once, so that a part costs only its holders.
        self._unpaid: deque[tuple[int, Holding]] = deque()
        self._paid: deque[tuple[int, Holding]] = deque()  # to be freed or taken back; some may have nothing held
        if self.state in PAYING or self.resolution.rolling_back:
            self._list_holders()

    def begin(self, now_ms: int) -> None:
        """Set the time of the commands that follow, and do what is due by then."""
        super().begin(now_ms)
        due = self.due_ms
        if due is None or now_ms < due:
            return
        if self.state in TRADING:
            self._stop(Step.CLOSE, BY_TIME)
        elif self.state is MarketState.PROPOSED and self.rules.approvals == 1:
            assert self.resolution.outcome is not None
            self._decide(Step.RESOLVE, self.resolution.outcome, BY_TIME)

    @property
    def due_ms(self) -> int | None:
        """When time will move the question on by itself."""
        if self.state in TRADING:
            return self.question.resolution_ms
        if self.state is MarketState.PROPOSED and self.rules.approvals == 1:
            return self.resolution.challenge_until_ms
        return self.resolution.frees_ms if self.state in PAYING else None

    # Commands

    def halt(self, actor_id: int) -> MarketChanged | Refused:
        """Take cancels only; halting twice is once."""
        if self.state is not MarketState.HALTED:
            if (refused := self._refuse(Step.HALT)) is not None:
                return refused
            self._stop(Step.HALT, actor_id)
        return MarketChanged(self.name, self.state)

    def resume(self, actor_id: int) -> MarketChanged | Refused:
        """Take orders again; resuming twice is once."""
        if self.state is not MarketState.OPEN:
            if (refused := self._refuse(Step.RESUME)) is not None:
                return refused
            self._move(Step.RESUME, actor_id, stopped_ms=None, approved_by=None, approved=None)
        return MarketChanged(self.name, self.state)

    def close(self, command: CloseQuestion) -> QuestionStands | Refused:
        """End trading before its date."""
        if (refused := self._refuse(Step.CLOSE)) is not None:
            return refused
        self._stop(Step.CLOSE, command.actor_id)
        return self._stands()

    def propose(self, command: ProposeOutcome) -> QuestionStands | Refused:
        """Propose an answer, and open the challenge window; proposing again corrects it, and opens a new window."""
        if (refused := self._refuse(Step.PROPOSE)) is not None:
            return refused
        self._move(
            Step.PROPOSE,
            command.actor_id,
            outcome=command.outcome,
            proposed_by=command.actor_id,
            challenge_until_ms=self._now_ms + self.rules.challenge_ms,
            approved_by=command.actor_id,
            approved=command.outcome.value,
        )
        return self._stands()

    def dispute(self, command: DisputeOutcome) -> QuestionStands | Refused:
        """Challenge the proposal: from here on an administrator has to decide. Only holders may."""
        if (refused := self._refuse(Step.DISPUTE)) is not None:
            return refused
        assert self.resolution.challenge_until_ms is not None
        if self._now_ms >= self.resolution.challenge_until_ms:
            return Refused(Refusal.CONFLICT, "the challenge window has passed")
        if not self.holdings.has_shares(command.actor_id):
            return Refused(Refusal.FORBIDDEN, "only who holds shares can dispute the answer")
        self._move(
            Step.DISPUTE,
            command.actor_id,
            disputed_by=command.actor_id,
            dispute_reason=command.reason,
            approved_by=None,
            approved=None,
        )
        return self._stands()

    def resolve(self, command: ResolveQuestion) -> QuestionStands | Refused:
        """Decide the answer, or approve it as the first of two."""
        if (refused := self._refuse(Step.RESOLVE)) is not None:
            return refused
        if self.state is MarketState.PROPOSED:
            assert self.resolution.challenge_until_ms is not None
            if self._now_ms < self.resolution.challenge_until_ms:
                return Refused(Refusal.CONFLICT, "the proposal can still be challenged")
            if command.outcome is not self.resolution.outcome:
                return Refused(
                    Refusal.CONFLICT, "another answer has been proposed: confirm that one, or propose this one"
                )
        return self._approve(Step.RESOLVE, command.outcome, command)

    def void(self, command: VoidQuestion) -> QuestionStands | Refused:
        """Decide that there is no answer, or approve that as the first of two."""
        if (refused := self._refuse(Step.VOID)) is not None:
            return refused
        return self._approve(Step.VOID, None, command)

    def roll_back(self, command: RollBackQuestion) -> QuestionStands | Refused:
        """Take the decision and all payouts back, while those are held."""
        if (refused := self._refuse(Step.ROLL_BACK)) is not None:
            return refused
        assert self.resolution.frees_ms is not None
        if self._now_ms >= self.resolution.frees_ms:
            return Refused(Refusal.CONFLICT, "the payouts are free: it can't be taken back any more")
        stopped_ms, yes_units = self.resolution.stopped_ms, self.resolution.yes_units
        self.resolution = Resolution()
        self._move(Step.ROLL_BACK, command.actor_id, stopped_ms=stopped_ms, yes_units=yes_units, rolling_back=True)
        self._unpaid.clear()
        return self._stands()

    def payouts(self, query: GetPayouts) -> PayoutPlan | Refused:
        """What a decision would pay; nothing is changed."""
        if self.state in PAYING or self.state is MarketState.FINAL or self.resolution.rolling_back:
            return Refused(Refusal.CONFLICT, f"the question is {self.state.value}: its payouts are decided")
        yes_units = self._yes_units(query.outcome)
        payouts = tuple(
            PlannedPayout(
                account_id,
                holding.yes,
                holding.no,
                payout_of(holding, yes_units),
                holding.fees if query.outcome is None else 0,
            )
            for account_id, holding in self.holdings
            if holding.yes or holding.no or (query.outcome is None and holding.fees)
        )
        return PayoutPlan(yes_units, self.holdings.pairs() * PAIR_UNITS, payouts)

    def holder(self, query: GetHolder) -> HolderView:
        """The market as one account sees it; reads every order of the book."""
        account_id = query.account_id
        bids, asks = (self.book.depth_without(side, 1, account_id) for side in (Side.BUY, Side.SELL))
        holding = self.holdings.seen(account_id)
        orders = (order for order in self.book.orders.values() if order.account_id == account_id)
        return HolderView(
            self.state,
            bids[0][0] if bids else None,
            asks[0][0] if asks else None,
            self.last_price_ticks,
            holding.yes,
            holding.no,
            tuple(order.record(self.market_id) for order in sorted(orders, key=attrgetter("priority"))),
        )

    # What it does by itself

    @property
    def has_work(self) -> bool:
        """Whether `go_on` has something to do now."""
        if self.state in TRADING:
            return False
        if self.book.orders or self.resolution.rolling_back:
            return True
        return self.state in PAYING and (bool(self._unpaid) or self._may_free)

    def go_on(self) -> None:
        """Do the next part of what is to be done."""
        if self.state in TRADING:
            return
        if self.book.orders:
            for order_id in tuple(islice(self.book.orders, self.part_max)):
                self.cancel(order_id, CloseReason.MARKET_CLOSED)
        elif self.resolution.rolling_back:
            self._take_back()
        elif self.state in PAYING:
            self._pay()

    def _pay(self) -> None:
        """Pay the next holders; when all are paid and the time has come, free what is held."""
        assert self.resolution.yes_units is not None
        if not self._unpaid:
            if self._may_free:
                self._free()
            return
        for _ in range(min(self.part_max, len(self._unpaid))):
            account_id, holding = self._unpaid.popleft()
            holding.payout = payout_of(holding, self.resolution.yes_units)
            holding.refund = holding.fees if self._refunds else 0
            holding.held = holding.payout + holding.refund
            self._events.append(HolderPaid(self._next_sequence(), account_id, holding.payout, holding.refund))
            self._paid.append((account_id, holding))

    def _free(self) -> None:
        """Free what is held of the next; with the last of them the question is final, and forgets its holders."""
        freed = 0
        while self._paid and freed < self.part_max:
            account_id, holding = self._paid.popleft()
            if holding.held:
                self._events.append(PayoutFreed(self._next_sequence(), account_id, holding.held))
                holding.held = 0
                freed += 1
        if not self._paid:
            self._move(Step.FINISH, BY_TIME)
            self.holdings = Holdings()
            self.trail = None

    def _take_back(self) -> None:
        """Take back what the next were paid; with the last of them the roll-back is done."""
        for _ in range(min(self.part_max, len(self._paid))):
            account_id, holding = self._paid.popleft()
            assert holding.payout is not None
            self._events.append(PayoutTakenBack(self._next_sequence(), account_id, holding.payout, holding.refund))
            holding.payout, holding.refund, holding.held = None, 0, 0
        if not self._paid:
            self._move(Step.ROLLED_BACK, BY_TIME, yes_units=None, rolling_back=False)

    def _list_holders(self) -> None:
        """Sort the holders into those who are paid and those who are still to be, unless that is being undone."""
        for account_id, holding in self.holdings:
            if holding.payout is not None:
                self._paid.append((account_id, holding))
            elif not self.resolution.rolling_back and (holding.yes or holding.no or (self._refunds and holding.fees)):
                self._unpaid.append((account_id, holding))

    @property
    def _refunds(self) -> bool:
        """Whether fees are given back."""
        return self.state is MarketState.VOID

    @property
    def _may_free(self) -> bool:
        return self.resolution.frees_ms is not None and self._now_ms >= self.resolution.frees_ms

    # Steps

    def _refuse(self, step: Step) -> Refused | None:
        """Say why a step can't be taken now."""
        if (self.state, step) not in TRANSITIONS:
            return Refused(Refusal.CONFLICT, f"the market is {self.state.value}: {IMPOSSIBLE[step]}")
        if self.resolution.rolling_back:
            return Refused(Refusal.CONFLICT, "payouts are being taken back: try again in a moment")
        return None

    def _stop(self, step: Step, actor_id: int) -> None:
        """End trading, for now or for good; it never goes on after its date, however late that is noticed."""
        stopped_ms = self.resolution.stopped_ms
        if self.state is MarketState.OPEN:
            stopped_ms = min(self._now_ms, self.question.resolution_ms)
        self._move(step, actor_id, stopped_ms=stopped_ms)

    def _approve(
        self, step: Step, outcome: Outcome | None, command: ResolveQuestion | VoidQuestion
    ) -> QuestionStands | Refused:
        """Decide, or wait for the second administrator if the operator asks for two."""
        wanted = VOID if outcome is None else outcome.value
        actor_id = command.actor_id
        if command.disregarded is not None and self.resolution.approved_by == command.disregarded:
            # Nothing below refuses without an approval, so a refused command leaves no trace.
            self.resolution = msgspec.structs.replace(self.resolution, approved_by=None, approved=None)
        before = self.resolution
        approved = before.approved == wanted and before.approved_by is not None
        if self.rules.approvals == 1 or (approved and before.approved_by != actor_id):
            self._decide(step, outcome, actor_id)
        elif approved:
            return Refused(Refusal.CONFLICT, "you have approved this already: a second administrator has to")
        else:
            self._move(Step.APPROVE, actor_id, approved_by=actor_id, approved=wanted)
        return self._stands()

    def _decide(self, step: Step, outcome: Outcome | None, actor_id: int) -> None:
        before = self.resolution
        agreed = before.approved == (VOID if outcome is None else outcome.value)
        self._move(
            step,
            actor_id,
            outcome=outcome,
            approved_by=before.approved_by if agreed else None,
            approved=before.approved if agreed else None,
            resolved_by=actor_id,
            resolved_ms=self._now_ms,
            yes_units=self._yes_units(outcome),
            frees_ms=self._now_ms + self.rules.payout_window_ms,
        )
        self._list_holders()

    def _move(self, step: Step, actor_id: int, **changes: Any) -> None:
        """Take a step of the table."""
        self.state = TRANSITIONS[self.state, step]
        self.resolution = msgspec.structs.replace(self.resolution, **changes)
        self._events.append(QuestionMoved(self._next_sequence(), step, actor_id, self.state, self.resolution))

    def _stands(self) -> QuestionStands:
        return QuestionStands(self.name, self.state, self.resolution)

    def _yes_units(self, outcome: Outcome | None) -> int:
        """What a share of YES is paid; the rest of the pair is NO's, so it is always exactly funded."""
        if outcome is not None:
            return PAIR_UNITS if outcome is Outcome.YES else 0
        if self.question.void_policy is VoidPolicy.EQUAL:
            return PAIR_UNITS // 2
        assert self.trail is not None
        return self.trail.average(self.resolution.stopped_ms or self._now_ms)


def payout_of(holding: Holding, yes_units: int) -> int:
    """What all shares of a holder are paid."""
    return holding.yes * yes_units + holding.no * (PAIR_UNITS - yes_units)
