"""A bet: which odds it takes, and its row when it is placed and when it is paid."""

from msgspec.structs import replace

from engine.betting.events import BetClaimed, BetPlaced
from engine.ledger.bets import Acceptance, BetRecord
from engine.ledger.receipt import tx_hash
from engine.refusals import Refusal, Refused


def accepts(accept: Acceptance, asked: int, odds: int) -> bool:
    """Whether a customer who asked for some odds takes these."""
    return odds == asked or accept is Acceptance.ANY or (accept is Acceptance.BETTER and odds > asked)


def liability_limit(most: int) -> Refused:
    """Say how much the pool covers."""
    words = f"at most {most} can be staked on this now" if most else "nothing can be staked on this now"
    return Refused(Refusal.LIABILITY_LIMIT, words, {"maxStake": str(most)})


def placed_record(market_id: int, now_ms: int, event: BetPlaced) -> BetRecord:
    """The row of a bet that has just been placed."""
    return BetRecord(
        event.bet_id,
        event.account_id,
        market_id,
        event.client_bet_id,
        event.option_number,
        event.stake,
        event.odds,
        event.odds_asked,
        event.accept,
        now_ms,
        tx_hash(market_id, event),
    )


def claimed_record(market_id: int, now_ms: int, bet: BetRecord, event: BetClaimed) -> BetRecord:
    """The row of a bet that has just been paid; the result stands with the option."""
    return replace(bet, payout=event.payout, claim_tx_hash=tx_hash(market_id, event), claimed_ms=now_ms, result=None)
