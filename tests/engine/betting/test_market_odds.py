"""Odds: which options they make and change, what is written down of it, and what is refused."""

from typing import Any

import msgspec
import pytest

from engine.betting.commands import SetOdds
from engine.betting.match import Moneyline, Spread, Total
from engine.betting.options import GROUPS_MAX
from engine.refusals import Refused
from tests.engine.betting.harness import Harness
from tests.engine.betting.scenes import DERBY, Scene


def test_odds_make_options(scene: Scene) -> None:
    scene.told("""
        root sets moneyline 1.85 3.4 4.2
        root sets spread -0.25 1.9 1.95
        root sets total 2.5 1.88 1.92
    """)
    scene.shows_options("""
        option | group | kind      | pick  | line  | odds   | result
        1      | 1     | moneyline | home  |       | 1.85 * |
        2      | 1     | moneyline | draw  |       | 3.40 * |
        3      | 1     | moneyline | away  |       | 4.20 * |
        4      | 2     | spread    | home  | -0.25 | 1.90 * |
        5      | 2     | spread    | away  | -0.25 | 1.95 * |
        6      | 3     | total     | over  | 2.5   | 1.88 * |
        7      | 3     | total     | under | 2.5   | 1.92 * |
    """)


def test_a_line_that_moves_makes_a_new_group_and_leaves_the_bets_on_the_old_one(opened: Scene) -> None:
    opened.told("""
        root sets total 2.5 2 2
        ann bets 100 on 4 at 2
        root sets total 3 2 2
        ann bets 100 on 6 at 2
        root settles 2:1
    """)
    opened.shows_options("""
        option | pick  | line | odds | result
        1      | home  |      | 1.85 | win
        2      | draw  |      | 3.40 | loss
        3      | away  |      | 4.20 | loss
        4      | over  | 2.5  | 2.00 | win
        5      | under | 2.5  | 2.00 | loss
        6      | over  | 3    | 2.00 | push
        7      | under | 3    | 2.00 | push
    """)


def test_each_setting_is_a_message_with_the_next_number(scene: Scene) -> None:
    numbers = [scene.stands["number"]]
    for sentence in ("root sets moneyline 1.85 2.1", "root sets moneyline 1.85 2.1", "root sets no moneyline"):
        scene.told(sentence)
        numbers.append(scene.stands["number"])
    assert numbers == [0, 1, 2, 3]


def test_odds_can_be_set_while_nothing_can_be_bet(opened: Scene) -> None:
    """So that they are right when betting goes on."""
    opened.told("""
        root suspends
        root sets moneyline 1.5 3.4 4.2
        root closes
        root sets moneyline 1.6 3.4 4.2
        root reopens
    """)
    assert opened.does("ann bets 1 on 1 at 1.6") == "taken"


@pytest.mark.parametrize("end", ["root settles 1:0", "root voids"])
def test_the_odds_of_a_match_that_is_over_are_history(opened: Scene, end: str) -> None:
    opened.told(end)
    assert opened.does("root sets moneyline 1.5 3.4 4.2") == "CONFLICT"


def test_a_group_that_is_settled_may_stay_on_the_board_and_may_leave_it(opened: Scene) -> None:
    opened.told("""
        root sets total 2.5 2 2
        root settles 1
        root sets total 2.5 1.9 2.1
    """)
    assert opened.does("ann bets 1 on 4 at 1.9") == "taken"
    assert opened.does("root sets moneyline 1.86 3.4 4.2") == "ALREADY_SETTLED"
    assert opened.does("root sets no moneyline") == "open"
    assert opened.does("root sets moneyline 1.85 3.4 4.3") == "ALREADY_SETTLED"
    assert opened.does("ann bets 1 on 1 at 1.85") == "MARKET_CLOSED"


def test_without_odds_betting_is_not_opened(scene: Scene) -> None:
    assert scene.does("root opens 10") == "CONFLICT"
    scene.told("""
        root sets moneyline 1.85 2.1
        root sets no moneyline
    """)
    assert scene.does("root opens 10") == "CONFLICT"
    scene.told("root sets total 2.5 1.9 1.9")
    assert scene.does("root opens 10") == "open"


def test_what_was_closed_without_odds_is_not_opened_before_there_are_some(scene: Scene) -> None:
    scene.told("root closes")
    assert scene.does("root opens 0") == "CONFLICT"
    scene.told("root sets total 2.5 1.9 1.9")
    assert scene.does("root opens 0") == "open"
    assert scene.does("ann bets 2 on 1 at 1.9") == "LIABILITY_LIMIT 1"  # the house has put nothing in


def odds_refused(**groups: Any) -> Refused:
    exchange = Harness()
    Scene(exchange)
    answer = exchange.markets[DERBY].set_odds(SetOdds(DERBY, 5, reason="", **groups))
    assert isinstance(answer, Refused)
    assert not exchange.markets[DERBY].take_events()
    return answer


@pytest.mark.parametrize(
    ("groups", "said"),
    [
        ({"moneyline": Moneyline(100, 200)}, "moneyline.home must be from 1.01 to 1000"),
        ({"moneyline": Moneyline(150, 200, 100_001)}, "moneyline.draw must be from 1.01 to 1000"),
        ({"spread": Spread(4_001, 190, 190)}, "spread.line must be from -1000 to 1000"),
        ({"total": Total(0, 190, 190)}, "total.line must be above 0"),
    ],
)
def test_odds_that_can_not_be(groups: dict[str, Any], said: str) -> None:
    refused = odds_refused(**groups)
    assert (refused.code.value, refused.message) == ("MALFORMED", said)


def test_the_number_of_groups_is_bounded() -> None:
    exchange = Harness()
    Scene(exchange)
    for line in range(1, GROUPS_MAX + 1):
        assert "code" not in exchange.set_odds(DERBY, "root", total=f"{line} 1.9 1.9")
    assert exchange.set_odds(DERBY, "root", total="0.5 1.9 1.9") == {"code": "CONFLICT"}
    assert exchange.refused is not None
    assert exchange.refused.message == "a match has at most 100 groups of options"
    assert "code" not in exchange.set_odds(DERBY, "root", total="7 1.95 1.85")  # one that there is


def test_who_set_which_odds_and_why_is_written_down_in_the_same_commit() -> None:
    exchange = Harness()
    Scene(exchange).told("root sets moneyline 1.85 3.4 4.2\nvera sets total 2.25 1.9 1.9")
    actions = exchange.tables.admin_actions
    assert [(action.admin_id, action.action, action.target) for action in actions] == [
        (exchange.account_id("root"), "set_odds", "betting/derby"),
        (exchange.account_id("vera"), "set_odds", "betting/derby"),
    ]
    assert actions[1].created_ms == exchange.now_ms
    assert msgspec.json.decode(actions[1].details) == {
        "reason": "a goal fell",
        "number": 2,
        "board": {
            "moneyline": {"home": 185, "away": 420, "draw": 340},
            "spread": None,
            "total": {"line": 9, "over": 190, "under": 190},
        },
    }


def test_a_description_is_no_message_of_the_stream(opened: Scene) -> None:
    before = opened.stands["number"]
    opened.told("root describes größer ☂")
    assert (opened.stands["description"], opened.stands["number"]) == ("größer ☂", before)
    opened.told("root closes\nroot describes\nroot settles 0:0\nroot describes the end")
    assert opened.stands["description"] == "the end"
