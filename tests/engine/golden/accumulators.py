"""The part of the history that is about accumulators: three on two matches, of which one is paid and two are lost.

match 6    home 1.50   away 2.50     1:0, made final by the payment
match 7    home 1.50   away 2.50     0:1, made final by it, too, and as a whole by an administrator

14   Ann   10**22   home of 6 and away of 7   3.75   paid
15   Bob   101      away of 7 and away of 6   6.25   lost as 14 is paid: away of 6 is lost for good with it
16   Bob   7        home of 7 and home of 6   2.25   lost with 15
"""

from typing import Any

from msgspec.structs import replace

from engine.accumulators.events import AccumulatorClaimed, AccumulatorLost, AccumulatorPlaced, Leg
from engine.betting.events import MatchMoved, OddsSet, PoolMoved
from engine.betting.lifecycle import MatchStanding, Step
from engine.betting.match import Board, Moneyline
from engine.ledger.bets import Acceptance, GroupKind, OptionRecord, Pick, Result
from engine.ledger.events import MarketListed
from engine.ledger.journal import Part
from engine.ledger.records import MarketState
from engine.trading.events import MarketHalted, MarketResumed

ANN, BOB, ADMIN = 1, 2, 3
MARKET, FIRST, SECOND = 5, 6, 7
DAY = 1_700_000_500_000
FUND = 10**23  # more than 64 bits
STAKE = 10**22
WON = STAKE * 375 // 100
RETURNED = FUND + STAKE + 108 - WON  # nothing is open any more

TERMS = '{{"league":"Süper Lig ☂","home_team":"{}","away_team":"{}","start_ms":1700000590000,"asset":"USD"}}'

LISTING = Part(
    0,
    DAY,
    (
        MarketListed(MARKET, "accumulators", "USD", '{"asset":"USD"}'),
        MarketListed(FIRST, "betting", "6", TERMS.format("Köln", "Ajax"), MarketState.SCHEDULED),
        MarketListed(SECOND, "betting", "7", TERMS.format("A", "B"), MarketState.SCHEDULED),
    ),
)

BOARD = Board(Moneyline(150, 250))
SETTLED = (GroupKind.MONEYLINE,)


def options(match: int, *results: Result) -> tuple[OptionRecord, ...]:
    """Home and away, as they are offered or as they became."""
    rows = [
        OptionRecord(match, number, 1, GroupKind.MONEYLINE, pick, False, None, odds, offered=not results)
        for number, pick, odds in ((1, Pick.HOME, 150), (2, Pick.AWAY, 250))
    ]
    return (
        tuple(replace(row, result=result) for row, result in zip(rows, results, strict=True))
        if results
        else tuple(rows)
    )


def opening(match: int) -> Part:
    """The odds, and nothing of the house's money: there will be no single bets."""
    return Part(
        match,
        DAY + 1,
        (
            OddsSet(1, ADMIN, "", MarketState.SCHEDULED, MatchStanding(1, BOARD), options(match)),
            MatchMoved(2, Step.OPEN, ADMIN, MarketState.OPEN, MatchStanding(2, BOARD, opened=True)),
        ),
    )


def leg(match: int, option: int, asked: int | None = None) -> Leg:
    odds = (150, 250)[option - 1]
    return Leg(match, option, odds, odds if asked is None else asked, 2)


SLIPS = Part(
    MARKET,
    DAY + 2,
    (
        PoolMoved(1, FUND),
        AccumulatorPlaced(2, 14, ANN, "größer", (leg(FIRST, 1), leg(SECOND, 2)), STAKE, Acceptance.EXACT),
        AccumulatorPlaced(3, 15, BOB, None, (leg(SECOND, 2, 240), leg(FIRST, 2, 101)), 101, Acceptance.BETTER),
        MarketHalted(4),
        MarketResumed(5),
        AccumulatorPlaced(6, 16, BOB, "", (leg(SECOND, 1, 999), leg(FIRST, 1)), 7, Acceptance.ANY),
    ),
)


def result(match: int, home: int, away: int) -> Part:
    results = (Result.WIN, Result.LOSS) if home > away else (Result.LOSS, Result.WIN)
    standing = MatchStanding(3, BOARD, home_goals=home, away_goals=away, opened=True, settled=SETTLED)
    return Part(
        match, DAY + 3, (MatchMoved(3, Step.SETTLE, ADMIN, MarketState.SETTLED, standing, options(match, *results)),)
    )


FINAL: dict[str, Any] = {"home_goals": 0, "away_goals": 1, "opened": True, "settled": SETTLED, "final": True}
FINALITY = Part(
    SECOND, DAY + 4, (MatchMoved(4, Step.FINALIZE, ADMIN, MarketState.SETTLED, MatchStanding(4, BOARD, **FINAL)),)
)
CLAIM = Part(MARKET, DAY + 5, (AccumulatorClaimed(7, 14, ANN, WON),))
LOSSES = Part(MARKET, DAY + 6, (AccumulatorLost(8, 15), AccumulatorLost(9, 16), PoolMoved(10, -RETURNED)))

HISTORY = (
    (LISTING, opening(FIRST), opening(SECOND)),
    (SLIPS,),
    (result(FIRST, 1, 0), result(SECOND, 0, 1)),
    (CLAIM, FINALITY),
    (LOSSES,),
)
