"""The part of the history that happens in a prediction market: the market maker, Ann and Bob, from listing to final.

shares after        Ann        Bob        maker
mint 2              2 YES                 2 NO
transfer 1          1 YES      1 YES      2 NO
merge 1             1 YES                 1 NO
"""

from typing import Any

from engine.ledger.chart import MAKER
from engine.ledger.commands import MovementKind
from engine.ledger.events import MarketListed, MoneyMoved
from engine.ledger.journal import Part
from engine.ledger.records import MarketState
from engine.matching.order import SelfTradePrevention, Side
from engine.matching.terms import OrderState, OrderType, Outcome, TimeInForce, TradeKind
from engine.prediction.events import HolderPaid, PayoutFreed, PayoutTakenBack, QuestionMoved
from engine.prediction.lifecycle import Resolution, Step
from engine.trading.events import CloseReason, Execution, OrderClosed, OrderPlaced, Standing, TradeMade

ANN, BOB, HOUSE, TIME = 1, 2, -3, 0
MARKET = 2
DAY = 1_700_000_100_000

QUESTION = (
    '{"title":"Will it rain?","description":"In Köln, on the 1st","category":"weather","resolution_ms":1700000200000,'
    '"tick":10,"maker_rate":0,"taker_rate":1000000,"void_policy":"equal"}'
)

OPENING = Part(
    0,
    DAY,
    (
        MarketListed(MARKET, "prediction", "2", QUESTION),
        MoneyMoved(MovementKind.MAKER_FUND, HOUSE, "lent", "USD", 10**6, HOUSE, MAKER),
        MoneyMoved(MovementKind.MAKER_RETURN, HOUSE, "too much", "USD", 1, MAKER, HOUSE),
    ),
)


def placed(
    sequence: int, order_id: int, account_id: int, side: Side, outcome: Outcome, shares: int, *, held: int = 0
) -> OrderPlaced:
    """An order at 40.0 cents for YES, or 60.0 for NO: they are the two sides of one price."""
    price_ticks = 400 if outcome is Outcome.YES else 600
    return OrderPlaced(
        sequence,
        order_id,
        account_id,
        None,
        side,
        OrderType.LIMIT,
        TimeInForce.GTC,
        post_only=False,
        self_trade_prevention=SelfTradePrevention.CANCEL_NEWEST,
        price_ticks=price_ticks,
        quantity_lots=shares,
        amount=None,
        held=held,
        outcome=outcome,
    )


def filled(order_id: int, account_id: int, shares: int, value: int, *, fee: int = 0, unheld: int = 0) -> Execution:
    """The one fill of an order, which it fills."""
    standing = Standing(OrderState.FILLED, shares, value, 0, fee=fee, fee_parts=fee * 10**8, held=0)
    return Execution(order_id, account_id, fee, unheld, standing)


TRADING = Part(
    MARKET,
    DAY + 1,
    (
        placed(1, 4, MAKER, Side.BUY, Outcome.NO, 3, held=18_000),
        placed(2, 5, ANN, Side.BUY, Outcome.YES, 2, held=8_080),
        TradeMade(
            3,
            1,
            400,
            2,
            8_000,
            Side.BUY,
            filled(5, ANN, 2, 8_000, fee=80, unheld=8_080),
            Execution(
                4, MAKER, 0, 12_000, Standing(OrderState.PARTIALLY_FILLED, 2, 12_000, 0, fee=0, fee_parts=0, held=6_000)
            ),
            TradeKind.MINT,
        ),
        placed(4, 6, ANN, Side.SELL, Outcome.YES, 1),
        placed(5, 7, BOB, Side.BUY, Outcome.YES, 1, held=4_040),
        TradeMade(
            6,
            2,
            400,
            1,
            4_000,
            Side.BUY,
            filled(7, BOB, 1, 4_000, fee=40, unheld=4_040),
            filled(6, ANN, 1, 4_000),
            TradeKind.TRANSFER,
        ),
        placed(7, 8, MAKER, Side.SELL, Outcome.NO, 1),
        placed(8, 9, BOB, Side.SELL, Outcome.YES, 1),
        TradeMade(
            9,
            3,
            400,
            1,
            4_000,
            Side.SELL,
            filled(8, MAKER, 1, 6_000),
            filled(9, BOB, 1, 4_000, fee=40),
            TradeKind.MERGE,
        ),
    ),
)


