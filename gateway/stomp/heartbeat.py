"""Heart-beats of one session: when something must be sent, and when the peer has been silent for too long."""

import re

from engine.refusals import Refusal
from gateway.answers import Rejected
from gateway.stomp.codec import show

SEND_MS = 1_000  # we can send this often: who wants to know sooner asks TCP
WANT_MS = 10_000  # and want to hear this often; the specification's own clients offer it
CONNECT_DEADLINE_S = 10.0  # from the socket's opening to CONNECT, as for the head of a request
EARLY = 0.8  # of the period: a beat leaves before it is over, as its way takes time
PATIENCE = 2  # periods of silence: a beat may be late by a whole one, as a browser's timers are

OFFER = f"{SEND_MS},{WANT_MS}"
PAIR = re.compile(r"([0-9]{1,9}),([0-9]{1,9})")


class Heartbeat:
    """Told of everything that is sent and received; times are seconds on any one clock."""

    def __init__(self, now_s: float) -> None:
        self._sent_s = now_s
        self._received_s = now_s
        self._send_every_s = float("inf")
        self._silence_s_max = CONNECT_DEADLINE_S

    def agree(self, offer: str, now_s: float) -> None:
        """Begin to beat as CONNECT's header and OFFER say together. Raises Rejected."""
        pair = PAIR.fullmatch(offer)
        if pair is None:
            raise Rejected(Refusal.MALFORMED, f"heart-beat is two whole numbers, as in 10000,10000, not {show(offer)}")
        can_ms, wants_ms = int(pair[1]), int(pair[2])
        self._received_s = now_s
        self._send_every_s = max(SEND_MS, wants_ms) / 1_000 * EARLY if wants_ms else float("inf")
        self._silence_s_max = max(WANT_MS, can_ms) / 1_000 * PATIENCE if can_ms else float("inf")

    def sent(self, now_s: float) -> None:
        self._sent_s = now_s

    def received(self, now_s: float) -> None:
        self._received_s = now_s

    @property
    def due_s(self) -> float:
        """When something is to be done next, if nothing is sent or received until then."""
        return min(self._sent_s + self._send_every_s, self._received_s + self._silence_s_max)

    def must_send(self, now_s: float) -> bool:
        return now_s >= self._sent_s + self._send_every_s

    def is_silent(self, now_s: float) -> bool:
        """Whether the peer has said nothing for longer than it may."""
        return now_s >= self._received_s + self._silence_s_max

    @property
    def silence_s_max(self) -> float:
        return self._silence_s_max
