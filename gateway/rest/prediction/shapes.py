"""What clients see of prediction markets: prices as JSON numbers in cents, money as decimal strings of USD.

Each shape has the function that makes it from a record. Words are upper-case here, as the specification writes them.
"""

import enum

from engine.amounts import RATE_DECIMALS, divide_half_even, format_decimal
from engine.ledger.assets import ASSETS, PAYOUT_ASSET
from engine.ledger.records import MarketRecord, MarketState, OrderRecord, TradeRecord
from engine.matching.order import Side
from engine.matching.terms import OPEN_STATES, TRADE_SIDES, OrderState, OrderType, Outcome, TimeInForce
from engine.prediction.lifecycle import read_standing
from engine.prediction.question import CENT_DECIMALS, PAIR_UNITS, Question, VoidPolicy
from engine.products import read_definition
from gateway.rest.dates import show_date
from gateway.rest.numbers import NULL, Number, NumberOrNull, shown_number
from gateway.rest.prediction.marks import MARK_DECIMALS, PAIR_MARKS
from gateway.shapes import AVERAGE_DECIMALS, Shape

USD_DECIMALS = ASSETS[PAYOUT_ASSET].decimals


class MarketStatus(enum.Enum):
    """Where a market stands: the names of engine.ledger.records.MarketState."""

    OPEN = "OPEN"
    HALTED = "HALTED"
    CLOSED = "CLOSED"
    PROPOSED = "PROPOSED"
    DISPUTED = "DISPUTED"
    RESOLVED = "RESOLVED"
    VOID = "VOID"
    FINAL = "FINAL"

    @property
    def state(self) -> MarketState:
        return MarketState[self.name]


class Action(enum.Enum):
    """Which way an order trades its share."""

    BUY = "BUY"
    SELL = "SELL"

    @property
    def side(self) -> Side:
        return Side[self.name]


class ShareOrderType(enum.Enum):
    """A price and how long it lives; or none."""

    LIMIT = "LIMIT"
    MARKET = "MARKET"
    IOC = "IOC"
    FOK = "FOK"


class OrderStatus(enum.Enum):
    """Where an order stands; one that has filled in part and is then cancelled is CANCELLED."""

    OPEN = "OPEN"
    PARTIALLY_FILLED = "PARTIALLY_FILLED"
    FILLED = "FILLED"
    CANCELLED = "CANCELLED"


class TradeWord(enum.Enum):
    """What a trade did to shares: they changed hands (of YES, of NO), or pairs of them were made or dissolved."""

    TRANSFER = "TRANSFER"
    TRANSFER_NO = "TRANSFER_NO"
    MINT = "MINT"
    MERGE = "MERGE"


class Decision(enum.Enum):
    """What can be decided of a question: its answer, or that there is none."""

    YES = "YES"
    NO = "NO"
    VOID = "VOID"

    @property
    def outcome(self) -> Outcome | None:
        return None if self is Decision.VOID else Outcome(self.value)


ORDER_STATUSES = {
    OrderState.NEW: OrderStatus.OPEN,
    OrderState.PARTIALLY_FILLED: OrderStatus.PARTIALLY_FILLED,
    OrderState.FILLED: OrderStatus.FILLED,
    OrderState.CANCELLED: OrderStatus.CANCELLED,
}
ORDER_TYPES = {
    TimeInForce.GTC: ShareOrderType.LIMIT,
    TimeInForce.IOC: ShareOrderType.IOC,
    TimeInForce.FOK: ShareOrderType.FOK,
}


def cents(amount: int, decimals: int = CENT_DECIMALS) -> Number:
    """Show a price in units (or finer: `decimals` places of a cent)."""
    return shown_number(format_decimal(amount, decimals))


def usd(units: int) -> str:
    """Show money."""
    return format_decimal(units, USD_DECIMALS)


class ResolutionView(Shape, frozen=True):
    """How a market gets, or got, its answer; people are named by their ids, 0 is time. Null is what has not been."""

    outcome: Outcome | None  # proposed, from RESOLVED on decided; null if it is void
    proposed_by: int | None
    challenge_until: int | None
    disputed_by: int | None
    dispute_reason: str | None
    approved: Decision | None  # by the first of two administrators:
    approved_by: int | None
    resolved_by: int | None
    resolved_at: int | None
    yes_payout: NumberOrNull  # of a share
    no_payout: NumberOrNull
    payouts_free_at: int | None  # until then payouts are held, and can be rolled back
    rolling_back: bool


class MarketView(Shape, frozen=True):
    """A question, its terms, and where it stands."""

    id: int
    title: str
    description: str
    category: str
    status: MarketStatus
    yes_price: Number
    no_price: Number
    yes_symbol_id: str
    no_symbol_id: str
    resolution_date: str  # UTC; trading ends then by itself
    tick: Number
    maker_fee: Number  # 0.01 is 1 %
    taker_fee: Number
    void_policy: VoidPolicy
    rules: str
    trades: int
    created_at: int
    resolution: ResolutionView


