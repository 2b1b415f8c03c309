"""The chart of accounts: who can own money.

id > 0    a customer, numbered as its user
OUTSIDE   the outside world: deposits come from it, so it is below zero by what the exchange holds
FEES      what the exchange has earned
HOUSE     the operator's own money
"""

OUTSIDE = -1
FEES = -2
HOUSE = -3

SYSTEM_ACCOUNTS = {OUTSIDE: "outside", FEES: "fees", HOUSE: "house"}


def account_name(account_id: int) -> str:
    """Name an account for people: "outside", "fees", "house" or "customer 7"."""
    return SYSTEM_ACCOUNTS.get(account_id) or f"customer {account_id}"


def has_log(account_id: int) -> bool:
    """Whether movements of this account are logged one by one: customers' and the house's are.

    `outside` and `fees` only mirror those rows, so their totals say the same.
    """
    return account_id > 0 or account_id == HOUSE
