"""The prediction engine as a whole exchange: the markets of tests/engine/exchange.py.

What a market does by itself, as time or a decision asks for it, is done after every command, a part and a commit at a
time; with `crashes`, the market is made anew from the tables before each part.
"""

from engine.amounts import RATE_DECIMALS, parse_decimal
from engine.ledger.assets import PAYOUT_ASSET
from engine.ledger.chart import pool_of
from engine.ledger.records import MarketState, OrderRecord, PositionRecord
from engine.matching.order import SelfTradePrevention, Side
from engine.matching.terms import OrderState, OrderType, Outcome, TimeInForce
from engine.prediction.admission import admit, budget
from engine.prediction.audit import audit
from engine.prediction.commands import (
    CloseQuestion,
    DisputeOutcome,
    GetPayouts,
    PlaceShareOrder,
    ProposeOutcome,
    QuestionStands,
    ResolveQuestion,
    RollBackQuestion,
    VoidQuestion,
)
from engine.prediction.holdings import Holding
from engine.prediction.lifecycle import PAYING, Rules
from engine.prediction.market import PART_MAX, PredictionMarket
from engine.prediction.price_trail import PriceTrail
from engine.prediction.question import PAIR_UNITS, Question, VoidPolicy, make_question
from engine.products import PREDICTION
from engine.refusals import Refused
from engine.trading.commands import EnterOrder, MarketChanged
from engine.trading.events import CloseReason
from engine.trading.market import FILLS_MAX
from tests.engine.exchange import Answer, units
from tests.engine.trading.exchange import TradingExchange

TICKS = {"0.1": 10, "0.01": 1}


