"""The book of one question: who buys and sells shares. Commands in, events out; no clock, no waiting.

buyer of YES    x seller of YES    shares change hands
buyer of YES    x buyer of NO      a pair is minted: together they pay for it
seller of NO    x seller of YES    a pair is merged: together they are paid for it
seller of NO    x buyer of NO      shares change hands
"""

from collections.abc import Iterable

from engine.amounts import RATE_ONE, divide_up
from engine.ledger.records import MarketState, OrderRecord, PositionRecord
from engine.matching.lifecycle import OrderEvent
from engine.matching.match import Fill, Match, Stop, match
from engine.matching.order import Side
from engine.matching.terms import TRADE_SIDES, Outcome, TimeInForce, TradeKind
from engine.prediction.holdings import Holdings
from engine.prediction.order import ShareOrder, outcome_of
from engine.prediction.price_trail import PriceTrail
from engine.prediction.question import Question, VoidPolicy
from engine.refusals import Refusal, Refused
from engine.trading.commands import EnterOrder, OrderTerms, Placed
from engine.trading.events import CloseReason, Execution, TradeMade
from engine.trading.market import FILLS_MAX, TradingMarket

KINDS = {sides: kind for kind, sides in TRADE_SIDES.items()}


class ShareMarket(TradingMarket[ShareOrder]):
    """Owns a question's book and knows who holds and offers how many shares."""

    def __init__(
        self,
        market_id: int,
        question: Question,
        *,
        state: MarketState = MarketState.OPEN,
        sequence: int = 0,
        trades: int = 0,
        last_price_ticks: int | None = None,
        open_orders: Iterable[OrderRecord] = (),
        positions: Iterable[PositionRecord] = (),
        trail: PriceTrail | None = None,
        fills_max: int = FILLS_MAX,
    ) -> None:
        super().__init__(
            market_id,
            state=state,
            sequence=sequence,
            trades=trades,
            last_price_ticks=last_price_ticks,
            open_orders=(ShareOrder.restored(record, question) for record in open_orders),
            fills_max=fills_max,
        )
        self.question = question
        self.holdings = Holdings(positions)
        self.trail = trail or PriceTrail() if question.void_policy is VoidPolicy.LAST_PRICE else None
        for order in self.book.orders.values():
            self._offer(order, order.open_lots)

    def place(self, entered: EnterOrder) -> Placed | Refused:
        """Match an admitted order, then rest or close what is left of it."""
        if self.state is MarketState.HALTED:
            return Refused(Refusal.MARKET_HALTED, "the market is halted: it takes cancels only")
        if self.state is not MarketState.OPEN:
            return Refused(Refusal.MARKET_CLOSED, "the market is closed: it takes no orders any more")
        terms = entered.terms
        if (lacking := self._lacking(entered.account_id, terms)) is not None:
            return lacking
        order = ShareOrder.entered(entered, self._edge(terms), self.question, self.sequence + 1, self._now_ms)
        if terms.post_only and self.book.would_cross(order.side, order.price_ticks):
            return Refused(Refusal.WOULD_CROSS, "a postOnly order must not trade at once")
        found, complete = self._match(order)
        if found is None:
            return Refused(Refusal.INSUFFICIENT_FUNDS, "what is available does not pay for one share")
        if terms.time_in_force is TimeInForce.FOK and not complete:
            return Refused(Refusal.CANNOT_FILL, "a FOK order must fill completely at once")

        # From here on it must succeed.
        self._offer(order, order.open_lots)
        self._settle(order, found, complete=complete)
        return Placed(order.record(self.market_id))

    # Before matching

    def _lacking(self, account_id: int, terms: OrderTerms) -> Refused | None:
        """Refuse to sell what is not held, or is offered already."""
        if terms.side is Side.BUY:
            return None
        assert terms.quantity_lots is not None
        outcome = outcome_of(terms)
        holding = self.holdings.seen(account_id)
        held, offered = holding.shares(outcome), holding.offered(outcome)
        if terms.quantity_lots <= held - offered:
            return None
        has = f"you have {held} shares of {outcome.value}" + (f", {offered} of them offered already" if offered else "")
        hint = f"to bet against {outcome.value}, buy {outcome.other.value}"
        if terms.price_ticks is not None:
            price = self.question.price_text(self.question.pair_ticks - terms.price_ticks)
            hint += f" at {price}"
        return Refused(Refusal.INSUFFICIENT_SHARES, f"{has}; {hint}")

    def _edge(self, terms: OrderTerms) -> int:
        """The worst price of its share at which an order trades: its own, or the best price x 1.10 or / 1.10.

        That is rounded inward to a tick, and below a whole pair.
        """
        if terms.price_ticks is not None:
            return terms.price_ticks
        outcome, buys = outcome_of(terms), terms.side is Side.BUY
        facing = terms.side if outcome is Outcome.NO else terms.side.opposite
        best_yes = self.book.best(facing)
        highest = self.question.pair_ticks - 1
        if best_yes is None:
            return highest if buys else 1
        best = self.question.yes_ticks(outcome, best_yes)
        return min(best * 11 // 10, highest) if buys else divide_up(best * 10, 11)

    def _match(self, order: ShareOrder) -> tuple[Match[ShareOrder] | None, bool]:
        """Find whom the order meets within its budget, and whether that completes it. None: it pays for no share."""
        wanted = order.terms.quantity_lots
        assert wanted is not None
        found = match(
            self.book,
            order,
            wanted,
            prevention=order.terms.self_trade_prevention,
            fills_max=self.fills_max,
        )
        complete = found.stop is Stop.FILLED
        if not order.buys or order.terms.price_ticks is not None:
            return found, complete
        paid = self._within_budget(order, found)
        return paid, complete and paid is found

    def _within_budget(self, order: ShareOrder, found: Match[ShareOrder]) -> Match[ShareOrder] | None:
        """As much of what a market order to buy has found as it can pay for; None if that is not one share.

        It meets the next in line, be it an order of its own account, only if it can pay for a share there.
        """
        best = self.book.best(order.side.opposite)
        left = order.held * RATE_ONE
        if best is not None and self._cost_parts(order, best) > left:
            return None
        met = [(fill.maker, fill.lots) for fill in found.fills] + [(own, 0) for own in found.cancelled]
        met.sort(key=lambda each: (self.question.yes_ticks(order.outcome, each[0].price_ticks), each[0].priority))
        fills: list[Fill[ShareOrder]] = []
        cancelled: list[ShareOrder] = []
        for maker, lots in met:
            cost = self._cost_parts(order, maker.price_ticks)
            payable = left // cost
            if payable and not lots:
                cancelled.append(maker)
            elif payable:
                fills.append(Fill(maker, min(lots, payable), maker.price_ticks))
                left -= min(lots, payable) * cost
            if payable < (lots or 1):
                return Match(fills, cancelled, 0, Stop.FILLED) if fills else None
        return found

    def _cost_parts(self, order: ShareOrder, yes_ticks: int) -> int:
        """What a share costs a taker, with the fee; exact in 10**-8 of a unit."""
        question = self.question
        price = question.yes_ticks(order.outcome, yes_ticks)
        parts: int = question.value(price, 1) * RATE_ONE + question.fee_parts(price, 1, question.taker_rate)
        return parts

    # What happens to orders and shares

    def _trade(self, taker: ShareOrder, fill: Fill[ShareOrder], *, last: bool) -> None:
        """Book one fill on both orders; `last`: it completes the taker."""
        maker, lots, yes_ticks = fill.maker, fill.lots, fill.price_ticks
        question = self.question
        taker.open_lots -= lots
        made = self._execute(maker, lots, yes_ticks, question.maker_rate, complete=not maker.open_lots)
        taken = self._execute(taker, lots, yes_ticks, question.taker_rate, complete=last)
        self.trades += 1
        self.last_price_ticks = yes_ticks
        if self.trail is not None:
            self.trail.add(self._now_ms, yes_ticks * question.tick)
        bids = taker.side is Side.BUY
        kind = kind_of(*((taker, maker) if bids else (maker, taker)))
        buyer, seller = (taken, made) if bids else (made, taken)
        value = question.value(yes_ticks, lots)
        self._events.append(
            TradeMade(self._next_sequence(), self.trades, yes_ticks, lots, value, taker.side, buyer, seller, kind)
        )

    def _execute(self, order: ShareOrder, lots: int, yes_ticks: int, rate: int, *, complete: bool) -> Execution:
        """Fill one side: charge the fee, hand over shares, let go of what is paid and saved."""
        question = self.question
        price = question.yes_ticks(order.outcome, yes_ticks)
        value = question.value(price, lots)
        order.fee_parts += question.fee_parts(price, lots, rate)
        charged = divide_up(order.fee_parts, RATE_ONE)
        fee, order.fee = charged - order.fee, charged
        order.filled_lots += lots
        order.filled_value += value
        order.updated_ms = self._now_ms
        order.advance(OrderEvent.LAST_FILL if complete else OrderEvent.FILL)
        holding = self.holdings.of(order.account_id)
        holding.fees += fee
        if order.buys:
            holding.receive(order.outcome, lots)
        else:
            holding.receive(order.outcome, -lots)
            holding.offer(order.outcome, -lots)
        unheld = self._unheld(order, value + fee, complete=complete)
        order.held -= unheld
        return Execution(order.order_id, order.account_id, fee, unheld, order.standing())

    def _unheld(self, order: ShareOrder, paid: int, *, complete: bool) -> int:
        """By how much a fill lowers the order's hold."""
        if complete or not order.buys:
            return order.held
        return paid if order.terms.price_ticks is None else order.held - order.need(self.question)

    def _close(self, order: ShareOrder, reason: CloseReason) -> None:
        self._offer(order, -order.open_lots)
        super()._close(order, reason)

    def _offer(self, order: ShareOrder, lots: int) -> None:
        """Bind the shares of an order to sell; below zero: unbind them."""
        if not order.buys:
            self.holdings.of(order.account_id).offer(order.outcome, lots)


def kind_of(bid: ShareOrder, ask: ShareOrder) -> TradeKind:
    """What two orders that meet do to shares."""
    sides = (bid.terms.side, bid.outcome), (ask.terms.side, ask.outcome)
    return KINDS[sides]
