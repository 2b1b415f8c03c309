"""What must hold in the tables of a match, worked out from its bets alone."""

from fractions import Fraction

from engine.betting.lifecycle import OVER, read_standing
from engine.betting.match import Match
from engine.betting.options import group_key, outcomes
from engine.ledger.bets import BetRecord, OptionRecord, Result
from engine.ledger.chart import HOUSE, pool_of
from engine.ledger.records import AssetLogRecord, BalanceRecord, MarketRecord
from storage.interface import BetFilter, Reader

PAGE = 500
FACTORS = {
    Result.WIN: (Fraction(1), Fraction(0)),
    Result.PUSH: (Fraction(0), Fraction(1)),
    Result.HALF_WIN: (Fraction(1, 2), Fraction(1, 2)),
    Result.HALF_LOSS: (Fraction(0), Fraction(1, 2)),
    Result.LOSS: (Fraction(0), Fraction(0)),
}


def paid(bet: BetRecord, result: Result) -> int:
    """The payout by the specification's words: stake x (won x odds + refunded), rounded down."""
    won, refunded = FACTORS[result]
    exact = bet.stake * (won * Fraction(bet.odds, 100) + refunded)
    return exact.numerator // exact.denominator


async def check_match(reader: Reader, market: MarketRecord, match: Match, balances: list[BalanceRecord]) -> None:
    """The pool is what came in less what went out; it covers the worst, and is nothing more once all is over."""
    bets = await read_bets(reader, market.market_id)
    options = {option.number: option for option in await reader.options(market.market_id)}
    pool = sum(b.total for b in balances if (b.account_id, b.asset) == (pool_of(market.market_id), match.asset))
    funded = sum(
        -log.amount
        for log in await read_house_logs(reader, match.asset)
        if log.change_type.startswith("pool_") and log.trans_id == f"market-{market.market_id}"
    )
    assert pool == funded + sum(bet.stake - (bet.payout or 0) for bet in bets), market.name
    for bet in bets:
        result = options[bet.option_number].result
        assert bet.result is result
        assert bet.payout is None or (result is not None and bet.payout == paid(bet, result))
        assert (bet.payout is None) is (bet.claim_tx_hash is None) is (bet.claimed_ms is None)
    paid_for = {bet.option_number for bet in bets if bet.payout is not None}
    paid_for |= {leg.option_number for leg in await reader.paid_legs(market.market_id)}
    final = {options[number].group_number for number in paid_for}
    if market.state in OVER:
        final = {option.group_number for option in options.values()}
    owed = worst_of(options, [bet for bet in bets if bet.payout is None], final)
    assert pool >= owed, market.name
    if market.state in OVER:
        assert pool == owed, market.name
        assert all(option.result is not None for option in options.values())
    assert read_standing(market.standing).number == (await reader.stream_numbers()).get(f"odds:{market.channel}", 0)


def worst_of(options: dict[int, OptionRecord], bets: list[BetRecord], final: set[int]) -> int:
    """What these bets may come to: for each group the worst of its outcomes, or its results, if they are final."""
    total = 0
    for number in dict.fromkeys(option.group_number for option in options.values()):
        group = {option.number: option for option in options.values() if option.group_number == number}
        mine = [bet for bet in bets if bet.option_number in group]
        results = [{n: option.result for n, option in group.items()}]
        if number not in final:
            key = group_key(next(iter(group.values())))
            results = [{n: outcome[option.pick] for n, option in group.items()} for outcome in outcomes(key)]
        total += max(sum(paid(bet, result[bet.option_number] or Result.LOSS) for bet in mine) for result in results)
    return total


async def read_bets(reader: Reader, market_id: int | None = None) -> list[BetRecord]:
    """All bets of a match, or of all."""
    bets: list[BetRecord] = []
    while True:
        page, total = await reader.bets(BetFilter(market_id=market_id, offset=len(bets), limit=PAGE))
        bets += page
        if len(bets) >= total:
            return bets


async def read_house_logs(reader: Reader, asset: str) -> list[AssetLogRecord]:
    """All movements of the house's money."""
    logs: list[AssetLogRecord] = []
    before: int | None = None
    while page := await reader.asset_logs(HOUSE, asset, before, PAGE):
        logs += page
        before = page[-1].log_id
    return logs
