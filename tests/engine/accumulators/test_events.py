"""The events of accumulators in the journal: all of them are read as they were written, whatever they hold."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.accumulators.events import AccumulatorClaimed, AccumulatorEvent, AccumulatorLost, AccumulatorPlaced, Leg
from engine.betting.events import PoolMoved
from engine.ledger.bets import Acceptance
from engine.ledger.journal import JournalCodec, Part, Row
from engine.products import PRODUCTS
from engine.trading.events import MarketHalted, MarketResumed

CODEC = JournalCodec(tuple(PRODUCTS.writers))

IDS = st.integers(0, 2**53)
ODDS = st.integers(101, 100_000)
UNITS = st.integers(-(10**77), 10**77)
LEGS = st.lists(st.builds(Leg, IDS, IDS, ODDS, ODDS, IDS), max_size=20).map(tuple)
CLIENT_IDS = st.none() | st.text(max_size=10)
EVENTS: dict[type, st.SearchStrategy[Any]] = {
    AccumulatorPlaced: st.builds(
        AccumulatorPlaced, IDS, IDS, IDS, CLIENT_IDS, LEGS, UNITS, st.sampled_from(Acceptance)
    ),
    AccumulatorClaimed: st.builds(AccumulatorClaimed, IDS, IDS, IDS, UNITS),
    AccumulatorLost: st.builds(AccumulatorLost, IDS, IDS),
    PoolMoved: st.builds(PoolMoved, IDS, UNITS),
    MarketHalted: st.builds(MarketHalted, IDS),
    MarketResumed: st.builds(MarketResumed, IDS),
}


def test_here_is_every_event_of_accumulators() -> None:
    assert set(EVENTS) == set(AccumulatorEvent.__args__)


@settings(max_examples=60)
@given(events=st.lists(st.one_of(*EVENTS.values()), max_size=3))
def test_what_is_written_is_read(events: list[AccumulatorEvent]) -> None:
    row = Row(5, 1, 1, (Part(7, 5, tuple(events)),), ())
    assert CODEC.unpack(CODEC.pack(row)) == row


@pytest.mark.parametrize(
    ("event", "plain"),
    [
        (
            AccumulatorPlaced(1, 2, 3, None, (Leg(4, 5, 600, 700, 8), Leg(5, 1, 101, 101, 2)), 10**20, Acceptance.ANY),
            ("AccumulatorPlaced", 1, 2, 3, None, [[4, 5, 600, 700, 8], [5, 1, 101, 101, 2]], str(10**20), "any"),
        ),
        (AccumulatorClaimed(1, 2, 3, 10**20), ("AccumulatorClaimed", 1, 2, 3, str(10**20))),
        (AccumulatorLost(1, 2), ("AccumulatorLost", 1, 2)),
    ],
)
def test_each_kind_stands_in_a_row_under_its_name(event: Any, plain: tuple[object, ...]) -> None:
    """Money is text, enums are their values, legs lie in it one by one."""
    assert CODEC.pack_event(event) == plain
