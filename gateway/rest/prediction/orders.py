"""Orders of the caller for shares: place, cancel, look up."""

from typing import Literal

from engine.ledger.records import OrderRecord
from engine.matching.order import SelfTradePrevention
from engine.matching.terms import OrderType, Outcome, TimeInForce
from engine.prediction.commands import PlaceShareOrder
from engine.products import PREDICTION
from engine.refusals import Refusal, Refused
from engine.trading.commands import CancelAllOrders, CancelOrder
from gateway.answers import failure, refusal
from gateway.context import Answer, Caller, Gateway
from gateway.decoding import malformed
from gateway.limits import PAGE_DEFAULT, PAGE_MAX, Id, Limit, Text, as_id
from gateway.rest.numbers import SentNumber, plain_text
from gateway.rest.orders import (
    OPEN,
    ClientOrderRequest,
    OrderRequest,
    cancel_parts,
    end_order,
    find_order,
    look_up,
    place,
)
from gateway.rest.prediction.markets import find_question
from gateway.rest.prediction.shapes import Action, ShareOrderType, ShareOrderView, share_order_view
from gateway.shapes import Shape
from storage.interface import OrderFilter

# What the engine calls each type; an order with a price that is not to rest is a limit order to it.
TERMS = {
    ShareOrderType.LIMIT: (OrderType.LIMIT, TimeInForce.GTC),
    ShareOrderType.MARKET: (OrderType.MARKET_BY_QUANTITY, TimeInForce.IOC),
    ShareOrderType.IOC: (OrderType.LIMIT, TimeInForce.IOC),
    ShareOrderType.FOK: (OrderType.LIMIT, TimeInForce.FOK),
}


class PlaceShareOrderRequest(Shape, frozen=True):
    """The price is that of the order's own share, in cents; a market order has none."""

    market_id: Id
    side: Outcome
    action: Action
    order_type: ShareOrderType
    quantity: int
    price: SentNumber = None
    client_order_id: Text | None = None
    post_only: bool = False
    self_trade_prevention: SelfTradePrevention = SelfTradePrevention.CANCEL_NEWEST


class SharesRequest(Shape, frozen=True):
    """All one's open orders, or those in one market."""

    market_id: Id | None = None


class ShareOrdersRequest(Shape, frozen=True):
    """A page of one's own orders, newest first."""

    market_id: Id | None = None
    status: Literal["open", "closed", "all"] = "all"
    before: Id | None = None
    limit: Limit = PAGE_DEFAULT


class ShareCancelView(Shape, frozen=True, omit_defaults=True, kw_only=True):
    """An order that is cancelled; within a list also one that could not be, with the reason's `code`."""

    id: str | None = None
    status: Literal["CANCELLED", "FAILED"]
    order: ShareOrderView | None = None
    code: str | None = None
    message: str | None = None


async def place_share_order(gateway: Gateway, caller: Caller, request: PlaceShareOrderRequest) -> Answer:
    """200 with the order as it stands after matching; as it stands now, for a repeat under the same clientOrderId."""
    order_type, time_in_force = TERMS[request.order_type]
    kind = request.order_type.value
    if request.price is None and order_type is OrderType.LIMIT:
        raise malformed(f"{'an' if kind == 'IOC' else 'a'} {kind} order needs price")
    if request.price is not None and order_type is not OrderType.LIMIT:
        raise malformed(f"a {kind} order takes no price")
    order = PlaceShareOrder(
        caller.user_id,
        str(as_id(request.market_id)),
        request.side,
        request.action.side,
        order_type,
        request.quantity,
        None if request.price is None else plain_text(request.price, "price", signed=False),
        time_in_force,
        request.post_only,
        request.self_trade_prevention,
        request.client_order_id,
    )
    placed = await place(gateway, order)
    return refusal(placed) if isinstance(placed, Refused) else Answer(200, view(gateway, placed.order))


async def get_share_order(gateway: Gateway, caller: Caller, request: OrderRequest) -> Answer:
    """200, or 404, for another's order too."""
    record = await find_order(gateway, as_id(request.order_id), caller.user_id, PREDICTION)
    if record is None:
        return failure(Refusal.NOT_FOUND, f"there is no order {request.order_id}")
    return Answer(200, view(gateway, record))


async def get_share_order_by_client_id(gateway: Gateway, caller: Caller, request: ClientOrderRequest) -> Answer:
    """200; 202 while it is under way; 404 means: neither known nor under way."""
    found = await look_up(gateway, caller, request, PREDICTION)
    return Answer(200, view(gateway, found)) if isinstance(found, OrderRecord) else found


async def get_share_orders(gateway: Gateway, caller: Caller, request: ShareOrdersRequest) -> Answer:
    """A bare list, newest first."""
    market_id, product = _where(gateway, request.market_id)
    before = None if request.before is None else as_id(request.before)
    which = OrderFilter(caller.user_id, market_id, OPEN[request.status], before, request.limit, product)
    records = await gateway.exchange.storage.reader.orders(which)
    return Answer(200, [view(gateway, record) for record in records])


async def get_active_orders(gateway: Gateway, caller: Caller, request: SharesRequest) -> Answer:
    """All open orders in prediction markets, or in one of them, newest first."""
    market_id, product = _where(gateway, request.market_id)
    found: list[OrderRecord] = []
    page: list[OrderRecord] | None = None
    while page is None or len(page) == PAGE_MAX:
        before = found[-1].order_id if found else None
        which = OrderFilter(caller.user_id, market_id, True, before, PAGE_MAX, product)
        page = await gateway.exchange.storage.reader.orders(which)
        found += page
    return Answer(200, [view(gateway, record) for record in found])


def _where(gateway: Gateway, market_id: int | str | None) -> tuple[int | None, str | None]:
    """The market of a filter, or the product if it is to be any of its markets. Raises Rejected(NOT_FOUND)."""
    return (None, PREDICTION) if market_id is None else (find_question(gateway, market_id).market_id, None)


async def cancel_share_order(gateway: Gateway, caller: Caller, request: OrderRequest) -> Answer:
    """200, also if it was cancelled before; 400 ALREADY_FILLED; 404."""
    ended = await end_order(gateway, CancelOrder(caller.user_id, as_id(request.order_id), product=PREDICTION))
    return refusal(ended) if isinstance(ended, Refused) else Answer(200, _cancel_view(gateway, ended))


async def cancel_share_orders(gateway: Gateway, caller: Caller, request: SharesRequest) -> Answer:
    """200 with a list: what was cancelled, and what could not be. Who closed by themselves meanwhile are not in it."""
    market = None if request.market_id is None else str(as_id(request.market_id))
    parts = await gateway.exchange.accounts.ask(CancelAllOrders(caller.user_id, PREDICTION, market))
    if isinstance(parts, Refused):
        return refusal(parts)
    views = [
        _cancel_view(gateway, part)
        if isinstance(part, OrderRecord)
        else ShareCancelView(status="FAILED", code=part.code, message=part.message)
        for part in cancel_parts(parts)
    ]
    return Answer(200, views)


def _cancel_view(gateway: Gateway, record: OrderRecord) -> ShareCancelView:
    return ShareCancelView(id=str(record.order_id), status="CANCELLED", order=view(gateway, record))


def view(gateway: Gateway, record: OrderRecord) -> ShareOrderView:
    """Show an order with its market's terms."""
    return share_order_view(record, gateway.exchange.directory.by_id[record.market_id].definition)
