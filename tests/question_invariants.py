"""What must hold in a prediction market, read from the tables alone."""

from collections import Counter

from engine.ledger.assets import PAYOUT_ASSET
from engine.ledger.chart import pool_of
from engine.ledger.records import BalanceRecord, MarketRecord, MarketState, OrderRecord, PositionRecord, TradeRecord
from engine.matching.order import Side
from engine.matching.terms import TRADE_SIDES, Outcome
from engine.prediction.lifecycle import TRADING, read_standing
from engine.prediction.order import ShareOrder
from engine.prediction.question import PAIR_UNITS, Question


class Trading:
    """What the trades of one market come to: fees by side, and for a question what each account got and paid."""

    def __init__(self) -> None:
        self.buyers_paid = 0
        self.sellers_paid = 0
        self.fees: Counter[int] = Counter()
        self.shares: Counter[tuple[int, Outcome]] = Counter()

    def add(self, trade: TradeRecord) -> None:
        self.buyers_paid += trade.buy_fee
        self.sellers_paid += trade.sell_fee
        if trade.kind is None:
            return
        parties = ((trade.buyer_id, trade.buy_fee), (trade.seller_id, trade.sell_fee))
        for (side, outcome), (account_id, fee) in zip(TRADE_SIDES[trade.kind], parties, strict=True):
            self.fees[account_id] += fee
            self.shares[account_id, outcome] += trade.quantity_lots if side is Side.BUY else -trade.quantity_lots


def check_question(
    market: MarketRecord,
    question: Question,
    orders: list[OrderRecord],
    positions: list[PositionRecord],
    trading: Trading,
    balances: list[BalanceRecord],
) -> None:
    """All that must hold in one market; `orders` are the open ones."""
    check_pairs(positions)
    check_pool(market.market_id, positions, balances)
    check_history(positions, trading)
    check_offers(orders, positions)
    check_share_holds(question, orders)
    check_payouts(market, positions)
    if market.state is MarketState.FINAL:
        assert not orders, market.name


def check_pairs(positions: list[PositionRecord]) -> None:
    """There are as many shares of YES as of NO, and nobody has less than none."""
    assert all(position.yes >= 0 and position.no >= 0 for position in positions)
    assert sum(position.yes for position in positions) == sum(position.no for position in positions)


def check_pool(market_id: int, positions: list[PositionRecord], balances: list[BalanceRecord]) -> None:
    """The pool has a dollar for every pair, less what was paid out; holders put it in, no more and no less."""
    pool = {b.asset: (b.total, b.held) for b in balances if b.account_id == pool_of(market_id) and b.total}
    worth = PAIR_UNITS * sum(position.yes for position in positions)
    left = worth - sum(position.payout or 0 for position in positions)
    assert pool == ({PAYOUT_ASSET: (left, 0)} if left else {})
    assert sum(position.yes_cost + position.no_cost - position.realized for position in positions) == worth


def check_history(positions: list[PositionRecord], trading: Trading) -> None:
    """Positions are what the trades made of them."""
    fees = Counter({position.account_id: position.fees for position in positions})
    assert +fees == +trading.fees
    shares: Counter[tuple[int, Outcome]] = Counter()
    for position in positions:
        shares[position.account_id, Outcome.YES] = position.yes
        shares[position.account_id, Outcome.NO] = position.no
        assert position.yes or not position.yes_cost, position
        assert position.no or not position.no_cost, position
    assert +shares == +trading.shares
    assert not -trading.shares, "nobody sold what was not there"


def check_offers(orders: list[OrderRecord], positions: list[PositionRecord]) -> None:
    """Nobody offers more shares than are held."""
    offered: Counter[tuple[int, Outcome]] = Counter()
    for order in orders:
        assert order.outcome is not None
        assert order.quantity_lots is not None
        if order.side is Side.SELL:
            offered[order.account_id, order.outcome] += order.quantity_lots - order.filled_lots - order.cancelled_lots
    held = {(position.account_id, Outcome.YES): position.yes for position in positions}
    held |= {(position.account_id, Outcome.NO): position.no for position in positions}
    for key, shares in offered.items():
        assert shares <= held.get(key, 0), key


def check_share_holds(question: Question, orders: list[OrderRecord]) -> None:
    """An order to buy holds what it can still spend, one to sell nothing."""
    for record in orders:
        order = ShareOrder.restored(record, question)
        assert record.held == (order.need(question) if order.buys else 0), record


def check_payouts(market: MarketRecord, positions: list[PositionRecord]) -> None:
    """Nobody is paid before the answer, all are after it, and each what the answer says."""
    yes_units = read_standing(market.standing).yes_units
    for position in positions:
        if position.payout is None:
            assert (position.refund, position.payout_held) == (0, 0), position
            assert market.state is not MarketState.FINAL or not (position.yes or position.no), position
            continue
        assert market.state not in TRADING, position
        assert yes_units is not None, market.name
        assert position.payout == position.yes * yes_units + position.no * (PAIR_UNITS - yes_units), position
        assert position.refund in (0, position.fees), position
        assert position.payout_held in (0, position.payout + position.refund), position
        assert market.state is not MarketState.FINAL or not position.payout_held, position
