"""A small actor library that knows nothing of exchanges.

address  where letters are sent to: `tell` a fact, `ask` a command
mailbox  the letters that wait, drained in batches
reply    the answer on its way back
actor    handlers in a table, then one flush a batch, then the answers
supervisor  starts actors, starts them again, parks them, ends the process
"""

from actors.core.actor import Actor, DecideAgain, Forward, Gather, Join
from actors.core.address import Address
from actors.core.failures import Busy, Overtaken, Stopped, Unavailable, Unknown
from actors.core.supervisor import Restart, Supervisor

__all__ = [
    "Actor",
    "Address",
    "Busy",
    "DecideAgain",
    "Forward",
    "Gather",
    "Join",
    "Overtaken",
    "Restart",
    "Stopped",
    "Supervisor",
    "Unavailable",
    "Unknown",
]
