"""What a client is sent over the socket, and how a push becomes its text.

subscribed, unsubscribed, error     answers to subscribe and unsubscribe
{id, status, body}                  the answer to an op
snapshot                            the first message of a state or private channel
trade, book, ticker                 market data
order, fill, balance                the account's own
gap                                 these numbers of a channel are not sent
"""

from typing import Any

import msgspec

from actors.directory import Directory
from actors.levels import Level
from actors.lines import BALANCES, FILLS, ORDERS
from actors.pushes import Book, Content, Gap, Post, Private, PrivateSnapshot, Ticker, Trade
from engine.ledger.page import FillMessage
from engine.ledger.records import BalanceRecord, OrderRecord
from engine.matching.order import Side
from engine.spot.symbol import SpotSymbol
from gateway.answers import Rejected
from gateway.shapes import (
    BalanceView,
    ErrorBody,
    FillView,
    OrderView,
    Shape,
    balance_view,
    fill_view,
    order_view,
    trade_view,
)

LevelTexts = list[tuple[str, str]]  # price, quantity; quantity "0": the level has gone


class Message(Shape, frozen=True, tag_field="type"):
    """`type` stands first."""


class Subscribed(Message, frozen=True, tag="subscribed"):
    """These channels are open."""

    channels: list[str]


class Unsubscribed(Message, frozen=True, tag="unsubscribed"):
    """Nothing more comes of these channels."""

    channels: list[str]


class Error(Message, frozen=True, tag="error", omit_defaults=True):
    """Bad news of a channel, of a message that can't be read or, without a token, of an op."""

    status: int
    code: str
    message: str
    channel: str | None = None
    id: str | int | None = None
    body: ErrorBody | None = None


class OpAnswer(msgspec.Struct, frozen=True):
    """The answer to an op: status and body as over REST."""

    id: str | int
    status: int
    body: object


class GapMessage(Message, frozen=True, tag="gap"):
    """What is numbered so is not sent on this channel: fetch it over REST."""

    channel: str
    first: int = msgspec.field(name="from")
    last: int = msgspec.field(name="to")


class TradeMessage(Message, frozen=True, tag="trade"):
    """A trade; `side` is the taker's."""

    channel: str
    seq: int
    prev_seq: int
    symbol: str
    price: str
    quantity: str
    trade_id: str
    side: Side
    created_at: int


class BookMessage(Message, frozen=True, tag="book"):
    """Levels that have changed, with their whole quantity."""

    channel: str
    seq: int
    prev_seq: int
    symbol: str
    bids: LevelTexts
    asks: LevelTexts


class BookSnapshot(Message, frozen=True, tag="snapshot"):
    """All levels, best first."""

    channel: str
    seq: int
    symbol: str
    bids: LevelTexts
    asks: LevelTexts


class TickerMessage(Message, frozen=True, tag="ticker"):
    """Last price, best bid, best ask; null where there is none."""

    channel: str
    seq: int
    prev_seq: int
    symbol: str
    last: str | None
    bid: str | None
    ask: str | None


class TickerSnapshot(Message, frozen=True, tag="snapshot"):
    """The same, to begin with."""

    channel: str
    seq: int
    symbol: str
    last: str | None
    bid: str | None
    ask: str | None


class OrderMessage(Message, frozen=True, tag="order"):
    """How one of one's orders stands."""

    channel: str
    seq: int
    prev_seq: int
    order: OrderView


class FillMessageOut(Message, frozen=True, tag="fill"):
    """One's own side of a trade."""

    channel: str
    seq: int
    prev_seq: int
    fill: FillView


class BalanceMessage(Message, frozen=True, tag="balance"):
    """How one of one's balances stands."""

    channel: str
    seq: int
    prev_seq: int
    balance: BalanceView


class OrdersSnapshot(Message, frozen=True, tag="snapshot"):
    """All open orders, oldest first in each symbol."""

    channel: str
    seq: int
    orders: list[OrderView]


