"""Orders of the caller: place, cancel, look up."""

from collections.abc import Iterator
from functools import partial
from typing import Literal

from actors.core import Unavailable, Unknown
from actors.messages import FindCommand
from engine.ledger.records import OrderRecord
from engine.matching.order import SelfTradePrevention, Side
from engine.matching.terms import OrderState, OrderType, TimeInForce
from engine.prediction.commands import PlaceShareOrder
from engine.products import ADMISSIONS, SPOT
from engine.refusals import Refusal, Refused
from engine.spot.commands import PlaceOrder
from engine.trading.commands import CancelAllOrders, Cancelled, CancelOrder, Placed
from engine.trading.order import terms_of
from gateway.answers import failure, refusal
from gateway.context import Answer, Caller, Gateway
from gateway.limits import PAGE_DEFAULT, Decimal, Id, Limit, Text, as_id
from gateway.rest.once import once
from gateway.rest.symbols import find_channel, find_market
from gateway.shapes import ErrorBody, OrderView, Shape, order_view
from gateway.statuses import Problem
from storage.interface import OrderFilter


class PlaceOrderRequest(Shape, frozen=True):
    """Which of price, quantity and amount belong to which type is the engine's to say."""

    symbol: Text
    side: Side
    type: OrderType
    price: Decimal | None = None
    quantity: Decimal | None = None
    amount: Decimal | None = None
    time_in_force: TimeInForce | None = None
    post_only: bool = False
    client_order_id: Text | None = None
    self_trade_prevention: SelfTradePrevention = SelfTradePrevention.CANCEL_NEWEST


class PlacedView(Shape, frozen=True):
    """An order that was taken, as it stood right after matching; or, for a repeat, as it stands."""

    order_id: str
    status: Literal["accepted"]
    order: OrderView


class CancelOrderRequest(Shape, frozen=True):
    """One of the two; `orderId` counts if both are there."""

    order_id: Id | None = None
    client_order_id: Text | None = None


class CancelAllRequest(Shape, frozen=True):
    """All open orders, or those in one symbol."""

    symbol: Text | None = None


class CancelView(Shape, frozen=True, omit_defaults=True, kw_only=True):
    """An order that is cancelled; within a list also one that could not be, with the reason's `code`."""

    order_id: str | None = None
    status: Literal["cancelled", "failed"]
    order: OrderView | None = None
    code: str | None = None
    message: str | None = None


class OrderRequest(Shape, frozen=True):
    """One order."""

    order_id: Id


class ClientOrderRequest(Shape, frozen=True):
    """One order, by the id that its owner chose."""

    client_order_id: Text


class OrdersRequest(Shape, frozen=True):
    """A page of orders, newest first."""

    symbol: Text | None = None
    state: Literal["open", "closed", "all"] = "all"
    before: Id | None = None
    limit: Limit = PAGE_DEFAULT


OPEN = {"open": True, "closed": False, "all": None}


# Placing


async def place_order(gateway: Gateway, caller: Caller, request: PlaceOrderRequest) -> Answer:
    """201; 200 with the order as it stands for a repeat under the same clientOrderId; 409 for other content."""
    order = PlaceOrder(
        caller.user_id,
        request.symbol,
        request.side,
        request.type,
        request.price,
        request.quantity,
        request.amount,
        request.time_in_force,
        request.post_only,
        request.self_trade_prevention,
        request.client_order_id,
    )
    placed = await place(gateway, order)
    if isinstance(placed, Refused):
        return refusal(placed)
    record = placed.order
    taken = PlacedView(str(record.order_id), "accepted", view(gateway, record))
    return Answer(200 if placed.repeated else 201, taken)


async def place(gateway: Gateway, order: PlaceOrder | PlaceShareOrder) -> Placed | Refused:
    """Place an order of any product; one whose clientOrderId is known is answered as it stands. Raises Rejected."""
    looked_up = None if order.client_order_id is None else partial(_earlier, gateway, order)
    return await once(gateway, order, looked_up, _other_content(order))


