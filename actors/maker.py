"""The market maker of one question: an ordinary client of accounts that quotes both sides.

RunMaker, or the time of its refresh  ->  look at the market and the money  ->  cancel and place what has changed
ConfigureMaker                        ->  merged, checked, saved, adopted
"""

import itertools
from typing import Any

import msgspec
import structlog

from actors.clock import SteadyClock
from actors.core import Actor, Address, Forward, Join, Stopped, Unavailable, Unknown
from actors.core.mailbox import Letter
from actors.core.reply import Reply
from actors.directory import MarketEntry
from actors.messages import GetBalances
from actors.patience import patiently
from actors.timekeeper import TimeHasCome, Timekeeper
from engine.ledger.assets import PAYOUT_ASSET
from engine.ledger.chart import HOUSE, MAKER
from engine.ledger.commands import MovementKind, MoveMoney
from engine.ledger.records import MarketState, OrderRecord
from engine.matching.terms import OrderType
from engine.messages import Command
from engine.prediction.commands import GetHolder, HolderView, PlaceShareOrder
from engine.prediction.lifecycle import TRADING
from engine.prediction.maker_settings import MakerSettings, check
from engine.prediction.question import Question
from engine.prediction.quote import Changes, PriceLists, Quote, RestingQuote, changes, summary
from engine.prediction.quoting import MakerView, top_up, wanted
from engine.products import PREDICTION
from engine.refusals import Refusal, Refused
from engine.trading.commands import CancelAllOrders, Cancelled, CancelOrder, Placed
from storage.interface import AdminAction, DatabaseAway, Storage

log = structlog.get_logger()

LOOKS_MAX = 3  # in one round: where quotes are filled faster than that, the next round comes soon enough
BOT_SILENCE_MS = 30_000  # after its last run a bot counts as gone; it polls every few seconds


class MakerRun(msgspec.Struct, frozen=True):
    """What one round has done, and at which prices of YES and NO it now quotes."""

    prices: PriceLists
    placed: int
    cancelled: int
    refused: int


class MakerReport(msgspec.Struct, frozen=True):
    """How the maker is set, and what its last round did."""

    settings: MakerSettings
    last_run: MakerRun | None
    last_run_ms: int | None


class ConfigureMaker(Command[MakerSettings | Refused], frozen=True):
    """Change some settings, named as in MakerSettings; `action` is kept for the audit, in the same transaction."""

    changes: dict[str, Any]
    action: AdminAction


class RunMaker(Command[MakerRun | Refused], frozen=True):
    """Quote both sides once; `min_balance_units` counts for this round instead of the setting."""

    min_balance_units: int | None = None


class WithdrawMaker(Command[int | Refused], frozen=True):
    """Cancel all its quotes; the answer is how many there were."""


class GetMaker(Command[MakerReport], frozen=True):
    """Read settings and last round."""


Asked = ConfigureMaker | RunMaker | WithdrawMaker


