"""Deposits, withdrawals, transfers and the house's money: which way they go, and what is written down of them."""

from typing import Any

import pytest

from engine.amounts import ISSUE_MAX
from engine.ledger import movements
from engine.ledger.books import Books
from engine.ledger.chart import HOUSE, OUTSIDE
from engine.ledger.commands import MovementKind, MoveMoney
from engine.ledger.events import MoneyMoved
from engine.ledger.journal import GENESIS_HASH, Part, PartRefused
from engine.ledger.page import Page
from engine.ledger.records import BalanceRecord, Entry, TransactionRecord
from engine.products import PRODUCTS
from engine.refusals import Refusal, Refused

ANN, BOB = 1, 2


def books(ann: int = 100, bob: int = 0) -> Books:
    balances = [BalanceRecord(OUTSIDE, "USD", -ann - bob, 0), BalanceRecord(ANN, "USD", ann, 0)]
    if bob:
        balances.append(BalanceRecord(BOB, "USD", bob, 0))
    return Books(PRODUCTS, journal_sequence=0, journal_hash=GENESIS_HASH, balances=balances)


def moved(kind: MovementKind, account_id: int, amount: int, counterparty_id: int, on: Books | None = None) -> Entry:
    ledger = on or books()
    event = movements.move(ledger, MoveMoney(kind, account_id, "t-1", "USD", amount, counterparty_id), coming_in=0)
    assert isinstance(event, MoneyMoved)
    page = Page(ledger)
    page.write(Part(0, 5, (event,)))
    return page.close()


def logs(entry: Entry) -> list[tuple[Any, ...]]:
    return [(row.account_id, row.change_type, row.amount, row.before, row.after) for row in entry.asset_logs]


def balances(entry: Entry) -> dict[int, int]:
    return {balance.account_id: balance.total for balance in entry.balances}


def test_a_deposit_comes_from_outside() -> None:
    entry = moved(MovementKind.DEPOSIT, ANN, 30, OUTSIDE)
    assert balances(entry) == {OUTSIDE: -130, ANN: 130}
    assert logs(entry) == [(ANN, "deposit", 30, 100, 130)]
    assert entry.transactions == (TransactionRecord(ANN, "t-1", "deposit", "USD", 30, OUTSIDE, 130, 5),)


def test_a_withdrawal_goes_outside() -> None:
    entry = moved(MovementKind.WITHDRAW, ANN, 30, OUTSIDE)
    assert balances(entry) == {OUTSIDE: -70, ANN: 70}
    assert logs(entry) == [(ANN, "withdraw", -30, 100, 70)]
    assert entry.transactions == (TransactionRecord(ANN, "t-1", "withdraw", "USD", 30, OUTSIDE, 70, 5),)


def test_a_transfer_goes_from_its_owner_to_another_and_is_logged_on_both() -> None:
    entry = moved(MovementKind.TRANSFER, ANN, 30, BOB)
    assert balances(entry) == {ANN: 70, BOB: 30}
    assert logs(entry) == [(ANN, "transfer_out", -30, 100, 70), (BOB, "transfer_in", 30, 0, 30)]
    assert entry.transactions == (TransactionRecord(ANN, "t-1", "transfer", "USD", 30, BOB, 70, 5),)


def test_the_house_is_funded_from_outside() -> None:
    entry = moved(MovementKind.HOUSE_FUND, HOUSE, 30, OUTSIDE)
    assert balances(entry) == {OUTSIDE: -130, HOUSE: 30}
    assert logs(entry) == [(HOUSE, "deposit", 30, 0, 30)]
    assert entry.transactions == (TransactionRecord(HOUSE, "t-1", "house_fund", "USD", 30, OUTSIDE, 30, 5),)


def test_the_id_of_a_house_fund_may_be_an_administrators() -> None:
    entry = moved(MovementKind.HOUSE_FUND, ANN, 30, HOUSE)
    assert balances(entry) == {OUTSIDE: -130, HOUSE: 30}
    assert entry.transactions[0].account_id == ANN
    assert entry.transactions[0].balance == 30


@pytest.mark.parametrize("kind", [MovementKind.WITHDRAW, MovementKind.TRANSFER])
def test_nobody_pays_what_it_does_not_have(kind: MovementKind) -> None:
    """Accounts admits none of these; the page is the last to look."""
    with pytest.raises(PartRefused, match="account 1 would stand at -1 USD"):
        moved(kind, ANN, 101, BOB if kind is MovementKind.TRANSFER else OUTSIDE)


def test_a_single_deposit_can_t_use_up_an_asset() -> None:
    most = MoveMoney(MovementKind.DEPOSIT, ANN, "t", "USD", movements.DEPOSIT_MAX, OUTSIDE)
    assert isinstance(movements.move(books(), most, coming_in=0), MoneyMoved)
    more = MoveMoney(MovementKind.DEPOSIT, ANN, "t", "USD", movements.DEPOSIT_MAX + 1, OUTSIDE)
    refused = movements.move(books(), more, coming_in=0)
    assert isinstance(refused, Refused)
    assert refused.code is Refusal.ISSUE_EXCEEDED


def test_an_asset_is_issued_up_to_its_limit() -> None:
    """What a batch has let in before counts, too."""
    kind = MovementKind.HOUSE_FUND
    most = MoveMoney(kind, ANN, "t", "USD", ISSUE_MAX - 100, OUTSIDE)
    assert isinstance(movements.move(books(), most, coming_in=0), MoneyMoved)
    refused = movements.move(books(), most, coming_in=1)
    assert isinstance(refused, Refused)
    assert refused.code is Refusal.ISSUE_EXCEEDED
    deposit = MoveMoney(MovementKind.DEPOSIT, ANN, "t", "USD", 1, OUTSIDE)
    assert isinstance(movements.move(books(), deposit, coming_in=ISSUE_MAX), Refused)


def test_what_only_changes_hands_has_no_limit() -> None:
    rich = books(ann=ISSUE_MAX)
    assert balances(moved(MovementKind.TRANSFER, ANN, ISSUE_MAX, BOB, rich)) == {ANN: 0, BOB: ISSUE_MAX}
    assert balances(moved(MovementKind.WITHDRAW, BOB, ISSUE_MAX, OUTSIDE, rich)) == {BOB: 0, OUTSIDE: 0}


def test_several_movements_in_one_part_know_of_one_another() -> None:
    page = Page(books())
    events = [
        movements.move(page.books, MoveMoney(kind, ANN, str(number), "USD", amount, other), coming_in=0)
        for number, (kind, amount, other) in enumerate(
            [(MovementKind.WITHDRAW, 40, OUTSIDE), (MovementKind.TRANSFER, 60, BOB), (MovementKind.DEPOSIT, 5, OUTSIDE)]
        )
    ]
    page.write(Part(0, 5, tuple(events)))
    assert [row.balance for row in page.close().transactions] == [60, 0, 5]
