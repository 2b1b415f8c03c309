"""Bets of the caller: place, look up, claim. An administrator sees everybody's."""

import enum
from functools import partial
from typing import Literal

import msgspec

from actors.messages import FindCommand
from engine.betting.commands import BetTaken, ClaimBet, PlaceBet
from engine.ledger.bets import Acceptance, BetRecord
from engine.refusals import Refusal, Refused
from gateway.answers import Rejected, failure, refusal
from gateway.context import Answer, Caller, Gateway
from gateway.identity.caller import Role
from gateway.identity.wallets import read_address
from gateway.limits import AskedOdds, Id, OptionNumber, Page, Stake, Text, WalletAddress, as_id
from gateway.rest.betting.markets import DEFAULT_PAGE_SIZE, PageSize
from gateway.rest.betting.quotes import find_match
from gateway.rest.betting.shapes import BetView, bet_view
from gateway.rest.once import lost, once
from gateway.rest.orders import PendingView
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


class BetRequest(msgspec.Struct, frozen=True):
    """One bet."""

    order_id: Id


class ClientBetRequest(Shape, frozen=True):
    """One bet, by the id that its owner chose."""

    client_bet_id: Text


class BetStatus(enum.Enum):
    """Whether a bet is settled."""

    PENDING = "pending"
    CONFIRMED = "confirmed"


class BetsRequest(Shape, frozen=True):
    """A page of bets, newest first, counted from 1."""

    user_address: WalletAddress | None = None
    user_id: Id | None = None
    market_id: Id | None = None
    status: BetStatus | None = None
    page: Page = 1
    page_size: PageSize = DEFAULT_PAGE_SIZE


class BetPageView(Shape, frozen=True):
    """A page of them; beyond the last one, an empty one."""

    page: int
    page_size: int
    total: int
    items: list[BetView]


class ClaimView(Shape, frozen=True):
    """A bet that is paid now; the amount is in smallest units."""

    order_id: int
    claimed: Literal[True]
    claim_amount: str
    claim_tx_hash: str


SETTLED = {BetStatus.PENDING: False, BetStatus.CONFIRMED: True, None: None}


# Placing


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
    taken = await _place(gateway, bet)
    return refusal(taken) if isinstance(taken, Refused) else Answer(200, show_bet(gateway, caller, taken.bet))


async def _place(gateway: Gateway, bet: PlaceBet) -> BetTaken | Refused:
    """Place a bet; one whose clientBetId is known is answered as it stands. Raises Rejected."""
    looked_up = None if bet.client_bet_id is None else partial(_earlier, gateway, bet)
    return await once(gateway, bet, looked_up, _other_content(bet))


async def _earlier(gateway: Gateway, bet: PlaceBet) -> BetTaken | Refused | None:
    """Answer a repeat from storage; None if the id is new there."""
    assert bet.client_bet_id is not None
    record = await gateway.exchange.storage.reader.bet_by_client_id(bet.account_id, bet.client_bet_id)
    if record is None:
        return None
    return BetTaken(record, repeated=True) if _asked_by(record) == bet else _other_content(bet)


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


def _other_content(bet: PlaceBet) -> Refused:
    """The same words, whether the other bet is in storage or under way."""
    return Refused(Refusal.CONFLICT, f"clientBetId {bet.client_bet_id} has been used for another bet")


# Claiming


async def claim_bet(gateway: Gateway, caller: Caller, request: BetRequest) -> Answer:
    """Pays what a settled bet has won, or gets back, once. Another's bet is 404; so it is for administrators."""
    bet_id = as_id(request.order_id)
    bet = await _own_bet(gateway, caller, bet_id)
    if bet.potential_payout == 0:  # its match may have let go of it
        return refusal(LOST_BET)
    paid = await gateway.exchange.accounts.ask(ClaimBet(caller.user_id, str(bet.market_id), bet_id))
    if isinstance(paid, Refused):
        if paid.code is Refusal.NOT_FOUND:  # it was settled, and let go of, a moment ago
            bet = await _own_bet(gateway, caller, bet_id)
        return refusal(LOST_BET if bet.potential_payout == 0 else paid)
    done = paid.bet
    assert done.claim_tx_hash is not None
    return Answer(200, ClaimView(done.bet_id, True, str(done.payout), done.claim_tx_hash))


