"""The chart of accounts: who can own money.

id > 0    a customer, numbered as its user
OUTSIDE   the outside world: deposits come from it, so it is below zero by what the exchange holds
FEES      what the exchange has earned
HOUSE     the operator's own money
MAKER     the market maker's: what the house has lent it, and what it makes of that
pools     one a market: a dollar for every pair of shares; what covers the bets on a match, or all accumulators
"""

OUTSIDE = -1
FEES = -2
HOUSE = -3
MAKER = -4
FIRST_POOL = -1_000  # less a market's id: its pool

SYSTEM_ACCOUNTS = {OUTSIDE: "outside", FEES: "fees", HOUSE: "house", MAKER: "market_maker"}


def pool_of(market_id: int) -> int:
    """The account that holds a market's collateral."""
    return FIRST_POOL - market_id


def account_name(account_id: int) -> str:
    """Name an account for people: "outside", "fees", "house", "market_maker", "pool 7" or "customer 7"."""
    if account_id < FIRST_POOL:
        return f"pool {FIRST_POOL - account_id}"
    return SYSTEM_ACCOUNTS.get(account_id) or f"customer {account_id}"


def has_log(account_id: int) -> bool:
    """Whether movements of this account are logged one by one: customers', the house's and the maker's are.

    The others only mirror those rows, so their totals say the same.
    """
    return account_id > 0 or account_id in (HOUSE, MAKER)
