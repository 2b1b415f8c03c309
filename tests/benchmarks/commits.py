"""Entries as the ledger makes them under load: 8 markets, 1,000 accounts, every second order fills one that rests."""

import random

from engine.ledger.chart import FEES
from engine.ledger.journal import GENESIS_HASH, chain_hash
from engine.ledger.page import account_channel
from engine.ledger.records import (
    AssetLogRecord,
    BalanceRecord,
    ChannelRecord,
    Entry,
    FreezeRecord,
    JournalRecord,
    MarketRecord,
    OrderChange,
    OrderRecord,
    TradeRecord,
)
from engine.matching.order import Side
from engine.matching.terms import OrderState
from tests.storage.entries import NOW_MS, market, order, trade

MARKETS = 8
ACCOUNTS = 1_000
JOURNAL_BYTES = 250  # of an order in the journal's body


class Commits:
    """Makes one entry after the other; the same seed makes the same entries."""

    def __init__(self, seed: int = 1) -> None:
        self._chance = random.Random(seed)
        self._sequence = 0
        self._hash = GENESIS_HASH
        self._last_order = self._last_trade = self._last_log = 0
        self._resting: list[OrderRecord] = []
        self._streams: dict[str, int] = {}
        self._events = dict.fromkeys(range(1, MARKETS + 1), 0)

    def entry(self, orders: int) -> Entry:
        """Make an entry of so many new orders."""
        self._sequence += 1
        page = _Page(NOW_MS + self._sequence)
        for _ in range(orders):
            self._place(page)
        # An order is changed in a later entry than the one in which it is new.
        self._resting += [placed for placed in page.orders if placed.state is OrderState.NEW]
        body = self._chance.randbytes(JOURNAL_BYTES * orders)
        self._hash = chain_hash(self._hash, body)
        return page.entry(JournalRecord(self._sequence, page.now_ms, body, self._hash))

    def _place(self, page: "_Page") -> None:
        self._last_order += 1
        account_id = self._chance.randint(1, ACCOUNTS)
        market_id = self._chance.randint(1, MARKETS)
        price, quantity = self._chance.randint(4_000_000, 5_000_000), self._chance.randint(1, 1_000_000)
        value = price * quantity * 1000
        self._events[market_id] += 1
        maker = self._resting.pop() if self._last_order % 2 and self._resting else None
        placed = order(
            self._last_order,
            account_id=account_id,
            market_id=market_id,
            client_order_id=f"client-{self._last_order}",
            price_ticks=price,
            quantity_lots=quantity,
            priority=self._events[market_id],
            created_ms=page.now_ms,
            updated_ms=page.now_ms,
            state=OrderState.FILLED if maker else OrderState.NEW,
            held=0 if maker else value,
        )
        page.orders.append(placed)
        page.hold(placed, placed.held)
        page.balance(account_id, "USDT", value)
        page.markets[market_id] = market(market_id, sequence=self._events[market_id], last_price_ticks=price)
        self._count(page, account_channel(account_id))
        if maker is not None:
            self._fill(page, maker, placed, value)

    def _fill(self, page: "_Page", maker: OrderRecord, taker: OrderRecord, value: int) -> None:
        self._last_trade += 1
        assert taker.quantity_lots is not None
        quantity = taker.quantity_lots
        fee = value // 1000
        page.changes.append(
            OrderChange(maker.order_id, OrderState.FILLED, quantity, value, 0, fee, fee * 10**8, 0, page.now_ms)
        )
        page.hold(maker, 0)
        page.trades.append(
            trade(
                self._last_trade,
                market_id=taker.market_id,
                quantity_lots=quantity,
                value=value,
                buy_order_id=taker.order_id,
                sell_order_id=maker.order_id,
                buyer_id=taker.account_id,
                seller_id=maker.account_id,
                sell_fee=fee,
            )
        )
        for account_id in (taker.account_id, maker.account_id):
            for asset, change_type in (("USDT", "trade"), ("BTC", "trade"), ("BTC", "fee")):
                self._last_log += 1
                page.logs.append(
                    AssetLogRecord(
                        self._last_log,
                        account_id,
                        asset,
                        str(self._last_trade),
                        change_type,
                        value,
                        0,
                        value,
                        page.now_ms,
                    )
                )
                page.balance(account_id, asset, value)
                page.balance(FEES, asset, value)
        self._count(page, account_channel(maker.account_id))
        self._count(page, f"trades:M{taker.market_id}")

    def _count(self, page: "_Page", channel: str) -> None:
        self._streams[channel] = self._streams.get(channel, 0) + 1
        page.channels[channel] = ChannelRecord(channel, self._streams[channel])


class _Page:
    """The rows of one entry; one final row a key."""

    def __init__(self, now_ms: int) -> None:
        self.now_ms = now_ms
        self.orders: list[OrderRecord] = []
        self.changes: list[OrderChange] = []
        self.trades: list[TradeRecord] = []
        self.logs: list[AssetLogRecord] = []
        self.freezes: dict[int, FreezeRecord] = {}
        self.balances: dict[tuple[int, str], BalanceRecord] = {}
        self.markets: dict[int, MarketRecord] = {}
        self.channels: dict[str, ChannelRecord] = {}

    def hold(self, placed: OrderRecord, amount: int) -> None:
        asset = "USDT" if placed.side is Side.BUY else "BTC"
        self.freezes[placed.order_id] = FreezeRecord(
            placed.order_id, placed.account_id, asset, amount, str(placed.order_id), placed.created_ms, self.now_ms
        )

    def balance(self, account_id: int, asset: str, held: int) -> None:
        self.balances[account_id, asset] = BalanceRecord(account_id, asset, 10**18 + held, held)

    def entry(self, journal: JournalRecord) -> Entry:
        return Entry(
            journal,
            tuple(self.orders),
            tuple(self.changes),
            tuple(self.trades),
            tuple(self.logs),
            tuple(self.freezes.values()),
            tuple(self.balances.values()),
            tuple(self.markets.values()),
            (),
            tuple(self.channels.values()),
        )