async def _earlier(gateway: Gateway, order: PlaceOrder | PlaceShareOrder) -> Placed | Refused | None:
    """Answer a repeat from storage; None if the id is new there."""
    assert order.client_order_id is not None
    record = await gateway.exchange.storage.reader.order_by_client_id(order.account_id, order.client_order_id)
    if record is None:
        return None
    admission = ADMISSIONS[type(order)]
    market = gateway.exchange.directory.find(admission.product, admission.market_of(order))
    if market is not None and market.market_id == record.market_id:
        terms = admission.admit(order, market.definition)
        if terms == terms_of(record):
            return Placed(record, repeated=True)
    return _other_content(order)


def _other_content(order: PlaceOrder | PlaceShareOrder) -> Refused:
    """The same words, whether the other order is in storage or under way."""
    return Refused(Refusal.CONFLICT, f"clientOrderId {order.client_order_id} has been used for another order")


# Cancelling


async def cancel_order(gateway: Gateway, caller: Caller, request: CancelOrderRequest) -> Answer:
    """200, also if it was cancelled before; 409 ALREADY_FILLED; 404."""
    if request.order_id is None and request.client_order_id is None:
        return failure(Refusal.MALFORMED, "orderId or clientOrderId is needed")
    order_id = None if request.order_id is None else as_id(request.order_id)
    client_order_id = request.client_order_id if order_id is None else None
    return await cancel(gateway, CancelOrder(caller.user_id, order_id, client_order_id, SPOT))


async def cancel_order_by_id(gateway: Gateway, caller: Caller, request: OrderRequest) -> Answer:
    """The same by the order's id."""
    return await cancel(gateway, CancelOrder(caller.user_id, as_id(request.order_id), product=SPOT))


async def cancel_order_by_client_id(gateway: Gateway, caller: Caller, request: ClientOrderRequest) -> Answer:
    """The same by the owner's own id."""
    return await cancel(gateway, CancelOrder(caller.user_id, None, request.client_order_id, SPOT))


async def cancel(gateway: Gateway, command: CancelOrder) -> Answer:
    """Cancel, or say from storage how the order ended."""
    ended = await end_order(gateway, command)
    return refusal(ended) if isinstance(ended, Refused) else Answer(200, cancel_view(gateway, ended))


async def end_order(gateway: Gateway, command: CancelOrder) -> OrderRecord | Refused:
    """Cancel an order of any product; the answer is the cancelled order, even if it has been so for long."""
    for _ in range(2):  # the second time for an order that was placed between the question and the look-up
        answer = await gateway.exchange.accounts.ask(command)
        if isinstance(answer, Cancelled):
            return answer.order
        if answer.code is not Refusal.NOT_FOUND:
            return answer
        record = await _whoever_it_was(gateway, command)
        if record is None:
            break
        if record.state is OrderState.CANCELLED:
            return record
        if record.state is OrderState.FILLED:
            return Refused(Refusal.ALREADY_FILLED, f"order {record.order_id} is filled")
    return Refused(Refusal.NOT_FOUND, "there is no such order")


async def _whoever_it_was(gateway: Gateway, command: CancelOrder) -> OrderRecord | None:
    """Find the order that a cancel names, unless it is somebody else's."""
    if command.order_id is not None:
        return await find_order(gateway, command.order_id, command.account_id, command.product)
    assert command.account_id is not None
    assert command.client_order_id is not None
    return await find_by_client_id(gateway, command.account_id, command.client_order_id, command.product)


async def find_order(
    gateway: Gateway, order_id: int, account_id: int | None, product: str | None
) -> OrderRecord | None:
    """An order of this account (None: anybody's) and product (None: any), open or closed."""
    record = await gateway.exchange.storage.reader.order(order_id)
    if record is None or account_id not in (None, record.account_id):
        return None
    return _if_of(gateway, record, product)


async def find_by_client_id(
    gateway: Gateway, account_id: int, client_order_id: str, product: str | None
) -> OrderRecord | None:
    """The same by the owner's own id."""
    record = await gateway.exchange.storage.reader.order_by_client_id(account_id, client_order_id)
    return None if record is None else _if_of(gateway, record, product)


def _if_of(gateway: Gateway, record: OrderRecord, product: str | None) -> OrderRecord | None:
    return record if product in (None, gateway.exchange.directory.by_id[record.market_id].product) else None


