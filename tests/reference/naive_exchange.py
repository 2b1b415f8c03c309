"""The twin of the whole exchange: the rules of spot as one would explain them, over decimals, dicts and sorted lists.

Text goes in and text comes out. Nothing is kept that could be added up again: what an account has frozen is the sum
over its open orders, whenever it is asked. It shares no code with the engine.

    answer = exchange.place("ann", "BTC_USDT", "buy", "limit", price="100", quantity="2")
    answer -> the order as a dict, or {"code": "INSUFFICIENT_FUNDS"}

A command is looked at first by what stands before the book (is it well formed, on the grid, paid for?), then by the
book (is the market open, is the price within its band, can it do what it asks?).
"""

from bisect import insort
from collections import defaultdict
from collections.abc import Callable
from decimal import Context, Decimal, DivisionByZero, Inexact, InvalidOperation, localcontext
from functools import wraps
from itertools import takewhile
from typing import Any, ParamSpec, TypeVar

from tests.reference.naive_order import (
    DECIMALS,
    FIELDS,
    Answer,
    Order,
    Symbol,
    Walk,
    levels,
    malformed,
    market_edge,
    number,
    off_grid,
    price_band,
    reaches,
    text,
)

P = ParamSpec("P")
R = TypeVar("R")

# 400 digits are more than any product of a price, a quantity and a rate can have; rounding raises instead.
EXACT = Context(prec=400, traps=[Inexact, InvalidOperation, DivisionByZero])

FILLS_MAX = 1_000


def exactly(method: Callable[P, R]) -> Callable[P, R]:
    """Have a method calculate without rounding."""

    @wraps(method)
    def wrapper(*args: P.args, **kwargs: P.kwargs) -> R:
        with localcontext(EXACT):
            return method(*args, **kwargs)

    return wrapper


