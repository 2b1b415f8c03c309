"""What an answer pays, what a void pays, and how that is taken back: one suite for the engine and the naive twin."""

from typing import Any

import pytest

from tests.engine.prediction.scenes import RAIN, Scene

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS

PEOPLE = """
    person | USD
    ann    | 100
    bob    | 100
    cat    | 100
    dan    | 100
"""

# Ann and Cat end with YES, Bob with NO, and Dan has sold everything at a loss.
TRADED = """
    bob buys 30 NO at 40
    ann buys 10 YES at 60
    cat buys 15 YES at 60
    dan buys 5 YES at 60
    ann buys 5 YES at 50
    dan sells 5 YES at 45
"""


@pytest.fixture
def scene(scene: Scene) -> Scene:
    return traded(scene)


def traded(scene: Scene, **terms: Any) -> Scene:
    return scene.owning(PEOPLE).market(**{"taker_rate": "0.1", **terms}).told(TRADED)


def seen(scene: Scene) -> dict[str, Any]:
    """All that a roll-back must bring back."""
    return {
        "balances": [scene.exchange.balances(person) for person in ("ann", "bob", "cat", "dan", "fees")],
        "holdings": [scene.exchange.holding(RAIN, person) for person in ("ann", "bob", "cat", "dan")],
        "pool": scene.exchange.pool(RAIN),
    }


def decided(scene: Scene, outcome: str) -> Scene:
    """Bring it to an answer: YES, NO or void."""
    scene.told("root closes")
    if outcome == "void":
        return scene.told("root voids")
    scene.told(f"root proposes {outcome}")
    scene.exchange.wait(DAY_MS)
    return scene


def test_as_the_scene_begins(scene: Scene) -> None:
    scene.shows("""
        person | USD    | YES | NO | fees
        ann    | 91.1   | 15  |    | 0.4
        bob    | 88     |     | 30 |
        cat    | 90.4   | 15  |    | 0.6
        dan    | 99.05  |     |    | 0.45
        fees   | 1.45   |     |    |
        pool   | 30     |     |    |
    """)


def test_the_right_answer_is_paid_and_held_for_a_while(scene: Scene) -> None:
    decided(scene, "YES").shows("""
        person | USD       | YES | NO | payout | payoutHeld
        ann    | 91.1 + 15 | 15  |    | 15     | 15
        bob    | 88        |     | 30 |        |
        cat    | 90.4 + 15 | 15  |    | 15     | 15
        dan    | 99.05     |     |    |        |
        fees   | 1.45      |     |    |        |
        pool   | 0         |     |    |        |
    """)
    scene.exchange.wait(HOUR_MS)
    scene.shows("""
        person | USD   | YES | NO | payout | payoutHeld
        ann    | 106.1 | 15  |    | 15     |
        bob    | 88    |     | 30 |        |
        cat    | 105.4 | 15  |    | 15     |
        pool   | 0     |     |    |        |
    """)


def test_so_is_no(scene: Scene) -> None:
    decided(scene, "NO").shows("""
        person | USD       | YES | NO | payout | payoutHeld
        ann    | 91.1      | 15  |    |        |
        bob    | 88 + 30   |     | 30 | 30     | 30
        pool   | 0         |     |    |        |
    """)


def test_a_void_pays_half_and_gives_all_fees_back(scene: Scene) -> None:
    """Also to Dan, who holds nothing any more."""
    decided(scene, "void").shows("""
        person | USD         | payout | refund | payoutHeld
        ann    | 91.1 + 7.9  | 7.5    | 0.4    | 7.9
        bob    | 88 + 15     | 15     |        | 15
        cat    | 90.4 + 8.1  | 7.5    | 0.6    | 8.1
        dan    | 99.05 + 0.45 |        | 0.45   | 0.45
        fees   | 0           |        |        |
        pool   | 0           |        |        |
    """)


def test_a_void_at_the_last_price_pays_the_average(exchange: Any) -> None:
    """60 for an hour, then 50 for three: YES pays 52.5, NO 47.5."""
    scene = Scene(exchange).owning(PEOPLE).market(void="last_price").told("bob buys 4 NO at 40")
    scene.told("ann buys 4 YES at 60")
    exchange.wait(HOUR_MS - 2)
    scene.told("cat buys 1 YES at 50")
    scene.told("ann sells 1 YES at 45")
    exchange.wait(3 * HOUR_MS)
    decided(scene, "void").shows("""
        person | USD          | YES | NO | payout
        ann    | 98.1 + 1.575 | 3   |    | 1.575
        bob    | 98.4 + 1.9   |     | 4  | 1.9
        cat    | 99.5 + 0.525 | 1   |    | 0.525
        pool   | 0            |     |    |
    """)


