"""What the events of any market with an order book do to money and rows; each product writes its trades itself."""

from engine.ledger.journal import PartRefused
from engine.ledger.page import FillMessage, Page
from engine.ledger.records import MarketState, OrderRecord, TradeRecord
from engine.matching.order import Side
from engine.matching.terms import OPEN_STATES, OrderState, Outcome
from engine.trading.events import Execution, MarketHalted, MarketResumed, OrderClosed, OrderPlaced, Standing, TradeMade


def write_order_placed(page: Page, market_id: int, now_ms: int, event: OrderPlaced) -> None:
    """Hold the order's budget; open its row."""
    page.follow(market_id, event.sequence)
    asset = page.definition(market_id).spends(event.side)
    if asset is not None:
        page.hold(event.account_id, asset, event.held)
    page.open_order(
        OrderRecord(
            event.order_id,
            event.account_id,
            market_id,
            event.client_order_id,
            event.side,
            event.type,
            event.time_in_force,
            event.post_only,
            event.self_trade_prevention,
            event.price_ticks,
            event.quantity_lots,
            event.amount,
            event.sequence,
            now_ms,
            OrderState.NEW,
            0,
            0,
            0,
            0,
            0,
            event.held,
            now_ms,
            event.outcome,
        )
    )


def write_order_closed(page: Page, market_id: int, now_ms: int, event: OrderClosed) -> None:
    """Release what was still held; close the row."""
    page.follow(market_id, event.sequence)
    move_on(page, market_id, event.side, event, now_ms)


def write_market_halted(page: Page, market_id: int, _now_ms: int, event: MarketHalted) -> None:
    """Take cancels only."""
    page.follow(market_id, event.sequence, state=MarketState.HALTED)


def write_market_resumed(page: Page, market_id: int, _now_ms: int, event: MarketResumed) -> None:
    """Take orders again."""
    page.follow(market_id, event.sequence, state=MarketState.OPEN)


def trade_record(trade_id: int, market_id: int, now_ms: int, event: TradeMade) -> TradeRecord:
    """The row of a trade."""
    return TradeRecord(
        trade_id,
        market_id,
        event.number,
        event.price_ticks,
        event.quantity_lots,
        event.value,
        event.taker_side,
        event.buyer.order_id,
        event.seller.order_id,
        event.buyer.account_id,
        event.seller.account_id,
        event.buyer.fee,
        event.seller.fee,
        now_ms,
        event.kind,
    )


def take_trade(page: Page, market_id: int, now_ms: int, event: TradeMade) -> TradeRecord:
    """Check a trade against its market and write its row; the money is its product's to move."""
    page.follow(market_id, event.sequence, trades=event.number, last_price_ticks=event.price_ticks)
    market = page.market(market_id)
    if event.value != page.definition(market_id).value(event.price_ticks, event.quantity_lots):
        raise PartRefused(f"trade {event.number} of {market.name} is not worth {event.value}")
    if page.count(f"trades:{market.channel}") != event.number:
        raise PartRefused(f"trade {event.number} of {market.name} does not follow the one before it")
    trade = trade_record(page.next_trade_id(), market_id, now_ms, event)
    page.trades.append(trade)
    return trade


def move_on(page: Page, market_id: int, side: Side, event: Execution | OrderClosed, now_ms: int) -> OrderRecord:
    """Release what the event says from the order's hold, and write how the order stands now.

    What an account has held must stay the sum over its orders: an event that says otherwise is refused. `side` is the
    order's own.
    """
    order = page.order(event.order_id)
    if order.account_id != event.account_id or order.market_id != market_id or order.side is not side:
        raise PartRefused(f"order {order.order_id} is not that of account {event.account_id} in market {market_id}")
    if order.held - event.unheld != event.standing.held:
        raise PartRefused(f"order {order.order_id} holds {order.held}, not {event.unheld} more than after this event")
    if event.standing.held and event.standing.state not in OPEN_STATES:
        raise PartRefused(f"order {order.order_id} is closed, and still holds {event.standing.held}")
    asset = page.definition(market_id).spends(side)
    if asset is not None:
        page.hold(event.account_id, asset, -event.unheld)
    standing = _standing(order, event.standing, now_ms)
    page.change_order(standing)
    return standing


def fill_message(
    side: Side, execution: Execution, trade: TradeRecord, taker: bool, outcome: Outcome | None = None
) -> FillMessage:
    """Tell the owner of one order of the trade."""
    return FillMessage(execution.order_id, side, not taker, execution.fee, trade, outcome)


def _standing(order: OrderRecord, standing: Standing, now_ms: int) -> OrderRecord:
    """The order's row, as it stands now."""
    return OrderRecord(
        order.order_id,
        order.account_id,
        order.market_id,
        order.client_order_id,
        order.side,
        order.type,
        order.time_in_force,
        order.post_only,
        order.self_trade_prevention,
        order.price_ticks,
        order.quantity_lots,
        order.amount,
        order.priority,
        order.created_ms,
        standing.state,
        standing.filled_lots,
        standing.filled_value,
        standing.cancelled_lots,
        standing.fee,
        standing.fee_parts,
        standing.held,
        now_ms,
        order.outcome,
    )
