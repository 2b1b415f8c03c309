"""The reads of single bets, in memory."""

from collections import Counter

import trio

from engine.betting.lifecycle import read_standing
from engine.ledger.bets import BetRecord, OptionRecord, Result
from engine.ledger.records import MarketState
from engine.products import BETTING
from storage.interface import BetFilter
from storage.memory.queries import MemoryQueries


class MemoryBettingReader(MemoryQueries):
    """The part of a Reader that betting asks for, on dicts."""

    async def bet(self, bet_id: int) -> BetRecord | None:
        await trio.lowlevel.checkpoint()
        bet = self._tables.bets.get(bet_id)
        return bet and self._with_result(bet)

    async def bet_by_client_id(self, account_id: int, client_bet_id: str) -> BetRecord | None:
        await trio.lowlevel.checkpoint()
        bet_id = self._tables.bets_by_client_id.get((account_id, client_bet_id))
        return None if bet_id is None else self._with_result(self._tables.bets[bet_id])

    async def bets(self, which: BetFilter) -> tuple[list[BetRecord], int]:
        await trio.lowlevel.checkpoint()
        found = [
            bet
            for bet in self._bets(account_id=which.account_id, market_id=which.market_id)
            if which.settled in (None, bet.result is not None)
        ]
        return found[::-1][which.offset : which.offset + which.limit], len(found)

    async def bets_after(self, bet_id: int, limit: int) -> list[BetRecord]:
        await trio.lowlevel.checkpoint()
        return [bet for bet in self._bets() if bet.bet_id > bet_id][:limit]

    async def unclaimed_bets(self, market_id: int | None = None) -> list[BetRecord]:
        await trio.lowlevel.checkpoint()
        options = self._tables.options
        claims = self._claims()
        final = {
            (option.market_id, option.group_number)
            for key, option in options.items()
            if key in claims or self._is_final(option.market_id)
        }
        return [
            bet
            for bet in self._bets(market_id=market_id)
            if bet.payout is None
            and (option := options.get((bet.market_id, bet.option_number))) is not None
            and not (bet.result is Result.LOSS and (bet.market_id, option.group_number) in final)
        ]

    async def claimed_bets(self, market_id: int) -> list[BetRecord]:
        await trio.lowlevel.checkpoint()
        return [bet for bet in self._bets(market_id=market_id) if bet.payout is not None]

    async def claim_counts(self) -> dict[tuple[int, int], int]:
        await trio.lowlevel.checkpoint()
        return dict(self._claims())

    async def options(self, market_id: int | None = None) -> list[OptionRecord]:
        await trio.lowlevel.checkpoint()
        return [option for key, option in sorted(self._tables.options.items()) if market_id in (None, key[0])]

    def _is_final(self, market_id: int) -> bool:
        """Whether an administrator has said that a match's settlement stands."""
        market = self._tables.markets.get(market_id)
        return (
            market is not None
            and market.product == BETTING
            and market.state is MarketState.SETTLED
            and read_standing(market.standing).final
        )

    def _claims(self) -> Counter[tuple[int, int]]:
        """How many of what was paid are on each option."""
        claims = Counter((bet.market_id, bet.option_number) for bet in self._bets() if bet.payout is not None)
        claims.update((leg.market_id, leg.option_number) for leg in self._paid_legs())
        return claims
