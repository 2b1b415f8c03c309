"""Results: by option, by score, taken back, void; claims; what the house gets."""

from typing import Any

import pytest

from engine.betting.commands import RollBackSettlement
from engine.betting.market import CLAIMS_SHOWN_MAX
from engine.refusals import Refused
from tests.engine.betting.conftest import BETS
from tests.engine.betting.harness import Harness
from tests.engine.betting.scenes import DERBY, Scene

# By score


def test_a_score_settles_everything_and_the_house_gets_what_is_left(betted: Scene) -> None:
    assert betted.does("root settles 2:1") == "settled"
    assert betted.stands["score"] == (2, 1)
    betted.shows("""
        person | money
        pool   | 285
        house  | 999966
        ann    | 999900
    """)
    assert betted.stands["returned"] == 966
    assert betted.does("ann claims 1") == "paid 185"
    assert betted.does("cat claims 1") == "paid 100"
    betted.shows("""
        person | money
        ann    | 1000085
        bob    | 999899
        cat    | 1000050
        house  | 999966
        pool   | 0
    """)


def test_the_house_makes_stakes_less_payouts(betted: Scene) -> None:
    betted.told("root settles 0:0")
    assert betted.does("bob claims 1") == "paid 343"  # 343.4
    assert betted.exchange.has("house") == 1_000_000 + 251 - 343
    assert betted.exchange.movements_of("house") == [
        ("pool_fund", -1_000, "market-1"),
        ("pool_return", 908, "market-1"),
    ]


def test_halves_and_pushes_are_paid_as_the_line_says(opened: Scene) -> None:
    opened.told("""
        root sets spread -0.75 2 2
        ann bets 101 on 4 at 2
        bob bets 101 on 5 at 2
        root sets spread -1 2 2
        ann bets 33 on 6 at 2
        cat bets 33 on 7 at 2
        root settles 1:0
    """)
    assert [opened.does(f"ann claims {number}") for number in (1, 2)] == ["paid 151", "paid 33"]
    assert opened.does("bob claims 1") == "paid 50"
    assert opened.does("cat claims 1") == "paid 33"


def test_a_draw_without_odds_of_its_own_is_a_push(opened: Scene) -> None:
    opened.told("""
        root sets moneyline 1.5 2.5
        ann bets 100 on 4 at 1.5
        root settles 3:3
    """)
    assert opened.does("ann claims 1") == "paid 100"


# By option


def test_an_option_settles_its_group_and_others_stay_open(betted: Scene) -> None:
    assert betted.does("root settles 2") == "open"
    betted.shows_options("""
        option | pick  | odds   | result
        1      | home  | 1.85   | loss
        2      | draw  | 3.40   | win
        3      | away  | 4.20   | loss
        4      | over  | 2.00 * |
        5      | under | 2.00 * |
    """)
    assert betted.does("bob claims 1") == "paid 343"
    assert betted.does("cat claims 1") == "NOT_SETTLED"
    assert (betted.stands["score"], betted.stands["returned"]) == (None, 0)


def test_with_the_last_group_the_match_is_settled(betted: Scene) -> None:
    betted.told("root settles 2")
    assert betted.does("root settles 5") == "settled"
    assert betted.exchange.has("house") == 1_000_000 - 1_000 + (1_251 - 343)


def test_the_score_settles_what_options_have_left(betted: Scene) -> None:
    """Somebody has said that it is a draw: that stands, whatever the score says of the rest."""
    betted.told("root settles 2")
    assert betted.does("root settles 2:1") == "settled"
    assert [option["result"] for option in betted.exchange.options(DERBY)] == ["loss", "win", "loss", "win", "loss"]


@pytest.mark.parametrize("first", ["root settles 1", "root settles 2"])
@pytest.mark.parametrize("again", ["root settles 1", "root settles 2", "root settles 3"])
def test_a_group_is_settled_once(betted: Scene, first: str, again: str) -> None:
    betted.told(first)
    before = betted.stands
    assert betted.does(again) == "ALREADY_SETTLED"
    assert betted.stands == before


