"""Commands that accounts has forwarded and that are not settled yet: what was held for them, who waits, and repeats.

forward  number it, hold its budget, wait        undo  forget it, give the budget back: settling applies the rest
earlier  what a repeat under the same id gets    busy  the one valve of the exchange
"""

from typing import Literal

import msgspec

from actors.core import Busy, Join, Stopped, Unavailable
from actors.core.reply import Reply
from actors.directory import MarketEntry
from actors.recent import RecentIds
from engine.accumulators.commands import AccumulatorTaken
from engine.betting.commands import BetTaken
from engine.ledger.commands import Moved
from engine.ledger.funds import Funds
from engine.messages import Known
from engine.products import ClientKind
from engine.refusals import Refusal, Refused
from engine.trading.commands import Placed

IN_FLIGHT_MAX = 10_000  # commands forwarded and not yet settled, about two seconds of work: more are told Busy
CANCELS_RESERVE = IN_FLIGHT_MAX // 10  # the last tenth is for cancels: who can't get out must not be kept in

ClientKey = tuple[ClientKind, int, str]  # account, the id of the client's choice


class InFlight(msgspec.Struct):
    """A command that has been forwarded: what accounts did for it, to be undone when it is settled."""

    account_id: int
    content: object  # equal content under the same client id is the same command
    reply: Reply
    key: ClientKey | None = None
    asset: str = ""
    held: int = 0
    market: MarketEntry | None = None  # where an order is going


class UnderWay:
    """Its ids are exchange-wide and rising; orders and bets keep theirs for good."""

    def __init__(self, last_id: int, funds: Funds) -> None:
        self._last_id = last_id
        self._funds = funds
        self._commands: dict[int, InFlight] = {}
        self._by_key: dict[ClientKey, int] = {}
        self._recent = RecentIds()
        self._drained: Reply | None = None

    def get(self, command_id: int) -> InFlight | None:
        return self._commands.get(command_id)

    def id_of(self, key: ClientKey) -> int | None:
        """The command under a client's id, while it is under way."""
        return self._by_key.get(key)

    def find(self, key: ClientKey) -> Literal["pending", "known"] | None:
        """Whether a client's id is under way, or was settled lately."""
        if key in self._by_key:
            return "pending"
        return "known" if key in self._recent else None

    def busy(self, *, reserve: int = 0) -> Busy | None:
        """Say why nothing can be taken now; `reserve` commands are to stay free for others."""
        if self._drained is not None:
            return Stopped("the exchange is shutting down")
        if len(self._commands) >= IN_FLIGHT_MAX - reserve:
            return Busy("too many commands are under way")
        return None

    @property
    def stopped(self) -> Busy | None:
        """Say that the exchange is shutting down: the valve for what administrators ask."""
        return None if self._drained is None else self.busy()

    def earlier(self, key: ClientKey | None, content: object) -> "Join | Known | Refused | None":
        """What to answer if a command under this id is known already."""
        if key is None:
            return None
        command_id = self._by_key.get(key)
        if command_id is None:
            return Known() if key in self._recent else None
        first = self._commands[command_id]
        if first.content != content:
            return Refused(Refusal.CONFLICT, "this id has been used for another command")
        repeat = RepeatReply()
        repeat.follow(first.reply)
        return Join(repeat)

    def forward(self, command: InFlight) -> int:
        """Number a command, hold its budget, wait for it to be settled."""
        self._last_id += 1
        self._commands[self._last_id] = command
        if command.key is not None:
            self._by_key[command.key] = self._last_id
        if command.held:
            self._funds.hold(command.account_id, command.asset, command.held)
        return self._last_id

    def undo(self, command_id: int, committed_ms: int | None = None) -> InFlight | None:
        """Give back what was held, and forget the command; but its client's id, if it was committed.

        None for one that is not known: a market that crashed reports its whole batch, settled commands too.
        """
        command = self._commands.pop(command_id, None)
        if command is None:
            return None
        if command.key is not None:
            del self._by_key[command.key]
            if committed_ms is not None:
                self._recent.add(command.key, committed_ms)
        if command.held:
            self._funds.release(command.account_id, command.asset, command.held)
        return command

    def forget_before(self, now_ms: int) -> None:
        """Forget the ids that were settled long enough before now."""
        self._recent.forget_before(now_ms)

    def drain(self) -> Reply:
        """Take nothing more; the reply is answered when all is settled."""
        if self._drained is None:
            self._drained = Reply()
        self.answer_if_drained()
        return self._drained

    def answer_if_drained(self) -> None:
        """Say so, if nothing is under way any more."""
        if self._drained is not None and not self._commands:
            self._drained.answer(None)


class RepeatReply(Reply):
    """Passes the first command's answer on, saying that this one is a repeat."""

    __slots__ = ()

    def settle(self, value: object, failure: Unavailable | None) -> None:
        if isinstance(value, Placed | Moved | BetTaken | AccumulatorTaken):
            value = msgspec.structs.replace(value, repeated=True)
        super().settle(value, failure)
