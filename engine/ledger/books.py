"""What is true on disk, kept in memory: balances, open orders, markets, the journal's head, the numbers of streams.

Books are changed by whole pages only: a page writes on top of them, and `adopt` makes it theirs once and for all.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import msgspec

from engine.ledger.accumulators import AccumulatorRecord
from engine.ledger.bet_books import BetBooks, OptionKey
from engine.ledger.bets import BetRecord, OptionRecord
from engine.ledger.chart import OUTSIDE
from engine.ledger.journal import JournalCodec
from engine.ledger.records import BalanceRecord, MarketRecord, OrderRecord, PositionRecord

Balance = tuple[int, int]  # total, held
BalanceKey = tuple[int, str]  # account, asset
BalanceChange = tuple[int, str, int, int]  # account, asset, change of total, change of held

PositionKey = tuple[int, int]  # market, account
Shares = tuple[int, int, int, int]  # of one market: YES and NO there are, money paid for them at the end, payouts held
NO_SHARES: Shares = (0, 0, 0, 0)

EventWriter = Callable[[Any, int, int, Any], None]  # (page, market id, now_ms, event); a page stands on books
PartCheck = Callable[[Any, int], None]  # (page, market id): raises PartRefused


class Products(msgspec.Struct, frozen=True):
    """How each kind of event is written into a page, and how each product's terms are read."""

    writers: Mapping[Any, EventWriter]
    read_definition: Callable[[str, bytes], Any]
    checks: Mapping[str, PartCheck] = {}  # by product: what must hold after each part, besides double entry


class Books:
    """The state that recovery loads and every commit moves on."""

    def __init__(
        self,
        products: Products,
        *,
        journal_sequence: int,
        journal_hash: bytes,
        trade_id: int = 0,
        log_id: int = 0,
        market_id: int = 0,
        balances: Iterable[BalanceRecord] = (),
        open_orders: Iterable[OrderRecord] = (),
        markets: Iterable[MarketRecord] = (),
        positions: Iterable[PositionRecord] = (),
        streams: Mapping[str, int] | None = None,
        bets: Iterable[BetRecord] = (),
        options: Iterable[OptionRecord] = (),
        claims: Mapping[OptionKey, int] | None = None,
        accumulators: Iterable[AccumulatorRecord] = (),
    ) -> None:
        self.products = products
        self.codec = JournalCodec(tuple(products.writers))
        self.journal_sequence = journal_sequence
        self.journal_hash = journal_hash
        self.trade_id = trade_id  # the last one given
        self.log_id = log_id
        self.market_id = market_id
        self.balances: dict[BalanceKey, Balance] = {(b.account_id, b.asset): (b.total, b.held) for b in balances}
        self.open_orders = {order.order_id: order for order in open_orders}
        self.markets = {market.market_id: market for market in markets}
        self.definitions = {
            m.market_id: products.read_definition(m.product, m.definition) for m in self.markets.values()
        }
        self.streams = dict(streams or {})
        self.positions: dict[PositionKey, PositionRecord] = {}  # those in markets that are not final
        self.shares: dict[int, Shares] = {}
        for position in positions:
            self._take(position)
        self.betting = BetBooks(bets, options, claims or {}, accumulators)

    def balance(self, account_id: int, asset: str) -> Balance:
        return self.balances.get((account_id, asset), (0, 0))

    def _take(self, position: PositionRecord) -> None:
        self.positions[position.market_id, position.account_id] = position
        yes, no, paid, held = self.shares.get(position.market_id, NO_SHARES)
        self.shares[position.market_id] = (
            yes + position.yes,
            no + position.no,
            paid + (position.payout or 0),
            held + position.payout_held,
        )

    def forget_positions(self, market_id: int) -> None:
        """Leave what nobody can change any more to the tables."""
        self.shares.pop(market_id, None)
        for key in [key for key in self.positions if key[0] == market_id]:
            del self.positions[key]

    def issued(self, asset: str) -> int:
        """How much of an asset is inside the exchange."""
        return -self.balance(OUTSIDE, asset)[0]


def held_asset(order: OrderRecord, definition: Any) -> str | None:
    """The asset that is held for an order, by its market's terms; None for shares, which their market holds."""
    asset: str | None = definition.spends(order.side)
    return asset
