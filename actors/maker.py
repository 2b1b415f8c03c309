"""The market maker of one question: an ordinary client of accounts that quotes both sides.

RunMaker, or the time of its refresh  ->  look at the market and the money  ->  cancel and place what has changed
ConfigureMaker                        ->  merged, checked, saved, adopted
"""

import itertools
from collections import Counter
from contextlib import suppress

import msgspec
import structlog

from actors.clock import SteadyClock
from actors.core import Actor, Address, Busy, Forward, Join, Unavailable, Unknown
from actors.core.mailbox import Letter
from actors.core.reply import Reply
from actors.directory import MarketEntry
from actors.maker_messages import ConfigureMaker, GetMaker, MakerReport, MakerRun, RunMaker
from actors.messages import GetBalances
from actors.patience import patiently
from actors.timekeeper import TimeHasCome, Timekeeper
from engine.ledger.assets import PAYOUT_ASSET
from engine.ledger.chart import HOUSE, MAKER
from engine.ledger.commands import MovementKind, MoveMoney
from engine.ledger.records import AdminAction, MarketState, OrderRecord
from engine.matching.terms import OrderType
from engine.prediction.commands import GetHolder, HolderView, PlaceShareOrder
from engine.prediction.lifecycle import TRADING
from engine.prediction.maker_settings import MakerSettings, check
from engine.prediction.question import Question
from engine.prediction.quote import Changes, Quote, RestingQuote, changes, summary
from engine.prediction.quoting import MakerView, top_up, wanted
from engine.products import PREDICTION
from engine.refusals import Refusal, Refused
from engine.trading.commands import CancelAllOrders, Cancelled, CancelOrder, Placed
from storage.interface import DatabaseAway, Storage

log = structlog.get_logger()

RUNS_OF_A_BOT = 2  # from the second run on, somebody drives it; one is somebody who looks
LOOKS_MAX = 3  # in one round: where quotes are filled faster than that, the next round comes soon enough
BOT_SILENCE_MS = 30_000  # after its last run a bot counts as gone; or after three of its intervals, if they are longer


