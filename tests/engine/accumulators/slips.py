"""Two matches and their accumulators, ready for a few sentences' worth of test.

derby and final    1 home 1.85    2 draw 3.4    3 away 4.2    4 over 2    5 under 2
ann, bob, cat      have 100 USD each, a million units; so has the house, which put 1000 into each pool
"""

from typing import Any

from tests.engine.accumulators.harness import Harness

ANN, BOB, ROOT = 1, 2, 4
MARKET, DERBY, FINAL = 1, 2, 3  # the ids of the markets
BOTH_HOME = [("derby", 1, "1.85"), ("final", 1, "1.85")]  # x 3.4225
HOME_AND_DRAW = [("derby", 1, "1.85"), ("final", 2, "3.4")]  # x 6.29


def ready(exchange: Any = None, **engine: Any) -> Any:
    """Bets are taken on both matches. `exchange`: the twin, where it is not the engine that is meant."""
    exchange = exchange or Harness(**engine)
    for person in ("ann", "bob", "cat"):
        exchange.deposit(person, "at first", "USD", "100")
    exchange.deposit("house", "at first", "USD", "100")
    for match in ("derby", "final"):
        exchange.list_match(match)
        exchange.set_odds(match, "root", moneyline="1.85 3.4 4.2", total="2.5 2 2")
        exchange.open(match, "root", 1_000)
    exchange.fund_accumulators("root", 1_000)
    return exchange


def engine(**changes: Any) -> Harness:
    """The engine; the same."""
    exchange = ready(**changes)
    assert isinstance(exchange, Harness)
    assert [exchange.account_id(person) for person in ("ann", "bob", "root")] == [ANN, BOB, ROOT]
    assert [exchange.markets[name].market_id for name in ("USD", "derby", "final")] == [MARKET, DERBY, FINAL]
    return exchange
