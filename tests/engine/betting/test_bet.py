"""Which odds a bet takes, and its row."""

import pytest
from msgspec.structs import replace

from engine.betting.bet import accepts, claimed_record, liability_limit, placed_record
from engine.betting.events import BetClaimed, BetPlaced
from engine.ledger.bets import Acceptance, BetRecord, Result
from engine.ledger.receipt import tx_hash
from engine.refusals import Refusal, Refused
from tests.engine.drawings import cells

TABLE = """
    asked | now | exact | better | any
    185   | 185 | yes   | yes    | yes
    185   | 186 |       | yes    | yes
    185   | 184 |       |        | yes
"""
HEADER, *ROWS = cells(TABLE)
PLACED = BetPlaced(4, 12, 3, "größer", 2, 10**30, 186, 185, Acceptance.BETTER)
CLAIMED = BetClaimed(9, 12, 3, 2 * 10**30)


@pytest.mark.parametrize("row", ROWS, ids="".join)
def test_which_odds_are_taken(row: list[str]) -> None:
    asked, now, *expected = row
    assert [accepts(Acceptance(name), int(asked), int(now)) for name in HEADER[2:]] == [
        cell == "yes" for cell in expected
    ]


def test_how_much_is_taken_is_said_in_words_and_as_a_number() -> None:
    words = "at most 118 can be staked on this now"
    assert liability_limit(118) == Refused(Refusal.LIABILITY_LIMIT, words, {"maxStake": "118"})
    words = "nothing can be staked on this now"
    assert liability_limit(0) == Refused(Refusal.LIABILITY_LIMIT, words, {"maxStake": "0"})


def test_the_row_of_a_bet_that_was_placed() -> None:
    assert placed_record(7, 5_000, PLACED) == BetRecord(
        12, 3, 7, "größer", 2, 10**30, 186, 185, Acceptance.BETTER, 5_000, tx_hash(7, PLACED)
    )


def test_the_row_of_a_bet_that_was_paid() -> None:
    """It does not keep a result: that stands with the option."""
    before = placed_record(7, 5_000, PLACED)
    after = claimed_record(7, 6_000, replace(before, result=Result.WIN), CLAIMED)
    assert after == replace(before, payout=2 * 10**30, claim_tx_hash=tx_hash(7, CLAIMED), claimed_ms=6_000)
