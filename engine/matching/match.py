"""The matching walk: whom an order meets, the best price first, and at one price the first come.

`match` decides and changes nothing, so it is its own look-ahead: who must fill completely or leave no trace reads
`stop`, and only then has `apply` change the book. A walk that changes the book as it goes does 1.70 M op/s where these
two do 1.51: it would save 0.07 us an order.
"""

import enum
from typing import Generic

import msgspec

from engine.matching.book import BUY, Order, OrderBook
from engine.matching.order import BookOrder, SelfTradePrevention


class Stop(enum.Enum):
    """Why the walk went no further. Only after NO_LIQUIDITY may the rest of the order wait in the book."""

    FILLED = "filled"  # nothing is left, or what is left of an amount buys no lot
    TOO_SMALL = "too_small"  # the whole amount buys no lot: nothing was traded
    NO_LIQUIDITY = "no_liquidity"  # nobody else waits at the taker's price or better
    SELF_TRADE = "self_trade"  # the next in line is of the taker's account, and the taker gives way
    FILL_LIMIT = "fill_limit"  # there is a next in line, but the taker has had as many fills as it may


FILLED, NO_LIQUIDITY = Stop.FILLED, Stop.NO_LIQUIDITY  # globals: see BUY


class Fill(msgspec.Struct, Generic[Order], frozen=True, gc=False):
    """So many lots of one maker, at the maker's price."""

    maker: Order
    lots: int
    price_ticks: int


class Match(msgspec.Struct, Generic[Order], frozen=True, gc=False):
    """What an order does to a book: a maker has one fill or is cancelled, never both."""

    fills: list[Fill[Order]]
    cancelled: list[Order]  # resting orders of the taker's account that give way
    left: int  # of what was wanted, in its unit
    stop: Stop


def match(
    book: OrderBook[Order],
    taker: BookOrder,
    wanted: int,
    *,
    unit_value: int = 0,
    prevention: SelfTradePrevention,
    fills_max: int,
) -> Match[Order]:
    """Walks from the best price to `taker.price_ticks`. Of the taker it reads side, account and price, not its lots.

    `wanted` counts lots. Given a `unit_value`, what one lot is worth at a price of one tick, it is an amount of money,
    spent or raised in whole lots. The walk never passes anyone over: an amount that is too small for a lot at the next
    price ends there, also where a worse price would let it sell one more.
    """
    assert wanted > 0
    facing = book.asks if taker.side is BUY else book.bids
    edge = taker.price_ticks * facing.sign
    fills: list[Fill[Order]] = []
    cancelled: list[Order] = []
    left = wanted
    lot_cost = 1  # in the unit of `wanted`
    for rank in reversed(facing.ranks):
        if rank < edge:
            break
        level = facing.levels[rank * facing.sign]
        if unit_value:
            lot_cost = level.price_ticks * unit_value
        lots_left = left // lot_cost
        maker = level.first
        while maker is not None:
            if not lots_left:
                return Match(fills, cancelled, left, FILLED if fills else Stop.TOO_SMALL)
            if len(fills) == fills_max:
                return Match(fills, cancelled, left, Stop.FILL_LIMIT)
            if maker.account_id == taker.account_id:
                if prevention is not SelfTradePrevention.CANCEL_NEWEST:
                    cancelled.append(maker)
                if prevention is not SelfTradePrevention.CANCEL_OLDEST:
                    return Match(fills, cancelled, left, Stop.SELF_TRADE)
            elif maker.open_lots > lots_left:
                fills.append(Fill(maker, lots_left, level.price_ticks))
                return Match(fills, cancelled, left - lots_left * lot_cost, FILLED)
            else:
                fills.append(Fill(maker, maker.open_lots, level.price_ticks))
                lots_left -= maker.open_lots
                left -= maker.open_lots * lot_cost
            maker = maker.behind
    return Match(fills, cancelled, left, NO_LIQUIDITY if left >= lot_cost else FILLED)


def apply(book: OrderBook[Order], found: Match[Order]) -> None:
    """Does to the book what `match` found; it must still be as it was then."""
    for maker in found.cancelled:
        book.remove(maker)
    for fill in found.fills:
        book.reduce(fill.maker, fill.lots)
