"""Matches, for everybody: lists, one with its options and odds, and those that take bets now."""

from contextlib import suppress

import msgspec
from msgspec import UNSET

from actors.core import Unavailable
from actors.directory import MarketEntry
from engine.betting.commands import GetPool, PoolStands
from engine.ledger.records import MarketRecord, MarketState
from engine.products import BETTING
from engine.refusals import Refused
from gateway.context import Answer, Caller, Gateway
from gateway.identity.caller import Role
from gateway.limits import PAGE_MAX, Id, Text
from gateway.odds_messages import MatchStatus, odds_groups
from gateway.rest.betting.pages import PagedRequest, PagedView
from gateway.rest.betting.quotes import find_match, find_match_record, quote_at
from gateway.rest.betting.shapes import (
    ActiveMatchView,
    MatchDetailView,
    MatchView,
    OddsDetail,
    Source,
    active_match_view,
    match_detail,
    match_view,
    overround_view,
)
from gateway.rest.symbols import NoRequest
from gateway.shapes import Shape

ACTIVE_KEY = "markets:active"
ACTIVE_MS = 30_000  # in the cache: the odds specification's
ACTIVE_MAX = 2 * PAGE_MAX  # matches that are shown as active: the newest; all of them are in the list, page by page


class MatchesRequest(PagedRequest, frozen=True):
    """A page of matches, newest first, counted from 1."""

    status: MatchStatus | None = None
    league: Text | None = None


class MatchPageView(PagedView, frozen=True):
    """A page of them; beyond the last one, an empty one."""

    items: list[MatchView]


class MatchRequest(msgspec.Struct, frozen=True):
    """One match."""

    id: Id


class ActiveMatchesView(Shape, frozen=True):
    """The matches that take bets, newest first, as of half a minute ago or less."""

    source: Source
    data: list[ActiveMatchView]


async def get_matches(gateway: Gateway, _: Caller, request: MatchesRequest) -> Answer:
    """Newest first."""
    state = None if request.status is None else request.status.state
    reader = gateway.exchange.storage.reader
    records, total = await reader.market_page(BETTING, state, request.first, request.page_size, request.league)
    items = [match_view(record) for record in records]
    return Answer(200, MatchPageView(request.page, request.page_size, total, items))


async def _newest(gateway: Gateway, state: MarketState, most: int) -> list[MarketRecord]:
    """The newest matches in a state: about as many as `most`."""
    found: dict[int, MarketRecord] = {}  # a match that moves to the next page meanwhile comes twice
    first, total = 0, 1
    while first < min(most, total):
        page, total = await gateway.exchange.storage.reader.market_page(BETTING, state, first, PAGE_MAX)
        found |= {record.market_id: record for record in page}
        first += PAGE_MAX
    return list(found.values())


async def get_active_matches(gateway: Gateway, _: Caller, __: NoRequest) -> Answer:
    """Those that take bets now, in play or before it."""
    cache = gateway.exchange.cache
    with suppress(OSError):  # a cache that is away is no error
        kept = await cache.get(ACTIVE_KEY)
        if kept is not None:
            return Answer(200, ActiveMatchesView("cache", msgspec.json.decode(kept, type=list[ActiveMatchView])))
    records = [
        record
        for state in (MarketState.OPEN, MarketState.IN_PLAY)
        for record in await _newest(gateway, state, ACTIVE_MAX)
    ]
    records.sort(key=lambda record: -record.market_id)
    shown = [active_match_view(record) for record in records[:ACTIVE_MAX]]
    with suppress(OSError):
        await cache.put(ACTIVE_KEY, msgspec.json.encode(shown), ACTIVE_MS)
    return Answer(200, ActiveMatchesView("db", shown))


async def forget_active(gateway: Gateway) -> None:
    """Have the list of those that take bets made anew, as a match has moved on."""
    with suppress(OSError):
        await gateway.exchange.cache.remove(ACTIVE_KEY)


async def get_match(gateway: Gateway, caller: Caller, request: MatchRequest) -> Answer:
    """One match, with all its options and the odds of now; for administrators with its pool too."""
    return Answer(200, await show_match(gateway, caller, find_match(gateway, request.id)))


async def show_match(gateway: Gateway, caller: Caller, match: MarketEntry) -> MatchDetailView:
    """Show a match as it stands, and its pool as it is a moment later."""
    # First the row: options that are read after it may be newer than the odds, and then the stream tells more.
    record = await find_match_record(gateway, match)
    options = await gateway.exchange.storage.reader.options(match.market_id)
    quote, source = await quote_at(gateway, match, record)
    board = quote.standing.offered
    groups = odds_groups(board)
    odds = OddsDetail(
        groups.moneyline,
        groups.spread,
        groups.total,
        overround_view(board),
        quote.standing.number,
        quote.now_ms,
        source,
    )
    pool = await _pool_of(match) if caller.role is Role.ADMIN else UNSET
    return MatchDetailView(match_detail(record, options, pool), odds)


async def _pool_of(match: MarketEntry) -> PoolStands | None:
    """Ask a match for its pool; None while it can't tell."""
    with suppress(Unavailable):
        stands = await match.address.ask(GetPool())
        return None if isinstance(stands, Refused) else stands
    return None
