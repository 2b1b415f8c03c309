"""When beats are due in both directions."""

import math

import pytest

from gateway.answers import Rejected
from gateway.stomp.heartbeat import CONNECT_DEADLINE_S, EARLY, OFFER, PATIENCE, SEND_MS, WANT_MS, Heartbeat


def agreed(offer: str) -> Heartbeat:
    heartbeat = Heartbeat(0)
    heartbeat.agree(offer, 0)
    return heartbeat


def test_what_is_offered() -> None:
    assert f"{SEND_MS},{WANT_MS}" == OFFER == "1000,10000"


@pytest.mark.parametrize(
    ("offer", "send_s", "silence_s"),
    [
        ("0,0", math.inf, math.inf),
        ("10000,10000", 10 * EARLY, 10 * PATIENCE),
        ("10000,0", math.inf, 10 * PATIENCE),
        ("0,10000", 10 * EARLY, math.inf),
        ("1,1", 1 * EARLY, 10 * PATIENCE),  # as often as we can, as seldom as we want
        ("60000,30000", 30 * EARLY, 60 * PATIENCE),
        ("999999999,999999999", 999_999.999 * EARLY, 999_999.999 * PATIENCE),
    ],
)
def test_the_longer_of_two_periods_counts_in_each_direction(offer: str, send_s: float, silence_s: float) -> None:
    heartbeat = agreed(offer)
    assert heartbeat.due_s == min(send_s, silence_s)
    assert heartbeat.silence_s_max == silence_s
    if send_s < math.inf:
        assert not heartbeat.must_send(send_s - 0.001)
        assert heartbeat.must_send(send_s)
    if silence_s < math.inf:
        assert not heartbeat.is_silent(silence_s - 0.001)
        assert heartbeat.is_silent(silence_s)


@pytest.mark.parametrize("offer", ["", "0", "1,2,3", "a,b", "-1,0", "1.5,0", "0,0 ", "1, 2", "٣,٣", "0,1234567890"])
def test_what_are_not_two_numbers_is_refused(offer: str) -> None:
    with pytest.raises(Rejected, match="MALFORMED: heart-beat is two whole numbers, as in 10000,10000, not "):
        agreed(offer)


def test_whatever_is_sent_or_received_is_a_beat() -> None:
    heartbeat = agreed("10000,10000")
    heartbeat.sent(5)
    heartbeat.received(7)
    assert heartbeat.due_s == 5 + 10 * EARLY
    heartbeat.sent(100)
    assert heartbeat.due_s == 7 + 10 * PATIENCE


def test_a_peer_has_so_long_for_its_connect() -> None:
    heartbeat = Heartbeat(3)
    assert heartbeat.due_s == 3 + CONNECT_DEADLINE_S
    assert not heartbeat.is_silent(3 + CONNECT_DEADLINE_S - 0.001)
    assert heartbeat.is_silent(3 + CONNECT_DEADLINE_S)
    assert not heartbeat.must_send(1_000)


def test_silence_is_counted_from_connect_on() -> None:
    heartbeat = Heartbeat(0)
    heartbeat.agree("10000,0", CONNECT_DEADLINE_S - 1)
    assert heartbeat.due_s == CONNECT_DEADLINE_S - 1 + 10 * PATIENCE
