"""What must hold in the tables of accumulators: it does after an exchange, and whatever is bent by hand is found."""

from collections.abc import Callable
from typing import Any

import pytest
from msgspec.structs import replace

from engine.betting.commands import FinalizeMatch, SettleScore
from engine.ledger.chart import pool_of
from engine.ledger.records import BalanceRecord
from storage.memory import MemoryStorage
from storage.memory.tables import Tables
from tests.actors.accumulators import accumulate, accumulators_of, claim_accumulator, fund_accumulators, stands
from tests.actors.exchanges import ALICE, BOB, deposit, small_exchange
from tests.actors.matches import ADMIN, AWAY, HOME, OVER, move, open_match
from tests.invariants import audit

Bend = Callable[[Tables, list[int]], None]

POOL = pool_of(4)  # the accumulators' market is listed as the fourth


async def three_accumulators() -> tuple[MemoryStorage, list[int]]:
    """One is open, one was paid, one was lost."""
    storage = MemoryStorage()
    async with small_exchange(storage) as exchange:
        for account in (ALICE, BOB):
            await deposit(exchange, account, USD="10")
        first, second, third = [await open_match(exchange) for _ in range(3)]
        await fund_accumulators(exchange, 1_000_000)
        assert accumulators_of(exchange).market_id == 4
        legs = (
            ((first, HOME, 200), (third, OVER, 180)),
            ((first, HOME, 200), (second, HOME, 200)),
            ((first, AWAY, 400), (second, HOME, 200)),
        )
        placed = [await accumulate(exchange, ALICE, 101, *each) for each in legs]
        for match in (first, second):
            await move(exchange, SettleScore(match.name, ADMIN, home=1, away=0))
            await move(exchange, FinalizeMatch(match.name, ADMIN))
        await claim_accumulator(exchange, ALICE, placed[1].bet_id)
        while (await stands(exchange)).open > 1:
            pass
    return storage, [accumulator.bet_id for accumulator in placed]


def row(which: int, **fields: Any) -> Bend:
    def bend(tables: Tables, ids: list[int]) -> None:
        tables.accumulators[ids[which]] = replace(tables.accumulators[ids[which]], **fields)

    return bend


def take_from_pool(tables: Tables, _: list[int]) -> None:
    """Move money where nobody looks so early."""
    for account, units in ((POOL, -1), (BOB, 1)):
        balance = tables.balances[account, "USD"]
        tables.balances[account, "USD"] = BalanceRecord(account, "USD", balance.total + units, balance.held)


OPEN, PAID, LOST = range(3)
BENDS: dict[str, Bend] = {
    "a pool with too little": take_from_pool,
    "a stake that nobody paid": row(OPEN, stake=102, max_payout=367),
    "more to be won than the odds give": row(OPEN, max_payout=364),
    "a payout that is too much": row(PAID, payout=405),
    "a payout of what was lost": row(LOST, payout=1),
    "a payout before the results": row(OPEN, payout=363, closed_ms=1, claim_tx_hash="0x"),
    "an end without a time": row(LOST, closed_ms=None),
    "a claim without a receipt": row(PAID, claim_tx_hash=None),
    "a receipt of what was lost": row(LOST, claim_tx_hash="0x"),
}


@pytest.mark.trio
async def test_what_an_exchange_wrote_is_in_order() -> None:
    storage, ids = await three_accumulators()
    await audit(storage.reader)
    rows = [await storage.reader.accumulator(bet_id) for bet_id in ids]
    assert [None if found is None else found.payout for found in rows] == [None, 404, 0]


@pytest.mark.trio
@pytest.mark.parametrize("bend", BENDS.values(), ids=BENDS.keys())
async def test_what_was_bent_by_hand_is_not(bend: Bend) -> None:
    storage, ids = await three_accumulators()
    bend(storage.reader._tables, ids)
    with pytest.raises(AssertionError) as failed:
        await audit(storage.reader)
    assert failed.traceback[-1].name == "check_accumulators"
