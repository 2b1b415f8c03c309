"""The twin of accumulators: one stake on options of several matches, multiplied in fractions, on top of naive betting.

What becomes of an accumulator is read off its legs whenever somebody asks. Nothing has to be closed here: that nothing
can come of one any more is so, or it is not.

    answer = exchange.accumulate("ann", [("derby", 1, "1.85"), ("final", 2, "3.4")], 100)
    answer -> the accumulator as a dict, or {"code": "ODDS_CHANGED", "legs": [("derby", 1, 190)]}
"""

from fractions import Fraction
from math import floor, prod
from typing import Any, NamedTuple

from tests.reference.naive_betting import BETTING, Answer, NaiveBetting, hundredths
from tests.reference.naive_betting_match import OVER, Match, Option, Pot
from tests.reference.naive_betting_odds import LOST, NAMES, Fate

MARKET = 1  # the accumulators' number; matches come after it
ORDER = ("NOT_FOUND", "MARKET_HALTED", "MARKET_CLOSED")  # of several reasons the first is told, whichever leg's it is


class Leg(NamedTuple):
    """An option of a match, at odds."""

    match: Match
    option: Option
    odds: Fraction
    asked: Fraction

    @property
    def final(self) -> Fate | None:
        """What has become of it, if that can't be taken back."""
        return self.option.fate if self.match.is_final(self.option.terms) else None

    def factor(self, what: Fate | None) -> Fraction:
        """What a stake is multiplied by; what nobody knows may be won."""
        if what is None:
            return self.odds
        won, refunded = what
        return won * self.odds + refunded


class Accumulator:
    """Who has staked how much on what."""

    def __init__(self, number: int, account: str, legs: list[Leg], stake: int, accept: str) -> None:
        self.number = number
        self.account = account
        self.legs = legs
        self.stake = stake
        self.accept = accept
        self.payout: int | None = None

    @property
    def most(self) -> int:
        return floor(self.stake * prod(leg.odds for leg in self.legs))

    @property
    def worth(self) -> int | None:
        """What can be claimed; one leg that is lost decides it."""
        fates = [leg.option.fate for leg in self.legs]
        if LOST in fates:
            return 0
        if None in fates:
            return None
        return floor(self.stake * prod(leg.factor(leg.option.fate) for leg in self.legs))

    @property
    def is_lost(self) -> bool:
        """Whether nothing can come of it, whatever is taken back and settled anew."""
        return floor(self.stake * prod(leg.factor(leg.final) for leg in self.legs)) == 0

    @property
    def is_open(self) -> bool:
        return self.payout is None and not self.is_lost


