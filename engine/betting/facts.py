"""What the ledger tells of matches: to accumulators how a match stands, to a match that an accumulator was paid."""

from collections.abc import Mapping

from engine.betting.bookkeeping import final_groups, shown_now
from engine.betting.lifecycle import OVER
from engine.betting.match import Match
from engine.ledger.bet_books import Shown
from engine.ledger.bets import OptionRecord, Result
from engine.ledger.page import Page
from engine.ledger.records import MarketState
from engine.messages import Fact


class MatchFacts(Fact, frozen=True):
    """How a match stood after its event `sequence`; a later one says all of it again."""

    market_id: int
    sequence: int
    state: MarketState
    shown: Shown
    options: Mapping[int, OptionRecord]  # by number
    final_groups: frozenset[int]  # whose results can't be taken back any more

    @property
    def age(self) -> tuple[int, int]:
        """Grows with what is told: an accumulator that is paid makes groups final without an event of the match."""
        return self.sequence, len(self.final_groups)

    @property
    def over(self) -> bool:
        return self.state in OVER

    def final_result(self, number: int) -> Result | None:
        """An option's result, if it can't be taken back any more."""
        option = self.options[number]
        return option.result if option.group_number in self.final_groups else None


class LegPaid(Fact, frozen=True):
    """An accumulator with a leg on this option of the match has been paid."""

    bet_id: int
    option_number: int


def facts_of_asset(page: Page, asset: str) -> tuple[MatchFacts, ...]:
    """How all matches of an asset stand on which bets may be taken, or accumulators are open."""
    open_on = {leg.market_id for open_ in page.betting.books.accumulators.values() for leg in open_.legs}
    return tuple(
        match_facts(page, market_id)
        for market_id, match in page.books.definitions.items()
        if isinstance(match, Match)
        and match.asset == asset
        and (page.market(market_id).state not in OVER or market_id in open_on)
    )


def match_facts(page: Page, market_id: int) -> MatchFacts:
    """How a match stands on this page."""
    market = page.market(market_id)
    return MatchFacts(
        market_id,
        market.sequence,
        market.state,
        shown_now(page, market_id),
        dict(page.betting.options_of(market_id)),
        final_groups(page, market_id),
    )
