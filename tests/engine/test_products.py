"""What the ledger knows of products: every event has its writer, and every market's terms can be read."""

import pytest

from engine.accumulators.events import AccumulatorEvent
from engine.accumulators.terms import Accumulators
from engine.betting.events import BettingEvent
from engine.betting.match import Match, make_match
from engine.ledger.events import LedgerEvent
from engine.ledger.journal import JournalCodec
from engine.prediction.events import PredictionEvent
from engine.prediction.question import TICKS, Question, VoidPolicy, make_question
from engine.products import (
    ACCUMULATORS,
    ADMISSIONS,
    BETTING,
    DEFINITIONS,
    PREDICTION,
    PRODUCTS,
    SPOT,
    WITH_BOOK,
    read_definition,
    write_definition,
)
from engine.spot.symbol import SpotSymbol, make_symbol
from engine.trading.events import TradingEvent


def test_every_event_has_a_writer_and_every_writer_an_event() -> None:
    events = LedgerEvent | TradingEvent | PredictionEvent | BettingEvent | AccumulatorEvent
    assert set(PRODUCTS.writers) == set(events.__args__)


def test_every_event_can_be_written_into_the_journal() -> None:
    JournalCodec(tuple(PRODUCTS.writers))


@pytest.mark.parametrize("name", ["BTC_USDT", "ETH_USDT", "ETH_BTC"])
def test_terms_are_read_as_they_were_written(name: str) -> None:
    symbol = make_symbol(name, tick="0.000001", lot="0.0001", price_band="0.1")
    assert isinstance(symbol, SpotSymbol)
    assert read_definition(SPOT, write_definition(symbol)) == symbol
    assert PRODUCTS.read_definition(SPOT, write_definition(symbol)) == symbol


@pytest.mark.parametrize("tick_units", TICKS)
@pytest.mark.parametrize("void_policy", VoidPolicy)
def test_a_question_is_read_as_it_was_written(tick_units: int, void_policy: VoidPolicy) -> None:
    question = make_question(
        title="Größer als ☂?",
        description="",
        category="weather",
        resolution_ms=2,
        now_ms=1,
        tick_units=tick_units,
        maker_rate=1,
        taker_rate=10**7,
        void_policy=void_policy,
    )
    assert isinstance(question, Question)
    assert read_definition(PREDICTION, write_definition(question)) == question
    assert PRODUCTS.read_definition(PREDICTION, write_definition(question)) == question


def test_a_match_is_read_as_it_was_written() -> None:
    match = make_match(league="Süper Lig", home_team="Köln ☂", away_team="Ajax", start_ms=2, asset="USD", now_ms=1)
    assert isinstance(match, Match)
    assert read_definition(BETTING, write_definition(match)) == match
    assert PRODUCTS.read_definition(BETTING, write_definition(match)) == match


def test_the_terms_of_accumulators_are_read_as_they_were_written() -> None:
    terms = Accumulators("USD")
    assert read_definition(ACCUMULATORS, write_definition(terms)) == terms
    assert PRODUCTS.read_definition(ACCUMULATORS, write_definition(terms)) == terms


def test_an_unknown_product_is_a_bug() -> None:
    assert list(DEFINITIONS) == [SPOT, PREDICTION, BETTING, ACCUMULATORS]
    with pytest.raises(KeyError):
        read_definition("tulips", b"{}")


def test_every_product_with_a_book_takes_orders_of_its_own_kind() -> None:
    assert [admission.product for admission in ADMISSIONS.values()] == [SPOT, PREDICTION]
    assert {SPOT, PREDICTION} == WITH_BOOK


def test_every_product_that_holds_collateral_checks_its_parts() -> None:
    assert set(PRODUCTS.checks) == {PREDICTION, BETTING, ACCUMULATORS}
