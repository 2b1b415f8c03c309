"""Matches and their accumulators as a whole exchange: the harness of tests/engine/betting, and one market more.

The ledger's facts are told as its actor tells them: after each commit, to those whom they concern. With `late` they
wait until `hear`; meanwhile everybody goes on with what was told before.
"""

from collections import deque
from typing import Any

from msgspec.structs import replace

from engine.accumulators.audit import audit
from engine.accumulators.bookkeeping import check
from engine.accumulators.commands import (
    AccumulatorsStand,
    ClaimAccumulator,
    EnterAccumulator,
    FundAccumulators,
    LegAsked,
    MoveFunds,
    PlaceAccumulator,
    ReturnFunds,
)
from engine.accumulators.market import ODDS_MAX, PART_MAX, AccumulatorMarket
from engine.accumulators.pool import Pool
from engine.accumulators.terms import Accumulators
from engine.betting.audit import audit as audit_match
from engine.betting.facts import LegPaid, MatchFacts, facts_of_asset, match_facts
from engine.ledger.accumulators import AccumulatorRecord
from engine.ledger.bets import Acceptance
from engine.ledger.chart import HOUSE, pool_of
from engine.ledger.journal import Part, PartRefused
from engine.ledger.page import Page
from engine.products import ACCUMULATORS, STAKINGS
from engine.refusals import Refused
from engine.trading.commands import MarketChanged
from tests.engine.betting import harness as betting
from tests.engine.betting.harness import ASSET, hundredths
from tests.engine.exchange import Answer
from tests.engine.ledger.tables import without_results