def moved(sequence: int, step: Step, actor_id: int, state: MarketState, **resolution: Any) -> QuestionMoved:
    return QuestionMoved(sequence, step, actor_id, state, Resolution(**resolution))


STOPPED: dict[str, Any] = {"stopped_ms": DAY + 4}
PROPOSED: dict[str, Any] = STOPPED | {"outcome": Outcome.NO, "proposed_by": BOB, "challenge_until_ms": DAY + 9}
DISPUTED: dict[str, Any] = PROPOSED | {"disputed_by": ANN, "dispute_reason": "it did ☂"}
APPROVED: dict[str, Any] = DISPUTED | {"approved_by": 3, "approved": "YES"}
RESOLVED: dict[str, Any] = APPROVED | {
    "outcome": Outcome.YES,
    "resolved_by": 4,
    "resolved_ms": DAY + 4,
    "yes_units": 10_000,
    "frees_ms": DAY + 8,
}
VOIDED: dict[str, Any] = STOPPED | {"resolved_by": 3, "resolved_ms": DAY + 5, "yes_units": 5_000, "frees_ms": DAY + 6}

# Halted and resumed; its time comes, the maker's last order is closed, the answer proposed and disputed.
ANSWER = Part(
    MARKET,
    DAY + 4,
    (
        moved(10, Step.HALT, 3, MarketState.HALTED, **STOPPED),
        moved(11, Step.RESUME, 3, MarketState.OPEN),
        moved(12, Step.CLOSE, TIME, MarketState.CLOSED, **STOPPED),
        OrderClosed(
            13,
            4,
            MAKER,
            Side.BUY,
            600,
            6_000,
            CloseReason.MARKET_CLOSED,
            Standing(OrderState.CANCELLED, 2, 12_000, 1, fee=0, fee_parts=0, held=0),
        ),
        moved(14, Step.PROPOSE, BOB, MarketState.PROPOSED, **PROPOSED),
        moved(15, Step.DISPUTE, ANN, MarketState.DISPUTED, **DISPUTED),
        moved(16, Step.APPROVE, 3, MarketState.DISPUTED, **APPROVED),
        moved(17, Step.RESOLVE, 4, MarketState.RESOLVED, **RESOLVED),
        HolderPaid(18, MAKER, 0, 0),
        HolderPaid(19, ANN, 10_000, 0),
    ),
)

# That was wrong: all is taken back, and the question is void.
CORRECTION = Part(
    MARKET,
    DAY + 5,
    (
        moved(20, Step.ROLL_BACK, 3, MarketState.CLOSED, **STOPPED, yes_units=10_000, rolling_back=True),
        PayoutTakenBack(21, MAKER, 0, 0),
        PayoutTakenBack(22, ANN, 10_000, 0),
        moved(23, Step.ROLLED_BACK, TIME, MarketState.CLOSED, **STOPPED),
        moved(24, Step.VOID, 3, MarketState.VOID, **VOIDED),
        HolderPaid(25, MAKER, 5_000, 0),
        HolderPaid(26, ANN, 5_000, 80),
        HolderPaid(27, BOB, 0, 80),
    ),
)

FINISH = Part(
    MARKET,
    DAY + 6,
    (
        PayoutFreed(28, MAKER, 5_000),
        PayoutFreed(29, ANN, 5_080),
        PayoutFreed(30, BOB, 80),
        moved(31, Step.FINISH, TIME, MarketState.FINAL, **VOIDED),
    ),
)

HISTORY = ((OPENING, TRADING), (ANSWER,), (CORRECTION,), (FINISH,))
