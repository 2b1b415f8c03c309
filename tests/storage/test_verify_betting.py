"""What `run.py verify` finds of bets, of accumulators, and of what administrators did: those paid and lost included."""

import json
from collections.abc import Callable
from typing import Any

import pytest
import trio
from msgspec.structs import replace

from engine.accumulators.commands import (
    ClaimAccumulator,
    EnterAccumulator,
    FundAccumulators,
    LegAsked,
    PlaceAccumulator,
)
from engine.accumulators.market import AccumulatorMarket
from engine.accumulators.pool import Pool as AccumulatorPool
from engine.accumulators.terms import Accumulators
from engine.betting.commands import (
    ClaimBet,
    CloseBetting,
    EnterBet,
    FinalizeMatch,
    OpenBetting,
    PlaceBet,
    RollBackSettlement,
    SetOdds,
    SettleOption,
    SettleScore,
    VoidMatch,
)
from engine.betting.facts import match_facts
from engine.betting.market import BettingMarket
from engine.betting.match import Match, Moneyline
from engine.betting.pool import Pool
from engine.ledger.bets import Result
from engine.ledger.books import Books
from engine.ledger.chart import HOUSE, OUTSIDE
from engine.ledger.commands import MovementKind
from engine.ledger.events import MarketListed, MoneyMoved
from engine.ledger.journal import GENESIS_HASH, Part
from engine.ledger.page import Page
from engine.ledger.records import AdminAction, MarketState
from engine.products import ACCUMULATORS, BETTING, PRODUCTS, write_definition
from engine.refusals import Refused
from storage.interface import AccumulatorFilter, BetFilter, Storage
from storage.memory import MemoryStorage
from storage.postgres import open_postgres
from storage.verify import verify
from tests.storage.conftest import Open
from tests.storage.entries import NOW_MS, accumulator, bet
from tests.storage.servers import query

ADMIN, ANN = 99, 1
FIRST, SECOND = "1", "2"  # the matches

pytestmark = pytest.mark.trio


