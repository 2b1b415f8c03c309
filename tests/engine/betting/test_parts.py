"""A void match gives its stakes back a part at a time: also if it crashes between any two."""

import pytest

from engine.betting.commands import ClaimBet, VoidMatch
from engine.betting.events import BetClaimed, MatchMoved, PoolMoved
from engine.refusals import Refused
from tests.engine.betting.harness import Harness
from tests.engine.betting.scenes import DERBY, Scene


def voided(*, bets: int = 5, **engine: object) -> Harness:
    """So many bets of Ann, of 10, 11, 12 units; void, and nothing given back yet."""
    exchange = Harness(works=False, **engine)  # type: ignore[arg-type]  # what a test says of the engine
    scene = Scene(exchange).told("root sets moneyline 1.85 2.1\nroot opens 1000")
    scene.told("\n".join(f"ann bets {10 + number} on 1 at 1.85" for number in range(bets)))
    scene.told("root voids")
    return exchange


@pytest.mark.parametrize("part_max", [1, 2, 5, 1_000])
@pytest.mark.parametrize("crashes", [False, True])
def test_all_is_given_back_once(part_max: int, crashes: bool) -> None:
    exchange = voided(part_max=part_max, crashes=crashes)
    assert exchange.has("house") == 1_000_000
    before = len(exchange.tables.journal)
    while exchange.go_on(DERBY):
        pass
    assert len(exchange.tables.journal) - before == -(-5 // part_max)
    assert exchange.has("ann") == 1_000_000
    assert exchange.standing(DERBY)["pool"] == 0
    assert [bet["payout"] for bet in exchange.all_bets()] == [10, 11, 12, 13, 14]
    exchange.check_history()


def test_the_oldest_bets_come_first() -> None:
    exchange = voided(part_max=2)
    exchange.go_on(DERBY)
    assert [bet["payout"] for bet in exchange.all_bets()] == [10, 11, None, None, None]


def test_who_claims_in_between_is_paid_once() -> None:
    exchange = voided(part_max=1)
    exchange.go_on(DERBY)
    assert exchange.claim("ann", 5)["payout"] == 14
    assert exchange.claim("ann", 5) == {"code": "ALREADY_CLAIMED"}
    assert exchange.claim("ann", 1) == {"code": "ALREADY_CLAIMED"}
    while exchange.go_on(DERBY):
        pass
    assert exchange.has("ann") == 1_000_000
    exchange.check_history()


def test_a_match_without_bets_has_nothing_to_do() -> None:
    exchange = voided(bets=0)
    market = exchange.markets[DERBY]
    assert not market.has_work
    market.go_on()
    assert market.take_events() == ()


def test_a_match_that_is_not_void_does_nothing_by_itself() -> None:
    exchange = Harness()
    Scene(exchange).told("root sets moneyline 1.85 2.1\nroot opens 1000\nann bets 10 on 1 at 1.85\nroot settles 1:0")
    market = exchange.markets[DERBY]
    assert not market.has_work
    market.go_on()
    assert market.take_events() == ()


def test_a_void_is_one_commit_with_the_money_of_the_house() -> None:
    exchange = voided()
    (part,) = exchange.books.codec.unpack(exchange.tables.journal[-1].body).parts
    moved, pool = part.events
    assert isinstance(moved, MatchMoved)
    assert pool == PoolMoved(moved.sequence + 1, -1_000)


def test_several_commands_of_one_batch_are_one_part() -> None:
    """As its actor does it: here a void, a claim and the first part of the rest."""
    exchange = Harness(part_max=2, works=False)
    Scene(exchange).told("root sets moneyline 1.85 2.1\nroot opens 1000\n" + "ann bets 10 on 1 at 1.85\n" * 4)
    market = exchange.markets[DERBY]
    market.void(VoidMatch(DERBY, 5))
    assert not isinstance(market.claim(ClaimBet(exchange.account_id("ann"), DERBY, 3)), Refused)
    market.go_on()
    exchange.commit(market)
    (part,) = exchange.books.codec.unpack(exchange.tables.journal[-1].body).parts
    assert [event.bet_id for event in part.events if isinstance(event, BetClaimed)] == [3, 1, 2]
    assert market.has_work
