"""Questions, their books, trades and prices: for everybody; new ones are made by administrators and market makers."""

import re
from typing import Annotated, Literal

from msgspec import Meta

from actors.directory import MarketEntry
from engine.amounts import RATE_DECIMALS, MalformedAmount, parse_decimal
from engine.ledger.chart import MAKER
from engine.ledger.commands import ListMarket
from engine.ledger.records import MarketRecord
from engine.prediction.question import CENT_DECIMALS, Question, VoidPolicy, make_question
from engine.products import PREDICTION, write_definition
from engine.refusals import Refusal, Refused
from engine.trading.commands import GetDepth
from gateway.answers import Rejected, refusal
from gateway.context import Answer, Caller, Gateway
from gateway.decoding import malformed
from gateway.limits import ID_END, NOTE_PATTERN, PAGE_DEFAULT, PAGE_MAX, Id, Levels, Limit, Note, Text, as_id
from gateway.rest.audited import audited
from gateway.rest.dates import read_date
from gateway.rest.numbers import Number, SentDecimal, plain_text
from gateway.rest.prediction.marks import EVEN_MARK, ask, marks_of
from gateway.rest.prediction.shapes import MarketStatus, MarketView, cents, market_trade_view, market_view
from gateway.shapes import Shape
from storage.interface import TradeFilter

PAGES_MAX = 2**31  # a page's first market is counted in 64 bits

INTERVALS_MS = {"1m": 60_000, "5m": 300_000, "1h": 3_600_000, "1d": 86_400_000}


class MarketsRequest(Shape, frozen=True):
    """A page of markets, newest first, counted from 0."""

    status: MarketStatus | None = None
    page: Annotated[int, Meta(ge=0, lt=PAGES_MAX)] = 0
    size: Annotated[int, Meta(ge=1, le=PAGE_MAX)] = 20


class MarketPageView(Shape, frozen=True):
    """A page of them; beyond the last one, an empty one."""

    content: list[MarketView]
    last: bool
    total_pages: int
    total_elements: int
    number: int
    size: int


class MarketRequest(Shape, frozen=True):
    """One market."""

    market_id: Id


class NewMarketRequest(Shape, frozen=True):
    """The terms of a new market; they never change. A tick is in cents; of fees, 0.01 is 1 %."""

    title: Note
    resolution_date: Text
    description: Annotated[str, Meta(max_length=5_000)] = ""
    category: Text = "general"
    tick: SentDecimal = None
    maker_fee: SentDecimal = None
    taker_fee: SentDecimal = None
    void_policy: VoidPolicy = VoidPolicy.EQUAL


class MarketTradesRequest(Shape, frozen=True):
    """A market's last trades, newest first."""

    market_id: Id
    before: Id | None = None
    limit: Limit = 30


class OrderbookRequest(Shape, frozen=True):
    """The best levels of both sides."""

    market_id: Id
    depth: Levels = 20
    exclude_market_maker: bool = False


class BookLevelView(Shape, frozen=True):
    """So many shares at a price of YES."""

    quantity: int
    price: Number


class OrderbookView(Shape, frozen=True):
    """The book of YES, best prices first; a bid for NO at p is an ask for YES at 100 less p."""

    yes_bids: list[BookLevelView]
    yes_asks: list[BookLevelView]
    sequence: int


class HistoryRequest(Shape, frozen=True):
    """The newest bars since a time."""

    market_id: Id
    interval: Literal["1m", "5m", "1h", "1d"] = "1h"
    since: Annotated[int, Meta(ge=0, lt=ID_END)] = 0
    limit: Limit = PAGE_DEFAULT


class PriceBarView(Shape, frozen=True):
    """The prices of YES within an interval that begins at `start`, and how many shares were traded."""

    start: int
    open: Number
    high: Number
    low: Number
    close: Number
    volume: int