LOST_BET = Refused(Refusal.NOTHING_TO_CLAIM, "this bet is lost: there is nothing to claim")


# Looking up


async def get_bet(gateway: Gateway, caller: Caller, request: BetRequest) -> Answer:
    """200, or 404, for another's bet too; administrators see all."""
    bet = await gateway.exchange.storage.reader.bet(as_id(request.order_id))
    if bet is None or (bet.account_id != caller.user_id and caller.role is not Role.ADMIN):
        raise _no_bet(request.order_id)
    return Answer(200, show_bet(gateway, caller, bet))


async def get_bet_by_client_id(gateway: Gateway, caller: Caller, request: ClientBetRequest) -> Answer:
    """200; 202 while it is under way; 404 means: neither known nor under way."""
    query = FindCommand("bet", caller.user_id, request.client_bet_id)
    under_way = await gateway.exchange.accounts.ask(query)
    if under_way == "pending":
        return Answer(202, PendingView("pending"))
    bet = await gateway.exchange.storage.reader.bet_by_client_id(caller.user_id, request.client_bet_id)
    if bet is None:
        if under_way == "known":
            return lost()
        return failure(Refusal.NOT_FOUND, f"there is no bet with clientBetId {request.client_bet_id}")
    return Answer(200, show_bet(gateway, caller, bet))


async def get_bets(gateway: Gateway, caller: Caller, request: BetsRequest) -> Answer:
    """One's own, newest first; an administrator's list is everybody's, or that of a userId or a userAddress."""
    market_id = None if request.market_id is None else find_match(gateway, request.market_id).market_id
    first = (request.page - 1) * request.page_size
    records: list[BetRecord] = []
    total = 0
    account_id = await _listed_account(gateway, caller, request)
    if account_id != NOBODY:
        which = BetFilter(account_id, market_id, SETTLED[request.status], first, request.page_size)
        records, total = await gateway.exchange.storage.reader.bets(which)
    shown = [show_bet(gateway, caller, bet) for bet in records]
    return Answer(200, BetPageView(request.page, request.page_size, total, shown))


NOBODY = 0  # no account has this id


async def _listed_account(gateway: Gateway, caller: Caller, request: BetsRequest) -> int | None:
    """Whose bets a list shows; None: everybody's. Raises Rejected(FORBIDDEN) for those of others."""
    address = None if request.user_address is None else read_address(request.user_address)
    user_id = None if request.user_id is None else as_id(request.user_id)
    if caller.role is not Role.ADMIN:
        own = gateway.sessions.member(caller.user_id)
        if address is not None and (own is None or own.address != address):
            raise Rejected(Refusal.FORBIDDEN, "the bets of others are for administrators: leave userAddress out")
        if user_id not in (None, caller.user_id):
            raise Rejected(Refusal.FORBIDDEN, "the bets of others are for administrators: leave userId out")
        return caller.user_id
    if address is None:
        return user_id
    user = await gateway.exchange.storage.identity.user_by_address(address)
    if user is None or user_id not in (None, user.user_id):
        return NOBODY
    return user.user_id


async def _own_bet(gateway: Gateway, caller: Caller, bet_id: int) -> BetRecord:
    """Read a bet of the caller. Raises Rejected(NOT_FOUND), for another's too."""
    bet = await gateway.exchange.storage.reader.bet(bet_id)
    if bet is None or bet.account_id != caller.user_id:
        raise _no_bet(bet_id)
    return bet


def _no_bet(bet_id: int | str) -> Rejected:
    return Rejected(Refusal.NOT_FOUND, f"there is no bet {bet_id}")


def show_bet(gateway: Gateway, caller: Caller, bet: BetRecord) -> BetView:
    """Show a bet with its owner's wallet, to an administrator with his id too."""
    member = gateway.sessions.member(bet.account_id)
    address = None if member is None else member.shown_address
    return bet_view(bet, address, with_owner=caller.role is Role.ADMIN)
