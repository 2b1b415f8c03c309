"""Accounts, ledger and tables in one thread, for the harness of any product: one commit a command.

Text goes in and text comes out, so that one suite runs against an engine and its naive twin. After every commit all
that must hold is asserted.
"""

from abc import ABC, abstractmethod
from typing import Any, Generic, Protocol, TypeVar

import msgspec

from engine.amounts import MalformedAmount, format_decimal, parse_decimal
from engine.ledger import movements
from engine.ledger.assets import ASSETS
from engine.ledger.audit import audit as audit_books
from engine.ledger.chart import FEES, HOUSE, MAKER, OUTSIDE
from engine.ledger.commands import MovementKind, MoveMoney
from engine.ledger.events import MarketListed
from engine.ledger.fold import fold
from engine.ledger.funds import Funds
from engine.ledger.journal import Part, Row
from engine.ledger.movements import COMES_IN
from engine.ledger.page import Page, PrivateMessage
from engine.ledger.records import MarketState
from engine.products import write_definition
from engine.refusals import Refused
from tests.engine.ledger.tables import READ_ONLY, Tables, contents

Answer = dict[str, Any]


class Decides(Protocol):
    """What every product's market has."""

    market_id: int
    state: MarketState
    sequence: int

    def take_events(self) -> tuple[Any, ...]: ...


Market = TypeVar("Market", bound=Decides)

SYSTEM = {"fees": FEES, "outside": OUTSIDE, "house": HOUSE, "maker": MAKER}
TABLES = (
    "orders",
    "trades",
    "asset_logs",
    "freezes",
    "balances",
    "markets",
    "transactions",
    "channels",
    "positions",
    "maker_audit",
    "bets",
    "options",
    "admin_actions",
    "accumulators",
    "legs",
)


