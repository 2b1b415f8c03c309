"""What a page takes, what it refuses, and the rows that it leaves."""

import pytest

from engine.ledger.journal import Part, PartRefused, chain_hash
from engine.ledger.page import Page
from engine.ledger.records import BalanceRecord, ChannelRecord
from tests.engine.ledger.pages import ANN, BOB, NOW, Held, Listed, Moved, Numbered, Told, books, part, write_all
from tests.engine.ledger.tables import contents

HOUSE, FEES, OUTSIDE = -3, -2, -1


def refusal_of(*events: object, market_id: int = 0) -> str:
    """Why a page refuses this part; the books must not have moved."""
    ledger = books()
    before = contents(ledger)
    with pytest.raises(PartRefused) as refused:
        Page(ledger).write(part(*events, market_id=market_id))
    assert contents(ledger) == before
    return str(refused.value)


# Balance


def test_a_part_moves_totals_and_the_books_follow_when_the_page_closes() -> None:
    ledger = books()
    page = Page(ledger)
    page.write(part(Moved(ANN, "USD", -5), Moved(BOB, "USD", 5)))
    assert ledger.balance(ANN, "USD") == (60, 10)
    page.close()
    assert ledger.balance(ANN, "USD") == (55, 10)
    assert ledger.balance(BOB, "USD") == (45, 0)


def test_each_asset_must_sum_to_zero() -> None:
    assert refusal_of(Moved(ANN, "USD", 5)) == "USD of market 0 does not sum to zero: 5"
    assert refusal_of(Moved(ANN, "USD", -5), Moved(BOB, "USD", 4)) == "USD of market 0 does not sum to zero: -1"
    assert "does not sum to zero" in refusal_of(Moved(ANN, "USD", -5), Moved(BOB, "BTC", 5))


def test_the_fees_account_takes_part_in_the_sum_though_it_has_no_log() -> None:
    ledger = books()
    page = Page(ledger)
    page.write(part(Moved(ANN, "USD", -5), Moved(FEES, "USD", 5)))
    assert [row.account_id for row in page.close().asset_logs] == [ANN]
    assert ledger.balance(FEES, "USD") == (5, 0)


@pytest.mark.parametrize(
    ("events", "said"),
    [
        ((Moved(BOB, "USD", -41), Moved(ANN, "USD", 41)), "account 2 would stand at -1 USD, of which 0 held"),
        ((Moved(ANN, "USD", -51), Moved(BOB, "USD", 51)), "account 1 would stand at 9 USD, of which 10 held"),
        ((Held(ANN, "USD", 51),), "account 1 would stand at 60 USD, of which 61 held"),
        ((Held(ANN, "USD", -11),), "account 1 would stand at 60 USD, of which -1 held"),
        ((Held(BOB, "BTC", 1),), "account 2 would stand at 0 BTC, of which 1 held"),
        ((Moved(HOUSE, "USD", -1), Moved(ANN, "USD", 1)), "account -3 would stand at -1 USD, of which 0 held"),
        ((Moved(FEES, "USD", -1), Moved(ANN, "USD", 1)), "account -2 would stand at -1 USD, of which 0 held"),
    ],
)
def test_nobody_goes_below_zero_available_or_held(events: tuple[object, ...], said: str) -> None:
    assert refusal_of(*events) == said


def test_only_the_outside_world_may_owe() -> None:
    ledger = books()
    page = Page(ledger)
    page.write(part(Moved(OUTSIDE, "BTC", -7), Moved(ANN, "BTC", 7)))
    page.close()
    assert ledger.issued("BTC") == 7


def test_a_part_is_judged_by_where_it_ends() -> None:
    """Inside it, a hold may stand above the total for a moment: a market order holds, pays and releases at once."""
    page = Page(books())
    page.write(part(Held(BOB, "USD", 50), Moved(BOB, "USD", -30), Moved(ANN, "USD", 30), Held(BOB, "USD", -50)))
    assert page.close().balances == (BalanceRecord(BOB, "USD", 10, 0), BalanceRecord(ANN, "USD", 90, 10))