@pytest.mark.parametrize("outcome", ["YES", "NO", "void"])
@pytest.mark.parametrize("void", ["equal", "last_price"])
def test_what_was_planned_is_what_is_paid(exchange: Any, outcome: str, void: str) -> None:
    scene = traded(Scene(exchange), void=void).told("root closes")
    plan = exchange.plan(RAIN, None if outcome == "void" else outcome)
    decided_now = scene.told("root voids") if outcome == "void" else scene.told(f"root proposes {outcome}")
    exchange.wait(0 if outcome == "void" else DAY_MS)
    assert exchange.standing(RAIN)["yesPays"] == plan["yesPays"]
    assert plan["pool"] == "30"
    for person in ("ann", "bob", "cat", "dan"):
        holding = decided_now.exchange.holding(RAIN, person)
        if holding["payout"] is None:
            assert person not in plan["payouts"]
        else:
            planned = holding["YES"], holding["NO"], holding["payout"], holding["refund"]
            assert plan["payouts"][person] == planned


def test_a_plan_changes_nothing_and_can_be_asked_for_at_any_time_before(exchange: Any) -> None:
    scene = traded(Scene(exchange), void="last_price")
    before = seen(scene)
    for step in (None, "root halts", "root closes", "root proposes YES", "ann disputes"):
        if step is not None:
            scene.told(step)
        assert {outcome: exchange.plan(RAIN, outcome)["yesPays"] for outcome in ("YES", "NO")} == {
            "YES": "1",
            "NO": "0",
        }
        assert len(exchange.plan(RAIN, None)["payouts"]) == 4
    assert seen(scene) == before


@pytest.mark.parametrize("outcome", ["YES", "void"])
def test_when_it_is_decided_there_is_nothing_to_plan(scene: Scene, outcome: str) -> None:
    decided(scene, outcome)
    assert scene.exchange.plan(RAIN, "YES") == {"code": "CONFLICT"}
    scene.exchange.wait(HOUR_MS)
    assert scene.exchange.plan(RAIN, None) == {"code": "CONFLICT"}


@pytest.mark.parametrize("outcome", ["YES", "NO", "void"])
def test_a_roll_back_is_exact(scene: Scene, outcome: str) -> None:
    before = seen(scene)
    decided(scene, outcome)
    assert seen(scene) != before
    scene.told("root rolls_back")
    assert seen(scene) == before


def test_after_a_roll_back_another_answer_is_paid(scene: Scene) -> None:
    decided(scene, "void").told("root rolls_back")
    scene.told("root proposes NO")
    scene.exchange.wait(DAY_MS)
    scene.exchange.wait(HOUR_MS)
    scene.shows("""
        person | USD  | payout | refund
        ann    | 91.1 |        |
        bob    | 118  | 30     |
        cat    | 90.4 |        |
        dan    | 99.05|        |
        fees   | 1.45 |        |
        pool   | 0    |        |
    """)


def test_the_ledger_tells_payouts_and_what_became_of_them(scene: Scene) -> None:
    decided(scene, "void").told("root rolls_back")
    decided_again = scene.told("root proposes YES")
    decided_again.exchange.wait(DAY_MS)
    logs = [row for row in scene.exchange.logs if row["account"] == "cat"]
    assert [(row["changeType"], row["amount"]) for row in logs[-5:]] == [
        ("payout", "7.5"),
        ("refund", "0.6"),
        ("payout", "-7.5"),
        ("refund", "-0.6"),
        ("payout", "15"),
    ]
    assert {row["transId"] for row in logs[-5:]} == {"market-1"}


def test_what_is_held_can_not_be_spent(scene: Scene) -> None:
    """Until it is free, in no other market either."""
    scene.exchange.list_question("snow")
    decided(scene, "YES")
    order = {"price": "99", "quantity": 100}
    assert scene.exchange.place("ann", "snow", "buy", "YES", "limit", **order) == {"code": "INSUFFICIENT_FUNDS"}
    scene.exchange.wait(HOUR_MS)
    assert scene.exchange.place("ann", "snow", "buy", "YES", "limit", **order)["state"] == "new"


def test_a_question_that_nobody_traded_comes_to_its_end_too(exchange: Any) -> None:
    scene = Scene(exchange).market(void="last_price")
    decided(scene, "void")
    assert exchange.standing(RAIN)["yesPays"] == "0.5"
    exchange.wait(HOUR_MS)
    assert scene.stands() == "final"
