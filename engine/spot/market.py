"""One spot market: decides what becomes of orders. engine/trading/market.py has what all markets share.

place ── refused ───────────────────────────> Refused, no trace
  └──── match ── trades ── rest or close ───> Placed, events for the ledger
"""

from collections.abc import Iterable

from engine.amounts import RATE_ONE, STEPS_MAX, divide_up
from engine.ledger.records import MarketState, OrderRecord
from engine.matching.lifecycle import OrderEvent
from engine.matching.match import Fill, Match, Stop, match
from engine.matching.order import Side
from engine.matching.terms import TimeInForce
from engine.refusals import Refusal, Refused
from engine.spot.order import SpotOrder
from engine.spot.symbol import SpotSymbol
from engine.trading.commands import EnterOrder, MarketChanged, OrderTerms, Placed
from engine.trading.events import (
    Execution,
    MarketHalted,
    MarketResumed,
    TradeMade,
)
from engine.trading.market import FILLS_MAX, TradingMarket


class SpotMarket(TradingMarket[SpotOrder]):
    """A book of one asset against another, with what its symbol asks for."""

    def __init__(
        self,
        market_id: int,
        symbol: SpotSymbol,
        *,
        state: MarketState = MarketState.OPEN,
        sequence: int = 0,
        trades: int = 0,
        last_price_ticks: int | None = None,
        open_orders: Iterable[OrderRecord] = (),
        fills_max: int = FILLS_MAX,
    ) -> None:
        super().__init__(
            market_id,
            state=state,
            sequence=sequence,
            trades=trades,
            last_price_ticks=last_price_ticks,
            open_orders=map(SpotOrder.restored, open_orders),
            fills_max=fills_max,
        )
        self.symbol = symbol

    # Commands

    def place(self, entered: EnterOrder) -> Placed | Refused:
        """Match an admitted order, then rest or close what is left of it."""
        if self.state is not MarketState.OPEN:
            return Refused(Refusal.MARKET_HALTED, f"{self.symbol.name} is halted: it takes cancels only")
        terms = entered.terms
        refused = self._outside(terms)
        if refused is not None:
            return refused
        order = SpotOrder(entered, terms.side, self._edge(terms), self.sequence + 1, self._now_ms)
        if terms.post_only and self.book.would_cross(order.side, order.price_ticks):
            return Refused(Refusal.WOULD_CROSS, "a postOnly order must not trade at once")
        found, complete = self._match(order)
        if found is None:
            return Refused(Refusal.INSUFFICIENT_FUNDS, "what is available does not pay for one lot")
        if terms.time_in_force is TimeInForce.FOK and not complete:
            return Refused(Refusal.CANNOT_FILL, "a FOK order must fill completely at once")

        # From here on it must succeed.
        self._settle(order, found, complete=complete)
        return Placed(order.record(self.market_id))

    def halt(self) -> MarketChanged:
        """Take cancels only; halting twice is once."""
        if self.state is not MarketState.HALTED:
            self.state = MarketState.HALTED
            self._events.append(MarketHalted(self._next_sequence()))
        return MarketChanged(self.symbol.name, self.state)

    def resume(self) -> MarketChanged:
        """Take orders again; resuming twice is once."""
        if self.state is not MarketState.OPEN:
            self.state = MarketState.OPEN
            self._events.append(MarketResumed(self._next_sequence()))
        return MarketChanged(self.symbol.name, self.state)

    # What a price may be

    def _outside(self, terms: OrderTerms) -> Refused | None:
        """Refuse what the book's prices show to be out of bounds."""
        symbol = self.symbol
        best = self.book.best(terms.side.opposite)
        if terms.price_ticks is None and terms.quantity_lots is not None and best is not None:
            value = symbol.value(best, terms.quantity_lots)
            if value < symbol.minimum_notional:
                return Refused(Refusal.BELOW_MINIMUM, "the order's value is below the symbol's minimum")
        band = self._band()
        if band is not None and terms.price_ticks is not None and not band[0] <= terms.price_ticks <= band[1]:
            low, high = (symbol.price_text(price) for price in band)
            return Refused(Refusal.OUTSIDE_BAND, f"price must be between {low} and {high} now")
        return None

    def _band(self) -> tuple[int, int] | None:
        """The lowest and highest price in ticks that an order may have now; None where any will do."""
        width, last = self.symbol.price_band, self.last_price_ticks
        if width is None or last is None:
            return None
        return divide_up(last * (RATE_ONE - width), RATE_ONE), last * (RATE_ONE + width) // RATE_ONE

    def _edge(self, terms: OrderTerms) -> int:
        """The worst price at which an order trades: its own, or what keeps a market order near the book.

        That is the edge of the price band, else the best price x 1.10 or / 1.10, rounded inward to a tick.
        """
        if terms.price_ticks is not None:
            return terms.price_ticks
        band = self._band()
        if band is not None:
            return band[1] if terms.side is Side.BUY else band[0]
        best = self.book.best(terms.side.opposite)
        if best is None:
            return 1 if terms.side is Side.BUY else STEPS_MAX
        return best * 11 // 10 if terms.side is Side.BUY else divide_up(best * 10, 11)

    # Matching

    def _match(self, order: SpotOrder) -> tuple[Match[SpotOrder] | None, bool]:
        """Find whom the order meets within its budget, and whether that completes it.

        It meets the next in line only if it can pay for a lot at that price. None: not even for the first one.
        """
        terms = order.terms
        wanted = terms.quantity_lots or terms.amount
        assert wanted is not None
        asked = self._walk(order, wanted, in_quote=terms.quantity_lots is None)
        complete = asked.stop is Stop.FILLED
        if not order.holds_all or (complete and self._spent(order, asked) <= order.held):
            return asked, complete
        if asked.stop is Stop.TOO_SMALL or not self.book.would_cross(order.side, order.price_ticks):
            return asked, False
        affordable = order.held if order.spends_quote else order.held // self.symbol.lot
        if not affordable:
            return None, False
        paid = self._walk(order, affordable, in_quote=order.spends_quote)
        return (None if paid.stop is Stop.TOO_SMALL else paid), False

    def _walk(self, order: SpotOrder, wanted: int, *, in_quote: bool) -> Match[SpotOrder]:
        """Look along the book for so many lots, or for so much of the quote asset."""
        return match(
            self.book,
            order,
            wanted,
            unit_value=self.symbol.unit_value if in_quote else 0,
            prevention=order.terms.self_trade_prevention,
            fills_max=self.fills_max,
        )

    def _spent(self, order: SpotOrder, found: Match[SpotOrder]) -> int:
        if order.spends_quote:
            return sum(self.symbol.value(fill.price_ticks, fill.lots) for fill in found.fills)
        return sum(fill.lots for fill in found.fills) * self.symbol.lot

    def _trade(self, taker: SpotOrder, fill: Fill[SpotOrder], *, last: bool) -> None:
        """Book one fill on both orders; `last`: it completes the taker."""
        maker, lots = fill.maker, fill.lots
        if taker.terms.quantity_lots is not None:
            taker.open_lots -= lots
        value = self.symbol.value(fill.price_ticks, lots)
        made = self._execute(maker, lots, value, self.symbol.maker_rate, complete=not maker.open_lots)
        taken = self._execute(taker, lots, value, self.symbol.taker_rate, complete=last)
        self.trades += 1
        self.last_price_ticks = fill.price_ticks
        buyer, seller = (taken, made) if taker.side is Side.BUY else (made, taken)
        self._events.append(
            TradeMade(self._next_sequence(), self.trades, fill.price_ticks, lots, value, taker.side, buyer, seller)
        )

    def _execute(self, order: SpotOrder, lots: int, value: int, rate: int, *, complete: bool) -> Execution:
        """Fill one side: charge the fee on what it receives, let go of what it pays and of what it saves."""
        symbol = self.symbol
        if order.side is Side.BUY:
            received = lots * symbol.lot
            price_ticks = order.terms.price_ticks
            paid = value if price_ticks is None else symbol.value(price_ticks, lots)
        else:
            received = value
            paid = lots * symbol.lot
        order.fee_parts += received * rate
        charged = divide_up(order.fee_parts, RATE_ONE)
        fee, order.fee = charged - order.fee, charged
        order.filled_lots += lots
        order.filled_value += value
        order.updated_ms = self._now_ms
        order.advance(OrderEvent.LAST_FILL if complete else OrderEvent.FILL)
        unheld = order.held if complete else paid
        order.held -= unheld
        return Execution(order.order_id, order.account_id, fee, unheld, order.standing())
