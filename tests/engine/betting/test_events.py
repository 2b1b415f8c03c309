"""The events of a match in the journal: all of them are read as they were written, whatever they hold."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.betting.events import BetClaimed, BetPlaced, BettingEvent, MatchDescribed, MatchMoved, OddsSet, PoolMoved
from engine.betting.lifecycle import MatchStanding, Step
from engine.betting.match import Board, Moneyline, Spread, Total
from engine.ledger.bets import Acceptance, GroupKind, OptionRecord, Pick, Result
from engine.ledger.journal import JournalCodec, Part, Row
from engine.ledger.records import MarketState
from engine.products import PRODUCTS

CODEC = JournalCodec(tuple(PRODUCTS.writers))

IDS = st.integers(0, 2**53)
ODDS = st.integers(101, 100_000)
LINES = st.integers(-4_000, 4_000)
UNITS = st.integers(-(10**77), 10**77)
TEXTS = st.text(max_size=10)


def maybe(strategy: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.none() | strategy


BOARDS = st.builds(
    Board,
    maybe(st.builds(Moneyline, ODDS, ODDS, maybe(ODDS))),
    maybe(st.builds(Spread, LINES, ODDS, ODDS)),
    maybe(st.builds(Total, LINES, ODDS, ODDS)),
)
STANDINGS = st.builds(
    MatchStanding, IDS, BOARDS, TEXTS, st.booleans(), maybe(IDS), maybe(IDS), st.integers(0, 10**77).map(str)
)
OPTIONS = st.lists(
    st.builds(
        OptionRecord,
        IDS,
        IDS,
        IDS,
        st.sampled_from(GroupKind),
        st.sampled_from(Pick),
        st.booleans(),
        maybe(LINES),
        ODDS,
        st.booleans(),
        maybe(st.sampled_from(Result)),
    ),
    max_size=4,
).map(tuple)
STATES = st.sampled_from(MarketState)
EVENTS: dict[type, st.SearchStrategy[Any]] = {
    OddsSet: st.builds(OddsSet, IDS, IDS, TEXTS, STATES, STANDINGS, OPTIONS),
    MatchMoved: st.builds(MatchMoved, IDS, st.sampled_from(Step), IDS, STATES, STANDINGS, OPTIONS),
    MatchDescribed: st.builds(MatchDescribed, IDS, IDS, TEXTS),
    PoolMoved: st.builds(PoolMoved, IDS, UNITS),
    BetPlaced: st.builds(BetPlaced, IDS, IDS, IDS, maybe(TEXTS), IDS, UNITS, ODDS, ODDS, st.sampled_from(Acceptance)),
    BetClaimed: st.builds(BetClaimed, IDS, IDS, IDS, UNITS),
}


def test_here_is_every_event_of_a_match() -> None:
    assert set(EVENTS) == set(BettingEvent.__args__)


@settings(max_examples=60)
@given(events=st.lists(st.one_of(*EVENTS.values()), max_size=3))
def test_what_is_written_is_read(events: list[BettingEvent]) -> None:
    row = Row(5, 1, 1, (Part(7, 5, tuple(events)),), ())
    assert CODEC.unpack(CODEC.pack(row)) == row


@pytest.mark.parametrize("kind", EVENTS)
def test_each_kind_stands_in_a_row_under_its_name(kind: type) -> None:
    """The first word is the tag."""
    plain: dict[type, BettingEvent] = {
        OddsSet: OddsSet(1, 2, "", MarketState.OPEN, MatchStanding(), ()),
        MatchMoved: MatchMoved(1, Step.OPEN, 2, MarketState.OPEN, MatchStanding()),
        MatchDescribed: MatchDescribed(1, 2, ""),
        PoolMoved: PoolMoved(1, -5),
        BetPlaced: BetPlaced(1, 2, 3, None, 4, 5, 600, 700, Acceptance.ANY),
        BetClaimed: BetClaimed(1, 2, 3, 4),
    }
    assert CODEC.pack_event(plain[kind])[:2] == (kind.__name__, 1)
