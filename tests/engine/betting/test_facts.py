"""What is told of matches: how each stands, what of it is final, and which of two facts is older."""

import pytest

from engine.betting.facts import MatchFacts, facts_of_asset, match_facts
from engine.ledger.bets import Result
from engine.ledger.page import Page
from engine.ledger.records import MarketState
from tests.engine.betting.harness import Harness
from tests.engine.betting.scenes import Scene
from tests.engine.betting.stages import BETS, ODDS, TWO

START_MS = 1_700_000_000_000 + 3_600_000


def told(*sentences: str) -> MatchFacts:
    """How the match derby stands once this has happened."""
    exchange = Harness()
    Scene(exchange).told("\n".join(sentences))
    return match_facts(Page(exchange.books), 1)


def test_what_is_shown_is_what_can_be_bet_on() -> None:
    facts = told(*TWO, "root sets total 3.5 1.9 1.9")
    assert (facts.market_id, facts.state, facts.over) == (1, MarketState.OPEN, False)
    assert facts.shown.odds == {1: 185, 2: 340, 3: 420, 6: 190, 7: 190}
    assert (facts.shown.number, facts.shown.takes_bets, facts.shown.closes_ms) == (4, True, START_MS)
    assert facts.shown.until_ms is None
    assert list(facts.options) == [1, 2, 3, 4, 5, 6, 7]


@pytest.mark.parametrize(
    ("sentences", "takes_bets", "closes_ms"),
    [
        ((ODDS,), False, START_MS),
        ((*TWO, "root suspends"), False, START_MS),
        ((*TWO, "root plays"), True, None),
        ((*TWO, "root plays", "root suspends"), False, None),
        ((*TWO, "root closes"), False, START_MS),
        ((*TWO, "root settles 1"), True, START_MS),
        ((*TWO, "root settles 1:0"), False, START_MS),
        ((*TWO, "root voids"), False, START_MS),
    ],
)
def test_whether_bets_are_taken_and_how_long(
    sentences: tuple[str, ...], takes_bets: bool, closes_ms: int | None
) -> None:
    facts = told(*sentences)
    assert (facts.shown.takes_bets, facts.shown.closes_ms) == (takes_bets, closes_ms)


@pytest.mark.parametrize(
    ("sentences", "final"),
    [
        ((), set()),
        (("root settles 1",), set()),
        (("root settles 1", "ann claims 1"), {1}),
        (("root settles 2:1",), set()),
        (("root settles 2:1", "ann claims 1"), {1}),
        (("root settles 2:1", "root finalizes"), {1, 2}),
        (("root voids",), {1, 2}),
    ],
)
def test_which_groups_are_final(sentences: tuple[str, ...], final: set[int]) -> None:
    facts = told(*TWO, *BETS, *sentences)
    assert facts.final_groups == final
    for number, option in facts.options.items():
        assert facts.final_result(number) is (option.result if option.group_number in final else None)


def test_a_claim_says_what_has_become_of_the_whole_group() -> None:
    facts = told(*TWO, *BETS, "root settles 2:1", "ann claims 1")
    results = [facts.final_result(number) for number in facts.options]
    assert results == [Result.WIN, Result.LOSS, Result.LOSS, None, None]


@pytest.mark.parametrize(
    "step", ["root sets moneyline 2 3 4", "root suspends", "root settles 1", "root settles 1:0", "root voids"]
)
def test_facts_grow_older(step: str) -> None:
    assert told(*TWO, *BETS).age < told(*TWO, *BETS, step).age


def test_all_matches_of_an_asset_are_told_of_but_those_that_are_over() -> None:
    exchange = Harness()
    Scene(exchange).told("\n".join(TWO))
    exchange.list_match("final")
    exchange.list_match("cup")
    exchange.void("cup", "root")
    page = Page(exchange.books)
    assert facts_of_asset(page, "USD") == (match_facts(page, 1), match_facts(page, 2))
    assert facts_of_asset(page, "BTC") == ()
