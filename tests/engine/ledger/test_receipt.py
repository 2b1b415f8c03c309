"""The hash of a bet and of its claim: customers keep it, so it must never change."""

import hashlib

import msgpack
import pytest
from msgspec.structs import replace

from engine.accumulators.events import AccumulatorClaimed, AccumulatorPlaced, Leg
from engine.betting.events import BetClaimed, BetPlaced
from engine.ledger.bets import Acceptance
from engine.ledger.receipt import tx_hash

PLACED = BetPlaced(4, 12, 3, "größer", 2, 10**30, 186, 185, Acceptance.BETTER)
CLAIMED = BetClaimed(9, 12, 3, 2 * 10**30)
LEGS = (Leg(8, 2, 186, 185, 31), Leg(9, 1, 340, 340, 2))
ACCUMULATED = AccumulatorPlaced(5, 13, 3, "größer", LEGS, 10**30, Acceptance.BETTER)
PAID = AccumulatorClaimed(8, 13, 3, 6 * 10**30)


def test_the_hashes_are_what_they_were() -> None:
    """If this fails, receipts that customers have kept would not be found again."""
    assert tx_hash(7, PLACED) == "0x832f3dadc4965bf2f77167124b226a91c3eb0e457dbab9493eda1e8d8b75978b"
    assert tx_hash(7, CLAIMED) == "0x58add418454ea9a3603b9689d7a7ed9aea77b41878367de1c718c84e3d7945a0"
    assert tx_hash(5, ACCUMULATED) == "0x09e059ee98ec122222521449ce8b46065cbcf829a2090561d69f1e66f5641ab2"
    assert tx_hash(5, PAID) == "0xe83872fac12217e50d98302ae75de15ccd495827c4def778a047e5751627bbed"


def test_anybody_can_make_the_hash_of_a_bet_from_what_the_journal_has() -> None:
    event = ["BetPlaced", 4, 12, 3, "größer", 2, str(10**30), 186, 185, "better"]
    assert tx_hash(7, PLACED) == "0x" + hashlib.sha256(msgpack.packb([7, event])).hexdigest()
    event = ["BetClaimed", 9, 12, 3, str(2 * 10**30)]
    assert tx_hash(7, CLAIMED) == "0x" + hashlib.sha256(msgpack.packb([7, event])).hexdigest()
    legs = [[8, 2, 186, 185, 31], [9, 1, 340, 340, 2]]
    accumulated = ["AccumulatorPlaced", 5, 13, 3, "größer", legs, str(10**30), "better"]
    assert tx_hash(5, ACCUMULATED) == "0x" + hashlib.sha256(msgpack.packb([5, accumulated])).hexdigest()
    paid = ["AccumulatorClaimed", 8, 13, 3, str(6 * 10**30)]
    assert tx_hash(5, PAID) == "0x" + hashlib.sha256(msgpack.packb([5, paid])).hexdigest()


@pytest.mark.parametrize(
    "other",
    [
        replace(PLACED, sequence=5),
        replace(PLACED, bet_id=13),
        replace(PLACED, account_id=4),
        replace(PLACED, client_bet_id=None),
        replace(PLACED, option_number=1),
        replace(PLACED, stake=10**30 + 1),
        replace(PLACED, odds=187),
        replace(PLACED, odds_asked=186),
        replace(PLACED, accept=Acceptance.ANY),
    ],
)
def test_every_field_is_in_it(other: BetPlaced) -> None:
    assert tx_hash(7, other) != tx_hash(7, PLACED)


@pytest.mark.parametrize(
    "other",
    [
        replace(ACCUMULATED, sequence=6),
        replace(ACCUMULATED, bet_id=12),
        replace(ACCUMULATED, account_id=4),
        replace(ACCUMULATED, client_bet_id=None),
        replace(ACCUMULATED, legs=LEGS[::-1]),
        replace(ACCUMULATED, legs=LEGS[:1]),
        *(
            replace(ACCUMULATED, legs=(replace(LEGS[0], **{field: 77}), LEGS[1]))
            for field in ("market_id", "option_number", "odds", "odds_asked", "number")
        ),
        replace(ACCUMULATED, stake=10**30 + 1),
        replace(ACCUMULATED, accept=Acceptance.ANY),
    ],
)
def test_every_leg_is_in_it(other: AccumulatorPlaced) -> None:
    assert tx_hash(5, other) != tx_hash(5, ACCUMULATED)


def test_the_market_is_in_it() -> None:
    assert tx_hash(8, PLACED) != tx_hash(7, PLACED)
