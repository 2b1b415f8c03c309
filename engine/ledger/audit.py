"""What must hold in the books between two pages, read from all of them."""

from collections import defaultdict

from engine.ledger.assets import PAYOUT_ASSET
from engine.ledger.books import BalanceKey, Books, held_asset
from engine.ledger.chart import OUTSIDE


def audit(books: Books) -> None:
    """Assert it: each asset sums to zero, nobody is below zero, held = open orders and payouts."""
    sums: defaultdict[str, int] = defaultdict(int)
    held: defaultdict[BalanceKey, int] = defaultdict(int)
    for order in books.open_orders.values():
        asset = held_asset(order, books.definitions[order.market_id])
        if asset is not None:
            held[order.account_id, asset] += order.held
    for position in books.positions.values():
        held[position.account_id, PAYOUT_ASSET] += position.payout_held
    for (account_id, asset), balance in books.balances.items():
        sums[asset] += balance[0]
        assert balance[1] == held.pop((account_id, asset), 0)
        assert account_id == OUTSIDE or 0 <= balance[1] <= balance[0]
    assert not any(sums.values())
    assert not any(held.values())
