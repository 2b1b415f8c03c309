"""What may be spent now: holds run ahead of the ledger, and commits catch up with them."""

import pytest

from engine.ledger.funds import Funds
from engine.ledger.records import BalanceRecord

ANN = 1


@pytest.fixture
def funds() -> Funds:
    return Funds([BalanceRecord(ANN, "USD", 100, 30), BalanceRecord(ANN, "BTC", 5, 0), BalanceRecord(2, "USD", 1, 1)])


def shown(funds: Funds, asset: str = "USD") -> tuple[int, int]:
    balance = funds.of(ANN)[asset]
    return balance.available, balance.held


def test_they_start_from_what_is_committed(funds: Funds) -> None:
    assert shown(funds) == (70, 30)
    assert funds.available(ANN, "BTC") == 5
    assert funds.available(2, "USD") == 0


def test_who_is_unknown_has_nothing(funds: Funds) -> None:
    assert funds.available(9, "USD") == 0
    assert funds.available(ANN, "ETH") == 0
    assert funds.of(9) == {}


def test_a_hold_is_undone_by_its_release(funds: Funds) -> None:
    funds.hold(ANN, "USD", 70)
    assert shown(funds) == (0, 100)
    funds.release(ANN, "USD", 70)
    assert shown(funds) == (70, 30)


@pytest.mark.parametrize("amount", [0, -1, 71])
def test_nothing_is_held_that_is_not_there(funds: Funds, amount: int) -> None:
    with pytest.raises(AssertionError):
        funds.hold(ANN, "USD", amount)


@pytest.mark.parametrize("amount", [0, -1, 31])
def test_nothing_is_released_that_was_not_held(funds: Funds, amount: int) -> None:
    with pytest.raises(AssertionError):
        funds.release(ANN, "USD", amount)


def test_a_commit_changes_totals_and_holds(funds: Funds) -> None:
    """Held 30 becomes 10; 15 of the 20 were paid, 5 come back. BTC comes in, and ETH for the first time."""
    funds.apply([(ANN, "USD", -15, -20), (ANN, "BTC", 2, 0), (ANN, "ETH", 7, 3)])
    assert shown(funds) == (75, 10)
    assert shown(funds, "BTC") == (7, 0)
    assert shown(funds, "ETH") == (4, 3)
