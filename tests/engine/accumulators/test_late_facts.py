"""What happens in the moment before a fact is heard: the ledger judges, and who was wrong is made anew."""

import random
from collections import Counter

import pytest

from engine.ledger.bet_page import LATE_MS, SHOWN_KEPT_MS
from engine.ledger.journal import PartRefused
from tests.engine.accumulators.harness import Harness
from tests.engine.accumulators.scripts import at_its_odds, do, long_script, opened
from tests.engine.accumulators.slips import BOTH_HOME, engine
from tests.engine.betting.scripts import ROOT, Step


def late() -> Harness:
    """From now on nobody hears anything before `hear`."""
    exchange = engine()
    exchange.late = True
    return exchange


def placed(*asked: tuple[str, int, str]) -> Harness:
    """Ann's accumulator of 100, number 1."""
    exchange = engine()
    assert exchange.accumulate("ann", list(asked) or BOTH_HOME, 100)["betId"] == 1
    return exchange


def won() -> Harness:
    """It has won, which everybody has heard; nothing that comes later is."""
    exchange = placed()
    exchange.settle_option("derby", "root", 1)
    exchange.settle_option("final", "root", 1)
    exchange.late = True
    return exchange


# Bets


def test_a_bet_at_odds_that_were_replaced_a_moment_ago_is_taken() -> None:
    exchange = late()
    exchange.set_odds("derby", "root", moneyline="1.5 3.4 4.2")
    taken = exchange.accumulate("ann", BOTH_HOME, 100)
    assert [(leg["odds"], leg["asked"]) for leg in taken["legs"]] == [(185, 185), (185, 185)]
    exchange.hear()
    assert exchange.accumulate("ann", BOTH_HOME, 100) == {"code": "ODDS_CHANGED", "legs": [("derby", 1, 150)]}
    exchange.check_history()


def test_a_bet_at_the_odds_before_those_is_taken_too() -> None:
    exchange = late()
    for odds in ("1.5", "1.6", "1.7"):
        exchange.set_odds("derby", "root", moneyline=f"{odds} 3.4 4.2")
        exchange.hear(1)
        exchange.set_odds("derby", "root", moneyline="9 9 9")
        assert exchange.accumulate("ann", [("derby", 1, odds), BOTH_HOME[1]], 1)["legs"][0]["odds"] == float(odds) * 100
        exchange.hear()
    exchange.check_history()


@pytest.mark.parametrize("step", ["set_odds", "suspend", "close", "settle"])
def test_so_late_a_fact_may_be_and_no_later(step: str) -> None:
    for waited, is_taken in ((LATE_MS, True), (LATE_MS + 1, False)):
        exchange = late()
        if step == "set_odds":
            exchange.set_odds("derby", "root", moneyline="1.5 3.4 4.2")
        elif step == "settle":
            exchange.settle_score("derby", "root", 1, 0)
        else:
            getattr(exchange, step)("derby", "root")
        exchange.wait(waited - 1)  # a bet takes a millisecond
        if is_taken:
            assert exchange.accumulate("ann", BOTH_HOME, 100)["betId"] == 1
        else:
            with pytest.raises(PartRefused, match="could not be taken"):
                exchange.accumulate("ann", BOTH_HOME, 100)
            assert "code" in exchange.accumulate("ann", BOTH_HOME, 100)  # its market was made anew, and knows
        exchange.hear()
        exchange.check_history()


def test_another_change_does_not_make_an_old_one_younger() -> None:
    """The ledger forgets what was replaced long before, whatever came after it."""
    exchange = late()
    exchange.set_odds("derby", "root", moneyline="1.5 3.4 4.2")
    exchange.wait(LATE_MS - 1)  # to set odds takes a millisecond, and so does a bet
    exchange.set_odds("derby", "root", moneyline="1.6 3.4 4.2")
    assert len(exchange.books.betting.shown[2]) == 2
    with pytest.raises(PartRefused, match="could not be taken"):
        exchange.accumulate("ann", BOTH_HOME, 100)


