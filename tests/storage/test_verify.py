"""`run.py verify`: the journal, folded again, against the tables. What it finds of bets: test_verify_betting.py."""

import msgspec
import pytest

from engine.ledger.books import Books
from engine.ledger.fold import fold
from engine.ledger.journal import GENESIS_HASH
from engine.products import PRODUCTS
from engine.trading.commands import CancelOrder
from storage.interface import Storage
from storage.memory import MemoryStorage
from storage.verify import verify
from tests.actors.exchanges import ALICE, BOB, deposit, limit, place, small_exchange
from tests.engine.golden.history import ANN, WHOLE_HISTORY
from tests.engine.golden.journal import rows_of_history
from tests.storage.conftest import Open
from tests.storage.entries import position

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


async def test_a_changed_row_of_the_journal_is_found() -> None:
    storage = await traded()
    storage.reader._tables.journal[2] = msgspec.structs.replace(storage.reader._tables.journal[2], body=b"\x90")
    assert "row 3" in (await verify(storage.reader)).differences[0]