class NaiveAccumulators(NaiveBetting):
    """All matches, all accumulators, and everybody's money."""

    def __init__(self, *, odds_max: int = 10_000, **of_the_engine: Any) -> None:
        super().__init__(**of_the_engine)
        self.odds_max = odds_max  # of all legs together
        self.accumulators: list[Accumulator] = []
        self.pot = Pot(MARKET)
        self.are_suspended = False

    def list_match(self, name: str, *, starts_in_ms: int = 3_600_000) -> None:
        self.matches[name] = Match(MARKET + len(self.matches) + 1, name, self.now_ms + starts_in_ms)

    def accumulate(self, account: str, asked: list[tuple[str, int, str]], stake: int, accept: str = "exact") -> Answer:
        self.wait(1)
        if not 2 <= len(asked) <= 20 or len({name for name, _, _ in asked}) < len(asked):
            return {"code": "MALFORMED"}
        if stake > self.money[account]:
            return {"code": "INSUFFICIENT_FUNDS"}
        codes = {self._refuses(self.matches[name], number) for name, number, _ in asked}
        if self.are_suspended:
            codes.add("MARKET_HALTED")
        for code in ORDER:
            if code in codes:
                return {"code": code}
        legs = [self._leg(name, number, Fraction(odds)) for name, number, odds in asked]
        changed = [leg for leg in legs if not takes(accept, leg)]
        if changed:
            details = [(leg.match.name, leg.option.number, hundredths(leg.odds)) for leg in changed]
            return {"code": "ODDS_CHANGED", "legs": details}
        limit = self._largest_stake(legs) if prod(leg.odds for leg in legs) <= self.odds_max else 0
        if stake > limit:
            return {"code": "LIABILITY_LIMIT", "maxStake": str(limit)}
        accumulator = Accumulator(self._next_number(), account, legs, stake, accept)
        self.accumulators.append(accumulator)
        self._pay(self.pot, account, -stake, "bet", str(accumulator.number))
        return self._view_of(accumulator)

    def claim_accumulator(self, account: str, number: int) -> Answer:
        self.wait(1)
        found = [one for one in self.accumulators if (one.number, one.account) == (number, account)]
        if not found:
            return {"code": "NOT_FOUND"}
        accumulator = found[0]
        if accumulator.payout is not None:
            return {"code": "ALREADY_CLAIMED"}
        if accumulator.worth == 0 or accumulator.is_lost:
            return {"code": "NOTHING_TO_CLAIM"}
        if accumulator.worth is None:
            return {"code": "NOT_SETTLED"}
        accumulator.payout = accumulator.worth
        self._pay(self.pot, account, accumulator.payout, "payout", str(number))
        for leg in accumulator.legs:
            leg.match.legs_paid.append((number, leg.option))
        return self._view_of(accumulator)

    # The house

    def fund_accumulators(self, _actor: str, amount: int) -> Answer:
        self.wait(1)
        if amount > self.money["house"]:
            return {"code": "INSUFFICIENT_FUNDS"}
        self._fund(self.pot, amount)
        return self.stand()

    def return_funds(self, _actor: str, amount: int) -> Answer:
        self.wait(1)
        if amount > (free := self.pot.pool - self.liability):
            return {"code": "CONFLICT", "available": str(free)}
        self._fund(self.pot, -amount)
        return self.stand()

    def suspend_accumulators(self, _actor: str) -> Answer:
        self.wait(1)
        self.are_suspended = True
        return self.stand()

    def resume_accumulators(self, _actor: str) -> Answer:
        self.wait(1)
        self.are_suspended = False
        return self.stand()

    # What can be seen

    @property
    def liability(self) -> int:
        return sum(one.most for one in self.accumulators if one.is_open)

    def stand(self) -> Answer:
        return {
            "state": "halted" if self.are_suspended else "open",
            "pool": self.pot.pool,
            "liability": self.liability,
            "open": sum(one.is_open for one in self.accumulators),
        }

    def all_accumulators(self) -> list[Answer]:
        return [self._view_of(one) for one in self.accumulators]

    # How it is done

    def _refuses(self, match: Match, number: int) -> str | None:
        if match.state in OVER and not self._is_bet_on(match):
            return "MARKET_CLOSED"
        if not 1 <= number <= len(match.options):
            return "NOT_FOUND"
        if match.state == "suspended":
            return "MARKET_HALTED"
        return None if match.state in BETTING and match.offers(match.options[number - 1]) else "MARKET_CLOSED"

    def _is_bet_on(self, match: Match) -> bool:
        return any(leg.match is match for one in self.accumulators if one.is_open for leg in one.legs)

    def _leg(self, name: str, number: int, asked: Fraction) -> Leg:
        match = self.matches[name]
        option = match.options[number - 1]
        return Leg(match, option, option.odds, asked)

    def _largest_stake(self, legs: list[Leg]) -> int:
        """By halving: the pool and the stake pay for it; one more is too much."""
        factor, free = prod(leg.odds for leg in legs), self.pot.pool - self.liability

        def covers(stake: int) -> bool:
            return floor(stake * factor) <= free + stake

        low, high = 0, 1
        while covers(high):
            low, high = high, 2 * high
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if covers(middle) else (low, middle)
        return low

    def _view_of(self, one: Accumulator) -> Answer:
        return {
            "betId": one.number,
            "account": one.account,
            "legs": [
                {
                    "match": leg.match.name,
                    "option": leg.option.number,
                    "odds": hundredths(leg.odds),
                    "asked": hundredths(leg.asked),
                    "result": None if leg.option.fate is None else NAMES[leg.option.fate],
                }
                for leg in one.legs
            ],
            "stake": one.stake,
            "accept": one.accept,
            "most": one.most,
            "potential": one.worth,
            "payout": 0 if one.payout is None and one.is_lost else one.payout,
        }


def takes(accept: str, leg: Leg) -> bool:
    """Whether its customer takes the odds of a leg, whatever was asked."""
    return accept == "any" or leg.odds == leg.asked or (accept == "better" and leg.odds > leg.asked)
