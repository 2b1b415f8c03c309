"""A quote: an order that the market maker wants in the book, told in its outcome's own terms.

    in YES terms  | told as
    a bid at p    | BUY YES at p,  or SELL NO at 100-p
    an ask at p   | SELL YES at p, or BUY NO at 100-p

The book is in YES terms and can't tell the two apart; what they take from the maker, money or shares, can.
"""

from collections import Counter
from collections.abc import Iterable

import msgspec

from engine.amounts import RATE_ONE, divide_up
from engine.matching.order import Side
from engine.matching.terms import Outcome
from engine.prediction.question import PAIR_UNITS


class Quote(msgspec.Struct, frozen=True):
    """`price_ticks` is the outcome's own price: a YES ask at 52 that is told as BUY NO stands here at 48."""

    outcome: Outcome
    side: Side
    price_ticks: int
    quantity: int

    @property
    def is_bid(self) -> bool:
        """Whether it rests on the bid side of the book, which is in YES terms."""
        return (self.outcome is Outcome.YES) == (self.side is Side.BUY)

    def yes_price_ticks(self, tick_units: int) -> int:
        return self.price_ticks if self.outcome is Outcome.YES else PAIR_UNITS // tick_units - self.price_ticks

    def cost(self, tick_units: int, hold_rate: int) -> int:
        """The units that must be held for it; a sale holds shares, and its fee comes out of what it brings.

        Bounds what it spends at any better price too: as a rate is below 1, price and fee together rise with the price.
        """
        if self.side is Side.SELL:
            return 0
        price = self.price_ticks * tick_units
        fee_parts = hold_rate * min(price, PAIR_UNITS - price) * self.quantity
        return price * self.quantity + divide_up(fee_parts, RATE_ONE)


class RestingQuote(msgspec.Struct, frozen=True):
    """An order of the maker that is in the book; the quantity of `quote` is what is still open of it."""

    order_id: int
    quote: Quote


class Changes(msgspec.Struct, frozen=True):
    """What makes the resting orders the wanted ones. The cancels come first: they free the shares and the money."""

    cancels: tuple[int, ...]  # order ids
    places: tuple[Quote, ...]


def changes(wanted: Iterable[Quote], resting: Iterable[RestingQuote]) -> Changes:
    """Leave alone whatever rests as it is wanted, so that it keeps its place in the queue.

    Give `resting` oldest first: of equal orders more than are wanted, the oldest stay.
    """
    missing = Counter(wanted)
    cancels = []
    for order in resting:
        if missing[order.quote]:
            missing[order.quote] -= 1
        else:
            cancels.append(order.order_id)
    return Changes(tuple(cancels), tuple(missing.elements()))


class PriceLists(msgspec.Struct, frozen=True):
    """Where the maker buys and sells, each outcome in its own ticks, ascending without repeats."""

    yes_buy: tuple[int, ...]
    yes_sell: tuple[int, ...]
    no_buy: tuple[int, ...]
    no_sell: tuple[int, ...]


def summary(quotes: Iterable[Quote], tick_units: int) -> PriceLists:
    """Both views of the same quotes, however they are told: who bids 45 for YES offers NO at 55."""
    pair_ticks = PAIR_UNITS // tick_units
    quoted = list(quotes)
    bids = sorted({quote.yes_price_ticks(tick_units) for quote in quoted if quote.is_bid})
    asks = sorted({quote.yes_price_ticks(tick_units) for quote in quoted if not quote.is_bid})
    return PriceLists(
        yes_buy=tuple(bids),
        yes_sell=tuple(asks),
        no_buy=tuple(pair_ticks - price for price in reversed(asks)),
        no_sell=tuple(pair_ticks - price for price in reversed(bids)),
    )
