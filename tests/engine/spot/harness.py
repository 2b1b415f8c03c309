"""The engine as a whole exchange in one thread: it plays accounts, markets, ledger and tables, one commit a command.

Text goes in and text comes out, exactly as with the naive exchange, so that one suite runs against both. After every
commit all that must hold is asserted.
"""

from typing import Any

from engine.amounts import MalformedAmount, format_decimal, parse_decimal
from engine.ledger import movements
from engine.ledger.assets import ASSETS
from engine.ledger.audit import audit as audit_books
from engine.ledger.chart import FEES, OUTSIDE
from engine.ledger.commands import MovementKind, MoveMoney
from engine.ledger.events import MarketListed
from engine.ledger.fold import fold
from engine.ledger.funds import Funds
from engine.ledger.journal import Part, Row
from engine.ledger.page import Page, PrivateMessage
from engine.ledger.records import OrderRecord
from engine.matching.order import SelfTradePrevention, Side
from engine.matching.terms import OrderState, OrderType, TimeInForce
from engine.products import SPOT, write_definition
from engine.refusals import Refused
from engine.spot.admission import admit, budget, spent_asset
from engine.spot.audit import audit as audit_market
from engine.spot.commands import EnterOrder, GetDepth, PlaceOrder
from engine.spot.events import CloseReason
from engine.spot.market import FILLS_MAX, SpotMarket
from engine.spot.symbol import SpotSymbol, make_symbol
from tests.engine.ledger.tables import Tables, contents

Answer = dict[str, Any]

SYSTEM = {"fees": FEES, "outside": OUTSIDE}


