"""Bets: what is taken at which odds, how much of it, and what is refused."""

from typing import Any

import pytest

from engine.ledger.bets import Acceptance
from engine.refusals import Refusal, Refused
from tests.engine.betting.harness import Harness
from tests.engine.betting.scenes import Scene
from tests.engine.drawings import cells


def test_a_stake_goes_into_the_pool(opened: Scene) -> None:
    assert opened.does("ann bets 100 on 1 at 1.85") == "taken"
    opened.shows("""
        person | money
        ann    | 999900
        pool   | 1100
        house  | 999000
    """)
    assert opened.exchange.movements_of("ann") == [("bet", -100, "1")]
    assert opened.exchange.movements_of("house") == [("pool_fund", -1_000, "market-1")]


def test_a_bet_keeps_the_odds_that_it_was_taken_at(opened: Scene) -> None:
    opened.told("""
        ann bets 100 on 1 at 1.85
        root sets moneyline 1.5 3.4 4.2
        ann bets 100 on 1 at 1.5
        root settles 1:0
        ann claims 1
        ann claims 2
    """)
    assert [(bet["odds"], bet["payout"]) for bet in opened.exchange.all_bets()] == [(185, 185), (150, 150)]


# Odds that have changed

TABLE = """
    asked | exact            | better           | any
    1.85  | taken            | taken            | taken
    1.84  | ODDS_CHANGED 185 | taken            | taken
    1.86  | ODDS_CHANGED 185 | ODDS_CHANGED 185 | taken
    1.01  | ODDS_CHANGED 185 | taken            | taken
    1000  | ODDS_CHANGED 185 | ODDS_CHANGED 185 | taken
"""
HEADER, *ROWS = cells(TABLE)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0])
@pytest.mark.parametrize("accept", Acceptance)
def test_the_odds_must_be_those_that_the_customer_takes(opened: Scene, row: list[str], accept: Acceptance) -> None:
    told = row[HEADER.index(accept.value)]
    assert opened.does(f"ann bets 100 on 1 at {row[0]} {accept.value}") == told
    assert opened.exchange.has("ann") == (999_900 if told == "taken" else 1_000_000)
    if told == "taken":
        (bet,) = opened.exchange.all_bets()
        assert (bet["odds"], bet["asked"]) == (185, round(float(row[0]) * 100))


def test_the_refusal_says_the_odds_of_now() -> None:
    exchange = Harness()
    scene = Scene(exchange).told("root sets moneyline 1.85 2.1\nroot opens 1000\nroot sets moneyline 1.9 2.1")
    assert scene.does("ann bets 100 on 1 at 1.85") == "ODDS_CHANGED 190"
    assert exchange.refused == Refused(Refusal.ODDS_CHANGED, "the odds of option 1 are 190 now", {"odds": 190})


# Liability


def test_the_pool_and_the_stake_must_cover_the_worst(opened: Scene) -> None:
    """1000 in the pool: 1176 at 1.85 win 999.6 of it, 1177 win 1000.45, which is 1000 after rounding; 1178 win 1001."""
    assert opened.does("ann bets 1178 on 1 at 1.85") == "LIABILITY_LIMIT 1177"
    assert opened.does("ann bets 1177 on 1 at 1.85") == "taken"
    assert opened.does("ann bets 1 on 1 at 1.85") == "taken"  # wins 0.85, which is nothing
    assert opened.does("ann bets 2 on 1 at 1.85") == "LIABILITY_LIMIT 1"
    assert (opened.stands["pool"], opened.stands["liability"]) == (2178, 2178)


def test_the_refusal_says_the_largest_stake_as_text() -> None:
    exchange = Harness()
    scene = Scene(exchange).told("root sets moneyline 1.85 2.1\nroot opens 1000")
    assert scene.does("ann bets 9999 on 1 at 1.85") == "LIABILITY_LIMIT 1177"
    said = "at most 1177 can be staked on this now"
    assert exchange.refused == Refused(Refusal.LIABILITY_LIMIT, said, {"maxStake": "1177"})


def test_more_of_the_houses_money_makes_room(opened: Scene) -> None:
    opened.told("ann bets 1177 on 1 at 1.85")
    assert opened.does("ann bets 100 on 1 at 1.85") == "LIABILITY_LIMIT 1"
    opened.told("root funds 84")
    assert opened.does("ann bets 100 on 1 at 1.85") == "LIABILITY_LIMIT 99"
    opened.told("root funds 1")
    assert opened.does("ann bets 100 on 1 at 1.85") == "taken"


def test_stakes_on_the_other_options_of_the_group_make_room(opened: Scene) -> None:
    opened.told("ann bets 1177 on 1 at 1.85")
    assert opened.does("bob bets 100 on 2 at 3.4") == "taken"
    assert opened.does("ann bets 9999 on 1 at 1.85") == "LIABILITY_LIMIT 118"


def test_stakes_in_another_group_do_not(opened: Scene) -> None:
    opened.told("""
        root sets total 2.5 2 2
        ann bets 600 on 4 at 2
    """)
    assert opened.does("ann bets 9999 on 1 at 1.85") == "LIABILITY_LIMIT 471"


