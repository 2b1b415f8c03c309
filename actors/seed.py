"""What a first start puts in place: markets and the house's money. A start that was cut short is completed."""

import msgspec

from actors.exchange import Exchange
from engine.accumulators.terms import Accumulators
from engine.ledger.assets import PAYOUT_ASSET
from engine.ledger.chart import HOUSE, OUTSIDE
from engine.ledger.commands import ListMarket, MovementKind, MoveMoney
from engine.products import ACCUMULATORS, SPOT, write_definition
from engine.refusals import Refused
from engine.spot.symbol import SpotSymbol, make_symbol


class SeedSymbol(msgspec.Struct, frozen=True):
    """A symbol of a first start; fees are 0.1 % on both sides, no minimum, no band."""

    name: str
    tick: str
    lot: str


SYMBOLS = (
    SeedSymbol("BTC_USDT", "0.01", "0.00000001"),
    SeedSymbol("ETH_USDT", "0.01", "0.0001"),
    SeedSymbol("ETH_BTC", "0.000001", "0.0001"),
)

HOUSE_SEED_ID = "first-start"  # the house's transId for it: found in storage, it is not done again


async def seed(exchange: Exchange, house_seed: int, betting_asset: str = PAYOUT_ASSET) -> None:
    """List the symbols that are missing, and the market of accumulators for the asset of matches.

    The house is funded once with `house_seed` units of USD (0: not at all).
    """
    for wanted in SYMBOLS:
        if exchange.directory.find(SPOT, wanted.name) is None:
            symbol = make_symbol(wanted.name, tick=wanted.tick, lot=wanted.lot)
            assert isinstance(symbol, SpotSymbol)
            await _list(exchange, SPOT, wanted.name, symbol)
    if exchange.directory.find(ACCUMULATORS, betting_asset) is None:
        await _list(exchange, ACCUMULATORS, betting_asset, Accumulators(betting_asset))
    if house_seed and await exchange.storage.reader.transaction(HOUSE, HOUSE_SEED_ID) is None:
        funding = MoveMoney(MovementKind.HOUSE_FUND, HOUSE, HOUSE_SEED_ID, "USD", house_seed, OUTSIDE)
        funded = await exchange.accounts.ask(funding)
        assert not isinstance(funded, Refused), funded


async def _list(exchange: Exchange, product: str, name: str, terms: msgspec.Struct) -> None:
    listed = await exchange.accounts.ask(ListMarket(product, name, write_definition(terms)))
    assert not isinstance(listed, Refused), listed