@pytest.mark.parametrize("again", ["root settles 1", "root settles 2:1", "root settles 9"])
def test_a_match_is_settled_once(betted: Scene, again: str) -> None:
    betted.told("root settles 2:1")
    before = betted.stands
    assert betted.does(again) == "ALREADY_SETTLED"
    assert betted.stands == before


def test_there_must_be_such_an_option(betted: Scene) -> None:
    assert betted.does("root settles 0") == "NOT_FOUND"
    assert betted.does("root settles 6") == "NOT_FOUND"
    assert betted.does("root rolls_back 6") == "NOT_FOUND"


def test_what_is_settled_is_shown_as_such_until_it_is_taken_back(betted: Scene) -> None:
    betted.told("root settles 2")
    assert betted.stands["settled"] == ["moneyline"]
    betted.told("root sets total 3.5 2 2\nroot settles 4")  # which is not on the board any more
    assert betted.stands["settled"] == ["moneyline"]
    betted.told("root sets no moneyline")
    assert betted.stands["settled"] == []
    betted.told("root settles 0:0")
    assert betted.stands["settled"] == ["total"]
    betted.told("root rolls_back")
    assert betted.stands["settled"] == []


# Claims


def test_a_bet_is_paid_once(betted: Scene) -> None:
    assert betted.does("ann claims 1") == "NOT_SETTLED"
    betted.told("root settles 2:1")
    assert betted.does("ann claims 1") == "paid 185"
    assert betted.does("ann claims 1") == "ALREADY_CLAIMED"
    assert betted.exchange.has("ann") == 1_000_085
    assert betted.exchange.movements_of("ann") == [("bet", -100, "1"), ("payout", 185, "1")]


def test_another_persons_bet_is_not_there_paid_or_not(betted: Scene) -> None:
    """It does not even say that it has been paid."""
    betted.told("root settles 2:1")
    assert betted.exchange.claim("bob", 1) == {"code": "NOT_FOUND"}
    betted.told("ann claims 1")
    assert betted.exchange.claim("bob", 1) == {"code": "NOT_FOUND"}
    assert betted.exchange.claim("ann", 99) == {"code": "NOT_FOUND"}
    assert betted.exchange.has("bob") == 999_899


def test_of_a_lost_bet_there_is_nothing_to_claim(betted: Scene) -> None:
    betted.told("root settles 2:1")
    assert betted.does("bob claims 1") == "NOTHING_TO_CLAIM"
    betted.told("ann claims 1")
    assert betted.does("bob claims 1") == "NOTHING_TO_CLAIM"  # though its match has forgotten it


def test_half_of_one_unit_is_nothing_to_claim(opened: Scene) -> None:
    opened.told("""
        root sets spread -0.25 2 2
        ann bets 1 on 4 at 2
        root settles 0:0
    """)
    assert opened.does("ann claims 1") == "NOTHING_TO_CLAIM"


def test_with_the_first_claim_lost_bets_are_forgotten_also_across_restarts() -> None:
    exchange = Harness()
    Scene(exchange).told("root sets moneyline 1.85 3.4 4.2\nroot opens 1000").told(BETS).told("""
        ann bets 10 on 1 at 1.85
        root settles 2:1
    """)
    assert list(exchange.markets[DERBY].pool.bets) == [1, 2, 3, 4]
    assert list(exchange.books.betting.bets) == [1, 2, 3, 4]
    exchange.claim("ann", 1)
    assert list(exchange.markets[DERBY].pool.bets) == [3, 4]
    assert list(exchange.books.betting.bets) == [3, 4]
    exchange.restart()
    assert list(exchange.markets[DERBY].pool.bets) == [3, 4]
    exchange.claim("ann", 4)
    exchange.check_history()


def test_a_claim_from_before_the_match_was_settled_has_them_forgotten() -> None:
    exchange = Harness()
    scene = Scene(exchange).told("root sets moneyline 1.85 3.4 4.2\nroot opens 1000").told(BETS)
    scene.told("root settles 2\nbob claims 1\nroot settles 4")
    assert list(exchange.books.betting.bets) == [3]
    exchange.claim("cat", 3)
    assert list(exchange.markets[DERBY].pool.bets) == []


