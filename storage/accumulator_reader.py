"""The reads of accumulators, in SQL: each comes with its legs, and each leg with its option's result."""

from engine.ledger.accumulators import AccumulatorRecord, LegRecord
from storage.interface import AccumulatorFilter
from storage.pool import WHOLE_TABLE_S_MAX
from storage.query import COUNT, Queries, conditions, read_page

WITH_LEGS = """
    select found.*, (
        select coalesce(json_agg(legs order by leg), '[]') from legs where legs.bet_id = found.bet_id
    ) as legs
    from ({}) as found
"""
ACCUMULATORS = WITH_LEGS.format("select * from accumulators")
# `offset 0` has a leg's result looked up once, though it is used twice.
IS_DECIDED = """(
    select count(*) = count(result) or coalesce(bool_or(result = 'loss'), false)
    from (select result from legs where legs.bet_id = accumulators.bet_id offset 0) as its
)"""

# A list's rows, by whether they are settled. Those that aren't are found among the open ones, by their index; those
# that are are all the others, and counted as such. A page of 100 and the count, of 2,000,000, analyzed or not:
#
#           23,600 open      240 open
# all       0.2 s            0.2 s
# pending   0.7 s            0.02 s        27 us for each that is open
# settled   0.5 s            0.2 s
LISTS = {
    None: "select * from accumulators where {of_account} true",
    False: """
        select * from (select * from accumulators where {of_account} payout is null offset 0) as accumulators
        where not {is_decided}
    """,
    True: "select * from accumulators where {of_account} (payout is not null or {is_decided})",
}
DIFFERENCE = "select ({}) - ({})"

# Leg by leg: 200,000 on one match take 0.2 to 0.6 s.
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
        values: list[object] = [] if which.account_id is None else [which.account_id]
        of_account = "account_id = $1 and" if values else ""
        lists = {key: found.format(of_account=of_account, is_decided=IS_DECIDED) for key, found in LISTS.items()}
        count = DIFFERENCE.format(COUNT.format(lists[None]), COUNT.format(lists[False])) if which.settled else COUNT
        newest, offset, limit = "order by bet_id desc", which.offset, which.limit
        shown = f"{WITH_LEGS} {newest}"
        found = lists[which.settled]
        return await self._pool.run(read_page, AccumulatorRecord, found, newest, values, offset, limit, shown, count)

    async def accumulators_after(self, bet_id: int, limit: int) -> list[AccumulatorRecord]:
        statement = f"{ACCUMULATORS} where bet_id > $1 order by bet_id limit $2"
        return await self._pool.fetch(AccumulatorRecord, statement, bet_id, limit)

    async def open_accumulators(self, market_id: int | None = None) -> list[AccumulatorRecord]:
        where, values = conditions(("market_id = {}", market_id), also="payout is null")
        statement = f"{ACCUMULATORS} {where} order by bet_id"
        return await self._pool.fetch(AccumulatorRecord, statement, *values, seconds=WHOLE_TABLE_S_MAX)

    async def paid_legs(self, market_id: int) -> list[LegRecord]:
        return await self._pool.fetch(LegRecord, PAID_LEGS, market_id, seconds=WHOLE_TABLE_S_MAX)
