"""The ledger refuses bets, claims and movements of a pool that contradict what it knows."""

from typing import Any

import pytest
from msgspec.structs import replace

from engine.betting.bookkeeping import WRITERS
from engine.betting.events import BetClaimed, BetPlaced, BettingEvent, PoolMoved
from engine.ledger.bets import Acceptance
from engine.ledger.chart import HOUSE, pool_of
from engine.ledger.commands import MovementKind
from engine.ledger.events import MoneyMoved
from engine.ledger.fold import fold
from engine.ledger.page import Page
from tests.engine.betting.harness import Harness
from tests.engine.betting.scenes import DERBY, Scene
from tests.engine.betting.stages import ANN, BETS, BOB, ODDS, OPENED, SETTLED, TWO, staged
from tests.engine.ledger.tables import Tables
from tests.engine.stage import Stage


def claimed(number: int = 1, account: str = "ann") -> Stage:
    exchange = Harness()
    Scene(exchange).told("\n".join(SETTLED))
    exchange.claim(account, number)
    return Stage(exchange)


def test_every_event_of_a_match_has_its_writer() -> None:
    """How a pool moves is betting's too, but accumulators share the event: products.py tells them apart."""
    assert {*WRITERS, PoolMoved} == set(BettingEvent.__args__)


@pytest.mark.parametrize("sentences", [(ODDS,), OPENED, (*OPENED, *BETS), SETTLED, (*OPENED, "root describes it")])
def test_no_event_is_out_of_turn(sentences: tuple[str, ...]) -> None:
    stage = staged(*sentences)
    first, *rest = stage.part.events
    said = f"event {first.sequence + 1} of derby does not follow event {first.sequence - 1}"
    assert stage.refusal_of(replace(first, sequence=first.sequence + 1), *rest) == said


# Bets


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"option_number": 9}, "option 9 of market 1 takes no bets"),
        ({"option_number": 2}, "bet 1 of 100 at 185 can't be taken at 340"),
        ({"stake": 0}, "bet 1 of 0 at 185 can't be taken at 185"),
        ({"stake": -5}, "bet 1 of -5 at 185 can't be taken at 185"),
        ({"odds": 184}, "bet 1 of 100 at 184 can't be taken at 185"),
        ({"odds_asked": 184}, "bet 1 of 100 at 185 can't be taken at 185"),
        ({"odds_asked": 186, "accept": Acceptance.BETTER}, "bet 1 of 100 at 185 can't be taken at 185"),
        ({"stake": 1_000_001}, "the pool of market 1 has -"),
        ({"stake": 1_178}, "the pool of market 1 has -1 more than it may have to pay"),
        ({"account_id": 77}, "account 77 would stand at -100 USD, of which 0 held"),
    ],
)
def test_a_bet_that_can_not_be(changes: dict[str, Any], said: str) -> None:
    stage = staged(*OPENED, BETS[0])
    (placed,) = stage.part.events
    assert stage.refusal_of(replace(placed, **changes)).startswith(said)


@pytest.mark.parametrize(
    ("asked", "accept"),
    [(184, Acceptance.BETTER), (184, Acceptance.ANY), (999, Acceptance.ANY), (185, Acceptance.EXACT)],
)
def test_a_bet_at_odds_that_its_customer_takes(asked: int, accept: Acceptance) -> None:
    stage = staged(*OPENED, BETS[0])
    (placed,) = stage.part.events
    stage.accepts(replace(placed, odds_asked=asked, accept=accept))


def test_there_is_one_bet_of_an_id() -> None:
    stage = staged(*OPENED, *BETS)
    (placed,) = stage.part.events
    again = replace(placed, sequence=placed.sequence + 1)
    assert stage.refusal_of(placed, again) == "bet 2 is there already"
    assert stage.refusal_of(replace(placed, bet_id=1)) == "bet 1 is there already"


