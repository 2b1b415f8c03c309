"""The history itself, event by event: every kind of event, and every kind of value that one can hold.

HISTORY        the ledger and a spot market
WHOLE_HISTORY  and then the prediction market of prediction.py, the matches of betting.py, and accumulators.py
"""

from engine.ledger.commands import MovementKind
from engine.ledger.events import MarketListed, MoneyMoved
from engine.ledger.journal import Part
from engine.matching.order import SelfTradePrevention, Side
from engine.matching.terms import OrderState, OrderType, TimeInForce
from engine.trading.events import (
    CloseReason,
    Execution,
    MarketHalted,
    MarketResumed,
    OrderClosed,
    OrderPlaced,
    Standing,
    TradeMade,
)
from tests.engine.golden import accumulators, betting, prediction

ANN, BOB, OUTSIDE, HOUSE = 1, 2, -1, -3
DAY = 1_700_000_000_000
WEALTH = 10**40  # more than 64 bits

TERMS = (
    '{"name":"BTC_USD","base":"BTC","quote":"USD","tick":10000,"lot":10000000000,"minimum_notional":0,'
    '"maker_rate":100000,"taker_rate":200000,"price_band":null,"unit_value":10000}'
)

LISTING = Part(0, DAY, (MarketListed(1, "spot", "BTC_USD", TERMS),))

MONEY = Part(
    0,
    DAY + 1,
    (
        MoneyMoved(MovementKind.DEPOSIT, ANN, "Ann's first", "USD", WEALTH, OUTSIDE, ANN),
        MoneyMoved(MovementKind.DEPOSIT, BOB, "größer", "BTC", 50 * 10**10, OUTSIDE, BOB),
        MoneyMoved(MovementKind.HOUSE_FUND, HOUSE, "seed", "USD", 10**10, OUTSIDE, HOUSE),
        MoneyMoved(MovementKind.TRANSFER, ANN, "to Bob", "USD", 2_000_000, ANN, BOB),
        MoneyMoved(MovementKind.WITHDRAW, BOB, "out", "USD", 1, BOB, OUTSIDE),
    ),
)

# Bob sells 5 at 100.
OFFER = Part(
    1,
    DAY + 2,
    (
        OrderPlaced(
            sequence=1,
            order_id=1,
            account_id=BOB,
            client_order_id="☂-1",
            side=Side.SELL,
            type=OrderType.LIMIT,
            time_in_force=TimeInForce.GTC,
            post_only=True,
            self_trade_prevention=SelfTradePrevention.CANCEL_NEWEST,
            price_ticks=100,
            quantity_lots=5,
            amount=None,
            held=5 * 10**10,
        ),
    ),
)

# Ann buys 2 of them, at the market; Bob's fee is 0.1 % of 200 USD, hers 0.2 % of 2 BTC.
PURCHASE = Part(
    1,
    DAY + 3,
    (
        OrderPlaced(
            sequence=2,
            order_id=2,
            account_id=ANN,
            client_order_id=None,
            side=Side.BUY,
            type=OrderType.MARKET_BY_QUANTITY,
            time_in_force=TimeInForce.FOK,
            post_only=False,
            self_trade_prevention=SelfTradePrevention.CANCEL_OLDEST,
            price_ticks=None,
            quantity_lots=2,
            amount=None,
            held=WEALTH - 2_000_000,
        ),
        TradeMade(
            sequence=3,
            number=1,
            price_ticks=100,
            quantity_lots=2,
            value=2_000_000,
            taker_side=Side.BUY,
            buyer=Execution(
                order_id=2,
                account_id=ANN,
                fee=40_000_000,
                unheld=WEALTH - 2_000_000,
                standing=Standing(
                    OrderState.FILLED, 2, 2_000_000, 0, fee=40_000_000, fee_parts=40_000_000 * 10**8, held=0
                ),
            ),
            seller=Execution(
                order_id=1,
                account_id=BOB,
                fee=2_000,
                unheld=2 * 10**10,
                standing=Standing(
                    OrderState.PARTIALLY_FILLED,
                    2,
                    2_000_000,
                    0,
                    fee=2_000,
                    fee_parts=2_000 * 10**8,
                    held=3 * 10**10,
                ),
            ),
        ),
    ),
)

# Ann would buy for 1 USD, which buys nothing; the market is halted, Bob's order cancelled, the market resumed.
END = Part(
    1,
    DAY + 4,
    (
        OrderPlaced(
            sequence=4,
            order_id=3,
            account_id=ANN,
            client_order_id="",
            side=Side.BUY,
            type=OrderType.MARKET_BY_AMOUNT,
            time_in_force=TimeInForce.IOC,
            post_only=False,
            self_trade_prevention=SelfTradePrevention.CANCEL_BOTH,
            price_ticks=None,
            quantity_lots=None,
            amount=10_000,
            held=10_000,
        ),
        OrderClosed(
            sequence=5,
            order_id=3,
            account_id=ANN,
            side=Side.BUY,
            price_ticks=None,
            unheld=10_000,
            reason=CloseReason.REMAINDER,
            standing=Standing(OrderState.CANCELLED, 0, 0, 0, fee=0, fee_parts=0, held=0),
        ),
        MarketHalted(sequence=6),
        OrderClosed(
            sequence=7,
            order_id=1,
            account_id=BOB,
            side=Side.SELL,
            price_ticks=100,
            unheld=3 * 10**10,
            reason=CloseReason.ADMINISTRATOR,
            standing=Standing(OrderState.CANCELLED, 2, 2_000_000, 3, fee=2_000, fee_parts=2_000 * 10**8, held=0),
        ),
        MarketResumed(sequence=8),
    ),
)

# The parts of each row.
HISTORY = ((LISTING,), (MONEY, OFFER), (PURCHASE,), (END,))
WHOLE_HISTORY = (*HISTORY, *prediction.HISTORY, *betting.HISTORY, *accumulators.HISTORY)
