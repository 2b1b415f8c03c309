"""Deposits, withdrawals, transfers and new markets: decided, and written into a page."""

from typing import Any

from engine.amounts import ISSUE_MAX
from engine.ledger.books import Books, EventWriter
from engine.ledger.chart import HOUSE, MAKER, OUTSIDE
from engine.ledger.commands import MovementKind, MoveMoney
from engine.ledger.events import MarketListed, MoneyMoved
from engine.ledger.page import Page
from engine.ledger.records import MarketRecord, TransactionRecord
from engine.refusals import Refusal, Refused

# A single deposit: far above any real one, and so far below ISSUE_MAX that no customer can use up an asset's issue
# with simulated money and lock all others out.
DEPOSIT_MAX = 10**60

COMES_IN = frozenset({MovementKind.DEPOSIT, MovementKind.HOUSE_FUND})

# change_type of the paying and of the paid account's log row
CHANGE_TYPES = {
    MovementKind.DEPOSIT: ("deposit", "deposit"),
    MovementKind.WITHDRAW: ("withdraw", "withdraw"),
    MovementKind.TRANSFER: ("transfer_out", "transfer_in"),
    MovementKind.HOUSE_FUND: ("deposit", "deposit"),
    MovementKind.MAKER_FUND: ("transfer_out", "transfer_in"),
    MovementKind.MAKER_RETURN: ("transfer_out", "transfer_in"),
}


def move(books: Books, movement: MoveMoney, coming_in: int) -> MoneyMoved | Refused:
    """Decide an admitted movement; `coming_in` is how much of its asset the batch has let in before it."""
    if movement.kind is MovementKind.DEPOSIT and movement.amount > DEPOSIT_MAX:
        return Refused(Refusal.ISSUE_EXCEEDED, "a single deposit can't be that large")
    if movement.kind in COMES_IN and books.issued(movement.asset) + coming_in + movement.amount > ISSUE_MAX:
        return Refused(Refusal.ISSUE_EXCEEDED, f"the exchange can't hold that much {movement.asset}")
    if movement.kind is MovementKind.HOUSE_FUND:
        source, target = OUTSIDE, HOUSE
    elif movement.kind is MovementKind.MAKER_FUND:
        source, target = HOUSE, MAKER
    elif movement.kind is MovementKind.MAKER_RETURN:
        source, target = MAKER, HOUSE
    elif movement.kind is MovementKind.DEPOSIT:
        source, target = OUTSIDE, movement.account_id
    elif movement.kind is MovementKind.WITHDRAW:
        source, target = movement.account_id, OUTSIDE
    else:
        source, target = movement.account_id, movement.counterparty_id
    return MoneyMoved(
        movement.kind, movement.account_id, movement.trans_id, movement.asset, movement.amount, source, target
    )


def write_money_moved(page: Page, _market_id: int, now_ms: int, event: MoneyMoved) -> None:
    """Debit the one, credit the other, keep the command's id for ever."""
    paying, paid = CHANGE_TYPES[event.kind]
    source = page.move(event.source_id, event.asset, -event.amount, paying, event.trans_id, now_ms)
    target = page.move(event.target_id, event.asset, event.amount, paid, event.trans_id, now_ms)
    owner_pays = event.source_id == event.account_id
    page.transactions.append(
        TransactionRecord(
            event.account_id,
            event.trans_id,
            event.kind.value,
            event.asset,
            event.amount,
            event.target_id if owner_pays else event.source_id,
            source if owner_pays else target,
            now_ms,
        )
    )


def write_market_listed(page: Page, _market_id: int, now_ms: int, event: MarketListed) -> None:
    """Open a market."""
    page.list_market(
        MarketRecord(
            event.market_id,
            event.product,
            event.name,
            event.definition.encode(),
            now_ms,
            event.state,
            0,
            0,
            None,
        )
    )


WRITERS: dict[Any, EventWriter] = {MoneyMoved: write_money_moved, MarketListed: write_market_listed}
