"""How a match goes from its listing to its results: one suite for the engine and the naive twin."""

from typing import Any

import pytest

from engine.betting.events import MatchMoved
from engine.betting.lifecycle import (
    BETTING,
    IMPOSSIBLE,
    OVER,
    TRANSITIONS,
    MatchStanding,
    Step,
    read_standing,
    write_standing,
)
from engine.betting.match import Board, Moneyline, Spread, Total
from engine.ledger.records import MarketState
from engine.refusals import Refusal, Refused
from tests.engine.betting.harness import Harness
from tests.engine.betting.scenes import Scene
from tests.engine.drawings import cells

HOUR_MS = 3_600_000

# How a match comes into each state; two groups have odds. The first word of a name is the state.
ODDS = ("root sets moneyline 1.85 3.4 4.2", "root sets total 2.5 1.9 1.9")
WAYS: dict[str, tuple[str, ...]] = {
    "scheduled": ODDS,
    "open": (*ODDS, "root opens 100"),
    "open, half settled": (*ODDS, "root opens 100", "root settles 1"),
    "suspended": (*ODDS, "root opens 100", "root suspends"),
    "suspended in play": (*ODDS, "root opens 100", "root plays", "root suspends"),
    "suspended, half settled": (*ODDS, "root opens 100", "root settles 1", "root suspends"),
    "in_play": (*ODDS, "root opens 100", "root plays"),
    "in_play, half settled": (*ODDS, "root opens 100", "root plays", "root settles 1"),
    "closed": (*ODDS, "root opens 100", "root closes"),
    "closed in play": (*ODDS, "root opens 100", "root plays", "root closes"),
    "closed, half settled": (*ODDS, "root opens 100", "root closes", "root settles 1"),
    "closed unopened": (*ODDS, "root closes"),
    "closed bare": ("root closes",),
    "closed unopened, half settled": (*ODDS, "root closes", "root settles 1"),
    "settled": (*ODDS, "root opens 100", "root closes", "root settles 2:1"),
    "settled for good": (*ODDS, "root opens 100", "root closes", "root settles 2:1", "root finalizes"),
    "void": (*ODDS, "root opens 100", "root voids"),
}

# An empty cell is refused; "settled!" is refused because it is settled already. `settles 4` is the second group.
TABLE = """
    from        | opens 1 | suspends  | reopens | plays   | closes | settles 4 | settles 0:0 | rolls_back | voids
    scheduled   | open    |           |         |         | closed |           |             |            | void
    open        |         | suspended | open    | in_play | closed | open      | settled     |            | void
    open, half settled |  | suspended | open    | in_play | closed | settled   | settled     | open       | void
    suspended   |         | suspended | open    | in_play | closed | suspended | settled     |            | void
    suspended in play |   | suspended | in_play | in_play | closed | suspended | settled     |            | void
    suspended, half settled | | suspended | open | in_play | closed | settled  | settled     | suspended  | void
    in_play     |         | suspended | in_play | in_play | closed | in_play   | settled     |            | void
    in_play, half settled | | suspended | in_play | in_play | closed | settled | settled     | in_play    | void
    closed      |         |           | open    | in_play | closed | closed    | settled     |            | void
    closed in play |      |           | in_play | in_play | closed | closed    | settled     |            | void
    closed, half settled | |          | open    | in_play | closed | settled   | settled     | closed     | void
    closed unopened | open |          |         |         | closed | closed    | settled     |            | void
    closed unopened, half settled | open | |      |         | closed | settled   | settled     | closed     | void
    closed bare |         |           |         |         | closed | NOT_FOUND | settled     |            | void
    settled     |         |           |         |         |        | settled!  | settled!    | closed     |
    settled for good |    |           |         |         |        | settled!  | settled!    |            |
    void        |         |           |         |         |        | settled!  | settled!    |            |
"""
HEADER, *ROWS = cells(TABLE)
CODES = {"": "CONFLICT", "settled!": "ALREADY_SETTLED"}
PAIRS = [(row[0], step, CODES.get(told, told)) for row in ROWS for step, told in zip(HEADER[1:], row[1:], strict=True)]
FINALIZED = [(way, "finalizes", "settled" if way.startswith("settled") else "CONFLICT") for way in WAYS]
STEPS = (*HEADER[1:], "finalizes")


def brought(exchange: Any, way: str) -> Scene:
    scene = Scene(exchange).told("\n".join(WAYS[way]))
    assert scene.stands["state"] == way.split(maxsplit=1)[0].rstrip(",")
    return scene


