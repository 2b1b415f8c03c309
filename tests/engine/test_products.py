"""What the ledger knows of products: every event has its writer, and every market's terms can be read."""

import pytest

from engine.ledger.events import LedgerEvent
from engine.ledger.journal import JournalCodec
from engine.prediction.events import PredictionEvent
from engine.prediction.question import TICKS, Question, VoidPolicy, make_question
from engine.products import (
    ADMISSIONS,
    DEFINITIONS,
    PREDICTION,
    PRODUCTS,
    SPOT,
    read_definition,
    write_definition,
)
from engine.spot.symbol import SpotSymbol, make_symbol
from engine.trading.events import TradingEvent


def test_every_event_has_a_writer_and_every_writer_an_event() -> None:
    assert set(PRODUCTS.writers) == set((LedgerEvent | TradingEvent | PredictionEvent).__args__)


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


def test_an_unknown_product_is_a_bug() -> None:
    assert list(DEFINITIONS) == [SPOT, PREDICTION]
    with pytest.raises(KeyError):
        read_definition("tulips", b"{}")


def test_every_product_takes_orders_of_its_own_kind() -> None:
    assert [admission.product for admission in ADMISSIONS.values()] == list(DEFINITIONS)
