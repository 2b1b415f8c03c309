"""What covers the bets of one match: its money, its options, and every bet that is not claimed."""

from collections.abc import Iterable

from msgspec.structs import replace

from engine.betting.options import IsFinal, largest_stake, worst
from engine.ledger.accumulators import LegRecord
from engine.ledger.bets import NO_TALLY, BetRecord, OptionRecord, Result, Tally, add_to_tally


class Pool:
    """Counts; whether something may be done, its match decides."""

    def __init__(
        self,
        money: int = 0,
        *,
        options: Iterable[OptionRecord] = (),
        bets: Iterable[BetRecord] = (),
        claimed: Iterable[BetRecord] = (),
        legs_paid: Iterable[LegRecord] = (),
    ) -> None:
        self.money = money  # units
        self.options = {option.number: option for option in options}
        self.bets: dict[int, BetRecord] = {}
        self.claimed: dict[int, int] = {}  # whose they were
        self._claims: dict[int, set[int]] = {}  # by option: bets and accumulators that have been paid
        self._tallies: dict[int, Tally] = {}
        for bet in claimed:
            self._note_claim(bet)
        for leg in legs_paid:
            self.note_paid(leg.bet_id, leg.option_number)
        lost = self._lost_for_good()  # the tables may have been read while a bet was paid
        for bet in bets:
            if bet.option_number not in lost:
                self._count_in(bet)

    def tally(self, number: int) -> Tally:
        """What an option's bets that are not claimed would be paid, by result."""
        return self._tallies.get(number, NO_TALLY)

    @property
    def liability(self) -> int:
        """What it may have to pay, at worst."""
        return worst(self.options.values(), self.tally, self._is_final())

    def largest_stake(self, option: OptionRecord) -> int | None:
        """The largest stake on an option that the pool covers, itself included; None: any."""
        return largest_stake(self.options.values(), self.tally, self._is_final(), option, self.money)

    def write(self, options: Iterable[OptionRecord]) -> None:
        """Have options stand like that."""
        for option in options:
            self.options[option.number] = option

    def take(self, bet: BetRecord) -> None:
        """Take a bet's stake, and cover it."""
        self._count_in(bet)
        self.money += bet.stake

    def pay(self, bet: BetRecord) -> int:
        """Pay a settled bet; only its id and its owner are remembered."""
        payout = self.payout_of(bet)
        assert payout is not None
        self._count_out(bet)
        self._note_claim(bet)
        self.money -= payout
        return payout

    def note_paid(self, bet_id: int, number: int) -> None:
        """A bet on this option, or an accumulator with such a leg, has been paid: its group's results are final.

        To hear of it twice is to hear of it once.
        """
        if number not in self._claims:
            self._forget_lost(self.options[number].group_number)
        self._claims.setdefault(number, set()).add(bet_id)

    def let_go_of_lost(self) -> None:
        """All results are final."""
        for group_number in sorted({option.group_number for option in self.options.values()}):
            self._forget_lost(group_number)

    def payout_of(self, bet: BetRecord) -> int | None:
        """What can be claimed of a bet; None before it is settled."""
        return replace(bet, result=self.options[bet.option_number].result).potential_payout

    def claims_on(self, numbers: set[int]) -> list[int]:
        """The bets and accumulators on these options that have been paid."""
        return sorted(bet_id for number in numbers for bet_id in self._claims.get(number, ()))

    @property
    def final_groups(self) -> set[int]:
        """Those for which something has been paid, to a bet or an accumulator: they can't be taken back any more."""
        return {self.options[number].group_number for number in self._claims}

    def lacks(self, options: Iterable[OptionRecord]) -> int:
        """What it would lack if these options had their results, as all others have; below zero: what would be left."""
        after = self.options | {option.number: option for option in options}
        return worst(after.values(), self.tally, lambda _: True) - self.money

    def _is_final(self) -> IsFinal:
        """Results are final once something has been paid for them; those of the whole match are what it pays now."""
        if all(option.result is not None for option in self.options.values()):
            return lambda _: True
        return self._claims.__contains__

    def _forget_lost(self, group_number: int) -> None:
        """Let go of a group's bets that are lost for good; there can't be more of them later."""
        group = (option for option in self.options.values() if option.group_number == group_number)
        lost = {option.number for option in group if option.result is Result.LOSS}
        for bet in [bet for bet in self.bets.values() if bet.option_number in lost]:
            self._count_out(bet)

    def _lost_for_good(self) -> set[int]:
        """The options that have lost in groups that are final."""
        final = self.final_groups
        return {o.number for o in self.options.values() if o.result is Result.LOSS and o.group_number in final}

    def _note_claim(self, bet: BetRecord) -> None:
        self.claimed[bet.bet_id] = bet.account_id
        self.note_paid(bet.bet_id, bet.option_number)

    def _count_in(self, bet: BetRecord) -> None:
        self.bets[bet.bet_id] = bet
        self._tallies[bet.option_number] = add_to_tally(self.tally(bet.option_number), bet.stake, bet.odds)

    def _count_out(self, bet: BetRecord) -> None:
        del self.bets[bet.bet_id]
        self._tallies[bet.option_number] = add_to_tally(self.tally(bet.option_number), bet.stake, bet.odds, -1)
