"""The words of an order."""

import pytest

from engine.matching.order import BookOrder, Side


def test_sides_face_each_other() -> None:
    assert Side.BUY.opposite is Side.SELL
    assert Side.SELL.opposite is Side.BUY


def test_an_order_has_no_room_for_a_misspelt_attribute() -> None:
    order = BookOrder(1, 7, Side.BUY, 100, 5, 1)
    with pytest.raises(AttributeError):
        order.open_lot = 4  # type: ignore[attr-defined]  # the misspelling is the test