class MarketMaker(Actor):
    """Does one thing after the other. A round of its own that fails is tried again at the next refresh."""

    def __init__(
        self,
        address: Address,
        *,
        market: MarketEntry,
        settings: MakerSettings,
        storage: Storage,
        clock: SteadyClock,
        accounts: Address,
        timekeeper: Timekeeper,
    ) -> None:
        super().__init__(address)
        self._market = market
        self._settings = settings
        self._storage = storage
        self._clock = clock
        self._accounts = accounts
        self._timekeeper = timekeeper
        self._asked: list[tuple[Asked, Reply]] = []
        self._refreshes = False
        self._last_run: MakerRun | None = None
        self._last_run_ms: int | None = None
        self._bot_ran_ms: int | None = None
        self._numbers = itertools.count(1)
        self.handlers = {  # all of it waits for flush: a round asks others, and takes time
            ConfigureMaker: self._note,
            RunMaker: self._note,
            WithdrawMaker: self._note,
            GetMaker: self._report,
            TimeHasCome: self._refresh,
        }

    async def recover(self, _: list[Letter]) -> None:
        """Read how it was set; quotes that stand are found in the market."""
        saved = (await patiently(self._storage.preferences.makers)).get(self._market.market_id)
        if saved is not None:
            self._settings = msgspec.json.decode(saved, type=MakerSettings)
        if self._settings.enabled:
            self.address.tell(TimeHasCome())

    async def flush(self) -> None:
        asked, self._asked = self._asked, []
        for command, reply in asked:
            try:
                reply.answer(await self._do(command))
            except Unavailable as unavailable:
                reply.fail(unavailable)
        if self._refreshes:
            self._refreshes = False
            await self._refresh_once()

    def _note(self, command: Asked) -> Join:
        reply = Reply()
        self._asked.append((command, reply))
        return Join(reply)

    def _report(self, _: GetMaker) -> MakerReport:
        return MakerReport(self._settings, self._last_run, self._last_run_ms)

    def _refresh(self, _: TimeHasCome) -> None:
        self._refreshes = self._settings.enabled

    async def _do(self, command: Asked) -> object:
        match command:
            case ConfigureMaker():
                return await self._configure(command)
            case RunMaker():
                return await self._run(command)
            case WithdrawMaker():
                return await self._withdraw()

    # Settings

    async def _configure(self, command: ConfigureMaker) -> MakerSettings | Refused:
        settings = msgspec.structs.replace(self._settings, **command.changes)
        refused = check(settings, self._question.tick)
        if refused is not None:
            return refused
        before = self._settings
        if settings.enabled and not before.enabled and self._bot_is_there:
            return Refused(Refusal.ALREADY_RUNNING, "a bot quotes this market: stop it first")
        try:
            await self._storage.preferences.save_maker(
                self._market.market_id, msgspec.json.encode(settings).decode(), self._clock.now_ms(), command.action
            )
        except DatabaseAway:
            raise Unknown("the settings may or may not be saved: look them up") from None
        self._settings = settings
        if settings.enabled:
            self.address.tell(TimeHasCome())
        elif before.enabled:
            self._timekeeper.wake(self.address, None)
            await self._withdraw()
        return settings

    @property
    def _bot_is_there(self) -> bool:
        return self._bot_ran_ms is not None and self._clock.now_ms() - self._bot_ran_ms < BOT_SILENCE_MS

    @property
    def _question(self) -> Question:
        question: Question = self._market.definition
        return question

    # Rounds

    async def _refresh_once(self) -> None:
        """One round of its own; what goes wrong is told to the log, and the next round comes all the same."""
        try:
            done = await self._quote(self._settings)
        except Unavailable as unavailable:
            log.warning("market maker could not quote", market=self._market.name, why=str(unavailable))
            done = None
        if isinstance(done, Refused) and done.code is Refusal.MARKET_CLOSED:
            return  # for good; a resumed or rolled back question needs to be enabled again
        self._timekeeper.wake(self.address, self._clock.now_ms() + self._settings.refresh_ms)

    async def _run(self, command: RunMaker) -> MakerRun | Refused:
        if self._settings.enabled:
            return Refused(
                Refusal.ALREADY_RUNNING, "the market maker quotes this market by itself: set enabled to false first"
            )
        settings = self._settings
        if command.min_balance_units is not None:
            settings = msgspec.structs.replace(settings, min_balance_units=command.min_balance_units)
            if (refused := check(settings, self._question.tick)) is not None:
                return refused
        done = await self._quote(settings)
        if isinstance(done, MakerRun):
            self._bot_ran_ms = self._clock.now_ms()
        return done

    async def _quote(self, settings: MakerSettings) -> MakerRun | Refused:
        """Look, decide, cancel and place what has changed.

        If a quote was filled before it could be cancelled, what was seen is not so any more: then it looks again, as
        its limits are limits.
        """
        for _ in range(LOOKS_MAX):
            seen = await self._market.address.ask(GetHolder(MAKER))
            if isinstance(seen, Refused):
                return seen
            if (refused := _not_trading(seen)) is not None:
                return refused
            quotes, found = await self._decide(settings, seen)
            if await self._cancel(found.cancels, seen.open_orders):
                break
        else:
            found = msgspec.structs.replace(found, places=())
        run = await self._place(found, quotes)
        self._last_run, self._last_run_ms = run, self._clock.now_ms()
        return run

    async def _decide(self, settings: MakerSettings, seen: HolderView) -> tuple[tuple[Quote, ...], Changes]:
        view = await self._view(seen)
        short = top_up(settings, view)
        if short:
            came = await self._fetch(short)
            view = msgspec.structs.replace(view, available_units=view.available_units + came)
        quotes = wanted(settings, view)
        return quotes, changes(quotes, [_resting(order) for order in seen.open_orders])

    async def _view(self, seen: HolderView) -> MakerView:
        return MakerView(
            tick_units=self._question.tick,
            hold_rate=self._question.rate_max,
            best_bid_ticks=seen.best_bid_ticks,
            best_ask_ticks=seen.best_ask_ticks,
            last_price_ticks=seen.last_price_ticks,
            yes_holding=seen.yes,
            no_holding=seen.no,
            available_units=await self._available(MAKER) + sum(order.held for order in seen.open_orders),
        )

    async def _available(self, account_id: int) -> int:
        balances = await self._accounts.ask(GetBalances(account_id))
        return next((balance.available for balance in balances if balance.asset == PAYOUT_ASSET), 0)

    async def _fetch(self, units: int) -> int:
        """Fetch so much from the house, or what it has; return what came."""
        units = min(units, await self._available(HOUSE))
        if units <= 0:
            return 0
        trans_id = f"maker-{self._market.market_id}-{self._clock.now_ms()}-{next(self._numbers)}"
        moved = await self._accounts.ask(
            MoveMoney(MovementKind.MAKER_FUND, HOUSE, trans_id, PAYOUT_ASSET, units, MAKER)
        )
        if isinstance(moved, Refused):
            log.warning("market maker was not topped up", market=self._market.name, code=moved.code.value)
            return 0
        return units

    async def _cancel(self, order_ids: tuple[int, ...], seen: tuple[OrderRecord, ...]) -> bool:
        """Cancel these; whether they all were as they had been seen."""
        filled = {order.order_id: order.filled_lots for order in seen}
        as_seen = True
        for order_id in order_ids:
            answer = await self._accounts.ask(CancelOrder(MAKER, order_id, product=PREDICTION))
            as_seen &= isinstance(answer, Cancelled) and answer.order.filled_lots == filled[order_id]
        return as_seen

    async def _place(self, found: Changes, quotes: tuple[Quote, ...]) -> MakerRun:
        standing = list(quotes)
        placed = refused = 0
        for quote in found.places:
            placing = await self._accounts.ask(_order(self._market.name, quote, self._question))
            if isinstance(placing, Placed):
                placed += 1
                continue
            assert isinstance(placing, Refused)
            refused += 1
            standing.remove(quote)
            log.warning(
                "quote refused",
                market=self._market.name,
                code=placing.code.value,
                side=quote.outcome.value,
                action=quote.side.value,
                price=self._question.price_text(quote.price_ticks),
                quantity=quote.quantity,
            )
        return MakerRun(summary(standing, self._question.tick), placed, len(found.cancels), refused)

    async def _withdraw(self) -> int | Refused:
        parts = await self._accounts.ask(CancelAllOrders(MAKER, PREDICTION, self._market.name))
        return parts if isinstance(parts, Refused) else sum(isinstance(part, Cancelled) for part in parts)


