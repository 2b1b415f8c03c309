"""One subscription: where its messages come from, and which of them its client has not acknowledged.

auto                 needs no ACK; what is sent is done
client               an ACK is for a message and for all before it
client-individual    an ACK is for one message

A NACK does what an ACK does: these are states, so what was not consumed is not sent again, the newest one is.
"""

import enum
from itertools import takewhile

from gateway.stomp.topics import Source

# Messages that wait for their ACK; above it the source keeps the rest, as the newest state of each market. Clients
# that acknowledge every hundredth message get on with it.
UNACKNOWLEDGED_MAX = 100


class AckMode(enum.Enum):
    """Values of the `ack` header."""

    AUTO = "auto"
    CLIENT = "client"
    CLIENT_INDIVIDUAL = "client-individual"


class Subscription:
    """Messages are known here by their numbers, which rise."""

    def __init__(self, subscription_id: str, destination: str, mode: AckMode, source: Source) -> None:
        self.subscription_id = subscription_id
        self.destination = destination
        self.mode = mode
        self.source = source
        self._unacknowledged: dict[int, None] = {}  # in the order in which they were sent

    def __contains__(self, number: int) -> bool:
        return number in self._unacknowledged

    @property
    def room(self) -> int:
        """How many messages may be sent before another ACK."""
        return UNACKNOWLEDGED_MAX - len(self._unacknowledged)

    def sent(self, number: int) -> None:
        if self.mode is not AckMode.AUTO:
            self._unacknowledged[number] = None

    def acknowledge(self, number: int) -> None:
        """Take an ACK or NACK of a message that waits for one."""
        if self.mode is AckMode.CLIENT:
            for earlier in list(takewhile(lambda waiting: waiting < number, self._unacknowledged)):
                del self._unacknowledged[earlier]
        del self._unacknowledged[number]
