"""Turns pushes into texts: each shared one once, for everybody who gets it."""

import msgspec

from actors.directory import Directory
from actors.odds_quotes import quote_of
from actors.private_line import BALANCES, FILLS, ORDERS
from actors.pushes import Book, Content, Gap, Odds, Post, Private, PrivateSnapshot, Ticker, Trade
from engine.ledger.page import FillMessage
from engine.ledger.records import BalanceRecord, OrderRecord
from gateway.answers import Rejected
from gateway.odds_messages import OddsUpdate, odds_update
from gateway.shapes import BalanceView, OrderView, balance_view, fill_view, order_view, show_levels, trade_view
from gateway.websocket.messages import (
    BalanceChanged,
    BalancesSnapshot,
    BookChanged,
    BookSnapshot,
    Error,
    Filled,
    FillsSnapshot,
    GapTold,
    Message,
    OrderChanged,
    OrdersSnapshot,
    TickerChanged,
    TickerSnapshot,
    TradeMade,
)

encode = msgspec.json.Encoder().encode


def text_of(post: Post, directory: Directory) -> str:
    """Turn a push into its text, once for all who get it."""
    if post.text is None:
        post.text = encode(message_of(post.content, directory)).decode()
    return post.text


def message_of(content: Content, directory: Directory) -> Message | OddsUpdate:
    """Show a push; `directory` has the terms of every market."""
    match content:
        case Trade():
            return _trade(content)
        case Odds():
            return odds_update(quote_of(content))
        case Book():
            return _book(content)
        case Ticker():
            return _ticker(content)
        case Private():
            return _private(content, directory)
        case PrivateSnapshot():
            return _private_snapshot(content, directory)
        case Gap():
            return GapTold(content.channel, content.first, content.last)
        case _:
            raise AssertionError(f"{type(content).__name__} is filtered before it is sent")


def error(rejected: Rejected, channel: str | None = None) -> Error:
    """Show bad news of a channel or a message."""
    answer = rejected.answer()
    return Error(answer.status, rejected.code.value, rejected.message, channel)


def _trade(trade: Trade) -> TradeMade:
    view = trade_view(trade.record, trade.market)
    return TradeMade(
        trade.channel,
        view.seq,
        view.seq - 1,
        view.symbol,
        view.price,
        view.quantity,
        view.trade_id,
        view.side,
        view.created_at,
    )


def _book(book: Book) -> Message:
    symbol, key = book.market.definition, book.market.channel
    bids, asks = show_levels(book.bids, symbol), show_levels(book.asks, symbol)
    if book.prev_seq is None:
        return BookSnapshot(book.channel, book.seq, key, bids, asks)
    return BookChanged(book.channel, book.seq, book.prev_seq, key, bids, asks)


def _ticker(ticker: Ticker) -> Message:
    symbol, key = ticker.market.definition, ticker.market.channel
    last, bid, ask = (
        None if ticks is None else symbol.price_text(ticks) for ticks in (ticker.last, ticker.bid, ticker.ask)
    )
    if ticker.prev_seq is None:
        return TickerSnapshot(ticker.channel, ticker.seq, key, last, bid, ask)
    return TickerChanged(ticker.channel, ticker.seq, ticker.prev_seq, key, last, bid, ask)


def _private(push: Private, directory: Directory) -> Message:
    numbers: tuple[str, int, int] = (push.channel, push.seq, push.prev_seq)
    content = push.content
    if isinstance(content, OrderRecord):
        return OrderChanged(*numbers, _order(content, directory))
    if isinstance(content, FillMessage):
        return Filled(*numbers, fill_view(content, directory.by_id[content.trade.market_id]))
    return BalanceChanged(*numbers, _balance(content))


def _private_snapshot(push: PrivateSnapshot, directory: Directory) -> Message:
    snapshot = push.snapshot
    if push.channel == ORDERS:
        orders = [_order(order, directory) for order in snapshot.open_orders]
        return OrdersSnapshot(ORDERS, push.seq, orders)
    if push.channel == BALANCES:
        return BalancesSnapshot(BALANCES, push.seq, [_balance(balance) for balance in snapshot.balances])
    return FillsSnapshot(FILLS, push.seq)


def _order(record: OrderRecord, directory: Directory) -> OrderView:
    return order_view(record, directory.by_id[record.market_id])


def _balance(record: BalanceRecord) -> BalanceView:
    return balance_view(record.asset, record.total, record.held)
