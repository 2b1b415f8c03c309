"""The audit of a match finds what must not be: a check that can't fail is none."""

from collections.abc import Callable

import pytest
from msgspec.structs import replace

from engine.betting.audit import audit
from engine.betting.market import BettingMarket
from engine.betting.match import Board
from engine.ledger.bets import Result
from engine.ledger.records import MarketState
from tests.engine.betting.harness import Harness
from tests.engine.betting.scenes import DERBY, Scene

SENTENCES = """
    root sets moneyline 1.85 3.4 4.2
    root sets spread -0.25 1.9 1.95
    root sets total 2.5 2 2
    root opens 100
    ann bets 100 on 1 at 1.85
    bob bets 11 on 4 at 1.9
    root settles 6
"""


@pytest.fixture
def market() -> BettingMarket:
    """Three groups, of which the last is settled; bets on the others take what there is to take."""
    exchange = Harness()
    scene = Scene(exchange).told(SENTENCES)
    limit = scene.does("cat bets 99999 on 1 at 1.85").split()[1]
    scene.told(f"cat bets {limit} on 1 at 1.85")
    return exchange.markets[DERBY]


def test_a_sound_match_passes(market: BettingMarket) -> None:
    assert market.pool.money == market.pool.liability
    audit(market)


def without_money(market: BettingMarket) -> None:
    market.pool.money -= 1


def another_stake(market: BettingMarket) -> None:
    market.pool.bets[1] = replace(market.pool.bets[1], stake=90)


def a_bet_lost(market: BettingMarket) -> None:
    del market.pool.bets[2]


def a_bet_on_another_option(market: BettingMarket) -> None:
    market.pool.bets[1] = replace(market.pool.bets[1], option_number=3)


def claimed_and_still_there(market: BettingMarket) -> None:
    market.pool.claimed[1] = 1


def option(which: int, **changes: object) -> Callable[[BettingMarket], None]:
    def change(market: BettingMarket) -> None:
        market.pool.options[which] = replace(market.pool.options[which], **changes)

    return change


def another_board(market: BettingMarket) -> None:
    market.standing = replace(market.standing, board=Board())


def without_groups(market: BettingMarket) -> None:
    market.standing = replace(market.standing, board=Board())
    market.pool.options.clear()
    market.pool.bets.clear()


def over_with_money_left(market: BettingMarket) -> None:
    market.state = MarketState.SETTLED
    market.pool.money += 1


DAMAGES = {
    "the pool is short": without_money,
    "another stake": another_stake,
    "a bet is gone": a_bet_lost,
    "a bet is elsewhere": a_bet_on_another_option,
    "a bet is claimed and still there": claimed_and_still_there,
    "an option is numbered otherwise": option(1, number=9),
    "an option is in another group": option(1, group_number=3),
    "an option is a group of its own": option(1, group_number=9),
    "an option has other odds": option(1, odds=184),
    "an option is not offered": option(1, offered=False),
    "a settled option is offered": option(6, offered=True),
    "a settled option has other odds": option(6, odds=184),
    "half a group is settled": option(2, result=Result.LOSS, offered=False),
    "half a group is not": option(7, result=None, offered=True),
    "an option is of another line": option(4, line_quarters=0),
    "the board shows nothing": another_board,
    "there is nothing to bet on": without_groups,
    "it is over and has money left": over_with_money_left,
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damage_is_found(market: BettingMarket, damage: str) -> None:
    DAMAGES[damage](market)
    with pytest.raises(AssertionError):
        audit(market)
