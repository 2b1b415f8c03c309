"""The reads of accumulators, in SQL: each comes with its legs, and each leg with its option's result."""

from engine.ledger.accumulators import AccumulatorRecord, LegRecord
from storage.interface import AccumulatorFilter
from storage.pool import WHOLE_TABLE_S_MAX
from storage.query import Queries, conditions, read_page

ACCUMULATORS = """
    select accumulators.*, (
        select coalesce(json_agg(legs order by leg), '[]') from legs where legs.bet_id = accumulators.bet_id
    ) as legs
    from accumulators
"""
# Closed, or decided; `offset 0` has a leg's result looked up once, though it is used twice.
IS_SETTLED = """(
    payout is not null
    or (
        select count(*) = count(result) or coalesce(bool_or(result = 'loss'), false)
        from (select result from legs where legs.bet_id = accumulators.bet_id offset 0) as its
    )
)"""
PAID_LEGS = """
    select * from legs
    where market_id = $1 and (select payout > 0 from accumulators where accumulators.bet_id = legs.bet_id)
    order by bet_id, leg
"""


class AccumulatorReader(Queries):
    """The part of a Reader that accumulators ask for."""

    async def accumulator(self, bet_id: int) -> AccumulatorRecord | None:
        return await self.first(AccumulatorRecord, f"{ACCUMULATORS} where bet_id = $1", bet_id)

    async def accumulator_by_client_id(self, account_id: int, client_bet_id: str) -> AccumulatorRecord | None:
        statement = f"{ACCUMULATORS} where account_id = $1 and client_bet_id = $2"
        return await self.first(AccumulatorRecord, statement, account_id, client_bet_id)

    async def accumulators(self, which: AccumulatorFilter) -> tuple[list[AccumulatorRecord], int]:
        where, values = conditions(
            ("account_id = {}", which.account_id),
            also={None: None, True: IS_SETTLED, False: f"not {IS_SETTLED}"}[which.settled],
        )
        statement, newest = f"{ACCUMULATORS} {where}", "order by bet_id desc"
        return await self._pool.run(read_page, AccumulatorRecord, statement, newest, values, which.offset, which.limit)

    async def accumulators_after(self, bet_id: int, limit: int) -> list[AccumulatorRecord]:
        statement = f"{ACCUMULATORS} where bet_id > $1 order by bet_id limit $2"
        return await self._pool.fetch(AccumulatorRecord, statement, bet_id, limit)

    async def open_accumulators(self, market_id: int | None = None) -> list[AccumulatorRecord]:
        where, values = conditions(("market_id = {}", market_id), also="payout is null")
        statement = f"{ACCUMULATORS} {where} order by bet_id"
        return await self._pool.fetch(AccumulatorRecord, statement, *values, seconds=WHOLE_TABLE_S_MAX)

    async def paid_legs(self, market_id: int) -> list[LegRecord]:
        return await self._pool.fetch(LegRecord, PAID_LEGS, market_id, seconds=WHOLE_TABLE_S_MAX)
