"""A spot symbol: which asset is traded for which, in what steps, at what fees. It never changes once listed.

A price is counted in ticks and a quantity in lots; a tick times a lot is a whole number of quote units, so the value
of a trade, `price_ticks * quantity_lots * unit_value`, is exact.
"""

import msgspec

from engine.amounts import RATE_DECIMALS, RATE_ONE, MalformedAmount, format_decimal, parse_decimal
from engine.ledger.assets import ASSETS
from engine.matching.order import Side
from engine.matching.terms import Outcome
from engine.refusals import Refusal, Refused


class SpotSymbol(msgspec.Struct, frozen=True):
    """The terms of one market. Money is in smallest units; rates are in 10**-8."""

    name: str
    base: str
    quote: str
    tick: int  # quote units per whole base
    lot: int  # base units
    minimum_notional: int  # quote units; 0 for none
    maker_rate: int
    taker_rate: int
    price_band: int | None  # how far from the last price an order may be; None for anywhere
    unit_value: int  # quote units of one tick x one lot

    @property
    def base_decimals(self) -> int:
        return ASSETS[self.base].decimals

    @property
    def quote_decimals(self) -> int:
        return ASSETS[self.quote].decimals

    def book_terms(self, side: Side, _outcome: Outcome | None, price_ticks: int) -> tuple[Side, int]:
        """The side and price in ticks at which an order stands in the book."""
        return side, price_ticks

    def spends(self, side: Side) -> str:
        """The asset that an order pays with, and so the asset that is held for it."""
        return self.quote if side is Side.BUY else self.base

    def receives(self, side: Side) -> str:
        """The asset that an order is paid with: its fee comes out of that."""
        return self.base if side is Side.BUY else self.quote

    @property
    def price_decimals(self) -> int:
        return self.quote_decimals

    def price_text(self, price_ticks: int) -> str:
        return format_decimal(price_ticks * self.tick, self.quote_decimals)

    def quantity_text(self, quantity_lots: int) -> str:
        return format_decimal(quantity_lots * self.lot, self.base_decimals)

    def value(self, price_ticks: int, quantity_lots: int) -> int:
        return price_ticks * quantity_lots * self.unit_value


def make_symbol(
    name: str,
    *,
    tick: str,
    lot: str,
    minimum_notional: str = "0",
    maker_rate: str = "0.001",
    taker_rate: str = "0.001",
    price_band: str | None = None,
) -> SpotSymbol | Refused:
    """Make the terms of BASE_QUOTE from decimal text; Refused(MALFORMED) says what does not fit."""
    base, _, quote = name.partition("_")
    if base not in ASSETS or quote not in ASSETS or base == quote:
        return _malformed(f"symbol must be two different assets of {', '.join(ASSETS)}, such as BTC_USDT")
    field = "tick"
    try:
        tick_units = parse_decimal(tick, ASSETS[quote].decimals)
        field = "lot"
        lot_units = parse_decimal(lot, ASSETS[base].decimals)
        field = "minimumNotional"
        minimum = parse_decimal(minimum_notional, ASSETS[quote].decimals)
        field = "makerFee"
        maker = parse_decimal(maker_rate, RATE_DECIMALS)
        field = "takerFee"
        taker = parse_decimal(taker_rate, RATE_DECIMALS)
        field = "priceBand"
        band = None if price_band is None else parse_decimal(price_band, RATE_DECIMALS)
    except MalformedAmount as malformed:
        return _malformed(f"{field} {malformed}")
    unit_value, rest = divmod(tick_units * lot_units, 10 ** ASSETS[base].decimals)
    if not tick_units or not lot_units or rest:
        return _malformed(f"tick x lot must be a whole number of the smallest unit of {quote}, and not zero")
    if maker >= RATE_ONE or taker >= RATE_ONE:
        return _malformed("a fee must be below 1")
    if band is not None and not 0 < band < RATE_ONE:
        return _malformed("priceBand must be between 0 and 1")
    return SpotSymbol(name, base, quote, tick_units, lot_units, minimum, maker, taker, band, unit_value)


def _malformed(message: str) -> Refused:
    return Refused(Refusal.MALFORMED, message)