def test_lost_bets_are_forgotten_group_by_group() -> None:
    exchange = Harness()
    scene = Scene(exchange).told("root sets moneyline 1.85 3.4 4.2\nroot opens 1000").told(BETS)
    scene.told("ann bets 5 on 5 at 2\nroot settles 2:1\ncat claims 1")
    for _ in ("as it went", "from the tables"):
        assert list(exchange.markets[DERBY].pool.bets) == list(exchange.books.betting.bets) == [1, 2]
        assert (1, 5) not in exchange.books.betting.tallies
        exchange.restart()
    scene.told("ann claims 1")
    assert list(exchange.markets[DERBY].pool.bets) == list(exchange.books.betting.bets) == []


def test_the_rows_of_a_claim() -> None:
    exchange = Harness()
    Scene(exchange).told("root sets moneyline 1.85 2.1\nroot opens 1000\nann bets 100 on 1 at 1.85\nroot settles 1:0")
    before = exchange.tables.bets[1]
    exchange.claim("ann", 1)
    after = exchange.tables.bets[1]
    assert (after.payout, after.claimed_ms) == (185, exchange.now_ms)
    assert after.tx_hash == before.tx_hash != after.claim_tx_hash
    assert after.claim_tx_hash is not None


# Taking back


def test_a_settlement_is_taken_back_exactly(betted: Scene) -> None:
    options, before = betted.exchange.options(DERBY), betted.stands
    betted.told("root settles 2:1")
    assert betted.does("root rolls_back") == "closed"
    assert betted.exchange.options(DERBY) == options
    changed = {"state": "closed", "number": before["number"] + 2}
    assert betted.stands == before | changed
    assert betted.exchange.has("house") == 999_000
    betted.told("root settles 0:0")
    assert betted.does("ann claims 1") == "NOTHING_TO_CLAIM"
    assert betted.does("bob claims 1") == "paid 343"
    assert betted.does("cat claims 1") == "NOTHING_TO_CLAIM"
    assert betted.exchange.has("house") == 999_908


def test_a_group_is_taken_back_and_bet_on_again(betted: Scene) -> None:
    options = betted.exchange.options(DERBY)
    betted.told("root settles 2")
    assert betted.does("root rolls_back 1") == "open"
    assert betted.exchange.options(DERBY) == options
    assert betted.does("ann bets 1 on 1 at 1.85") == "taken"
    assert betted.does("root rolls_back 1") == "CONFLICT"


def test_one_group_of_two_is_taken_back(betted: Scene) -> None:
    betted.told("root sets spread 0 2 2\nroot settles 2\nroot settles 4\nroot rolls_back 5")
    results = [option["result"] for option in betted.exchange.options(DERBY)]
    assert results == ["loss", "win", "loss", None, None, None, None]
    betted.told("root rolls_back")
    assert betted.exchange.options(DERBY)[0]["result"] is None


def test_one_group_of_a_settled_match_is_taken_back(betted: Scene) -> None:
    """The house gives all back that it got; the other group stays as the score settled it."""
    before = betted.stands
    betted.told("root settles 2:1")
    assert betted.does("root rolls_back 4") == "closed"
    assert [option["result"] for option in betted.exchange.options(DERBY)] == ["win", "loss", "loss", None, None]
    assert betted.stands == before | {"state": "closed", "number": before["number"] + 2, "settled": ["moneyline"]}
    assert betted.does("ann claims 1") == "paid 185"
    assert betted.does("cat claims 1") == "NOT_SETTLED"
    assert betted.does("root settles 0:0") == "settled"
    assert [option["result"] for option in betted.exchange.options(DERBY)] == ["win", "loss", "loss", "loss", "win"]


def test_of_a_settled_match_what_nobody_was_paid_for_is_taken_back(betted: Scene) -> None:
    betted.told("root settles 2:1\nann claims 1")
    assert betted.does("root rolls_back") == "ALREADY_CLAIMED [1]"
    assert betted.does("root rolls_back 2") == "ALREADY_CLAIMED [1]"
    assert betted.does("root rolls_back 5") == "closed"
    assert betted.stands["pool"] == 1_251 - 185
    assert betted.does("root rolls_back") == "ALREADY_CLAIMED [1]"
    assert betted.does("root settles 5") == "settled"
    betted.shows("""
        person | money
        ann    | 1000085
        cat    | 999950
        house  | 1000066
        pool   | 0
    """)


