"""A market as the directory knows it, for tests that need no exchange around it."""

from actors.core import Address
from actors.directory import MarketEntry
from engine.products import SPOT
from engine.spot.symbol import SpotSymbol, make_symbol


def spot_market(name: str = "BTC_USDT", *, tick: str = "0.01", lot: str = "0.0001") -> MarketEntry:
    """Make the entry of a spot market; nobody is behind its address."""
    symbol = make_symbol(name, tick=tick, lot=lot)
    assert isinstance(symbol, SpotSymbol), symbol
    return MarketEntry(1, SPOT, name, symbol, Address(f"market/spot/{name}"))


BTC_USDT = spot_market()