class Exchange(ABC, Generic[Market]):
    """Plays accounts, ledger and tables; a product's harness adds its markets."""

    def __init__(self) -> None:
        self.tables = Tables()
        self.books = self.tables.books()
        self.funds = Funds()
        self.markets: dict[str, Market] = {}
        self.messages: list[PrivateMessage] = []
        self.now_ms = 1_700_000_000_000
        self._last_order_id = 0
        self._accounts = dict(SYSTEM)

    @abstractmethod
    def market(self, market_id: int) -> Market:
        """The market as its actor would make it from the tables."""

    @abstractmethod
    def check_market(self, market: Market) -> None:
        """Assert what must hold in a market, besides what its row says of every product's."""

    @abstractmethod
    def check_streams(self, market: Market) -> None:
        """Assert that what a market has told has no hole; reads its whole history."""

    def restart(self) -> None:
        """Everything in memory is lost; the tables are there."""
        self.books = self.tables.books()
        self.funds = Funds(self.tables.balances.values())
        self.markets = {record.name: self.market(market_id) for market_id, record in self.books.markets.items()}
        self.check()

    def wait(self, ms: int) -> None:
        """Let time pass."""
        self.now_ms += ms

    # Money

    def deposit(self, account: str, trans_id: str, asset: str, amount: str) -> Answer:
        return self._move(MovementKind.DEPOSIT, account, trans_id, asset, amount, "outside")

    def withdraw(self, account: str, trans_id: str, asset: str, amount: str) -> Answer:
        return self._move(MovementKind.WITHDRAW, account, trans_id, asset, amount, "outside")

    def transfer(self, account: str, trans_id: str, asset: str, amount: str, to: str) -> Answer:
        return self._move(MovementKind.TRANSFER, account, trans_id, asset, amount, to)

    def balances(self, account: str) -> dict[str, tuple[str, str]]:
        """Available and held."""
        found = {asset: self.books.balance(self.account_id(account), asset) for asset in ASSETS}
        return {
            asset: (units(total - held, asset), units(held, asset)) for asset, (total, held) in found.items() if total
        }

    @property
    def logs(self) -> list[Answer]:
        return [
            {
                "account": self.account_name(row.account_id),
                "asset": row.asset,
                "changeType": row.change_type,
                "amount": units(row.amount, row.asset),
                "before": units(row.before, row.asset),
                "after": units(row.after, row.asset),
                "transId": row.trans_id,
            }
            for row in self.tables.asset_logs.values()
        ]

    def account_id(self, account: str) -> int:
        return self._accounts.setdefault(account, len(self._accounts) - len(SYSTEM) + 1)

    def account_name(self, account_id: int) -> str:
        return next(name for name, known in self._accounts.items() if known == account_id)

    def _move(
        self, kind: MovementKind, account: str, trans_id: str, asset: str, amount: str, counterparty: str
    ) -> Answer:
        self.wait(1)
        try:
            value = parse_decimal(amount, ASSETS[asset].decimals)
        except MalformedAmount:
            return {"code": "MALFORMED"}
        if not value or account == counterparty:
            return {"code": "MALFORMED"}
        account_id = self.account_id(account)
        if kind not in COMES_IN and value > self.funds.available(account_id, asset):
            return {"code": "INSUFFICIENT_FUNDS"}
        movement = MoveMoney(kind, account_id, trans_id, asset, value, self.account_id(counterparty))
        event = movements.move(self.books, movement, coming_in=0)
        if isinstance(event, Refused):
            return {"code": event.code.value}
        page = self.write(Part(0, self.now_ms, (event,)))
        self.check()
        return {"balance": units(page.transactions[0].balance, asset)}

    # Commits

    def list_market(
        self, product: str, name: str, definition: msgspec.Struct, state: MarketState = MarketState.OPEN
    ) -> None:
        market_id = self.books.market_id + 1
        event = MarketListed(market_id, product, name, write_definition(definition).decode(), state)
        self.write(Part(0, self.now_ms, (event,)))
        self.markets[name] = self.market(market_id)
        self.check()

    def commit(self, market: Market) -> None:
        """Write what a market has decided."""
        events = market.take_events()
        if events:
            self.write(Part(market.market_id, self.now_ms, events))
            self.check()

    def write(self, part: Part) -> Page:
        page = Page(self.books)
        first_ids = self.books.trade_id + 1, self.books.log_id + 1
        page.write(part)
        entry = page.close()
        assert self.books.codec.unpack(entry.journal.body) == Row(part.now_ms, *first_ids, (part,), entry.balances)
        self.tables.write(entry)
        self.funds.apply(page.changes())
        self.messages += page.messages
        return page

    # What must hold

    def check(self) -> None:
        """Assert all that must hold between two commands."""
        audit_books(self.books)
        assert contents(self.books) == contents(self.tables.books(READ_ONLY))
        for account_id, asset in self.books.balances:
            total, held = self.books.balance(account_id, asset)
            funds = self.funds.of(account_id)[asset]
            assert (funds.available, funds.held) == (total - held, held)
        for market in self.markets.values():
            self.check_market(market)
            row = self.books.markets[market.market_id]
            assert (row.state, row.sequence) == (market.state, market.sequence)

    def check_history(self) -> None:
        """Assert what only the whole history shows: the journal makes it again, and no stream has a hole."""
        folded, again = Tables(), Tables().books()
        for entry in fold(again, self.tables.journal):
            folded.write(entry)
        assert contents(again) == contents(self.books)
        for table in TABLES:
            assert getattr(folded, table) == getattr(self.tables, table), table
        numbers: dict[int, list[int]] = {}
        for message in self.messages:
            numbers.setdefault(message.account_id, []).append(message.seq)
        for account_id, seqs in numbers.items():
            assert seqs == list(range(1, len(seqs) + 1))
            assert self.books.streams[f"account:{account_id}"] == len(seqs)
        for market in self.markets.values():
            self.check_streams(market)
        assert list(self.tables.trades) == list(range(1, len(self.tables.trades) + 1))
        assert list(self.tables.asset_logs) == list(range(1, len(self.tables.asset_logs) + 1))


def units(amount: int, asset: str) -> str:
    return format_decimal(amount, ASSETS[asset].decimals)