def _not_trading(seen: HolderView) -> Refused | None:
    if seen.state is MarketState.HALTED:
        return Refused(Refusal.MARKET_HALTED, "the market is halted: it takes cancels only")
    if seen.state not in TRADING:
        return Refused(Refusal.MARKET_CLOSED, "the market is closed: it takes no orders any more")
    return None


def _resting(order: OrderRecord) -> RestingQuote:
    assert order.outcome is not None
    assert order.price_ticks is not None
    assert order.quantity_lots is not None
    left = order.quantity_lots - order.filled_lots - order.cancelled_lots
    return RestingQuote(order.order_id, Quote(order.outcome, order.side, order.price_ticks, left))


def _order(market: str, quote: Quote, question: Question) -> PlaceShareOrder:
    """The quote as an order that only makes."""
    return PlaceShareOrder(
        MAKER,
        market,
        quote.outcome,
        quote.side,
        OrderType.LIMIT,
        quote.quantity,
        question.price_text(quote.price_ticks),
        post_only=True,
    )


class ParkedMaker(Actor):
    """Stands in for a maker that crashes again and again: it comes back when it is set anew."""

    def __init__(self, address: Address, *, name: str) -> None:
        super().__init__(address)
        self._name = name
        self.handlers = {
            ConfigureMaker: self._come_back,
            RunMaker: self._refuse,
            WithdrawMaker: self._refuse,
            GetMaker: self._refuse,
            TimeHasCome: lambda _: None,
        }

    def _refuse(self, _: object) -> Unavailable:
        return Stopped(f"the market maker of market {self._name} is out of service: set it anew")

    def _come_back(self, command: ConfigureMaker) -> Forward[MakerSettings | Refused]:
        self.leaving = True
        return Forward(self.address, command)
