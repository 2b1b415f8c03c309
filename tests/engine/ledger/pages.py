"""Books with events made for these tests: each does one thing to a page, right or wrong."""

import msgspec

from engine.ledger.books import Books, Products
from engine.ledger.journal import GENESIS_HASH, Part, PartRefused
from engine.ledger.page import Page
from engine.ledger.records import BalanceRecord, MarketRecord, MarketState
from engine.ledger.units import Units

ANN, BOB = 1, 2
NOW = 1_700_000_000_000


class Moved(msgspec.Struct, frozen=True):
    """A total changes, with nothing on the other side."""

    account_id: int
    asset: str
    amount: Units


class Held(msgspec.Struct, frozen=True):
    """A hold changes."""

    account_id: int
    asset: str
    change: Units


class Numbered(msgspec.Struct, frozen=True):
    """The market's next event."""

    sequence: int


class Told(msgspec.Struct, frozen=True):
    """A message on a private stream."""

    account_id: int


class Listed(msgspec.Struct, frozen=True):
    """A new market."""

    market_id: int


def write_moved(page: Page, _market_id: int, now_ms: int, event: Moved) -> None:
    page.move(event.account_id, event.asset, event.amount, "test", "t-1", now_ms)


def write_held(page: Page, _market_id: int, _now_ms: int, event: Held) -> None:
    page.hold(event.account_id, event.asset, event.change)


def write_numbered(page: Page, market_id: int, _now_ms: int, event: Numbered) -> None:
    page.follow(market_id, event.sequence)


def write_told(page: Page, _market_id: int, now_ms: int, event: Told) -> None:
    page.tell(event.account_id, BalanceRecord(event.account_id, "USD", 0, 0), now_ms)


def write_listed(page: Page, _market_id: int, now_ms: int, event: Listed) -> None:
    page.list_market(market(event.market_id, now_ms))


def products(numbered: type = Numbered) -> Products:
    """The product of these tests; `numbered` may be another class with a sequence."""
    return Products(
        {Moved: write_moved, Held: write_held, numbered: write_numbered, Told: write_told, Listed: write_listed},
        lambda product, definition: (product, definition),
    )


def market(market_id: int, now_ms: int = NOW) -> MarketRecord:
    return MarketRecord(market_id, "test", f"market {market_id}", b"terms", now_ms, MarketState.OPEN, 0, 0, None)


def books(product: Products | None = None, **state: object) -> Books:
    """Books with two markets, and with 100 USD of which ann has 60, 10 of them held, and bob 40."""
    balances = (BalanceRecord(-1, "USD", -100, 0), BalanceRecord(ANN, "USD", 60, 10), BalanceRecord(BOB, "USD", 40, 0))
    defaults: dict[str, object] = {
        "journal_sequence": 0,
        "journal_hash": GENESIS_HASH,
        "market_id": 2,
        "balances": balances,
        "markets": (market(1), market(2)),
    }
    return Books(product or products(), **{**defaults, **state})  # type: ignore[arg-type]  # what a test changes is its own affair


def part(*events: object, market_id: int = 0, now_ms: int = NOW) -> Part:
    return Part(market_id, now_ms, events)


def write_all(on: Books, parts: list[Part]) -> tuple[Page, list[str]]:
    """Write parts as the ledger does: one that is refused spoils its page, and the others are written on a new one."""
    refused: list[str] = []
    while True:
        page = Page(on)
        for one in parts:
            try:
                page.write(one)
            except PartRefused as refusal:
                refused.append(str(refusal))
                parts = [other for other in parts if other is not one]
                break
        else:
            return page, refused
