"""The part of a page that is about betting: bets, options, claims, accumulators, and what matches showed lately."""

from engine.ledger.accumulators import AccumulatorRecord, LegRecord
from engine.ledger.bet_books import BetBooks, OptionKey, Shown
from engine.ledger.bets import NO_TALLY, BetRecord, OptionRecord, Tally, add_to_tally
from engine.ledger.journal import PartRefused

# So long ago odds may have changed, and still be taken in an accumulator: its market hears of it after the commit, when
# one of its own may be on its way. That is milliseconds; more only behind a database that is away.
LATE_MS = 5_000
SHOWN_KEPT_MS = 60_000  # longer than that: a part may wait for its page behind later ones


class BetPage:
    """Collects on top of the books what one commit does to bets."""

    def __init__(self, books: BetBooks) -> None:
        self.books = books
        self.bets: dict[int, BetRecord] = {}
        self.tallies: dict[OptionKey, Tally] = {}
        self.claims: dict[OptionKey, int] = {}
        self.options: dict[int, dict[int, OptionRecord]] = {}  # by market, those that are written here
        self.accumulators: dict[int, AccumulatorRecord] = {}
        self.legs: list[LegRecord] = []
        self.liabilities: dict[int, int] = {}
        self.shown: dict[int, tuple[Shown, ...]] = {}
        self.finalized: list[int] = []  # matches
        self.news: dict[int, None] = {}  # matches of which there is something to tell, oldest first

    # Bets

    def place(self, bet: BetRecord) -> None:
        """Write a new bet."""
        self._refuse_known(bet.bet_id)
        self.bets[bet.bet_id] = bet
        self._count(bet, 1)

    def bet(self, bet_id: int) -> BetRecord:
        """Read a bet that is not claimed."""
        bet = self.bets.get(bet_id) or self.books.bets.get(bet_id)
        if bet is None or bet.payout is not None:
            raise PartRefused(f"there is no bet {bet_id} to be claimed")
        return bet

    def claim(self, bet: BetRecord) -> None:
        """Write what a bet was paid."""
        self.bets[bet.bet_id] = bet
        self._count(bet, -1)
        self._count_claim(bet.market_id, bet.option_number)

    def _count(self, bet: BetRecord, sign: int) -> None:
        key = (bet.market_id, bet.option_number)
        self.tallies[key] = add_to_tally(self.tally(*key), bet.stake, bet.odds, sign)

    def tally(self, market_id: int, number: int) -> Tally:
        """What an option's bets that are not claimed would be paid, by result."""
        key = (market_id, number)
        return self.tallies.get(key) or self.books.tallies.get(key, NO_TALLY)

    def claims_on(self, market_id: int, number: int) -> int:
        """How many bets on an option have been claimed, and how many accumulators with a leg on it."""
        key = (market_id, number)
        return self.claims.get(key) or self.books.claims.get(key, 0)

    def _count_claim(self, market_id: int, number: int) -> None:
        claims = self.claims_on(market_id, number)
        if not claims and not self.is_claimed(market_id, number):
            self.news[market_id] = None
        self.claims[market_id, number] = claims + 1

    def is_claimed(self, market_id: int, number: int) -> bool:
        """Whether anything has been paid for the group of this option: then its results are final."""
        options = self.options_of(market_id)
        group_number = options[number].group_number
        return any(
            self.claims_on(market_id, other.number) for other in options.values() if other.group_number == group_number
        )

    def _refuse_known(self, bet_id: int) -> None:
        if any(bet_id in known for known in (self.bets, self.books.bets, self.accumulators, self.books.accumulators)):
            raise PartRefused(f"bet {bet_id} is there already")

    # Accumulators

    def place_accumulator(self, accumulator: AccumulatorRecord) -> None:
        """Write a new accumulator with its legs; all that it may be paid is owed."""
        self._refuse_known(accumulator.bet_id)
        self.accumulators[accumulator.bet_id] = accumulator
        self.legs.extend(accumulator.legs)
        self._owe(accumulator, 1)

    def accumulator(self, bet_id: int) -> AccumulatorRecord:
        """Read an accumulator that is open; its legs' results stand with their options."""
        accumulator = self.accumulators.get(bet_id) or self.books.accumulators.get(bet_id)
        if accumulator is None or accumulator.payout is not None:
            raise PartRefused(f"there is no open accumulator {bet_id}")
        return accumulator

    def close_accumulator(self, accumulator: AccumulatorRecord) -> None:
        """Write what an accumulator was paid; a payout is a claim on each of its legs."""
        self.accumulators[accumulator.bet_id] = accumulator
        self._owe(accumulator, -1)
        for leg in accumulator.legs if accumulator.payout else ():
            self._count_claim(leg.market_id, leg.option_number)

    def liability(self, market_id: int) -> int:
        """What the open accumulators of a market may have to be paid, all together."""
        return self.liabilities.get(market_id, self.books.liabilities.get(market_id, 0))

    def _owe(self, accumulator: AccumulatorRecord, sign: int) -> None:
        market_id = accumulator.market_id
        self.liabilities[market_id] = self.liability(market_id) + sign * accumulator.max_payout

    # Options

    def options_of(self, market_id: int) -> dict[int, OptionRecord]:
        """Read a match's options as they stand on this page, by number; not to be changed."""
        known = self.books.options.get(market_id, {})
        written = self.options.get(market_id)
        return known | written if written else known

    def write_option(self, option: OptionRecord) -> None:
        """Write how an option stands now."""
        self.options.setdefault(option.market_id, {})[option.number] = option

    @property
    def written_options(self) -> tuple[OptionRecord, ...]:
        """The rows that are new or changed."""
        return tuple(option for written in self.options.values() for option in written.values())

    def finalize(self, market_id: int) -> None:
        """Let go of what is lost on a match: nothing of it can be rolled back any more."""
        self.finalized.append(market_id)
        self.news[market_id] = None

    def replace_shown(self, market_id: int, shown: Shown) -> None:
        """Remember what a match offered until now (its `until_ms`); forget what it offered long before."""
        assert shown.until_ms is not None
        since_ms = shown.until_ms - LATE_MS
        lately = (*self.shown_before(market_id), shown)
        self.shown[market_id] = tuple(
            old for old in lately if old.takes_bets and old.until_ms is not None and old.until_ms >= since_ms
        )
        self.news[market_id] = None

    def shown_before(self, market_id: int) -> tuple[Shown, ...]:
        """What a match offered lately while it took bets, oldest first."""
        return self.shown.get(market_id, self.books.shown.get(market_id, ()))

    # The commit

    def adopt(self, now_ms: int) -> None:
        """Make what the page says the books'."""
        books = self.books
        books.tallies.update(self.tallies)
        books.claims.update(self.claims)
        books.liabilities.update(self.liabilities)
        books.remember_shown(self.shown, now_ms - SHOWN_KEPT_MS)
        for market_id, written in self.options.items():
            books.options.setdefault(market_id, {}).update(written)
        for bet in self.bets.values():
            if bet.payout is None:
                books.keep_bet(bet)
            else:
                books.forget_bet(bet)
        for accumulator in self.accumulators.values():
            if accumulator.payout is None:
                books.accumulators[accumulator.bet_id] = accumulator
            else:
                books.accumulators.pop(accumulator.bet_id, None)
        for key in self.claims:
            books.forget_lost(*key)
        for market_id in self.finalized:
            for number in books.options.get(market_id, {}):
                books.forget_lost(market_id, number)
