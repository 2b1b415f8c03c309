"""The reads of single bets, in SQL: bets with their results, options, what is claimed."""

import msgspec

from engine.ledger.bets import BetRecord, OptionRecord
from storage.interface import BetFilter
from storage.pool import WHOLE_TABLE_S_MAX
from storage.query import Queries, conditions, read_page

BETS = """
    select bets.*, options.result
    from bets left join options on options.market_id = bets.market_id and number = option_number
"""
OPTIONS = "select * from options"

# What paid accumulators are on, once for each leg: from what was paid to its legs, accumulator by accumulator.
PAID_OPTIONS = """
    select legs.market_id, legs.option_number from accumulators
    cross join lateral (
        select * from accumulator_legs where accumulator_legs.bet_id = accumulators.bet_id offset 0
    ) as legs
    where payout > 0
"""
PAID_OPTIONS_OF_MATCH = """
    select market_id, option_number from accumulator_legs
    where market_id = $1 and (select payout > 0 from accumulators where accumulators.bet_id = accumulator_legs.bet_id)
"""

# First the groups whose results stand: a bet on them is claimed (a look into the index for each option), an accumulator
# was paid, or their match is finalized. Then, option by option, each whose bets may still be paid leads to them by the
# index. Of accumulators that were not paid, no legs are read. Whether the tables were ever analyzed or not:
#
#    10,000 matches, 83,000 of 300,000 bets wanted, 4,000 of 100,000 accumulators paid     0.8 s
#   100,000 matches, 173,000 of 300,000 bets wanted, otherwise the same                    2.5 to 5 s
#    10,000 matches, no bets, 8,000 of 200,000 accumulators paid                           0.2 s
#    one match with 200,000 legs                                                           0.4 s
#
# The options and the final groups are joined, as there are many of both: with `in` the second took more than 30 s. All
# else is looked up row by row: one join of all took up to 32 s where the tables were never analyzed.
UNCLAIMED_BETS = """
    with final as materialized (
        select market_id, group_number from options
        where {of_market} (
            select true from bets
            where bets.market_id = options.market_id and option_number = number and payout is not null
            limit 1
        )
        union
        select market_id, group_number from ({paid_options}) as paid
        cross join lateral (
            select group_number from options
            where options.market_id = paid.market_id and number = option_number
            offset 0
        ) as its
        union
        select market_id, group_number from markets
        cross join lateral (
            select group_number from options where options.market_id = markets.market_id offset 0
        ) as its
        where {of_market} product = 'betting' and state = 'settled'
        and nullif(convert_from(standing, 'UTF8'), '')::json ->> 'final' = 'true'
    )
    select unclaimed.*, options.result
    from options
    left join final
        on options.result = 'loss'
        and final.market_id = options.market_id and final.group_number = options.group_number
    cross join lateral (
        select * from bets
        where bets.market_id = options.market_id and option_number = number and payout is null
        offset 0
    ) as unclaimed
    where {of_option} final.market_id is null
    order by bet_id
"""
UNCLAIMED_BETS_OF_ALL = UNCLAIMED_BETS.format(of_market="", of_option="", paid_options=PAID_OPTIONS)
UNCLAIMED_BETS_OF_MATCH = UNCLAIMED_BETS.format(
    of_market="market_id = $1 and", of_option="options.market_id = $1 and", paid_options=PAID_OPTIONS_OF_MATCH
)
CLAIM_COUNTS = """
    select market_id, option_number, count(*) as claims from (
        select market_id, option_number from bets where payout is not null
        union all
        {paid_options}
    ) as claimed
    group by market_id, option_number
"""


class ClaimCount(msgspec.Struct, frozen=True):
    """How many bets on an option, and accumulators with a leg on it, are claimed."""

    market_id: int
    option_number: int
    claims: int


class BettingReader(Queries):
    """The part of a Reader that betting asks for."""

    async def bet(self, bet_id: int) -> BetRecord | None:
        return await self.first(BetRecord, f"{BETS} where bet_id = $1", bet_id)

    async def bet_by_client_id(self, account_id: int, client_bet_id: str) -> BetRecord | None:
        statement = f"{BETS} where account_id = $1 and client_bet_id = $2"
        return await self.first(BetRecord, statement, account_id, client_bet_id)

    async def bets(self, which: BetFilter) -> tuple[list[BetRecord], int]:
        where, values = conditions(
            ("account_id = {}", which.account_id),
            ("bets.market_id = {}", which.market_id),
            also={None: None, True: "result is not null", False: "result is null"}[which.settled],
        )
        newest = "order by bet_id desc"
        return await self._pool.run(read_page, BetRecord, f"{BETS} {where}", newest, values, which.offset, which.limit)

    async def bets_after(self, bet_id: int, limit: int) -> list[BetRecord]:
        statement = f"{BETS} where bet_id > $1 order by bet_id limit $2"
        return await self._pool.fetch(BetRecord, statement, bet_id, limit)

    async def unclaimed_bets(self, market_id: int | None = None) -> list[BetRecord]:
        if market_id is None:
            return await self._pool.fetch(BetRecord, UNCLAIMED_BETS_OF_ALL, seconds=WHOLE_TABLE_S_MAX)
        return await self._pool.fetch(BetRecord, UNCLAIMED_BETS_OF_MATCH, market_id, seconds=WHOLE_TABLE_S_MAX)

    async def claimed_bets(self, market_id: int) -> list[BetRecord]:
        statement = f"{BETS} where bets.market_id = $1 and payout is not null order by bet_id"
        return await self._pool.fetch(BetRecord, statement, market_id, seconds=WHOLE_TABLE_S_MAX)

    async def claim_counts(self) -> dict[tuple[int, int], int]:
        counts = await self._pool.fetch(
            ClaimCount, CLAIM_COUNTS.format(paid_options=PAID_OPTIONS), seconds=WHOLE_TABLE_S_MAX
        )
        return {(count.market_id, count.option_number): count.claims for count in counts}

    async def options(self, market_id: int | None = None) -> list[OptionRecord]:
        where, values = conditions(("market_id = {}", market_id))
        statement = f"{OPTIONS} {where} order by market_id, number"
        return await self._pool.fetch(OptionRecord, statement, *values, seconds=WHOLE_TABLE_S_MAX)