async def cancel_all_orders(gateway: Gateway, caller: Caller, request: CancelAllRequest) -> Answer:
    """200 with a list: what was cancelled, and what could not be. Who closed by themselves meanwhile are not in it."""
    parts = await gateway.exchange.accounts.ask(CancelAllOrders(caller.user_id, SPOT, request.symbol))
    if isinstance(parts, Refused):
        return refusal(parts)
    return Answer(200, cancel_views(gateway, parts))


def cancel_views(gateway: Gateway, parts: tuple[object, ...]) -> list[CancelView]:
    """Show the parts of a gathered cancel."""
    return [
        cancel_view(gateway, part)
        if isinstance(part, OrderRecord)
        else CancelView(status="failed", code=part.code, message=part.message)
        for part in cancel_parts(parts)
    ]


def cancel_parts(parts: tuple[object, ...]) -> Iterator[OrderRecord | ErrorBody]:
    """What a gathered cancel has come to, order by order: those that closed by themselves meanwhile are not in it."""
    for part in parts:
        if isinstance(part, Cancelled):
            yield part.order
        elif isinstance(part, Refused) and part.code is not Refusal.NOT_FOUND:
            yield ErrorBody(part.code.value, part.message)
        elif isinstance(part, Unavailable):
            code = Problem.UNKNOWN if isinstance(part, Unknown) else Problem.BUSY
            yield ErrorBody(code.value, str(part))


def cancel_view(gateway: Gateway, record: OrderRecord) -> CancelView:
    """Show a cancelled order."""
    return CancelView(status="cancelled", order_id=str(record.order_id), order=view(gateway, record))


# Looking up


async def get_order(gateway: Gateway, caller: Caller, request: OrderRequest) -> Answer:
    """200, or 404, for another's order too."""
    record = await find_order(gateway, as_id(request.order_id), caller.user_id, SPOT)
    if record is None:
        return failure(Refusal.NOT_FOUND, f"there is no order {request.order_id}")
    return Answer(200, view(gateway, record))


async def get_order_by_client_id(gateway: Gateway, caller: Caller, request: ClientOrderRequest) -> Answer:
    """200; 202 while it is under way; 404 means: neither known nor under way."""
    found = await look_up(gateway, caller, request, SPOT)
    return Answer(200, view(gateway, found)) if isinstance(found, OrderRecord) else found


async def look_up(gateway: Gateway, caller: Caller, request: ClientOrderRequest, product: str) -> OrderRecord | Answer:
    """Find the caller's order of this product by its own id, or say why it is not there (yet)."""
    query = FindCommand("order", caller.user_id, request.client_order_id)
    if await gateway.exchange.accounts.ask(query) == "pending":
        return Answer(202, PendingView("pending"))
    record = await find_by_client_id(gateway, caller.user_id, request.client_order_id, product)
    if record is None:
        return failure(Refusal.NOT_FOUND, f"there is no order with clientOrderId {request.client_order_id}")
    return record


class PendingView(Shape, frozen=True):
    """The order is under way: ask again soon."""

    status: Literal["pending"]


async def get_orders(gateway: Gateway, caller: Caller, request: OrdersRequest) -> Answer:
    """A bare list, newest first."""
    records = await gateway.exchange.storage.reader.orders(order_filter(gateway, request, caller.user_id, SPOT))
    return Answer(200, [view(gateway, record) for record in records])


def order_filter(gateway: Gateway, request: OrdersRequest, account_id: int | None, product: str | None) -> OrderFilter:
    """Say what a list shall show. Raises Rejected(NOT_FOUND) for an unknown symbol."""
    find = find_market if product == SPOT else find_channel
    return OrderFilter(
        account_id,
        None if request.symbol is None else find(gateway, request.symbol).market_id,
        OPEN[request.state],
        None if request.before is None else as_id(request.before),
        request.limit,
        product if request.symbol is None else None,
    )


def view(gateway: Gateway, record: OrderRecord) -> OrderView:
    """Show an order with its market's terms."""
    return order_view(record, gateway.exchange.directory.by_id[record.market_id])
