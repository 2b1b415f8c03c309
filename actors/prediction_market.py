"""A question's actor: its book, and what time and administrators do to it."""

from typing import Any

from actors.core import Address
from actors.core.mailbox import Letter
from actors.market import MarketActor
from actors.timekeeper import TimeHasCome, Timekeeper
from engine.ledger.records import MarketRecord, MarketState
from engine.prediction.audit import audit
from engine.prediction.commands import (
    CloseQuestion,
    DisputeOutcome,
    GetHolder,
    GetPayouts,
    HolderView,
    PayoutPlan,
    ProposeOutcome,
    QuestionStands,
    ResolveQuestion,
    RollBackQuestion,
    VoidQuestion,
)
from engine.prediction.lifecycle import Rules, read_standing
from engine.prediction.market import PredictionMarket
from engine.prediction.price_trail import WINDOW_MS, PriceTrail
from engine.prediction.question import Question, VoidPolicy
from engine.refusals import Refused
from engine.trading.commands import HaltMarket, MarketChanged, ResumeMarket


class PredictionMarketActor(MarketActor[PredictionMarket]):
    """What takes long, such as paying thousands of holders, it does a part at a time, between other letters."""

    def __init__(
        self, address: Address, *, question: Question, rules: Rules, timekeeper: Timekeeper, **rest: Any
    ) -> None:
        super().__init__(address, **rest)
        self._question = question
        self._rules = rules
        self._timekeeper = timekeeper
        self._goes_on = False  # a letter to itself is under way
        self._did_part = False  # in this batch
        self.handlers |= {
            HaltMarket: self._halt,
            ResumeMarket: self._resume,
            CloseQuestion: self._close,
            ProposeOutcome: self._propose,
            DisputeOutcome: self._dispute,
            ResolveQuestion: self._resolve,
            VoidQuestion: self._void,
            RollBackQuestion: self._roll_back,
            GetPayouts: self._payouts,
            GetHolder: self._holder,
            TimeHasCome: self._go_on,
        }

    async def recover(self, failed: list[Letter]) -> None:
        """Rebuild the market, and go on with what it was doing."""
        await super().recover(failed)
        self._plan()

    async def load(self, record: MarketRecord) -> PredictionMarket:
        reader = self._storage.reader
        final = record.state is MarketState.FINAL  # it does not ask any more who held what
        return PredictionMarket(
            record,
            self._question,
            self._rules,
            open_orders=await reader.open_orders(self._market_id),
            positions=[] if final else await reader.positions(self._market_id),
            trail=None if final else await self._trail(record),
        )

    async def _trail(self, record: MarketRecord) -> PriceTrail | None:
        """The prices that count if the question becomes void; they end with trading, however late it is now."""
        if self._question.void_policy is not VoidPolicy.LAST_PRICE:
            return None
        trail = PriceTrail()
        until_ms = read_standing(record.standing).stopped_ms
        if until_ms is None:
            until_ms = min(self._clock.now_ms(), self._question.resolution_ms)
        for point in await self._storage.reader.prices_since(self._market_id, until_ms - WINDOW_MS):
            trail.add(point.time_ms, point.price_ticks * self._question.tick)
        return trail

    def begin(self) -> None:
        super().begin()
        self._did_part = False

    def audit(self) -> None:
        audit(self._market)

    async def flush(self) -> None:
        await super().flush()
        self._plan()

    def _plan(self) -> None:
        """See to it that the next part comes: at once, or in its time. At a stop it is left to the next start."""
        if self._market.has_work:
            if not self._goes_on and not self.address.mailbox.closed:
                self._goes_on = True
                self.address.tell(TimeHasCome())
        else:
            self._timekeeper.wake(self.address, self._market.due_ms)

    def _go_on(self, _: TimeHasCome) -> None:
        """Do a part of what is to be done; `begin` has done what was due.

        One part a batch, however many letters ask for it (its own, the timekeeper's): a commit stays one part long.
        """
        self._goes_on = False
        if not self._did_part:
            self._did_part = True
            self._market.go_on()

    def _halt(self, command: HaltMarket) -> MarketChanged | Refused:
        return self._settle(command.command_id, self._market.halt(command.actor_id))

    def _resume(self, command: ResumeMarket) -> MarketChanged | Refused:
        return self._settle(command.command_id, self._market.resume(command.actor_id))

    def _close(self, command: CloseQuestion) -> QuestionStands | Refused:
        return self._settle(command.command_id, self._market.close(command))

    def _propose(self, command: ProposeOutcome) -> QuestionStands | Refused:
        return self._settle(command.command_id, self._market.propose(command))

    def _dispute(self, command: DisputeOutcome) -> QuestionStands | Refused:
        return self._settle(command.command_id, self._market.dispute(command))

    def _resolve(self, command: ResolveQuestion) -> QuestionStands | Refused:
        return self._settle(command.command_id, self._market.resolve(command))

    def _void(self, command: VoidQuestion) -> QuestionStands | Refused:
        return self._settle(command.command_id, self._market.void(command))

    def _roll_back(self, command: RollBackQuestion) -> QuestionStands | Refused:
        return self._settle(command.command_id, self._market.roll_back(command))

    def _holder(self, query: GetHolder) -> HolderView:
        return self._market.holder(query)

    def _payouts(self, query: GetPayouts) -> PayoutPlan | Refused:
        return self._market.payouts(query)
