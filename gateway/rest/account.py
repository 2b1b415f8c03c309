"""The caller's money: balances, deposits, withdrawals, transfers, and what became of it."""

from functools import partial
from typing import Literal

from actors.messages import GetBalances
from engine.amounts import MalformedAmount, format_decimal, parse_decimal
from engine.ledger.assets import ASSETS
from engine.ledger.chart import OUTSIDE
from engine.ledger.commands import Moved, MovementKind, MoveMoney
from engine.refusals import Refusal, Refused
from gateway.answers import Rejected, failure, refusal
from gateway.context import Answer, Caller, Gateway
from gateway.identity.caller import Role
from gateway.limits import PAGE_DEFAULT, Decimal, Id, Limit, Text, as_id
from gateway.rest.once import once
from gateway.rest.symbols import NoRequest, find_channel
from gateway.shapes import Shape, asset_log_view, balance_view, fill_view, fills_of, freeze_view
from storage.interface import TradeFilter


class MoveRequest(Shape, frozen=True):
    """An amount of an asset under an id of the caller's choice: the same again is answered as the first time."""

    trans_id: Text
    symbol: Text
    amount: Decimal


class TransferRequest(Shape, frozen=True):
    """The same, to another user."""

    trans_id: Text
    to_username: Text
    symbol: Text
    amount: Decimal


class MovedView(Shape, frozen=True):
    """`balance` is the account's total right after it."""

    status: Literal["ok"]
    balance: str


class LogsRequest(Shape, frozen=True):
    """A page of the log, newest first; `symbol` is an asset."""

    symbol: Text | None = None
    before: Id | None = None
    limit: Limit = PAGE_DEFAULT


class FillsRequest(Shape, frozen=True):
    """A page of one's own trades, newest first."""

    symbol: Text | None = None
    before: Id | None = None
    limit: Limit = PAGE_DEFAULT


class FreezesRequest(Shape, frozen=True):
    """A page of holds, newest first."""

    before: Id | None = None
    limit: Limit = PAGE_DEFAULT


async def get_balances(gateway: Gateway, caller: Caller, _: NoRequest) -> Answer:
    """What accounts knows: holds of orders under way are in it."""
    balances = await gateway.exchange.accounts.ask(GetBalances(caller.user_id))
    return Answer(200, [balance_view(b.asset, b.available + b.frozen, b.frozen) for b in balances])


async def deposit(gateway: Gateway, caller: Caller, request: MoveRequest) -> Answer:
    """Simulated; where that is switched off, administrators only."""
    if not gateway.settings.simulated_deposits and caller.role is not Role.ADMIN:
        return failure(Refusal.FORBIDDEN, "simulated deposits are switched off")
    return await move(gateway, MovementKind.DEPOSIT, caller.user_id, request, OUTSIDE)


async def withdraw(gateway: Gateway, caller: Caller, request: MoveRequest) -> Answer:
    """To the outside world."""
    return await move(gateway, MovementKind.WITHDRAW, caller.user_id, request, OUTSIDE)


async def transfer(gateway: Gateway, caller: Caller, request: TransferRequest) -> Answer:
    """To another user, by name."""
    target = gateway.sessions.member_by_name(request.to_username)
    if target is None:
        return failure(Refusal.NOT_FOUND, f"there is no user {request.to_username}")
    return await move(gateway, MovementKind.TRANSFER, caller.user_id, request, target.user_id)


async def move(
    gateway: Gateway,
    kind: MovementKind,
    account_id: int,
    request: MoveRequest | TransferRequest,
    counterparty_id: int,
) -> Answer:
    """200; a repeat gets the first answer again, other content under the same transId 409."""
    asset = ASSETS.get(request.symbol)
    if asset is None:
        return failure(Refusal.NOT_FOUND, f"there is no asset {request.symbol}")
    try:
        amount = parse_decimal(request.amount, asset.decimals)
    except MalformedAmount as malformed:
        return failure(Refusal.MALFORMED, f"amount {malformed}")
    movement = MoveMoney(kind, account_id, request.trans_id, asset.symbol, amount, counterparty_id)
    words = f"transId {movement.trans_id} has been used for something else"
    other_content = Refused(Refusal.CONFLICT, words)
    moved = await once(gateway, movement, partial(_earlier, gateway, movement, other_content), other_content)
    if isinstance(moved, Refused):
        return refusal(moved)
    return Answer(200, MovedView("ok", format_decimal(moved.balance, asset.decimals)))


async def _earlier(gateway: Gateway, movement: MoveMoney, other_content: Refused) -> Moved | Refused | None:
    """Answer a repeat from storage; None if the id is new there."""
    record = await gateway.exchange.storage.reader.transaction(movement.account_id, movement.trans_id)
    if record is None:
        return None
    first = (record.kind, record.asset, record.amount, record.counterparty_id)
    if first != (movement.kind.value, movement.asset, movement.amount, movement.counterparty_id):
        return other_content
    return Moved(record.balance, repeated=True)


async def get_logs(gateway: Gateway, caller: Caller, request: LogsRequest) -> Answer:
    """Every movement of the account's totals."""
    if request.symbol is not None and request.symbol not in ASSETS:
        raise Rejected(Refusal.NOT_FOUND, f"there is no asset {request.symbol}")
    before = None if request.before is None else as_id(request.before)
    reader = gateway.exchange.storage.reader
    logs = await reader.asset_logs(caller.user_id, request.symbol, before, request.limit)
    return Answer(200, [asset_log_view(log) for log in logs])


async def get_fills(gateway: Gateway, caller: Caller, request: FillsRequest) -> Answer:
    """One's own side of one's trades."""
    which = TradeFilter(
        caller.user_id,
        None if request.symbol is None else find_channel(gateway, request.symbol).market_id,
        None if request.before is None else as_id(request.before),
        request.limit,
    )
    by_id = gateway.exchange.directory.by_id
    trades = await gateway.exchange.storage.reader.trades(which)
    return Answer(
        200,
        [fill_view(fill, by_id[trade.market_id]) for trade in trades for fill in fills_of(trade, caller.user_id)],
    )


async def get_freezes(gateway: Gateway, caller: Caller, request: FreezesRequest) -> Answer:
    """What is or was held, one row an order."""
    before = None if request.before is None else as_id(request.before)
    freezes = await gateway.exchange.storage.reader.freezes(caller.user_id, before, request.limit)
    return Answer(200, [freeze_view(freeze) for freeze in freezes])
