"""A market as the directory knows it, for tests that need no exchange around it."""

from actors.core import Address
from actors.directory import MarketEntry
from engine.ledger.records import MarketRecord
from engine.products import SPOT, read_definition
from engine.spot.symbol import SpotSymbol, make_symbol


def spot_market(name: str = "BTC_USDT", *, tick: str = "0.01", lot: str = "0.0001") -> MarketEntry:
    """Make the entry of a spot market; nobody is behind its address."""
    symbol = make_symbol(name, tick=tick, lot=lot)
    assert isinstance(symbol, SpotSymbol), symbol
    return MarketEntry(1, SPOT, name, symbol, Address(f"market/spot/{name}"))


def entry_of(record: MarketRecord) -> MarketEntry:
    """Make the entry of a market that is only a row here."""
    definition = read_definition(record.product, record.definition)
    return MarketEntry(record.market_id, record.product, record.name, definition, Address("nobody"))


BTC_USDT = spot_market()