class BalancesSnapshot(Message, frozen=True, tag="snapshot"):
    """All balances."""

    channel: str
    seq: int
    balances: list[BalanceView]


class FillsSnapshot(Message, frozen=True, tag="snapshot"):
    """Only where the stream stands: what was filled before is a list over REST."""

    channel: str
    seq: int


encode = msgspec.json.Encoder().encode


def text_of(post: Post, directory: Directory) -> str:
    """Turn a push into its text, once for all who get it."""
    if post.text is None:
        post.text = encode(message_of(post.content, directory)).decode()
    return post.text


def message_of(content: Content, directory: Directory) -> Message:
    """Show a push; `directory` has the terms of every market."""
    match content:
        case Trade():
            return _trade(content)
        case Book():
            return _book(content)
        case Ticker():
            return _ticker(content)
        case Private():
            return _private(content, directory)
        case PrivateSnapshot():
            return _private_snapshot(content, directory)
        case Gap():
            return GapMessage(content.channel, content.first, content.last)
        case _:
            raise AssertionError(f"{type(content).__name__} is filtered before it is sent")


def error(rejected: Rejected, channel: str | None = None) -> Error:
    """Show bad news of a channel or a message."""
    answer = rejected.answer()
    return Error(answer.status, rejected.code.value, rejected.message, channel)


def _trade(trade: Trade) -> TradeMessage:
    view = trade_view(trade.record, trade.symbol)
    return TradeMessage(
        f"trades:{view.symbol}",
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
    symbol = book.symbol
    bids, asks = _levels(book.bids, symbol), _levels(book.asks, symbol)
    channel = f"book:{symbol.name}"
    if book.prev_seq is None:
        return BookSnapshot(channel, book.seq, symbol.name, bids, asks)
    return BookMessage(channel, book.seq, book.prev_seq, symbol.name, bids, asks)


def _levels(levels: tuple[Level, ...], symbol: SpotSymbol) -> LevelTexts:
    return [(symbol.price_text(price), symbol.quantity_text(lots)) for price, lots in levels]


def _ticker(ticker: Ticker) -> Message:
    symbol = ticker.symbol
    channel = f"ticker:{symbol.name}"
    last, bid, ask = (
        None if ticks is None else symbol.price_text(ticks) for ticks in (ticker.last, ticker.bid, ticker.ask)
    )
    if ticker.prev_seq is None:
        return TickerSnapshot(channel, ticker.seq, symbol.name, last, bid, ask)
    return TickerMessage(channel, ticker.seq, ticker.prev_seq, symbol.name, last, bid, ask)


def _private(push: Private, directory: Directory) -> Message:
    numbers: tuple[str, int, int] = (push.channel, push.seq, push.prev_seq)
    content = push.content
    if isinstance(content, OrderRecord):
        return OrderMessage(*numbers, _order(content, directory))
    if isinstance(content, FillMessage):
        return FillMessageOut(*numbers, fill_view(content, _symbol(content.trade.market_id, directory)))
    return BalanceMessage(*numbers, _balance(content))


def _private_snapshot(push: PrivateSnapshot, directory: Directory) -> Message:
    snapshot = push.snapshot
    if push.channel == ORDERS:
        orders = [_order(order, directory) for order in snapshot.open_orders]
        return OrdersSnapshot(ORDERS, push.seq, orders)
    if push.channel == BALANCES:
        return BalancesSnapshot(BALANCES, push.seq, [_balance(balance) for balance in snapshot.balances])
    return FillsSnapshot(FILLS, push.seq)


def _order(record: OrderRecord, directory: Directory) -> OrderView:
    return order_view(record, _symbol(record.market_id, directory))


def _balance(record: BalanceRecord) -> BalanceView:
    return balance_view(record.asset, record.total, record.held)


def _symbol(market_id: int, directory: Directory) -> SpotSymbol:
    definition: Any = directory.by_id[market_id].definition
    assert isinstance(definition, SpotSymbol)
    return definition
