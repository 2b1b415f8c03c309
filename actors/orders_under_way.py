"""Which orders an account has in which market, open and on their way: for limits, and to cancel them all.

Where there are none, nothing is kept: markets and accounts come and go.
"""

from collections.abc import Iterator


class OrdersUnderWay:
    """Order ids by account and market."""

    def __init__(self) -> None:
        self._ids: dict[int, dict[int, set[int]]] = {}

    def count(self, account_id: int, market_id: int) -> int:
        return len(self._ids.get(account_id, {}).get(market_id, ()))

    def of(self, account_id: int) -> Iterator[tuple[int, int]]:
        """An account's orders, each with its market; they must not change meanwhile."""
        for market_id, order_ids in self._ids.get(account_id, {}).items():
            for order_id in order_ids:
                yield order_id, market_id

    def add(self, account_id: int, market_id: int, order_id: int) -> None:
        self._ids.setdefault(account_id, {}).setdefault(market_id, set()).add(order_id)

    def discard(self, account_id: int, market_id: int, order_id: int) -> None:
        markets = self._ids.get(account_id, {})
        order_ids = markets.get(market_id, set())
        order_ids.discard(order_id)
        if not order_ids:
            markets.pop(market_id, None)
        if not markets:
            self._ids.pop(account_id, None)
