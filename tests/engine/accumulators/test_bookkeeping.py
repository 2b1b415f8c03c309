"""What accumulators do to money and rows, from the customer's slip to the payout."""

import pytest

from engine.accumulators import bookkeeping
from engine.accumulators.events import AccumulatorEvent
from engine.betting.events import PoolMoved
from engine.ledger.accumulators import LegRecord
from engine.ledger.bets import Acceptance, Result
from engine.ledger.chart import pool_of
from engine.ledger.page import Page
from engine.ledger.records import MarketState
from engine.trading.events import MarketHalted, MarketResumed
from tests.engine.accumulators.slips import ANN, BOTH_HOME, DERBY, FINAL, HOME_AND_DRAW, MARKET, engine


def test_every_event_of_its_own_has_its_writer() -> None:
    shared = {PoolMoved, MarketHalted, MarketResumed}
    assert set(bookkeeping.WRITERS) | shared == set(AccumulatorEvent.__args__)


def test_a_stake_goes_into_the_pool_and_a_payout_out_of_it() -> None:
    exchange = engine()
    before = exchange.has("house")
    exchange.accumulate("ann", HOME_AND_DRAW, 101)
    assert (exchange.has("ann"), exchange.stand()["pool"]) == (1_000_000 - 101, 1_101)
    exchange.settle_score("derby", "root", 1, 0)
    exchange.settle_score("final", "root", 0, 0)
    exchange.claim_accumulator("ann", 1)
    assert (exchange.has("ann"), exchange.stand()["pool"]) == (1_000_000 - 101 + 635, 1_101 - 635)
    assert exchange.movements_of("ann") == [("bet", -101, "1"), ("payout", 635, "1")]
    assert exchange.has("house") == before + 2_000  # the matches' pools came back; that of the accumulators stays
    exchange.check_history()


def test_the_house_moves_the_pool() -> None:
    exchange = engine()
    exchange.fund_accumulators("root", 77)
    exchange.return_funds("root", 1_077)
    assert exchange.movements_of("house")[-2:] == [("pool_fund", -77, "market-1"), ("pool_return", 1_077, "market-1")]
    assert exchange.fund_accumulators("root", 10**9) == {"code": "INSUFFICIENT_FUNDS"}
    assert exchange.stand()["pool"] == 0


def test_the_rows_of_an_accumulator() -> None:
    exchange = engine()
    exchange.accumulate("ann", [("final", 2, "3.3"), ("derby", 1, "1.8")], 101, "better")
    (row,) = exchange.tables.accumulators.values()
    assert (row.bet_id, row.account_id, row.market_id, row.client_bet_id) == (1, ANN, MARKET, "a1")
    assert (row.stake, row.accept, row.max_payout, row.created_ms) == (101, Acceptance.BETTER, 635, exchange.now_ms)
    assert (row.payout, row.claim_tx_hash, row.closed_ms, len(row.tx_hash)) == (None, None, None, 66)
    legs = [LegRecord(1, 1, FINAL, 2, 340, 330), LegRecord(1, 2, DERBY, 1, 185, 180)]
    assert list(exchange.tables.legs.values()) == legs
    exchange.settle_option("derby", "root", 1)
    assert [leg.result for leg in exchange.tables.accumulator(1).legs] == [None, Result.WIN]
    exchange.settle_option("final", "root", 2)
    exchange.claim_accumulator("ann", 1)
    paid = exchange.tables.accumulators[1]
    assert (paid.payout, paid.closed_ms) == (635, exchange.now_ms)
    assert (paid.tx_hash, paid.created_ms) == (row.tx_hash, row.created_ms)
    assert paid.claim_tx_hash not in (None, paid.tx_hash)
    assert list(exchange.tables.legs.values()) == legs


def test_what_the_books_keep_of_it() -> None:
    exchange = engine()
    exchange.accumulate("ann", HOME_AND_DRAW, 100)
    exchange.accumulate("bob", BOTH_HOME, 100)
    betting = exchange.books.betting
    assert (list(betting.accumulators), betting.liabilities) == ([1, 2], {MARKET: 629 + 342})
    exchange.settle_score("derby", "root", 1, 0)
    exchange.settle_score("final", "root", 1, 0)
    exchange.claim_accumulator("bob", 2)
    assert (list(betting.accumulators), betting.liabilities) == ([], {MARKET: 0})  # Ann's is lost for good with it
    assert betting.claims == {(DERBY, 1): 1, (FINAL, 1): 1}


def test_a_payment_counts_as_a_claim_on_every_leg_and_a_loss_on_none() -> None:
    """Lost bets beside a leg that was paid are forgotten, as beside a bet."""
    exchange = engine()
    for bettor, number, odds in (("bob", 1, "1.85"), ("cat", 3, "4.2"), ("cat", 4, "2")):
        exchange.bet(bettor, "derby", number, 10, odds)
    exchange.accumulate("ann", BOTH_HOME, 100)
    for match in ("derby", "final"):
        exchange.settle_score(match, "root", 1, 0)
    exchange.claim_accumulator("ann", 4)
    page = Page(exchange.books).betting
    assert [page.claims_on(DERBY, number) for number in (1, 2, 3, 4, 5)] == [1, 0, 0, 0, 0]
    assert sorted(exchange.books.betting.bets) == sorted(exchange.markets["derby"].pool.bets) == [1, 3]
    assert exchange.claim("cat", 2) == {"code": "NOTHING_TO_CLAIM"}
    assert exchange.claim("bob", 1)["payout"] == 18
    assert Page(exchange.books).betting.claims_on(DERBY, 1) == 2
    assert exchange.roll_back("derby", "root", 2) == {"code": "ALREADY_CLAIMED", "claims": [1, 4]}
    assert exchange.roll_back("derby", "root", 4)["state"] == "closed"
    exchange.check_history()


