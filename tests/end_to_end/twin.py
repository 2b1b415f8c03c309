"""A running exchange, seen over REST, beside the naive one that was told the same: what differs, in words."""

from collections.abc import Iterable, Mapping
from itertools import zip_longest
from typing import Any

from gateway.client import RestClient
from tests.end_to_end.traders import all_of, balances_of
from tests.reference.naive_exchange import NaiveExchange

DEPTH = 1_000  # levels of a side: the most that can be asked for
ORDER_FIELDS = ("clientOrderId", "state", "price", "filledQuantity", "filledAmount", "remainingQuantity", "fee")


def make(names: Iterable[str], funds: Mapping[str, str], symbol: str, **terms: str) -> NaiveExchange:
    """List a symbol and deposit what `open_traders` does."""
    exchange = NaiveExchange()
    exchange.list_symbol(symbol, **terms)
    for name in names:
        for asset, amount in funds.items():
            exchange.deposit(name, f"funds {asset}", asset, amount)
    return exchange


def place(exchange: NaiveExchange, account: str, order: Mapping[str, Any]) -> dict[str, Any]:
    """Place what was sent over REST or a socket with the naive exchange."""
    return exchange.place(
        account,
        order["symbol"],
        order["side"],
        order["type"],
        price=order.get("price"),
        quantity=order.get("quantity"),
        amount=order.get("amount"),
        time_in_force=order.get("timeInForce"),
        client_order_id=order.get("clientOrderId"),
    )


async def differences(accounts: Mapping[str, RestClient], exchange: NaiveExchange, symbol: str) -> list[str]:
    """Compare book, trades, orders, logs, balances. Only these accounts trade in the symbol, and in no other."""
    anyone = next(iter(accounts.values()))
    book = await anyone.book(symbol, DEPTH)
    found = compare("book", [{side: book[side] for side in ("bids", "asks")}], [exchange.book(symbol, DEPTH)])
    found += compare("trade", await _trades(anyone, symbol), _their_trades(exchange, symbol))
    found += compare("order", await _orders(accounts, symbol), _their_orders(exchange, symbol))
    for name, client in accounts.items():
        found += compare(f"log of {name}", await _logs(client), _their_logs(exchange, name))
        found += compare(f"balances of {name}", [await balances_of(client)], [exchange.balances(name)])
    return found


def compare(what: str, ours: Iterable[object], theirs: Iterable[object]) -> list[str]:
    """Put two lists side by side; one sentence a row that differs."""
    pairs = enumerate(zip_longest(ours, theirs, fillvalue="nothing"), 1)
    return [f"{what} {row}: {mine}, the twin has {other}" for row, (mine, other) in pairs if mine != other]


async def _trades(client: RestClient, symbol: str) -> list[tuple[str, str, str]]:
    trades = await all_of(client, f"/api/v1/symbols/{symbol}/trades", "tradeId")
    assert [trade["seq"] for trade in trades] == list(range(1, len(trades) + 1))
    return [(trade["price"], trade["quantity"], trade["side"]) for trade in trades]


def _their_trades(exchange: NaiveExchange, symbol: str) -> list[tuple[str, str, str]]:
    return [(t["price"], t["quantity"], t["takerSide"]) for t in exchange.trades if t["symbol"] == symbol]


async def _logs(client: RestClient) -> list[tuple[str, str, str]]:
    """All movements, sorted: in which order the rows of one trade come is nobody's business."""
    logs = await all_of(client, "/api/v1/account/logs", "id")
    return sorted((log["symbol"], log["changeType"], log["amount"]) for log in logs)


def _their_logs(exchange: NaiveExchange, name: str) -> list[tuple[str, str, str]]:
    logs = [log for log in exchange.logs if log["account"] == name]
    return sorted((log["asset"], log["changeType"], log["amount"]) for log in logs)


async def _orders(accounts: Mapping[str, RestClient], symbol: str) -> list[dict[str, str]]:
    """All orders by their ids: whose it is, and what has become of it."""
    rows = [
        (int(order["orderId"]), _order(name, order))
        for name, client in accounts.items()
        for order in await all_of(client, "/api/v1/orders", "orderId", symbol=symbol)
    ]
    rows.sort(key=lambda row: row[0])
    return [row for _, row in rows]


def _their_orders(exchange: NaiveExchange, symbol: str) -> list[dict[str, str]]:
    orders = [exchange.order(number) for number in sorted(exchange.orders)]
    return [_order(order["account"], order) for order in orders if order["symbol"] == symbol]


def _order(account: str, order: Mapping[str, Any]) -> dict[str, Any]:
    return {"account": account} | {field: order[field] for field in ORDER_FIELDS}
