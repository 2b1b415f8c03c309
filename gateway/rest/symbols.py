"""Symbols, their books and their trades: market data, for everybody."""

from actors.core import Unknown
from actors.directory import MarketEntry
from engine.ledger.records import MarketRecord
from engine.products import SPOT
from engine.refusals import Refusal, Refused
from engine.trading.commands import GetDepth
from gateway.answers import Rejected, failure, refusal
from gateway.context import Answer, Caller, Gateway
from gateway.limits import DEPTH_DEFAULT, PAGE_DEFAULT, Id, Levels, Limit, Text, as_id
from gateway.shapes import Shape, SymbolView, book_view, symbol_view, trade_view
from gateway.statuses import Problem
from storage.interface import TradeFilter


class NoRequest(Shape, frozen=True):
    """Nothing is asked beyond the path."""


class SymbolRequest(Shape, frozen=True):
    """One symbol, such as BTC_USDT."""

    symbol: Text


class BookRequest(Shape, frozen=True):
    """The best levels of both sides."""

    symbol: Text
    depth: Levels = DEPTH_DEFAULT


class TradesRequest(Shape, frozen=True):
    """A page of a symbol's trades, newest first."""

    symbol: Text
    before: Id | None = None
    limit: Limit = PAGE_DEFAULT


async def get_symbols(gateway: Gateway, _: Caller, __: NoRequest) -> Answer:
    """All symbols, oldest first."""
    markets = await gateway.exchange.storage.reader.markets()
    return Answer(200, [show_symbol(gateway, market) for market in markets if market.product == SPOT])


async def get_symbol(gateway: Gateway, _: Caller, request: SymbolRequest) -> Answer:
    """One symbol."""
    market_id = find_market(gateway, request.symbol).market_id
    markets = await gateway.exchange.storage.reader.markets()
    return Answer(200, next(show_symbol(gateway, market) for market in markets if market.market_id == market_id))


async def get_book(gateway: Gateway, _: Caller, request: BookRequest) -> Answer:
    """Asked of the market's actor: no table has the book."""
    market = find_market(gateway, request.symbol)
    try:
        depth = await market.address.ask(GetDepth(request.depth))
    except Unknown:
        return failure(Problem.BUSY, f"{market.name} is starting again")
    if isinstance(depth, Refused):
        return refusal(depth)
    return Answer(200, book_view(depth, market.definition))


async def get_trades(gateway: Gateway, _: Caller, request: TradesRequest) -> Answer:
    """What was traded."""
    market = find_market(gateway, request.symbol)
    before = None if request.before is None else as_id(request.before)
    which = TradeFilter(market_id=market.market_id, before=before, limit=request.limit)
    trades = await gateway.exchange.storage.reader.trades(which)
    return Answer(200, [trade_view(trade, market) for trade in trades])


def find_market(gateway: Gateway, symbol: str) -> MarketEntry:
    """Find an open market. Raises Rejected(NOT_FOUND)."""
    market = gateway.exchange.directory.find(SPOT, symbol)
    if market is None:
        raise Rejected(Refusal.NOT_FOUND, f"there is no symbol {symbol}")
    return market


def find_channel(gateway: Gateway, name: str) -> MarketEntry:
    """Find a market of any product: BTC_USDT, prediction/7. Raises Rejected(NOT_FOUND)."""
    market = gateway.exchange.directory.by_channel.get(name)
    if market is None:
        raise Rejected(Refusal.NOT_FOUND, f"there is no market {name}")
    return market


def show_symbol(gateway: Gateway, market: MarketRecord) -> SymbolView:
    """Show a market's row; its terms are in the directory."""
    return symbol_view(market, gateway.exchange.directory.by_id[market.market_id].definition)
