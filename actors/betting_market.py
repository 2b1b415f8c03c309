"""A match's actor: its odds, its bets, and what time and administrators do to it."""

from typing import Any

from actors.core import Address
from actors.timed_market import TimedMarketActor
from engine.betting.audit import audit
from engine.betting.commands import (
    BetPaid,
    BetTaken,
    ClaimBet,
    EnterBet,
    GetPool,
    MatchStands,
    MoveMatch,
    PoolStands,
)
from engine.betting.facts import LegPaid
from engine.betting.market import BettingMarket
from engine.betting.match import Match
from engine.betting.moves import MOVES
from engine.betting.pool import Pool
from engine.ledger.chart import pool_of
from engine.ledger.records import MarketRecord
from engine.refusals import Refused
from engine.trading.commands import MarketChanged, ResumeMarket


class BettingMarketActor(TimedMarketActor[BettingMarket]):
    """A void match gives its stakes back a part at a time, between other letters."""

    def __init__(self, address: Address, *, match: Match, **rest: Any) -> None:
        super().__init__(address, **rest)
        self._match = match
        self.handlers |= {
            EnterBet: self._place,
            ClaimBet: self._claim,
            GetPool: self._pool,
            LegPaid: self._note_paid_leg,
            **dict.fromkeys(MOVES, self._move),
            ResumeMarket: self._resume,
        }

    async def load(self, record: MarketRecord) -> BettingMarket:
        reader = self._storage.reader
        balances = await reader.balances(pool_of(self._market_id))
        pool = Pool(
            sum(balance.total for balance in balances if balance.asset == self._match.asset),
            options=await reader.options(self._market_id),
            bets=await reader.unclaimed_bets(self._market_id),
            claimed=await reader.claimed_bets(self._market_id),
            legs_paid=await reader.paid_legs(self._market_id),
        )
        return BettingMarket(record, self._match, pool)

    def audit(self) -> None:
        audit(self._market)

    def _place(self, command: EnterBet) -> BetTaken | Refused:
        return self._settle(command.bet_id, self._market.place(command))

    def _claim(self, command: ClaimBet) -> BetPaid | Refused:
        return self._settle(command.command_id, self._market.claim(command))

    def _note_paid_leg(self, paid: LegPaid) -> None:
        self._market.note_paid_leg(paid)

    def _pool(self, _: GetPool) -> PoolStands:
        return PoolStands(self._market.pool.money, self._market.pool.liability)

    def _resume(self, command: ResumeMarket) -> MarketChanged:
        """Nothing to do: a match that was parked is back by now."""
        return self._settle(command.command_id, MarketChanged(self._market.name, self._market.state))

    def _move(self, command: MoveMatch) -> MatchStands | Refused:
        move: Any = MOVES[type(command)]
        answer: MatchStands | Refused = move(self._market, command)
        return self._settle(command.command_id, answer)
