"""The journal's bytes: they are read as they were written, and they don't change unnoticed."""

import enum
from typing import Any

import msgpack
import msgspec
import pytest

from engine.accumulators.events import AccumulatorEvent
from engine.betting.events import BettingEvent
from engine.betting.lifecycle import Step
from engine.ledger.bets import Acceptance, GroupKind, Pick, Result
from engine.ledger.chart import FEES, MAKER, pool_of
from engine.ledger.events import LedgerEvent
from engine.ledger.journal import (
    FORMAT,
    GENESIS_HASH,
    JournalCodec,
    JournalError,
    Part,
    Row,
    chain_hash,
    check_chain,
)
from engine.ledger.records import BalanceRecord, JournalRecord
from engine.ledger.units import Units
from engine.prediction.events import PredictionEvent
from engine.products import PRODUCTS
from engine.trading.events import TradingEvent
from tests.engine.golden import accumulators, betting, prediction
from tests.engine.golden.history import ANN, BOB, HISTORY, HOUSE, WEALTH, WHOLE_HISTORY
from tests.engine.golden.journal import NEWEST, as_text, from_text, golden_file, rows_of_history

CODEC = JournalCodec(tuple(PRODUCTS.writers))


# The golden file


def test_the_bytes_are_those_of_the_golden_file() -> None:
    """If this fails, either the change was not meant, or a new file must be written: tests/engine/golden/journal.py."""
    assert as_text(rows_of_history(WHOLE_HISTORY)) == golden_file(NEWEST).read_text(encoding="ascii")


def golden_rows(number: int) -> list[Row]:
    return [CODEC.unpack(row.body) for row in from_text(golden_file(number).read_text(encoding="ascii"))]


def test_the_golden_file_is_understood() -> None:
    rows = golden_rows(NEWEST)
    assert tuple(row.parts for row in rows) == WHOLE_HISTORY
    latest = {(b.account_id, b.asset): (b.total, b.held) for row in rows[13:] for b in row.balances}
    house = HOUSE_AFTER_BETTING - accumulators.FUND + accumulators.RETURNED
    assert latest == {
        (ANN, "USD"): (ANN_AFTER_BETTING - accumulators.STAKE + accumulators.WON, 0),
        (BOB, "USD"): (3_997_999 - 201 + 192 - 108, 0),
        (HOUSE, "USD"): (house, 0),
        (pool_of(5), "USD"): (0, 0),
    }


ANN_AFTER_BETTING = WEALTH - 4_000_000 - 8_000 + 4_000 + 5_000 - betting.STAKE + betting.WON
HOUSE_AFTER_BETTING = 10**10 - 10**6 + 1 + betting.FUND + betting.STAKE + 201 - betting.WON - 192 - 191


def test_the_golden_file_from_before_accumulators_is_still_understood() -> None:
    """The same bytes but for a field less in each standing of a match, which is read as not final."""
    rows = golden_rows(3)
    assert tuple(row.parts for row in rows) == (*HISTORY, *prediction.HISTORY, *betting.HISTORY)
    latest = {(b.account_id, b.asset): (b.total, b.held) for row in rows[8:] for b in row.balances}
    assert latest == {
        (-1, "USD"): (-WEALTH - 10**10 + 1 - betting.FUND, 0),
        (ANN, "USD"): (ANN_AFTER_BETTING, 0),
        (BOB, "USD"): (3_997_999 - 201 + 192, 0),
        (HOUSE, "USD"): (HOUSE_AFTER_BETTING, 0),
        (pool_of(3), "USD"): (191, 0),  # that nobody has claimed
    }


def test_the_golden_file_from_before_betting_is_still_understood() -> None:
    """The same bytes but for a field less in each market that is listed, which is read as open."""
    rows = golden_rows(2)
    assert tuple(row.parts for row in rows) == (*HISTORY, *prediction.HISTORY)
    latest = {(b.account_id, b.asset): (b.total, b.held) for row in rows[4:] for b in row.balances}
    assert latest == {
        (MAKER, "USD"): (10**6 - 1 - 12_000 + 6_000 + 5_000, 0),
        (ANN, "USD"): (WEALTH - 4_000_000 - 8_000 + 4_000 + 5_000, 0),
        (BOB, "USD"): (3_997_999, 0),
        (HOUSE, "USD"): (10**10 - 10**6 + 1, 0),
        (FEES, "USD"): (2_000, 0),
        (pool_of(2), "USD"): (0, 0),
    }


