"""A market's actor: it owns one order book; nobody else touches it."""

from typing import TypeVar

import trio

from actors.clock import SteadyClock
from actors.core import Actor, Address, Forward
from actors.core.mailbox import Letter
from actors.messages import Barrier, Commit, Settled
from engine.ledger.journal import Part
from engine.refusals import Refusal, Refused
from engine.spot.audit import audit
from engine.spot.commands import (
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
from engine.spot.market import SpotMarket
from engine.spot.symbol import SpotSymbol
from storage.interface import DatabaseAway, Storage

Answer = TypeVar("Answer")

AUDIT_EVERY = 1_000  # batches between two audits of the whole book, which reads every open order

RETRY_S = 0.2  # between two tries to read the tables while the database is away


def command_id_of(command: object) -> int | None:
    """The id under which accounts waits for this command to be settled; None for queries."""
    if isinstance(command, EnterOrder):
        return command.order_id
    if isinstance(command, WithdrawOrder | HaltMarket | ResumeMarket):
        return command.command_id
    return None


class SpotMarketActor(Actor):
    """Decides a batch with the pure market, has the ledger make it durable, answers."""

    def __init__(
        self,
        address: Address,
        *,
        market_id: int,
        symbol: SpotSymbol,
        storage: Storage,
        clock: SteadyClock,
        ledger: Address,
        accounts: Address,
    ) -> None:
        super().__init__(address)
        self._market_id = market_id
        self._symbol = symbol
        self._storage = storage
        self._clock = clock
        self._ledger = ledger
        self._accounts = accounts
        self._market: SpotMarket
        self._now_ms = 0
        self._done: list[int] = []
        self._refused: list[int] = []
        self.handlers = {  # the whole inbox, at a glance
            EnterOrder: self._place,
            WithdrawOrder: self._cancel,
            HaltMarket: self._halt,
            ResumeMarket: self._resume,
            GetDepth: self._depth,
        }

    async def recover(self, failed: list[Letter]) -> None:
        """Rebuild the book from the tables, behind everything that the predecessor sent to the ledger."""
        await self._ledger.ask(Barrier())
        while True:
            try:
                await self._load()
                break
            except DatabaseAway:
                await trio.sleep(RETRY_S)
        if failed:
            self._accounts.tell(Settled(refused=lost_commands(failed)))

    async def _load(self) -> None:
        reader = self._storage.reader
        market = next(market for market in await reader.markets() if market.market_id == self._market_id)
        self._market = SpotMarket(
            self._market_id,
            self._symbol,
            state=market.state,
            sequence=market.sequence,
            trades=market.trades,
            last_price_ticks=market.last_price_ticks,
            open_orders=await reader.open_orders(self._market_id),
        )
        audit(self._market)

    def begin(self) -> None:
        self._now_ms = self._clock.now_ms()
        self._market.begin(self._now_ms)

    async def flush(self) -> None:
        """Commit what the batch decided; accounts hears of the rest before the answers leave."""
        events = self._market.take_events()
        settled, self._done = tuple(self._done), []
        refused, self._refused = tuple(self._refused), []
        if events:
            await self._ledger.ask(Commit(Part(self._market_id, self._now_ms, events), settled))
        else:
            refused += settled
        if refused:
            self._accounts.tell(Settled(refused=refused))
        if self.statistics.batches % AUDIT_EVERY == 0:
            audit(self._market)

    def _place(self, command: EnterOrder) -> Placed | Refused:
        return self._settle(command.order_id, self._market.place(command))

    def _cancel(self, command: WithdrawOrder) -> Cancelled | Refused:
        return self._settle(command.command_id, self._market.cancel(command.order_id, command.reason))

    def _halt(self, command: HaltMarket) -> MarketChanged:
        return self._settle(command.command_id, self._market.halt())

    def _resume(self, command: ResumeMarket) -> MarketChanged:
        return self._settle(command.command_id, self._market.resume())

    def _depth(self, query: GetDepth) -> Depth:
        return self._market.depth(query)

    def _settle(self, command_id: int, answer: Answer) -> Answer:
        """Have the command settled in flush: with the commit, or as refused."""
        (self._refused if isinstance(answer, Refused) else self._done).append(command_id)
        return answer


class ParkedMarket(Actor):
    """Stands in for a market that crashes again and again: it takes nothing until an operator resumes it."""

    def __init__(self, address: Address, *, name: str, accounts: Address) -> None:
        super().__init__(address)
        self._name = name
        self._accounts = accounts
        self._refused: list[int] = []
        self.handlers = {
            EnterOrder: self._refuse,
            WithdrawOrder: self._refuse,
            HaltMarket: self._refuse,
            ResumeMarket: self._resume,
            GetDepth: self._refuse,
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
