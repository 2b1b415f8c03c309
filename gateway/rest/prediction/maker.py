"""The market maker of a market: how it is set, one round of it, what became of its quotes, its money.

All of it is for administrators and market makers; what moves its money is for administrators.
"""

from typing import Annotated, Any

import msgspec
from msgspec import UNSET, Meta, UnsetType

from actors.directory import MarketEntry
from actors.exchange import maker_of
from actors.maker_messages import ConfigureMaker, GetMaker, MakerRun, RunMaker
from engine.amounts import MalformedAmount, parse_decimal
from engine.ledger.chart import HOUSE, MAKER
from engine.ledger.commands import MovementKind
from engine.ledger.records import MakerAuditRecord
from engine.matching.terms import Outcome
from engine.prediction.maker_settings import DEFAULTS, MakerSettings
from engine.prediction.question import CENT_DECIMALS, CENT_UNITS, Question
from engine.products import PREDICTION
from engine.refusals import Refused
from engine.trading.commands import CancelAllOrders, Cancelled
from gateway.answers import refusal
from gateway.context import Answer, Caller, Gateway
from gateway.decoding import malformed
from gateway.limits import ID_END, PAGE_DEFAULT, Id, Limit, as_id
from gateway.rest.account import MoveRequest, move
from gateway.rest.audited import admin_action, audited
from gateway.rest.numbers import Number, SentNumber, plain_text
from gateway.rest.prediction.markets import find_question
from gateway.rest.prediction.shapes import ORDER_STATUSES, Action, OrderStatus, cents
from gateway.shapes import Shape

Count = Annotated[int, Meta(ge=0, lt=ID_END)]


class MakerRequest(Shape, frozen=True):
    """What is to change; everything else stays. `marketId` may be left out while one market only has a maker."""

    market_id: Id | None = None
    enabled: bool | UnsetType = UNSET
    order_size: Count | UnsetType = UNSET
    spread: SentNumber = UNSET  # cents
    refresh_ms: Count | UnsetType = UNSET
    enforce_inventory: bool | UnsetType = UNSET
    max_yes_position: Count | UnsetType = UNSET
    max_no_position: Count | UnsetType = UNSET
    min_balance_cents: Count | UnsetType = UNSET
    auto_top_up: bool | UnsetType = UNSET
    price_shift: SentNumber = UNSET  # cents; below zero: down
    levels: Count | UnsetType = UNSET


class MakerMarketRequest(Shape, frozen=True):
    """One market's maker; without the id, that of the only one that has a maker."""

    market_id: Id | None = None


class RunMakerRequest(Shape, frozen=True):
    """One round; `minBalanceCents` counts for this one instead of the setting."""

    market_id: Id | None = None
    min_balance_cents: Count | None = None


class MakerAuditRequest(Shape, frozen=True):
    """A page of what became of a maker's quotes, newest first; `before` is a `sequence`."""

    market_id: Id
    before: Id | None = None
    limit: Limit = PAGE_DEFAULT


class MakerView(Shape, frozen=True):
    """How a maker is set. Spread and shift are in cents."""

    market_id: int
    enabled: bool
    order_size: int
    spread: Number
    refresh_ms: int
    enforce_inventory: bool
    max_yes_position: int
    max_no_position: int
    min_balance_cents: int
    auto_top_up: bool
    price_shift: Number
    levels: int


class PriceListsView(Shape, frozen=True):
    """Where it buys and sells each share, in cents, ascending. NO quotes are YES quotes seen from the other side."""

    yes_buy_prices: list[Number]
    yes_sell_prices: list[Number]
    no_buy_prices: list[Number]
    no_sell_prices: list[Number]


class MakerRunView(Shape, frozen=True):
    """What a round has done; `summary` is where it quotes now."""

    summary: PriceListsView
    placed: int
    cancelled: int
    refused: int
    note: str | None  # why nothing is quoted


class MakerReportView(Shape, frozen=True):
    """How a maker is set, and its last round, if there was one since the start."""

    settings: MakerView
    last_run: MakerRunView | None
    last_run_at: int | None


class WithdrawnView(Shape, frozen=True):
    """How many quotes were cancelled."""

    market_id: int
    cancelled: int


class MakerAuditView(Shape, frozen=True):
    """What became of a quote: it was placed, filled (by `quantity`) or cancelled; `status` is its order's after it."""

    market_id: int
    event_type: str  # PLACE, FILL, CANCEL
    status: OrderStatus
    side: Outcome
    action: Action
    price: Number
    quantity: int
    order_id: str
    sequence: int
    timestamp: int


async def configure_maker(gateway: Gateway, caller: Caller, request: MakerRequest) -> Answer:
    """Settings are kept for ever. Enabled, it quotes by itself; disabled again, it takes its quotes back."""
    market = _market(gateway, request.market_id)
    command = ConfigureMaker(
        _changes(request), admin_action(gateway, caller, "set_market_maker", market.channel, request)
    )
    settings = await maker_of(gateway.exchange, market).ask(command)
    return refusal(settings) if isinstance(settings, Refused) else Answer(200, maker_view(settings))


async def run_maker(gateway: Gateway, _: Caller, request: RunMakerRequest) -> Answer:
    """Quotes both sides once. 409 ALREADY_RUNNING if it does so by itself."""
    market = _market(gateway, request.market_id)
    least = request.min_balance_cents
    run = await maker_of(gateway.exchange, market).ask(RunMaker(None if least is None else least * CENT_UNITS))
    return refusal(run) if isinstance(run, Refused) else Answer(200, run_view(run, market.definition))


