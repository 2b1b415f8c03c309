"""What the events of accumulators do to money and rows.

accumulator placed     customer -stake     pool +stake
accumulator claimed    pool -payout        customer +payout
accumulator lost       nothing: what was kept for it covers others, or can go back to the house
pool moved             house -amount       pool +amount; below zero: back

After every part the pool covers all that the open accumulators may be paid together.
"""

from typing import Any

from msgspec.structs import replace

from engine.accumulators.accumulator import claimed_record, lost_record, placed_record
from engine.accumulators.events import AccumulatorClaimed, AccumulatorLost, AccumulatorPlaced, Leg
from engine.accumulators.terms import Accumulators, refuse_legs
from engine.betting.bet import accepts
from engine.betting.bookkeeping import final_result, pay, shown_now
from engine.betting.match import Match
from engine.ledger.accumulators import AccumulatorRecord
from engine.ledger.bet_page import LATE_MS
from engine.ledger.books import EventWriter
from engine.ledger.chart import pool_of
from engine.ledger.journal import PartRefused
from engine.ledger.page import Page
from engine.ledger.records import MarketState


def write_accumulator_placed(page: Page, market_id: int, now_ms: int, event: AccumulatorPlaced) -> None:
    """Take the stake into the pool; open the rows."""
    page.follow(market_id, event.sequence)
    if page.market(market_id).state is not MarketState.OPEN:
        raise PartRefused(f"market {market_id} takes no accumulators")
    if (refused := refuse_legs(event.legs)) is not None:
        raise PartRefused(f"accumulator {event.bet_id}: {refused.message}")
    if event.stake <= 0:
        raise PartRefused(f"accumulator {event.bet_id} has a stake of {event.stake}")
    for leg in event.legs:
        if not _could_be_taken(page, market_id, now_ms, event, leg):
            raise PartRefused(f"accumulator {event.bet_id}: {leg} could not be taken")
    pay(page, market_id, event.account_id, -event.stake, "bet", str(event.bet_id), now_ms)
    page.betting.place_accumulator(placed_record(market_id, now_ms, event))


def _could_be_taken(page: Page, market_id: int, now_ms: int, event: AccumulatorPlaced, leg: Leg) -> bool:
    """Whether its match offered these odds, now or a moment ago: the accumulators hear of a change a little later."""
    terms: Accumulators = page.definition(market_id)
    page.market(leg.market_id)  # raises if there is none
    match = page.definition(leg.market_id)
    if not isinstance(match, Match) or match.asset != terms.asset:
        return False
    lately = (shown_now(page, leg.market_id), *page.betting.shown_before(leg.market_id))
    shown = next((shown for shown in lately if shown.number == leg.number), None)
    return (
        shown is not None
        and (shown.until_ms is None or now_ms - shown.until_ms <= LATE_MS)
        and shown.takes_bets
        and (shown.closes_ms is None or now_ms < shown.closes_ms)
        and shown.odds.get(leg.option_number) == leg.odds
        and accepts(event.accept, leg.odds_asked, leg.odds)
    )


def write_accumulator_claimed(page: Page, market_id: int, now_ms: int, event: AccumulatorClaimed) -> None:
    """Pay an accumulator what its legs' results say; close its row, and with it what can become of those results."""
    page.follow(market_id, event.sequence)
    accumulator = _open(page, market_id, event.bet_id)
    if accumulator.account_id != event.account_id:
        raise PartRefused(f"accumulator {event.bet_id} is not that of account {event.account_id}")
    legs = (
        replace(leg, result=page.betting.options_of(leg.market_id)[leg.option_number].result)
        for leg in accumulator.legs
    )
    if event.payout <= 0 or event.payout != replace(accumulator, legs=tuple(legs)).potential_payout:
        raise PartRefused(f"accumulator {event.bet_id} is not to be paid {event.payout}")
    pay(page, market_id, event.account_id, event.payout, "payout", str(event.bet_id), now_ms)
    page.betting.close_accumulator(claimed_record(now_ms, accumulator, event))


def write_accumulator_lost(page: Page, market_id: int, now_ms: int, event: AccumulatorLost) -> None:
    """Let go of an accumulator of which nothing can come, whatever may still be rolled back."""
    page.follow(market_id, event.sequence)
    accumulator = _open(page, market_id, event.bet_id)
    final = (final_result(page, leg.market_id, leg.option_number) for leg in accumulator.legs)
    if accumulator.payout_at_most(final) != 0:
        raise PartRefused(f"accumulator {event.bet_id} is not lost for good")
    page.betting.close_accumulator(lost_record(now_ms, accumulator))


def _open(page: Page, market_id: int, bet_id: int) -> AccumulatorRecord:
    accumulator = page.betting.accumulator(bet_id)
    if accumulator.market_id != market_id:
        raise PartRefused(f"accumulator {bet_id} is not one of market {market_id}")
    return accumulator


def check(page: Page, market_id: int) -> None:
    """The pool covers all of them together."""
    terms: Accumulators = page.definition(market_id)
    pool, _ = page.balance(pool_of(market_id), terms.asset)
    if pool < (liability := page.betting.liability(market_id)):
        raise PartRefused(f"the pool of market {market_id} has {pool} where it may have to pay {liability}")


WRITERS: dict[Any, EventWriter] = {
    AccumulatorPlaced: write_accumulator_placed,
    AccumulatorClaimed: write_accumulator_claimed,
    AccumulatorLost: write_accumulator_lost,
}
