"""The half of the naive prediction markets that trades: money, orders, shares."""

from collections import defaultdict
from decimal import Decimal
from fractions import Fraction
from math import floor
from typing import Any

from tests.reference.naive_prediction_order import (
    PAIR,
    QUANTITY_MAX,
    Answer,
    Order,
    Terms,
    Walk,
    cents,
    dollars,
    in_cents,
)

FILLS_MAX = 1_000
DAY_MS = 24 * 3_600_000


class Question:
    """One market: who waits, who has which shares, and how far it is on its way to an answer."""

    def __init__(self, number: int, name: str, terms: Terms) -> None:
        self.number = number
        self.name = name
        self.terms = terms
        self.state = "open"
        self.orders: list[Order] = []  # that wait
        self.shares: defaultdict[str, dict[str, int]] = defaultdict(lambda: {"YES": 0, "NO": 0})
        self.costs: defaultdict[str, dict[str, int]] = defaultdict(lambda: {"YES": 0, "NO": 0})
        self.realized: defaultdict[str, int] = defaultdict(int)
        self.fees: defaultdict[str, int] = defaultdict(int)
        self.pool = 0
        self.prices: list[tuple[int, int]] = []  # of YES, and since when
        self.stopped_ms: int | None = None
        self.forget()

    def forget(self) -> None:
        """Stand as if nobody had ever given an answer."""
        self.outcome: str | None = None
        self.approved: tuple[str, str] | None = None  # by whom, and what
        self.challenge_until_ms = 0
        self.yes_pays: int | None = None
        self.frees_ms = 0
        self.payouts: dict[str, tuple[int, int]] = {}  # for the shares, and fees given back

    def offered(self, account: str, outcome: str) -> int:
        return sum(o.remaining for o in self.orders if (o.account, o.outcome, o.side) == (account, outcome, "sell"))

    def average(self, end_ms: int) -> int:
        """The price of YES over the day before, each for as long as it stood; rounded half up.

        The last price of each second counts, from the second's start on.
        """
        if not self.prices:
            return PAIR // 2
        prices = list({since // 1_000 * 1_000: price for since, price in self.prices}.items())
        since = end_ms - DAY_MS
        ends = [start for start, _ in prices[1:]] + [end_ms]
        spans = [(price, end - max(start, since)) for (start, price), end in zip(prices, ends, strict=True)]
        stood = [(price, ms) for price, ms in spans if ms > 0]
        if not stood:
            return prices[-1][1]
        exact = Fraction(sum(price * ms for price, ms in stood), sum(ms for _, ms in stood))
        return floor(exact + Fraction(1, 2))

    def pays(self, outcome: str | None, now_ms: int) -> int:
        """What a share of YES is paid for an answer; None: for none."""
        if outcome is not None:
            return PAIR if outcome == "YES" else 0
        return PAIR // 2 if self.terms.void == "equal" else self.average(self.stopped_ms or now_ms)

    def owed(self, outcome: str | None, now_ms: int) -> dict[str, tuple[int, int]]:
        """What everybody gets for an answer, and which fees come back."""
        yes = self.pays(outcome, now_ms)
        found = {}
        for account in sorted(self.shares):
            has, refund = self.shares[account], self.fees[account] if outcome is None else 0
            if has["YES"] or has["NO"] or refund:
                found[account] = (has["YES"] * yes + has["NO"] * (PAIR - yes), refund)
        return found


class NaiveTrading:
    """All questions and all accounts."""

    def __init__(self, fills_max: int) -> None:
        self.fills_max = fills_max
        self.now_ms = 1_700_000_000_000
        self.questions: dict[str, Question] = {}
        self.totals: defaultdict[str, int] = defaultdict(int)
        self.orders: dict[int, Order] = {}
        self.markets: dict[int, Question] = {}  # of each order
        self.trades: list[Answer] = []
        self.logs: list[Answer] = []

    def list_question(
        self,
        name: str,
        *,
        tick: str = "0.1",
        maker_rate: str = "0",
        taker_rate: str = "0",
        void: str = "equal",
        lasts_ms: int = 30 * DAY_MS,
    ) -> None:
        ends_ms = self.now_ms + lasts_ms
        terms = Terms(tick=tick, maker_rate=maker_rate, taker_rate=taker_rate, void=void, ends_ms=ends_ms)
        self.questions[name] = Question(len(self.questions) + 1, name, terms)

    # Money

    def deposit(self, account: str, trans_id: str, _asset: str, amount: str) -> Answer:
        self.wait(1)
        self._post(account, int(Decimal(amount) * PAIR), "deposit", trans_id)
        return {"balance": dollars(self.totals[account])}

    def balances(self, account: str) -> dict[str, tuple[str, str]]:
        total, frozen = self.totals[account], self._frozen(account)
        return {"USD": (dollars(total - frozen), dollars(frozen))} if total else {}

    def _post(self, account: str, amount: int, change: str, trans_id: str) -> None:
        """The one place where money moves."""
        before = self.totals[account]
        self.totals[account] += amount
        self.logs.append(
            {
                "account": account,
                "asset": "USD",
                "changeType": change,
                "amount": dollars(amount),
                "before": dollars(before),
                "after": dollars(before + amount),
                "transId": trans_id,
            }
        )

    def _frozen(self, account: str) -> int:
        frozen = 0
        for question in self.questions.values():
            frozen += sum(order.held for order in question.orders if order.account == account)
            if question.state != "final":
                frozen += sum(question.payouts.get(account, (0, 0)))
        return frozen

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
        """The order as it stands after matching, or the code of its refusal."""
        self.wait(1)
        question = self.questions[market]
        content: dict[str, Any] = {
            "side": side,
            "outcome": outcome,
            "type": kind,
            "quantity": quantity,
            "time_in_force": time_in_force or ("GTC" if kind == "limit" else "IOC"),
            "post_only": post_only,
            "self_trade_prevention": self_trade_prevention,
        }
        if malformed(content, price):
            return {"code": "MALFORMED"}
        limit = None if price is None else cents(price)
        if price is not None and (limit is None or not 0 < limit < PAIR):
            return {"code": "MALFORMED"}
        if limit is not None and limit % question.terms.tick:
            return {"code": "OFF_TICK"}
        order = Order(account, question.terms, content, limit)
        code = self._unpaid(order) or self._place(question, order)
        return {"code": code} if code else order.view()

    def cancel(self, account: str, order_id: int) -> Answer:
        self.wait(1)
        order = self.orders.get(order_id)
        if order is None or account != order.account:
            return {"code": "NOT_FOUND"}
        if order.state == "filled":
            return {"code": "ALREADY_FILLED"}
        self._end(self.markets[order_id], order, "cancelled")
        return order.view()

    def order(self, order_id: int) -> Answer:
        return self.orders[order_id].view()

    def queue(self, market: str, side: str) -> list[Answer]:
        """Who waits, as the book of YES shows it: who bids for it, or asks for it."""
        bids = [order for order in self.questions[market].orders if bids_for_yes(order) == (side == "buy")]
        return [order.view() for order in sorted(bids, key=place_in_line)]

    def _unpaid(self, order: Order) -> str | None:
        """Whether a buyer has what must be held; for a market order, what there is will do, if there is any."""
        available = self.totals[order.account] - self._frozen(order.account)
        if order.side == "buy" and (available < order.held if order.price is not None else not available):
            return "INSUFFICIENT_FUNDS"
        return None

    def _place(self, question: Question, order: Order) -> str | None:
        """Decide first, then do it."""
        if question.state == "halted":
            return "MARKET_HALTED"
        if question.state != "open":
            return "MARKET_CLOSED"
        mine = question.shares[order.account][order.outcome] - question.offered(order.account, order.outcome)
        if order.side == "sell" and order.quantity > mine:
            return "INSUFFICIENT_SHARES"
        available = self.totals[order.account] - self._frozen(order.account)
        walk = Walk(order, question.orders, min(available, PAIR * order.quantity), self.fills_max)
        if order.content["post_only"] and walk.line:
            return "WOULD_CROSS"
        why = walk.go()
        if why == "unpaid" and not walk.fills:
            return "INSUFFICIENT_FUNDS"
        if order.content["time_in_force"] == "FOK" and why != "filled":
            return "CANNOT_FILL"

        order.number = len(self.orders) + 1
        self.orders[order.number] = order
        self.markets[order.number] = question
        for own in walk.giving_way:
            self._end(question, own, "cancelled")
        for price, maker, quantity in walk.fills:
            self._trade(question, order, maker, price, quantity)
        if why == "filled":
            order.ended = "filled"
        elif why == "nobody" and order.content["time_in_force"] == "GTC":
            question.orders.append(order)
        else:
            order.ended = "cancelled"
        return None

    def _trade(self, question: Question, taker: Order, maker: Order, price: int, quantity: int) -> None:
        """Each side at the price of its own share, which is the one that the maker asked for."""
        assert maker.price is not None
        if taker.side == maker.side:
            kind = "mint" if taker.side == "buy" else "merge"
        else:
            kind = "transfer" if taker.outcome == "YES" else "transfer_no"
        trade_id = str(len(self.trades) + 1)
        fees = {}
        for order, own_price, role in ((taker, price, "taker"), (maker, maker.price, "maker")):
            value, fee = order.fill(own_price, quantity, role)
            fees[order.number] = fee
            paid = value if order.side == "buy" else -value
            self._post(order.account, -paid, kind if taker.side == maker.side else "trade", trade_id)
            question.pool += paid
            if fee:
                self._post(order.account, -fee, "fee", trade_id)
                self._post("fees", fee, "fee", trade_id)
            question.fees[order.account] += fee
            self._hand_over(question, order, quantity, value)
        if not maker.remaining:
            self._end(question, maker, "filled")
        yes_price = price if taker.outcome == "YES" else PAIR - price
        question.prices.append((self.now_ms, yes_price))
        bid, ask = (taker, maker) if bids_for_yes(taker) else (maker, taker)
        self.trades.append(
            {
                "tradeId": int(trade_id),
                "market": question.name,
                "kind": kind,
                "yesPrice": in_cents(yes_price),
                "quantity": quantity,
                "bidId": bid.number,
                "askId": ask.number,
                "takerBids": bid is taker,
                "bidFee": dollars(fees[bid.number]),
                "askFee": dollars(fees[ask.number]),
            }
        )

    def _hand_over(self, question: Question, order: Order, quantity: int, value: int) -> None:
        """Shares, and what those that are left have cost on the average."""
        shares, costs = question.shares[order.account], question.costs[order.account]
        if order.side == "buy":
            shares[order.outcome] += quantity
            costs[order.outcome] += value
        else:
            gone = costs[order.outcome] * quantity // shares[order.outcome]
            shares[order.outcome] -= quantity
            costs[order.outcome] -= gone
            question.realized[order.account] += value - gone

    def _end(self, question: Question, order: Order, how: str) -> None:
        if order in question.orders:
            question.orders.remove(order)
        order.ended = order.ended or how

    def wait(self, ms: int) -> None:
        """Let time pass."""
        self.now_ms += ms

    # Who has what

    def holding(self, market: str, account: str) -> Answer:
        question = self.questions[market]
        payout = question.payouts.get(account)
        paid, refund = payout or (0, 0)
        return {
            **question.shares[account],
            "yesCost": dollars(question.costs[account]["YES"]),
            "noCost": dollars(question.costs[account]["NO"]),
            "realized": dollars(question.realized[account]),
            "fees": dollars(question.fees[account]),
            "payout": None if payout is None else dollars(paid),
            "refund": dollars(refund),
            "payoutHeld": dollars(0 if question.state == "final" else paid + refund),
        }

    def pool(self, market: str) -> str:
        return dollars(self.questions[market].pool)


def malformed(content: dict[str, Any], price: str | None) -> bool:
    """Something that can't be asked of an order of this type; or no quantity, or too much of it."""
    limit, time_in_force = content["type"] == "limit", content["time_in_force"]
    if not 0 < content["quantity"] <= QUANTITY_MAX or limit != (price is not None):
        return True
    rests = limit and time_in_force == "GTC"
    return (content["post_only"] and not rests) or (not limit and time_in_force == "GTC")


def bids_for_yes(order: Order) -> bool:
    return (order.side == "buy") == (order.outcome == "YES")


def place_in_line(order: Order) -> tuple[int, int]:
    """The price of YES that is best for who meets it first, and at one price the first come."""
    assert order.price is not None
    yes_price = order.price if order.outcome == "YES" else PAIR - order.price
    return (-yes_price if bids_for_yes(order) else yes_price, order.number)
