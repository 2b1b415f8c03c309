"""What the ledger tells of matches: accumulators hear of odds and results, matches of accumulators that were paid."""

from actors.directory import Directory
from engine.betting.facts import LegPaid, MatchFacts, match_facts
from engine.ledger.page import Page
from engine.messages import Command
from engine.products import ACCUMULATORS


class GetMatchFacts(Command[tuple[MatchFacts, ...]], frozen=True):
    """Ask the ledger how the matches of an asset stand; what is new after that comes by itself."""

    asset: str


def tell_facts(directory: Directory, page: Page) -> None:
    """Tell what a page has changed, once it is durable."""
    for market_id in page.betting.news:
        accumulators = directory.find(ACCUMULATORS, page.definition(market_id).asset)
        if accumulators is not None:
            accumulators.address.tell(match_facts(page, market_id))
    for accumulator in page.betting.accumulators.values():
        if accumulator.payout:
            for leg in accumulator.legs:
                directory.by_id[leg.market_id].address.tell(LegPaid(accumulator.bet_id, leg.option_number))
