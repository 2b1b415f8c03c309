"""What the actors of the exchange tell each other.

market -> ledger     Commit, Barrier       asked
ledger -> accounts   Settled               told, before the answers leave
ledger -> matches, accumulators            actors/match_facts.py
market -> accounts   Settled               told, for commands of which nothing is committed
ledger -> broadcaster  Committed           offered
gateway -> accounts  the rest              asked
"""

from typing import Literal

import msgspec

from engine.ledger.books import BalanceChange
from engine.ledger.journal import Part
from engine.ledger.page import PrivateMessage
from engine.ledger.records import Entry, OrderRecord
from engine.messages import Command, Fact
from engine.products import ClientKind
from engine.refusals import Refused
from engine.trading.commands import Cancelled


class Commit(Command[None], frozen=True):
    """Make what a market decided durable. It is answered when it is.

    Raises Overtaken, with nothing of it done, where it does not fit what is so by now; Unknown means: rebuild from the
    tables.
    """

    part: Part
    command_ids: tuple[int, ...]


class Barrier(Command[None], frozen=True):
    """Be answered when everything sent before is durable."""


class Settled(Fact, frozen=True):
    """How forwarded commands ended: each stands in exactly one Settled.

    `committed` and `refused` are command ids. `changes` are what the commit did to balances, whoever they belong to;
    `orders` are the orders it touched, as they stand now.
    """

    committed: tuple[int, ...] = ()
    refused: tuple[int, ...] = ()
    changes: tuple[BalanceChange, ...] = ()
    orders: tuple[OrderRecord, ...] = ()


class Committed(Fact, frozen=True):
    """What has become durable, for those who only watch."""

    entry: Entry
    parts: tuple[Part, ...]
    messages: tuple[PrivateMessage, ...]


class BalanceView(msgspec.Struct, frozen=True):
    """One asset of an account, holds of commands under way included; total = available + frozen."""

    asset: str
    available: int
    frozen: int


class GetBalances(Command[tuple[BalanceView, ...]], frozen=True):
    """Read an account's balances."""

    account_id: int


class FindCommand(Command[Literal["pending", "known"] | None], frozen=True):
    """Ask whether a client's id is under way, or has been settled within the last minutes."""

    kind: ClientKind
    account_id: int
    client_id: str


class SuspendAccount(Command[tuple[Cancelled | Refused, ...]], frozen=True):
    """Take nothing more from an account and cancel its orders; the answer is what became of those."""

    account_id: int


class RestoreAccount(Command[None], frozen=True):
    """Take commands of the account again."""

    account_id: int


class DrainAccounts(Command[None], frozen=True):
    """Take no more commands; be answered when all those under way are settled."""