def test_the_golden_file_from_before_prediction_markets_is_still_understood() -> None:
    """The same bytes but for a field less in each order and trade, which is read as None."""
    rows = golden_rows(1)
    assert tuple(row.parts for row in rows) == HISTORY
    assert [(row.first_trade_id, row.first_log_id) for row in rows] == [(1, 1), (1, 1), (1, 7), (2, 13)]
    latest = {(b.account_id, b.asset): (b.total, b.held) for row in rows for b in row.balances}
    assert latest == {
        (-1, "USD"): (-WEALTH - 10**10 + 1, 0),
        (-1, "BTC"): (-50 * 10**10, 0),
        (ANN, "USD"): (WEALTH - 4_000_000, 0),
        (ANN, "BTC"): (2 * 10**10 - 40_000_000, 0),
        (BOB, "USD"): (3_997_999, 0),
        (BOB, "BTC"): (48 * 10**10, 0),
        (HOUSE, "USD"): (10**10, 0),
        (-2, "USD"): (2_000, 0),
        (-2, "BTC"): (40_000_000, 0),
    }


def test_the_golden_history_has_every_kind_of_event() -> None:
    kinds = {type(event) for parts in WHOLE_HISTORY for part in parts for event in part.events}
    expected = set((LedgerEvent | TradingEvent | PredictionEvent | BettingEvent | AccumulatorEvent).__args__)
    assert kinds == expected == set(PRODUCTS.writers)


@pytest.mark.parametrize("kind", [Acceptance, GroupKind, Pick, Result, Step])
def test_the_golden_history_has_every_value_of_a_match(kind: type[enum.Enum]) -> None:
    text = repr((betting.HISTORY, accumulators.HISTORY))
    assert not [value for value in kind if repr(value) not in text]


# Reading what can't be read


def test_a_row_of_another_format_is_refused_by_its_number() -> None:
    body = msgpack.packb((FORMAT + 1, "whatever", "comes", "then"))
    with pytest.raises(JournalError, match="the row has format 2, this program reads 1"):
        CODEC.unpack(body)


def packed(**changes: Any) -> bytes:
    """A row with one event, written by hand."""
    fields = {
        "format": FORMAT,
        "now_ms": 5,
        "first_trade_id": 1,
        "first_log_id": 1,
        "parts": [[1, 5, [["MarketHalted", 1]]]],
        "balances": [[1, "USD", "10", "3"]],
    }
    body: bytes = msgpack.packb(list({**fields, **changes}.values()))
    return body


def test_a_row_written_by_hand_is_read() -> None:
    assert CODEC.unpack(packed()).balances == (BalanceRecord(1, "USD", 10, 3),)


MONEY = ["MoneyMoved", "deposit", 1, "t", "USD", "5", -1, 1]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\xc1",
        msgpack.packb(7),
        msgpack.packb("text"),
        msgpack.packb([]),
        msgpack.packb([FORMAT]),
        packed()[:-1],
        packed() + b"\x00",
        packed(parts=7),
        packed(parts=[[1, 5]]),
        packed(parts=[[1, 5, [["NoSuchEvent", 1]]]]),
        packed(parts=[[1, 5, [["MarketHalted"]]]]),  # a field too few
        packed(parts=[[1, 5, [["MarketHalted", 1, 2]]]]),  # and one too many: a newer program's
        packed(parts=[[1, 5, [[*MONEY[:1], "gift", *MONEY[2:]]]]]),  # no such kind of movement
        packed(parts=[[1, 5, [[*MONEY[:5], "much", *MONEY[6:]]]]]),  # no number
        packed(balances=[[1, "USD", "10"]]),
        packed(balances=[[1, "USD", "10", None]]),
        packed(balances=[[1, "USD", "10", "x"]]),
    ],
)
def test_what_is_no_row_is_a_journal_error_and_nothing_else(body: bytes) -> None:
    with pytest.raises(JournalError):
        CODEC.unpack(body)


# Events that grow


class Colour(enum.Enum):
    """Some enum."""

    RED = "red"


