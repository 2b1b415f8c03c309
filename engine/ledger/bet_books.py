"""What the books know of betting: bets and accumulators that may still be paid, options, claims, what was shown."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from itertools import islice

import msgspec

from engine.ledger.accumulators import AccumulatorRecord
from engine.ledger.bets import NO_TALLY, BetRecord, OptionRecord, Result, Tally, add_to_tally

OptionKey = tuple[int, int]  # market, number


FORGET_MAX = 2  # matches a page, oldest first: more than change with one on average


class Shown(msgspec.Struct, frozen=True):
    """What a match showed under one number of its stream `odds:`."""

    number: int
    takes_bets: bool
    closes_ms: int | None  # when betting ends by itself; None: it is in play
    odds: Mapping[int, int]  # of the options that were offered, by their numbers
    until_ms: int | None = None  # when the next number came; None: it is shown now


class BetBooks:
    """A part of Books; like them it is changed by whole pages only."""

    def __init__(
        self,
        bets: Iterable[BetRecord],
        options: Iterable[OptionRecord],
        claims: Mapping[OptionKey, int],
        accumulators: Iterable[AccumulatorRecord],
    ) -> None:
        self.bets: dict[int, BetRecord] = {}  # those that are not claimed, and not lost for good
        self._bets_on: defaultdict[OptionKey, set[int]] = defaultdict(set)  # their ids
        self.tallies: dict[OptionKey, Tally] = {}
        self.claims = dict(claims)  # how many bets and accumulators have been paid
        self.options: dict[int, dict[int, OptionRecord]] = {}  # by market
        self.accumulators: dict[int, AccumulatorRecord] = {}  # those that are open
        self.liabilities: dict[int, int] = {}  # what they may have to be paid in all, by their market
        self.shown: dict[int, tuple[Shown, ...]] = {}  # by match, what was offered lately, but not what is now
        for option in options:
            self.options.setdefault(option.market_id, {})[option.number] = option
        for bet in bets:
            self.keep_bet(bet)
            key = (bet.market_id, bet.option_number)
            self.tallies[key] = add_to_tally(self.tallies.get(key, NO_TALLY), bet.stake, bet.odds)
        for accumulator in accumulators:
            self.accumulators[accumulator.bet_id] = accumulator
            market_id = accumulator.market_id
            self.liabilities[market_id] = self.liabilities.get(market_id, 0) + accumulator.max_payout

    def keep_bet(self, bet: BetRecord) -> None:
        """Know a bet that is not claimed."""
        self.bets[bet.bet_id] = bet
        self._bets_on[bet.market_id, bet.option_number].add(bet.bet_id)

    def forget_bet(self, bet: BetRecord) -> None:
        """Leave a bet that is claimed to the tables."""
        self.bets.pop(bet.bet_id, None)
        self._bets_on[bet.market_id, bet.option_number].discard(bet.bet_id)

    def remember_shown(self, shown: Mapping[int, tuple[Shown, ...]], since_ms: int) -> None:
        """Know what matches offered before; forget those whose last change was before `since_ms`."""
        for market_id, lately in shown.items():
            self.shown.pop(market_id, None)
            if lately:
                self.shown[market_id] = lately  # behind those that changed earlier
        for market_id, (*_, last) in tuple(islice(self.shown.items(), FORGET_MAX)):
            if last.until_ms is not None and last.until_ms < since_ms:
                del self.shown[market_id]

    def forget_lost(self, market_id: int, number: int) -> None:
        """Leave the lost bets of an option's group to the tables, as one of its bets is paid: its results will stay."""
        options = self.options[market_id]
        for option in options.values():
            if option.group_number == options[number].group_number and option.result is Result.LOSS:
                for bet_id in self._bets_on.pop((market_id, option.number), ()):
                    del self.bets[bet_id]
                self.tallies.pop((market_id, option.number), None)
