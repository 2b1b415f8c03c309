"""What administrators do. Each of these writes leaves a row in the audit table, before it is done."""

from functools import partial
from typing import Literal

import trio

from actors.messages import RestoreAccount, SuspendAccount
from engine.ledger.chart import HOUSE, OUTSIDE
from engine.ledger.commands import ListMarket, MovementKind
from engine.ledger.records import MarketState
from engine.products import SPOT, write_definition
from engine.refusals import Refusal, Refused
from engine.spot.symbol import make_symbol
from engine.trading.commands import CancelOrder, HaltMarket, ResumeMarket
from gateway.answers import Rejected, refusal
from gateway.context import Answer, Caller, Gateway
from gateway.identity.caller import Role
from gateway.identity.members import Member
from gateway.limits import Decimal, Id, Note, Text, as_id
from gateway.outcome import outcome_unknown
from gateway.rest.account import MoveRequest, move
from gateway.rest.audited import admin_action, audited
from gateway.rest.orders import CancelView, cancel, cancel_views
from gateway.rest.symbols import show_symbol
from gateway.shapes import Shape

TWO_STEPS_S = 8.0  # a change of row and actor goes on to its end when its asker leaves; below a request's deadline


class NewSymbolRequest(Shape, frozen=True):
    """The terms of a new market; they never change. Fees and band are fractions: 0.001 is 0.1 %."""

    symbol: Text
    tick: Decimal
    lot: Decimal
    minimum_notional: Decimal = "0"
    maker_fee: Decimal = "0.001"
    taker_fee: Decimal = "0.001"
    price_band: Decimal | None = None
    reason: Note | None = None


class ChangeSymbolRequest(Shape, frozen=True):
    """Which market, and why."""

    symbol: Text
    reason: Note | None = None


class SymbolStateView(Shape, frozen=True):
    """Where the market stands now."""

    symbol: str
    state: MarketState


class AdminCancelRequest(Shape, frozen=True):
    """Anybody's order."""

    order_id: Id


class RoleRequest(Shape, frozen=True):
    """Which user gets which role, and why."""

    id: Id
    role: Literal["user", "market_maker", "admin"]
    reason: Note | None = None


class AccountChangeRequest(Shape, frozen=True):
    """Which account, and why."""

    id: Id
    reason: Note | None = None


class UserView(Shape, frozen=True):
    """A user as they stand now; who has only a wallet has no username."""

    id: int
    username: str | None
    address: str | None
    role: Role
    state: Literal["active", "suspended"]


class SuspendedView(Shape, frozen=True):
    """A blocked user, and what became of the orders."""

    id: int
    username: str | None
    address: str | None
    role: Role
    state: Literal["active", "suspended"]
    cancelled: list[CancelView]


# Markets


async def create_symbol(gateway: Gateway, caller: Caller, request: NewSymbolRequest) -> Answer:
    """201; 409 if it exists."""
    symbol = make_symbol(
        request.symbol,
        tick=request.tick,
        lot=request.lot,
        minimum_notional=request.minimum_notional,
        maker_rate=request.maker_fee,
        taker_rate=request.taker_fee,
        price_band=request.price_band,
    )
    if isinstance(symbol, Refused):
        return refusal(symbol)
    listing = ListMarket(SPOT, symbol.name, write_definition(symbol))

    async def act() -> Answer:
        listed = await gateway.exchange.accounts.ask(listing)
        return refusal(listed) if isinstance(listed, Refused) else Answer(201, show_symbol(gateway, listed.market))

    return await audited(gateway, caller, "create_symbol", request.symbol, request, act)


async def halt_symbol(gateway: Gateway, caller: Caller, request: ChangeSymbolRequest) -> Answer:
    """From here on only cancels are taken; halting twice is once."""
    act = partial(_change_symbol, gateway, HaltMarket(SPOT, request.symbol, caller.user_id))
    return await audited(gateway, caller, "halt_symbol", request.symbol, request, act)


async def resume_symbol(gateway: Gateway, caller: Caller, request: ChangeSymbolRequest) -> Answer:
    """Orders are taken again; a parked market comes back."""
    act = partial(_change_symbol, gateway, ResumeMarket(SPOT, request.symbol, caller.user_id))
    return await audited(gateway, caller, "resume_symbol", request.symbol, request, act)


async def _change_symbol(gateway: Gateway, command: HaltMarket | ResumeMarket) -> Answer:
    changed = await gateway.exchange.accounts.ask(command)
    if isinstance(changed, Refused):
        return refusal(changed)
    return Answer(200, SymbolStateView(changed.name, changed.state))


async def cancel_any_order(gateway: Gateway, caller: Caller, request: AdminCancelRequest) -> Answer:
    """As an owner's cancel."""
    order_id = as_id(request.order_id)
    act = partial(cancel, gateway, CancelOrder(None, order_id))
    return await audited(gateway, caller, "cancel_order", f"order {order_id}", request, act)


# Users


async def set_role(gateway: Gateway, caller: Caller, request: RoleRequest) -> Answer:
    """Not one's own: so there is always an administrator left."""
    user_id = _other_than(caller, request.id)
    action = admin_action(gateway, caller, "set_role", f"user {user_id}", request)
    return Answer(200, _user_view(await gateway.sessions.set_role(user_id, Role(request.role), action)))


async def suspend_account(gateway: Gateway, caller: Caller, request: AccountChangeRequest) -> Answer:
    """Nothing more is taken from the account, its orders are cancelled, its sockets closed."""
    user_id = _other_than(caller, request.id)
    action = admin_action(gateway, caller, "suspend", f"account {user_id}", request)
    with trio.fail_after(TWO_STEPS_S, shield=True):
        member = await gateway.sessions.suspend(user_id, action)
        with outcome_unknown():  # the row is there, so the next start will know of it
            parts = await gateway.exchange.accounts.ask(SuspendAccount(user_id))
    user = _user_view(member)
    views = cancel_views(gateway, parts)
    return Answer(200, SuspendedView(user.id, user.username, user.address, user.role, user.state, views))


async def restore_account(gateway: Gateway, caller: Caller, request: AccountChangeRequest) -> Answer:
    """The account is served again; what was cancelled stays so."""
    user_id = _other_than(caller, request.id)
    action = admin_action(gateway, caller, "restore", f"account {user_id}", request)
    with trio.fail_after(TWO_STEPS_S, shield=True):
        member = await gateway.sessions.restore(user_id, action)
        with outcome_unknown():
            await gateway.exchange.accounts.ask(RestoreAccount(user_id))
    return Answer(200, _user_view(member))


# The house


async def fund_house(gateway: Gateway, caller: Caller, request: MoveRequest) -> Answer:
    """From the outside world into the house's account; transIds are the house's own."""
    act = partial(move, gateway, MovementKind.HOUSE_FUND, HOUSE, request, OUTSIDE)
    return await audited(gateway, caller, "fund_house", "house", request, act)


# Users, inside and out


def _other_than(caller: Caller, given: int | str) -> int:
    """Read the id of a user who is not the caller. Raises Rejected(CONFLICT)."""
    user_id = as_id(given)
    if user_id == caller.user_id:
        raise Rejected(Refusal.CONFLICT, "not on oneself: another administrator has to do it")
    return user_id


def _user_view(member: Member) -> UserView:
    state: Literal["active", "suspended"] = "suspended" if member.suspended else "active"
    return UserView(member.user_id, member.username, member.shown_address, member.role, state)
