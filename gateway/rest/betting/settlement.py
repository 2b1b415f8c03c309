"""What a match comes to: results by option or by score, taken back while nothing is claimed, final; or none."""

from typing import Annotated

import msgspec
from msgspec import Meta

from engine.betting.commands import FinalizeMatch, RollBackSettlement, SettleOption, SettleScore, VoidMatch
from engine.betting.lifecycle import read_standing
from gateway.context import Answer, Caller, Gateway
from gateway.decoding import malformed
from gateway.limits import Id, Note, OptionNumber
from gateway.rest.betting.admin import audited_moves
from gateway.rest.betting.quotes import find_match, find_match_record

GOALS_MAX = 10_000  # or points, of one side: no sport comes near

Goals = Annotated[int, Meta(ge=0, le=GOALS_MAX)]


class SentScore(msgspec.Struct, frozen=True):
    """Goals, or points."""

    home: Goals
    away: Goals


class SettleRequest(msgspec.Struct, frozen=True):
    """One of the two: the option that has won its group, or the score, which settles all groups."""

    id: Id
    winning_option: OptionNumber | None = None
    score: SentScore | None = None


class RollBackRequest(msgspec.Struct, frozen=True):
    """With an option, only its group's results are taken back, also where bets on other groups have been paid."""

    id: Id
    option: OptionNumber | None = None


class FinalizeMatchRequest(msgspec.Struct, frozen=True):
    """A settlement that stands, and why."""

    id: Id
    reason: Note | None = None


class VoidMatchRequest(msgspec.Struct, frozen=True):
    """There is no match, and why."""

    id: Id
    reason: Note | None = None


async def settle_match(gateway: Gateway, caller: Caller, request: SettleRequest) -> Answer:
    """Decides bets, which can be claimed from then on; with the last group, what is left of the pool is the house's."""
    match = find_match(gateway, request.id)
    if (request.winning_option is None) == (request.score is None):
        raise malformed("winning_option or score is needed, and not both")
    move: SettleOption | SettleScore
    if request.score is not None:
        move = SettleScore(match.name, caller.user_id, home=request.score.home, away=request.score.away)
    else:
        assert request.winning_option is not None
        move = SettleOption(match.name, caller.user_id, option_number=request.winning_option)
    return await audited_moves(gateway, caller, "settle_match", match, request, move)


async def roll_back_match(gateway: Gateway, caller: Caller, request: RollBackRequest) -> Answer:
    """Takes results back, exactly. 409 ALREADY_CLAIMED names bets and accumulators that were paid for them."""
    match = find_match(gateway, request.id)
    standing = read_standing((await find_match_record(gateway, match)).standing)
    move = RollBackSettlement(
        match.name, caller.user_id, option_number=request.option, returned=standing.returned_units
    )
    return await audited_moves(gateway, caller, "roll_back_match", match, request, move)


async def finalize_match(gateway: Gateway, caller: Caller, request: FinalizeMatchRequest) -> Answer:
    """Makes a settlement final: it can't be rolled back any more, which frees what is kept for lost accumulators."""
    match = find_match(gateway, request.id)
    move = FinalizeMatch(match.name, caller.user_id)
    return await audited_moves(gateway, caller, "finalize_match", match, request, move)


async def void_match(gateway: Gateway, caller: Caller, request: VoidMatchRequest) -> Answer:
    """Every stake goes back, without a claim; groups for which something has been paid already keep their results.

    409 CONFLICT says what the pool lacks for it, if what was paid there came from stakes on other groups.
    """
    match = find_match(gateway, request.id)
    return await audited_moves(gateway, caller, "void_match", match, request, VoidMatch(match.name, caller.user_id))
