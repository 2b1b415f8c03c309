"""A question with the answers YES and NO, as a market: its words, its steps, its fees. It never changes once listed.

One share of YES and one of NO are a pair: together they are paid PAIR_UNITS whatever the answer is. A price is counted
in ticks, a quantity in whole shares. The book is kept in prices of YES: NO at p is YES at a pair's price less p.
"""

import enum
from typing import ClassVar

import msgspec

from engine.amounts import RATE_DECIMALS, RATE_ONE, format_decimal
from engine.ledger.assets import ASSETS, PAYOUT_ASSET
from engine.matching.order import Side
from engine.matching.terms import Outcome
from engine.refusals import Refusal, Refused

PAIR_UNITS: int = 10 ** ASSETS[PAYOUT_ASSET].decimals  # one dollar
CENT_DECIMALS = ASSETS[PAYOUT_ASSET].decimals - 2  # places of a price in cents
CENT_UNITS = PAIR_UNITS // 100  # prices are shown in cents, 0 to 100
TICKS = (10, 1)  # units of a tick: 0.1 of a cent, or 0.01
QUANTITY_MAX = 10**9  # shares of one order: what they are worth in units is exact in a double


class VoidPolicy(enum.Enum):
    """What a share is worth if the question is void; chosen when the market is made."""

    EQUAL = "equal"  # 50 either way
    LAST_PRICE = "last_price"  # YES the time-weighted price of the last 24 h of trading, NO the rest of the pair


class Question(msgspec.Struct, frozen=True):
    """The terms of one market. Money is in USD units; rates are in 10**-8."""

    title: str
    description: str
    category: str
    resolution_ms: int  # when trading ends by itself
    tick: int
    maker_rate: int
    taker_rate: int
    void_policy: VoidPolicy

    @property
    def pair_ticks(self) -> int:
        return PAIR_UNITS // self.tick

    def yes_ticks(self, outcome: Outcome, price_ticks: int) -> int:
        """The price of YES that a price of this outcome's share stands for; and back."""
        return price_ticks if outcome is Outcome.YES else self.pair_ticks - price_ticks

    def book_terms(self, side: Side, outcome: Outcome | None, price_ticks: int) -> tuple[Side, int]:
        """The side and price of YES at which an order stands in the book: buying NO is selling YES, and back."""
        if outcome is Outcome.NO:
            return side.opposite, self.pair_ticks - price_ticks
        return side, price_ticks

    # What its money and shares are counted in, as a spot symbol says it.
    lot: ClassVar[int] = 1
    base_decimals: ClassVar[int] = 0
    price_decimals: ClassVar[int] = CENT_DECIMALS
    quote_decimals: ClassVar[int] = ASSETS[PAYOUT_ASSET].decimals

    def quantity_text(self, shares: int) -> str:
        return str(shares)

    def value(self, price_ticks: int, shares: int) -> int:
        return price_ticks * shares * self.tick

    def fee_parts(self, price_ticks: int, shares: int, rate: int) -> int:
        """A fee, exact in 10**-8 of a unit: rate x min(p, 100 - p) x shares, so that both outcomes pay alike."""
        return rate * self.value(min(price_ticks, self.pair_ticks - price_ticks), shares)

    @property
    def rate_max(self) -> int:
        return max(self.maker_rate, self.taker_rate)

    def spends(self, side: Side) -> str | None:
        """A buyer pays money; a seller gives shares, which their market holds."""
        return PAYOUT_ASSET if side is Side.BUY else None

    def receives(self, _side: Side) -> str:
        """Fees are money on both sides: a buyer's on top, a seller's out of what is received."""
        return PAYOUT_ASSET

    def price_text(self, price_ticks: int) -> str:
        """A price in cents."""
        return format_decimal(price_ticks * self.tick, CENT_DECIMALS)

    @property
    def rules(self) -> str:
        """Who pays what, in words for the market's page."""
        void = "50 each" if self.void_policy is VoidPolicy.EQUAL else "the average price of the last 24 h of trading"
        return (
            "A share of the right answer pays 100 cents, one of the other nothing. "
            "For each share both sides of a trade pay a fee on its price, or on 100 less its price if that is less: "
            f"the taker {_percent(self.taker_rate)}, the maker {_percent(self.maker_rate)}. "
            f"If the question is void, shares pay {void}, and all fees are given back."
        )


def _percent(rate: int) -> str:
    return f"{format_decimal(rate * 100, RATE_DECIMALS)} %"


def make_question(
    *,
    title: str,
    description: str,
    category: str,
    resolution_ms: int,
    now_ms: int,
    tick_units: int = TICKS[0],
    maker_rate: int = 0,
    taker_rate: int = RATE_ONE // 100,
    void_policy: VoidPolicy = VoidPolicy.EQUAL,
) -> Question | Refused:
    """Make the terms of a market; Refused(MALFORMED) says what does not fit."""
    if not title.strip():
        return Refused(Refusal.MALFORMED, "title must not be empty")
    if resolution_ms <= now_ms:
        return Refused(Refusal.MALFORMED, "resolutionDate must be in the future")
    if tick_units not in TICKS:
        return Refused(Refusal.MALFORMED, "tick must be 0.1 or 0.01")
    if not 0 <= maker_rate < RATE_ONE or not 0 <= taker_rate < RATE_ONE:
        return Refused(Refusal.MALFORMED, "a fee must be below 1")
    return Question(title, description, category, resolution_ms, tick_units, maker_rate, taker_rate, void_policy)
