"""Spot events as double entry and rows.

trade of value v, quantity q:   buyer  -v quote  +q base -fee      fees  +fee base
                                seller +v quote -fee  -q base      fees  +fee quote
"""

from typing import Any

from engine.ledger.books import EventWriter
from engine.ledger.chart import FEES
from engine.ledger.page import FillMessage, Page, PartRefused
from engine.ledger.records import MarketState, OrderRecord, TradeRecord
from engine.matching.order import Side
from engine.matching.terms import OrderState
from engine.spot.admission import spent_asset
from engine.spot.events import Execution, MarketHalted, MarketResumed, OrderClosed, OrderPlaced, Standing, TradeMade
from engine.spot.symbol import SpotSymbol


def write_order_placed(page: Page, market_id: int, now_ms: int, event: OrderPlaced) -> None:
    """Hold the order's budget; open its row."""
    page.follow(market_id, event.sequence)
    page.hold(event.account_id, spent_asset(event.side, page.definition(market_id)), event.held)
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
        )
    )


def write_trade_made(page: Page, market_id: int, now_ms: int, event: TradeMade) -> None:
    """Exchange the two assets, charge both fees, move both orders on."""
    page.follow(market_id, event.sequence, trades=event.number, last_price_ticks=event.price_ticks)
    symbol: SpotSymbol = page.definition(market_id)
    if event.value != symbol.value(event.price_ticks, event.quantity_lots):
        raise PartRefused(f"trade {event.number} of {symbol.name} is not worth {event.value}")
    if page.count(f"trades:{symbol.name}") != event.number:
        raise PartRefused(f"trade {event.number} of {symbol.name} does not follow the one before it")
    buyer, seller = event.buyer, event.seller
    trade = TradeRecord(
        page.next_trade_id(),
        market_id,
        event.number,
        event.price_ticks,
        event.quantity_lots,
        event.value,
        event.taker_side,
        buyer.order_id,
        seller.order_id,
        buyer.account_id,
        seller.account_id,
        buyer.fee,
        seller.fee,
        now_ms,
    )
    page.trades.append(trade)
    _exchange(page, symbol, trade)
    for side, execution in ((Side.BUY, buyer), (Side.SELL, seller)):
        page.tell(execution.account_id, _fill_message(side, execution, trade), now_ms)
        _move_on(page, market_id, symbol, side, execution, now_ms)


def write_order_closed(page: Page, market_id: int, now_ms: int, event: OrderClosed) -> None:
    """Release what was still held; close the row."""
    page.follow(market_id, event.sequence)
    _move_on(page, market_id, page.definition(market_id), event.side, event, now_ms)


def write_market_halted(page: Page, market_id: int, _now_ms: int, event: MarketHalted) -> None:
    """Take cancels only."""
    page.follow(market_id, event.sequence, state=MarketState.HALTED)


def write_market_resumed(page: Page, market_id: int, _now_ms: int, event: MarketResumed) -> None:
    """Take orders again."""
    page.follow(market_id, event.sequence, state=MarketState.OPEN)


def _exchange(page: Page, symbol: SpotSymbol, trade: TradeRecord) -> None:
    quantity = trade.quantity_lots * symbol.lot
    trans_id = str(trade.trade_id)
    now_ms = trade.created_ms
    page.move(trade.buyer_id, symbol.quote, -trade.value, "trade", trans_id, now_ms)
    page.move(trade.buyer_id, symbol.base, quantity, "trade", trans_id, now_ms)
    page.move(trade.seller_id, symbol.base, -quantity, "trade", trans_id, now_ms)
    page.move(trade.seller_id, symbol.quote, trade.value, "trade", trans_id, now_ms)
    for account_id, asset, fee in (
        (trade.buyer_id, symbol.base, trade.buy_fee),
        (trade.seller_id, symbol.quote, trade.sell_fee),
    ):
        if fee:
            page.move(account_id, asset, -fee, "fee", trans_id, now_ms)
            page.move(FEES, asset, fee, "fee", trans_id, now_ms)


def _move_on(
    page: Page, market_id: int, symbol: SpotSymbol, side: Side, event: Execution | OrderClosed, now_ms: int
) -> None:
    """Release what the event says from the order's hold, and write how the order stands now.

    What an account has held must stay the sum over its orders: an event that says otherwise is refused.
    """
    order = page.order(event.order_id)
    if order.account_id != event.account_id or order.market_id != market_id or order.side is not side:
        raise PartRefused(f"order {order.order_id} is not that of account {event.account_id} in market {market_id}")
    if order.held - event.unheld != event.standing.held:
        raise PartRefused(f"order {order.order_id} holds {order.held}, not {event.unheld} more than after this event")
    page.hold(event.account_id, spent_asset(side, symbol), -event.unheld)
    page.change_order(_standing(order, event.standing, now_ms))


def _fill_message(side: Side, execution: Execution, trade: TradeRecord) -> FillMessage:
    return FillMessage(execution.order_id, side, side is not trade.taker_side, execution.fee, trade)


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
    )


WRITERS: dict[Any, EventWriter] = {
    OrderPlaced: write_order_placed,
    TradeMade: write_trade_made,
    OrderClosed: write_order_closed,
    MarketHalted: write_market_halted,
    MarketResumed: write_market_resumed,
}
