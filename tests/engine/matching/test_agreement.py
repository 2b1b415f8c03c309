"""Any script of commands leaves the book and its naive twin the same, and tells the same of every step."""

from collections.abc import Callable
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from engine.matching.match import Match, Stop
from engine.matching.order import BookOrder, SelfTradePrevention, Side
from tests.engine.matching.conftest import FAST, NAIVE

PRICES = range(1, 11)  # few and low, so that orders meet, and lots cost from one unit of money to many
prices = st.sampled_from(PRICES)
sides = st.sampled_from(Side)
accounts = st.integers(1, 3)
preventions = st.sampled_from(SelfTradePrevention)
fills_maxima = st.sampled_from([1, 2, 3, 1000])
picks = st.integers(0, 1000)


class Twins(RuleBasedStateMachine):
    """The same commands for both; each has its own copy of every order."""

    def __init__(self) -> None:
        super().__init__()
        self.books = [FAST.book(), NAIVE.book()]
        self.sequence = 0

    @rule(
        side=sides,
        price=prices,
        lots=st.integers(1, 9),
        account=accounts,
        prevention=preventions,
        fills_max=fills_maxima,
        time_in_force=st.sampled_from(["GTC", "GTC", "GTC", "IOC", "FOK", "post-only"]),
    )
    def place(
        self,
        side: Side,
        price: int,
        lots: int,
        account: int,
        prevention: SelfTradePrevention,
        fills_max: int,
        time_in_force: str,
    ) -> None:
        found = self.meet(side, price, account, lots, prevention, fills_max)
        if time_in_force == "FOK" and found[0].stop is not Stop.FILLED:
            return
        if time_in_force == "post-only" and (found[0].fills or found[0].stop is not Stop.NO_LIQUIDITY):
            assert all(book.would_cross(side, price) for book in self.books)
            return
        self.apply(found)
        if found[0].stop is Stop.NO_LIQUIDITY and time_in_force != "IOC":
            for book in self.books:
                assert not book.would_cross(side, price)
                book.rest(BookOrder(self.sequence, account, side, price, found[0].left, self.sequence))

    @rule(
        side=sides,
        price=prices,
        amount=st.integers(1, 200),
        unit_value=st.integers(1, 3),
        account=accounts,
        prevention=preventions,
        fills_max=fills_maxima,
    )
    def spend(
        self,
        side: Side,
        price: int,
        amount: int,
        unit_value: int,
        account: int,
        prevention: SelfTradePrevention,
        fills_max: int,
    ) -> None:
        self.apply(self.meet(side, price, account, amount, prevention, fills_max, unit_value))

    @precondition(lambda self: self.books[0].orders)
    @rule(pick=picks)
    def cancel(self, pick: int) -> None:
        self.each_picked(pick, lambda book, order: book.remove(order))

    @precondition(lambda self: self.books[0].orders)
    @rule(pick=picks, lots=st.integers(1, 9))
    def reduce(self, pick: int, lots: int) -> None:
        self.each_picked(pick, lambda book, order: book.reduce(order, min(lots, order.open_lots)))

    @rule()
    def restart(self) -> None:
        """Both are made anew from what a database would hold."""
        for number, twin in enumerate((FAST, NAIVE)):
            kept = sorted(self.books[number].orders.values(), key=lambda order: order.priority)
            self.books[number] = twin.book(
                BookOrder(
                    order.order_id, order.account_id, order.side, order.price_ticks, order.open_lots, order.priority
                )
                for order in kept
            )

    @invariant()
    def both_are_in_order_and_alike(self) -> None:
        for book in self.books:
            book.audit()
        fast, naive = (seen(book) for book in self.books)
        assert fast == naive

    def meet(
        self,
        side: Side,
        price: int,
        account: int,
        wanted: int,
        prevention: SelfTradePrevention,
        fills_max: int,
        unit_value: int = 0,
    ) -> list[Match[BookOrder]]:
        """What both find, which is the same, keeps the rules, and changes nothing yet."""
        self.sequence += 1
        before = [seen(book) for book in self.books]
        found = []
        for twin, book in zip((FAST, NAIVE), self.books, strict=True):
            taker = BookOrder(self.sequence, account, side, price, 1, self.sequence)
            found.append(
                twin.match(book, taker, wanted, unit_value=unit_value, prevention=prevention, fills_max=fills_max)
            )
        assert [seen(book) for book in self.books] == before
        assert told(found[0]) == told(found[1])
        self.keeps_the_rules(found[0], side, account, wanted, unit_value, fills_max)
        return found

    def keeps_the_rules(
        self, found: Match[BookOrder], side: Side, account: int, wanted: int, unit_value: int, fills_max: int
    ) -> None:
        """What holds whatever an implementation does: a check of the twin, too."""
        traded = sum(fill.lots * (fill.price_ticks * unit_value if unit_value else 1) for fill in found.fills)
        assert traded + found.left == wanted
        assert found.left >= 0
        assert len(found.fills) <= fills_max
        assert all(fill.price_ticks == fill.maker.price_ticks for fill in found.fills)
        assert all(fill.maker.account_id != account for fill in found.fills)
        assert all(order.account_id == account for order in found.cancelled)
        assert all(fill.lots == fill.maker.open_lots for fill in found.fills[:-1])
        met = [fill.maker for fill in found.fills] + found.cancelled
        queue = list(self.books[0].queue(side.opposite))
        assert sorted(met, key=queue.index) == queue[: len(met)]

    def apply(self, found: list[Match[BookOrder]]) -> None:
        for twin, book, match in zip((FAST, NAIVE), self.books, found, strict=True):
            twin.apply(book, match)

    def each_picked(self, pick: int, change: Callable[[Any, BookOrder], None]) -> None:
        order_ids = sorted(self.books[0].orders)
        for book in self.books:
            change(book, book.orders[order_ids[pick % len(order_ids)]])


def seen(book: Any) -> list[Any]:
    """All that a book answers."""
    return [
        [
            [(order.order_id, order.account_id, order.price_ticks, order.open_lots) for order in book.queue(side)],
            book.best(side),
            [book.depth(side, levels) for levels in (0, 1, 3, 100)],
            [book.lots_at(side, price) for price in PRICES],
            [book.would_cross(side, price) for price in PRICES],
        ]
        for side in Side
    ]


def told(found: Match[BookOrder]) -> tuple[object, ...]:
    fills = [(fill.maker.order_id, fill.lots, fill.price_ticks) for fill in found.fills]
    return fills, [order.order_id for order in found.cancelled], found.left, found.stop


TestTwins = Twins.TestCase
TestTwins.settings = settings(max_examples=100, stateful_step_count=40, deadline=None)