@pytest.mark.parametrize(("way", "step", "told"), PAIRS + FINALIZED)
def test_every_step_in_every_state(twin: Any, way: str, step: str, told: str) -> None:
    scene = brought(twin(), way)
    before = scene.stands
    assert scene.does(f"root {step}") == told
    if told.isupper():
        assert scene.stands == before
    else:
        assert scene.stands["state"] == told
        changed = told != before["state"] or step.split(maxsplit=1)[0] in ("settles", "rolls_back")
        changed = changed or before["final"] < scene.stands["final"]
        assert scene.stands["number"] == before["number"] + changed


def test_every_step_of_the_table_is_walked_and_no_other() -> None:
    """The messages of all the ways above, and of time: each is in the table, and all of the table is there."""
    walked = set()
    for way in WAYS:
        for step in (*STEPS, "time"):
            exchange = Harness()
            scene = brought(exchange, way)
            if step == "time":
                exchange.wait(HOUR_MS)
            else:
                scene.does(f"root {step}")
            state = MarketState.SCHEDULED
            for row in exchange.tables.journal:
                for part in exchange.books.codec.unpack(row.body).parts:
                    for event in part.events:
                        if isinstance(event, MatchMoved):
                            walked.add((state, event.step))
                            assert TRANSITIONS[state, event.step] is event.state
                            state = event.state
    assert walked == set(TRANSITIONS)


def test_the_table_leads_from_listing_to_results_and_nowhere_else() -> None:
    states = {MarketState.SCHEDULED, *TRANSITIONS.values()}
    assert {state for state, _ in TRANSITIONS} == states - {MarketState.VOID}
    assert {step for _, step in TRANSITIONS} == set(Step)
    assert states >= OVER | BETTING
    assert not OVER & BETTING


def test_every_step_has_words_for_when_it_is_impossible() -> None:
    assert set(IMPOSSIBLE) == set(Step)


@pytest.mark.parametrize("way", [way for way in WAYS if way.split()[0].rstrip(",") not in ("open", "in_play")])
def test_bets_are_taken_in_no_other_state(twin: Any, way: str) -> None:
    refused = "MARKET_HALTED" if way.startswith("suspended") else "MARKET_CLOSED"
    assert brought(twin(), way).does("ann bets 1 on 4 at 1.9") == refused


# Time


@pytest.mark.parametrize(
    ("way", "state"),
    [
        ("scheduled", "closed"),
        ("open", "closed"),
        ("open, half settled", "closed"),
        ("suspended", "closed"),
        ("suspended in play", "suspended"),
        ("in_play", "in_play"),
        ("closed", "closed"),
        ("settled", "settled"),
        ("settled for good", "settled"),
        ("void", "void"),
    ],
)
def test_betting_closes_at_the_start_unless_in_play(twin: Any, way: str, state: str) -> None:
    exchange = twin()
    scene = brought(exchange, way)
    before = scene.stands
    exchange.wait(1_700_000_000_000 + HOUR_MS - exchange.now_ms - 1)
    assert scene.stands == before
    exchange.wait(1)
    assert scene.stands["state"] == state
    assert scene.stands["number"] == before["number"] + (state != before["state"])


def test_what_has_begun_is_not_reopened_but_goes_on_in_play(twin: Any) -> None:
    exchange = twin()
    scene = brought(exchange, "open")
    exchange.wait(HOUR_MS)
    assert scene.does("ann bets 1 on 4 at 1.9") == "MARKET_CLOSED"
    assert scene.does("root reopens") == "CONFLICT"
    assert scene.does("root plays") == "in_play"
    assert scene.does("ann bets 1 on 4 at 1.9") == "taken"
    scene.told("root suspends")
    assert scene.does("root reopens") == "in_play"


def test_a_bet_at_the_very_start_is_too_late(twin: Any) -> None:
    exchange = twin()
    scene = brought(exchange, "open")
    exchange.wait(1_700_000_000_000 + HOUR_MS - exchange.now_ms - 1)  # a bet takes a millisecond
    assert scene.does("ann bets 1 on 4 at 1.9") == "MARKET_CLOSED"


def test_what_was_closed_is_reopened_until_its_start_and_not_at_it(twin: Any) -> None:
    exchange = twin()
    scene = brought(exchange, "closed")
    exchange.wait(1_700_000_000_000 + HOUR_MS - exchange.now_ms - 2)
    assert scene.does("root reopens") == "open"  # this takes a millisecond, and so does the next
    exchange = twin()
    scene = brought(exchange, "closed")
    exchange.wait(1_700_000_000_000 + HOUR_MS - exchange.now_ms - 1)
    assert scene.does("root reopens") == "CONFLICT"


def test_a_match_says_when_time_moves_it() -> None:
    due = {way: brought(Harness(), way).exchange.markets["derby"].due_ms for way in WAYS}
    start_ms = 1_700_000_000_000 + HOUR_MS
    waits = ("scheduled", "open", "open, half settled", "suspended", "suspended, half settled")
    assert due == {way: start_ms if way in waits else None for way in WAYS}


