"""What the ledger tells of matches: to accumulators how a match stands, to a match that an accumulator was paid."""

from collections.abc import Mapping

from engine.betting.bookkeeping import final_groups, shown_now
from engine.betting.lifecycle import OVER
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
