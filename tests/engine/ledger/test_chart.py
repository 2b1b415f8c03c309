"""Who can own money, and whose movements are logged."""

import pytest

from engine.ledger.chart import FEES, HOUSE, OUTSIDE, SYSTEM_ACCOUNTS, account_name, has_log


@pytest.mark.parametrize(
    ("account_id", "name", "logged"),
    [
        (7, "customer 7", True),
        (HOUSE, "house", True),
        (FEES, "fees", False),
        (OUTSIDE, "outside", False),
    ],
)
def test_accounts_have_names_and_some_have_logs(account_id: int, name: str, logged: bool) -> None:
    assert account_name(account_id) == name
    assert has_log(account_id) is logged


def test_customers_are_above_zero_and_nobody_else() -> None:
    assert all(account_id < 0 for account_id in SYSTEM_ACCOUNTS)
