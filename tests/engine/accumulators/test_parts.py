"""What is lost for good is closed a part at a time: also if it crashes between any two."""

import pytest

from engine.accumulators.events import AccumulatorClaimed, AccumulatorLost
from engine.betting.events import BetClaimed, MatchMoved
from engine.ledger.fold import fold
from engine.ledger.page import Page
from tests.engine.accumulators.harness import Harness
from tests.engine.accumulators.slips import BOTH_HOME, DERBY, FINAL, engine
from tests.engine.ledger.tables import Tables, contents


def lost(*, bets: int = 5, **terms: object) -> Harness:
    """So many accumulators of Ann, of 10, 11, 12 units, are lost for good; none of them is closed yet."""
    exchange = engine(works=False, **terms)
    for number in range(bets):
        exchange.accumulate("ann", BOTH_HOME, 10 + number)
    exchange.bet("bob", "derby", 2, 10, "3.4")
    exchange.settle_score("derby", "root", 0, 0)
    exchange.claim("bob", bets + 1)
    return exchange


def payouts(exchange: Harness) -> list[int | None]:
    return [one["payout"] for one in exchange.all_accumulators()]


@pytest.mark.parametrize("part_max", [1, 2, 5, 1_000])
@pytest.mark.parametrize("crashes", [False, True])
def test_all_is_closed_once(part_max: int, crashes: bool) -> None:
    exchange = lost(part_max=part_max, crashes=crashes)
    assert exchange.stand() == {"state": "open", "pool": 1_060, "liability": 34 + 37 + 41 + 44 + 47, "open": 5}
    before = len(exchange.tables.journal)
    while exchange.go_on("USD"):
        pass
    assert len(exchange.tables.journal) - before == -(-5 // part_max)
    assert payouts(exchange) == [0] * 5
    assert exchange.stand() == {"state": "open", "pool": 1_060, "liability": 0, "open": 0}
    exchange.check_history()


def test_the_oldest_come_first() -> None:
    exchange = lost(part_max=2)
    exchange.go_on("USD")
    assert payouts(exchange) == [0, 0, None, None, None]


def test_what_is_not_closed_yet_covers_nothing_else_and_says_what_it_is() -> None:
    exchange = lost(part_max=1)
    assert exchange.claim_accumulator("ann", 5) == {"code": "NOTHING_TO_CLAIM"}
    assert exchange.return_funds("root", 858) == {"code": "CONFLICT", "available": "857"}
    exchange.go_on("USD")
    assert exchange.claim_accumulator("ann", 1) == {"code": "NOTHING_TO_CLAIM"}
    assert exchange.return_funds("root", 892) == {"code": "CONFLICT", "available": "891"}


def test_the_rows_of_what_was_lost() -> None:
    exchange = lost(bets=1)
    before = exchange.tables.accumulators[1]
    exchange.wait(5)
    while exchange.go_on("USD"):
        pass
    after = exchange.tables.accumulators[1]
    assert (after.payout, after.closed_ms, after.claim_tx_hash) == (0, exchange.now_ms, None)
    assert (after.tx_hash, after.stake, after.max_payout) == (before.tx_hash, 10, 34)
    assert exchange.movements_of("ann") == [("bet", -10, "1")]


def test_what_a_customer_places_comes_into_the_same_part() -> None:
    exchange = lost(part_max=2)
    market = exchange.accumulators
    market.go_on()
    market.go_on()
    exchange.commit(market)
    (part,) = exchange.books.codec.unpack(exchange.tables.journal[-1].body).parts
    assert [type(event) for event in part.events] == [AccumulatorLost] * 4
    assert market.has_work


@pytest.mark.parametrize("end", ["claim", "claim_accumulator", "finalize", "void"])
def test_what_makes_a_loss_final(end: str) -> None:
    """A bet beside it is paid, or another accumulator; an administrator says so; what was paid for outlives a void."""
    exchange = engine()
    exchange.accumulate("ann", BOTH_HOME, 10)
    exchange.accumulate("cat", [("derby", 2, "3.4"), ("final", 1, "1.85")], 10)
    exchange.bet("bob", "derby", 2, 10, "3.4")
    exchange.bet("bob", "derby", 4, 10, "2")
    exchange.settle_score("final", "root", 1, 0)
    if end == "void":
        exchange.settle_option("derby", "root", 2)
        exchange.claim("bob", 3)
        assert exchange.void("derby", "root")["state"] == "void"
    else:
        exchange.settle_score("derby", "root", 0, 0)
        assert payouts(exchange) == [None, None]
        answers = {
            "claim": lambda: exchange.claim("bob", 3),
            "claim_accumulator": lambda: exchange.claim_accumulator("cat", 2),
            "finalize": lambda: exchange.finalize("derby", "root"),
        }
        assert "code" not in answers[end]()
    assert payouts(exchange) == [0, 62 if end == "claim_accumulator" else None]
    exchange.check_history()


@pytest.mark.parametrize("end", ["claim elsewhere", "finalize elsewhere", "nothing"])
def test_what_does_not(end: str) -> None:
    exchange = engine()
    exchange.accumulate("ann", BOTH_HOME, 10)
    exchange.bet("bob", "derby", 5, 10, "2")
    exchange.bet("bob", "final", 1, 10, "1.85")
    exchange.settle_score("derby", "root", 0, 0)
    exchange.settle_score("final", "root", 1, 0)
    if end == "claim elsewhere":
        assert exchange.claim("bob", 2)["payout"] == 20  # another group of the same match
        assert exchange.claim("bob", 3)["payout"] == 18  # a leg that has won
    elif end == "finalize elsewhere":
        exchange.finalize("final", "root")
    assert payouts(exchange) == [None]
    exchange.roll_back("derby", "root", 1)
    exchange.settle_option("derby", "root", 1)
    assert exchange.claim_accumulator("ann", 1)["payout"] == 34
    exchange.check_history()


def test_all_of_it_may_stand_on_one_page() -> None:
    """Matches are settled on it group by group, and accumulators closed by what it says and what was there before."""
    exchange = engine()
    exchange.fund_accumulators("root", 10_000)
    exchange.accumulate("ann", BOTH_HOME, 100)
    exchange.accumulate("bob", [("derby", 1, "1.85"), ("final", 4, "2")], 100)
    exchange.accumulate("cat", [("derby", 2, "3.4"), ("final", 5, "2")], 100)
    exchange.accumulate("cat", [("derby", 5, "2"), ("final", 2, "3.4")], 100)
    exchange.settle_option("final", "root", 4)  # the rest of final comes on the page
    before = len(exchange.tables.journal)
    exchange.settle_option("derby", "root", 1)  # its other group is as it was
    exchange.claim_accumulator("bob", 2)
    exchange.settle_score("final", "root", 1, 0)
    exchange.finalize("final", "root")
    assert payouts(exchange) == [None, 370, 0, 0]
    exchange.claim_accumulator("ann", 1)
    books, tables = Tables().books(), Tables()
    for entry in fold(books, exchange.tables.journal[:before]):
        tables.write(entry)
    parts = [part for row in exchange.tables.journal[before:] for part in exchange.books.codec.unpack(row.body).parts]
    kinds = [type(event) for part in parts for event in part.events]
    assert {MatchMoved, AccumulatorClaimed, AccumulatorLost} <= set(kinds)
    page = Page(books)
    for part in parts:
        page.write(part)
    assert set(page.betting.options[DERBY]) == {1, 2, 3}
    assert set(page.betting.options[FINAL]) == {1, 2, 3}
    assert page.betting.options_of(DERBY) == exchange.books.betting.options[DERBY]
    assert page.betting.options_of(FINAL) == exchange.books.betting.options[FINAL]
    tables.write(page.close())
    assert len(tables.journal) == before + 1
    assert (tables.accumulators, tables.options) == (exchange.tables.accumulators, exchange.tables.options)
    for known in (books, tables.books()):
        found, expected = contents(known), contents(exchange.books)
        for what in ("bets", "tallies", "claims", "options", "accumulators", "liabilities", "markets"):
            assert found[what] == expected[what], what


def test_a_claim_and_what_follows_from_it_are_two_commits() -> None:
    """The market hears of the claim, as anybody does, once it is durable."""
    exchange = engine()
    exchange.accumulate("ann", BOTH_HOME, 10)
    exchange.bet("bob", "derby", 2, 10, "3.4")
    exchange.settle_score("derby", "root", 0, 0)
    exchange.claim("bob", 2)
    parts = [exchange.books.codec.unpack(row.body).parts for row in exchange.tables.journal[-2:]]
    assert [[type(event) for part in row for event in part.events] for row in parts] == [
        [BetClaimed],
        [AccumulatorLost],
    ]
