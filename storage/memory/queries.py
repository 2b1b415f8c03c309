"""What the reads in memory share: the tables, and rows with what other tables say of them."""

from msgspec.structs import replace

from engine.ledger.accumulators import AccumulatorRecord, LegRecord
from engine.ledger.bets import BetRecord, Result
from storage.memory.tables import Tables


class MemoryQueries:
    """Reads from the tables."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    def _bets(self, *, account_id: int | None = None, market_id: int | None = None) -> list[BetRecord]:
        """By id."""
        return [
            self._with_result(bet)
            for _, bet in sorted(self._tables.bets.items())
            if account_id in (None, bet.account_id) and market_id in (None, bet.market_id)
        ]

    def _with_result(self, bet: BetRecord) -> BetRecord:
        return replace(bet, result=self._result(bet.market_id, bet.option_number))

    def _accumulators(self) -> list[AccumulatorRecord]:
        """By id."""
        return [self._with_legs(accumulator) for _, accumulator in sorted(self._tables.accumulators.items())]

    def _paid_legs(self) -> list[LegRecord]:
        """Of accumulators that were paid, by accumulator and leg; those lost are closed with a payout of 0."""
        return [
            leg for accumulator in self._accumulators() if (accumulator.payout or 0) > 0 for leg in accumulator.legs
        ]

    def _with_legs(self, accumulator: AccumulatorRecord) -> AccumulatorRecord:
        legs = self._tables.legs.get(accumulator.bet_id, {})
        with_results = (
            replace(leg, result=self._result(leg.market_id, leg.option_number)) for _, leg in sorted(legs.items())
        )
        return replace(accumulator, legs=tuple(with_results))

    def _result(self, market_id: int, option_number: int) -> Result | None:
        option = self._tables.options.get((market_id, option_number))
        return None if option is None else option.result
