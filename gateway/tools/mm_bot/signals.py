"""What the bot sees in a market, and how wide and how large it has the market maker quote for that. Prices in cents.

volatility    sample standard deviation of the changes from each trade's price to the next: the historical volatility
              of textbooks (Hull, Options, Futures, and Other Derivatives, "Estimating volatility from historical
              data"), with differences instead of logarithms of ratios, as a price between 0 and 100 moves by cents:
              from 1 to 2 it has not moved further than from 50 to 51. Unknown with fewer than two changes.
imbalance     (bids - asks) / (bids + asks), in shares over the levels that were asked for: from -1 to 1, the usual
              order-imbalance measure (Cartea, Jaimungal and Penalva, Algorithmic and High-Frequency Trading);
              0 for an empty book
widening      spread_base x |imbalance| + vol_weight x volatility: both only ever widen. The quotes do not lean with the
              book, as anyone could push them with a large order far from the price; `priceShift` is the operator's.
spread        spread_base + widening, between spread_min and spread_max
order size    order_size_base x spread_base / widening, between order_size_min and order_size_max; it is the base where
              the widening is the base spread; also where the volatility is unknown, as unknown is not calm

With the settings of the specification's example (spread 2, 1 to 8; weight 1.5; size 10, 2 to 50):

    volatility  imbalance | widening  spread  size
       0           0      |    0        2.0    50
       0           0.5    |    1        3.0    20
       1           0.25   |    2        4.0    10
       3           0.5    |    5.5      7.5     4
      10           0      |   15        8.0     2
    unknown        1      |    2        4.0    10
"""

import statistics
from collections.abc import Sequence
from itertools import pairwise
from typing import Annotated

import msgspec
from msgspec import Meta

from gateway.tools.mm_bot.settings import Settings, tenths_above, tenths_below

CHANGES_MIN = 2  # what a sample's deviation needs

Price = Annotated[float, Meta(ge=0, le=100)]
Shares = Annotated[float, Meta(ge=0, le=2**53)]


class Level(msgspec.Struct, frozen=True):
    """One price of a book's side."""

    price: Price
    quantity: Shares


class Book(msgspec.Struct, frozen=True, rename="camel"):
    """Both sides, in terms of YES."""

    yes_bids: list[Level]
    yes_asks: list[Level]


class Trade(msgspec.Struct, frozen=True):
    """What is shown of a trade; the price is that of YES."""

    price: Price
    quantity: Shares


class Signals(msgspec.Struct, frozen=True):
    """What is seen; the volatility is in cents, None if it is unknown."""

    volatility: float | None
    imbalance: float


class Quote(msgspec.Struct, frozen=True):
    """What the market maker is told; the spread is in cents, a multiple of 0.1."""

    spread: float
    order_size: int


def seen_in(book: Book, trades: Sequence[Trade]) -> Signals:
    """Measure what the exchange shows of a market."""
    return Signals(
        volatility([trade.price for trade in trades]),
        imbalance(
            sum(level.quantity for level in book.yes_bids),
            sum(level.quantity for level in book.yes_asks),
        ),
    )


def volatility(prices: Sequence[float]) -> float | None:
    """In cents a trade. It does not matter whether the newest price comes first or last."""
    changes = [after - before for before, after in pairwise(prices)]
    return statistics.stdev(changes) if len(changes) >= CHANGES_MIN else None


def imbalance(bids: float, asks: float) -> float:
    """Compare the shares on both sides: 1 if there are bids only, -1 if there are asks only."""
    return (bids - asks) / (bids + asks) if bids + asks > 0 else 0.0


def quote(settings: Settings, signals: Signals) -> Quote:
    """Work out what to tell the market maker."""
    widening = settings.spread_base * abs(signals.imbalance) + settings.vol_weight * (signals.volatility or 0.0)
    tenths = round((settings.spread_base + widening) * 10)
    tenths = min(max(tenths, tenths_above(settings.spread_min)), tenths_below(settings.spread_max))
    return Quote(tenths / 10, _order_size(settings, signals, widening))


def _order_size(settings: Settings, signals: Signals, widening: float) -> int:
    if signals.volatility is None:
        return settings.order_size_base
    calm = settings.spread_base * settings.order_size_base / settings.order_size_max
    if widening <= calm:  # a division would give more than the maximum, or be by zero
        return settings.order_size_max
    size = round(settings.order_size_base * settings.spread_base / widening)
    return max(size, settings.order_size_min)
