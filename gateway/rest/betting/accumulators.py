"""Accumulators of the caller: place, look up, claim. An administrator sees everybody's.

A new one goes to the market of the asset that bets are made in; what is claimed is asked of the market that took it.
"""

from typing import Annotated

from msgspec import Meta

from actors.directory import MarketEntry
from engine.accumulators.commands import AccumulatorTaken, ClaimAccumulator, LegAsked, PlaceAccumulator
from engine.accumulators.terms import LEGS_MAX, LEGS_MIN
from engine.ledger.accumulators import AccumulatorRecord
from engine.ledger.bets import Acceptance
from engine.products import ACCUMULATORS
from engine.refusals import Refusal, Refused
from gateway.answers import Rejected, refusal
from gateway.context import Answer, Caller, Gateway
from gateway.limits import AskedOdds, Id, OptionNumber, Stake, Text
from gateway.rest.betting.accumulator_shapes import AccumulatorView, accumulator_view
from gateway.rest.betting.pages import PagedView
from gateway.rest.betting.quotes import find_match
from gateway.rest.betting.slips import SETTLED, ClientSlipRequest, SlipRequest, Slips, SlipsRequest, owner_of
from gateway.shapes import Shape
from storage.interface import AccumulatorFilter


class LegRequest(Shape, frozen=True):
    """An option of a match; `odds` are those that the customer saw, in hundredths."""

    market_id: Id
    option: OptionNumber
    odds: AskedOdds


class PlaceAccumulatorRequest(Shape, frozen=True):
    """The legs are on different matches; `acceptOdds` says for each of them which other odds will do."""

    legs: Annotated[list[LegRequest], Meta(min_length=LEGS_MIN, max_length=LEGS_MAX)]
    amount: Stake
    accept_odds: Acceptance = Acceptance.EXACT
    client_bet_id: Text | None = None


class AccumulatorPageView(PagedView, frozen=True):
    """A page of them; beyond the last one, an empty one."""

    items: list[AccumulatorView]


async def place_accumulator(gateway: Gateway, caller: Caller, request: PlaceAccumulatorRequest) -> Answer:
    """200 with the accumulator; as it stands, for a repeat under the same clientBetId; 409 for other content under it.

    409 ODDS_CHANGED brings the odds of now of all legs that have other ones, 422 LIABILITY_LIMIT the largest stake that
    would be taken: "0" where the odds of all legs together are too high for any.
    """
    asked = PlaceAccumulator(
        caller.user_id,
        find_accumulators(gateway).name,
        tuple(LegAsked(find_match(gateway, leg.market_id).market_id, leg.option, leg.odds) for leg in request.legs),
        int(request.amount),
        request.accept_odds,
        request.client_bet_id,
    )

    def repeat(earlier: AccumulatorRecord) -> AccumulatorTaken | None:
        return AccumulatorTaken(earlier, repeated=True) if _asked_by(earlier, asked.market) == asked else None

    taken = await SLIPS.place(gateway, caller, asked, asked.client_bet_id, repeat)
    if isinstance(taken, Refused):
        return refusal(taken)
    return Answer(200, show_accumulator(gateway, caller, taken.accumulator))


def find_accumulators(gateway: Gateway, asset: str | None = None) -> MarketEntry:
    """Find the market of an asset; of none, that which takes new ones. Raises Rejected(NOT_FOUND)."""
    asset = asset or gateway.settings.betting_asset
    market = gateway.exchange.directory.find(ACCUMULATORS, asset)
    if market is None:
        raise Rejected(Refusal.NOT_FOUND, f"there are no accumulators in {asset} here")
    return market


def _market_of(gateway: Gateway, accumulator: AccumulatorRecord) -> str:
    """The name of the market that took it, which is its asset."""
    return gateway.exchange.directory.by_id[accumulator.market_id].name


def _asked_by(record: AccumulatorRecord, market: str) -> PlaceAccumulator:
    """What its customer wrote. He named no market: a repeat may come when new ones go to that of another asset."""
    return PlaceAccumulator(
        record.account_id,
        market,
        tuple(LegAsked(leg.market_id, leg.option_number, leg.odds_asked) for leg in record.legs),
        record.stake,
        record.accept,
        record.client_bet_id,
    )


async def claim_accumulator(gateway: Gateway, caller: Caller, request: SlipRequest) -> Answer:
    """Pays what an accumulator has won, or gets back, once. Another's is 404; so it is for administrators.

    The results that it was paid for can't be rolled back any more.
    """

    async def pay(accumulator: AccumulatorRecord) -> AccumulatorRecord | Refused:
        market = _market_of(gateway, accumulator)
        claim = ClaimAccumulator(accumulator.account_id, market, accumulator.bet_id)
        paid = await gateway.exchange.accounts.ask(claim)
        return paid if isinstance(paid, Refused) else paid.accumulator

    return await SLIPS.claim(gateway, caller, request, pay)


async def get_accumulator(gateway: Gateway, caller: Caller, request: SlipRequest) -> Answer:
    """200, or 404, for another's accumulator too; administrators see all."""
    return await SLIPS.get(gateway, caller, request)


async def get_accumulator_by_client_id(gateway: Gateway, caller: Caller, request: ClientSlipRequest) -> Answer:
    """200; 202 while it is under way; 404 means: neither known nor under way."""
    return await SLIPS.get_by_client_id(gateway, caller, request)


async def get_accumulators(gateway: Gateway, caller: Caller, request: SlipsRequest) -> Answer:
    """One's own, newest first; an administrator's list is everybody's, or that of a userId or a userAddress."""
    account_id = await SLIPS.listed_account(gateway, caller, request)
    which = AccumulatorFilter(account_id, SETTLED[request.status], request.first, request.page_size)
    records, total = await gateway.exchange.storage.reader.accumulators(which)
    shown = [show_accumulator(gateway, caller, accumulator) for accumulator in records]
    return Answer(200, AccumulatorPageView(request.page, request.page_size, total, shown))


def show_accumulator(gateway: Gateway, caller: Caller, accumulator: AccumulatorRecord) -> AccumulatorView:
    """Show an accumulator with its owner's wallet, to an administrator with his id too."""

    def title_of(market_id: int) -> str:
        title: str = gateway.exchange.directory.by_id[market_id].definition.title
        return title

    asset = _market_of(gateway, accumulator)
    return accumulator_view(accumulator, asset, owner_of(gateway, caller, accumulator.account_id), title_of)


SLIPS = Slips[AccumulatorRecord](
    "accumulator",
    lambda reader, bet_id: reader.accumulator(bet_id),
    lambda reader, account_id, client_bet_id: reader.accumulator_by_client_id(account_id, client_bet_id),
    show_accumulator,
)
