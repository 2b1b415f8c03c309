"""The arguments of the commit: one JSON array for each part, and nothing in it twice."""

from typing import Any

import msgspec

from engine.ledger.records import Entry
from storage.statement import arguments
from tests.storage.entries import Entries, accumulator, closed, leg, placed


def sent(entry: Entry) -> tuple[list[Any], list[Any], list[int]]:
    """What is sent of accumulators, of legs, and how many of each."""
    *_, accumulators, legs, counts = arguments(entry)
    assert isinstance(accumulators, str)
    assert isinstance(legs, str)
    assert isinstance(counts, list)
    return msgspec.json.decode(accumulators), msgspec.json.decode(legs), counts[-2:]


def test_an_accumulators_legs_are_sent_once() -> None:
    rows = [accumulator(bet_id, *(leg(bet_id, number) for number in (1, 2, 3))) for bet_id in (1, 2)]
    accumulators, legs, counts = sent(Entries().next(**placed(*rows)))
    assert [(row["bet_id"], row["legs"]) for row in accumulators] == [(1, []), (2, [])]
    assert [(row["bet_id"], row["leg"]) for row in legs] == [(1, 1), (1, 2), (1, 3), (2, 1), (2, 2), (2, 3)]
    assert counts == [2, 6]


def test_an_accumulator_is_closed_without_its_legs() -> None:
    [row], legs, counts = sent(Entries().next(accumulators=[closed(accumulator(1))]))
    assert (row["payout"], row["legs"], legs, counts) == (3_422, [], [], [1, 0])
