"""What administrators do with matches before their results: make them, move them on, fund them."""

import enum
from contextlib import nullcontext
from functools import partial
from typing import Annotated

import msgspec
from msgspec import Meta

from actors.directory import MarketEntry
from engine.betting.commands import (
    CloseBetting,
    DescribeMatch,
    FundPool,
    GoInPlay,
    MoveMatch,
    OpenBetting,
    ReopenBetting,
    SuspendBetting,
)
from engine.betting.lifecycle import read_standing
from engine.betting.match import make_match
from engine.ledger.commands import ListMarket
from engine.ledger.records import MarketState
from engine.products import BETTING, write_definition
from engine.refusals import Refusal, Refused
from engine.trading.commands import ResumeMarket
from gateway.answers import Rejected, refusal
from gateway.context import Answer, Caller, Gateway
from gateway.decoding import malformed
from gateway.limits import ID_END, Id, Note, Stake, Text, Units
from gateway.outcome import outcome_unknown
from gateway.rest.audited import audited
from gateway.rest.betting.markets import forget_active, show_match
from gateway.rest.betting.quotes import find_match, find_match_record


class NewMatchRequest(msgspec.Struct, frozen=True):
    """The terms of a new match; they never change, but for the description."""

    league: Text
    home_team: Text
    away_team: Text
    start_time: Annotated[int, Meta(ge=0, lt=ID_END)]
    description: Note | None = None


class NewMatchView(msgspec.Struct, frozen=True):
    """The new match; nothing is offered yet."""

    id: int


class NextStatus(enum.Enum):
    """Where a match can be sent; results have paths of their own."""

    ACTIVE = "active"
    SUSPENDED = "suspended"
    IN_PLAY = "in_play"
    CLOSED = "closed"


class ChangeMatchRequest(msgspec.Struct, frozen=True):
    """What is to change. `funding` (smallest units) is what the house puts into the pool when betting is opened."""

    id: Id
    status: NextStatus | None = None
    description: Note | None = None
    funding: Units | None = None


class FundMatchRequest(msgspec.Struct, frozen=True):
    """So many smallest units more for the pool."""

    id: Id
    amount: Stake


class ResumeMatchRequest(msgspec.Struct, frozen=True):
    """A match that is out of service, and why it can come back."""

    id: Id
    reason: Note | None = None


async def create_match(gateway: Gateway, caller: Caller, request: NewMatchRequest) -> Answer:
    """The match is scheduled: set its odds, then open betting with status `active`. It closes at `start_time`."""
    match = make_match(
        league=request.league,
        home_team=request.home_team,
        away_team=request.away_team,
        start_ms=request.start_time,
        asset=gateway.settings.betting_asset,
        now_ms=gateway.exchange.clock.now_ms(),
    )
    if isinstance(match, Refused):
        return refusal(match)
    listing = ListMarket(BETTING, None, write_definition(match), state=MarketState.SCHEDULED)

    async def act() -> Answer:
        listed = await gateway.exchange.accounts.ask(listing)
        if isinstance(listed, Refused):
            return refusal(listed)
        name = listed.market.name
        if request.description is not None:
            with outcome_unknown():  # the match is there
                describing = DescribeMatch(name, caller.user_id, description=request.description)
                described = await gateway.exchange.accounts.ask(describing)
            assert not isinstance(described, Refused), described
        return Answer(200, NewMatchView(listed.market.market_id))

    return await audited(gateway, caller, "create_match", match.title, request, act)


async def update_match(gateway: Gateway, caller: Caller, request: ChangeMatchRequest) -> Answer:
    """Moves the match on, or describes it anew.

    `active` opens betting the first time, with the house's funding of the pool, and from then on reopens it. Results
    are not a status to be set: settle the match, or void it.
    """
    match = find_match(gateway, request.id)
    if request.status is None and request.description is None:
        raise malformed("status or description is needed")
    if request.status is not NextStatus.ACTIVE and request.funding is not None:
        raise malformed("funding goes with status active, as betting is opened")
    moves: list[MoveMatch] = []
    if request.status is NextStatus.ACTIVE:
        moves.append(await _opening(gateway, caller, match, request))
    elif request.status is not None:
        moves.append(MOVES[request.status](match.name, caller.user_id))
    if request.description is not None:
        moves.append(DescribeMatch(match.name, caller.user_id, description=request.description))
    return await audited_moves(gateway, caller, "update_match", match, request, *moves)


MOVES = {NextStatus.SUSPENDED: SuspendBetting, NextStatus.IN_PLAY: GoInPlay, NextStatus.CLOSED: CloseBetting}


async def _opening(gateway: Gateway, caller: Caller, match: MarketEntry, request: ChangeMatchRequest) -> MoveMatch:
    """Open or reopen. Raises Rejected(CONFLICT) where it is too late for a first funding."""
    record = await find_match_record(gateway, match)
    if not read_standing(record.standing).opened:
        funding = gateway.settings.betting_pool if request.funding is None else int(request.funding)
        return OpenBetting(match.name, caller.user_id, funding=funding)
    if request.funding is not None:
        raise Rejected(Refusal.CONFLICT, "betting has been opened already: add to the pool with /fund")
    return ReopenBetting(match.name, caller.user_id)


async def fund_match(gateway: Gateway, caller: Caller, request: FundMatchRequest) -> Answer:
    """Puts more of the house's money into the pool of a match whose betting has been opened.

    There is no transId: after a 504 look at the match's pool first, as a repeat may put the money in twice.
    """
    match = find_match(gateway, request.id)
    move = FundPool(match.name, caller.user_id, amount=int(request.amount))
    return await audited_moves(gateway, caller, "fund_match", match, request, move)


async def resume_match(gateway: Gateway, caller: Caller, request: ResumeMatchRequest) -> Answer:
    """Brings a match back that was taken out of service because it failed again and again; its status stays."""
    match = find_match(gateway, request.id)

    async def act() -> Answer:
        resumed = await gateway.exchange.accounts.ask(ResumeMarket(BETTING, match.name, caller.user_id))
        if isinstance(resumed, Refused):
            return refusal(resumed)
        with outcome_unknown():  # it is back, whatever becomes of looking at it
            return Answer(200, await show_match(gateway, caller, match))

    return await audited(gateway, caller, "resume_match", match.channel, request, act)


async def audited_moves(
    gateway: Gateway,
    caller: Caller,
    action: str,
    match: MarketEntry,
    request: msgspec.Struct,
    *moves: MoveMatch,
) -> Answer:
    """Write down what is to be done, and do it."""
    return await audited(
        gateway, caller, action, match.channel, request, partial(move_match, gateway, caller, match, moves)
    )


async def move_match(gateway: Gateway, caller: Caller, match: MarketEntry, moves: tuple[MoveMatch, ...]) -> Answer:
    """Take steps, and show the match after them; what comes after the first is never refused."""
    for index, move in enumerate(moves):
        with outcome_unknown() if index else nullcontext():
            moved = await gateway.exchange.accounts.ask(move)
        if isinstance(moved, Refused):
            return refusal(moved)
    with outcome_unknown():  # they are taken, whatever becomes of looking at it
        await forget_active(gateway)
        return Answer(200, await show_match(gateway, caller, match))
