"""`run.py verify`: the journal, folded again, against the tables."""

from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from engine.betting.commands import (
    ClaimBet,
    CloseBetting,
    EnterBet,
    OpenBetting,
    PlaceBet,
    RollBackSettlement,
    SetOdds,
    SettleOption,
    SettleScore,
    VoidMatch,
)
from engine.betting.market import BettingMarket
from engine.betting.match import Match, Moneyline
from engine.betting.pool import Pool
from engine.ledger.bets import Result
from engine.ledger.books import Books
from engine.ledger.chart import HOUSE, OUTSIDE
from engine.ledger.commands import MovementKind
from engine.ledger.events import MarketListed, MoneyMoved
from engine.ledger.fold import fold
from engine.ledger.journal import GENESIS_HASH, Part
from engine.ledger.page import Page
from engine.ledger.records import MarketState
from engine.products import BETTING, PRODUCTS, write_definition
from engine.refusals import Refused
from engine.trading.commands import CancelOrder
from storage.interface import BetFilter, Storage
from storage.memory import MemoryStorage
from storage.verify import verify
from tests.actors.exchanges import ALICE, BOB, deposit, limit, place, small_exchange
from tests.engine.golden.history import ANN, WHOLE_HISTORY
from tests.engine.golden.journal import rows_of_history
from tests.storage.conftest import Open
from tests.storage.entries import NOW_MS, bet, position

ADMIN = 99

pytestmark = pytest.mark.trio


async def traded() -> MemoryStorage:
    """A small history: deposits, a trade, a cancel, an open order."""
    storage = MemoryStorage()
    async with small_exchange(storage) as exchange:
        await deposit(exchange, ALICE, USDT="1000")
        await deposit(exchange, BOB, BTC="3")
        await place(exchange, limit(BOB, "sell", "100", "2"))
        await place(exchange, limit(ALICE, "buy", "100", "1"))
        resting = await place(exchange, limit(ALICE, "buy", "90", "1"))
        await exchange.accounts.ask(CancelOrder(ALICE, resting.order.order_id))
    return storage


async def test_tables_and_journal_agree() -> None:
    storage = await traded()
    verified = await verify(storage.reader)
    assert verified.differences == ()
    assert (verified.rows, verified.open_orders) == ((await storage.reader.journal_head()).sequence, 1)


async def test_an_empty_exchange_agrees() -> None:
    assert (await verify(MemoryStorage().reader)).differences == ()


async def test_a_changed_balance_is_found() -> None:
    storage = await traded()
    key = (ALICE, "USDT")
    richer = msgspec.structs.replace(storage.reader._tables.balances[key], total=10**20)
    storage.reader._tables.balances[key] = richer
    (difference,) = (await verify(storage.reader)).differences
    assert difference.startswith("balance (1, 'USDT')")


async def test_a_lost_order_is_found() -> None:
    storage = await traded()
    (order,) = await storage.reader.open_orders()
    del storage.reader._tables.orders[order.order_id]
    assert any("open order" in difference for difference in (await verify(storage.reader)).differences)


async def commit_golden(storage: Storage, rows: int) -> None:
    """So many commits of the golden history; after seven of them a prediction market is void and not yet final."""
    books = Books(PRODUCTS, journal_sequence=0, journal_hash=GENESIS_HASH)
    for entry in fold(books, rows_of_history(WHOLE_HISTORY)[:rows]):
        await storage.writer.commit(entry)


async def asked_and_answered() -> MemoryStorage:
    storage = MemoryStorage()
    await commit_golden(storage, 7)
    return storage


@pytest.mark.parametrize(("rows", "positions"), [(5, 3), (6, 3), (7, 3), (8, 0)])
async def test_positions_agree_until_their_market_is_final(opened: Open, rows: int, positions: int) -> None:
    async with opened() as storage:
        await commit_golden(storage, rows)
        assert len(await storage.reader.positions()) == positions
        verified = await verify(storage.reader)
        assert (verified.rows, verified.differences) == (rows, ())


async def test_a_changed_position_is_found() -> None:
    storage = await asked_and_answered()
    key = (2, ANN)
    storage.reader._tables.positions[key] = msgspec.structs.replace(storage.reader._tables.positions[key], yes=2)
    (difference,) = (await verify(storage.reader)).differences
    assert difference.startswith("position (2, 1)")


async def test_a_position_too_many_is_found() -> None:
    storage = await asked_and_answered()
    storage.reader._tables.positions[2, 99] = position(2, 99)
    (difference,) = (await verify(storage.reader)).differences
    assert difference.startswith("position (2, 99): the journal makes None")


async def test_a_changed_standing_of_a_market_is_found() -> None:
    storage = await asked_and_answered()
    market = storage.reader._tables.markets[2]
    storage.reader._tables.markets[2] = msgspec.structs.replace(market, standing=b"{}")
    (difference,) = (await verify(storage.reader)).differences
    assert difference.startswith("market 2")


