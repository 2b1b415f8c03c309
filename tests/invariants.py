"""What must hold, always (design: asserted after every test that moves money), read from the tables alone."""

from collections import Counter

from engine.ledger.assets import ASSETS
from engine.ledger.chart import OUTSIDE, has_log
from engine.ledger.journal import JournalCodec, check_chain
from engine.ledger.records import BalanceRecord, JournalRecord, MarketRecord, OrderRecord
from engine.matching.order import Side
from engine.matching.terms import OPEN_STATES
from engine.products import PRODUCTS, SPOT, read_definition
from storage.interface import OrderFilter, Reader, TradeFilter

PAGE = 500


async def audit(reader: Reader) -> None:
    """Assert the invariants on what is committed; the exchange may be running, but should be quiet."""
    balances = await reader.balances()
    orders = await reader.open_orders()
    markets = {market.market_id: market for market in await reader.markets()}
    check_balances(balances)
    check_holds(balances, orders, markets)
    check_books(orders, markets)
    await check_orders(reader)
    await check_trades(reader, markets)
    await check_logs(reader, balances)
    await check_journal(reader, balances)


def check_balances(balances: list[BalanceRecord]) -> None:
    """Each asset sums to zero; nobody but the outside world is below zero, available or held."""
    for asset in ASSETS:
        assert sum(b.total for b in balances if b.asset == asset) == 0, asset
    for balance in balances:
        if balance.account_id != OUTSIDE:
            assert 0 <= balance.held <= balance.total, balance


def check_holds(balances: list[BalanceRecord], orders: list[OrderRecord], markets: dict[int, MarketRecord]) -> None:
    """What an account has held is the sum of its open orders' holds."""
    held: Counter[tuple[int, str]] = Counter()
    for order in orders:
        market = markets[order.market_id]
        symbol = read_definition(market.product, market.definition)
        held[order.account_id, symbol.quote if order.side is Side.BUY else symbol.base] += order.held
    for balance in balances:
        assert balance.held == held.pop((balance.account_id, balance.asset), 0), balance
    assert not +held


def check_books(orders: list[OrderRecord], markets: dict[int, MarketRecord]) -> None:
    """A book is never crossed; an open order's hold is what it can still spend."""
    for market in markets.values():
        assert market.product == SPOT
        symbol = read_definition(market.product, market.definition)
        mine = [order for order in orders if order.market_id == market.market_id]
        bids = [order.price_ticks or 0 for order in mine if order.side is Side.BUY]
        asks = [order.price_ticks or 0 for order in mine if order.side is Side.SELL]
        assert not bids or not asks or max(bids) < min(asks), market.name
        assert len({order.priority for order in mine}) == len(mine)
        for order in mine:
            assert order.price_ticks is not None
            assert order.quantity_lots is not None
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


async def check_trades(reader: Reader, markets: dict[int, MarketRecord]) -> None:
    """Each market's trades are numbered 1, 2, 3 without a hole or a repeat."""
    for market in markets.values():
        expected = market.trades
        before = None
        while page := await reader.trades(TradeFilter(market_id=market.market_id, before=before, limit=PAGE)):
            for trade in page:
                assert trade.number == expected, (market.name, trade.number, expected)
                expected -= 1
            before = page[-1].trade_id
        assert expected == 0, market.name


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
