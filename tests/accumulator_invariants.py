"""What must hold in the tables of accumulators, worked out from their legs alone."""

from fractions import Fraction
from math import prod

from engine.accumulators.terms import Accumulators
from engine.ledger.accumulators import AccumulatorRecord
from engine.ledger.bets import Result
from engine.ledger.chart import pool_of
from engine.ledger.records import BalanceRecord, MarketRecord
from storage.interface import AccumulatorFilter, Reader
from tests.match_invariants import FACTORS, PAGE, read_house_logs


def worth(accumulator: AccumulatorRecord, results: list[Result | None]) -> int:
    """The payout by the specification's words, with a win where there is no result."""
    factors = []
    for leg, result in zip(accumulator.legs, results, strict=True):
        won, refunded = FACTORS[result or Result.WIN]
        factors.append(won * Fraction(leg.odds, 100) + refunded)
    exact = accumulator.stake * prod(factors, start=Fraction(1))
    return exact.numerator // exact.denominator


async def check_accumulators(
    reader: Reader, market: MarketRecord, terms: Accumulators, balances: list[BalanceRecord]
) -> None:
    """The pool is what came in less what went out, and covers in full all that is open."""
    accumulators = [each for each in await read_accumulators(reader) if each.market_id == market.market_id]
    pool = sum(b.total for b in balances if (b.account_id, b.asset) == (pool_of(market.market_id), terms.asset))
    funded = sum(
        -log.amount
        for log in await read_house_logs(reader, terms.asset)
        if log.change_type.startswith("pool_") and log.trans_id == f"market-{market.market_id}"
    )
    assert pool == funded + sum(each.stake - (each.payout or 0) for each in accumulators), market.name
    assert pool >= sum(each.max_payout for each in accumulators if each.payout is None), market.name
    results = {(option.market_id, option.number): option.result for option in await reader.options()}
    for each in accumulators:
        assert [leg.leg for leg in each.legs] == list(range(1, len(each.legs) + 1))
        assert len({leg.market_id for leg in each.legs}) == len(each.legs) >= 2
        assert [leg.result for leg in each.legs] == [results[leg.market_id, leg.option_number] for leg in each.legs]
        assert each.max_payout == worth(each, [None] * len(each.legs))
        if each.payout is not None:
            assert each.payout == worth(each, [leg.result for leg in each.legs])
            assert each.payout == 0 or None not in [leg.result for leg in each.legs]
        assert (each.payout is None) is (each.closed_ms is None)
        assert bool(each.payout) is (each.claim_tx_hash is not None)


async def read_accumulators(reader: Reader) -> list[AccumulatorRecord]:
    """All there are."""
    accumulators: list[AccumulatorRecord] = []
    while True:
        page, total = await reader.accumulators(AccumulatorFilter(offset=len(accumulators), limit=PAGE))
        accumulators += page
        if len(accumulators) >= total:
            return accumulators
