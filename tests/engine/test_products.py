"""What the ledger knows of products: every event has its writer, and every market's terms can be read."""

import pytest

from engine.ledger.events import LedgerEvent
from engine.ledger.journal import JournalCodec
from engine.products import DEFINITIONS, PRODUCTS, SPOT, read_definition, write_definition
from engine.spot.events import SpotEvent
from engine.spot.symbol import SpotSymbol, make_symbol


def test_every_event_has_a_writer_and_every_writer_an_event() -> None:
    assert set(PRODUCTS.writers) == set((LedgerEvent | SpotEvent).__args__)


def test_every_event_can_be_written_into_the_journal() -> None:
    JournalCodec(tuple(PRODUCTS.writers))


@pytest.mark.parametrize("name", ["BTC_USDT", "ETH_USDT", "ETH_BTC"])
def test_terms_are_read_as_they_were_written(name: str) -> None:
    symbol = make_symbol(name, tick="0.000001", lot="0.0001", price_band="0.1")
    assert isinstance(symbol, SpotSymbol)
    assert read_definition(SPOT, write_definition(symbol)) == symbol
    assert PRODUCTS.read_definition(SPOT, write_definition(symbol)) == symbol


def test_an_unknown_product_is_a_bug() -> None:
    assert list(DEFINITIONS) == [SPOT]
    with pytest.raises(KeyError):
        read_definition("tulips", b"{}")