class Betting:
    """Two matches and their accumulators on a storage: what happens is committed, command by command."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage
        self._books = Books(PRODUCTS, journal_sequence=0, journal_hash=GENESIS_HASH)

    async def begin(self) -> None:
        """Ann and the house have money; 1X2 is offered on both matches, and the pools cover a lot."""
        terms = Match("EPL", "Leeds", "Hull", NOW_MS + 1_000, "USD")
        for market_id, name in enumerate((FIRST, SECOND), start=1):
            definition = write_definition(terms).decode()
            await self._commit(0, (MarketListed(market_id, BETTING, name, definition, MarketState.SCHEDULED),))
        definition = write_definition(Accumulators("USD")).decode()
        await self._commit(0, (MarketListed(3, ACCUMULATORS, "USD", definition, MarketState.OPEN),))
        await self._commit(0, (MoneyMoved(MovementKind.DEPOSIT, ANN, "t1", "USD", 20_000, OUTSIDE, ANN),))
        await self._commit(0, (MoneyMoved(MovementKind.HOUSE_FUND, HOUSE, "t1", "USD", 10**6, OUTSIDE, HOUSE),))
        self.match, self.other = (BettingMarket(self._books.markets[number], terms, Pool()) for number in (1, 2))
        self.accumulators = AccumulatorMarket(self._books.markets[3], AccumulatorPool())
        for name, match in ((FIRST, self.match), (SECOND, self.other)):
            await self.do(match.set_odds, SetOdds(name, ADMIN, reason="first", moneyline=Moneyline(185, 400, 340)))
            await self.do(match.open, OpenBetting(name, ADMIN, funding=50_000))
        await self.do(self.accumulators.fund, FundAccumulators("USD", ADMIN, 50_000))

    async def place(self, bet_id: int, option_number: int, odds: int) -> None:
        bet = PlaceBet(ANN, FIRST, option_number, 1_000, odds, client_bet_id=f"c{bet_id}")
        await self.do(self.match.place, EnterBet(bet_id, bet))

    async def accumulate(self, bet_id: int, option_number: int, odds: int) -> None:
        """On an option of the first match, and on the home side of the second."""
        legs = LegAsked(1, option_number, odds), LegAsked(2, 1, 185)
        bet = PlaceAccumulator(ANN, "USD", legs, 1_000, client_bet_id=f"c{bet_id}")
        await self.do(self.accumulators.place, EnterAccumulator(bet_id, bet))

    async def do(self, handler: Callable[[Any], object], command: object) -> None:
        answer = handler(command)
        assert not isinstance(answer, Refused), answer
        for market in (self.match, self.other, self.accumulators):
            if events := market.take_events():
                await self._commit(market.market_id, events)
        for market_id in (1, 2):
            self.accumulators.learn(match_facts(Page(self._books), market_id))

    async def _commit(self, market_id: int, events: tuple[Any, ...]) -> None:
        page = Page(self._books)
        page.write(Part(market_id, NOW_MS, events))
        await self._storage.writer.commit(page.close())
        assert (await verify(self._storage.reader)).differences == ()


async def bet_on(storage: Storage) -> Betting:
    """Home wins both matches.

    Three bets, of which the first two are won; one is paid. The third is lost, for good. Three accumulators, of which
    the first two are won; one is paid. The third is lost, and closed.
    """
    betting = Betting(storage)
    await betting.begin()
    for number, (option_number, odds) in enumerate([(1, 185), (1, 185), (2, 340)]):
        await betting.place(5 + number, option_number, odds)
        await betting.accumulate(8 + number, option_number, odds)
    for name, match in ((FIRST, betting.match), (SECOND, betting.other)):
        await betting.do(match.close, CloseBetting(name, ADMIN))
        await betting.do(match.settle_score, SettleScore(name, ADMIN, home=2, away=0))
    await betting.do(betting.match.claim, ClaimBet(ANN, FIRST, 5))
    await betting.do(betting.accumulators.claim, ClaimAccumulator(ANN, "USD", 8))
    await betting.do(lambda _: betting.accumulators.go_on(), None)
    return betting


async def test_bets_agree_after_every_step_of_their_match(opened: Open) -> None:
    async with opened() as storage:
        await bet_on(storage)
        assert [bet.bet_id for bet in await storage.reader.unclaimed_bets()] == [6]
        assert (await storage.reader.bets(BetFilter(ANN)))[1] == 3
        assert [row.bet_id for row in await storage.reader.open_accumulators()] == [9]
        rows, _ = await storage.reader.accumulators(AccumulatorFilter(ANN))
        assert {row.bet_id: row.payout for row in rows} == {8: 3_422, 9: None, 10: 0}
        assert await storage.reader.claim_counts() == {(1, 1): 2, (2, 1): 1}


async def test_bets_agree_after_a_roll_back_and_a_void(opened: Open) -> None:
    async with opened() as storage:
        betting = Betting(storage)
        await betting.begin()
        await betting.place(5, 1, 185)
        await betting.place(6, 3, 400)
        await betting.accumulate(7, 3, 400)
        await betting.do(betting.match.settle_option, SettleOption(FIRST, ADMIN, option_number=3))
        (row,) = await storage.reader.open_accumulators()
        assert [leg.result for leg in row.legs] == [Result.WIN, None]
        returned = betting.match.standing.returned_units
        await betting.do(betting.match.roll_back, RollBackSettlement(FIRST, ADMIN, returned=returned))
        await betting.do(betting.match.void, VoidMatch(FIRST, ADMIN))
        assert [bet.result for bet in await storage.reader.unclaimed_bets()] == [Result.PUSH, Result.PUSH]
        await betting.do(lambda _: betting.match.go_on(), None)
        assert [bet.payout for bet in await storage.reader.claimed_bets(1)] == [1_000, 1_000]
        await betting.do(betting.other.void, VoidMatch(SECOND, ADMIN))
        await betting.do(betting.accumulators.claim, ClaimAccumulator(ANN, "USD", 7))
        assert [leg.result for leg in await storage.reader.paid_legs(2)] == [Result.PUSH]


async def test_bets_agree_after_their_match_is_finalized(opened: Open) -> None:
    """What is lost is let go of, though nothing was claimed beside it."""
    async with opened() as storage:
        betting = Betting(storage)
        await betting.begin()
        await betting.place(5, 1, 185)
        await betting.place(6, 3, 400)
        await betting.do(betting.match.settle_score, SettleScore(FIRST, ADMIN, home=2, away=0))
        assert [bet.result for bet in await storage.reader.unclaimed_bets()] == [Result.WIN, Result.LOSS]
        await betting.do(betting.match.finalize, FinalizeMatch(FIRST, ADMIN))
        assert [bet.result for bet in await storage.reader.unclaimed_bets()] == [Result.WIN]
        await betting.do(betting.match.claim, ClaimBet(ANN, FIRST, 5))
        assert await storage.reader.unclaimed_bets() == []


# What is found

CHANGES: list[tuple[str, Any, dict[str, Any], str]] = [
    ("bets", 6, {"stake": 2_000}, "unclaimed bet 6"),
    ("bets", 6, {"option_number": 2}, "unclaimed bet 6"),
    ("bets", 6, {"account_id": ANN + 1}, "unclaimed bet 6"),
    ("bets", 5, {"payout": None}, "unclaimed bet 5: the journal makes None"),
    ("bets", 5, {"payout": 1_849}, "bet 5: the journal makes another row"),
    ("bets", 5, {"stake": 999}, "bet 5: the journal makes another row"),
    ("bets", 5, {"claim_tx_hash": "0x"}, "bet 5: the journal makes another row"),
    ("bets", 7, {"payout": 1}, "claims of option (1, 2): the journal makes None, the tables say 1"),
    ("bets", 7, {"odds": 341}, "bet 7: the journal makes another row"),
    ("bets", 7, {"claimed_ms": 1}, "bet 7: the journal makes another row"),
    ("options", (1, 2), {"odds": 2}, "option (1, 2)"),
    ("options", (1, 2), {"result": Result.PUSH}, "option (1, 2)"),
    ("options", (1, 2), {"offered": True}, "option (1, 2)"),
    ("options", (2, 1), {"result": Result.PUSH}, "open accumulator 9"),
    ("accumulators", 9, {"stake": 2_000}, "open accumulator 9"),
    ("accumulators", 9, {"market_id": 4}, "open accumulator 9"),
    ("accumulators", 9, {"payout": 0}, "open accumulator 9"),
    ("accumulators", 8, {"payout": None}, "open accumulator 8: the journal makes None"),
    ("accumulators", 8, {"payout": 3_421}, "accumulator 8: the journal makes another row"),
    ("accumulators", 8, {"max_payout": 10**30}, "accumulator 8: the journal makes another row"),
    ("accumulators", 8, {"payout": 0}, "claims of option (2, 1): the journal makes 1, the tables say None"),
    ("accumulators", 10, {"payout": 1}, "claims of option (1, 2): the journal makes None, the tables say 1"),
    ("accumulators", 10, {"closed_ms": 1}, "accumulator 10: the journal makes another row"),
]


@pytest.mark.parametrize(("table", "key", "changes", "difference"), CHANGES)
async def test_a_changed_row_of_betting_is_found(
    table: str, key: object, changes: dict[str, Any], difference: str
) -> None:
    storage = MemoryStorage()
    await bet_on(storage)
    rows = getattr(storage.reader._tables, table)
    rows[key] = replace(rows[key], **changes)
    found = (await verify(storage.reader)).differences
    assert any(said.startswith(difference) for said in found), found


@pytest.mark.parametrize(
    ("bet_id", "changes", "difference"),
    [
        (9, {"option_number": 3}, "open accumulator 9"),
        (9, {"odds": 186}, "open accumulator 9"),
        (8, {"odds_asked": 184}, "accumulator 8: the journal makes another row"),
        (8, {"market_id": 1}, "claims of option (2, 1): the journal makes 1, the tables say None"),
        (10, {"option_number": 3}, "accumulator 10: the journal makes another row"),
        (10, None, "accumulator 10: the journal makes another row"),
        (9, None, "open accumulator 9"),
    ],
)
async def test_a_changed_or_lost_leg_is_found(bet_id: int, changes: dict[str, Any] | None, difference: str) -> None:
    storage = MemoryStorage()
    await bet_on(storage)
    leg = storage.reader._tables.legs[bet_id].pop(2)
    if changes is not None:
        storage.reader._tables.legs[bet_id][2] = replace(leg, **changes)
    found = (await verify(storage.reader)).differences
    assert any(said.startswith(difference) for said in found), found


@pytest.mark.parametrize(
    ("table", "key", "difference"),
    [
        ("bets", 6, "unclaimed bet 6"),
        ("bets", 5, "bet 5: the journal makes a row, the tables say None"),
        ("bets", 7, "bet 7: the journal makes a row, the tables say None"),
        ("options", (1, 3), "option (1, 3)"),
        ("accumulators", 8, "accumulator 8: the journal makes a row, the tables say None"),
        ("accumulators", 9, "open accumulator 9"),
        ("accumulators", 10, "accumulator 10: the journal makes a row, the tables say None"),
    ],
)
async def test_a_lost_row_of_betting_is_found(table: str, key: object, difference: str) -> None:
    storage = MemoryStorage()
    await bet_on(storage)
    del getattr(storage.reader._tables, table)[key]
    found = (await verify(storage.reader)).differences
    assert any(said.startswith(difference) for said in found), found


async def test_a_bet_too_many_is_found() -> None:
    storage = MemoryStorage()
    await bet_on(storage)
    storage.reader._tables.bets[11] = bet(11)
    unclaimed, last_id, bet_11 = (await verify(storage.reader)).differences
    assert unclaimed.startswith("unclaimed bet 11: the journal makes None")
    assert last_id == "last id of orders and bets: the journal makes 10, the tables say 11"
    assert bet_11.startswith("bet 11: the journal makes None, the tables say BetRecord")


async def test_an_accumulator_too_many_is_found() -> None:
    storage = MemoryStorage()
    await bet_on(storage)
    storage.reader._tables.accumulators[-1] = replace(accumulator(-1, market_id=3), legs=())
    is_open, row = (await verify(storage.reader)).differences
    assert is_open.startswith("open accumulator -1: the journal makes None")
    assert row.startswith("accumulator -1: the journal makes None, the tables say AccumulatorRecord")


async def test_what_an_admin_did_with_a_commit_is_found_if_it_is_not_there() -> None:
    """Other actions are written beside the journal: it knows nothing of them."""
    storage = MemoryStorage()
    await bet_on(storage)
    actions = storage.reader._tables.admin_actions
    assert [action.action for action in actions.values()] == ["set_odds", "set_odds"]
    await storage.identity.write_admin_action(AdminAction(0, ADMIN, "halt", "BTC_USD", "{}", NOW_MS))
    assert (await verify(storage.reader)).differences == ()
    actions[1] = replace(actions[1], details="{}")
    del actions[2]
    missing = [f"admin action of row {sequence} of the journal: the tables do not have it" for sequence in (6, 8)]
    assert list((await verify(storage.reader)).differences) == missing


@pytest.mark.parametrize(
    ("details", "differences"),
    [
        ({"reason": "first", "number": 1, "board": {"moneyline": {"home": 185, "away": 400, "draw": 340}}}, 0),
        (
            {
                "board": {
                    "moneyline": {"draw": 340, "away": 400, "home": 185},
                    "total": None,
                    "new": False,
                    "more": [],
                },
                "number": 1,
                "reason": "first",
            },
            0,
        ),
        ({"reason": "last", "number": 1, "board": {"moneyline": {"home": 185, "away": 400, "draw": 340}}}, 1),
        ({"reason": "first", "number": 1, "board": {"moneyline": {"home": 186, "away": 400, "draw": 340}}}, 1),
        ({"reason": "first", "number": 1, "board": {}}, 1),
        ({"reason": "first", "board": {"moneyline": {"home": 185, "away": 400, "draw": 340}}}, 1),
        ([], 1),
    ],
    ids=[
        "without fields that were empty",
        "in another order, with fields that are",
        "another reason",
        "other odds",
        "no odds",
        "no number",
        "no fields",
    ],
)
async def test_what_an_admin_did_is_compared_by_what_it_says(details: object, differences: int) -> None:
    """Rows that were written before details had a field agree with what the journal makes of it today."""
    storage = MemoryStorage()
    await bet_on(storage)
    actions = storage.reader._tables.admin_actions
    actions[1] = replace(actions[1], details=json.dumps(details))
    assert len((await verify(storage.reader)).differences) == differences


async def test_details_that_are_no_json_are_a_difference() -> None:
    storage = MemoryStorage()
    await bet_on(storage)
    actions = storage.reader._tables.admin_actions
    actions[1] = replace(actions[1], details="first")
    assert [said[:22] for said in (await verify(storage.reader)).differences] == ["admin action of row 6 "]


async def test_the_same_action_twice_has_two_rows() -> None:
    storage = MemoryStorage()
    await bet_on(storage)
    actions = storage.reader._tables.admin_actions
    actions[2] = replace(actions[1], action_id=2)
    assert [said[:22] for said in (await verify(storage.reader)).differences] == ["admin action of row 8 "]


@pytest.mark.slow
async def test_an_operators_updates_are_found(postgres_dsn: str) -> None:
    async with open_postgres(postgres_dsn) as storage:
        await bet_on(storage)
        for statement in (
            "update bets set stake = stake + 1 where bet_id = 5",
            "update accumulators set payout = payout + 1 where bet_id = 8",
            "delete from accumulator_legs where bet_id = 10 and leg = 2",
            "update admin_actions set details = '{}' where action_id = 1",
        ):
            await trio.to_thread.run_sync(query, postgres_dsn, statement)
        starts = [said.partition(":")[0] for said in (await verify(storage.reader)).differences]
        assert starts == ["bet 5", "accumulator 8", "accumulator 10", "admin action of row 6 of the journal"]


async def test_many_rows_are_compared_page_by_page(opened: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("storage.made.PAGE", 1)
    async with opened() as storage:
        await bet_on(storage)


# How matches stand


@pytest.mark.parametrize(
    ("changes", "differences"),
    [({}, 0), ({"home_goals": 3}, 1), ({"final": True}, 1), ({"returned": "0"}, 1)],
    ids=["of an older program", "another score", "made final by nobody", "less returned"],
)
async def test_a_match_is_compared_by_how_it_stands(changes: dict[str, Any], differences: int) -> None:
    """A row that was written before `final` was known says the same without it; a changed one does not."""
    storage = MemoryStorage()
    betting = Betting(storage)
    await betting.begin()
    await betting.place(5, 1, 185)
    await betting.do(betting.match.settle_score, SettleScore(FIRST, ADMIN, home=2, away=0))
    tables = storage.reader._tables
    standing = json.loads(tables.markets[1].standing)
    del standing["final"]
    tables.markets[1] = replace(tables.markets[1], standing=json.dumps({**standing, **changes}).encode())
    assert len((await verify(storage.reader)).differences) == differences


async def test_a_standing_that_is_no_json_is_a_difference() -> None:
    storage = MemoryStorage()
    await Betting(storage).begin()
    tables = storage.reader._tables
    tables.markets[1] = replace(tables.markets[1], standing=b"\xff")
    (difference,) = (await verify(storage.reader)).differences
    assert difference.startswith("market 1")