def test_the_pool_of_a_match_is_left_alone() -> None:
    exchange = engine()
    before = {match: exchange.standing(match) for match in ("derby", "final")}
    exchange.accumulate("ann", BOTH_HOME, 100)
    assert {match: exchange.standing(match) for match in ("derby", "final")} == before
    assert exchange.books.balance(pool_of(DERBY), "USD") == (1_000, 0)


def test_a_suspended_market_stays_so_across_restarts() -> None:
    exchange = engine()
    exchange.accumulate("ann", BOTH_HOME, 100)
    assert exchange.suspend_accumulators("root")["state"] == "halted"
    exchange.restart()
    assert exchange.accumulators.state is MarketState.HALTED
    assert exchange.accumulate("ann", BOTH_HOME, 100) == {"code": "MARKET_HALTED"}
    assert exchange.return_funds("root", 1)["pool"] == 1_099
    exchange.settle_score("derby", "root", 1, 0)
    exchange.settle_score("final", "root", 1, 0)
    assert exchange.claim_accumulator("ann", 1)["payout"] == 342
    assert exchange.resume_accumulators("root")["state"] == "open"
    exchange.check_history()


# News: of which matches there is something to tell


@pytest.mark.parametrize(
    ("step", "told"),
    [
        (lambda exchange: exchange.set_odds("derby", "root", moneyline="1.5 3 4"), [DERBY]),
        (lambda exchange: exchange.suspend("final", "root"), [FINAL]),
        (lambda exchange: exchange.settle_option("final", "root", 1), [FINAL]),
        (lambda exchange: exchange.void("derby", "root"), [DERBY]),
        (lambda exchange: exchange.wait(4_000_000), [DERBY, FINAL]),
        (lambda exchange: exchange.describe("derby", "root", "in the rain"), []),
        (lambda exchange: exchange.fund("derby", "root", 5), []),
        (lambda exchange: exchange.bet("bob", "derby", 1, 10, "1.85"), []),
        (lambda exchange: exchange.accumulate("bob", BOTH_HOME, 10), []),
        (lambda exchange: exchange.suspend_accumulators("root"), []),
    ],
)
def test_who_shows_something_else_is_news(step: object, told: list[int]) -> None:
    exchange = engine()
    exchange.late = True
    assert callable(step)
    step(exchange)
    assert [fact.market_id for _, fact in exchange.mail if hasattr(fact, "market_id")] == told


def test_of_a_group_only_the_first_claim_is_news() -> None:
    """On whichever of its options, and whatever was paid: a bet or an accumulator."""
    exchange = engine()
    exchange.set_odds("derby", "root", spread="-0.25 1.9 1.9")
    exchange.accumulate("cat", [("derby", 6, "1.9"), ("final", 1, "1.85")], 10)
    for bettor, number in (("ann", 6), ("bob", 7)):
        exchange.bet(bettor, "derby", number, 10, "1.9")
    exchange.settle_score("derby", "root", 0, 0)
    exchange.settle_score("final", "root", 1, 0)
    exchange.late = True
    assert exchange.claim("bob", 3)["payout"] == 14  # half a win
    (told,) = exchange.mail
    assert (told[0], getattr(told[1], "final_groups", None)) == (MARKET, {3})
    assert exchange.claim("ann", 2)["payout"] == 5  # and half a loss
    assert len(exchange.mail) == 1
    exchange.claim_accumulator("cat", 1)
    assert [getattr(fact, "market_id", None) for _, fact in exchange.mail] == [DERBY, FINAL, None, None]
    exchange.hear()
    exchange.check_history()


def test_what_becomes_final_is_news_once() -> None:
    exchange = engine()
    exchange.accumulate("ann", BOTH_HOME, 10)
    for bettor in ("ann", "bob"):
        exchange.bet(bettor, "derby", 1, 10, "1.85")
    for match in ("derby", "final"):
        exchange.settle_option(match, "root", 1)
    exchange.late = True
    exchange.claim("ann", 2)
    exchange.claim("bob", 3)
    exchange.claim_accumulator("ann", 1)
    facts = [fact for _, fact in exchange.mail]
    assert [getattr(fact, "market_id", None) for fact in facts] == [DERBY, FINAL, None, None]
    assert [getattr(fact, "final_groups", None) for fact in facts[:2]] == [{1}, {1}]
    assert [(market_id, getattr(fact, "option_number", None)) for market_id, fact in list(exchange.mail)[2:]] == [
        (DERBY, 1),
        (FINAL, 1),
    ]