@pytest.mark.parametrize(
    "step", ["root suspends", "root closes", "root voids", "root settles 1", "root sets no moneyline"]
)
def test_no_bet_comes_after_its_end(step: str) -> None:
    stage = staged(*TWO, step)
    late = BetPlaced(stage.part.events[-1].sequence + 1, 9, ANN, None, 1, 10, 185, 185, Acceptance.EXACT)
    assert stage.refusal_of(*stage.part.events, late) == "option 1 of market 1 takes no bets"


def test_no_bet_comes_before_the_opening() -> None:
    stage = staged(ODDS)
    early = BetPlaced(2, 9, ANN, None, 1, 10, 185, 185, Acceptance.EXACT)
    assert stage.refusal_of(*stage.part.events, early) == "option 1 of market 1 takes no bets"


# Claims


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"payout": 186}, "bet 1 is not to be paid 186"),
        ({"payout": 184}, "bet 1 is not to be paid 184"),
        ({"payout": 0}, "bet 1 is not to be paid 0"),
        ({"payout": -185}, "bet 1 is not to be paid -185"),
        ({"account_id": BOB}, "bet 1 is not that of account 2 in market 1"),
        ({"bet_id": 2}, "bet 2 is not that of account 1 in market 1"),
        ({"bet_id": 2, "account_id": BOB, "payout": 0}, "bet 2 is not to be paid 0"),
        ({"bet_id": 2, "account_id": BOB, "payout": 343}, "bet 2 is not to be paid 343"),
        ({"bet_id": 9}, "there is no bet 9 to be claimed"),
    ],
)
def test_a_claim_that_can_not_be(changes: dict[str, Any], said: str) -> None:
    stage = claimed()
    (claim,) = stage.part.events
    stage.accepts(claim)
    assert stage.refusal_of(replace(claim, **changes)) == said


def test_nothing_is_paid_twice() -> None:
    stage = claimed()
    (claim,) = stage.part.events
    again = replace(claim, sequence=claim.sequence + 1)
    assert stage.refusal_of(claim, again) == "there is no bet 1 to be claimed"
    exchange = Harness()
    Scene(exchange).told("\n".join((*SETTLED, "ann claims 1", "root describes it")))
    stage = Stage(exchange)
    assert stage.refusal_of(replace(claim, sequence=stage.part.events[0].sequence)) == "there is no bet 1 to be claimed"


def test_nothing_is_paid_before_there_is_a_result() -> None:
    stage = staged(*TWO, *BETS, "root settles 4")
    (moved,) = stage.part.events
    assert stage.refusal_of(moved, BetClaimed(moved.sequence + 1, 1, ANN, 185)) == "bet 1 is not to be paid 185"


def test_a_bet_is_paid_by_its_own_match() -> None:
    exchange = Harness()
    Scene(exchange).told("\n".join(SETTLED))
    exchange.list_match("final")
    exchange.set_odds("final", "root", moneyline="1.85 2.1")
    exchange.claim("ann", 1)
    stage = Stage(exchange)
    (claim,) = stage.part.events
    foreign = replace(claim, sequence=2)
    assert stage.refusal_of(foreign, market_id=2) == "bet 1 is not that of account 1 in market 2"


# What is final


def test_what_is_lost_on_a_match_is_forgotten_as_its_settlement_becomes_final() -> None:
    """By the books, by its pool, and by who reads the tables; its row stays, and says what it is."""
    exchange = Harness()
    Scene(exchange).told("\n".join(SETTLED))
    exchange.list_match("cup")
    exchange.set_odds("cup", "root", moneyline="2 2", total="0.75 2 2")
    exchange.open("cup", "root", 1_000)
    for bettor, number in (("ann", 1), ("bob", 2), ("cat", 3), ("cat", 4)):
        exchange.bet(bettor, "cup", number, 10, "2")
    exchange.settle_score("cup", "root", 1, 0)  # half a win, and half a loss
    assert sorted(exchange.books.betting.bets) == [1, 2, 3, 4, 5, 6]
    before = exchange.standing("cup")
    exchange.finalize("cup", "root")
    assert sorted(exchange.books.betting.bets) == [1, 2, 3, 5, 6]  # that of Bob in the other match may be won yet
    assert sorted(exchange.markets["cup"].pool.bets) == [3, 5, 6]
    assert exchange.standing("cup") == before | {"final": True, "number": before["number"] + 1}
    assert exchange.claim("bob", 4) == {"code": "NOTHING_TO_CLAIM"}
    exchange.restart()
    assert exchange.claim("bob", 4) == {"code": "NOTHING_TO_CLAIM"}
    assert [exchange.claim(*claim)["payout"] for claim in (("ann", 3), ("cat", 5), ("cat", 6))] == [20, 15, 5]
    assert exchange.standing("cup")["pool"] == 0
    exchange.check_history()