Asked = ConfigureMaker | RunMaker | GetMaker


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
        self._stale = False  # whether the settings may have been saved otherwise than they are known here
        self._asked_to_run_ms: tuple[int, ...] = ()  # the last two times
        self._numbers = itertools.count(1)
        self.handlers = {  # all of it waits for flush: a round asks others, and takes time
            ConfigureMaker: self._note,
            RunMaker: self._note,
            GetMaker: self._note,
            TimeHasCome: self._refresh,
        }

    async def recover(self, _: list[Letter]) -> None:
        """Read how it was set; quotes that stand are found in the market."""
        await patiently(self._load)
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

    def _refresh(self, _: TimeHasCome) -> None:
        self._refreshes = True

    async def _do(self, command: Asked) -> object:
        await self._freshen()
        match command:
            case ConfigureMaker():
                return await self._configure(command)
            case RunMaker():
                return await self._run(command)
            case GetMaker():
                return MakerReport(self._settings, self._last_run, self._last_run_ms)

    # Settings

    async def _load(self) -> None:
        saved = (await self._storage.preferences.makers()).get(self._market.market_id)
        if saved is not None:
            self._settings = msgspec.json.decode(saved, type=MakerSettings)
        self._stale = False

    async def _freshen(self) -> None:
        """Read the settings again if nobody knows how they were saved. Raises Busy while that can't be done."""
        if self._stale:
            try:
                await self._load()
            except DatabaseAway:
                raise Busy("how the market maker is set can't be read now") from None

    async def _configure(self, command: ConfigureMaker) -> MakerSettings | Refused:
        before = self._settings
        settings = msgspec.structs.replace(before, **command.changes)
        refused = check(settings, self._question.tick)
        if refused is None and settings.enabled and not before.enabled:
            refused = await self._closed() or self._beside_a_bot()
        if refused is not None:
            return refused
        if before.enabled and not settings.enabled:
            await self._withdraw()  # before it is saved: what is cut short here still quotes, and can be asked again
        await self._save(settings, command.action)
        self._settings = settings
        if settings.enabled:
            self.address.tell(TimeHasCome())
        else:
            self._timekeeper.wake(self.address, None)
        return settings

    async def _save(self, settings: MakerSettings, action: AdminAction) -> None:
        try:
            await self._storage.preferences.save_maker(
                self._market.market_id, msgspec.json.encode(settings).decode(), self._clock.now_ms(), action
            )
        except DatabaseAway:
            self._stale = True
            raise Unknown("the settings may or may not be saved: look them up") from None

    async def _withdraw(self) -> None:
        """Cancel all quotes. Raises Busy if one of them may still be there."""
        parts = await self._accounts.ask(CancelAllOrders(MAKER, PREDICTION, self._market.name))
        assert not isinstance(parts, Refused), parts
        for part in parts:
            if not isinstance(part, Cancelled) and getattr(part, "code", None) is not Refusal.NOT_FOUND:
                raise Busy("its quotes could not all be cancelled: nothing is changed, ask again")

    async def _closed(self) -> Refused | None:
        """Refuse what makes no sense in a market that takes no orders any more."""
        seen = await self._market.address.ask(GetHolder(MAKER))
        refused = seen if isinstance(seen, Refused) else _not_trading(seen)
        return refused if refused is not None and refused.code is Refusal.MARKET_CLOSED else None

    def _beside_a_bot(self) -> Refused | None:
        """Refuse to quote where somebody runs it again and again: one of both drives a market."""
        if len(self._asked_to_run_ms) < RUNS_OF_A_BOT:
            return None
        first, last = self._asked_to_run_ms
        gone_ms = last + max(BOT_SILENCE_MS, 3 * (last - first))
        left_ms = gone_ms - self._clock.now_ms()
        if left_ms <= 0:
            return None
        return Refused(
            Refusal.ALREADY_RUNNING,
            f"it has been run again and again, as by a bot: stop that, and ask again in {left_ms // 1_000 + 1} s",
        )

    @property
    def _question(self) -> Question:
        question: Question = self._market.definition
        return question

    # Rounds

    async def _refresh_once(self) -> None:
        """One round of its own; what goes wrong is told to the log, and the next round comes all the same."""
        try:
            await self._freshen()
            if not self._settings.enabled:  # it was set otherwise since the letter was sent
                return
            done = await self._quote(self._settings)
        except Unavailable as unavailable:
            log.warning("market maker could not quote", market=self._market.name, why=str(unavailable))
            done = None
        if isinstance(done, Refused) and done.code is Refusal.MARKET_CLOSED:
            return  # for good; a resumed or rolled back question needs to be enabled again
        self._timekeeper.wake(self.address, self._clock.now_ms() + self._settings.refresh_ms)

    async def _run(self, command: RunMaker) -> MakerRun | Refused:
        if self._settings.enabled:
            return await self._closed() or Refused(
                Refusal.ALREADY_RUNNING, "the market maker quotes this market by itself: set enabled to false first"
            )
        settings = self._settings
        if command.min_balance_units is not None:
            settings = msgspec.structs.replace(settings, min_balance_units=command.min_balance_units)
            if (refused := check(settings, self._question.tick)) is not None:
                return refused
        done = await self._quote(settings)
        if isinstance(done, MakerRun):
            self._asked_to_run_ms = (*self._asked_to_run_ms, self._clock.now_ms())[-RUNS_OF_A_BOT:]
        return done

    async def _quote(self, settings: MakerSettings) -> MakerRun | Refused:
        """Look, decide, cancel and place what has changed.

        If a quote was filled before it could be cancelled, what was seen is not so any more: then it looks again, as
        its limits are limits.
        """
        cancelled = 0
        for _ in range(LOOKS_MAX):
            seen = await self._market.address.ask(GetHolder(MAKER))
            if isinstance(seen, Refused):
                return seen
            if (refused := _not_trading(seen)) is not None:
                return refused
            quotes, found = await self._decide(settings, seen)
            cancelled += len(found.cancels)
            kept = Counter(quotes) - Counter(found.places)
            if await self._cancel(found.cancels, seen.open_orders):
                placed = await self._place(found.places)
                refusals = len(found.places) - len(placed)
                break
        else:  # nothing was placed, so nothing was refused
            placed, refusals = [], 0
        standing = (*kept.elements(), *placed)
        note = None if standing else "money, inventory limits and prices between 0 and 100 leave nothing to quote"
        if note is not None:
            log.warning("market maker quotes nothing", market=self._market.name, refused=refusals)
        run = MakerRun(summary(standing, self._question.tick), len(placed), cancelled, refusals, note)
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

    async def _place(self, quotes: tuple[Quote, ...]) -> list[Quote]:
        """Place these; return those that were taken."""
        placed = []
        for quote in quotes:
            answer = await self._accounts.ask(_order(self._market.name, quote, self._question))
            if isinstance(answer, Placed):
                placed.append(quote)
                continue
            assert isinstance(answer, Refused)
            log.warning(
                "quote refused",
                market=self._market.name,
                code=answer.code.value,
                side=quote.outcome.value,
                action=quote.side.value,
                price=self._question.price_text(quote.price_ticks),
                quantity=quote.quantity,
            )
        return placed


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
    """Stands in for a maker that crashes again and again: it takes the quotes back, and comes back when set anew."""

    def __init__(self, address: Address, *, name: str, accounts: Address) -> None:
        super().__init__(address)
        self._name = name
        self._accounts = accounts
        self.handlers = {
            ConfigureMaker: self._come_back,
            RunMaker: self._refuse,
            GetMaker: self._refuse,
            TimeHasCome: lambda _: None,
        }

    async def recover(self, _: list[Letter]) -> None:
        """Quotes that nobody looks after must not stand."""
        with suppress(Unavailable):
            await self._accounts.ask(CancelAllOrders(MAKER, PREDICTION, self._name))

    def _refuse(self, _: object) -> Refused:
        return Refused(Refusal.MARKET_HALTED, "the market maker is out of service here: set it anew")

    def _come_back(self, command: ConfigureMaker) -> Forward[MakerSettings | Refused]:
        self.leaving = True
        return Forward(self.address, command)
