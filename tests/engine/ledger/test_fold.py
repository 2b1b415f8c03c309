"""Reading the journal again makes the same books, and finds whatever was changed in it."""

from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from engine.ledger.chart import HOUSE
from engine.ledger.events import MoneyMoved
from engine.ledger.fold import fold
from engine.ledger.journal import GENESIS_HASH, JournalError, Part, Row, chain_hash
from engine.ledger.page import Page
from engine.ledger.records import BalanceRecord, JournalRecord
from tests.engine.golden.journal import NEWEST, from_text, golden_file, rows_of_history
from tests.engine.ledger import pages
from tests.engine.ledger.tables import Tables, contents

ROWS = rows_of_history()
CODEC = Tables().books().codec


def folded(rows: list[JournalRecord]) -> Tables:
    """The tables that rows make; they must be those that the books know."""
    tables, books = Tables(), Tables().books()
    for entry in fold(books, rows):
        tables.write(entry)
    assert contents(books) == contents(tables.books())
    return tables


def chained(rows: list[JournalRecord]) -> list[JournalRecord]:
    """The rows with hashes that fit: as if by somebody who knows how."""
    previous, found = GENESIS_HASH, []
    for row in rows:
        previous = chain_hash(previous, row.body)
        found.append(replace(row, hash=previous))
    return found


def changed(number: int, **changes: Any) -> list[JournalRecord]:
    """The history with something else in one row, and all hashes right."""
    rows = list(ROWS)
    content = replace(CODEC.unpack(rows[number - 1].body), **changes)
    rows[number - 1] = replace(rows[number - 1], body=CODEC.pack(content))
    return chained(rows)


def error_of(rows: list[JournalRecord]) -> str:
    with pytest.raises(JournalError) as error:
        folded(rows)
    return str(error.value)


def row(number: int) -> Row:
    return CODEC.unpack(ROWS[number - 1].body)


def test_the_journal_makes_the_tables_again() -> None:
    tables = folded(ROWS)
    assert tables.journal == ROWS
    assert {order_id: order.state.value for order_id, order in tables.orders.items()} == {
        1: "cancelled",
        2: "filled",
        3: "cancelled",
    }
    assert tables.balances[HOUSE, "USD"].total == 10**10
    assert tables.markets[1].sequence == 8
    assert tables.channels == {"account:1": 8, "account:2": 9, "trades:BTC_USD": 1}


@pytest.mark.parametrize("number", range(1, NEWEST + 1))
def test_the_golden_files_fold(number: int) -> None:
    folded(from_text(golden_file(number).read_text(encoding="ascii")))


def test_it_goes_on_from_any_row() -> None:
    expected = folded(ROWS)
    for number in range(len(ROWS) + 1):
        tables = folded(ROWS[:number])
        books = tables.books()
        for entry in fold(books, ROWS[number:]):
            tables.write(entry)
        assert contents(books) == contents(expected.books())


def test_nothing_is_read_before_it_is_asked_for() -> None:
    books = Tables().books()
    entries = fold(books, iter(ROWS))
    assert books.journal_sequence == 0
    next(entries)
    assert books.journal_sequence == 1


def test_rows_of_an_older_program_keep_their_hashes() -> None:
    """It knew fewer fields, so its bytes are not those that we would write."""
    old = msgspec.defstruct("Grown", [("sequence", int)], frozen=True)
    new = msgspec.defstruct("Grown", [("sequence", int), ("later", int | None, None)], frozen=True)
    rows = []
    before = pages.books(pages.products(old))
    for sequence in (1, 2, 3):
        page = Page(before)
        page.write(pages.part(old(sequence), market_id=1))
        rows.append(page.close().journal)
    after = pages.books(pages.products(new))
    entries = list(fold(after, rows))
    assert [entry.markets[0].sequence for entry in entries] == [1, 2, 3]
    assert after.journal_hash == rows[-1].hash
    assert entries[-1].journal == rows[-1]


