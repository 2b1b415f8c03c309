"""Where and how much the market maker quotes: settings and what it sees go in, quotes come out.

    bids       | price | asks            the others' mid is 50.0, the spread 2.0, two levels of ten shares;
               |  52.0 | BUY NO 10       a BUY NO at 48.0, told in YES terms
               |  51.0 | SELL YES 10     it held ten YES: shares that are there are sold first
    BUY YES 10 |  49.0 |
    BUY YES 10 |  48.0 |

Both sides follow one rule, for an ask is a bid for NO at 100 less the price.
"""

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from itertools import chain

import msgspec

from engine.matching.order import Side
from engine.matching.terms import Outcome
from engine.prediction.maker_settings import MakerSettings
from engine.prediction.question import PAIR_UNITS
from engine.prediction.quote import Quote

LEVEL_STEP_UNITS = 100  # a cent from level to level, as in the specification's example; a tick where that is more


class MakerView(msgspec.Struct, frozen=True):
    """What the maker sees of a market when it decides.

    Its own orders in this market count as if they were cancelled: the book is without them, the holdings are with the
    shares that they offer, and `available_units` is what is available now *plus* what is held for them. What is held
    for its orders in other markets is not part of it.
    """

    tick_units: int
    hold_rate: int  # in 10**-8: the market's `rate_max`, at which fees are held, not what a maker is charged
    best_bid_ticks: int | None  # of the others, in YES terms, as all prices here
    best_ask_ticks: int | None
    last_price_ticks: int | None
    yes_holding: int
    no_holding: int
    available_units: int

    def holding(self, outcome: Outcome) -> int:
        return self.yes_holding if outcome is Outcome.YES else self.no_holding


def twice_mid(view: MakerView) -> int:
    """Twice the others' mid, in units, so that half a tick is exact; else twice the last price; else 50 cents."""
    if view.best_bid_ticks is not None and view.best_ask_ticks is not None:
        assert view.best_bid_ticks < view.best_ask_ticks
        return (view.best_bid_ticks + view.best_ask_ticks) * view.tick_units
    if view.last_price_ticks is not None:
        return 2 * view.last_price_ticks * view.tick_units
    return PAIR_UNITS


def wanted(settings: MakerSettings, view: MakerView) -> tuple[Quote, ...]:
    """All that should rest, the nearest level first; `settings` must have passed `check`.

    What there is no money for is cut, from the farthest level inwards. Where the money ends within a level, all that is
    bought there is cut to one size, for half of both sides is a market and one side alone is not. Sales cost nothing.
    """
    money = view.available_units - settings.min_balance_units
    quotes: list[Quote] = []
    for level in _levels(settings, view):
        size = _affordable(level, settings.order_size, money, view)
        kept = _cut(level, size)
        quotes += kept
        # What is left over at a level that was cut is small change, on which no farther level shall live.
        money = money - _cost(kept, view) if size == settings.order_size else 0
    return tuple(quotes)


def top_up(settings: MakerSettings, view: MakerView) -> int:
    """Units to fetch from the house so that no quote is cut and the minimum balance stays; 0 for none.

    Add what came to `available_units` before `wanted` is asked: the house may have less.
    """
    if not settings.auto_top_up:
        return 0
    needed = settings.min_balance_units + _cost(chain.from_iterable(_levels(settings, view)), view)
    return max(0, needed - view.available_units)


def _levels(settings: MakerSettings, view: MakerView) -> Iterator[list[Quote]]:
    """The quotes of each level, both sides together, the nearest first, as if money were no matter.

    The best of a side is half a spread from the middle, rounded away from it to a tick, and takes nothing: it stays a
    tick behind the others' best of the other side. The levels follow it.
    """
    twice_tick = 2 * view.tick_units
    twice_middle = twice_mid(view) + 2 * settings.price_shift_units
    # However far it is shifted, the middle stays a price: a tick from either end.
    twice_middle = min(max(twice_middle, twice_tick), 2 * PAIR_UNITS - twice_tick)
    pair_ticks = PAIR_UNITS // view.tick_units
    offered_yes = pair_ticks if view.best_ask_ticks is None else view.best_ask_ticks
    offered_no = pair_ticks if view.best_bid_ticks is None else pair_ticks - view.best_bid_ticks
    best_yes = min((twice_middle - settings.spread_units) // twice_tick, offered_yes - 1)
    best_no = min((2 * PAIR_UNITS - twice_middle - settings.spread_units) // twice_tick, offered_no - 1)
    bids = _bids(settings, view, Outcome.YES, best_yes)
    asks = _bids(settings, view, Outcome.NO, best_no)
    return (bid + ask for bid, ask in zip(bids, asks, strict=True))


def _bids(settings: MakerSettings, view: MakerView, outcome: Outcome, best_ticks: int) -> Iterator[list[Quote]]:
    """Bids for an outcome, a list for each level: the other outcome is sold while any is left, then this is bought."""
    size = settings.order_size
    to_sell = view.holding(outcome.other)
    room = settings.levels * size
    if settings.enforce_inventory:
        room = max(0, settings.max_position(outcome) - view.holding(outcome))
    step_ticks = max(1, LEVEL_STEP_UNITS // view.tick_units)
    for price_ticks in range(best_ticks, best_ticks - settings.levels * step_ticks, -step_ticks):
        if price_ticks < 1:
            yield []
            continue
        sold = min(size, to_sell)
        bought = min(size - sold, room)
        to_sell -= sold
        room -= bought
        sale = Quote(outcome.other, Side.SELL, PAIR_UNITS // view.tick_units - price_ticks, sold)
        purchase = Quote(outcome, Side.BUY, price_ticks, bought)
        yield [quote for quote in (sale, purchase) if quote.quantity]


def _affordable(level: list[Quote], size: int, money: int, view: MakerView) -> int:
    """The greatest number of shares, up to `size`, for each purchase of a level that `money` pays for."""
    return bisect_right(range(1, size + 1), money, key=lambda shares: _cost(_cut(level, shares), view))


def _cut(level: list[Quote], size: int) -> list[Quote]:
    """The level with no purchase of more than `size` shares."""
    cut = [
        quote if quote.side is Side.SELL else msgspec.structs.replace(quote, quantity=min(quote.quantity, size))
        for quote in level
    ]
    return [quote for quote in cut if quote.quantity]


def _cost(quotes: Iterable[Quote], view: MakerView) -> int:
    return sum(quote.cost(view.tick_units, view.hold_rate) for quote in quotes)