def test_what_was_shown_lately_is_not_kept_for_ever() -> None:
    exchange = engine()
    for _ in range(20):
        exchange.wait(LATE_MS // 3)
        exchange.set_odds("derby", "root", moneyline="1.5 3.4 4.2")
        exchange.set_odds("derby", "root", moneyline="1.85 3.4 4.2")
    assert len(exchange.books.betting.shown[2]) <= 7


def test_of_a_match_that_does_not_change_any_more_it_is_forgotten() -> None:
    """By whatever is written next."""
    exchange = engine()
    for match in ("derby", "final"):
        exchange.set_odds(match, "root", moneyline="1.5 3.4 4.2")
    exchange.wait(SHOWN_KEPT_MS - 2)  # a deposit takes a millisecond
    exchange.deposit("ann", "again", "USD", "1")
    assert list(exchange.books.betting.shown) == [2, 3]
    exchange.deposit("ann", "once more", "USD", "1")
    assert list(exchange.books.betting.shown) == [3]
    exchange.deposit("ann", "and more", "USD", "1")
    assert list(exchange.books.betting.shown) == []
    exchange.check_history()


def test_of_what_was_shown_lately_only_that_is_kept_on_which_bets_were_taken() -> None:
    exchange = engine()
    assert 2 not in exchange.books.betting.shown
    for step in (exchange.suspend, exchange.reopen, exchange.close, exchange.reopen):
        step("derby", "root")
    assert [board.number for board in exchange.books.betting.shown[2]] == [2, 4]


def test_what_is_taken_on_a_result_that_is_final_and_not_heard_is_lost_as_soon_as_it_is() -> None:
    exchange = placed(("derby", 4, "2"), ("final", 1, "1.85"))
    exchange.bet("bob", "derby", 2, 10, "3.4")
    exchange.late = True
    exchange.settle_option("derby", "root", 2)
    exchange.claim("bob", 2)
    assert exchange.accumulate("ann", BOTH_HOME, 100)["betId"] == 3
    exchange.hear()
    assert [one["payout"] for one in exchange.all_accumulators()] == [None, 0]
    exchange.check_history()


# Claims


def test_a_claim_of_a_result_that_was_taken_back_is_refused() -> None:
    exchange = won()
    exchange.roll_back("derby", "root")
    with pytest.raises(PartRefused, match="accumulator 1 is not to be paid 342"):
        exchange.claim_accumulator("ann", 1)
    assert exchange.claim_accumulator("ann", 1) == {"code": "NOT_SETTLED"}
    assert exchange.has("ann") == 1_000_000 - 100
    exchange.hear()
    exchange.check_history()


def test_a_claim_of_a_result_that_is_another_one_now_is_refused() -> None:
    exchange = won()
    exchange.roll_back("derby", "root")
    exchange.settle_option("derby", "root", 2)
    with pytest.raises(PartRefused, match="accumulator 1 is not to be paid 342"):
        exchange.claim_accumulator("ann", 1)
    assert exchange.claim_accumulator("ann", 1) == {"code": "NOTHING_TO_CLAIM"}


def test_a_claim_of_a_result_that_is_the_same_again_is_paid() -> None:
    exchange = won()
    exchange.roll_back("derby", "root")
    exchange.settle_option("derby", "root", 1)
    assert exchange.claim_accumulator("ann", 1)["payout"] == 342
    exchange.hear()
    exchange.check_history()


def test_a_claim_of_what_became_void_is_refused_and_then_paid_as_it_is_now() -> None:
    exchange = placed()
    exchange.settle_option("derby", "root", 1)
    exchange.settle_option("final", "root", 1)
    exchange.late = True
    exchange.void("final", "root")
    with pytest.raises(PartRefused, match="accumulator 1 is not to be paid 342"):
        exchange.claim_accumulator("ann", 1)
    assert exchange.claim_accumulator("ann", 1)["payout"] == 185


# Matches that have not heard of a payment


def test_a_roll_back_after_a_payment_is_refused() -> None:
    exchange = won()
    exchange.claim_accumulator("ann", 1)
    with pytest.raises(PartRefused, match="bets on option 1 of market 2 have been claimed"):
        exchange.roll_back("derby", "root")
    assert exchange.roll_back("derby", "root") == {"code": "ALREADY_CLAIMED", "claims": [1]}
    exchange.hear()
    assert exchange.roll_back("final", "root", 1) == {"code": "ALREADY_CLAIMED", "claims": [1]}
    exchange.check_history()


def test_a_void_after_a_payment_is_refused_and_then_leaves_what_was_paid_for() -> None:
    exchange = won()
    exchange.claim_accumulator("ann", 1)
    with pytest.raises(PartRefused, match="does not say what becomes of the options"):
        exchange.void("derby", "root")
    assert exchange.void("derby", "root")["state"] == "void"
    results = [option["result"] for option in exchange.options("derby")]
    assert results == ["win", "loss", "loss", "push", "push"]
    exchange.hear()
    exchange.check_history()


def test_the_rest_is_settled_by_who_has_not_heard_of_a_payment() -> None:
    """It changes nothing in what the house gets."""
    exchange = won()
    exchange.bet("bob", "derby", 4, 10, "2")
    exchange.claim_accumulator("ann", 1)
    assert exchange.settle_option("derby", "root", 4)["state"] == "settled"
    exchange.hear()
    assert (exchange.standing("derby")["pool"], exchange.claim("bob", 2)["payout"]) == (20, 20)
    exchange.check_history()


def test_a_payment_that_is_heard_of_twice_is_one() -> None:
    """The match was made anew meanwhile, and has read of it already."""
    exchange = won()
    exchange.claim_accumulator("ann", 1)
    with pytest.raises(PartRefused):
        exchange.roll_back("derby", "root")
    exchange.hear()
    assert exchange.roll_back("derby", "root")["claims"] == [1]


# Anything


def test_whatever_is_heard_late_all_that_must_hold_does() -> None:
    """No twin: it is always up to date. What a part is refused for is one of a few things."""
    reasons: Counter[str] = Counter()
    for seed in range(10):
        dice, script = random.Random(seed), long_script(seed, 150, starts_in_ms=(10**9,))
        exchange: Harness = opened(Harness(part_max=script.engine["part_max"]), script)
        exchange.late = True
        for step in script.steps:
            if step[0] == "restart":  # with it everybody knows everything
                continue
            for one in (step, *(race(exchange, dice) if dice.random() < 0.4 else ())):
                try:
                    do_in_spite_of_odds(exchange, one)
                except PartRefused as refused:
                    reasons[next(word for word in EXPECTED if word in str(refused))] += 1
            if dice.random() < 0.3:
                exchange.wait(dice.choice((1, 1_000, LATE_MS + 1)))
            if dice.random() < 0.3:
                exchange.hear(dice.choice((1, 2, None)))
        exchange.hear()
        assert not exchange.mail
        exchange.check_history()
    assert min(reasons[word] for word in EXPECTED[:3]) > 0, reasons


EXPECTED = ("could not be taken", "is not to be paid", "have been claimed", "does not say what becomes of the options")


def race(exchange: Harness, dice: random.Random) -> list[Step]:
    """What has won is claimed, and a result of it is taken back, in either order: both are known, and then neither."""
    won = [one for one in exchange.all_accumulators() if one["potential"] and one["payout"] is None]
    if not won:
        return []
    exchange.hear()
    one = dice.choice(won)
    steps: list[Step] = [
        ("claim_accumulator", (one["account"], one["betId"]), {}),
        ("roll_back", (dice.choice(one["legs"])["match"], ROOT), {}),
    ]
    return dice.sample(steps, 2)


def do_in_spite_of_odds(exchange: Harness, step: Step) -> None:
    """Their customers have heard of no other odds either, or take them."""
    method, (*arguments,), _ = step
    if method == "accumulate_offered":
        account, legs, stake = arguments
        exchange.accumulate(account, at_its_odds(exchange, legs), stake, "any")
    else:
        do(exchange, step)
