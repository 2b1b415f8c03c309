"""Bets of the caller: place, look up, claim. An administrator sees everybody's."""

from engine.betting.commands import BetTaken, ClaimBet, PlaceBet
from engine.ledger.bets import Acceptance, BetRecord
from engine.refusals import Refused
from gateway.answers import refusal
from gateway.context import Answer, Caller, Gateway
from gateway.limits import AskedOdds, Id, OptionNumber, Stake, Text, as_id
from gateway.rest.betting.pages import PagedView
from gateway.rest.betting.quotes import find_match
from gateway.rest.betting.shapes import BetView, bet_view
from gateway.rest.betting.slips import SETTLED, ClientSlipRequest, SlipRequest, Slips, SlipsRequest, owner_of
from gateway.shapes import Shape
from storage.interface import BetFilter


class PlaceBetRequest(Shape, frozen=True):
    """`odds` are those that the customer saw, in hundredths; `acceptOdds` says which others will do."""

    market_id: Id
    option: OptionNumber
    amount: Stake
    odds: AskedOdds
    accept_odds: Acceptance = Acceptance.EXACT
    client_bet_id: Text | None = None


class BetsRequest(SlipsRequest, frozen=True):
    """A page of bets, newest first, counted from 1."""

    market_id: Id | None = None


class BetPageView(PagedView, frozen=True):
    """A page of them; beyond the last one, an empty one."""

    items: list[BetView]


async def place_bet(gateway: Gateway, caller: Caller, request: PlaceBetRequest) -> Answer:
    """200 with the bet; as it stands, for a repeat under the same clientBetId; 409 for other content under it.

    409 ODDS_CHANGED brings the odds of now, 422 LIABILITY_LIMIT the largest stake that would be taken.
    """
    bet = PlaceBet(
        caller.user_id,
        str(as_id(request.market_id)),
        request.option,
        int(request.amount),
        request.odds,
        request.accept_odds,
        request.client_bet_id,
    )

    def repeat(earlier: BetRecord) -> BetTaken | None:
        return BetTaken(earlier, repeated=True) if _asked_by(earlier) == bet else None

    taken = await BETS.place(gateway, caller, bet, bet.client_bet_id, repeat)
    return refusal(taken) if isinstance(taken, Refused) else Answer(200, show_bet(gateway, caller, taken.bet))


def _asked_by(record: BetRecord) -> PlaceBet:
    """What its customer wrote."""
    return PlaceBet(
        record.account_id,
        str(record.market_id),
        record.option_number,
        record.stake,
        record.odds_asked,
        record.accept,
        record.client_bet_id,
    )


async def claim_bet(gateway: Gateway, caller: Caller, request: SlipRequest) -> Answer:
    """Pays what a settled bet has won, or gets back, once. Another's bet is 404; so it is for administrators."""

    async def pay(bet: BetRecord) -> BetRecord | Refused:
        paid = await gateway.exchange.accounts.ask(ClaimBet(bet.account_id, str(bet.market_id), bet.bet_id))
        return paid if isinstance(paid, Refused) else paid.bet

    return await BETS.claim(gateway, caller, request, pay)


async def get_bet(gateway: Gateway, caller: Caller, request: SlipRequest) -> Answer:
    """200, or 404, for another's bet too; administrators see all."""
    return await BETS.get(gateway, caller, request)


async def get_bet_by_client_id(gateway: Gateway, caller: Caller, request: ClientSlipRequest) -> Answer:
    """200; 202 while it is under way; 404 means: neither known nor under way."""
    return await BETS.get_by_client_id(gateway, caller, request)


async def get_bets(gateway: Gateway, caller: Caller, request: BetsRequest) -> Answer:
    """One's own, newest first; an administrator's list is everybody's, or that of a userId or a userAddress."""
    market_id = None if request.market_id is None else find_match(gateway, request.market_id).market_id
    account_id = await BETS.listed_account(gateway, caller, request)
    which = BetFilter(account_id, market_id, SETTLED[request.status], request.first, request.page_size)
    records, total = await gateway.exchange.storage.reader.bets(which)
    shown = [show_bet(gateway, caller, bet) for bet in records]
    return Answer(200, BetPageView(request.page, request.page_size, total, shown))


def show_bet(gateway: Gateway, caller: Caller, bet: BetRecord) -> BetView:
    """Show a bet with its owner's wallet, to an administrator with his id too."""
    return bet_view(bet, owner_of(gateway, caller, bet.account_id))


BETS = Slips[BetRecord](
    "bet",
    lambda reader, bet_id: reader.bet(bet_id),
    lambda reader, account_id, client_bet_id: reader.bet_by_client_id(account_id, client_bet_id),
    show_bet,
)
