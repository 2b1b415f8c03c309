"""A spot trade as double entry.

trade of value v, quantity q:   buyer  -v quote  +q base -fee      fees  +fee base
                                seller +v quote -fee  -q base      fees  +fee quote
"""

from engine.ledger.chart import FEES
from engine.ledger.page import Page
from engine.ledger.records import TradeRecord
from engine.matching.order import Side
from engine.spot.symbol import SpotSymbol
from engine.trading.bookkeeping import fill_message, move_on, take_trade
from engine.trading.events import TradeMade


def write_trade_made(page: Page, market_id: int, now_ms: int, event: TradeMade) -> None:
    """Exchange the two assets, charge both fees, move both orders on."""
    trade = take_trade(page, market_id, now_ms, event)
    _exchange(page, page.definition(market_id), trade)
    for side, execution in ((Side.BUY, event.buyer), (Side.SELL, event.seller)):
        page.tell(execution.account_id, fill_message(side, execution, trade, side is trade.taker_side), now_ms)
        move_on(page, market_id, side, execution, now_ms)


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
