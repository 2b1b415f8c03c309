"""A market's actor: it owns one order book, or one match with its bets; nobody else touches it.

MarketActor          decides a batch, has it made durable, answers; rebuilds itself from the tables
  TradingActor       with an order book: SpotMarketActor, PredictionMarketActor
  TimedMarketActor   moved by time, or by work of its own: PredictionMarketActor, BettingMarketActor, AccumulatorsActor
ParkedMarket         stands in for one that crashes again and again
"""

from abc import ABC, abstractmethod
from typing import Any, Generic, Protocol, TypeVar

from actors.clock import SteadyClock
from actors.core import Actor, Address, DecideAgain, Forward, Overtaken
from actors.core.mailbox import Letter
from actors.match_facts import FactsWait
from actors.messages import Barrier, Commit, Settled
from actors.patience import patiently
from actors.timekeeper import TimeHasCome
from engine.accumulators.commands import (
    FUND_MOVES,
    ClaimAccumulator,
    EnterAccumulator,
    GetAccumulators,
    MoveFunds,
)
from engine.betting.commands import MATCH_MOVES, ClaimBet, EnterBet, GetPool, MoveMatch
from engine.betting.facts import LegPaid
from engine.ledger.journal import Part
from engine.ledger.records import MarketRecord
from engine.prediction.commands import QUESTION_MOVES, GetHolder, GetPayouts, MoveQuestion
from engine.refusals import Refusal, Refused
from engine.spot.audit import audit
from engine.spot.market import SpotMarket
from engine.spot.symbol import SpotSymbol
from engine.trading.commands import (
    Cancelled,
    Depth,
    EnterOrder,
    GetDepth,
    HaltMarket,
    MarketChanged,
    Placed,
    ResumeMarket,
    WithdrawOrder,
)
from engine.trading.market import TradingMarket
from storage.interface import Storage

Answer = TypeVar("Answer")


class Decides(Protocol):
    """What decides in a market: pure and synchronous."""

    def begin(self, now_ms: int) -> None: ...
    def take_events(self) -> tuple[Any, ...]: ...


Market = TypeVar("Market", bound=Decides)
Trading = TypeVar("Trading", bound=TradingMarket[Any])

AUDIT_EVERY = 1_000  # commits between two audits of the whole book, which reads every open order


NUMBERED = (
    WithdrawOrder,
    HaltMarket,
    ResumeMarket,
    MoveQuestion,
    ClaimBet,
    MoveMatch,
    ClaimAccumulator,
    MoveFunds,
)


def command_id_of(command: object) -> int | None:
    """The id under which accounts waits for this command to be settled; None for queries and facts."""
    if isinstance(command, EnterOrder):
        return command.order_id
    if isinstance(command, EnterBet | EnterAccumulator):
        return command.bet_id
    if isinstance(command, NUMBERED):
        return command.command_id
    return None


class MarketActor(Actor, ABC, Generic[Market]):
    """Decides a batch with the pure market, has the ledger make it durable, answers.

    Subclasses add what their product can be asked for, and say how their market is read from the tables.
    """

    def __init__(
        self,
        address: Address,
        *,
        market_id: int,
        storage: Storage,
        clock: SteadyClock,
        ledger: Address,
        accounts: Address,
    ) -> None:
        super().__init__(address)
        self._market_id = market_id
        self._storage = storage
        self._clock = clock
        self._ledger = ledger
        self._accounts = accounts
        self._market: Market
        self._now_ms = 0
        self._commits = 0
        self._done: list[int] = []
        self._refused: list[int] = []
        self.handlers = {}

    @abstractmethod
    async def load(self, record: MarketRecord) -> Market:
        """Read the market from the tables."""

    @abstractmethod
    def audit(self) -> None:
        """Assert what must hold in it; reads all of it."""

    async def recover(self, failed: list[Letter]) -> None:
        """Rebuild the book from the tables, behind everything that the predecessor sent to the ledger."""
        await self._ledger.ask(Barrier())
        await patiently(self._load)
        if failed:
            self._accounts.tell(Settled(refused=lost_commands(failed)))

    async def _load(self) -> None:
        record = await self._storage.reader.market(self._market_id)
        assert record is not None
        self._market = await self.load(record)
        self.audit()

    def begin(self) -> None:
        self._now_ms = self._clock.now_ms()
        self._market.begin(self._now_ms)

    async def flush(self) -> None:
        """Commit what the batch decided; accounts hears of the rest before the answers leave.

        What the ledger refuses, as another market's commit came first, is decided again on what is so now.
        """
        events = self._market.take_events()
        settled, self._done = tuple(self._done), []
        refused, self._refused = tuple(self._refused), []
        if events:
            await self._commit(events, settled)
        else:
            refused += settled
        if refused:
            self._accounts.tell(Settled(refused=refused))
        if events and self._commits % AUDIT_EVERY == 0:
            self.audit()

    async def _commit(self, events: tuple[Any, ...], settled: tuple[int, ...]) -> None:
        try:
            await self._ledger.ask(Commit(Part(self._market_id, self._now_ms, events), settled))
        except Overtaken as overtaken:
            await self.recover([])
            raise DecideAgain from overtaken
        self._commits += 1

    def _settle(self, command_id: int, answer: Answer) -> Answer:
        """Have the command settled in flush: with the commit, or as refused."""
        (self._refused if isinstance(answer, Refused) else self._done).append(command_id)
        return answer


