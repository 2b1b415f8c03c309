"""How the market maker is told to quote a market, and which settings make sense."""

import msgspec

from engine.amounts import STEPS_MAX, format_decimal
from engine.matching.terms import Outcome
from engine.prediction.question import PAIR_UNITS
from engine.refusals import Refusal, Refused

CENT_DECIMALS = 2  # a unit is 0.01 cent
MONEY_MAX = 10**15  # units: 100 billion USD, below 2**53 too


class MakerSettings(msgspec.Struct, frozen=True):
    """One for each market. Money is in units of USD a share; positions are whole shares held."""

    enabled: bool  # quotes again every `refresh_ms`; a single run does not ask for it
    market_id: int
    order_size: int  # shares of each quote
    spread_units: int  # from the best bid to the best ask; rounding to ticks only ever widens it
    refresh_ms: int
    enforce_inventory: bool  # whether the two positions below are limits
    max_yes_position: int
    max_no_position: int
    min_balance_units: int  # what must stay available with all quotes out
    auto_top_up: bool  # whether the house lends what full quotes would lack
    price_shift_units: int  # added to the mid; signed
    levels: int  # quotes of each side

    def max_position(self, outcome: Outcome) -> int:
        return self.max_yes_position if outcome is Outcome.YES else self.max_no_position


# Market 0 does not exist: `msgspec.structs.replace(DEFAULTS, market_id=7)` are the settings of an untouched market.
DEFAULTS = MakerSettings(
    enabled=False,
    market_id=0,
    order_size=10,
    spread_units=200,
    refresh_ms=3_000,
    enforce_inventory=True,
    max_yes_position=100_000,
    max_no_position=100_000,
    min_balance_units=0,
    auto_top_up=True,
    price_shift_units=0,
    levels=2,
)


def check(settings: MakerSettings, tick_units: int) -> Refused | None:
    """Refused(MALFORMED) names the first setting that makes no sense in a market of this tick, as clients know it."""
    shares = "it is a number of shares"
    ranges = (
        ("marketId", settings.market_id, 1, STEPS_MAX, 0, "it is a market's id"),
        ("orderSize", settings.order_size, 1, 1_000_000, 0, "no quote is to cost more than 1,000,000 USD"),
        ("spread", settings.spread_units, tick_units, PAIR_UNITS - 1, CENT_DECIMALS, "from a tick to below a pair"),
        ("refreshMs", settings.refresh_ms, 250, 3_600_000, 0, "from four times a second to once an hour"),
        ("maxYesPosition", settings.max_yes_position, 0, STEPS_MAX, 0, shares),
        ("maxNoPosition", settings.max_no_position, 0, STEPS_MAX, 0, shares),
        ("minBalanceCents", settings.min_balance_units, 0, MONEY_MAX, CENT_DECIMALS, "it is an amount to keep"),
        (
            "priceShift",
            settings.price_shift_units,
            1 - PAIR_UNITS,
            PAIR_UNITS - 1,
            CENT_DECIMALS,
            "else no price is left",
        ),
        # A side is at most one order more than its levels: 42 orders, far from the 200 that an account may have open.
        ("levels", settings.levels, 1, 20, 0, "all quotes together must stay few orders"),
    )
    for name, value, least, most, decimals, reason in ranges:
        if not least <= value <= most:
            bounds = f"{format_decimal(least, decimals)} and {format_decimal(most, decimals)}"
            return Refused(Refusal.MALFORMED, f"{name} must be between {bounds}: {reason}")
    return None
