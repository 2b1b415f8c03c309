"""What must hold, always (design: asserted after every test that moves money), read from the tables alone."""

from collections import Counter
from typing import Any

from engine.accumulators.terms import Accumulators
from engine.betting.match import Match
from engine.ledger.assets import ASSETS, PAYOUT_ASSET
from engine.ledger.chart import FEES, OUTSIDE, has_log
from engine.ledger.journal import JournalCodec, check_chain
from engine.ledger.records import BalanceRecord, JournalRecord, MarketRecord, OrderRecord, PositionRecord
from engine.matching.order import Side
from engine.matching.terms import OPEN_STATES
from engine.prediction.question import Question
from engine.products import PREDICTION, PRODUCTS, read_definition
from engine.spot.symbol import SpotSymbol
from storage.interface import OrderFilter, Reader, TradeFilter
from tests.accumulator_invariants import check_accumulators
from tests.match_invariants import check_match
from tests.question_invariants import Trading, check_question

PAGE = 500


async def audit(reader: Reader) -> None:
    """Assert the invariants on what is committed; the exchange may be running, but should be quiet."""
    balances = await reader.balances()
    orders = await reader.open_orders()
    positions: list[PositionRecord] = []
    fees: Counter[str] = Counter()
    definitions: dict[int, Any] = {}
    for market in await reader.markets():
        definition = definitions[market.market_id] = read_definition(market.product, market.definition)
        if isinstance(definition, Match):
            await check_match(reader, market, definition, balances)
            continue
        if isinstance(definition, Accumulators):
            await check_accumulators(reader, market, definition, balances)
            continue
        mine = [order for order in orders if order.market_id == market.market_id]
        check_book(market, definition, mine)
        trading = await check_trades(reader, market)
        fees[definition.receives(Side.BUY)] += trading.buyers_paid
        fees[definition.receives(Side.SELL)] += trading.sellers_paid
        held = await reader.positions(market.market_id)
        positions += held
        if isinstance(definition, Question):
            assert market.product == PREDICTION
            check_question(market, definition, mine, held, trading, balances)
        else:
            check_symbol(definition, mine)
            assert not held, market.name
    check_balances(balances)
    check_holds(balances, orders, positions, definitions)
    check_fees(balances, fees, positions)
    await check_orders(reader)
    await check_logs(reader, balances)
    await check_journal(reader, balances)


def check_balances(balances: list[BalanceRecord]) -> None:
    """Each asset sums to zero; nobody but the outside world is below zero, available or held."""
    for asset in ASSETS:
        assert sum(b.total for b in balances if b.asset == asset) == 0, asset
    for balance in balances:
        if balance.account_id != OUTSIDE:
            assert 0 <= balance.held <= balance.total, balance


def check_holds(
    balances: list[BalanceRecord],
    orders: list[OrderRecord],
    positions: list[PositionRecord],
    definitions: dict[int, Any],
) -> None:
    """What an account has held is the sum of its open orders' holds and of payouts that can still be taken back."""
    held: Counter[tuple[int, str]] = Counter()
    for order in orders:
        asset = definitions[order.market_id].spends(order.side)
        assert asset is not None or not order.held, order
        held[order.account_id, asset or ""] += order.held
    for position in positions:
        held[position.account_id, PAYOUT_ASSET] += position.payout_held
    for balance in balances:
        assert balance.held == held.pop((balance.account_id, balance.asset), 0), balance
    assert not +held


def check_fees(balances: list[BalanceRecord], charged: Counter[str], positions: list[PositionRecord]) -> None:
    """What the exchange has earned is what its trades have cost, but for what voids gave back."""
    charged[PAYOUT_ASSET] -= sum(position.refund for position in positions)
    earned = {b.asset: b.total for b in balances if b.account_id == FEES and b.total}
    assert earned == {asset: fees for asset, fees in charged.items() if fees}


def check_book(market: MarketRecord, definition: Any, orders: list[OrderRecord]) -> None:
    """A book is never crossed, and each order has a place of its own in it."""
    prices: dict[Side, list[int]] = {Side.BUY: [], Side.SELL: []}
    for order in orders:
        assert order.price_ticks is not None, order
        side, price_ticks = definition.book_terms(order.side, order.outcome, order.price_ticks)
        prices[side].append(price_ticks)
    bids, asks = prices.values()
    assert not bids or not asks or max(bids) < min(asks), market.name
    assert len({order.priority for order in orders}) == len(orders)
    assert all(0 < order.priority <= market.sequence for order in orders), market.name


def check_symbol(symbol: SpotSymbol, orders: list[OrderRecord]) -> None:
    """An open order's hold is what it can still spend."""
    for order in orders:
        assert order.price_ticks is not None
        assert order.quantity_lots is not None
        assert order.outcome is None
        left = order.quantity_lots - order.filled_lots - order.cancelled_lots
        buys = order.side is Side.BUY
        assert order.held == (symbol.value(order.price_ticks, left) if buys else left * symbol.lot), order


async def check_orders(reader: Reader) -> None:
    """filled + remaining + cancelled = quantity, and nothing remains of a closed order."""
    before = None
    while page := await reader.orders(OrderFilter(before=before, limit=PAGE)):
        for order in page:
            if order.state not in OPEN_STATES:
                assert order.held == 0, order
                if order.quantity_lots is not None:
                    assert order.filled_lots + order.cancelled_lots == order.quantity_lots, order
        before = page[-1].order_id


async def check_trades(reader: Reader, market: MarketRecord) -> Trading:
    """A market's trades are numbered 1, 2, 3 without a hole or a repeat; return what they come to."""
    trading = Trading()
    expected, before = market.trades, None
    while page := await reader.trades(TradeFilter(market_id=market.market_id, before=before, limit=PAGE)):
        for trade in page:
            assert trade.number == expected, (market.name, trade.number, expected)
            assert (trade.kind is not None) is (market.product == PREDICTION), trade
            expected -= 1
            trading.add(trade)
        before = page[-1].trade_id
    assert expected == 0, market.name
    return trading


async def check_logs(reader: Reader, balances: list[BalanceRecord]) -> None:
    """before + amount = after, row upon row, up to the account's total."""
    for account_id in {balance.account_id for balance in balances if has_log(balance.account_id)}:
        after = {b.asset: b.total for b in balances if b.account_id == account_id}
        before = None
        while page := await reader.asset_logs(account_id, None, before, PAGE):
            for row in page:
                assert row.after == after[row.asset], row
                assert row.before + row.amount == row.after, row
                after[row.asset] = row.before
            before = page[-1].log_id
        assert not any(after.values()), (account_id, after)


async def check_journal(reader: Reader, balances: list[BalanceRecord]) -> None:
    """The chain of hashes is unbroken, and the last balances in it are those of the tables."""
    codec = JournalCodec(tuple(PRODUCTS.writers))
    latest: dict[tuple[int, str], BalanceRecord] = {}
    previous: JournalRecord | None = None
    while rows := await reader.journal(previous.sequence if previous else 0, PAGE):
        for record in rows:
            check_chain(previous, record)
            previous = record
            latest.update({(b.account_id, b.asset): b for b in codec.unpack(record.body).balances})
    for balance in balances:
        assert latest.get((balance.account_id, balance.asset), balance) == balance
    head = await reader.journal_head()
    assert head.sequence == (previous.sequence if previous else 0)
