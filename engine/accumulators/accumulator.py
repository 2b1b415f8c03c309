"""The row of an accumulator: when it is placed, when it is paid, when it is lost."""

from msgspec.structs import replace

from engine.accumulators.events import AccumulatorClaimed, AccumulatorPlaced
from engine.ledger.accumulators import AccumulatorRecord, LegRecord, accumulated
from engine.ledger.bets import Result, factor_parts
from engine.ledger.receipt import tx_hash


def placed_record(market_id: int, now_ms: int, event: AccumulatorPlaced) -> AccumulatorRecord:
    """The row of an accumulator that has just been placed, with its legs."""
    legs = tuple(
        LegRecord(event.bet_id, number, leg.market_id, leg.option_number, leg.odds, leg.odds_asked)
        for number, leg in enumerate(event.legs, start=1)
    )
    return AccumulatorRecord(
        event.bet_id,
        event.account_id,
        market_id,
        event.client_bet_id,
        event.stake,
        event.accept,
        accumulated(event.stake, (factor_parts(leg.odds, Result.WIN) for leg in legs)),
        now_ms,
        tx_hash(market_id, event),
        legs=legs,
    )


def claimed_record(now_ms: int, accumulator: AccumulatorRecord, event: AccumulatorClaimed) -> AccumulatorRecord:
    """The row of an accumulator that has just been paid."""
    receipt = tx_hash(accumulator.market_id, event)
    return replace(accumulator, payout=event.payout, claim_tx_hash=receipt, closed_ms=now_ms)


def lost_record(now_ms: int, accumulator: AccumulatorRecord) -> AccumulatorRecord:
    """The row of an accumulator of which nothing can come any more."""
    return replace(accumulator, payout=0, closed_ms=now_ms)
