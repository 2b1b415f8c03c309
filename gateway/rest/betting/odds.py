"""The odds of one match, for everybody: as they stand, and as its stream has told them."""

from typing import Annotated

import msgspec
from msgspec import UNSET, Meta

from gateway.context import Answer, Caller, Gateway
from gateway.limits import ID_END, PAGE_DEFAULT, Id, Limit
from gateway.odds_messages import OddsUpdate, odds_groups, odds_update
from gateway.rest.betting.markets import MatchRequest
from gateway.rest.betting.quotes import current_quote, find_match, told_odds
from gateway.rest.betting.shapes import OddsSnapshotView, OddsView
from gateway.shapes import Shape


class OddsRequest(msgspec.Struct, frozen=True):
    """One match."""

    market_id: Id


class OddsUpdatesRequest(msgspec.Struct, frozen=True):
    """What the stream has told after `since_seq`."""

    id: Id
    since_seq: Annotated[int, Meta(ge=0, lt=ID_END)] = 0
    limit: Limit = PAGE_DEFAULT


class OddsUpdatesView(Shape, frozen=True):
    """Messages of the stream, oldest first; the next ones are those since `toSeq`."""

    market_id: int
    from_seq: int  # the number that was asked for
    to_seq: int  # that of the last message here
    updates: list[OddsUpdate]


async def get_odds(gateway: Gateway, _: Caller, request: OddsRequest) -> Answer:
    """The odds of now, also in the fields of old: home is `a`, away is `b`."""
    match = find_match(gateway, request.market_id)
    quote, source = await current_quote(gateway, match)
    board = quote.standing.offered
    groups, moneyline = odds_groups(board), board.moneyline
    shown = OddsView(
        market_id=match.market_id,
        odds_a=None if moneyline is None else moneyline.home,
        odds_b=None if moneyline is None else moneyline.away,
        odds_draw=UNSET if moneyline is None or moneyline.draw is None else moneyline.draw,
        moneyline=groups.moneyline,
        spread=groups.spread,
        total=groups.total,
        seq=quote.standing.number,
        timestamp=quote.now_ms,
        source=source,
    )
    return Answer(200, shown)


async def get_odds_snapshot(gateway: Gateway, _: Caller, request: MatchRequest) -> Answer:
    """The last message of the match's stream; go on with what comes after its `seq`, here or over the socket."""
    match = find_match(gateway, request.id)
    quote, source = await current_quote(gateway, match)
    return Answer(200, OddsSnapshotView(**msgspec.structs.asdict(odds_update(quote)), source=source))


async def get_odds_updates(gateway: Gateway, _: Caller, request: OddsUpdatesRequest) -> Answer:
    """What the match's stream has told after a number: the same messages with the same numbers as over the socket."""
    match = find_match(gateway, request.id)
    told = await told_odds(gateway, match, request.since_seq, request.limit)
    last = told[-1].standing.number if told else request.since_seq
    return Answer(
        200, OddsUpdatesView(match.market_id, request.since_seq, last, [odds_update(quote) for quote in told])
    )