class Harness:
    """Has the methods of NaiveExchange, and `restart`."""

    def __init__(self, fills_max: int = FILLS_MAX) -> None:
        self.fills_max = fills_max
        self.tables = Tables()
        self.books = self.tables.books()
        self.funds = Funds()
        self.markets: dict[str, SpotMarket] = {}
        self.messages: list[PrivateMessage] = []
        self.entered: list[tuple[str, EnterOrder | int]] = []  # what reached a market: an order, or a cancel's id
        self.now_ms = 1_700_000_000_000
        self._last_order_id = 0
        self._accounts = dict(SYSTEM)

    def restart(self) -> None:
        """Everything in memory is lost; the tables are there."""
        self.books = self.tables.books()
        self.funds = Funds(self.tables.balances.values())
        self.markets = {record.name: self._market(market_id) for market_id, record in self.books.markets.items()}
        self.check()

    def list_symbol(self, name: str, **terms: str) -> None:
        symbol = make_symbol(name, **terms)
        assert isinstance(symbol, SpotSymbol), symbol
        market_id = self.books.market_id + 1
        self._write(Part(0, self.now_ms, (MarketListed(market_id, SPOT, name, write_definition(symbol).decode()),)))
        self.markets[name] = self._market(market_id)
        self.check()

    # Money

    def deposit(self, account: str, trans_id: str, asset: str, amount: str) -> Answer:
        return self._move(MovementKind.DEPOSIT, account, trans_id, asset, amount, "outside")

    def withdraw(self, account: str, trans_id: str, asset: str, amount: str) -> Answer:
        return self._move(MovementKind.WITHDRAW, account, trans_id, asset, amount, "outside")

    def transfer(self, account: str, trans_id: str, asset: str, amount: str, to: str) -> Answer:
        return self._move(MovementKind.TRANSFER, account, trans_id, asset, amount, to)

    def balances(self, account: str) -> dict[str, tuple[str, str]]:
        found = {asset: self.books.balance(self._id(account), asset) for asset in ASSETS}
        return {
            asset: (units(total - held, asset), units(held, asset)) for asset, (total, held) in found.items() if total
        }

    def _move(
        self, kind: MovementKind, account: str, trans_id: str, asset: str, amount: str, counterparty: str
    ) -> Answer:
        self.now_ms += 1
        try:
            value = parse_decimal(amount, ASSETS[asset].decimals)
        except MalformedAmount:
            return {"code": "MALFORMED"}
        if not value or account == counterparty:
            return {"code": "MALFORMED"}
        account_id = self._id(account)
        if kind is not MovementKind.DEPOSIT and value > self.funds.available(account_id, asset):
            return {"code": "INSUFFICIENT_FUNDS"}
        movement = MoveMoney(kind, account_id, trans_id, asset, value, self._id(counterparty))
        event = movements.move(self.books, movement, coming_in=0)
        if isinstance(event, Refused):
            return {"code": event.code.value}
        page = self._write(Part(0, self.now_ms, (event,)))
        self.check()
        return {"balance": units(page.transactions[0].balance, asset)}

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
        account_id = self._id(account)
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
        asset = spent_asset(terms.side, market.symbol)
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
        self._commit(market)
        assert self.tables.orders[entered.order_id] == answer.order
        return self._view(answer.order)

    def cancel(self, account: str | None, order_id: int) -> Answer:
        self.now_ms += 1
        order = self.tables.orders.get(order_id)
        if order is None or (account is not None and order.account_id != self._id(account)):
            return {"code": "NOT_FOUND"}
        if order.state is OrderState.FILLED:
            return {"code": "ALREADY_FILLED"}
        if order.state is not OrderState.CANCELLED:
            market = self._market_of(order)
            self.entered.append((market.symbol.name, order_id))
            market.begin(self.now_ms)
            answer = market.cancel(order_id, CloseReason.CUSTOMER if account else CloseReason.ADMINISTRATOR)
            assert not isinstance(answer, Refused)
            self._commit(market)
            assert self.tables.orders[order_id] == answer.order
        return self.order(order_id)

    def halt(self, symbol: str) -> None:
        self.markets[symbol].halt()
        self._commit(self.markets[symbol])

    def resume(self, symbol: str) -> None:
        self.markets[symbol].resume()
        self._commit(self.markets[symbol])

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

    @property
    def logs(self) -> list[Answer]:
        return [
            {
                "account": self._name(row.account_id),
                "asset": row.asset,
                "changeType": row.change_type,
                "amount": units(row.amount, row.asset),
                "before": units(row.before, row.asset),
                "after": units(row.after, row.asset),
                "transId": row.trans_id,
            }
            for row in self.tables.asset_logs.values()
        ]

    # What must hold

    def check(self) -> None:
        """Assert all that must hold between two commands."""
        audit_books(self.books)
        assert contents(self.books) == contents(self.tables.books())
        for account_id, asset in self.books.balances:
            total, held = self.books.balance(account_id, asset)
            funds = self.funds.of(account_id)[asset]
            assert (funds.available, funds.held) == (total - held, held)
        for market in self.markets.values():
            audit_market(market)
            row = self.books.markets[market.market_id]
            assert (row.state, row.sequence) == (market.state, market.sequence)
            assert (row.trades, row.last_price_ticks) == (market.trades, market.last_price_ticks)
            mine = [order for order in self.books.open_orders.values() if order.market_id == market.market_id]
            assert {order.order_id: order for order in mine} == {
                order_id: order.record(market.market_id) for order_id, order in market.book.orders.items()
            }

    def check_history(self) -> None:
        """Assert what only the whole history shows: the journal makes it again, and no stream has a hole."""
        folded, again = Tables(), Tables().books()
        for entry in fold(again, self.tables.journal):
            folded.write(entry)
        assert contents(again) == contents(self.books)
        for table in ("orders", "trades", "asset_logs", "freezes", "balances", "markets", "transactions", "channels"):
            assert getattr(folded, table) == getattr(self.tables, table), table
        numbers: dict[int, list[int]] = {}
        for message in self.messages:
            numbers.setdefault(message.account_id, []).append(message.seq)
        for account_id, seqs in numbers.items():
            assert seqs == list(range(1, len(seqs) + 1))
            assert self.books.streams[f"account:{account_id}"] == len(seqs)
        for market in self.markets.values():
            trades = [t.number for t in self.tables.trades.values() if t.market_id == market.market_id]
            assert trades == list(range(1, market.trades + 1))
            assert self.books.streams.get(f"trades:{market.symbol.name}", 0) == market.trades
        assert list(self.tables.trades) == list(range(1, len(self.tables.trades) + 1))
        assert list(self.tables.asset_logs) == list(range(1, len(self.tables.asset_logs) + 1))

    def _commit(self, market: SpotMarket) -> None:
        events = market.take_events()
        if events:
            self._write(Part(market.market_id, self.now_ms, events))
        self.check()

    def _write(self, part: Part) -> Page:
        page = Page(self.books)
        first_ids = self.books.trade_id + 1, self.books.log_id + 1
        page.write(part)
        entry = page.close()
        assert self.books.codec.unpack(entry.journal.body) == Row(part.now_ms, *first_ids, (part,), entry.balances)
        self.tables.write(entry)
        self.funds.apply(page.changes())
        self.messages += page.messages
        return page

    def _market(self, market_id: int) -> SpotMarket:
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

    def _market_of(self, order: OrderRecord) -> SpotMarket:
        return self.markets[self.books.markets[order.market_id].name]

    def _id(self, account: str) -> int:
        return self._accounts.setdefault(account, len(self._accounts) - len(SYSTEM) + 1)

    def _name(self, account_id: int) -> str:
        return next(name for name, known in self._accounts.items() if known == account_id)

    def _view(self, order: OrderRecord) -> Answer:
        """The order as the contract shows it."""
        symbol: SpotSymbol = self.books.definitions[order.market_id]
        receives = symbol.base if order.side is Side.BUY else symbol.quote
        quantity = order.quantity_lots
        remaining = None if quantity is None else quantity - order.filled_lots - order.cancelled_lots
        return {
            "orderId": order.order_id,
            "clientOrderId": order.client_order_id,
            "account": self._name(order.account_id),
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


def units(amount: int, asset: str) -> str:
    return format_decimal(amount, ASSETS[asset].decimals)