class Harness(TradingExchange[PredictionMarket]):
    """Has the methods of NaivePredictions, and `restart`."""

    def __init__(
        self,
        *,
        challenge_ms: int = 24 * 3_600_000,
        payout_window_ms: int = 3_600_000,
        approvals: int = 1,
        fills_max: int = FILLS_MAX,
        part_max: int = PART_MAX,
        crashes: bool = False,
        works: bool = True,
    ) -> None:
        super().__init__(fills_max)
        self.rules = Rules(challenge_ms, payout_window_ms, approvals)
        self.part_max = part_max
        self.crashes = crashes
        self.works = works  # False: a test does the work itself, part by part
        self.refused: Refused | None = None  # the last one

    def list_question(
        self,
        name: str,
        *,
        tick: str = "0.1",
        maker_rate: str = "0",
        taker_rate: str = "0",
        void: str = "equal",
        lasts_ms: int = 30 * 24 * 3_600_000,
    ) -> None:
        question = make_question(
            title=name,
            description="",
            category="",
            resolution_ms=self.now_ms + lasts_ms,
            now_ms=self.now_ms,
            tick_units=TICKS[tick],
            maker_rate=parse_decimal(maker_rate, RATE_DECIMALS),
            taker_rate=parse_decimal(taker_rate, RATE_DECIMALS),
            void_policy=VoidPolicy(void),
        )
        assert isinstance(question, Question), question
        self.list_market(PREDICTION, name, question)

    def market(self, market_id: int) -> PredictionMarket:
        question: Question = self.books.definitions[market_id]
        trades = (trade for trade in self.tables.trades.values() if trade.market_id == market_id)
        return PredictionMarket(
            self.books.markets[market_id],
            question,
            self.rules,
            open_orders=[order for order in self.tables.open_orders() if order.market_id == market_id],
            positions=[row for row in self.tables.open_positions() if row.market_id == market_id],
            trail=PriceTrail((trade.created_ms, trade.price_ticks * question.tick) for trade in trades),
            fills_max=self.fills_max,
            part_max=self.part_max,
        )

    def restart(self) -> None:
        super().restart()
        for name in self.markets:
            self.commit(self._ready(name))

    # Orders

    def place(
        self,
        account: str,
        market: str,
        side: str,
        outcome: str,
        kind: str,
        *,
        quantity: int,
        price: str | None = None,
        time_in_force: str | None = None,
        post_only: bool = False,
        self_trade_prevention: str = "cancel_newest",
    ) -> Answer:
        self.wait(1)
        account_id, into = self.account_id(account), self.markets[market]
        order = PlaceShareOrder(
            account_id,
            market,
            Outcome(outcome),
            Side(side),
            OrderType(kind),
            quantity,
            price,
            None if time_in_force is None else TimeInForce(time_in_force),
            post_only,
            SelfTradePrevention(self_trade_prevention),
        )
        terms = admit(order, into.question)
        if isinstance(terms, Refused):
            return self._refusal(terms)
        hold = budget(terms, into.question, self.funds.available(account_id, PAYOUT_ASSET))
        if hold is None:
            return {"code": "INSUFFICIENT_FUNDS"}
        entered = EnterOrder(self._last_order_id + 1, account_id, None, terms, hold)
        if hold:
            self.funds.hold(account_id, PAYOUT_ASSET, hold)
        answer = into.place(entered)
        if hold:
            self.funds.release(account_id, PAYOUT_ASSET, hold)
        if isinstance(answer, Refused):
            assert not into.take_events(), "a refused order leaves no trace"
            return self._refusal(answer)
        self._last_order_id += 1
        self.commit(into)
        assert self.tables.orders[entered.order_id] == answer.order
        return self._view(answer.order)

    def cancel(self, account: str, order_id: int) -> Answer:
        self.wait(1)
        order = self.tables.orders.get(order_id)
        if order is None or order.account_id != self.account_id(account):
            return {"code": "NOT_FOUND"}
        if order.state is OrderState.FILLED:
            return {"code": "ALREADY_FILLED"}
        if order.state is not OrderState.CANCELLED:
            market = self.markets[self.books.markets[order.market_id].name]
            answer = market.cancel(order_id, CloseReason.CUSTOMER)
            assert not isinstance(answer, Refused)
            self.commit(market)
            assert self.tables.orders[order_id] == answer.order
        return self.order(order_id)

    def order(self, order_id: int) -> Answer:
        return self._view(self.tables.orders[order_id])

    def queue(self, market: str, side: str) -> list[Answer]:
        """Who waits, in terms of YES, in the order in which they would be met."""
        found = self.markets[market]
        return [self._view(order.record(found.market_id)) for order in found.book.queue(Side(side))]

    # The way to an answer

    def halt(self, market: str, actor: str) -> Answer:
        return self._step(market, self._ready(market).halt(self.account_id(actor)))

    def resume(self, market: str, actor: str) -> Answer:
        return self._step(market, self._ready(market).resume(self.account_id(actor)))

    def close(self, market: str, actor: str) -> Answer:
        return self._step(market, self._ready(market).close(CloseQuestion(market, self.account_id(actor))))

    def propose(self, market: str, actor: str, outcome: str) -> Answer:
        command = ProposeOutcome(market, self.account_id(actor), outcome=Outcome(outcome))
        return self._step(market, self._ready(market).propose(command))

    def dispute(self, market: str, actor: str) -> Answer:
        command = DisputeOutcome(market, self.account_id(actor), reason="it was not so")
        return self._step(market, self._ready(market).dispute(command))

    def resolve(self, market: str, actor: str, outcome: str) -> Answer:
        command = ResolveQuestion(market, self.account_id(actor), outcome=Outcome(outcome))
        return self._step(market, self._ready(market).resolve(command))

    def void(self, market: str, actor: str) -> Answer:
        return self._step(market, self._ready(market).void(VoidQuestion(market, self.account_id(actor))))

    def roll_back(self, market: str, actor: str) -> Answer:
        return self._step(market, self._ready(market).roll_back(RollBackQuestion(market, self.account_id(actor))))

    def void_and_roll_back(self, market: str, actor: str, parts: int) -> Answer:
        """A void that is taken back when so many parts of the work are done."""
        self.works = False
        self.void(market, actor)
        while parts and self.go_on(market):
            parts -= 1
        self.roll_back(market, actor)
        self.works = True
        self._work(market)
        return self.standing(market)

    def plan(self, market: str, outcome: str | None) -> Answer:
        """What a decision would pay, by account."""
        plan = self.markets[market].payouts(GetPayouts(None if outcome is None else Outcome(outcome)))
        if isinstance(plan, Refused):
            return {"code": plan.code.value}
        assert sum(row.payout for row in plan.payouts) == plan.pool
        return {
            "yesPays": units(plan.yes_units, PAYOUT_ASSET),
            "pool": units(plan.pool, PAYOUT_ASSET),
            "payouts": {
                self.account_name(row.account_id): (
                    row.yes,
                    row.no,
                    units(row.payout, PAYOUT_ASSET),
                    units(row.refund, PAYOUT_ASSET),
                )
                for row in plan.payouts
            },
        }

    def standing(self, market: str) -> Answer:
        found = self.markets[market]
        resolution = found.resolution
        return {
            "state": found.state.value,
            "outcome": None if resolution.outcome is None else resolution.outcome.value,
            "approved": resolution.approved,
            "yesPays": None if resolution.yes_units is None else units(resolution.yes_units, PAYOUT_ASSET),
        }

    def wait(self, ms: int) -> None:
        """Let time pass, and all markets do what is due by then."""
        super().wait(ms)
        for name in self.markets:
            self._ready(name)
            self.commit(self.markets[name])
            self._work(name)

    def go_on(self, market: str) -> bool:
        """Do one part; False if there was nothing to do."""
        if not self.markets[market].has_work:
            return False
        if self.crashes:
            self.restart()
        self._ready(market).go_on()
        self.commit(self.markets[market])
        return True

    # Who has what

    def holding(self, market: str, account: str) -> Answer:
        """What an account has in a market; nothing, if it never had anything."""
        key = self.markets[market].market_id, self.account_id(account)
        row = self.tables.positions.get(key, PositionRecord(*key))
        return {
            "YES": row.yes,
            "NO": row.no,
            "yesCost": units(row.yes_cost, PAYOUT_ASSET),
            "noCost": units(row.no_cost, PAYOUT_ASSET),
            "realized": units(row.realized, PAYOUT_ASSET),
            "fees": units(row.fees, PAYOUT_ASSET),
            "payout": None if row.payout is None else units(row.payout, PAYOUT_ASSET),
            "refund": units(row.refund, PAYOUT_ASSET),
            "payoutHeld": units(row.payout_held, PAYOUT_ASSET),
        }

    def pool(self, market: str) -> str:
        total, held = self.books.balance(pool_of(self.markets[market].market_id), PAYOUT_ASSET)
        assert not held
        return units(total, PAYOUT_ASSET)

    @property
    def trades(self) -> list[Answer]:
        return [
            {
                "tradeId": trade.trade_id,
                "market": self.books.markets[trade.market_id].name,
                "kind": trade.kind.value,
                "yesPrice": self.books.definitions[trade.market_id].price_text(trade.price_ticks),
                "quantity": trade.quantity_lots,
                "bidId": trade.buy_order_id,
                "askId": trade.sell_order_id,
                "takerBids": trade.taker_side is Side.BUY,
                "bidFee": units(trade.buy_fee, PAYOUT_ASSET),
                "askFee": units(trade.sell_fee, PAYOUT_ASSET),
            }
            for trade in self.tables.trades.values()
            if trade.kind is not None
        ]

    # What must hold

    def check_market(self, market: PredictionMarket) -> None:
        super().check_market(market)
        audit(market)
        market_id = market.market_id
        again = self.market(market_id)
        again._now_ms = market._now_ms
        if market.state is MarketState.FINAL:
            assert self.books.balance(pool_of(market_id), PAYOUT_ASSET) == (0, 0)
            assert market_id not in self.books.shares
            return
        for side in Side:
            queue, queue_again = (list(book.queue(side)) for book in (market.book, again.book))
            assert [o.record(market_id) for o in queue] == [o.record(market_id) for o in queue_again]
        assert shown(market) == shown(again)
        self._check_pool(market)

    def _check_pool(self, market: PredictionMarket) -> None:
        """The pool is what any answer pays, as long as none is given; then what is still to be paid."""
        total, _ = self.books.balance(pool_of(market.market_id), PAYOUT_ASSET)
        rows = [row for row in self.books.positions.values() if row.market_id == market.market_id]
        paid = any(row.payout is not None for row in rows)
        assert not paid or market.state in PAYING or market.resolution.rolling_back
        answers = [market.resolution.yes_units] if paid else range(0, PAIR_UNITS + 1, PAIR_UNITS // 4)
        for yes_units in answers:
            assert yes_units is not None
            unpaid = [row for row in rows if row.payout is None]
            assert total == sum(row.yes * yes_units + row.no * (PAIR_UNITS - yes_units) for row in unpaid)

    # How it is done

    def _ready(self, market: str) -> PredictionMarket:
        found = self.markets[market]
        found.begin(self.now_ms)
        return found

    def _step(self, market: str, answer: QuestionStands | MarketChanged | Refused) -> Answer:
        if isinstance(answer, Refused):
            assert not self.markets[market].take_events(), "a refused step leaves no trace"
            return self._refusal(answer)
        self.commit(self.markets[market])
        state = answer.state
        assert self.books.markets[self.markets[market].market_id].state is state
        if self.works:
            self._work(market)
        return self.standing(market)

    def _work(self, market: str) -> None:
        while self.works and self.go_on(market):
            pass

    def _refusal(self, refused: Refused) -> Answer:
        self.refused = refused
        self.check()
        return {"code": refused.code.value}

    def _view(self, order: OrderRecord) -> Answer:
        question: Question = self.books.definitions[order.market_id]
        assert order.outcome is not None
        assert order.quantity_lots is not None
        return {
            "orderId": order.order_id,
            "account": self.account_name(order.account_id),
            "outcome": order.outcome.value,
            "side": order.side.value,
            "price": None if order.price_ticks is None else question.price_text(order.price_ticks),
            "quantity": order.quantity_lots,
            "state": order.state.value,
            "filled": order.filled_lots,
            "value": units(order.filled_value, PAYOUT_ASSET),
            "remaining": order.quantity_lots - order.filled_lots - order.cancelled_lots,
            "fee": units(order.fee, PAYOUT_ASSET),
            "held": units(order.held, PAYOUT_ASSET),
        }


def shown(market: PredictionMarket) -> dict[str, object]:
    """What a market knows besides its orders; who has nothing and never paid a fee is as good as nobody."""
    return {
        "row": (market.state, market.sequence, market.trades, market.last_price_ticks),
        "resolution": market.resolution,
        "trail": None if market.trail is None else tuple(market.trail._prices),
        "holdings": {account_id: fields(h) for account_id, h in market.holdings if fields(h) != fields(Holding())},
        "work": (market.has_work, market.due_ms),
        "unpaid": [account_id for account_id, _ in market._unpaid],
        "paid": [account_id for account_id, h in market._paid if h.held or market.resolution.rolling_back],
    }


def fields(holding: Holding) -> tuple[object, ...]:
    return tuple(getattr(holding, name) for name in Holding.__slots__)