class TradingActor(MarketActor[Trading]):
    """A market with an order book."""

    def __init__(self, address: Address, **rest: Any) -> None:
        super().__init__(address, **rest)
        self.handlers |= {
            EnterOrder: self._place,
            WithdrawOrder: self._cancel,
            GetDepth: self._depth,
        }

    def _place(self, command: EnterOrder) -> Placed | Refused:
        return self._settle(command.order_id, self._market.place(command))

    def _cancel(self, command: WithdrawOrder) -> Cancelled | Refused:
        return self._settle(command.command_id, self._market.cancel(command.order_id, command.reason))

    def _depth(self, query: GetDepth) -> Depth:
        return self._market.depth(query)


class SpotMarketActor(TradingActor[SpotMarket]):
    """A symbol's."""

    def __init__(self, address: Address, *, symbol: SpotSymbol, **rest: Any) -> None:
        super().__init__(address, **rest)
        self._symbol = symbol
        self.handlers |= {HaltMarket: self._halt, ResumeMarket: self._resume}

    async def load(self, record: MarketRecord) -> SpotMarket:
        return SpotMarket(
            self._market_id,
            self._symbol,
            state=record.state,
            sequence=record.sequence,
            trades=record.trades,
            last_price_ticks=record.last_price_ticks,
            open_orders=await self._storage.reader.open_orders(self._market_id),
        )

    def audit(self) -> None:
        audit(self._market)

    def _halt(self, command: HaltMarket) -> MarketChanged:
        return self._settle(command.command_id, self._market.halt())

    def _resume(self, command: ResumeMarket) -> MarketChanged:
        return self._settle(command.command_id, self._market.resume())


class ParkedMarket(Actor):
    """Stands in for a market that crashes again and again: it takes nothing until an operator resumes it."""

    def __init__(self, address: Address, *, name: str, accounts: Address) -> None:
        super().__init__(address)
        self._name = name
        self._accounts = accounts
        self._refused: list[int] = []
        orders, bets = (EnterOrder, WithdrawOrder, GetDepth), (EnterBet, ClaimBet, GetPool, *MATCH_MOVES)
        accumulators = (EnterAccumulator, ClaimAccumulator, GetAccumulators, *FUND_MOVES)
        refused = (*orders, HaltMarket, GetHolder, GetPayouts, *QUESTION_MOVES, *bets, *accumulators)
        self.handlers = {
            **dict.fromkeys(refused, self._refuse),
            ResumeMarket: self._resume,
            **dict.fromkeys((TimeHasCome, FactsWait, LegPaid), lambda _: None),
        }

    async def recover(self, failed: list[Letter]) -> None:
        """Let go of what was held for the letters of the last crash."""
        self._accounts.tell(Settled(refused=lost_commands(failed)))

    async def flush(self) -> None:
        if self._refused:
            self._accounts.tell(Settled(refused=tuple(self._refused)))
            self._refused.clear()

    def _refuse(self, command: object) -> Refused:
        command_id = command_id_of(command)
        if command_id is not None:
            self._refused.append(command_id)
        return Refused(Refusal.MARKET_HALTED, f"{self._name} is out of service; an operator has to resume it")

    def _resume(self, command: ResumeMarket) -> Forward[MarketChanged | Refused]:
        """Make room for the real actor, and leave it the command."""
        self.leaving = True
        return Forward(self.address, command)


def lost_commands(letters: list[Letter]) -> tuple[int, ...]:
    """The ids of commands that crashed with their batch; those that were committed before are settled already."""
    ids = (command_id_of(letter.message) for letter in letters)
    return tuple(command_id for command_id in ids if command_id is not None)
