"""Reading the journal again: the same rows make the same books, without deciding anything.

books at row N  +  row N+1, N+2 ..  ->  the entry that each row was committed as; the books move on
"""

from collections.abc import Iterable, Iterator

from msgspec.structs import replace

from engine.ledger.books import Books
from engine.ledger.journal import JournalError, PartRefused, Row, check_chain
from engine.ledger.page import Page
from engine.ledger.records import Entry, JournalRecord


def fold(books: Books, rows: Iterable[JournalRecord]) -> Iterator[Entry]:
    """Move the books on, row by row, and yield what each row put into the tables.

    Raises JournalError, naming the row, where the chain breaks, where a row can't be read or accepted, and where what
    it says of ids and balances is not what its events make. The books then stand somewhere in that row: drop them.
    """
    head = JournalRecord(books.journal_sequence, 0, b"", books.journal_hash)
    for record in rows:
        check_chain(head, record)
        try:
            entry = _fold_row(books, record)
        except (JournalError, PartRefused) as error:
            raise JournalError(f"row {record.sequence}: {error}") from error
        yield entry
        head = record


def _fold_row(books: Books, record: JournalRecord) -> Entry:
    row = books.codec.unpack(record.body)
    if row.now_ms != record.now_ms:
        raise JournalError(f"its content is of {row.now_ms}, the row of {record.now_ms}")
    if (row.first_trade_id, row.first_log_id) != (books.trade_id + 1, books.log_id + 1):
        raise JournalError(
            f"it begins with trade {row.first_trade_id} and log {row.first_log_id}, "
            f"where trade {books.trade_id + 1} and log {books.log_id + 1} follow"
        )
    page = Page(books)
    for part in row.parts:
        page.write(part)
    entry = page.close()
    _compare_balances(entry, row)
    books.journal_hash = record.hash  # an older program's row has fewer fields, and other bytes, than we would write
    return replace(entry, journal=record)


def _compare_balances(entry: Entry, row: Row) -> None:
    said = {(b.account_id, b.asset): (b.total, b.held) for b in row.balances}
    made = {(b.account_id, b.asset): (b.total, b.held) for b in entry.balances}
    for key in sorted(said.keys() | made.keys()):
        if said.get(key) != made.get(key):
            account_id, asset = key
            raise JournalError(f"account {account_id} has {said.get(key)} {asset}, its events make {made.get(key)}")
