"""A question's actor: its book, and what time and administrators do to it."""

from typing import Any

from actors.core import Address
from actors.market import TradingActor
from actors.timed_market import TimedMarketActor
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


class PredictionMarketActor(TradingActor[PredictionMarket], TimedMarketActor[PredictionMarket]):
    """What takes long, such as paying thousands of holders, it does a part at a time, between other letters."""

    def __init__(self, address: Address, *, question: Question, rules: Rules, **rest: Any) -> None:
        super().__init__(address, **rest)
        self._question = question
        self._rules = rules
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
        }

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

    def audit(self) -> None:
        audit(self._market)

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