def test_what_is_settled_makes_no_room_before_it_is_paid(opened: Scene) -> None:
    """As it can be taken back."""
    opened.told("""
        root sets total 2.5 2 2
        ann bets 600 on 4 at 2
        bob bets 10 on 5 at 2
        root settles 5
    """)
    assert opened.does("cat bets 9999 on 1 at 1.85") == "LIABILITY_LIMIT 483"
    opened.told("bob claims 1")
    assert opened.does("cat bets 9999 on 1 at 1.85") == "LIABILITY_LIMIT 1871"


def test_without_money_of_the_house_almost_nothing_is_taken(scene: Scene) -> None:
    scene.told("""
        root sets moneyline 1.85 1.01
        root opens 0
    """)
    assert scene.does("ann bets 2 on 1 at 1.85") == "LIABILITY_LIMIT 1"
    assert scene.does("ann bets 100 on 2 at 1.01") == "LIABILITY_LIMIT 99"


def test_stakes_may_pass_64_bits(twin: Any) -> None:
    exchange = twin()
    scene = Scene(exchange, "")
    for person in ("ann", "house"):
        exchange.deposit(person, "at first", "USD", str(10**30))
    scene.told(f"root sets moneyline 1.85 2.1\nroot opens {10**34}\nann bets {10**33} on 1 at 1.85")
    assert scene.does(f"ann bets {10**34 - 10**33} on 1 at 1.85") == "taken"
    scene.told("root settles 1:0\nann claims 2")
    assert exchange.has("ann") == 9 * 185 * 10**31


# What else is refused


@pytest.mark.parametrize(
    ("sentence", "told"),
    [
        ("ann bets 1000001 on 1 at 1.85", "INSUFFICIENT_FUNDS"),
        ("dan bets 1 on 1 at 1.85", "INSUFFICIENT_FUNDS"),
        ("ann bets 1 on 0 at 1.85", "NOT_FOUND"),
        ("ann bets 1 on 4 at 1.85", "NOT_FOUND"),
    ],
)
def test_no_money_and_no_such_option(opened: Scene, sentence: str, told: str) -> None:
    before = opened.stands
    assert opened.does(sentence) == told
    assert opened.stands == before


def test_an_option_that_is_not_offered_takes_no_bets(opened: Scene) -> None:
    opened.told("root sets total 2.5 1.9 1.9")
    opened.told("root sets no moneyline")
    assert opened.does("ann bets 1 on 1 at 1.85") == "MARKET_CLOSED"
    assert opened.does("ann bets 1 on 4 at 1.9") == "taken"
    opened.told("root sets moneyline 1.85 3.4 4.2")
    assert opened.does("ann bets 1 on 1 at 1.85") == "taken"


def test_an_option_that_is_settled_takes_no_bets(opened: Scene) -> None:
    opened.told("""
        root sets total 2.5 1.9 1.9
        root settles 1
    """)
    assert opened.does("ann bets 1 on 1 at 1.85") == "MARKET_CLOSED"
    assert opened.does("ann bets 1 on 2 at 3.4") == "MARKET_CLOSED"
    assert opened.does("ann bets 1 on 4 at 1.9") == "taken"


@pytest.mark.parametrize(
    ("way", "said"),
    [
        ("", "betting is not open yet"),
        ("root opens 0\nroot suspends", "betting is suspended: try again later"),
        ("root opens 0\nroot closes", "the match is closed: it takes no bets any more"),
        ("root opens 0\nroot settles 1:0", "the match is settled: it takes no bets any more"),
        ("root voids", "the match is void: it takes no bets any more"),
        ("root opens 0\nroot sets total 2.5 2 2\nroot settles 1", "option 1 is settled"),
        ("root opens 0\nroot sets no moneyline", "option 1 is not offered now"),
    ],
)
def test_a_customer_is_told_why(way: str, said: str) -> None:
    exchange = Harness()
    Scene(exchange).told("root sets moneyline 1.85 2.1").told(way).does("ann bets 1 on 1 at 1.85")
    assert exchange.refused is not None
    assert exchange.refused.message == said


def test_the_first_of_several_reasons_is_told(opened: Scene) -> None:
    """As the list of refusals has them: closed before its odds, odds before how much."""
    assert opened.does("ann bets 99999 on 1 at 2") == "ODDS_CHANGED 185"
    assert opened.does("ann bets 9999999 on 1 at 2") == "INSUFFICIENT_FUNDS"
    opened.told("root closes")
    assert opened.does("ann bets 99999 on 9 at 2") == "MARKET_CLOSED"


def test_the_rows_of_a_bet() -> None:
    exchange = Harness()
    Scene(exchange).told("root sets moneyline 1.85 2.1\nroot opens 1000\nann bets 100 on 1 at 1.8 better")
    (row,) = exchange.tables.bets.values()
    assert (row.account_id, row.market_id, row.client_bet_id) == (exchange.account_id("ann"), 1, "c0")
    assert (row.odds, row.odds_asked, row.accept) == (185, 180, Acceptance.BETTER)
    assert (row.created_ms, row.payout, row.claim_tx_hash, row.claimed_ms) == (exchange.now_ms, None, None, None)
    assert len(row.tx_hash) == 66
