"""Acknowledgements, one at a time and all before."""

import pytest

from gateway.stomp.board import Board
from gateway.stomp.subscription import UNACKNOWLEDGED_MAX, AckMode, Subscription
from gateway.stomp.topics import ALL_PRICES


def subscribed(mode: AckMode, *sent: int) -> Subscription:
    subscription = Subscription("sub-0", ALL_PRICES, mode, Board().open(ALL_PRICES, lambda: None))
    for number in sent:
        subscription.sent(number)
    return subscription


def waiting(subscription: Subscription) -> list[int]:
    return [number for number in range(1, 10) if number in subscription]


def test_auto_waits_for_nothing() -> None:
    subscription = subscribed(AckMode.AUTO, 1, 2, 3)
    assert waiting(subscription) == []
    assert subscription.room == UNACKNOWLEDGED_MAX


@pytest.mark.parametrize(
    ("mode", "number", "left"),
    [
        (AckMode.CLIENT, 1, [3, 4, 7]),
        (AckMode.CLIENT, 4, [7]),
        (AckMode.CLIENT, 7, []),
        (AckMode.CLIENT_INDIVIDUAL, 1, [3, 4, 7]),
        (AckMode.CLIENT_INDIVIDUAL, 4, [1, 3, 7]),
        (AckMode.CLIENT_INDIVIDUAL, 7, [1, 3, 4]),
    ],
)
def test_one_or_all_before(mode: AckMode, number: int, left: list[int]) -> None:
    subscription = subscribed(mode, 1, 3, 4, 7)
    subscription.acknowledge(number)
    assert waiting(subscription) == left
    assert subscription.room == UNACKNOWLEDGED_MAX - len(left)
