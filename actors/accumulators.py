"""The actor of all accumulators of one asset: it hears of matches from the ledger, and asks none of them."""

from typing import Any

from actors.core import Address
from actors.match_facts import FactsWait, GetMatchFacts, MatchNews
from actors.timed_market import TimedMarketActor
from engine.accumulators.audit import audit
from engine.accumulators.commands import (
    AccumulatorPaid,
    AccumulatorsStand,
    AccumulatorTaken,
    ClaimAccumulator,
    EnterAccumulator,
    FundAccumulators,
    GetAccumulators,
    ReturnFunds,
)
from engine.accumulators.market import AccumulatorMarket
from engine.accumulators.pool import Pool
from engine.accumulators.terms import Accumulators
from engine.ledger.chart import pool_of
from engine.ledger.records import MarketRecord
from engine.refusals import Refused
from engine.trading.commands import HaltMarket, MarketChanged, ResumeMarket


class AccumulatorsActor(TimedMarketActor[AccumulatorMarket]):
    """Closes what is lost for good a part at a time, between other letters."""

    def __init__(self, address: Address, *, terms: Accumulators, news: MatchNews, odds_max: int, **rest: Any) -> None:
        super().__init__(address, **rest)
        self._terms = terms
        self._news = news
        self._odds_max = odds_max
        self.handlers |= {
            FactsWait: lambda _: None,
            EnterAccumulator: self._place,
            ClaimAccumulator: self._claim,
            FundAccumulators: self._fund,
            ReturnFunds: self._give_back,
            GetAccumulators: self._stands,
            HaltMarket: self._halt,
            ResumeMarket: self._resume,
        }

    async def load(self, record: MarketRecord) -> AccumulatorMarket:
        """Read what is open; of the facts that wait already, older ones will be passed over."""
        reader = self._storage.reader
        balances = await reader.balances(pool_of(self._market_id))
        pool = Pool(
            sum(balance.total for balance in balances if balance.asset == self._terms.asset),
            await reader.open_accumulators(self._market_id),
        )
        matches = await self._ledger.ask(GetMatchFacts(self._terms.asset))
        return AccumulatorMarket(record, pool, matches, odds_max=self._odds_max)

    def begin(self) -> None:
        """Learn what is new of matches before anything is decided."""
        for facts in self._news.take():
            self._market.learn(facts)
        super().begin()

    def audit(self) -> None:
        audit(self._market)

    def _place(self, command: EnterAccumulator) -> AccumulatorTaken | Refused:
        return self._settle(command.bet_id, self._market.place(command))

    def _claim(self, command: ClaimAccumulator) -> AccumulatorPaid | Refused:
        return self._settle(command.command_id, self._market.claim(command))

    def _fund(self, command: FundAccumulators) -> AccumulatorsStand:
        return self._settle(command.command_id, self._market.fund(command))

    def _give_back(self, command: ReturnFunds) -> AccumulatorsStand | Refused:
        return self._settle(command.command_id, self._market.give_back(command))

    def _stands(self, _: GetAccumulators) -> AccumulatorsStand:
        return self._market.stands()

    def _halt(self, command: HaltMarket) -> MarketChanged:
        return self._settle(command.command_id, self._market.halt())

    def _resume(self, command: ResumeMarket) -> MarketChanged:
        return self._settle(command.command_id, self._market.resume())