# What is found, and where


def test_a_missing_row() -> None:
    assert error_of([*ROWS[:1], *ROWS[2:]]) == "row 3 stands where row 2 belongs"


def test_a_first_row_that_is_missing() -> None:
    assert error_of(ROWS[1:]) == "row 2 stands where row 1 belongs"


def test_rows_that_changed_places() -> None:
    assert error_of([ROWS[0], ROWS[2], ROWS[1]]) == "row 3 stands where row 2 belongs"


def test_a_repeated_row() -> None:
    assert error_of([ROWS[0], ROWS[0]]) == "row 1 stands where row 2 belongs"


@pytest.mark.parametrize("number", [1, 2, 3, 4])
def test_a_single_bit_in_a_body(number: int) -> None:
    body = ROWS[number - 1].body
    for place in range(0, len(body), 5):
        flipped = bytes([*body[:place], body[place] ^ 1, *body[place + 1 :]])
        rows = [*ROWS[: number - 1], replace(ROWS[number - 1], body=flipped), *ROWS[number:]]
        assert error_of(rows) == f"row {number} does not have the hash of its content"


def test_a_row_of_another_journal() -> None:
    """Its own hash is right, but not behind our row 2."""
    foreign = chained(changed(2, now_ms=row(2).now_ms))[2]
    other = replace(foreign, hash=chain_hash(bytes(32), foreign.body))
    assert error_of([*ROWS[:2], other]) == "row 3 does not have the hash of its content"


def test_a_balance_that_the_events_do_not_make() -> None:
    balances = [replace(b, total=b.total + 1) if b.account_id == HOUSE else b for b in row(2).balances]
    said = error_of(changed(2, balances=tuple(balances)))
    assert said == "row 2: account -3 has (10000000001, 0) USD, its events make (10000000000, 0)"


def test_a_balance_too_many_and_one_too_few() -> None:
    more = (*row(2).balances, BalanceRecord(9, "USD", 1, 0))
    assert error_of(changed(2, balances=more)) == "row 2: account 9 has (1, 0) USD, its events make None"
    fewer = row(2).balances[1:]
    assert error_of(changed(2, balances=fewer)).startswith("row 2: account -1 has None USD")


def test_money_from_nowhere() -> None:
    """The events themselves are refused, as the ledger would have."""
    (part,) = row(4).parts
    order, closed, *rest = part.events
    events = (order, replace(closed, unheld=closed.unheld - 1), *rest)
    assert error_of(changed(4, parts=(replace(part, events=events),))).startswith(
        "row 4: order 3 holds 10000, not 9999"
    )
    gift = MoneyMoved(row(2).parts[0].events[0].kind, 1, "gift", "BTC", 10**20, 2, 1)
    assert error_of(changed(4, parts=(Part(0, part.now_ms, (gift,)),))).startswith("row 4: account 2 would stand at -")


def test_an_event_that_was_left_out() -> None:
    (part,) = row(3).parts
    said = error_of(changed(3, parts=(replace(part, events=part.events[1:]),)))
    assert said == "row 3: event 3 of BTC_USD does not follow event 1"


def test_numbers_of_trades_and_logs_that_do_not_follow() -> None:
    assert error_of(changed(3, first_trade_id=2)).startswith("row 3: it begins with trade 2 and log 7, where trade 1")
    assert error_of(changed(3, first_log_id=8)).startswith("row 3: it begins with trade 1 and log 8, where trade 1")


def test_a_row_that_is_of_another_time_than_its_content() -> None:
    rows = [replace(ROWS[0], now_ms=1), *ROWS[1:]]
    assert error_of(rows) == "row 1: its content is of 1700000000000, the row of 1"


def test_a_row_that_can_not_be_read() -> None:
    rows = chained([ROWS[0], replace(ROWS[1], body=b"\x92\x02\x00"), *ROWS[2:]])
    assert error_of(rows) == "row 2: the row has format 2, this program reads 1"
