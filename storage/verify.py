"""Folds the journal from its first row and compares what it makes with the tables: nothing is decided again."""

from collections.abc import Iterable
from typing import Any

import msgspec
from msgspec.structs import replace

from engine.ledger.accumulators import AccumulatorRecord, LegRecord
from engine.ledger.audit import audit
from engine.ledger.bets import BetRecord, Result
from engine.ledger.books import Books
from engine.ledger.fold import fold
from engine.ledger.journal import GENESIS_HASH, JournalError
from engine.ledger.records import BalanceRecord, Entry, MarketRecord
from engine.products import PRODUCTS, read_standing
from storage.interface import Reader
from storage.made import Made

ROWS = 500  # of the journal, read at once


class Verified(msgspec.Struct, frozen=True):
    """What was compared; `differences` is empty if all agrees."""

    rows: int
    balances: int
    open_orders: int
    differences: tuple[str, ...]


async def verify(reader: Reader) -> Verified:
    """Fold and compare; the exchange must not be running on these tables."""
    books = Books(PRODUCTS, journal_sequence=0, journal_hash=GENESIS_HASH)
    made, last_order_id = Made(), 0
    try:
        while rows := await reader.journal(books.journal_sequence, ROWS):
            for entry in fold(books, rows):
                made.write(entry)
                last_order_id = max(last_order_id, *_ids(entry), 0)
    except JournalError as error:
        return Verified(books.journal_sequence, len(books.balances), len(books.open_orders), (str(error),))
    audit(books)
    counters = await reader.counters()
    differences = [
        *_compare("balance", _balances(books), {(b.account_id, b.asset): b for b in await reader.balances()}),
        *_compare("open order", books.open_orders, {order.order_id: order for order in await reader.open_orders()}),
        *_compare("position", books.positions, {(p.market_id, p.account_id): p for p in await reader.positions()}),
        *_compare("unclaimed bet", _unclaimed(books), {bet.bet_id: bet for bet in await reader.unclaimed_bets()}),
        *_compare("open accumulator", _open(books), {row.bet_id: row for row in await reader.open_accumulators()}),
        *_compare("option", _options(books), {(o.market_id, o.number): o for o in await reader.options()}),
        *_compare("claims of option", books.betting.claims, await reader.claim_counts()),
        *_compare("market", _markets(books.markets.values()), _markets(await reader.markets())),
        *_compare("stream", books.streams, await reader.stream_numbers()),
        *_compare(
            "last id of",
            {
                "orders and bets": last_order_id,
                "trades": books.trade_id,
                "asset logs": books.log_id,
                "markets": books.market_id,
            },
            {
                "orders and bets": counters.order_id,
                "trades": counters.trade_id,
                "asset logs": counters.log_id,
                "markets": counters.market_id,
            },
        ),
        *await made.differences(reader),
    ]
    return Verified(books.journal_sequence, len(books.balances), len(books.open_orders), tuple(differences))


def _markets(rows: Iterable[MarketRecord]) -> dict[int, Any]:
    """Each row with its standing read: one that an older program wrote says less of the same."""
    return {row.market_id: (replace(row, standing=b""), _standing_of(row)) for row in rows}


def _standing_of(row: MarketRecord) -> Any:
    try:
        return read_standing(row.product, row.standing)
    except msgspec.DecodeError:
        return row.standing  # nothing of ours


def _balances(books: Books) -> dict[Any, Any]:
    """The folded balances as rows."""
    return {key: BalanceRecord(*key, *balance) for key, balance in books.balances.items()}


def _ids(entry: Entry) -> Iterable[int]:
    """Of orders, bets and accumulators, which are numbered together."""
    yield from (order.order_id for order in entry.new_orders)
    yield from (bet.bet_id for bet in entry.bets)
    yield from (accumulator.bet_id for accumulator in entry.accumulators)


def _unclaimed(books: Books) -> dict[int, BetRecord]:
    """The folded bets as `Reader.unclaimed_bets` tells them: with their results."""
    return {bet_id: replace(bet, result=_result(books, bet)) for bet_id, bet in books.betting.bets.items()}


def _open(books: Books) -> dict[int, AccumulatorRecord]:
    """The folded accumulators as `Reader.open_accumulators` tells them: with their legs' results."""
    return {
        bet_id: replace(row, legs=tuple(replace(leg, result=_result(books, leg)) for leg in row.legs))
        for bet_id, row in books.betting.accumulators.items()
    }


def _result(books: Books, of: BetRecord | LegRecord) -> Result | None:
    return books.betting.options[of.market_id][of.option_number].result


def _options(books: Books) -> dict[Any, Any]:
    return {
        (option.market_id, option.number): option
        for match in books.betting.options.values()
        for option in match.values()
    }


def _compare(what: str, folded: dict[Any, Any], tables: dict[Any, Any]) -> Iterable[str]:
    for key in [*folded, *(key for key in tables if key not in folded)]:
        if folded.get(key) != tables.get(key):
            yield f"{what} {key}: the journal makes {folded.get(key)}, the tables say {tables.get(key)}"