class Betting:
    """A match on a storage: what happens in it is committed, command by command."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage
        self._books = Books(PRODUCTS, journal_sequence=0, journal_hash=GENESIS_HASH)

    async def begin(self) -> None:
        """Ann and the house have money; 1X2 is offered, and the pool covers a lot."""
        terms = Match("EPL", "Leeds", "Hull", NOW_MS + 1_000, "USD")
        listed = MarketListed(1, BETTING, "1", write_definition(terms).decode(), MarketState.SCHEDULED)
        await self._commit(0, (listed,))
        await self._commit(0, (MoneyMoved(MovementKind.DEPOSIT, ANN, "t1", "USD", 10_000, OUTSIDE, ANN),))
        await self._commit(0, (MoneyMoved(MovementKind.HOUSE_FUND, HOUSE, "t1", "USD", 10**6, OUTSIDE, HOUSE),))
        self.match = BettingMarket(self._books.markets[1], terms, Pool())
        await self.do(self.match.set_odds, SetOdds("1", ADMIN, reason="first", moneyline=Moneyline(185, 400, 340)))
        await self.do(self.match.open, OpenBetting("1", ADMIN, funding=50_000))

    async def place(self, bet_id: int, option_number: int, odds: int) -> None:
        bet = PlaceBet(ANN, "1", option_number, 1_000, odds, client_bet_id=f"c{bet_id}")
        await self.do(self.match.place, EnterBet(bet_id, bet))

    async def do(self, handler: Callable[[Any], object], command: object) -> None:
        answer = handler(command)
        assert not isinstance(answer, Refused), answer
        await self._commit(1, self.match.take_events())

    async def _commit(self, market_id: int, events: tuple[Any, ...]) -> None:
        page = Page(self._books)
        page.write(Part(market_id, NOW_MS, events))
        await self._storage.writer.commit(page.close())
        assert (await verify(self._storage.reader)).differences == ()


async def bet_on(storage: Storage) -> Betting:
    """Three bets, of which home has won the first two; one is paid. The third is lost, for good."""
    betting = Betting(storage)
    await betting.begin()
    for bet_id, (option_number, odds) in enumerate([(1, 185), (1, 185), (2, 340)], start=5):
        await betting.place(bet_id, option_number, odds)
    await betting.do(betting.match.close, CloseBetting("1", ADMIN))
    await betting.do(betting.match.settle_score, SettleScore("1", ADMIN, home=2, away=0))
    await betting.do(betting.match.claim, ClaimBet(ANN, "1", 5))
    return betting


async def test_bets_agree_after_every_step_of_their_match(opened: Open) -> None:
    async with opened() as storage:
        await bet_on(storage)
        assert [bet.bet_id for bet in await storage.reader.unclaimed_bets()] == [6]
        assert (await storage.reader.bets(BetFilter(ANN)))[1] == 3


async def test_bets_agree_after_a_roll_back_and_a_void(opened: Open) -> None:
    async with opened() as storage:
        betting = Betting(storage)
        await betting.begin()
        await betting.place(5, 1, 185)
        await betting.place(6, 3, 400)
        await betting.do(betting.match.settle_option, SettleOption("1", ADMIN, option_number=3))
        returned = betting.match.standing.returned_units
        await betting.do(betting.match.roll_back, RollBackSettlement("1", ADMIN, returned=returned))
        await betting.do(betting.match.void, VoidMatch("1", ADMIN))
        assert [bet.result for bet in await storage.reader.unclaimed_bets()] == [Result.PUSH, Result.PUSH]
        await betting.do(lambda _: betting.match.go_on(), None)
        assert [bet.payout for bet in await storage.reader.claimed_bets(1)] == [1_000, 1_000]


@pytest.mark.parametrize(
    ("table", "key", "changes", "difference"),
    [
        ("bets", 6, {"stake": 2_000}, "bet 6"),
        ("bets", 6, {"option_number": 2}, "bet 6"),
        ("bets", 6, {"account_id": ANN + 1}, "bet 6"),
        ("bets", 5, {"payout": None}, "bet 5: the journal makes None"),
        ("bets", 7, {"payout": 1}, "claims of option (1, 2): the journal makes None, the tables say 1"),
        ("options", (1, 2), {"odds": 2}, "option (1, 2)"),
        ("options", (1, 2), {"result": Result.PUSH}, "option (1, 2)"),
        ("options", (1, 2), {"offered": True}, "option (1, 2)"),
    ],
)
async def test_a_changed_row_of_betting_is_found(
    table: str, key: object, changes: dict[str, Any], difference: str
) -> None:
    storage = MemoryStorage()
    await bet_on(storage)
    rows = getattr(storage.reader._tables, table)
    rows[key] = msgspec.structs.replace(rows[key], **changes)
    found = (await verify(storage.reader)).differences
    assert any(said.startswith(difference) for said in found), found


@pytest.mark.parametrize(("table", "key", "difference"), [("bets", 6, "bet 6"), ("options", (1, 3), "option (1, 3)")])
async def test_a_lost_row_of_betting_is_found(table: str, key: object, difference: str) -> None:
    storage = MemoryStorage()
    await bet_on(storage)
    del getattr(storage.reader._tables, table)[key]
    assert any(said.startswith(difference) for said in (await verify(storage.reader)).differences)


async def test_a_bet_too_many_is_found() -> None:
    storage = MemoryStorage()
    await bet_on(storage)
    storage.reader._tables.bets[9] = bet(9)
    bet_9, last_id = (await verify(storage.reader)).differences
    assert bet_9.startswith("bet 9: the journal makes None")
    assert last_id == "last id of orders and bets: the journal makes 7, the tables say 9"


async def test_a_changed_row_of_the_journal_is_found() -> None:
    storage = await traded()
    storage.reader._tables.journal[2] = msgspec.structs.replace(storage.reader._tables.journal[2], body=b"\x90")
    assert "row 3" in (await verify(storage.reader)).differences[0]
