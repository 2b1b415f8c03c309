"""What a share is worth now: its last trade's price, else the middle of the book, else half of a pair."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TypeVar

import trio

from actors.core import Unavailable, Unknown
from actors.directory import MarketEntry
from engine.ledger.records import MarketRecord
from engine.messages import Command
from engine.prediction.lifecycle import TRADING
from engine.prediction.question import CENT_DECIMALS, PAIR_UNITS
from engine.products import read_definition
from engine.refusals import Refused
from engine.trading.commands import Depth, GetDepth
from gateway.answers import Rejected
from gateway.context import Gateway
from gateway.statuses import Problem

MARK_DECIMALS = CENT_DECIMALS + 1  # of a mark in cents: the middle of a book may lie between two units
MARKS = 10  # of them are a unit
PAIR_MARKS = PAIR_UNITS * MARKS
EVEN_MARK = PAIR_MARKS // 2  # where nobody has said anything yet

Answered = TypeVar("Answered")


async def mark_of(gateway: Gateway, record: MarketRecord) -> int:
    """The mark of a share of YES; NO has the rest of PAIR_MARKS. Raises Unavailable if the book had to be asked."""
    tick: int = read_definition(record.product, record.definition).tick
    if record.last_price_ticks is not None:
        return mark_at(tick, record.last_price_ticks, None, None)
    market = gateway.exchange.directory.by_id.get(record.market_id)
    if record.state in TRADING and market is not None:
        depth: Depth | Refused = await market.address.ask(GetDepth(1))
        if isinstance(depth, Depth) and depth.bids and depth.asks:  # a parked market shows no book
            return mark_at(tick, None, depth.bids[0][0], depth.asks[0][0])
    return EVEN_MARK


def mark_at(tick: int, last: int | None, bid: int | None, ask: int | None) -> int:
    """The mark at these prices of YES, in ticks."""
    if last is not None:
        return last * tick * MARKS
    return EVEN_MARK if bid is None or ask is None else (bid + ask) * tick * MARKS // 2


async def marks_of(gateway: Gateway, records: Iterable[MarketRecord]) -> dict[int, int]:
    """The same of several markets, by their ids; a book is asked only where there was no trade."""
    marks: dict[int, int] = {}
    failures: list[Unavailable] = []

    async def look(record: MarketRecord) -> None:
        try:
            marks[record.market_id] = await mark_of(gateway, record)
        except Unavailable as failure:
            failures.append(failure)

    async with trio.open_nursery() as nursery:  # all books at once: one that is slow to answer keeps no other waiting
        for record in records:
            if record.last_price_ticks is None:
                nursery.start_soon(look, record)
            else:
                await look(record)
    with only_a_question():
        if failures:
            raise failures[0]
    return marks


async def ask(market: MarketEntry, query: Command[Answered]) -> Answered:
    """Ask a market's actor what changes nothing. Raises Rejected(BUSY) while it starts again."""
    with only_a_question():
        return await market.address.ask(query)


@contextmanager
def only_a_question() -> Iterator[None]:
    """Tell who has asked a market that is starting again to come back: nothing can have been done."""
    try:
        yield
    except Unknown:
        raise Rejected(Problem.BUSY, "the market is starting again") from None
