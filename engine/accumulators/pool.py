"""What covers the accumulators: their market's money, every one that is open, and what all of them may be paid."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable

from engine.ledger.accumulators import AccumulatorRecord
from engine.ledger.bets import ODDS_ONE, largest_covered


class Pool:
    """Counts; whether something may be done, its market decides. Each is covered in full: nothing is set off."""

    def __init__(self, money: int = 0, accumulators: Iterable[AccumulatorRecord] = ()) -> None:
        self.money = money  # units
        self.liability = 0
        self.open: dict[int, AccumulatorRecord] = {}
        self._on: defaultdict[tuple[int, int], dict[int, None]] = defaultdict(dict)  # ids, by match and option
        self._legs: Counter[int] = Counter()  # how many there are, by match
        for accumulator in accumulators:
            self._count_in(accumulator)

    @property
    def free(self) -> int:
        """What covers nothing."""
        return self.money - self.liability

    def largest_stake(self, odds: Iterable[int]) -> int:
        """The largest stake at these odds, all multiplied, that the pool covers, the stake included."""
        factor, one = 1, 1
        for each in odds:
            factor, one = factor * each, one * ODDS_ONE
        return largest_covered(self.free, factor - one, one)

    def on(self, market_id: int, number: int) -> Collection[int]:
        """The ids of the open ones with a leg on this option, oldest first."""
        return self._on.get((market_id, number), {}).keys()

    def has_legs_on(self, market_id: int) -> bool:
        """Whether any that is open has a leg on this match."""
        return market_id in self._legs

    def take(self, accumulator: AccumulatorRecord) -> None:
        """Take a stake, and cover it."""
        self._count_in(accumulator)
        self.money += accumulator.stake

    def close(self, accumulator: AccumulatorRecord, payout: int) -> None:
        """Pay one, or with 0 let go of it."""
        del self.open[accumulator.bet_id]
        self.money -= payout
        self.liability -= accumulator.max_payout
        for leg in accumulator.legs:
            key = (leg.market_id, leg.option_number)
            del self._on[key][accumulator.bet_id]
            if not self._on[key]:
                del self._on[key]
            self._legs[leg.market_id] -= 1
            if not self._legs[leg.market_id]:
                del self._legs[leg.market_id]

    def _count_in(self, accumulator: AccumulatorRecord) -> None:
        self.open[accumulator.bet_id] = accumulator
        self.liability += accumulator.max_payout
        for leg in accumulator.legs:
            self._on[leg.market_id, leg.option_number][accumulator.bet_id] = None
            self._legs[leg.market_id] += 1
