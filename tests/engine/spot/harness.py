"""The spot engine as a whole exchange: the markets of tests/engine/exchange.py."""

from engine.ledger.records import OrderRecord
from engine.matching.order import SelfTradePrevention, Side
from engine.matching.terms import OrderState, OrderType, TimeInForce
from engine.products import SPOT
from engine.refusals import Refused
from engine.spot.admission import admit, budget
from engine.spot.audit import audit
from engine.spot.commands import PlaceOrder
from engine.spot.market import SpotMarket
from engine.spot.symbol import SpotSymbol, make_symbol
from engine.trading.commands import EnterOrder, GetDepth
from engine.trading.events import CloseReason
from engine.trading.market import FILLS_MAX
from tests.engine.exchange import Answer, units
from tests.engine.trading.exchange import TradingExchange


class Harness(TradingExchange[SpotMarket]):
    """Has the methods of NaiveExchange, and `restart`."""

    def __init__(self, fills_max: int = FILLS_MAX) -> None:
        super().__init__(fills_max)
        self.entered: list[tuple[str, EnterOrder | int]] = []  # what reached a market: an order, or a cancel's id

    def list_symbol(self, name: str, **terms: str) -> None:
        symbol = make_symbol(name, **terms)
        assert isinstance(symbol, SpotSymbol), symbol
        self.list_market(SPOT, name, symbol)

    def market(self, market_id: int) -> SpotMarket:
        row = self.books.markets[market_id]
        return SpotMarket(
            market_id,
            self.books.definitions[market_id],
            state=row.state,
            sequence=row.sequence,
            trades=row.trades,
            last_price_ticks=row.last_price_ticks,
            open_orders=[order for order in self.tables.open_orders() if order.market_id == market_id],
            fills_max=self.fills_max,
        )

    def check_market(self, market: SpotMarket) -> None:
        super().check_market(market)
        audit(market)

    # Orders

    def place(
        self,
        account: str,
        symbol: str,
        side: str,
        kind: str,
        *,
        price: str | None = None,
        quantity: str | None = None,
        amount: str | None = None,
        time_in_force: str | None = None,
        post_only: bool = False,
        self_trade_prevention: str = "cancel_newest",
        client_order_id: str | None = None,
    ) -> Answer:
        self.now_ms += 1
        account_id = self.account_id(account)
        if symbol not in self.markets:
            return {"code": "NOT_FOUND"}
        market = self.markets[symbol]
        order = PlaceOrder(
            account_id,
            symbol,
            Side(side),
            OrderType(kind),
            price,
            quantity,
            amount,
            None if time_in_force is None else TimeInForce(time_in_force),
            post_only,
            SelfTradePrevention(self_trade_prevention),
            client_order_id,
        )
        terms = admit(order, market.symbol)
        if isinstance(terms, Refused):
            return {"code": terms.code.value}
        asset = market.symbol.spends(terms.side)
        hold = budget(terms, market.symbol, self.funds.available(account_id, asset))
        if hold is None:
            return {"code": "INSUFFICIENT_FUNDS"}
        self.funds.hold(account_id, asset, hold)
        entered = EnterOrder(self._last_order_id + 1, account_id, client_order_id, terms, hold)
        self.entered.append((symbol, entered))
        market.begin(self.now_ms)
        answer = market.place(entered)
        self.funds.release(account_id, asset, hold)
        if isinstance(answer, Refused):
            assert not market.take_events(), "a refused order leaves no trace"
            self.check()
            return {"code": answer.code.value}
        self._last_order_id += 1
        self.commit(market)
        assert self.tables.orders[entered.order_id] == answer.order
        return self._view(answer.order)

    def cancel(self, account: str | None, order_id: int) -> Answer:
        self.now_ms += 1
        order = self.tables.orders.get(order_id)
        if order is None or (account is not None and order.account_id != self.account_id(account)):
            return {"code": "NOT_FOUND"}
        if order.state is OrderState.FILLED:
            return {"code": "ALREADY_FILLED"}
        if order.state is not OrderState.CANCELLED:
            market = self._market_of(order)
            self.entered.append((market.symbol.name, order_id))
            market.begin(self.now_ms)
            answer = market.cancel(order_id, CloseReason.CUSTOMER if account else CloseReason.ADMINISTRATOR)
            assert not isinstance(answer, Refused)
            self.commit(market)
            assert self.tables.orders[order_id] == answer.order
        return self.order(order_id)

    def halt(self, symbol: str) -> None:
        self.markets[symbol].halt()
        self.commit(self.markets[symbol])

    def resume(self, symbol: str) -> None:
        self.markets[symbol].resume()
        self.commit(self.markets[symbol])

    def order(self, order_id: int) -> Answer:
        return self._view(self.tables.orders[order_id])

    def queue(self, symbol: str, side: str) -> list[Answer]:
        market = self.markets[symbol]
        return [self._view(order.record(market.market_id)) for order in market.book.queue(Side(side))]

    def book(self, symbol: str, depth: int) -> dict[str, list[list[str]]]:
        market = self.markets[symbol]
        levels = market.depth(GetDepth(depth))
        return {
            side: [[market.symbol.price_text(price), market.symbol.quantity_text(lots)] for price, lots in shown]
            for side, shown in (("bids", levels.bids), ("asks", levels.asks))
        }

    @property
    def trades(self) -> list[Answer]:
        found = []
        for trade in self.tables.trades.values():
            symbol: SpotSymbol = self.books.definitions[trade.market_id]
            found.append(
                {
                    "tradeId": trade.trade_id,
                    "symbol": symbol.name,
                    "price": symbol.price_text(trade.price_ticks),
                    "quantity": symbol.quantity_text(trade.quantity_lots),
                    "takerSide": trade.taker_side.value,
                    "buyOrderId": trade.buy_order_id,
                    "sellOrderId": trade.sell_order_id,
                    "buyFee": units(trade.buy_fee, symbol.base),
                    "sellFee": units(trade.sell_fee, symbol.quote),
                }
            )
        return found

    def _market_of(self, order: OrderRecord) -> SpotMarket:
        return self.markets[self.books.markets[order.market_id].name]

    def _view(self, order: OrderRecord) -> Answer:
        """The order as the contract shows it."""
        symbol: SpotSymbol = self.books.definitions[order.market_id]
        receives = symbol.base if order.side is Side.BUY else symbol.quote
        quantity = order.quantity_lots
        remaining = None if quantity is None else quantity - order.filled_lots - order.cancelled_lots
        return {
            "orderId": order.order_id,
            "clientOrderId": order.client_order_id,
            "account": self.account_name(order.account_id),
            "symbol": symbol.name,
            "side": order.side.value,
            "type": order.type.value,
            "price": None if order.price_ticks is None else symbol.price_text(order.price_ticks),
            "quantity": None if quantity is None else symbol.quantity_text(quantity),
            "amount": None if order.amount is None else units(order.amount, symbol.quote),
            "state": order.state.value,
            "filledQuantity": symbol.quantity_text(order.filled_lots),
            "filledAmount": units(order.filled_value, symbol.quote),
            "remainingQuantity": None if remaining is None else symbol.quantity_text(remaining),
            "cancelledQuantity": symbol.quantity_text(order.cancelled_lots),
            "fee": units(order.fee, receives),
            "feeAsset": receives,
        }
