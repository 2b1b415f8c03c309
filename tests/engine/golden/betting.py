"""The part of the history that happens in two matches: one is settled, taken back and settled anew, one is void.

options of the first        odds            at 0:0                 at 1:0            bets
1 home   2 draw   3 away    1.85 3.4 4.2    loss, win, loss        win, loss, loss   Ann 10**23 on 1
4 home   5 away   -0.25     1.9 1.95        half loss, half win    win, loss         Bob 101 on 4
6 over   7 under  2.5       1.88 1.92       loss, win              loss, win         Bob 100 on 7
"""

from typing import Any

from msgspec.structs import replace

from engine.betting.events import BetClaimed, BetPlaced, MatchDescribed, MatchMoved, OddsSet, PoolMoved
from engine.betting.lifecycle import MatchStanding, Step
from engine.betting.match import Board, Moneyline, Spread, Total
from engine.ledger.bets import Acceptance, GroupKind, OptionRecord, Pick, Result
from engine.ledger.commands import MovementKind
from engine.ledger.events import MarketListed, MoneyMoved
from engine.ledger.journal import Part
from engine.ledger.records import MarketState

ANN, BOB, ADMIN, TIME = 1, 2, 3, 0
OUTSIDE, HOUSE = -1, -3
MATCH, RAINED_OFF = 3, 4
DAY = 1_700_000_300_000
FUND = 10**24  # more than 64 bits
STAKE = 10**23

TERMS = '{{"league":"Süper Lig ☂","home_team":"{}","away_team":"{}","start_ms":1700000390000,"asset":"USD"}}'

LISTING = Part(
    0,
    DAY,
    (
        MarketListed(MATCH, "betting", "3", TERMS.format("Köln", "Ajax"), MarketState.SCHEDULED),
        MarketListed(RAINED_OFF, "betting", "4", TERMS.format("A", "B"), MarketState.SCHEDULED),
        MoneyMoved(MovementKind.HOUSE_FUND, HOUSE, "for the matches", "USD", FUND, OUTSIDE, HOUSE),
    ),
)


def options(group: int, first: int, kind: GroupKind, line: int | None, **odds: int) -> tuple[OptionRecord, ...]:
    """A group of the first match, its picks by name."""
    return tuple(
        OptionRecord(MATCH, number, group, kind, Pick(pick), "draw" in odds, line, each, offered=True)
        for number, (pick, each) in enumerate(odds.items(), first)
    )


WINNER = options(1, 1, GroupKind.MONEYLINE, None, home=185, draw=340, away=420)
SPREAD = options(2, 4, GroupKind.SPREAD, -1, home=190, away=195)
TOTAL = options(3, 6, GroupKind.TOTAL, 10, over=188, under=192)
BOARD = Board(Moneyline(185, 420, 340), Spread(-1, 190, 195), Total(10, 188, 192))
LATER = Board(Moneyline(200, 420, 340), None, Total(10, 188, 192))
SETTLED = (GroupKind.MONEYLINE, GroupKind.TOTAL)  # all of the later one

WIN, HALF_WIN, PUSH, HALF_LOSS, LOSS = Result


def moved(
    sequence: int,
    number: int,
    step: Step,
    state: MarketState,
    *rows: OptionRecord,
    actor_id: int = ADMIN,
    **fields: Any,
) -> MatchMoved:
    standing = MatchStanding(number, **{"board": BOARD, "opened": True, **fields})
    return MatchMoved(sequence, step, actor_id, state, standing, rows)


def became(rows: tuple[OptionRecord, ...], *results: Result) -> tuple[OptionRecord, ...]:
    return tuple(replace(row, result=result, offered=False) for row, result in zip(rows, results, strict=True))


OPENING = Part(
    MATCH,
    DAY + 1,
    (
        OddsSet(
            1, ADMIN, "the first odds ☂", MarketState.SCHEDULED, MatchStanding(1, BOARD), (*WINNER, *SPREAD, *TOTAL)
        ),
        moved(2, 2, Step.OPEN, MarketState.OPEN),
        PoolMoved(3, FUND),
    ),
)

BETS = Part(
    MATCH,
    DAY + 2,
    (
        BetPlaced(4, 10, ANN, "größer", 1, STAKE, 185, 185, Acceptance.EXACT),
        BetPlaced(5, 11, BOB, None, 4, 101, 190, 180, Acceptance.BETTER),
        BetPlaced(6, 12, BOB, "", 7, 100, 192, 250, Acceptance.ANY),
    ),
)