class Harness(betting.Harness):
    """Has the methods of NaiveAccumulators."""

    def __init__(
        self, *, part_max: int = PART_MAX, crashes: bool = False, works: bool = True, odds_max: int = ODDS_MAX
    ) -> None:
        super().__init__(part_max=part_max, crashes=crashes, works=works)
        self.odds_max = odds_max
        self.late = False
        self.mail: deque[tuple[int, MatchFacts | LegPaid]] = deque()  # to which market, what: told, but not heard yet
        self.list_market(ACCUMULATORS, ASSET, Accumulators(ASSET))

    @property
    def accumulators(self) -> AccumulatorMarket:
        market: Any = self.markets[ASSET]
        assert isinstance(market, AccumulatorMarket)
        return market

    def market(self, market_id: int) -> Any:
        record = self.books.markets[market_id]
        if record.product != ACCUMULATORS:
            return super().market(market_id)
        balance = self.tables.balances.get((pool_of(market_id), ASSET))
        pool = Pool(0 if balance is None else balance.total, self.tables.open_accumulators(market_id))
        facts = facts_of_asset(Page(self.books), ASSET)
        market = AccumulatorMarket(record, pool, facts, odds_max=self.odds_max, part_max=self.part_max)
        market.begin(self.now_ms)
        return market

    def restart(self) -> None:
        self.mail.clear()
        super().restart()

    # Accumulators

    def accumulate(self, account: str, asked: list[tuple[str, int, str]], stake: int, accept: str = "exact") -> Answer:
        self.wait(1)
        account_id = self.account_id(account)
        legs = tuple(LegAsked(self.markets[name].market_id, number, hundredths(odds)) for name, number, odds in asked)
        bet_id = self._last_order_id + 1
        bet = PlaceAccumulator(account_id, ASSET, legs, stake, Acceptance(accept), f"a{bet_id}")
        if (refused := STAKINGS[PlaceAccumulator].refuse(bet)) is not None:
            return self._refusal(ASSET, refused)
        if stake > self.funds.available(account_id, ASSET):
            return {"code": "INSUFFICIENT_FUNDS"}
        self.funds.hold(account_id, ASSET, stake)
        answer = self.accumulators.place(EnterAccumulator(bet_id, bet))
        self.funds.release(account_id, ASSET, stake)
        if isinstance(answer, Refused):
            return self._refusal(ASSET, answer)
        self._last_order_id = bet_id
        self.commit(self.accumulators)
        assert not answer.repeated
        assert without_results(self.tables.accumulator(bet_id)) == answer.accumulator
        return self._view_of(self.tables.accumulator(bet_id))

    def claim_accumulator(self, account: str, number: int) -> Answer:
        self.wait(1)
        if number not in self.tables.accumulators:
            return {"code": "NOT_FOUND"}
        row = self.tables.accumulator(number)
        answer = self.accumulators.claim(ClaimAccumulator(self.account_id(account), ASSET, number))
        if isinstance(answer, Refused):
            if row.payout is not None and row.account_id == self.account_id(account):
                code = "ALREADY_CLAIMED" if row.payout else "NOTHING_TO_CLAIM"
                assert answer.code.value in (code, "NOT_FOUND")  # it may be forgotten; its row says what it is
                return {"code": code}
            return self._refusal(ASSET, answer)
        self.commit(self.accumulators)
        assert self.tables.accumulator(number) == answer.accumulator
        self._work(ASSET)
        return self._view_of(answer.accumulator)

    # The house

    def fund_accumulators(self, actor: str, amount: int) -> Answer:
        return self._move_funds(FundAccumulators(ASSET, self.account_id(actor), amount))

    def return_funds(self, actor: str, amount: int) -> Answer:
        return self._move_funds(ReturnFunds(ASSET, self.account_id(actor), amount))

    def suspend_accumulators(self, _actor: str) -> Answer:
        self.wait(1)
        return self._changed(self.accumulators.halt())

    def resume_accumulators(self, _actor: str) -> Answer:
        self.wait(1)
        return self._changed(self.accumulators.resume())

    # What can be seen

    def stand(self) -> Answer:
        pool = self.accumulators.pool
        return {
            "state": self.accumulators.state.value,
            "pool": pool.money,
            "liability": pool.liability,
            "open": len(pool.open),
        }

    def all_accumulators(self) -> list[Answer]:
        return [self._view_of(self.tables.accumulator(bet_id)) for bet_id in self.tables.accumulators]

    # Facts

    def write(self, part: Part) -> Page:
        page = super().write(part)
        for market_id in page.betting.news:
            facts = match_facts(page, market_id)
            assert facts == match_facts(Page(self.books), market_id)
            self.mail.append((self.accumulators.market_id, facts))
        for accumulator in page.betting.accumulators.values():
            for leg in accumulator.legs if accumulator.payout else ():
                self.mail.append((leg.market_id, LegPaid(accumulator.bet_id, leg.option_number)))
        if not self.late:
            self._deliver(len(self.mail))
        return page

    def hear(self, count: int | None = None) -> None:
        """The oldest of the facts that wait arrive, or all, and what follows from them is done."""
        self._deliver(len(self.mail) if count is None else min(count, len(self.mail)))
        self.check()
        self._work(ASSET)

    def _deliver(self, count: int) -> None:
        for _ in range(count):
            market_id, fact = self.mail.popleft()
            market: Any = next(market for market in self.markets.values() if market.market_id == market_id)
            if isinstance(fact, MatchFacts):
                market.learn(fact)
            else:
                market.note_paid_leg(fact)

    def commit(self, market: Any) -> None:
        """Write what a market has decided; what a match makes final may close accumulators.

        A part that the ledger refuses has no effect; its market, which did not know better, is made anew.
        """
        try:
            super().commit(market)
        except PartRefused:
            name = self.books.markets[market.market_id].name
            self.markets[name] = self.market(market.market_id)
            self.markets[name].begin(self.now_ms)
            self.check()
            raise
        if not isinstance(market, AccumulatorMarket):
            self._work(ASSET)

    # What must hold

    def check_market(self, market: Any) -> None:
        if isinstance(market, AccumulatorMarket):
            self._check_accumulators(market)
        elif self.mail:
            audit_match(market)
        else:
            super().check_market(market)

    def _check_accumulators(self, market: AccumulatorMarket) -> None:
        audit(market)
        check(Page(self.books), market.market_id)
        assert market.pool.money == self.books.balance(pool_of(market.market_id), ASSET)[0]
        assert market.pool.liability == Page(self.books).betting.liability(market.market_id)
        if not self.mail:
            assert shown(market) == shown(self.market(market.market_id))

    def check_streams(self, market: Any) -> None:
        if not isinstance(market, AccumulatorMarket):
            super().check_streams(market)

    # How it is done

    def _move_funds(self, command: MoveFunds) -> Answer:
        self.wait(1)
        if command.house_pays > self.funds.available(HOUSE, ASSET):
            return {"code": "INSUFFICIENT_FUNDS"}
        market = self.accumulators
        answer = market.fund(command) if isinstance(command, FundAccumulators) else self._give_back(command)
        return self._changed(answer)

    def _give_back(self, command: MoveFunds) -> AccumulatorsStand | Refused:
        assert isinstance(command, ReturnFunds)
        return self.accumulators.give_back(command)

    def _changed(self, answer: AccumulatorsStand | MarketChanged | Refused) -> Answer:
        if isinstance(answer, Refused):
            return self._refusal(ASSET, answer)
        self.commit(self.accumulators)
        stand = self.stand()
        assert (answer.name, answer.state.value) == (ASSET, stand["state"])
        if isinstance(answer, AccumulatorsStand):
            assert (answer.money, answer.liability, answer.open) == (stand["pool"], stand["liability"], stand["open"])
        return stand

    def _refusal(self, name: str, refused: Refused) -> Answer:
        answer = super()._refusal(name, refused)
        if "legs" in answer:
            answer["legs"] = [(self._name(leg["marketId"]), leg["option"], leg["odds"]) for leg in answer["legs"]]
        return answer

    def _name(self, market_id: int) -> str:
        return self.books.markets[market_id].name

    def _view_of(self, accumulator: AccumulatorRecord) -> Answer:
        return {
            "betId": accumulator.bet_id,
            "account": self.account_name(accumulator.account_id),
            "legs": [
                {
                    "match": self._name(leg.market_id),
                    "option": leg.option_number,
                    "odds": leg.odds,
                    "asked": leg.odds_asked,
                    "result": None if leg.result is None else leg.result.value,
                }
                for leg in accumulator.legs
            ],
            "stake": accumulator.stake,
            "accept": accumulator.accept.value,
            "most": accumulator.max_payout,
            "potential": accumulator.potential_payout,
            "payout": accumulator.payout,
        }


def shown(market: AccumulatorMarket) -> dict[str, object]:
    """What the market knows; of a match that never told anything, nothing. Of those it doubts, who is lost."""
    pool, matches = market.pool, market.matches.values()
    return {
        "row": (market.state, market.sequence),
        "pool": (pool.money, pool.liability, pool.free),
        "open": {bet_id: without_results(accumulator) for bet_id, accumulator in pool.open.items()},
        "lost": {bet_id for bet_id in market.doubtful if market.worth_at_most(pool.open[bet_id]) == 0},
        "due": market.due_ms,
        "matches": {facts.market_id: replace(facts, sequence=0) for facts in matches if facts.shown.number},
    }
