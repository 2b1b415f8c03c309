"""Orders by account and market; nothing is kept of those that are gone."""

from actors.orders_under_way import OrdersUnderWay


def test_orders_are_counted_and_listed_by_market() -> None:
    orders = OrdersUnderWay()
    for account_id, market_id, order_id in ((1, 7, 10), (1, 7, 11), (1, 8, 12), (2, 7, 13)):
        orders.add(account_id, market_id, order_id)
        orders.add(account_id, market_id, order_id)
    assert (orders.count(1, 7), orders.count(1, 8), orders.count(2, 8), orders.count(3, 7)) == (2, 1, 0, 0)
    assert sorted(orders.of(1)) == [(10, 7), (11, 7), (12, 8)]
    assert list(orders.of(3)) == []


def test_nothing_is_kept_of_what_is_gone() -> None:
    """Looking does not make anything either: accounts and markets come by the thousand."""
    orders = OrdersUnderWay()
    orders.add(1, 7, 10)
    orders.discard(1, 7, 10)
    orders.discard(1, 7, 10)
    orders.discard(5, 6, 7)
    orders.count(5, 6)
    assert orders._ids == {}