def test_amounts_pass_64_bits() -> None:
    huge = 10**76
    ledger = books()
    page = Page(ledger)
    page.write(part(Moved(OUTSIDE, "BTC", -huge), Moved(ANN, "BTC", huge), Held(ANN, "BTC", huge - 1)))
    entry = page.close()
    assert entry.balances[-1] == BalanceRecord(ANN, "BTC", huge, huge - 1)
    assert ledger.codec.unpack(entry.journal.body).balances == entry.balances


# Sequences


def test_a_markets_events_follow_one_another() -> None:
    ledger = books()
    page = Page(ledger)
    page.write(part(Numbered(1), Numbered(2), market_id=1))
    page.write(part(Numbered(1), market_id=2))
    page.write(part(Numbered(3), market_id=1))
    page.close()
    assert [ledger.markets[market_id].sequence for market_id in (1, 2)] == [3, 1]


@pytest.mark.parametrize(
    ("sequences", "said"),
    [
        ((2,), "event 2 of market 1 does not follow event 0"),
        ((1, 3), "event 3 of market 1 does not follow event 1"),
        ((1, 1), "event 1 of market 1 does not follow event 1"),
        ((0,), "event 0 of market 1 does not follow event 0"),
    ],
)
def test_a_hole_or_a_repeat_is_refused(sequences: tuple[int, ...], said: str) -> None:
    assert refusal_of(*map(Numbered, sequences), market_id=1) == said


def test_an_unknown_market_is_refused() -> None:
    assert refusal_of(Numbered(1), market_id=9) == "there is no market 9"


# One part alone


def test_a_part_that_is_refused_is_refused_alone() -> None:
    """Whatever is wrong with it, and wherever it stands among the others."""
    good = [
        part(Numbered(1), Moved(ANN, "USD", -5), Moved(BOB, "USD", 5), Told(ANN), market_id=1),
        part(Moved(BOB, "USD", -45), Moved(ANN, "USD", 45), Told(ANN)),
    ]
    bad = [
        part(Moved(ANN, "USD", 1), market_id=2),
        part(Moved(BOB, "BTC", -1), Moved(ANN, "BTC", 1), market_id=2),
        part(Told(ANN), Numbered(2), market_id=2),
        part(Told(BOB), Listed(1), market_id=2),
    ]
    expected = books()
    entry = write_all(expected, good)[0].close()
    for wrong in bad:
        for place in range(3):
            ledger = books()
            page, refused = write_all(ledger, [*good[:place], wrong, *good[place:]])
            assert page.close() == entry
            assert len(refused) == 1
            assert contents(ledger) == contents(expected)


def test_the_successor_of_a_refused_part_is_refused_too() -> None:
    """Its market's numbers have a hole now: the market must rebuild itself."""
    wrong, later = part(Numbered(1), Moved(ANN, "USD", 1), market_id=2), part(Numbered(2), market_id=2)
    page, refused = write_all(books(), [wrong, later])
    assert page.parts == []
    assert refused == ["USD of market 2 does not sum to zero: 1", "event 2 of market 2 does not follow event 0"]


# What a page leaves


def test_balances_that_end_where_they_began_have_no_row_but_are_known_to_accounts() -> None:
    page = Page(books())
    page.write(part(Held(ANN, "USD", 5), Held(ANN, "USD", -5), Held(BOB, "USD", 5)))
    assert page.close().balances == (BalanceRecord(BOB, "USD", 40, 5),)
    assert page.changes() == [(ANN, "USD", 0, 0), (BOB, "USD", 0, 5)]