def test_whatever_was_staked_since_a_result_can_be_taken_back(opened: Scene) -> None:
    """As a result makes no room before it is paid."""
    opened.told("""
        root sets total 2.5 2 2
        ann bets 1000 on 1 at 1.85
        bob bets 10 on 2 at 3.4
        root settles 2
    """)
    limit = opened.does("cat bets 99999 on 4 at 2").split()[1]
    opened.told(f"cat bets {limit} on 4 at 2")
    assert opened.does("root rolls_back 2") == "open"
    assert opened.stands["pool"] == opened.stands["liability"]
    opened.told("root settles 2\nroot settles 2:1")
    assert opened.does("root rolls_back") == "closed"


@pytest.mark.parametrize("sentence", ["root rolls_back", "root rolls_back 1"])
def test_what_was_paid_for_is_not_taken_back_and_the_claims_are_named(betted: Scene, sentence: str) -> None:
    betted.told("""
        ann bets 7 on 1 at 1.85
        root settles 1
        ann claims 2
        ann claims 1
    """)
    before = betted.stands
    assert betted.does(sentence) == "ALREADY_CLAIMED [1, 4]"
    assert betted.stands == before
    assert betted.does("root settles 2:1") == "settled"
    assert betted.does(sentence) == "ALREADY_CLAIMED [1, 4]"


def test_the_group_beside_the_one_that_was_paid_for_is_taken_back(betted: Scene) -> None:
    betted.told("root sets spread 0 2 2\nroot settles 1\nroot settles 4\nann claims 1")
    assert betted.does("root rolls_back 4") == "open"
    assert betted.does("root rolls_back") == "ALREADY_CLAIMED [1]"


def test_not_more_claims_are_named_than_can_be_read() -> None:
    exchange = Harness()
    scene = Scene(exchange).told("root sets moneyline 1.85 2.1\nroot opens 1000")
    bets = CLAIMS_SHOWN_MAX + 1
    scene.told("\n".join(["ann bets 1 on 1 at 1.85"] * bets)).told("root settles 1:0")
    for number in range(1, bets + 1):
        exchange.claim("ann", number)
    refused = exchange.roll_back(DERBY, "root")
    assert refused["claims"] == list(range(1, CLAIMS_SHOWN_MAX + 1))
    assert exchange.refused is not None
    assert exchange.refused.message == (
        "101 claims have been paid already: this can't be rolled back any more; "
        "groups without claims can be, by their option"
    )
    exchange.roll_back(DERBY, "root", 1)
    assert exchange.refused.message == "101 claims have been paid already: this can't be rolled back any more"


@pytest.mark.parametrize("returned", [965, 967, 0, -966])
def test_the_house_gives_back_what_it_got_and_nothing_else(returned: int) -> None:
    """Somebody may have settled the match anew between the asking and the doing."""
    exchange = Harness()
    Scene(exchange).told("root sets moneyline 1.85 3.4 4.2\nroot opens 1000").told(BETS).told("root settles 2:1")
    market = exchange.markets[DERBY]
    assert market.standing.returned_units == 966
    answer = market.roll_back(RollBackSettlement(DERBY, 5, returned=returned))
    assert isinstance(answer, Refused)
    assert (answer.code.value, market.take_events()) == ("CONFLICT", ())


def test_a_house_that_has_spent_it_can_not(twin: Any) -> None:
    exchange = twin()
    scene = Scene(exchange, "ann house").told("root sets moneyline 1.85 2.1\nroot opens 600000\nroot settles 1:0")
    exchange.list_match("final")
    exchange.set_odds("final", "root", moneyline="1.85 2.1")
    exchange.open("final", "root", 500_000)
    assert scene.does("root rolls_back") == "INSUFFICIENT_FUNDS"
    exchange.void("final", "root")
    assert scene.does("root rolls_back") == "closed"
