"""An exchange whose markets match orders."""

from typing import Any, TypeVar

from engine.trading.market import FILLS_MAX, TradingMarket
from tests.engine.exchange import Exchange

Market = TypeVar("Market", bound=TradingMarket[Any])


class TradingExchange(Exchange[Market]):
    """Adds what must hold of orders and trades."""

    def __init__(self, fills_max: int = FILLS_MAX) -> None:
        super().__init__()
        self.fills_max = fills_max

    def check_market(self, market: Market) -> None:
        row = self.books.markets[market.market_id]
        assert (row.trades, row.last_price_ticks) == (market.trades, market.last_price_ticks)
        mine = [order for order in self.books.open_orders.values() if order.market_id == market.market_id]
        assert {order.order_id: order for order in mine} == {
            order_id: order.record(market.market_id) for order_id, order in market.book.orders.items()
        }

    def check_streams(self, market: Market) -> None:
        """Trades are numbered 1, 2, 3."""
        trades = [t.number for t in self.tables.trades.values() if t.market_id == market.market_id]
        assert trades == list(range(1, market.trades + 1))
        channel = self.books.markets[market.market_id].channel
        assert self.books.streams.get(f"trades:{channel}", 0) == market.trades
