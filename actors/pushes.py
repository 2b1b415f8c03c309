"""What subscribers are sent, in the market's own steps; the gateway turns it into text.

trades:MKT   Trade      a stream: each once, numbered by the market
odds:MKT     Odds       a stream too
book:MKT     Book       a state: a snapshot, then what changed
ticker:MKT   Ticker     a state: always the whole of it
account      Private    one stream an account, of which orders, fills and balances are filters
any stream   Gap        these numbers are not sent: resume from before them
"""

import msgspec

from actors.directory import MarketEntry
from actors.levels import Level
from engine.betting.bookkeeping import odds_channel
from engine.betting.events import OddsMessage
from engine.ledger.page import FillMessage, PrivateMessage
from engine.ledger.records import BalanceRecord, OrderRecord, TradeRecord
from storage.interface import AccountSnapshot


class Trade(msgspec.Struct, frozen=True):
    """A trade; its `seq` is its number in the market."""

    market: MarketEntry
    record: TradeRecord

    @property
    def channel(self) -> str:
        return f"trades:{self.market.channel}"

    @property
    def seq(self) -> int:
        return self.record.number


class Odds(msgspec.Struct, frozen=True):
    """Another board, or another step of a match; its `seq` is its number in the match's stream."""

    market: MarketEntry
    now_ms: int
    event: OddsMessage

    @property
    def channel(self) -> str:
        return odds_channel(self.market.channel)

    @property
    def seq(self) -> int:
        return self.event.standing.number


class Book(msgspec.Struct, frozen=True):
    """Level totals as of the market's event `seq`: all of them, or (with `prev_seq`) those that have changed since."""

    market: MarketEntry
    seq: int
    prev_seq: int | None
    bids: tuple[Level, ...]
    asks: tuple[Level, ...]

    @property
    def channel(self) -> str:
        return f"book:{self.market.channel}"


class Ticker(msgspec.Struct, frozen=True):
    """Prices in ticks, None where there is none; `seq` and `prev_seq` as for a book."""

    market: MarketEntry
    seq: int
    prev_seq: int | None
    last: int | None
    bid: int | None
    ask: int | None

    @property
    def channel(self) -> str:
        return f"ticker:{self.market.channel}"


class Gap(msgspec.Struct, frozen=True):
    """The messages numbered `first` to `last` are not sent on this channel."""

    channel: str
    first: int
    last: int

    @property
    def seq(self) -> int:
        return self.last


class Private(msgspec.Struct, frozen=True):
    """A message of an account's stream; `prev_seq` is the last number sent on this channel, here."""

    channel: str
    seq: int
    prev_seq: int
    now_ms: int
    content: OrderRecord | FillMessage | BalanceRecord


class PrivateSnapshot(msgspec.Struct, frozen=True):
    """What a private channel starts from, as of the account's message `seq`."""

    channel: str
    snapshot: AccountSnapshot

    @property
    def seq(self) -> int:
        return self.snapshot.last_seq


Content = Trade | Odds | Book | Ticker | Gap | Private | PrivateSnapshot | PrivateMessage


class Post:
    """A message on its way to many; who turns it into text first leaves that for the others."""

    __slots__ = ("content", "text")

    def __init__(self, content: Content) -> None:
        self.content = content
        self.text: str | None = None

    @property
    def channel(self) -> str:
        """Where it is sent; a PrivateMessage is not, its line makes others of it."""
        assert not isinstance(self.content, PrivateMessage)
        return self.content.channel
