"""Who holds which shares, what they have cost and what they are worth."""

from engine.ledger.chart import account_name
from engine.ledger.records import MarketRecord, MarketState, PositionRecord
from engine.prediction.lifecycle import PAYING, read_standing
from engine.prediction.question import PAIR_UNITS, Question
from engine.products import read_definition
from gateway.context import Answer, Caller, Gateway
from gateway.limits import PAGE_DEFAULT, Id, Limit, as_id
from gateway.rest.numbers import Number
from gateway.rest.prediction.markets import find_question, find_record
from gateway.rest.prediction.shapes import MarketStatus, cents, usd
from gateway.shapes import Shape

DECIDED = PAYING | {MarketState.FINAL}


class PositionsRequest(Shape, frozen=True):
    """A page of one's own, newest market first; `before` is a market's id."""

    before: Id | None = None
    limit: Limit = PAGE_DEFAULT


class HoldersRequest(Shape, frozen=True):
    """A page of a market's holders, highest account first; `before` is an account's id."""

    market_id: Id
    before: Id | None = None
    limit: Limit = PAGE_DEFAULT


class PositionView(Shape, frozen=True):
    """Shares of one market, with what they cost (average, without fees); money is in USD.

    `value` is what they are worth at `mark`, and nothing once they are paid for. `profit` counts everything: realized
    (payout included), unrealized, less fees, plus those that a void gave back.
    """

    market_id: int
    title: str
    state: MarketStatus
    yes: int
    no: int
    yes_cost: str
    no_cost: str
    mark: Number  # of YES: its last price, or once it is decided its payout
    value: str
    realized: str
    unrealized: str
    fees: str
    refund: str
    profit: str
    payout: str | None  # null before it is paid
    payout_held: str  # of payout and refund, what can't be spent yet


class HolderView(Shape, frozen=True):
    """Somebody's position."""

    account_id: int
    username: str
    position: PositionView


async def get_positions(gateway: Gateway, caller: Caller, request: PositionsRequest) -> Answer:
    """One's own, newest market first; shares that are paid for stay in the list."""
    reader = gateway.exchange.storage.reader
    before = None if request.before is None else as_id(request.before)
    held = [p for p in await reader.positions_of(caller.user_id) if before is None or p.market_id < before]
    held = held[: request.limit]
    found = [await reader.market(position.market_id) for position in held]
    records = {record.market_id: record for record in found if record is not None}
    return Answer(200, [position_view(position, records[position.market_id]) for position in held])


async def get_holders(gateway: Gateway, _: Caller, request: HoldersRequest) -> Answer:
    """Everybody's in one market."""
    market = find_question(gateway, request.market_id)
    before = None if request.before is None else as_id(request.before)
    # Positions first: a row that is read after them knows the trades they come from.
    positions = await gateway.exchange.storage.reader.positions(market.market_id)
    record = await find_record(gateway, request.market_id)
    held = [p for p in reversed(positions) if before is None or p.account_id < before][: request.limit]
    return Answer(
        200,
        [
            HolderView(
                position.account_id,
                name_of(gateway, position.account_id),
                position_view(position, record),
            )
            for position in held
        ],
    )


def name_of(gateway: Gateway, account_id: int) -> str:
    """A user's name (without one, the wallet), or that of one of the exchange's own accounts."""
    member = gateway.sessions.member(account_id)
    return account_name(account_id) if member is None else member.name


def position_view(position: PositionRecord, record: MarketRecord) -> PositionView:
    """Show a position at the last trade's price, or at the payout once that is decided."""
    question: Question = read_definition(record.product, record.definition)
    assert record.last_price_ticks is not None, "shares come from trades"
    mark = record.last_price_ticks * question.tick
    yes_units = read_standing(record.standing).yes_units
    if yes_units is not None and record.state in DECIDED:
        mark = yes_units
    cost = position.yes_cost + position.no_cost
    value, unrealized, realized = 0, 0, position.realized
    if position.payout is None:
        value = position.yes * mark + position.no * (PAIR_UNITS - mark)
        unrealized = value - cost
    else:
        realized += position.payout - cost
    return PositionView(
        market_id=record.market_id,
        title=question.title,
        state=MarketStatus[record.state.name],
        yes=position.yes,
        no=position.no,
        yes_cost=usd(position.yes_cost),
        no_cost=usd(position.no_cost),
        mark=cents(mark),
        value=usd(value),
        realized=usd(realized),
        unrealized=usd(unrealized),
        fees=usd(position.fees),
        refund=usd(position.refund),
        profit=usd(realized + unrealized - position.fees + position.refund),
        payout=None if position.payout is None else usd(position.payout),
        payout_held=usd(position.payout_held),
    )