def test_logs_are_numbered_on_and_say_before_and_after() -> None:
    ledger = books(log_id=41)
    page = Page(ledger)
    page.write(part(Moved(ANN, "USD", -5), Moved(BOB, "USD", 5), Moved(ANN, "USD", 1), Moved(BOB, "USD", -1)))
    rows = page.close().asset_logs
    assert [row.log_id for row in rows] == [42, 43, 44, 45]
    assert [(row.account_id, row.before, row.amount, row.after) for row in rows] == [
        (ANN, 60, -5, 55),
        (BOB, 40, 5, 45),
        (ANN, 55, 1, 56),
        (BOB, 45, -1, 44),
    ]
    assert ledger.log_id == 45


def test_a_page_is_as_late_as_its_latest_part() -> None:
    page = Page(books())
    page.write(part(Numbered(1), market_id=1, now_ms=NOW + 5))
    page.write(part(Numbered(1), market_id=2, now_ms=NOW + 3))
    assert page.close().journal.now_ms == NOW + 5


def test_rows_of_the_journal_are_chained() -> None:
    ledger = books()
    hashes = [ledger.journal_hash]
    for sequence in (1, 2, 3):
        page = Page(ledger)
        page.write(part(Numbered(sequence), market_id=1))
        row = page.close().journal
        assert (row.sequence, row.hash) == (sequence, chain_hash(hashes[-1], row.body))
        hashes.append(row.hash)
    assert (ledger.journal_sequence, ledger.journal_hash) == (3, hashes[-1])


def test_private_streams_count_on_over_parts_pages_and_restarts() -> None:
    """Balances are told when the page closes; system accounts have no stream."""
    ledger = books(streams={"account:1": 7})
    page = Page(ledger)
    page.write(part(Told(ANN), Told(BOB), Told(HOUSE)))
    page.write(part(Told(ANN), Moved(ANN, "USD", -1), Moved(FEES, "USD", 1)))
    entry = page.close()
    assert [(message.account_id, message.seq) for message in page.messages] == [(1, 8), (2, 1), (1, 9), (1, 10)]
    assert page.messages[-1].content == BalanceRecord(ANN, "USD", 59, 10)
    assert entry.channels == (ChannelRecord("account:1", 10), ChannelRecord("account:2", 1))
    again = books(streams=ledger.streams)
    page = Page(again)
    page.write(part(Told(BOB), Told(ANN)))
    assert [(message.account_id, message.seq) for message in page.messages] == [(2, 2), (1, 11)]


def test_a_spoilt_page_uses_up_no_number() -> None:
    ledger = books()
    page, _ = write_all(
        ledger, [part(Told(ANN)), part(Told(ANN), Told(BOB), Numbered(5), market_id=1), part(Told(ANN))]
    )
    assert [(message.account_id, message.seq) for message in page.messages] == [(1, 1), (1, 2)]


# Markets


def test_a_new_market_is_known_from_then_on() -> None:
    ledger = books()
    page = Page(ledger)
    page.write(part(Listed(3), Listed(4)))
    page.write(part(Numbered(1), market_id=4))
    assert page.definition(4) == ("test", b"terms")
    assert 4 not in ledger.definitions, "a page that may yet be spoilt has not changed the books"
    assert [market.market_id for market in page.close().markets] == [3, 4]
    assert ledger.market_id == 4
    assert ledger.definitions[4] == ("test", b"terms")


@pytest.mark.parametrize("events", [(Listed(1),), (Listed(3), Listed(3))])
def test_a_market_is_listed_once(events: tuple[object, ...]) -> None:
    assert refusal_of(*events).endswith("is there already")


def test_parts_are_kept_for_the_journal() -> None:
    ledger = books()
    page = Page(ledger)
    parts = (part(Numbered(1), market_id=1), part(Told(ANN), now_ms=NOW + 1))
    for one in parts:
        page.write(one)
    row = ledger.codec.unpack(page.close().journal.body)
    assert row.parts == parts
    assert isinstance(row.parts[0], Part)
