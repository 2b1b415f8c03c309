"""The reads of accumulators, in memory."""

import trio

from engine.ledger.accumulators import AccumulatorRecord, LegRecord
from storage.interface import AccumulatorFilter
from storage.memory.queries import MemoryQueries


class MemoryAccumulatorReader(MemoryQueries):
    """The part of a Reader that accumulators ask for, on dicts."""

    async def accumulator(self, bet_id: int) -> AccumulatorRecord | None:
        await trio.lowlevel.checkpoint()
        accumulator = self._tables.accumulators.get(bet_id)
        return accumulator and self._with_legs(accumulator)

    async def accumulator_by_client_id(self, account_id: int, client_bet_id: str) -> AccumulatorRecord | None:
        await trio.lowlevel.checkpoint()
        bet_id = self._tables.accumulators_by_client_id.get((account_id, client_bet_id))
        return None if bet_id is None else self._with_legs(self._tables.accumulators[bet_id])

    async def accumulators(self, which: AccumulatorFilter) -> tuple[list[AccumulatorRecord], int]:
        await trio.lowlevel.checkpoint()
        found = [
            accumulator
            for accumulator in self._accumulators()
            if which.account_id in (None, accumulator.account_id)
            and which.settled in (None, accumulator.payout is not None or accumulator.potential_payout is not None)
        ]
        return found[::-1][which.offset : which.offset + which.limit], len(found)

    async def accumulators_after(self, bet_id: int, limit: int) -> list[AccumulatorRecord]:
        await trio.lowlevel.checkpoint()
        return [accumulator for accumulator in self._accumulators() if accumulator.bet_id > bet_id][:limit]

    async def open_accumulators(self, market_id: int | None = None) -> list[AccumulatorRecord]:
        await trio.lowlevel.checkpoint()
        return [
            accumulator
            for accumulator in self._accumulators()
            if accumulator.payout is None and market_id in (None, accumulator.market_id)
        ]

    async def paid_legs(self, market_id: int) -> list[LegRecord]:
        await trio.lowlevel.checkpoint()
        return [leg for leg in self._paid_legs() if leg.market_id == market_id]
