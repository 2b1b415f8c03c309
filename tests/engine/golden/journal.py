"""Writes the golden file of a new journal format: `python -m tests.engine.golden.journal`, by hand, once a format.

It never overwrites: a file that no longer fits what the program writes means that FORMAT must be raised, and the old
file stays, to show that old rows are still understood (or refused by number).
"""

from pathlib import Path

from engine.ledger.books import Books
from engine.ledger.journal import FORMAT
from engine.ledger.page import Page
from engine.ledger.records import JournalRecord
from tests.engine.golden.history import HISTORY
from tests.engine.ledger.tables import Tables


def golden_file(version: int) -> Path:
    return Path(__file__).with_name(f"journal-{version}.txt")


def rows_of_history() -> list[JournalRecord]:
    """The history as this program writes it."""
    books: Books = Tables().books()
    rows = []
    for parts in HISTORY:
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
    with golden_file(FORMAT).open("x", encoding="ascii") as file:
        file.write(as_text(rows_of_history()))
