"""What must hold in a match between two commands, read from the whole of it."""

from engine.betting.lifecycle import BETTING, OVER
from engine.betting.market import BettingMarket
from engine.betting.options import GroupKey, group_key, offered_by, settled_on
from engine.ledger.bets import NO_TALLY, Tally, add_to_tally


def audit(market: BettingMarket) -> None:
    """Assert it: the pool covers the worst result, tallies are those of the bets, the board shows what is offered."""
    _audit_groups(market)
    pool = market.pool
    liability = pool.liability
    assert pool.money >= liability
    assert market.state not in OVER or pool.money == liability
    tallies: dict[int, Tally] = {}
    for bet in pool.bets.values():
        assert bet.bet_id not in pool.claimed
        tallies[bet.option_number] = add_to_tally(tallies.get(bet.option_number, NO_TALLY), bet.stake, bet.odds)
    for number, option in pool.options.items():
        assert option.number == number
        assert pool.tally(number) == tallies.get(number, NO_TALLY)


def _audit_groups(market: BettingMarket) -> None:
    shown = offered_by(market.standing.board)
    assert market.standing.settled == settled_on(market.standing.board, market.pool.options.values())
    groups: dict[int, GroupKey] = {}
    settled: dict[int, bool] = {}
    for option in market.pool.options.values():
        key = group_key(option)
        assert groups.setdefault(option.group_number, key) == key
        assert settled.setdefault(option.group_number, option.result is not None) is (option.result is not None)
        assert option.offered is (key in shown and option.result is None)
        assert key not in shown or shown[key][option.pick] == option.odds
    assert len(set(groups.values())) == len(groups)
    assert shown.keys() <= set(groups.values())
    if market.state in BETTING:
        assert groups
