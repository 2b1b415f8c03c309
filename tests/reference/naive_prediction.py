"""The twin of all prediction markets: the rules as one would explain them, over whole numbers, dicts and sorted lists.

Text goes in and text comes out. Nothing is kept that could be added up again: what an account has frozen is the sum
over its open orders and held payouts, whenever it is asked. It shares no code with the engine.

    answer = exchange.place("ann", "rain", "buy", "YES", "limit", price="60", quantity=3)
    answer -> the order as a dict, or {"code": "INSUFFICIENT_FUNDS"}

A question goes: open (or halted), closed, proposed (or proposed anew), disputed if somebody who holds shares says so,
then resolved or void, which pays everybody at once and holds it for a while; final. As long as it is held, all can be
taken back.
"""

from tests.reference.naive_prediction_order import Answer, dollars
from tests.reference.naive_prediction_trading import DAY_MS, FILLS_MAX, NaiveTrading, Question

TRADING = ("open", "halted")
DECIDED = ("resolved", "void", "final")


class NaivePredictions(NaiveTrading):
    """How a question comes to its answer, and what that pays."""

    def __init__(
        self,
        *,
        challenge_ms: int = DAY_MS,
        payout_window_ms: int = 3_600_000,
        approvals: int = 1,
        fills_max: int = FILLS_MAX,
    ) -> None:
        super().__init__(fills_max)
        self.challenge_ms = challenge_ms
        self.payout_window_ms = payout_window_ms
        self.approvals = approvals

    def wait(self, ms: int) -> None:
        """Let time pass, and do what is due by then."""
        super().wait(ms)
        for question in self.questions.values():
            if question.state in TRADING and self.now_ms >= question.terms.ends_ms:
                self._stop(question, question.terms.ends_ms)
                self._leave_trading(question, "closed")
            elif question.state == "proposed" and self.approvals == 1 and self.now_ms >= question.challenge_until_ms:
                self._decide(question, question.outcome)
            if question.state in ("resolved", "void") and self.now_ms >= question.frees_ms:
                question.state = "final"

    def halt(self, market: str, _actor: str) -> Answer:
        question = self.questions[market]
        if question.state == "open":
            self._stop(question, self.now_ms)
            question.state = "halted"
        return self._told(question, question.state == "halted")

    def resume(self, market: str, _actor: str) -> Answer:
        question = self.questions[market]
        if question.state == "halted":
            question.state, question.stopped_ms, question.approved = "open", None, None
        return self._told(question, question.state == "open")

    def close(self, market: str, _actor: str) -> Answer:
        question = self.questions[market]
        possible = question.state in TRADING
        if possible:
            self._stop(question, self.now_ms)
            self._leave_trading(question, "closed")
        return self._told(question, possible)

    def propose(self, market: str, actor: str, outcome: str) -> Answer:
        question = self.questions[market]
        possible = question.state in ("halted", "closed", "proposed")  # if it is proposed, this one takes its place
        if possible:
            self._leave_trading(question, "proposed")
            question.outcome = outcome
            question.approved = (actor, outcome)
            question.challenge_until_ms = self.now_ms + self.challenge_ms
        return self._told(question, possible)

    def dispute(self, market: str, actor: str) -> Answer:
        question = self.questions[market]
        if question.state != "proposed" or self.now_ms >= question.challenge_until_ms:
            return {"code": "CONFLICT"}
        if not any(question.shares[actor].values()):
            return {"code": "FORBIDDEN"}
        question.state, question.approved = "disputed", None
        return self._told(question, True)

    def resolve(self, market: str, actor: str, outcome: str) -> Answer:
        question = self.questions[market]
        confirms = self.now_ms >= question.challenge_until_ms and outcome == question.outcome
        if question.state == "disputed" or (question.state == "proposed" and confirms):
            return self._approve(question, actor, outcome)
        return {"code": "CONFLICT"}

    def void(self, market: str, actor: str) -> Answer:
        question = self.questions[market]
        if question.state in ("halted", "closed", "proposed", "disputed"):
            return self._approve(question, actor, None)
        return {"code": "CONFLICT"}

    def roll_back(self, market: str, _actor: str) -> Answer:
        question = self.questions[market]
        possible = question.state in ("resolved", "void") and self.now_ms < question.frees_ms
        if possible:
            self._pay(question, -1)
            question.state = "closed"
            question.forget()
        return self._told(question, possible)

    def void_and_roll_back(self, market: str, actor: str, _parts: int) -> Answer:
        """However far the payments had come."""
        self.void(market, actor)
        self.roll_back(market, actor)
        return self.standing(market)

    def plan(self, market: str, outcome: str | None) -> Answer:
        question = self.questions[market]
        if question.state in DECIDED:
            return {"code": "CONFLICT"}
        owed = question.owed(outcome, self.now_ms)
        return {
            "yesPays": dollars(question.pays(outcome, self.now_ms)),
            "pool": dollars(question.pool),
            "payouts": {
                account: (*question.shares[account].values(), dollars(payout), dollars(refund))
                for account, (payout, refund) in owed.items()
            },
        }

    def standing(self, market: str) -> Answer:
        question = self.questions[market]
        return {
            "state": question.state,
            "outcome": question.outcome,
            "approved": None if question.approved is None else question.approved[1],
            "yesPays": None if question.yes_pays is None else dollars(question.yes_pays),
        }

    def _told(self, question: Question, done: bool) -> Answer:
        return self.standing(question.name) if done else {"code": "CONFLICT"}

    def _stop(self, question: Question, at_ms: int) -> None:
        if question.state == "open":
            question.stopped_ms = at_ms

    def _leave_trading(self, question: Question, state: str) -> None:
        question.state = state
        for order in list(question.orders):
            self._end(question, order, "cancelled")

    def _approve(self, question: Question, actor: str, outcome: str | None) -> Answer:
        """If the operator wants two administrators, the first one only says so."""
        wanted = outcome or "VOID"
        if self.approvals == 2 and question.approved == (actor, wanted):
            return {"code": "CONFLICT"}
        if self.approvals == 2 and (question.approved is None or question.approved[1] != wanted):
            question.approved = (actor, wanted)
        else:
            self._decide(question, outcome)
        return self._told(question, True)

    def _decide(self, question: Question, outcome: str | None) -> None:
        self._leave_trading(question, "void" if outcome is None else "resolved")
        if question.approved is not None and question.approved[1] != (outcome or "VOID"):
            question.approved = None
        question.outcome = outcome
        question.yes_pays = question.pays(outcome, self.now_ms)
        question.frees_ms = self.now_ms + self.payout_window_ms
        question.payouts = question.owed(outcome, self.now_ms)
        self._pay(question, 1)

    def _pay(self, question: Question, sign: int) -> None:
        for account, (payout, refund) in question.payouts.items():
            for source, amount, word in (("pool", payout, "payout"), ("fees", refund, "refund")):
                if amount:
                    self._post(account, sign * amount, word, f"market-{question.number}")
                    if source == "fees":
                        self._post("fees", -sign * amount, word, f"market-{question.number}")
            question.pool -= sign * payout