class NaiveExchange:
    """All markets and all accounts of an exchange."""

    def __init__(self, fills_max: int = FILLS_MAX) -> None:
        self.fills_max = fills_max
        self.symbols: dict[str, Symbol] = {}
        self.totals: defaultdict[str, defaultdict[str, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
        self.orders: dict[int, Order] = {}
        self.trades: list[Answer] = []
        self.logs: list[Answer] = []
        self._order_ids: dict[tuple[str, str], int] = {}  # account, client order id
        self._movements: dict[tuple[str, str], tuple[object, Answer]] = {}  # account, trans id: content, answer

    @exactly
    def list_symbol(self, name: str, **terms: str) -> None:
        """`terms` are tick and lot, and where wanted minimum_notional, maker_rate, taker_rate and price_band."""
        self.symbols[name] = Symbol(name, terms)

    # Money

    def deposit(self, account: str, trans_id: str, asset: str, amount: str) -> Answer:
        return self._move("deposit", account, trans_id, asset, amount, "outside", account)

    def withdraw(self, account: str, trans_id: str, asset: str, amount: str) -> Answer:
        return self._move("withdraw", account, trans_id, asset, amount, account, "outside")

    def transfer(self, account: str, trans_id: str, asset: str, amount: str, to: str) -> Answer:
        return self._move("transfer", account, trans_id, asset, amount, account, to)

    @exactly
    def balances(self, account: str) -> dict[str, tuple[str, str]]:
        """Of each asset that the account has: what is available, and what is frozen."""
        return {
            asset: (text(self._available(account, asset)), text(self._frozen(account, asset)))
            for asset in DECIMALS
            if self.totals[account][asset]
        }

    @exactly
    def _move(
        self, kind: str, account: str, trans_id: str, asset: str, amount: str, source: str, target: str
    ) -> Answer:
        """One id serves once, whatever the kind; what was refused has left no trace."""
        value = number(amount, DECIMALS[asset])
        if not value or source == target:
            return {"code": "MALFORMED"}
        content = (kind, asset, value, source, target)
        if (account, trans_id) in self._movements:
            first, answer = self._movements[account, trans_id]
            return answer if first == content else {"code": "CONFLICT"}
        if source != "outside" and value > self._available(source, asset):
            return {"code": "INSUFFICIENT_FUNDS"}
        names = ("transfer_out", "transfer_in") if kind == "transfer" else (kind, kind)
        self._post(source, asset, -value, names[0], trans_id)
        self._post(target, asset, value, names[1], trans_id)
        answer = {"balance": text(self.totals[account][asset])}
        self._movements[account, trans_id] = content, answer
        return answer

    def _post(self, account: str, asset: str, amount: Decimal, change: str, trans_id: str) -> None:
        """The one place where money moves."""
        before = self.totals[account][asset]
        self.totals[account][asset] += amount
        self.logs.append(
            {
                "account": account,
                "asset": asset,
                "changeType": change,
                "amount": text(amount),
                "before": text(before),
                "after": text(before + amount),
                "transId": trans_id,
            }
        )

    def _frozen(self, account: str, asset: str) -> Decimal:
        frozen = Decimal(0)
        for symbol in self.symbols.values():
            for side in ("buy", "sell"):
                if symbol.spends(side) == asset:
                    for order in symbol.sides[side]:
                        if order.account == account:
                            frozen += order.held
        return frozen

    def _available(self, account: str, asset: str) -> Decimal:
        return self.totals[account][asset] - self._frozen(account, asset)

    # Orders

    @exactly
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
        """The order as it stands after matching, or the code of its refusal."""
        if symbol not in self.symbols:
            return {"code": "NOT_FOUND"}
        market = self.symbols[symbol]
        content: dict[str, Any] = {
            "side": side,
            "type": kind,
            "price": None if price is None else number(price, DECIMALS[market.quote]),
            "quantity": None if quantity is None else number(quantity, DECIMALS[market.base]),
            "amount": None if amount is None else number(amount, DECIMALS[market.quote]),
            "time_in_force": time_in_force or ("GTC" if kind == "limit" else "IOC"),
            "post_only": post_only,
            "self_trade_prevention": self_trade_prevention,
            "client_order_id": client_order_id,
        }
        given = {"price": price, "quantity": quantity, "amount": amount}
        if {field for field, value in given.items() if value is not None} != FIELDS[kind]:
            return {"code": "MALFORMED"}
        code = malformed(market, content) or off_grid(market, content)
        if code:
            return {"code": code}
        order = Order(len(self.orders) + 1, account, market, content)
        if client_order_id is not None and (account, client_order_id) in self._order_ids:
            first = self.orders[self._order_ids[account, client_order_id]]
            same = first.symbol is market and first.content == content
            return first.view() if same else {"code": "CONFLICT"}
        code = self._unpaid(order) or self._place(order)
        if code:
            return {"code": code}
        self.orders[order.number] = order
        if client_order_id is not None:
            self._order_ids[account, client_order_id] = order.number
        return order.view()

    @exactly
    def cancel(self, account: str | None, order_id: int) -> Answer:
        """`account` None: an administrator's. Halted markets take it too; what is cancelled stays so."""
        order = self.orders.get(order_id)
        if order is None or account not in (None, order.account):
            return {"code": "NOT_FOUND"}
        if order.state == "filled":
            return {"code": "ALREADY_FILLED"}
        if not order.ended:
            self._cancel(order)
        return order.view()

    def cancel_by_client_id(self, account: str, client_order_id: str) -> Answer:
        return self.cancel(account, self._order_ids.get((account, client_order_id), 0))

    def halt(self, symbol: str) -> None:
        self.symbols[symbol].halted = True

    def resume(self, symbol: str) -> None:
        self.symbols[symbol].halted = False

    @exactly
    def order(self, order_id: int) -> Answer:
        return self.orders[order_id].view()

    @exactly
    def queue(self, symbol: str, side: str) -> list[Answer]:
        """Who waits, in the order in which they would be met."""
        return [order.view() for order in self.symbols[symbol].sides[side]]

    @exactly
    def book(self, symbol: str, depth: int) -> dict[str, list[list[str]]]:
        """The best prices of both sides, each with all that waits there."""
        return {
            name: levels(self.symbols[symbol].sides[side])[:depth] for name, side in (("bids", "buy"), ("asks", "sell"))
        }

    def _unpaid(self, order: Order) -> str | None:
        """Whether the account has what must be held. Where only the book knows, that is all it has."""
        available = self._available(order.account, order.symbol.spends(order.side))
        if order.side == "buy":
            needed = order.price * order.quantity if order.price and order.quantity else order.amount
        else:
            needed = order.quantity
        return "INSUFFICIENT_FUNDS" if not available or (needed or 0) > available else None

    def _place(self, order: Order) -> str | None:
        """Decide first, then do it."""
        market = order.symbol
        facing = market.sides["sell" if order.side == "buy" else "buy"]
        best = facing[0].price if facing else None
        band = price_band(market)
        if market.halted:
            return "MARKET_HALTED"
        if order.price is None and best and order.quantity and best * order.quantity < market.minimum:
            return "BELOW_MINIMUM"
        if band and order.price and not band[0] <= order.price <= band[1]:
            return "OUTSIDE_BAND"
        edge = order.price or market_edge(market, order.side, band, best)
        within = takewhile(lambda maker: reaches(order.side, edge, maker.price), facing)
        walk = Walk(order, self._available(order.account, market.spends(order.side)), list(within), self.fills_max)
        if order.content["post_only"] and walk.makers:
            return "WOULD_CROSS"
        why = walk.go()
        if why == "unpaid" and not walk.fills:
            return "INSUFFICIENT_FUNDS"
        if order.content["time_in_force"] == "FOK" and why != "filled":
            return "CANNOT_FILL"

        for own in walk.giving_way:
            self._cancel(own)
        for maker, quantity in walk.fills:
            self._trade(order, maker, quantity)
        if why == "filled":
            order.ended = "filled"
        elif why == "nobody" and order.content["time_in_force"] == "GTC":
            insort(market.sides[order.side], order, key=Order.place_in_line)
        else:
            self._cancel(order)
        return None

    def _trade(self, taker: Order, maker: Order, quantity: Decimal) -> None:
        """At the maker's price; each side pays its fee out of what it receives."""
        market, price = taker.symbol, maker.price
        assert price is not None
        fees = {taker.side: taker.fill(price, quantity, "taker"), maker.side: maker.fill(price, quantity, "maker")}
        if not maker.remaining:
            maker.ended = "filled"
            market.sides[maker.side].remove(maker)
        market.last_price = price
        trade_id = str(len(self.trades) + 1)
        buyer, seller = (taker, maker) if taker.side == "buy" else (maker, taker)
        self._post(buyer.account, market.quote, -price * quantity, "trade", trade_id)
        self._post(buyer.account, market.base, quantity, "trade", trade_id)
        self._post(seller.account, market.base, -quantity, "trade", trade_id)
        self._post(seller.account, market.quote, price * quantity, "trade", trade_id)
        for payer in (buyer, seller):
            if fees[payer.side]:
                asset = market.receives(payer.side)
                self._post(payer.account, asset, -fees[payer.side], "fee", trade_id)
                self._post("fees", asset, fees[payer.side], "fee", trade_id)
        self.trades.append(
            {
                "tradeId": int(trade_id),
                "symbol": market.name,
                "price": text(price),
                "quantity": text(quantity),
                "takerSide": taker.side,
                "buyOrderId": buyer.number,
                "sellOrderId": seller.number,
                "buyFee": text(fees["buy"]),
                "sellFee": text(fees["sell"]),
            }
        )

    def _cancel(self, order: Order) -> None:
        if order in order.symbol.sides[order.side]:
            order.symbol.sides[order.side].remove(order)
        order.cancelled, order.remaining = order.remaining, Decimal(0)
        order.ended = "cancelled"