# Suspended, with other odds and without the spread, reopened; its time comes, but it goes on in play.
SHOWN: dict[str, Any] = {"board": LATER, "description": "In Köln, im Regen"}
PLAYING: dict[str, Any] = {**SHOWN, "in_play": True}
PLAY = Part(
    MATCH,
    DAY + 90_000,
    (
        moved(7, 3, Step.SUSPEND, MarketState.SUSPENDED),
        OddsSet(
            8,
            ADMIN,
            "",
            MarketState.SUSPENDED,
            MatchStanding(4, LATER, opened=True),
            (replace(WINNER[0], odds=200), *(replace(option, offered=False) for option in SPREAD)),
        ),
        moved(9, 5, Step.REOPEN, MarketState.OPEN, board=LATER),
        MatchDescribed(10, ADMIN, "In Köln, im Regen"),
        moved(11, 6, Step.CLOSE, MarketState.CLOSED, actor_id=TIME, **SHOWN),
        moved(12, 7, Step.GO_IN_PLAY, MarketState.IN_PLAY, **PLAYING),
    ),
)

# Somebody says that more than two goals fell; it is taken back. Then 0:0, and that is taken back as well.
HOME, DRAW, AWAY = replace(WINNER[0], odds=200), *WINNER[1:]
WINNER_NOW = (HOME, DRAW, AWAY)
SPREAD_NOW = tuple(replace(option, offered=False) for option in SPREAD)
LEFT = FUND + STAKE + 201 - 50 - 192
MISTAKES = Part(
    MATCH,
    DAY + 90_001,
    (
        moved(
            13,
            8,
            Step.SETTLE_OPTION,
            MarketState.IN_PLAY,
            *became(TOTAL, WIN, LOSS),
            **PLAYING,
            settled=(GroupKind.TOTAL,),
        ),
        moved(14, 9, Step.ROLL_BACK, MarketState.IN_PLAY, *TOTAL, **PLAYING),
        moved(
            15,
            10,
            Step.SETTLE,
            MarketState.SETTLED,
            *became(WINNER_NOW, LOSS, WIN, LOSS),
            *became(SPREAD_NOW, HALF_LOSS, HALF_WIN),
            *became(TOTAL, LOSS, WIN),
            **PLAYING,
            home_goals=0,
            away_goals=0,
            returned=str(LEFT),
            settled=SETTLED,
        ),
        PoolMoved(16, -LEFT),
        PoolMoved(17, LEFT),
        moved(18, 11, Step.ROLL_BACK, MarketState.CLOSED, *WINNER_NOW, *SPREAD_NOW, *TOTAL, **PLAYING),
    ),
)

WON = STAKE * 185 // 100
RIGHTLY_LEFT = FUND + STAKE + 201 - WON - 191 - 192
RESULT = Part(
    MATCH,
    DAY + 90_002,
    (
        moved(
            19,
            12,
            Step.SETTLE,
            MarketState.SETTLED,
            *became(WINNER_NOW, WIN, LOSS, LOSS),
            *became(SPREAD_NOW, WIN, LOSS),
            *became(TOTAL, LOSS, WIN),
            **PLAYING,
            home_goals=1,
            away_goals=0,
            returned=str(RIGHTLY_LEFT),
            settled=SETTLED,
        ),
        PoolMoved(20, -RIGHTLY_LEFT),
        BetClaimed(21, 10, ANN, WON),
        BetClaimed(22, 12, BOB, 192),
    ),
)

# The other match: a moneyline without a draw, one bet, and no play.
TWO_WAY = Board(Moneyline(150, 250))
TWO = tuple(
    OptionRecord(RAINED_OFF, number, 1, GroupKind.MONEYLINE, pick, False, None, odds, offered=True)
    for number, pick, odds in ((1, Pick.HOME, 150), (2, Pick.AWAY, 250))
)
NO_PLAY = Part(
    RAINED_OFF,
    DAY + 90_003,
    (
        OddsSet(1, ADMIN, "", MarketState.SCHEDULED, MatchStanding(1, TWO_WAY), TWO),
        moved(2, 2, Step.OPEN, MarketState.OPEN, board=TWO_WAY),
        PoolMoved(3, 1_000),
        BetPlaced(4, 13, BOB, None, 2, 99, 250, 250, Acceptance.EXACT),
        moved(
            5,
            3,
            Step.VOID,
            MarketState.VOID,
            *became(TWO, PUSH, PUSH),
            board=TWO_WAY,
            returned="1000",
            settled=SETTLED[:1],
        ),
        PoolMoved(6, -1_000),
        BetClaimed(7, 13, BOB, 99),
    ),
)

HISTORY = ((LISTING, OPENING), (BETS,), (PLAY,), (MISTAKES,), (RESULT, NO_PLAY))
