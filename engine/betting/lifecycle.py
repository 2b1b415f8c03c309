"""How a match goes from its listing to its results; there is no other way.

scheduled --> open <---> suspended <---> in play        a match in play is suspended and reopened in play;
    |          | ^           |           ^  |            open, too, can go in play at once
    |          v |           v           |  v
    +-------> closed <-------+------- (closed)           at its start by itself, unless in play; closed can be
    |            |                                       reopened before that (or opened, if it
    v            v                                       never was), or go in play
   void       settled --(rolled back)--> closed
              settled --(finalized)----> settled, for good

All but settled can become void. Groups can be settled one by one in every state but scheduled; with the last of them
the match is settled. A group is final once something was paid for it, to a bet or an accumulator; until then it can be
rolled back, whatever was paid beside it. An administrator can make all of a settled match final.
"""

import enum
from functools import lru_cache

import msgspec
from msgspec.structs import replace

from engine.betting.match import Board
from engine.ledger.bets import GroupKind
from engine.ledger.records import MarketState


class Step(enum.Enum):
    """What can happen to a match."""

    OPEN = "open"
    SUSPEND = "suspend"
    REOPEN = "reopen"
    GO_IN_PLAY = "go_in_play"
    CLOSE = "close"  # at its start, or by an administrator
    SETTLE_OPTION = "settle_option"  # one group; the state stays
    SETTLE = "settle"  # all that is left
    ROLL_BACK = "roll_back"
    FINALIZE = "finalize"  # nothing can be rolled back any more
    VOID = "void"


S = MarketState
TRANSITIONS = {
    (S.SCHEDULED, Step.OPEN): S.OPEN,
    (S.SCHEDULED, Step.CLOSE): S.CLOSED,
    (S.SCHEDULED, Step.VOID): S.VOID,
    (S.OPEN, Step.SUSPEND): S.SUSPENDED,
    (S.OPEN, Step.GO_IN_PLAY): S.IN_PLAY,
    (S.OPEN, Step.CLOSE): S.CLOSED,
    (S.OPEN, Step.SETTLE_OPTION): S.OPEN,
    (S.OPEN, Step.SETTLE): S.SETTLED,
    (S.OPEN, Step.ROLL_BACK): S.OPEN,
    (S.OPEN, Step.VOID): S.VOID,
    (S.SUSPENDED, Step.REOPEN): S.OPEN,
    (S.SUSPENDED, Step.GO_IN_PLAY): S.IN_PLAY,
    (S.SUSPENDED, Step.CLOSE): S.CLOSED,
    (S.SUSPENDED, Step.SETTLE_OPTION): S.SUSPENDED,
    (S.SUSPENDED, Step.SETTLE): S.SETTLED,
    (S.SUSPENDED, Step.ROLL_BACK): S.SUSPENDED,
    (S.SUSPENDED, Step.VOID): S.VOID,
    (S.IN_PLAY, Step.SUSPEND): S.SUSPENDED,
    (S.IN_PLAY, Step.CLOSE): S.CLOSED,
    (S.IN_PLAY, Step.SETTLE_OPTION): S.IN_PLAY,
    (S.IN_PLAY, Step.SETTLE): S.SETTLED,
    (S.IN_PLAY, Step.ROLL_BACK): S.IN_PLAY,
    (S.IN_PLAY, Step.VOID): S.VOID,
    (S.CLOSED, Step.OPEN): S.OPEN,
    (S.CLOSED, Step.REOPEN): S.OPEN,
    (S.CLOSED, Step.GO_IN_PLAY): S.IN_PLAY,
    (S.CLOSED, Step.SETTLE_OPTION): S.CLOSED,
    (S.CLOSED, Step.SETTLE): S.SETTLED,
    (S.CLOSED, Step.ROLL_BACK): S.CLOSED,
    (S.CLOSED, Step.VOID): S.VOID,
    (S.SETTLED, Step.ROLL_BACK): S.CLOSED,
    (S.SETTLED, Step.FINALIZE): S.SETTLED,
}

BEGINNINGS = frozenset({Step.OPEN, Step.REOPEN, Step.GO_IN_PLAY})  # of betting: the first is OPEN, and none later is

# What is said when a step that somebody asks for is not in the table.
IMPOSSIBLE = {
    Step.OPEN: "betting can't be opened now",
    Step.SUSPEND: "betting can't be suspended now",
    Step.REOPEN: "betting can't be reopened now",
    Step.GO_IN_PLAY: "it can't go in play now",
    Step.CLOSE: "betting can't be closed now",
    Step.SETTLE_OPTION: "it can't be settled now",
    Step.SETTLE: "it can't be settled now",
    Step.ROLL_BACK: "there is no settlement to roll back",
    Step.FINALIZE: "only what is settled can be made final",
    Step.VOID: "it can't be voided now",
}

BETTING = frozenset({S.OPEN, S.IN_PLAY})  # bets are taken
OVER = frozenset({S.SETTLED, S.VOID})  # all options have their results, and the house has what was left of the pool


class MatchStanding(msgspec.Struct, frozen=True):
    """How a match stands; `number` counts what its stream `odds:` has told."""

    number: int = 0
    board: Board = Board()
    description: str = ""
    in_play: bool = False  # it has gone in play: its start does not close it any more, and a reopening leads back there
    home_goals: int | None = None  # the score that settled it, if one did
    away_goals: int | None = None
    returned: str = "0"  # what the house got back of the pool at the settlement; units, as text: they may pass 64 bits
    opened: bool = False  # betting has been opened, and the pool funded
    settled: tuple[GroupKind, ...] = ()  # what is still on the board and takes no bets, as its group has results
    final: bool = False  # an administrator has said that the settlement stands

    @property
    def offered(self) -> Board:
        """The board without what is settled: a roll-back shows it again."""
        return replace(self.board, **dict.fromkeys(kind.value for kind in self.settled))

    @property
    def returned_units(self) -> int:
        return int(self.returned)


@lru_cache(maxsize=10_000)
def read_standing(standing: bytes) -> MatchStanding:
    """Read a market's standing from its row."""
    return msgspec.json.decode(standing, type=MatchStanding) if standing else MatchStanding()


def write_standing(standing: MatchStanding) -> bytes:
    """Write it for the row."""
    return msgspec.json.encode(standing)
