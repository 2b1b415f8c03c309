"""What must hold in a market of accumulators between two commands, read from the whole of it."""

from collections import Counter

from engine.accumulators.market import AccumulatorMarket
from engine.ledger.bets import Result


def audit(market: AccumulatorMarket) -> None:
    """Assert it: the pool covers everything, each leg's match is known, what is lost for good is doubted."""
    pool = market.pool
    assert pool.money >= pool.liability == sum(accumulator.max_payout for accumulator in pool.open.values())
    legs = [leg for accumulator in pool.open.values() for leg in accumulator.legs]
    for (market_id, number), count in Counter((leg.market_id, leg.option_number) for leg in legs).items():
        assert number in market.matches[market_id].options
        assert len(pool.on(market_id, number)) == count
    with_legs = {leg.market_id for leg in legs}
    for market_id, facts in market.matches.items():
        assert pool.has_legs_on(market_id) is (market_id in with_legs)
        assert market_id in with_legs or not facts.over
    _audit_doubtful(market)


def _audit_doubtful(market: AccumulatorMarket) -> None:
    """What is lost has a leg with a final result that is no win: all others need not be looked at."""
    assert market.doubtful.keys() <= market.pool.open.keys()
    for market_id, facts in market.matches.items():
        for number in facts.options:
            if facts.final_result(number) not in (None, Result.WIN):
                for bet_id in market.pool.on(market_id, number):
                    assert bet_id in market.doubtful or market.worth_at_most(market.pool.open[bet_id])
