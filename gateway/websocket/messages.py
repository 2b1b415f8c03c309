"""What a client is sent over the socket.

subscribed, unsubscribed, error     answers to subscribe, resume and unsubscribe
{id, status, body}                  the answer to an op
snapshot                            the first message of a state or private channel
trade, book, ticker                 market data
order, fill, balance                the account's own
gap                                 these numbers of a channel are not sent
"""

import msgspec

from engine.matching.order import Side
from gateway.shapes import BalanceView, ErrorBody, FillView, OrderView, Shape

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


class GapTold(Message, frozen=True, tag="gap"):
    """What is numbered so is not sent on this channel: resume from the number before it."""

    channel: str
    first: int = msgspec.field(name="from")
    last: int = msgspec.field(name="to")


class TradeMade(Message, frozen=True, tag="trade"):
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


class BookChanged(Message, frozen=True, tag="book"):
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


class TickerChanged(Message, frozen=True, tag="ticker"):
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


class OrderChanged(Message, frozen=True, tag="order"):
    """How one of one's orders stands."""

    channel: str
    seq: int
    prev_seq: int
    order: OrderView


class Filled(Message, frozen=True, tag="fill"):
    """One's own side of a trade."""

    channel: str
    seq: int
    prev_seq: int
    fill: FillView


class BalanceChanged(Message, frozen=True, tag="balance"):
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