async def get_maker(gateway: Gateway, _: Caller, request: MakerMarketRequest) -> Answer:
    """How it is set."""
    market = _market(gateway, request.market_id)
    if market.market_id not in gateway.exchange.makers:  # to look at it does not make one
        untouched = msgspec.structs.replace(DEFAULTS, market_id=market.market_id)
        return Answer(200, MakerReportView(maker_view(untouched), None, None))
    report = await maker_of(gateway.exchange, market).ask(GetMaker())
    if isinstance(report, Refused):
        return refusal(report)
    last_run = None if report.last_run is None else run_view(report.last_run, market.definition)
    return Answer(200, MakerReportView(maker_view(report.settings), last_run, report.last_run_ms))


async def withdraw_maker(gateway: Gateway, caller: Caller, request: MakerMarketRequest) -> Answer:
    """Takes all its quotes back; if it is enabled, it quotes again at its next refresh."""
    market = _market(gateway, request.market_id)

    async def act() -> Answer:
        parts = await gateway.exchange.accounts.ask(CancelAllOrders(MAKER, PREDICTION, market.name))
        if isinstance(parts, Refused):
            return refusal(parts)
        return Answer(200, WithdrawnView(market.market_id, sum(isinstance(part, Cancelled) for part in parts)))

    return await audited(gateway, caller, "withdraw_market_maker", market.channel, request, act)


async def get_maker_audit(gateway: Gateway, _: Caller, request: MakerAuditRequest) -> Answer:
    """A bare list, newest first."""
    market = find_question(gateway, request.market_id)
    before = None if request.before is None else as_id(request.before)
    rows = await gateway.exchange.storage.reader.maker_audit(market.market_id, before, request.limit)
    return Answer(200, [audit_view(row, market.definition) for row in rows])


async def fund_maker(gateway: Gateway, caller: Caller, request: MoveRequest) -> Answer:
    """House -> market maker; once for its transId."""
    return await _move(gateway, caller, "fund_market_maker", MovementKind.MAKER_FUND, request)


async def return_from_maker(gateway: Gateway, caller: Caller, request: MoveRequest) -> Answer:
    """Market maker -> house; once for its transId."""
    return await _move(gateway, caller, "return_from_market_maker", MovementKind.MAKER_RETURN, request)


async def _move(gateway: Gateway, caller: Caller, action: str, kind: MovementKind, request: MoveRequest) -> Answer:
    payer, payee = (HOUSE, MAKER) if kind is MovementKind.MAKER_FUND else (MAKER, HOUSE)

    async def act() -> Answer:
        return await move(gateway, kind, payer, request, payee)

    return await audited(gateway, caller, action, "market_maker", request, act)


def maker_view(settings: MakerSettings) -> MakerView:
    """Show how a maker is set."""
    return MakerView(
        market_id=settings.market_id,
        enabled=settings.enabled,
        order_size=settings.order_size,
        spread=cents(settings.spread_units),
        refresh_ms=settings.refresh_ms,
        enforce_inventory=settings.enforce_inventory,
        max_yes_position=settings.max_yes_position,
        max_no_position=settings.max_no_position,
        min_balance_cents=settings.min_balance_units // CENT_UNITS,
        auto_top_up=settings.auto_top_up,
        price_shift=cents(settings.price_shift_units),
        levels=settings.levels,
    )


def run_view(run: MakerRun, question: Question) -> MakerRunView:
    """Show a round."""
    lists = (run.prices.yes_buy, run.prices.yes_sell, run.prices.no_buy, run.prices.no_sell)
    shown = ([cents(price * question.tick) for price in prices] for prices in lists)
    return MakerRunView(PriceListsView(*shown), run.placed, run.cancelled, run.refused, run.note)


def audit_view(row: MakerAuditRecord, question: Question) -> MakerAuditView:
    """Show what became of a quote."""
    return MakerAuditView(
        market_id=row.market_id,
        event_type=row.event_type,
        status=ORDER_STATUSES[row.status],
        side=row.outcome,
        action=Action[row.side.name],
        price=cents(row.price_ticks * question.tick),
        quantity=row.quantity_lots,
        order_id=str(row.order_id),
        sequence=row.sequence,
        timestamp=row.created_ms,
    )


def _market(gateway: Gateway, market_id: int | str | None) -> MarketEntry:
    """Find the market that is meant. Raises Rejected."""
    if market_id is not None:
        return find_question(gateway, market_id)
    makers = list(gateway.exchange.makers)
    if len(makers) != 1:
        raise malformed(f"marketId is needed: {len(makers)} markets have a market maker")
    return gateway.exchange.directory.by_id[makers[0]]


PLAIN = (
    "enabled",
    "order_size",
    "refresh_ms",
    "enforce_inventory",
    "max_yes_position",
    "max_no_position",
    "auto_top_up",
    "levels",
)


def _changes(request: MakerRequest) -> dict[str, Any]:
    """The settings that are to change, in the maker's own units. Raises Rejected(MALFORMED)."""
    changes: dict[str, Any] = {name: getattr(request, name) for name in PLAIN}
    changes["spread_units"] = _units(request.spread, "spread")
    changes["price_shift_units"] = _units(request.price_shift, "priceShift")
    least = request.min_balance_cents
    changes["min_balance_units"] = UNSET if least is UNSET else least * CENT_UNITS
    return {name: value for name, value in changes.items() if value is not UNSET}


def _units(sent: object, name: str) -> int | UnsetType:
    """Read a number of cents, which may be below zero."""
    if sent is UNSET:
        return UNSET
    text = plain_text(sent, name)
    sign = -1 if text.startswith("-") else 1
    try:
        return sign * parse_decimal(text.removeprefix("-"), CENT_DECIMALS)
    except MalformedAmount as wrong:
        raise malformed(f"{name} {wrong}") from None
