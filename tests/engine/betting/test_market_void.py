"""A match that becomes void, and what the house puts into a pool: every refusal, and who is paid what."""

import pytest

from tests.engine.betting.scenes import DERBY, Scene

# Void


@pytest.mark.parametrize("before", ["", "root suspends", "root closes", "root settles 1", "root plays"])
def test_a_void_gives_every_stake_back(betted: Scene, before: str) -> None:
    betted.told(before)
    assert betted.does("root voids") == "void"
    betted.shows("""
        person | money
        ann    | 1000000
        bob    | 1000000
        cat    | 1000000
        house  | 1000000
        pool   | 0
    """)
    assert [option["result"] for option in betted.exchange.options(DERBY)] == ["push"] * 5
    assert betted.does("ann claims 1") == "ALREADY_CLAIMED"
    assert betted.does("root rolls_back") == "CONFLICT"


def test_a_void_leaves_the_groups_that_were_paid_for(betted: Scene) -> None:
    """What is still owed there is paid with the stakes that go back; lost bets are lost."""
    betted.told("""
        root sets spread 0 2 2
        bob bets 30 on 6 at 2
        ann bets 7 on 1 at 1.85
        root settles 1
        root settles 7
        ann claims 1
    """)
    assert betted.does("root voids") == "void"
    results = [option["result"] for option in betted.exchange.options(DERBY)]
    assert results == ["win", "loss", "loss", "push", "push", "push", "push"]
    assert [bet["payout"] for bet in betted.exchange.all_bets()] == [185, None, 50, 30, 12]
    betted.shows("""
        person | money
        ann    | 1000090
        bob    | 999899
        cat    | 1000000
        house  | 1000011
        pool   | 0
    """)
    assert betted.does("bob claims 1") == "NOTHING_TO_CLAIM"


def test_a_void_pays_what_a_score_has_left_and_not_what_is_worth_nothing(opened: Scene) -> None:
    opened.told("""
        root sets spread -0.25 2 2
        ann bets 1 on 4 at 2
        bob bets 10 on 5 at 2
        cat bets 20 on 5 at 2
        cat bets 9 on 1 at 1.85
        root settles 0:0
        bob claims 1
        root rolls_back 1
    """)
    assert opened.does("root voids") == "void"
    assert [bet["payout"] for bet in opened.exchange.all_bets()] == [None, 15, 30, 9]
    assert opened.stands["pool"] == 0


def test_a_void_that_the_pool_does_not_cover_waits_for_the_house(scene: Scene) -> None:
    """With a draw as an option, at most 185 of 200 can be won: the other 15 cover a bet on goals, too."""
    scene.told("""
        root sets moneyline 1.85 3.4 1.85
        root sets total 2.5 2 2
        root opens 85
        ann bets 100 on 1 at 1.85
        bob bets 100 on 3 at 1.85
        cat bets 100 on 4 at 2
        root settles 4
        cat claims 1
    """)
    before = scene.stands
    assert scene.does("root voids") == "CONFLICT"
    assert scene.stands == before
    scene.told("root funds 14")
    assert scene.does("root voids") == "CONFLICT"
    scene.told("root funds 1")
    assert scene.does("root voids") == "void"
    scene.shows("""
        person | money
        ann    | 1000000
        bob    | 1000000
        cat    | 1000100
        house  | 999900
        pool   | 0
    """)


def test_a_match_that_was_never_opened_can_be_void(scene: Scene) -> None:
    assert scene.does("root voids") == "void"


# Funding


@pytest.mark.parametrize(
    ("way", "told"),
    [
        ("", "open"),
        ("root suspends", "suspended"),
        ("root plays", "in_play"),
        ("root closes", "closed"),
        ("root settles 1:0", "CONFLICT"),
        ("root voids", "CONFLICT"),
    ],
)
def test_when_a_pool_can_be_funded(opened: Scene, way: str, told: str) -> None:
    pool = opened.told(way).stands["pool"]
    assert opened.does("root funds 5") == told
    assert opened.stands["pool"] == pool + (0 if told == "CONFLICT" else 5)


def test_a_pool_is_not_funded_before_betting_is_opened(scene: Scene) -> None:
    assert scene.does("root funds 5") == "CONFLICT"


def test_the_house_must_have_it(opened: Scene) -> None:
    assert opened.does("root funds 999001") == "INSUFFICIENT_FUNDS"
    assert opened.does("root funds 999000") == "open"


def test_nothing_is_funded_by_nothing(opened: Scene) -> None:
    """No movement is written of it."""
    assert opened.does("root funds 0") == "open"
    assert opened.exchange.movements_of("house") == [("pool_fund", -1_000, "market-1")]
