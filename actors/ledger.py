"""The ledger: what is true on disk. Everything that moves money becomes durable here, all markets in one statement."""

from collections.abc import Callable, Iterator

import msgspec
import structlog

from actors.clock import SteadyClock
from actors.core import Actor, Address, Join, Overtaken
from actors.core.mailbox import Letter
from actors.core.reply import Reply
from actors.match_facts import GetMatchFacts
from actors.messages import Barrier, Commit, Committed, Settled
from engine.betting.facts import MatchFacts, facts_of_asset
from engine.ledger import movements
from engine.ledger.books import Books
from engine.ledger.commands import Listed, ListMarket, Moved, PostMovement
from engine.ledger.events import LedgerEvent, MarketListed, MoneyMoved
from engine.ledger.journal import Part, PartRefused
from engine.ledger.page import Page
from engine.ledger.records import MarketRecord
from engine.products import PRODUCTS
from engine.refusals import Refusal, Refused
from storage.interface import Storage

log = structlog.get_logger()

OWN = 0  # the market id of parts that the ledger decided itself
PAGE_ROWS = 1_000  # events a statement: a longer one keeps the interpreter from everything else for too long


class Draft(msgspec.Struct):
    """A part that waits for its page, the commands that it settles, and what its askers will be told."""

    part: Part
    command_ids: tuple[int, ...]
    tickets: list[Reply]


