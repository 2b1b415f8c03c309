"""A market of accumulators by itself, for tests: what it is told of matches is written by hand.

options of each match    1 home   2 draw   3 away   (group 1)    4 over   5 under   (group 2)
"""

from collections.abc import Mapping
from typing import Any

from engine.accumulators.commands import ClaimAccumulator, EnterAccumulator, LegAsked, PlaceAccumulator
from engine.accumulators.market import AccumulatorMarket
from engine.accumulators.pool import Pool
from engine.betting.facts import MatchFacts
from engine.betting.lifecycle import BETTING
from engine.ledger.accumulators import AccumulatorRecord
from engine.ledger.bet_books import Shown
from engine.ledger.bets import Acceptance, GroupKind, OptionRecord, Pick, Result
from engine.ledger.records import MarketRecord, MarketState

ANN, BOB, ROOT = 1, 2, 4
MARKET = 1
NOW = 1_700_000_000_000
ODDS = {1: 185, 2: 340, 3: 420, 4: 190, 5: 195}
PICKS = {1: Pick.HOME, 2: Pick.DRAW, 3: Pick.AWAY, 4: Pick.OVER, 5: Pick.UNDER}
BOTH = frozenset({1, 2})  # groups

WIN, HALF_WIN, PUSH, HALF_LOSS, LOSS = Result


def told(
    market_id: int,
    results: Mapping[int, Result] | None = None,
    *,
    odds: Mapping[int, int] = ODDS,
    sequence: int = 2,
    number: int = 2,
    state: MarketState = MarketState.OPEN,
    closes_ms: int | None = NOW + 60_000,
    final: frozenset[int] = frozenset(),
) -> MatchFacts:
    """What the ledger tells of a match; what has no result is offered, at the odds that are said for it."""
    results = results or {}
    options = {
        option: OptionRecord(
            market_id,
            option,
            1 if option <= 3 else 2,
            GroupKind.MONEYLINE if option <= 3 else GroupKind.TOTAL,
            pick,
            option <= 3,
            None if option <= 3 else 10,
            odds.get(option, ODDS[option]),
            option in odds and option not in results,
            results.get(option),
        )
        for option, pick in PICKS.items()
    }
    offered = {option.number: option.odds for option in options.values() if option.offered}
    shown = Shown(number, state in BETTING, closes_ms, offered)
    return MatchFacts(market_id, sequence, state, shown, options, final)


def made(
    *matches: MatchFacts,
    money: int = 1_000_000,
    accumulators: tuple[AccumulatorRecord, ...] = (),
    state: MarketState = MarketState.OPEN,
    **engine: Any,
) -> AccumulatorMarket:
    """The market, with matches 2, 3 and 4 if nothing else is said."""
    record = MarketRecord(MARKET, "accumulators", "USD", b"", NOW, state, 0, 0, None)
    market = AccumulatorMarket(record, Pool(money, accumulators), matches or map(told, (2, 3, 4)), **engine)
    market.begin(NOW)
    return market


def entered(
    *legs: tuple[int, ...], stake: int = 100, bet_id: int = 7, account_id: int = ANN, accept: str = "exact"
) -> EnterAccumulator:
    """Legs are (match, option), at the odds that matches show at first, or (match, option, odds)."""
    asked = tuple(LegAsked(leg[0], leg[1], leg[2] if len(leg) == 3 else ODDS[leg[1]]) for leg in legs)
    bet = PlaceAccumulator(account_id, "USD", asked, stake, Acceptance(accept), f"c{bet_id}")
    return EnterAccumulator(bet_id, bet)


def taken(market: AccumulatorMarket, *legs: tuple[int, ...], **bet: Any) -> AccumulatorRecord:
    """An accumulator that is taken; its events have been handed over."""
    answer: Any = market.place(entered(*legs, **bet))
    market.take_events()
    accumulator = answer.accumulator
    assert isinstance(accumulator, AccumulatorRecord)
    return accumulator


def claim(bet_id: int = 7, account_id: int = ANN) -> ClaimAccumulator:
    return ClaimAccumulator(account_id, "USD", bet_id)