async def get_markets(gateway: Gateway, _: Caller, request: MarketsRequest) -> Answer:
    """Newest first."""
    state = None if request.status is None else request.status.state
    first = request.page * request.size
    records, total = await gateway.exchange.storage.reader.market_page(PREDICTION, state, first, request.size)
    marks = await marks_of(gateway, records)
    return Answer(
        200,
        MarketPageView(
            content=[market_view(record, marks[record.market_id]) for record in records],
            last=first + request.size >= total,
            total_pages=-(-total // request.size),
            total_elements=total,
            number=request.page,
            size=request.size,
        ),
    )


async def get_market(gateway: Gateway, _: Caller, request: MarketRequest) -> Answer:
    """One market."""
    record = await find_record(gateway, request.market_id)
    marks = await marks_of(gateway, [record])
    return Answer(200, market_view(record, marks[record.market_id]))


async def create_market(gateway: Gateway, caller: Caller, request: NewMarketRequest) -> Answer:
    """200 with the market, which takes orders at once."""
    question = _question(gateway, request)
    if isinstance(question, Refused):
        return refusal(question)
    listing = ListMarket(PREDICTION, None, write_definition(question))

    async def act() -> Answer:
        listed = await gateway.exchange.accounts.ask(listing)
        if isinstance(listed, Refused):
            return refusal(listed)
        return Answer(200, market_view(listed.market, EVEN_MARK))

    return await audited(gateway, caller, "create_market", request.title, request, act)


def _question(gateway: Gateway, request: NewMarketRequest) -> Question | Refused:
    """Read the terms of a market. Raises Rejected(MALFORMED)."""
    # Line by line, as a description is the one text that may have several; there a tab is as good as a space.
    description = request.description.replace("\r\n", "\n")
    if not all(re.search(NOTE_PATTERN, line) for line in description.replace("\t", " ").split("\n") if line):
        raise malformed("description must be lines of at most 500 printable characters")
    optional = {
        "tick_units": _steps(request.tick, "tick", CENT_DECIMALS),
        "maker_rate": _steps(request.maker_fee, "makerFee", RATE_DECIMALS),
        "taker_rate": _steps(request.taker_fee, "takerFee", RATE_DECIMALS),
    }
    return make_question(
        title=request.title,
        description=description,
        category=request.category,
        resolution_ms=read_date(request.resolution_date, "resolutionDate"),
        now_ms=gateway.exchange.clock.now_ms(),
        void_policy=request.void_policy,
        **{name: steps for name, steps in optional.items() if steps is not None},
    )


def _steps(value: object, name: str, decimals: int) -> int | None:
    """Read an optional number as a count of its smallest steps. Raises Rejected(MALFORMED)."""
    if value is None:
        return None
    try:
        return parse_decimal(plain_text(value, name, or_string=True, signed=False), decimals)
    except MalformedAmount as problem:
        raise malformed(f"{name} {problem}") from None


async def get_market_trades(gateway: Gateway, _: Caller, request: MarketTradesRequest) -> Answer:
    """What was traded, newest first."""
    market = find_question(gateway, request.market_id)
    before = None if request.before is None else as_id(request.before)
    which = TradeFilter(market_id=market.market_id, before=before, limit=request.limit)
    trades = await gateway.exchange.storage.reader.trades(which)
    return Answer(200, [market_trade_view(trade, market.definition) for trade in trades])


async def get_orderbook(gateway: Gateway, _: Caller, request: OrderbookRequest) -> Answer:
    """Asked of the market's actor; on request without what the market maker quotes."""
    market = find_question(gateway, request.market_id)
    depth = await ask(market, GetDepth(request.depth, MAKER if request.exclude_market_maker else None))
    if isinstance(depth, Refused):
        return refusal(depth)
    tick = market.definition.tick
    bids, asks = (
        [BookLevelView(lots, cents(price_ticks * tick)) for price_ticks, lots in levels]
        for levels in (depth.bids, depth.asks)
    )
    return Answer(200, OrderbookView(bids, asks, depth.sequence))


async def get_price_history(gateway: Gateway, _: Caller, request: HistoryRequest) -> Answer:
    """Oldest first, for a chart; an interval without trades has no bar."""
    market = find_question(gateway, request.market_id)
    tick = market.definition.tick
    bars = await gateway.exchange.storage.reader.price_history(
        market.market_id, request.since, INTERVALS_MS[request.interval], request.limit
    )
    views = [
        PriceBarView(
            bar.start_ms,
            cents(bar.open_ticks * tick),
            cents(bar.high_ticks * tick),
            cents(bar.low_ticks * tick),
            cents(bar.close_ticks * tick),
            bar.quantity_lots,
        )
        for bar in bars
    ]
    return Answer(200, views)


def find_question(gateway: Gateway, market_id: int | str) -> MarketEntry:
    """Find an open market. Raises Rejected(NOT_FOUND)."""
    market = gateway.exchange.directory.by_id.get(as_id(market_id))
    if market is None or market.product != PREDICTION:
        raise Rejected(Refusal.NOT_FOUND, f"there is no market {market_id}")
    return market


async def find_record(gateway: Gateway, market_id: int | str) -> MarketRecord:
    """Read a market's row. Raises Rejected(NOT_FOUND)."""
    record = await gateway.exchange.storage.reader.market(find_question(gateway, market_id).market_id)
    assert record is not None, "who is in the directory has a row"
    return record