def test_what_was_closed_unopened_is_opened_until_its_start_and_not_at_it(twin: Any) -> None:
    for early_ms, told in ((2, "open"), (1, "CONFLICT")):
        exchange = twin()
        scene = brought(exchange, "closed unopened")
        exchange.wait(1_700_000_000_000 + HOUR_MS - exchange.now_ms - early_ms)
        assert scene.does("root opens 5") == told
        assert scene.stands["pool"] == (5 if told == "open" else 0)


def test_what_was_never_opened_neither_goes_in_play_nor_is_funded(twin: Any) -> None:
    exchange = twin()
    scene = brought(exchange, "scheduled")
    exchange.wait(HOUR_MS)
    for step in ("opens 5", "reopens", "plays", "funds 5"):
        assert scene.does(f"root {step}") == "CONFLICT"
    assert scene.does("root settles 0:0") == "settled"
    assert (scene.stands["pool"], exchange.has("house")) == (0, 1_000_000)


def test_betting_is_opened_once(twin: Any) -> None:
    """Also where it never took a bet, and with a settlement that was taken back in between."""
    scene = brought(twin(), "closed unopened")
    scene.told("root settles 0:0\nroot rolls_back\nroot opens 5\nroot closes")
    assert scene.does("root opens 5") == "CONFLICT"
    assert scene.does("root reopens") == "open"


# Final


def test_what_is_final_is_not_taken_back_and_is_told_once(twin: Any) -> None:
    scene = brought(twin(), "settled")
    number = scene.stands["number"]
    assert scene.does("root finalizes") == scene.does("root finalizes") == "settled"
    assert (scene.stands["final"], scene.stands["number"]) == (True, number + 1)
    for step in ("rolls_back", "rolls_back 1", "rolls_back 99", "voids", "funds 1"):
        assert scene.does(f"root {step}") == "CONFLICT"
    assert scene.stands["number"] == number + 1


def test_bets_on_what_is_final_are_claimed_as_ever(twin: Any) -> None:
    scene = brought(twin(), "open").told("ann bets 10 on 4 at 1.9\nbob bets 10 on 5 at 1.9\nroot settles 2:1")
    scene.told("root finalizes")
    assert scene.does("ann claims 1") == "paid 19"
    assert scene.does("bob claims 1") == "NOTHING_TO_CLAIM"
    assert (scene.stands["pool"], scene.exchange.has("house")) == (0, 1_000_001)


@pytest.mark.parametrize("step", ["rolls_back", "settles 4"])
def test_what_was_taken_back_and_settled_anew_is_made_final(twin: Any, step: str) -> None:
    scene = brought(twin(), "settled").told("root rolls_back 4")
    assert scene.does("root finalizes") == "CONFLICT"
    scene.told("root settles 5")
    assert scene.does("root finalizes") == "settled"
    assert scene.does(f"root {step}") == {"rolls_back": "CONFLICT"}.get(step, "ALREADY_SETTLED")


def test_a_customer_is_told_why_it_is_not_taken_back() -> None:
    exchange = Harness()
    brought(exchange, "settled for good").does("root rolls_back")
    assert exchange.refused == Refused(
        Refusal.CONFLICT, "the settlement is final: it can't be rolled back any more", None
    )
    exchange = Harness()
    brought(exchange, "void").does("root finalizes")
    assert exchange.refused is not None
    assert exchange.refused.message == "the match is void: only what is settled can be made final"


# Its standing


@pytest.mark.parametrize(
    "standing",
    [
        MatchStanding(),
        MatchStanding(3, Board(Moneyline(101, 100_000), Spread(-1, 190, 190), Total(1, 190, 190)), "größer ☂", True),
        MatchStanding(
            9,
            Board(Moneyline(185, 420, 340)),
            home_goals=0,
            away_goals=12,
            returned=str(10**70),
            opened=True,
            final=True,
        ),
    ],
)
def test_a_standing_is_read_as_it_was_written(standing: MatchStanding) -> None:
    written = write_standing(standing)
    assert read_standing(written) == standing
    assert read_standing(bytes(bytearray(written))) is read_standing(written)  # of equal rows one is read


def test_a_row_without_a_standing_is_that_of_a_match_of_which_nothing_was_told() -> None:
    assert read_standing(b"") == MatchStanding()


def test_a_row_from_before_there_was_finality_is_read_as_not_final() -> None:
    assert not read_standing(b'{"number":3,"opened":true}').final


def test_what_the_house_got_back_may_pass_64_bits() -> None:
    assert MatchStanding(returned=str(10**70)).returned_units == 10**70
