"""What the ledger tells of matches: accumulators hear of odds and results, matches of accumulators that were paid.

The newest facts of each match wait beside the mailbox of the accumulators, and are learned before any letter is read:
however many bets have queued up, they are decided by what is known now.
"""

from actors.core import Address
from actors.directory import Directory
from engine.betting.facts import LegPaid, MatchFacts, match_facts
from engine.ledger.page import Page
from engine.messages import Command, Fact


class GetMatchFacts(Command[tuple[MatchFacts, ...]], frozen=True):
    """Ask the ledger how the matches of an asset stand; what is new after that comes by itself."""

    asset: str


class FactsWait(Fact, frozen=True):
    """There are new facts; whoever reads this has learned them already."""


class MatchNews:
    """The newest facts of each match, for the accumulators of one asset; no more than there are matches."""

    def __init__(self, reader: Address) -> None:
        self._reader = reader
        self._waiting: dict[int, MatchFacts] = {}

    def put(self, facts: MatchFacts) -> None:
        """Leave facts, and wake their reader."""
        if not self._waiting:
            self._reader.tell(FactsWait())
        self._waiting[facts.market_id] = facts

    def take(self) -> tuple[MatchFacts, ...]:
        """All that wait."""
        facts = tuple(self._waiting.values())
        self._waiting.clear()
        return facts


class FactTeller:
    """Tells whoever has to know what a page has changed, once it is durable."""

    def __init__(self, directory: Directory) -> None:
        self._directory = directory
        self._news: dict[str, MatchNews] = {}

    def news_of(self, asset: str, reader: Address) -> MatchNews:
        """Where the accumulators of an asset find their facts, from now on; the same for each actor that is at it."""
        return self._news.setdefault(asset, MatchNews(reader))

    def tell(self, page: Page) -> None:
        """Leave facts with accumulators, and tell matches what was paid for their options."""
        for market_id in page.betting.news:
            news = self._news.get(page.definition(market_id).asset)
            if news is not None:
                news.put(match_facts(page, market_id))
        for accumulator in page.betting.accumulators.values():
            if accumulator.payout:
                for leg in accumulator.legs:
                    match = self._directory.by_id[leg.market_id]
                    match.address.tell(LegPaid(accumulator.bet_id, leg.option_number))