def market_view(record: MarketRecord, mark: int) -> MarketView:
    """Show a market; `mark` is what its share of YES is worth."""
    question: Question = read_definition(record.product, record.definition)
    return MarketView(
        id=record.market_id,
        title=question.title,
        description=question.description,
        category=question.category,
        status=MarketStatus[record.state.name],
        yes_price=cents(mark, MARK_DECIMALS),
        no_price=cents(PAIR_MARKS - mark, MARK_DECIMALS),
        yes_symbol_id=f"{record.channel}/YES",
        no_symbol_id=f"{record.channel}/NO",
        resolution_date=show_date(question.resolution_ms),
        tick=cents(question.tick),
        maker_fee=shown_number(format_decimal(question.maker_rate, RATE_DECIMALS)),
        taker_fee=shown_number(format_decimal(question.taker_rate, RATE_DECIMALS)),
        void_policy=question.void_policy,
        rules=question.rules,
        trades=record.trades,
        created_at=record.created_ms,
        resolution=resolution_view(record),
    )


def resolution_view(record: MarketRecord) -> ResolutionView:
    """Show how a market stands on its way to an answer."""
    standing = read_standing(record.standing)
    yes_units = standing.yes_units
    return ResolutionView(
        outcome=standing.outcome,
        proposed_by=standing.proposed_by,
        challenge_until=standing.challenge_until_ms,
        disputed_by=standing.disputed_by,
        dispute_reason=standing.dispute_reason,
        approved=None if standing.approved is None else Decision(standing.approved),
        approved_by=standing.approved_by,
        resolved_by=standing.resolved_by,
        resolved_at=standing.resolved_ms,
        yes_payout=NULL if yes_units is None else cents(yes_units),
        no_payout=NULL if yes_units is None else cents(PAIR_UNITS - yes_units),
        payouts_free_at=standing.frees_ms,
        rolling_back=standing.rolling_back,
    )


class MarketTradeView(Shape, frozen=True):
    """A trade as everybody sees it: the price is that of YES; the taker's side and action are its own."""

    price: Number
    quantity: int
    id: str
    kind: TradeWord
    taker_side: Outcome
    taker_action: Action
    timestamp: int


def market_trade_view(record: TradeRecord, question: Question) -> MarketTradeView:
    """Show a trade to everybody: it names no account and no order."""
    assert record.kind is not None
    side, outcome = TRADE_SIDES[record.kind][record.taker_side is Side.SELL]  # first that of the bid
    return MarketTradeView(
        price=cents(record.price_ticks * question.tick),
        quantity=record.quantity_lots,
        id=str(record.trade_id),
        kind=TradeWord[record.kind.name],
        taker_side=outcome,
        taker_action=Action[side.name],
        timestamp=record.created_ms,
    )


class ShareOrderView(Shape, frozen=True):
    """An order as it stands; prices are those of its own share."""

    id: str
    status: OrderStatus
    market_id: int
    side: Outcome
    action: Action
    order_type: ShareOrderType
    price: NumberOrNull
    quantity: int
    filled_quantity: int
    remaining_quantity: int  # 0 once it is closed
    average_price: NumberOrNull
    filled_amount: str
    fee: str
    post_only: bool
    client_order_id: str | None
    created_at: int
    updated_at: int


def share_order_view(record: OrderRecord, question: Question) -> ShareOrderView:
    """Show an order."""
    assert record.outcome is not None
    assert record.quantity_lots is not None
    limit = record.type is OrderType.LIMIT
    left = record.quantity_lots - record.filled_lots if record.state in OPEN_STATES else 0
    average = NULL
    if record.filled_lots:
        places = AVERAGE_DECIMALS - CENT_DECIMALS
        average = cents(divide_half_even(record.filled_value * 10**places, record.filled_lots), AVERAGE_DECIMALS)
    return ShareOrderView(
        id=str(record.order_id),
        status=ORDER_STATUSES[record.state],
        market_id=record.market_id,
        side=record.outcome,
        action=Action[record.side.name],
        order_type=ORDER_TYPES[record.time_in_force] if limit else ShareOrderType.MARKET,
        price=NULL if record.price_ticks is None else cents(record.price_ticks * question.tick),
        quantity=record.quantity_lots,
        filled_quantity=record.filled_lots,
        remaining_quantity=left,
        average_price=average,
        filled_amount=usd(record.filled_value),
        fee=usd(record.fee),
        post_only=record.post_only,
        client_order_id=record.client_order_id,
        created_at=record.created_ms,
        updated_at=record.updated_ms,
    )
