"""Who has which shares, and how many of them are offered: what a market must know of its holders."""

from collections.abc import Iterable, Iterator

from engine.ledger.records import PositionRecord
from engine.matching.terms import Outcome


class Holding:
    """One account's shares; `offered` are those in open orders to sell. Money is in USD units."""

    __slots__ = ("fees", "held", "no", "offered_no", "offered_yes", "payout", "refund", "yes")

    def __init__(self) -> None:
        self.yes = 0
        self.no = 0
        self.offered_yes = 0
        self.offered_no = 0
        self.fees = 0
        self.payout: int | None = None  # None until it is paid
        self.refund = 0
        self.held = 0  # of what it was paid

    def shares(self, outcome: Outcome) -> int:
        return self.yes if outcome is Outcome.YES else self.no

    def offered(self, outcome: Outcome) -> int:
        return self.offered_yes if outcome is Outcome.YES else self.offered_no

    def receive(self, outcome: Outcome, shares: int) -> None:
        """Add shares; below zero: give them away."""
        if outcome is Outcome.YES:
            self.yes += shares
        else:
            self.no += shares

    def offer(self, outcome: Outcome, shares: int) -> None:
        """Bind shares to an order; below zero: unbind them."""
        if outcome is Outcome.YES:
            self.offered_yes += shares
        else:
            self.offered_no += shares


class Holdings:
    """All holders of one market, those included who have sold everything: their fees may have to be given back."""

    def __init__(self, positions: Iterable[PositionRecord] = ()) -> None:
        self._by_account: dict[int, Holding] = {}
        for position in positions:
            holding = self.of(position.account_id)
            holding.yes, holding.no, holding.fees = position.yes, position.no, position.fees
            holding.payout, holding.refund, holding.held = position.payout, position.refund, position.payout_held

    def __iter__(self) -> Iterator[tuple[int, Holding]]:
        yield from sorted(self._by_account.items())

    def of(self, account_id: int) -> Holding:
        """One account's holding; nothing of it, if it is new."""
        holding = self._by_account.get(account_id)
        if holding is None:
            holding = self._by_account[account_id] = Holding()
        return holding

    def seen(self, account_id: int) -> Holding:
        """The same only to be read: who asks and has nothing is not remembered."""
        return self._by_account.get(account_id) or Holding()

    def has_shares(self, account_id: int) -> bool:
        holding = self.seen(account_id)
        return bool(holding.yes or holding.no)

    def pairs(self) -> int:
        """How many pairs there are; as many shares of YES as of NO."""
        return sum(holding.yes for holding in self._by_account.values())

    def audit(self) -> None:
        """Assert what must hold between two commands."""
        holdings = self._by_account.values()
        assert sum(holding.yes for holding in holdings) == sum(holding.no for holding in holdings)
        for holding in holdings:
            assert 0 <= holding.offered_yes <= holding.yes
            assert 0 <= holding.offered_no <= holding.no
            assert holding.held in (0, (holding.payout or 0) + holding.refund)