def test_a_match_may_become_final_on_the_page_of_a_payment() -> None:
    exchange = Harness()
    Scene(exchange).told("\n".join(SETTLED))
    before = len(exchange.tables.journal)
    exchange.claim("ann", 1)
    exchange.finalize(DERBY, "root")
    books = Tables().books()
    list(fold(books, exchange.tables.journal[:before]))
    page = Page(books)
    for row in exchange.tables.journal[before:]:
        for part in books.codec.unpack(row.body).parts:
            page.write(part)
    page.close()
    assert books.betting.bets == exchange.books.betting.bets == {}
    assert books.betting.claims == exchange.books.betting.claims


# The pool


def test_the_house_gets_nothing_back_before_the_end() -> None:
    stage = staged(*OPENED)
    moved, pool = stage.part.events
    back = PoolMoved(pool.sequence + 1, -1)
    assert stage.refusal_of(moved, pool, back) == "market 1 gives 1 back before it is over"


def test_the_house_puts_in_what_it_has() -> None:
    stage = staged(*OPENED)
    moved, pool = stage.part.events
    said = f"account {HOUSE} would stand at -1 USD, of which 0 held"
    assert stage.refusal_of(moved, replace(pool, amount=1_000_001)) == said


@pytest.mark.parametrize("amount", [1, -1])
def test_nothing_is_moved_in_a_match_that_is_over(amount: int) -> None:
    stage = staged(*SETTLED)
    moved, pool = stage.part.events
    more = PoolMoved(pool.sequence + 1, amount)
    said = f"the pool of market 1 has {amount} more than it may have to pay"
    assert stage.refusal_of(moved, pool, more) == said


def test_money_does_not_leave_the_pool_in_another_way() -> None:
    stage = staged(*OPENED, "ann bets 1177 on 1 at 1.85")
    (placed,) = stage.part.events
    taken = MoneyMoved(MovementKind.TRANSFER, ANN, "mine", "USD", 1, pool_of(1), ANN)
    assert stage.refusal_of(placed, taken) == "the pool of market 1 has -1 more than it may have to pay"


def test_what_a_part_comes_to_is_judged_at_its_end() -> None:
    """Two bets that each would be covered are not both."""
    stage = staged(*OPENED, "ann bets 700 on 1 at 1.85")
    (placed,) = stage.part.events
    other = replace(placed, sequence=placed.sequence + 1, bet_id=2)
    said = "the pool of market 1 has -190 more than it may have to pay"
    assert stage.refusal_of(placed, other) == said
    stage.accepts(placed, other, PoolMoved(other.sequence + 1, 190))


def test_other_markets_are_left_alone() -> None:
    """Two matches on one page: each has its options, its bets and its tallies."""
    exchange = Harness()
    Scene(exchange).told("\n".join((*OPENED, *BETS)))
    exchange.list_match("final")
    exchange.set_odds("final", "root", moneyline="1.5 2.5")
    exchange.open("final", "root", 500)
    exchange.bet("ann", "final", 1, 50, "1.5")
    page = Page(exchange.books)
    assert set(page.betting.options_of(1)) == {1, 2, 3}
    assert set(page.betting.options_of(2)) == {1, 2}
    assert page.betting.tally(1, 1) == (185, 142, 100, 50, 0)
    assert page.betting.tally(2, 1) == (75, 62, 50, 25, 0)
    assert (page.betting.claims_on(1, 1), page.betting.tally(2, 9)) == (0, (0, 0, 0, 0, 0))
    assert exchange.standing(DERBY)["liability"] == 343
