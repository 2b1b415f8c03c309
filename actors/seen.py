"""One commit as the broadcaster sees it: offered by the ledger or, where that was missed, read from the journal."""

from collections.abc import Iterable, Iterator

import msgspec

from actors.directory import Directory
from actors.messages import Committed
from actors.pushes import Odds
from engine.betting.events import MatchMoved, OddsSet
from engine.ledger.journal import JournalCodec, Part, Row
from engine.ledger.page import PrivateMessage
from engine.ledger.records import JournalRecord, TradeRecord
from engine.products import BETTING, PRODUCTS
from engine.trading.bookkeeping import trade_record
from engine.trading.events import OrderClosed, OrderPlaced, TradeMade

CODEC = JournalCodec(tuple(PRODUCTS.writers))


class Seen(msgspec.Struct, frozen=True):
    """A journal row and what it means for subscribers.

    The journal does not keep the numbers of private messages: read from there, `messages` is empty, and `missed` names
    the accounts that had some.
    """

    sequence: int
    parts: tuple[Part, ...]
    trades: tuple[TradeRecord, ...]
    messages: tuple[PrivateMessage, ...]
    missed: tuple[int, ...] = ()


def offered(committed: Committed) -> Seen:
    """Take a commit as the ledger offers it: nothing has to be worked out again."""
    entry = committed.entry
    return Seen(entry.journal.sequence, committed.parts, entry.trades, committed.messages)


def from_journal(record: JournalRecord) -> Seen:
    """Read a commit from its row."""
    row = CODEC.unpack(record.body)
    accounts = dict.fromkeys(balance.account_id for balance in row.balances)
    for part in row.parts:
        for event in part.events:
            if isinstance(event, TradeMade):
                accounts.update({event.buyer.account_id: None, event.seller.account_id: None})
            elif isinstance(event, OrderPlaced | OrderClosed):
                accounts[event.account_id] = None
    return Seen(record.sequence, row.parts, tuple(trades_in(row)), (), tuple(accounts))


def trades_in(row: Row) -> Iterator[TradeRecord]:
    """The trades of a row, with their ids and numbers."""
    trade_id = row.first_trade_id
    for part in row.parts:
        for event in part.events:
            if isinstance(event, TradeMade):
                yield trade_record(trade_id, part.market_id, part.now_ms, event)
                trade_id += 1


def odds_in(parts: Iterable[Part], directory: Directory) -> Iterator[Odds]:
    """What parts tell on the streams of matches; all their markets are open."""
    for part in parts:
        market = directory.by_id.get(part.market_id)
        if market is not None and market.product == BETTING:
            for event in part.events:
                if isinstance(event, OddsSet | MatchMoved):
                    yield Odds(market, part.now_ms, event)