class Ledger(Actor):
    """Collects what a batch of letters decided, writes it as pages, and tells accounts before anybody is answered."""

    def __init__(
        self,
        address: Address,
        *,
        storage: Storage,
        clock: SteadyClock,
        accounts: Address,
        offer: Callable[[Committed], None],
        market_listed: Callable[[MarketRecord], None],
        tell_facts: Callable[[Page], None],
    ) -> None:
        super().__init__(address)
        self._storage = storage
        self._clock = clock
        self._accounts = accounts
        self._offer = offer
        self._market_listed = market_listed
        self._tell_facts = tell_facts
        self._books: Books
        self._drafts: list[Draft] = []
        self._own: list[tuple[LedgerEvent, int, Reply]] = []  # event, command id, ticket
        self._refused: list[int] = []
        self._coming_in: dict[str, int] = {}
        self._listing: set[tuple[str, str]] = set()
        self.handlers = {
            Commit: self._commit,
            Barrier: self._barrier,
            PostMovement: self._post_movement,
            ListMarket: self._list_market,
            GetMatchFacts: self._get_match_facts,
        }

    async def recover(self, failed: list[Letter]) -> None:
        """Load the books; the tables stand exactly at the journal's head."""
        assert not failed, "a ledger is never started again: the process is"
        reader = self._storage.reader
        head = await reader.journal_head()
        counters = await reader.counters()
        self._clock.raise_to(head.now_ms)
        self._books = Books(
            PRODUCTS,
            journal_sequence=head.sequence,
            journal_hash=head.hash,
            trade_id=counters.trade_id,
            log_id=counters.log_id,
            market_id=counters.market_id,
            balances=await reader.balances(),
            open_orders=await reader.open_orders(),
            markets=await reader.markets(),
            positions=await reader.positions(),
            streams=await reader.stream_numbers(),
            bets=await reader.unclaimed_bets(),
            accumulators=await reader.open_accumulators(),
            options=await reader.options(),
            claims=await reader.claim_counts(),
        )

    def _commit(self, commit: Commit) -> Join:
        ticket = Reply()
        self._drafts.append(Draft(commit.part, commit.command_ids, [ticket]))
        return Join(ticket)

    def _barrier(self, _: Barrier) -> None:
        """Nothing to do: the answer leaves behind everything that came before."""

    def _get_match_facts(self, query: GetMatchFacts) -> tuple[MatchFacts, ...]:
        """How matches stand before this batch; what the batch changes is told after it."""
        return facts_of_asset(Page(self._books), query.asset)

    def _post_movement(self, post: PostMovement) -> Join | Refused:
        movement = post.movement
        coming_in = self._coming_in.get(movement.asset, 0)
        decided = movements.move(self._books, movement, coming_in)
        if isinstance(decided, Refused):
            self._refused.append(post.command_id)
            return decided
        if movement.kind in movements.COMES_IN:
            self._coming_in[movement.asset] = coming_in + movement.amount
        return self._enter(decided, post.command_id)

    def _list_market(self, listing: ListMarket) -> Join | Refused:
        market_id = self._books.market_id + len(self._listing) + 1
        name = listing.name or str(market_id)
        key = (listing.product, name)
        if key in self._listing or any((m.product, m.name) == key for m in self._books.markets.values()):
            self._refused.append(listing.command_id)
            return Refused(Refusal.CONFLICT, f"{name} exists already")
        self._listing.add(key)
        event = MarketListed(market_id, listing.product, name, listing.definition.decode(), listing.state)
        return self._enter(event, listing.command_id)

    def _enter(self, event: LedgerEvent, command_id: int) -> Join:
        ticket = Reply()
        self._own.append((event, command_id, ticket))
        return Join(ticket)

    async def flush(self) -> None:
        """Write all drafts, oldest first, in pages of about PAGE_ROWS."""
        self._draft_own()
        if self._refused:
            self._accounts.tell(Settled(refused=tuple(self._refused)))
            self._refused.clear()
        drafts, self._drafts = self._drafts, []
        for together in _pages(drafts):
            page, written = self._write(together)
            if written:
                await self._make_durable(page, written)

    def _draft_own(self) -> None:
        """Make a part of what the ledger itself decided: movements and new markets."""
        if not self._own:
            return
        events, command_ids, tickets = zip(*self._own, strict=True)
        self._drafts.insert(0, Draft(Part(OWN, self._clock.now_ms(), events), command_ids, list(tickets)))
        self._own.clear()
        self._coming_in.clear()
        self._listing.clear()

    def _write(self, drafts: list[Draft]) -> tuple[Page, list[Draft]]:
        """Write drafts on one page; a part that the ledger can't accept is left out, alone."""
        while True:
            page = Page(self._books)
            for draft in drafts:
                try:
                    page.write(draft.part)
                except PartRefused as refusal:
                    if draft.part.market_id == OWN:
                        raise
                    log.warning("part refused", market=draft.part.market_id, reason=str(refusal))
                    draft.tickets[0].fail(Overtaken(f"the ledger did not accept it: {refusal}"))
                    drafts = [other for other in drafts if other is not draft]
                    break
            else:
                return page, drafts

    async def _make_durable(self, page: Page, drafts: list[Draft]) -> None:
        """One statement; then accounts, watchers and askers hear of it, in this order."""
        entry = page.close()
        await self._storage.writer.commit(entry)
        command_ids = tuple(command_id for draft in drafts for command_id in draft.command_ids)
        self._accounts.tell(Settled(command_ids, (), tuple(page.changes()), tuple(page.orders.values())))
        for market in page.listed:
            self._market_listed(market)
        self._tell_facts(page)
        self._offer(Committed(entry, tuple(page.parts), tuple(page.messages)))
        for draft in drafts:
            if draft.part.market_id == OWN:
                _answer_own(draft, page)
            else:
                draft.tickets[0].answer(None)


def _pages(drafts: list[Draft]) -> Iterator[list[Draft]]:
    """Cut drafts into runs of about PAGE_ROWS events; a part is never cut."""
    together: list[Draft] = []
    rows = 0
    for draft in drafts:
        if together and rows + len(draft.part.events) > PAGE_ROWS:
            yield together
            together, rows = [], 0
        together.append(draft)
        rows += len(draft.part.events)
    if together:
        yield together


def _answer_own(draft: Draft, page: Page) -> None:
    movements_made = iter(page.transactions)
    listed = iter(page.listed)
    for event, ticket in zip(draft.part.events, draft.tickets, strict=True):
        if isinstance(event, MoneyMoved):
            ticket.answer(Moved(next(movements_made).balance))
        else:
            ticket.answer(Listed(next(listed)))
