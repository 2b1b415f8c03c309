"""One match of the naive betting: its options, its bets, and what they may cost, added up bet by bet."""

from fractions import Fraction

from tests.reference.naive_betting_odds import Fate, Terms, outcomes, paid

OVER = ("settled", "void")


class Option:
    """One thing to bet on."""

    def __init__(self, number: int, group: int, terms: Terms, pick: str, odds: Fraction) -> None:
        self.number = number
        self.group = group
        self.terms = terms
        self.pick = pick
        self.odds = odds
        self.fate: Fate | None = None


class Bet:
    """Who has staked how much on what."""

    def __init__(self, number: int, account: str, option: Option, stake: int, asked: Fraction, accept: str) -> None:
        self.number = number
        self.account = account
        self.option = option
        self.stake = stake
        self.odds = option.odds
        self.asked = asked
        self.accept = accept
        self.payout: int | None = None

    @property
    def worth(self) -> int | None:
        return None if self.option.fate is None else paid(self.stake, self.odds, self.option.fate)


class Pot:
    """The money of one market."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.pool = 0


class Match(Pot):
    """One match."""

    def __init__(self, number: int, name: str, start_ms: int) -> None:
        super().__init__(number)
        self.name = name
        self.start_ms = start_ms
        self.state = "scheduled"
        self.told = 0  # messages of its stream
        self.was_in_play = False
        self.was_opened = False
        self.description = ""
        self.board: dict[str, tuple[Terms, dict[str, Fraction]]] = {}  # by kind
        self.options: list[Option] = []
        self.bets: list[Bet] = []
        self.legs_paid: list[tuple[int, Option]] = []  # of accumulators, by their numbers
        self.score: tuple[int, int] | None = None
        self.returned = 0
        self.was_finalized = False

    def group(self, terms: Terms) -> list[Option]:
        return [option for option in self.options if option.terms == terms]

    @property
    def groups(self) -> list[Terms]:
        return list(dict.fromkeys(option.terms for option in self.options))

    def offers(self, option: Option) -> bool:
        return option.fate is None and any(terms == option.terms for terms, _ in self.board.values())

    @property
    def claims(self) -> list[tuple[int, Option]]:
        """What has been paid, a bet or an accumulator, and for which option."""
        return [(bet.number, bet.option) for bet in self.bets if bet.payout is not None] + self.legs_paid

    def was_paid_for(self, terms: Terms) -> bool:
        return any(option.terms == terms for _, option in self.claims)

    def is_final(self, terms: Terms) -> bool:
        """Whether the results of a group can't be taken back any more."""
        return self.state == "void" or self.was_finalized or self.was_paid_for(terms)

    def owed(self, terms: Terms, outcome: dict[str, Fate]) -> int:
        """What the bets on a group that are not paid yet would get."""
        return sum(
            paid(bet.stake, bet.odds, outcome[bet.option.pick])
            for bet in self.bets
            if bet.payout is None and bet.option.terms == terms
        )

    def worst(self, terms: Terms) -> int:
        """Of one group; its result counts once it can't be taken back."""
        results = {option.pick: option.fate for option in self.group(terms)}
        final = self.state in OVER or self.was_paid_for(terms)
        known = {pick: what for pick, what in results.items() if what is not None}
        if final and known:
            return self.owed(terms, known)
        return max(self.owed(terms, outcome) for outcome in outcomes(terms))

    @property
    def liability(self) -> int:
        return sum(self.worst(terms) for terms in self.groups)

    def largest_stake(self, option: Option) -> int:
        """By halving: the pool and the stake pay for it, whatever becomes of the match; one more is too much."""
        others = sum(self.worst(terms) for terms in self.groups if terms != option.terms)
        owed = [(outcome[option.pick], self.owed(option.terms, outcome)) for outcome in outcomes(option.terms)]

        def covers(stake: int) -> bool:
            due = (others + already + paid(stake, option.odds, what) for what, already in owed)
            return all(amount <= self.pool + stake for amount in due)

        low, high = 0, 1
        while covers(high):
            low, high = high, 2 * high
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if covers(middle) else (low, middle)
        return low
