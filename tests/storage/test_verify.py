"""`run.py verify`: the journal, folded again, against the tables."""

import msgspec
import pytest

from engine.spot.commands import CancelOrder
from storage.memory import MemoryStorage
from storage.verify import verify
from tests.actors.exchanges import ALICE, BOB, deposit, limit, place, small_exchange

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


async def test_a_changed_row_of_the_journal_is_found() -> None:
    storage = await traded()
    storage.reader._tables.journal[2] = msgspec.structs.replace(storage.reader._tables.journal[2], body=b"\x90")
    assert "row 3" in (await verify(storage.reader)).differences[0]