class Inner(msgspec.Struct, frozen=True):
    """A struct in a struct."""

    amount: Units
    note: str | None


class Event(msgspec.Struct, frozen=True):
    """Every kind of field that a row can carry."""

    number: int
    flag: bool
    colour: Colour
    inner: Inner
    money: Units | None
    names: tuple[str, ...]
    inners: tuple[Inner, ...]
    colours: tuple[tuple[Colour, ...], ...]


def row_of(event: object) -> Row:
    return Row(5, 1, 1, (Part(1, 5, (event,)),), ())


@pytest.mark.parametrize(
    "event",
    [
        Event(2**53, True, Colour.RED, Inner(10**77, "ä☂"), -(10**77), ("ä", ""), (Inner(10**77, None),), ()),
        Event(-1, False, Colour.RED, Inner(-1, None), None, (), (), ((), (Colour.RED, Colour.RED))),
        Event(0, False, Colour.RED, Inner(0, ""), 0, ("",), (Inner(-1, ""), Inner(0, None)), ((Colour.RED,),)),
    ],
)
def test_what_is_written_is_read(event: Event) -> None:
    codec = JournalCodec((Event,))
    assert codec.unpack(codec.pack(row_of(event))) == row_of(event)


def test_an_older_row_lacks_the_last_fields() -> None:
    """They are given their defaults."""
    old = msgspec.defstruct("Grown", [("number", int)], frozen=True)
    new = msgspec.defstruct("Grown", [("number", int), ("later", int | None, None)], frozen=True)
    body = JournalCodec((old,)).pack(row_of(old(3)))
    assert JournalCodec((new,)).unpack(body) == row_of(new(3, None))


def test_a_newer_row_is_refused_rather_than_read_in_part() -> None:
    old = msgspec.defstruct("Grown", [("number", int)], frozen=True)
    new = msgspec.defstruct("Grown", [("number", int), ("later", int | None, None)], frozen=True)
    with pytest.raises(JournalError):
        JournalCodec((old,)).unpack(JournalCodec((new,)).pack(row_of(new(3, 4))))


def test_two_events_of_one_name_could_not_be_told_apart() -> None:
    twin = msgspec.defstruct("Event", [("number", int)])
    with pytest.raises(AssertionError):
        JournalCodec((Event, twin))


@pytest.mark.parametrize("hint", [float, list[int], tuple[int, str], tuple[float, ...], int | str, object])
def test_a_field_that_a_row_can_not_carry_is_noticed_at_once(hint: Any) -> None:
    with pytest.raises(AssertionError, match="the journal can't carry"):
        JournalCodec((msgspec.defstruct("Odd", [("field", hint)]),))


# The chain


def record(sequence: int, previous: bytes, body: bytes = b"body") -> JournalRecord:
    return JournalRecord(sequence, 5, body, chain_hash(previous, body))


FIRST = record(1, GENESIS_HASH)
SECOND = record(2, FIRST.hash)


def test_rows_follow_one_another() -> None:
    check_chain(None, FIRST)
    check_chain(FIRST, SECOND)


@pytest.mark.parametrize(
    ("previous", "row", "said"),
    [
        (None, SECOND, "row 2 stands where row 1 belongs"),
        (FIRST, FIRST, "row 1 stands where row 2 belongs"),
        (FIRST, record(3, SECOND.hash), "row 3 stands where row 2 belongs"),
        (FIRST, record(2, GENESIS_HASH), "row 2 does not have the hash of its content"),
        (None, record(1, FIRST.hash), "row 1 does not have the hash of its content"),
        (FIRST, JournalRecord(2, 5, b"other", SECOND.hash), "row 2 does not have the hash of its content"),
        (FIRST, JournalRecord(2, 5, SECOND.body, bytes(32)), "row 2 does not have the hash of its content"),
    ],
)
def test_what_does_not_follow_is_refused(previous: JournalRecord | None, row: JournalRecord, said: str) -> None:
    with pytest.raises(JournalError, match=said):
        check_chain(previous, row)


def test_the_hash_is_sha_256_of_the_previous_hash_and_the_body() -> None:
    assert chain_hash(b"a", b"b").hex() == "fb8e20fc2e4c3f248c60c39bd652f3c1347298bb977b8b4d5903b85055620603"
