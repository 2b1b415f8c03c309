"""Writes the newest golden file: `python -m tests.engine.golden.journal`, by hand, once for each shape of the rows.

journal-1.txt  format 1, before there were prediction markets: orders and trades have a field less
journal-2.txt  format 1, with them, before there was betting: a market that is listed does not say in which state
journal-3.txt  format 1, with both, before there were accumulators: a match does not say whether it is final
journal-4.txt  format 1, with all of them

It never overwrites: a file that no longer fits what the program writes means that events have got more last fields, and
NEWEST must be raised, or that they changed in another way, and FORMAT must be too. The old file stays, to show that old
rows are still understood (or refused by their format's number).
"""

from pathlib import Path

from engine.ledger.books import Books
from engine.ledger.journal import Part
from engine.ledger.page import Page
from engine.ledger.records import JournalRecord
from tests.engine.golden.history import HISTORY, WHOLE_HISTORY
from tests.engine.ledger.tables import Tables

NEWEST = 4


def golden_file(number: int) -> Path:
    return Path(__file__).with_name(f"journal-{number}.txt")


def rows_of_history(history: tuple[tuple[Part, ...], ...] = HISTORY) -> list[JournalRecord]:
    """A history as this program writes it."""
    books: Books = Tables().books()
    rows = []
    for parts in history:
        page = Page(books)
        for part in parts:
            page.write(part)
        rows.append(page.close().journal)
    return rows


def as_text(rows: list[JournalRecord]) -> str:
    """A row a line: sequence, time, hash and body."""
    return "".join(f"{row.sequence} {row.now_ms} {row.hash.hex()} {row.body.hex()}\n" for row in rows)


def from_text(text: str) -> list[JournalRecord]:
    rows = [line.split() for line in text.splitlines()]
    return [
        JournalRecord(int(sequence), int(now_ms), bytes.fromhex(body), bytes.fromhex(chained))
        for sequence, now_ms, chained, body in rows
    ]


if __name__ == "__main__":
    with golden_file(NEWEST).open("x", encoding="ascii") as file:
        file.write(as_text(rows_of_history(WHOLE_HISTORY)))
